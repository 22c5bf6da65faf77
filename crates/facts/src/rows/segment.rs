//! Segments: files of rows that do not change, in blocks of sorted columns.
//!
//! `docs/format/facts.md` draws them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::block::Block;
use super::chunk::{Chunk, Encoding, packed_len};
use super::fields::{CodeColumn, ColumnId, IntColumn, NumberColumn};

/// Rows of a block: what is decoded at a time.
pub(crate) const BLOCK_ROWS: usize = 1 << 16;

/// The first and the last eight bytes of a segment.
const MAGIC: [u8; 8] = *b"ACTAFCT2";
/// Bytes of the end of a segment: the length of the directory, its checksum, and the magic.
const END_BYTES: usize = 16;

/// Where a column of a block is, and what range its values have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkHead {
    pub(crate) encoding: Encoding,
    pub(crate) width: u8,
    pub(crate) min: i64,
    pub(crate) max: i64,
    offset: u64,
    checksum: u32,
}

/// What is known of a block without reading it.
#[derive(Clone, Debug)]
pub(crate) struct BlockHead {
    pub(crate) count: usize,
    chunks: BTreeMap<ColumnId, ChunkHead>,
}

impl BlockHead {
    /// The head of a column; none if no row of the block has a value.
    pub(crate) fn chunk(&self, column: ColumnId) -> Option<&ChunkHead> {
        self.chunks.get(&column)
    }

    /// The smallest and largest of whole numbers.
    pub(crate) fn range(&self, column: IntColumn) -> (i64, i64) {
        self.chunk(ColumnId::int(column)).map_or((0, 0), |head| (head.min, head.max))
    }

    fn extensions(&self) -> impl Iterator<Item = ColumnId> {
        self.chunks.keys().copied().filter(|id| ColumnId::extension_text(0) <= *id)
    }
}

/// A segment that is open for reading.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    file: File,
    blocks: Vec<BlockHead>,
    count: usize,
}

impl Segment {
    /// Writes rows, which are sorted, to a new file, and opens it. Durable afterwards, if the
    /// folder is synced too.
    ///
    /// # Errors
    ///
    /// Of the file.
    pub(crate) fn write(path: &Path, rows: &Block) -> io::Result<Self> {
        let mut writer = SegmentWriter { bytes: MAGIC.to_vec(), directory: Vec::new() };
        let mut start = 0;
        while start < rows.len() {
            let end = rows.len().min(start + BLOCK_ROWS);
            writer.add(rows, start, end);
            start = end;
        }
        let mut file = acta_files::replace(path)?;
        file.write_all(&writer.finish())?;
        file.sync_all()?;
        drop(file);
        Self::open(path)
    }

    /// Opens a segment and reads its directory.
    ///
    /// # Errors
    ///
    /// Of the file; [`io::ErrorKind::InvalidData`] if it is damaged.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let blocks = read_directory(&file, length)?;
        let count = blocks.iter().map(|block| block.count).sum();
        Ok(Self { path: path.to_owned(), file, blocks, count })
    }

    /// Bytes of memory, about, of its rows when they are loaded.
    pub(crate) fn loaded_bytes(&self) -> usize {
        let extensions: BTreeSet<ColumnId> =
            self.blocks.iter().flat_map(BlockHead::extensions).collect();
        self.count * Block::row_bytes(extensions.len(), extensions.len())
    }

    /// How many rows it has.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Its blocks.
    pub(crate) fn blocks(&self) -> &[BlockHead] {
        &self.blocks
    }

    /// The name of its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of its file.
    ///
    /// # Errors
    ///
    /// Of the file.
    pub(crate) fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Reads the bytes of a chunk and verifies them.
    ///
    /// # Errors
    ///
    /// Of the file; [`io::ErrorKind::InvalidData`] if they are damaged.
    pub(crate) fn read(
        &self,
        block: &BlockHead,
        head: &ChunkHead,
        into: &mut Vec<u8>,
    ) -> io::Result<()> {
        into.resize(packed_len(block.count, head.width), 0);
        self.file.read_exact_at(into, head.offset)?;
        if crc32c::crc32c(into) == head.checksum { Ok(()) } else { Err(damaged(&self.path)) }
    }

    /// Reads all rows.
    ///
    /// # Errors
    ///
    /// As [`Segment::read`].
    pub(crate) fn load(&self) -> io::Result<Block> {
        let mut rows = Block::default();
        for block in &self.blocks {
            rows.append(&self.load_block(block)?);
        }
        Ok(rows)
    }

    fn load_block(&self, block: &BlockHead) -> io::Result<Block> {
        use super::chunk::{read_codes, read_ints, read_numbers};
        let mut rows = Block::default();
        let mut bytes = Vec::new();
        let read = |id: ColumnId, bytes: &mut Vec<u8>| match block.chunk(id) {
            Some(head) => self.read(block, head, bytes).map(|()| Some(*head)),
            None => Ok(None),
        };
        for column in IntColumn::EVERY {
            let into = &mut rows.ints[column as usize];
            if let Some(head) = read(ColumnId::int(column), &mut bytes)? {
                read_ints(&bytes, block.count, head.width, head.min, into);
            }
            into.resize(block.count, 0);
        }
        for column in CodeColumn::EVERY {
            let into = &mut rows.codes[column.index()];
            if let Some(head) = read(ColumnId::code(column), &mut bytes)? {
                read_codes(&bytes, block.count, head.width, head.min, into);
            }
            into.resize(block.count, 0);
        }
        for column in NumberColumn::EVERY {
            let into = &mut rows.numbers[column.index()];
            if let Some(head) = read(ColumnId::number(column), &mut bytes)? {
                read_numbers(&bytes, block.count, (head.encoding, head.width, head.min), into);
            }
            into.resize(block.count, f64::NAN);
        }
        for id in block.extensions() {
            let Some(head) = read(id, &mut bytes)? else { continue };
            match id.extension() {
                ExtensionColumn::Text(extension) => {
                    let into = rows.extension_texts.entry(extension).or_default();
                    read_codes(&bytes, block.count, head.width, head.min, into);
                }
                ExtensionColumn::Number(extension) => {
                    let into = rows.extension_numbers.entry(extension).or_default();
                    read_numbers(&bytes, block.count, (head.encoding, head.width, head.min), into);
                }
            }
        }
        Ok(rows)
    }
}

/// Which extension a column is of.
enum ExtensionColumn {
    Text(u16),
    Number(u16),
}

impl ColumnId {
    /// The extension of a column that is of one.
    fn extension(self) -> ExtensionColumn {
        let (texts, numbers) = (Self::extension_text(0).0, Self::extension_number(0).0);
        match self.0.checked_sub(numbers) {
            Some(extension) => ExtensionColumn::Number(extension),
            None => ExtensionColumn::Text(self.0 - texts),
        }
    }
}

struct SegmentWriter {
    bytes: Vec<u8>,
    directory: Vec<u8>,
}

impl SegmentWriter {
    fn add(&mut self, rows: &Block, start: usize, end: usize) {
        let mut chunks = Vec::new();
        for column in IntColumn::EVERY {
            chunks.push((ColumnId::int(column), Chunk::of_ints(&rows.ints(column)[start..end])));
        }
        let fixed =
            CodeColumn::EVERY.map(|column| (ColumnId::code(column), &rows.codes[column.index()]));
        let extensions =
            rows.extension_texts.iter().map(|(at, column)| (ColumnId::extension_text(*at), column));
        for (id, column) in fixed.into_iter().chain(extensions) {
            chunks.extend(Chunk::of_codes(&column[start..end]).map(|chunk| (id, chunk)));
        }
        let fixed = NumberColumn::EVERY
            .map(|column| (ColumnId::number(column), &rows.numbers[column.index()]));
        let extensions = rows
            .extension_numbers
            .iter()
            .map(|(at, column)| (ColumnId::extension_number(*at), column));
        for (id, column) in fixed.into_iter().chain(extensions) {
            chunks.extend(Chunk::of_numbers(&column[start..end]).map(|chunk| (id, chunk)));
        }
        self.directory.extend(number(end - start).to_le_bytes());
        self.directory.extend(number(chunks.len()).to_le_bytes());
        for (id, chunk) in chunks {
            self.add_chunk(id, &chunk);
        }
    }

    fn add_chunk(&mut self, id: ColumnId, chunk: &Chunk) {
        let directory = &mut self.directory;
        directory.extend(id.0.to_le_bytes());
        directory.extend([chunk.encoding.number(), chunk.width]);
        directory.extend(crc32c::crc32c(&chunk.bytes).to_le_bytes());
        directory.extend((self.bytes.len() as u64).to_le_bytes());
        directory.extend(chunk.min.to_le_bytes());
        directory.extend(chunk.max.to_le_bytes());
        self.bytes.extend_from_slice(&chunk.bytes);
    }

    fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&self.directory);
        self.bytes.extend(number(self.directory.len()).to_le_bytes());
        self.bytes.extend(crc32c::crc32c(&self.directory).to_le_bytes());
        self.bytes.extend(MAGIC);
        self.bytes
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a segment is far shorter than 4 GiB")]
fn number(length: usize) -> u32 {
    length as u32
}

fn damaged(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged", path.display()))
}

fn read_directory(file: &File, length: u64) -> io::Result<Vec<BlockHead>> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "the directory of facts is damaged");
    let end_at = length.checked_sub(END_BYTES as u64).ok_or_else(broken)?;
    let mut end = [0; END_BYTES];
    file.read_exact_at(&mut end, end_at)?;
    let mut end = Fields(&end);
    let (length, checksum) = (end.u32().ok_or_else(broken)?, end.u32().ok_or_else(broken)?);
    if end.0 != MAGIC {
        return Err(broken());
    }
    let mut directory = vec![0; length as usize];
    let at = end_at.checked_sub(length.into()).ok_or_else(broken)?;
    file.read_exact_at(&mut directory, at)?;
    if crc32c::crc32c(&directory) != checksum {
        return Err(broken());
    }
    let (mut fields, mut blocks) = (Fields(&directory), Vec::new());
    while !fields.0.is_empty() {
        blocks.push(fields.block().ok_or_else(broken)?);
    }
    Ok(blocks)
}

/// What is left to read of a directory.
struct Fields<'b>(&'b [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn block(&mut self) -> Option<BlockHead> {
        let count = self.u32()? as usize;
        let mut chunks = BTreeMap::new();
        for _ in 0..self.u32()? {
            let id = ColumnId(self.take().map(u16::from_le_bytes)?);
            let [encoding, width] = self.take()?;
            let checksum = self.u32()?;
            let offset = self.take().map(u64::from_le_bytes)?;
            let min = self.take().map(i64::from_le_bytes)?;
            let max = self.take().map(i64::from_le_bytes)?;
            let encoding = Encoding::of_number(encoding)?;
            chunks.insert(id, ChunkHead { encoding, width, min, max, offset, checksum });
        }
        (count <= BLOCK_ROWS).then_some(BlockHead { count, chunks })
    }
}

#[cfg(test)]
mod tests;
