//! Posting lists: ascending positions, packed in blocks with skip entries.

use std::sync::Arc;

use acta_statement_log::format::{Bytes, push_varint};
use acta_storage::StorageError;

use super::bytes::{Ahead, Block, RunFile, SEAL_BYTES, Sink, Window, len32, low32, seal};

/// Positions in a block.
pub(crate) const BLOCK_POSTINGS: usize = 128;

/// Blocks in a skip chunk.
const CHUNK_BLOCKS: usize = 64;

/// Longest list that stands in the dictionary itself.
pub(crate) const INLINE_MAX: usize = 8;

/// Bytes of a full skip chunk.
const CHUNK_BYTES: usize = 4 + CHUNK_BLOCKS * 8 + SEAL_BYTES;

/// Bytes read at once by a query that walks along a list.
const WALK_BYTES: usize = 2048;

/// A list as the dictionary names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum List {
    /// A short one: the positions themselves.
    Inline(Vec<u32>),
    /// A longer one, and where it is.
    Stored(PostingsLocation),
}

/// Where a stored list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PostingsLocation {
    /// Positions in the list.
    pub(crate) count: u32,
    /// Offset of its first block in the file.
    pub(crate) offset: u64,
    /// Bytes of its blocks.
    pub(crate) data_bytes: u32,
}

impl PostingsLocation {
    /// Where in the file something stands so many bytes behind the first block. An offset that
    /// overflows is as far behind the end of the file as any other.
    fn at(self, bytes: u64) -> u64 {
        self.offset.saturating_add(bytes)
    }
}

impl List {
    pub(crate) fn count(&self) -> u32 {
        match self {
            Self::Inline(positions) => len32(positions.len()),
            Self::Stored(place) => place.count,
        }
    }

    /// Appends the list as it stands in a dictionary.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        push_varint(out, self.count().into());
        match self {
            Self::Inline(positions) => {
                let mut before = 0;
                for position in positions {
                    push_varint(out, u64::from(position - before));
                    before = *position;
                }
            }
            Self::Stored(place) => {
                push_varint(out, place.offset);
                push_varint(out, place.data_bytes.into());
            }
        }
    }

    /// Reads what [`List::encode`] wrote; none if it cannot be that.
    pub(crate) fn decode(reader: &mut Bytes<'_>) -> Option<Self> {
        let count = reader.varint_u32()?;
        if INLINE_MAX < count as usize {
            let (offset, data_bytes) = (reader.varint()?, reader.varint_u32()?);
            return Some(Self::Stored(PostingsLocation { count, offset, data_bytes }));
        }
        let mut positions = Vec::with_capacity(count as usize);
        let mut before = 0_u32;
        for _ in 0..count {
            before = before.checked_add(reader.varint_u32()?)?;
            positions.push(before);
        }
        positions.is_sorted_by(|a, b| a < b).then_some(Self::Inline(positions))
    }

    /// Steps over what [`List::encode`] wrote.
    pub(crate) fn skip(reader: &mut Bytes<'_>) -> Option<u32> {
        let count = reader.varint_u32()?;
        let numbers = if INLINE_MAX < count as usize { 2 } else { count };
        for _ in 0..numbers {
            reader.varint()?;
        }
        Some(count)
    }
}

/// Appends a sealed block of 1 to 128 ascending positions.
fn encode_block(positions: &[u32], out: &mut Vec<u8>) {
    let start = out.len();
    let widest = positions.windows(2).fold(0, |bits, pair| bits | (pair[1] - pair[0] - 1));
    let width = 32 - widest.leading_zeros();
    out.extend_from_slice(&positions[0].to_le_bytes());
    out.push(width.to_le_bytes()[0]);
    let (mut bits, mut bit_count) = (0_u64, 0);
    for pair in positions.windows(2) {
        bits |= u64::from(pair[1] - pair[0] - 1) << bit_count;
        bit_count += width;
        while bit_count >= 8 {
            out.push((bits & 0xff) as u8);
            bits >>= 8;
            bit_count -= 8;
        }
    }
    if bit_count > 0 {
        out.push((bits & 0xff) as u8);
    }
    seal(out, start);
}

/// Replaces `positions` by the `count` ones of a block; none if it does not hold them.
fn decode_block(body: &[u8], count: usize, positions: &mut Vec<u32>) -> Option<()> {
    let mut reader = Bytes(body);
    let first = reader.u32()?;
    let width = u32::from(reader.byte()?);
    let packed_bytes = ((count - 1) * width as usize).div_ceil(8);
    if width > 32 || reader.0.len() != packed_bytes {
        return None;
    }
    positions.clear();
    positions.push(first);
    let mut position = first;
    for index in 1..count {
        let delta = bits_at(reader.0, (index - 1) * width as usize, width);
        position = position.checked_add(delta)?.checked_add(1)?;
        positions.push(position);
    }
    Some(())
}

/// The `width` bits from bit `start` on; up to 32.
fn bits_at(bytes: &[u8], start: usize, width: u32) -> u32 {
    let (byte, shift) = (start / 8, start % 8);
    let word = match bytes.get(byte..byte + 8) {
        Some(word) => word.first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word)),
        // The last few bytes.
        None => bytes[byte.min(bytes.len())..]
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    let mask = (1_u64 << width) - 1;
    low32((word >> shift) & mask)
}

/// Writes lists one after the other, keeping its buffers.
#[derive(Debug, Default)]
pub(crate) struct ListWriter {
    pending: Vec<u32>,
    count: u32,
    offset: u64,
    data_bytes: u32,
    skips: Vec<(u32, u32)>,
    scratch: Vec<u8>,
}

impl ListWriter {
    /// Adds a position greater than the one before.
    pub(crate) fn push(&mut self, sink: &mut Sink, position: u32) -> Result<(), StorageError> {
        debug_assert!(self.pending.last().is_none_or(|last| *last < position));
        if self.pending.len() == BLOCK_POSTINGS {
            self.write_block(sink)?;
        }
        self.pending.push(position);
        self.count += 1;
        Ok(())
    }

    fn write_block(&mut self, sink: &mut Sink) -> Result<(), StorageError> {
        let Some(last) = self.pending.last().copied() else { return Ok(()) };
        if self.skips.is_empty() {
            self.offset = sink.offset();
        }
        self.scratch.clear();
        encode_block(&self.pending, &mut self.scratch);
        self.data_bytes += len32(self.scratch.len());
        self.skips.push((last, self.data_bytes));
        self.pending.clear();
        sink.put(&self.scratch)
    }

    /// Ends the list and begins the next one.
    pub(crate) fn finish(&mut self, sink: &mut Sink) -> Result<List, StorageError> {
        let list = if self.skips.is_empty() && self.pending.len() <= INLINE_MAX {
            List::Inline(self.pending.clone())
        } else {
            self.write_block(sink)?;
            self.write_skips(sink)?;
            let (count, offset, data_bytes) = (self.count, self.offset, self.data_bytes);
            List::Stored(PostingsLocation { count, offset, data_bytes })
        };
        self.pending.clear();
        self.skips.clear();
        (self.count, self.data_bytes) = (0, 0);
        Ok(list)
    }

    fn write_skips(&mut self, sink: &mut Sink) -> Result<(), StorageError> {
        if self.skips.len() < 2 {
            return Ok(());
        }
        let mut start = 0;
        let mut top = Vec::new();
        for chunk in self.skips.chunks(CHUNK_BLOCKS) {
            self.scratch.clear();
            self.scratch.extend_from_slice(&u32::to_le_bytes(start));
            for (last, end) in chunk {
                self.scratch.extend_from_slice(&last.to_le_bytes());
                self.scratch.extend_from_slice(&end.to_le_bytes());
                start = *end;
            }
            sink.put_sealed(&self.scratch)?;
            top.extend(chunk.last().map(|(last, _)| last.to_le_bytes()));
        }
        if top.len() > 1 { sink.put_sealed(top.as_flattened()) } else { Ok(()) }
    }
}

/// A cursor over a stored list.
#[derive(Debug)]
pub(crate) struct StoredList {
    file: Arc<RunFile>,
    place: PostingsLocation,
    window: Window,
    ahead: Ahead,
    top: Option<Vec<u32>>,
    chunk: Option<Chunk>,
    block: Option<usize>,
    positions: Vec<u32>,
}

/// A skip chunk in memory.
#[derive(Debug)]
struct Chunk {
    number: usize,
    /// Offset, from the first block of the list, of the chunk's first block.
    start: u32,
    /// Last position and end offset of each block.
    blocks: Vec<(u32, u32)>,
}

impl StoredList {
    /// A cursor for queries that move in one direction.
    pub(crate) fn new(file: Arc<RunFile>, place: PostingsLocation, ahead: Ahead) -> Self {
        Self {
            file,
            place,
            window: Window::new(WALK_BYTES),
            ahead,
            top: None,
            chunk: None,
            block: None,
            positions: Vec::new(),
        }
    }

    fn block_count(&self) -> usize {
        (self.place.count as usize).div_ceil(BLOCK_POSTINGS)
    }

    /// The least position at or after `bound`.
    pub(crate) fn seek_up(&mut self, bound: u32) -> Result<Option<u32>, StorageError> {
        if !self.covers(bound) {
            let block = self.block_reaching(bound)?;
            if block == self.block_count() {
                return Ok(None);
            }
            self.load_block(block)?;
        }
        let index = self.positions.partition_point(|position| *position < bound);
        Ok(self.positions.get(index).copied())
    }

    /// The greatest position at or before `bound`.
    pub(crate) fn seek_down(&mut self, bound: u32) -> Result<Option<u32>, StorageError> {
        if !self.covers(bound) {
            let block = self.block_reaching(bound)?.min(self.block_count() - 1);
            self.load_block(block)?;
            if block > 0 && self.positions.first().is_some_and(|first| bound < *first) {
                self.load_block(block - 1)?;
            }
        }
        let index = self.positions.partition_point(|position| *position <= bound);
        Ok(index.checked_sub(1).and_then(|index| self.positions.get(index)).copied())
    }

    /// How many positions of the list are less than `bound`.
    pub(crate) fn rank(&mut self, bound: u32) -> Result<u32, StorageError> {
        let block = self.block_reaching(bound)?;
        if block == self.block_count() {
            return Ok(self.place.count);
        }
        self.load_block(block)?;
        let index = self.positions.partition_point(|position| *position < bound);
        Ok(len32(block * BLOCK_POSTINGS + index))
    }

    /// The position with this rank, from 0.
    pub(crate) fn at(&mut self, rank: u32) -> Result<Option<u32>, StorageError> {
        if self.place.count <= rank {
            return Ok(None);
        }
        self.load_block(rank as usize / BLOCK_POSTINGS)?;
        Ok(self.positions.get(rank as usize % BLOCK_POSTINGS).copied())
    }

    /// Whether the block in memory decides every question about `bound`.
    fn covers(&self, bound: u32) -> bool {
        match (self.positions.first(), self.positions.last()) {
            (Some(first), Some(last)) => (*first..=*last).contains(&bound),
            _ => false,
        }
    }

    /// The first block whose last position is at or after `bound`; the number of blocks if
    /// there is none.
    fn block_reaching(&mut self, bound: u32) -> Result<usize, StorageError> {
        let block_count = self.block_count();
        if block_count == 1 {
            return Ok(0);
        }
        let mut number = 0;
        if block_count > CHUNK_BLOCKS {
            number = self.top()?.partition_point(|last| *last < bound);
            if number == block_count.div_ceil(CHUNK_BLOCKS) {
                return Ok(block_count);
            }
        }
        let chunk = self.load_chunk(number)?;
        let index = chunk.blocks.partition_point(|(last, _)| *last < bound);
        Ok(number * CHUNK_BLOCKS + index)
    }

    fn chunk_offset(&self, number: usize) -> u64 {
        let behind = u64::from(self.place.data_bytes) + (number * CHUNK_BYTES) as u64;
        self.place.at(behind)
    }

    fn top(&mut self) -> Result<&[u32], StorageError> {
        if self.top.is_none() {
            let block_count = self.block_count();
            let chunk_count = block_count.div_ceil(CHUNK_BLOCKS);
            let blocks_missing = chunk_count * CHUNK_BLOCKS - block_count;
            let offset = self.chunk_offset(chunk_count) - (blocks_missing * 8) as u64;
            let bytes_count = (chunk_count * 4 + SEAL_BYTES) as u64;
            let bytes = self.file.read_sealed(offset, bytes_count)?;
            let (lasts, _) = bytes.as_chunks::<4>();
            self.top = Some(lasts.iter().map(|last| u32::from_le_bytes(*last)).collect());
        }
        Ok(self.top.as_deref().unwrap_or_default())
    }

    fn load_chunk(&mut self, number: usize) -> Result<&Chunk, StorageError> {
        if self.chunk.as_ref().is_none_or(|chunk| chunk.number != number) {
            let block_count = CHUNK_BLOCKS.min(self.block_count() - number * CHUNK_BLOCKS);
            let bytes_count = (4 + block_count * 8 + SEAL_BYTES) as u64;
            let offset = self.chunk_offset(number);
            let bytes = self.file.read_sealed(offset, bytes_count)?;
            let mut reader = Bytes(&bytes);
            let start = reader.u32().unwrap_or_default();
            let mut blocks = Vec::with_capacity(block_count);
            while let (Some(last), Some(end)) = (reader.u32(), reader.u32()) {
                blocks.push((last, end));
            }
            self.chunk = Some(Chunk { number, start, blocks });
        }
        self.chunk.as_ref().ok_or_else(|| self.file.corrupt(self.place.offset))
    }

    fn load_block(&mut self, block: usize) -> Result<(), StorageError> {
        if self.block == Some(block) {
            return Ok(());
        }
        let (start, end) = if self.block_count() == 1 {
            (0, self.place.data_bytes)
        } else {
            let chunk = self.load_chunk(block / CHUNK_BLOCKS)?;
            let index = block % CHUNK_BLOCKS;
            let before = index.checked_sub(1).and_then(|index| chunk.blocks.get(index));
            let start = before.map_or(chunk.start, |(_, end)| *end);
            (start, chunk.blocks.get(index).map_or(start, |(_, end)| *end))
        };
        let count = BLOCK_POSTINGS.min(self.place.count as usize - block * BLOCK_POSTINGS);
        let offset = self.place.at(start.into());
        let bytes = end.saturating_sub(start) as usize;
        self.block = None;
        let body = self.window.sealed(&self.file, Block { offset, bytes }, self.ahead)?;
        if decode_block(body, count, &mut self.positions).is_none() {
            self.positions.clear();
            return Err(self.file.corrupt(offset));
        }
        self.block = Some(block);
        Ok(())
    }
}

/// Reads a whole list block by block, in order, without its skip entries.
#[derive(Debug)]
pub(crate) struct ListWalk {
    place: PostingsLocation,
    read_bytes: u32,
    left: u32,
}

impl ListWalk {
    pub(crate) fn new(place: PostingsLocation) -> Self {
        Self { place, read_bytes: 0, left: place.count }
    }

    /// Replaces `positions` by those of the next block; false at the end.
    pub(crate) fn next_block(
        &mut self,
        file: &RunFile,
        window: &mut Window,
        positions: &mut Vec<u32>,
    ) -> Result<bool, StorageError> {
        if self.left == 0 {
            return Ok(false);
        }
        let count = BLOCK_POSTINGS.min(self.left as usize);
        let offset = self.place.at(self.read_bytes.into());
        // The fifth byte of a block is its width, and with it its length is known.
        let width = window.peek(file, offset.saturating_add(4))?;
        let bytes = 5 + ((count - 1) * usize::from(width)).div_ceil(8) + SEAL_BYTES;
        let body = window.sealed(file, Block { offset, bytes }, Ahead::Up)?;
        if decode_block(body, count, positions).is_none() {
            return Err(file.corrupt(offset));
        }
        self.read_bytes += len32(bytes);
        self.left -= len32(count);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::Arc;

    use acta_statement_log::disk::{Disk, SystemDisk};
    use acta_statement_log::format::Bytes;
    use acta_storage::StorageError;

    use super::{List, ListWalk, ListWriter, PostingsLocation, StoredList};
    use crate::run::bytes::{Ahead, RunFile, Sink, Window};
    use crate::run::dictionary::{ListSource, list_window, read_list};
    use crate::run::directory::RunDirectory;

    /// Positions with gaps of every width, some blocks without any.
    fn positions(count: u32) -> Vec<u32> {
        let gap = |index: u32| match index % 1_000 {
            0..300 => 1,
            300..600 => 1 + index % 7,
            999 => 40_000,
            _ => 1 + index % 300,
        };
        let mut position = 5;
        (0..count)
            .map(|index| {
                position += gap(index);
                position
            })
            .collect()
    }

    fn write(positions: &[u32]) -> (tempfile::TempDir, Arc<RunFile>, List) {
        let directory = tempfile::TempDir::new().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
        let mut sink = Sink::new(disk.create(&directory.path().join("list")).unwrap());
        let mut writer = ListWriter::default();
        for position in positions {
            writer.push(&mut sink, *position).unwrap();
        }
        let list = writer.finish(&mut sink).unwrap();
        sink.finish().unwrap();
        let directory_path = directory.path().to_path_buf();
        let run_directory =
            RunDirectory { disk, path: directory_path, fingerprint: 0, watcher: None };
        let file = RunFile::open(&run_directory, "list".to_owned()).unwrap();
        (directory, Arc::new(file), list)
    }

    #[track_caller]
    fn check(count: u32) {
        let positions = positions(count);
        let (_directory, file, list) = write(&positions);
        let List::Stored(place) = list else {
            assert_eq!(list, List::Inline(positions));
            return;
        };
        let (mut walk, mut window) = (ListWalk::new(place), Window::new(100));
        let (mut all, mut block) = (Vec::new(), Vec::new());
        while walk.next_block(&file, &mut window, &mut block).unwrap() {
            all.extend_from_slice(&block);
        }
        assert_eq!(all, positions);
        let mut up = StoredList::new(Arc::clone(&file), place, Ahead::Up);
        let mut down = StoredList::new(Arc::clone(&file), place, Ahead::Down);
        let end = positions.last().unwrap() + 3;
        let near = positions.iter().flat_map(|position| position - 1..=position + 1);
        let far = (0..end).step_by(7_919).flat_map(|bound| [bound, end - bound]);
        for bound in near.step_by(5).chain(far).chain([0, end]) {
            let (below, behind) = (
                positions.partition_point(|position| *position < bound),
                positions.partition_point(|position| *position <= bound),
            );
            assert_eq!(up.seek_up(bound).unwrap(), positions.get(below).copied());
            assert_eq!(up.rank(bound).unwrap() as usize, below);
            let before = behind.checked_sub(1).map(|index| positions[index]);
            assert_eq!(down.seek_down(bound).unwrap(), before, "bound: {bound}");
        }
        for rank in (0..count + 2).step_by(97).chain([count - 1, count]) {
            assert_eq!(up.at(rank).unwrap(), positions.get(rank as usize).copied());
        }
    }

    #[test]
    fn finds_every_position_of_lists_of_every_shape() {
        // Inline, one block, one skip chunk, several with their top, and the edges between.
        for count in [1, 8, 9, 128, 129, 8_192, 8_193, 30_000] {
            check(count);
        }
    }

    #[test]
    fn a_short_list_ascends() {
        let table: [(&[u8], Option<&[u32]>); 5] = [
            (&[0], Some(&[])),
            (&[3, 0, 1, 9], Some(&[0, 1, 10])),
            (&[2, 5, 0], None),
            (&[2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1], None),
            (&[2, 5], None),
        ];
        for (bytes, expected) in table {
            let list = List::decode(&mut Bytes(bytes));
            let expected = expected.map(|positions| List::Inline(positions.to_vec()));
            assert_eq!(list, expected, "bytes: {bytes:?}");
        }
    }

    fn read(file: &RunFile, list: &List, range: Range<u32>) -> Result<Vec<u32>, StorageError> {
        let mut all = Vec::new();
        let take = |some: &[u32]| {
            all.extend_from_slice(some);
            Ok(())
        };
        read_list(ListSource { file, range }, list, &mut list_window(), take)?;
        Ok(all)
    }

    #[test]
    fn a_position_outside_of_the_run_is_damage() {
        for count in [5, 100, 300] {
            let positions = positions(count);
            let (lowest, end) = (positions[0], positions[positions.len() - 1] + 1);
            let (_directory, file, list) = write(&positions);
            assert_eq!(read(&file, &list, lowest..end).unwrap(), positions);
            for range in [lowest + 1..end, lowest..end - 1, 0..0] {
                let error = read(&file, &list, range.clone()).unwrap_err();
                assert!(matches!(error, StorageError::Corrupt { .. }), "{error} in {range:?}");
            }
        }
    }

    #[test]
    fn a_place_outside_of_the_file_is_damage() {
        let (_directory, file, _) = write(&positions(300));
        let offsets = [file.len(), u64::MAX - 4, u64::MAX];
        for (offset, count) in
            offsets.into_iter().flat_map(|offset| [100, 300, 9_000, u32::MAX].map(|n| (offset, n)))
        {
            let place = PostingsLocation { count, offset, data_bytes: 700 };
            let mut stored = StoredList::new(Arc::clone(&file), place, Ahead::Up);
            let results = [stored.seek_up(7).map(drop), stored.rank(7).map(drop)];
            let mut down = StoredList::new(Arc::clone(&file), place, Ahead::Down);
            let mut walk = ListWalk::new(place);
            let walked = walk.next_block(&file, &mut Window::new(100), &mut Vec::new());
            let rest = [down.seek_down(7).map(drop), walked.map(drop)];
            for answer in results.into_iter().chain(rest) {
                assert!(matches!(answer, Err(StorageError::Corrupt { .. })), "{place:?}");
            }
        }
    }
}
