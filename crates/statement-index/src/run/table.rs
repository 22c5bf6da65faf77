//! Tables: sorted records of equal width, found by how they begin.

use acta_storage::StorageError;

use super::bytes::{Ahead, Block, RunFile, SEAL_BYTES, Sink, Window, unseal, usize_of};
use super::layout::SectionPlace;

/// Records in a block.
const BLOCK_RECORDS: u64 = 128;

/// Bytes read at once when a whole table is walked through.
const WALK_BYTES: usize = 256 * 1024;

/// A table of a run: how each block begins in memory, the rest on disk.
#[derive(Debug)]
pub(crate) struct Table {
    offset: u64,
    width: usize,
    /// Records in it.
    pub(crate) record_count: u64,
    fences: Vec<u128>,
}

/// The first 16 bytes of a record or of what is looked for, filled up with zeros.
fn fence_of(bytes: &[u8]) -> u128 {
    let mut fence = [0; 16];
    let count = bytes.len().min(16);
    fence[..count].copy_from_slice(&bytes[..count]);
    u128::from_be_bytes(fence)
}

impl Table {
    /// The table of a section with records of `width` bytes; none if the fences do not fit it.
    pub(crate) fn decode(section: SectionPlace, width: usize, fences: &[u8]) -> Option<Self> {
        let (fences, rest) = fences.as_chunks::<16>();
        let blocks = fences.len() as u64;
        let record_bytes = section.bytes.checked_sub(blocks * SEAL_BYTES as u64)?;
        let record_count = record_bytes / width as u64;
        let is_whole = rest.is_empty()
            && record_bytes.is_multiple_of(width as u64)
            && record_count.div_ceil(BLOCK_RECORDS) == blocks;
        let fences = fences.iter().map(|fence| u128::from_be_bytes(*fence)).collect();
        is_whole.then_some(Self { offset: section.offset, width, record_count, fences })
    }

    /// Bytes it takes in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.fences.len() * 16
    }

    fn block_place(&self, block: u64) -> Block {
        let width = self.width as u64;
        let offset = self.offset + block * (BLOCK_RECORDS * width + SEAL_BYTES as u64);
        let records = BLOCK_RECORDS.min(self.record_count - block * BLOCK_RECORDS);
        Block { offset, bytes: usize_of(records * width) + SEAL_BYTES }
    }

    /// Gives all records that begin with `prefix` to `take`, in order.
    pub(crate) fn find(
        &self,
        file: &RunFile,
        prefix: &[u8],
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), StorageError> {
        // Records that begin with the prefix may start in the block before the first
        // fence at or above it.
        let wanted = fence_of(prefix);
        let first = self.fences.partition_point(|fence| *fence < wanted).saturating_sub(1);
        let mut bytes = Vec::new();
        for block in first..self.fences.len() {
            let Block { offset, bytes: bytes_count } = self.block_place(block as u64);
            file.read(offset, bytes_count, &mut bytes)?;
            let body = unseal(&bytes).ok_or_else(|| file.corrupt(offset))?;
            let count = body.len() / self.width;
            let record = |index: usize| &body[index * self.width..(index + 1) * self.width];
            let start = partition_point(count, |index| &record(index)[..prefix.len()] < prefix);
            let matching = (start..count).map(record).take_while(|it| it.starts_with(prefix));
            let match_count = matching.map(&mut take).count();
            if start + match_count < count {
                break;
            }
        }
        Ok(())
    }
}

/// The first index below `count` for which `is_before` is false.
fn partition_point(count: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Writes a table, records in ascending order.
#[derive(Debug)]
pub(crate) struct TableWriter {
    width: usize,
    block: Vec<u8>,
    fences: Vec<u8>,
}

impl TableWriter {
    pub(crate) const fn new(width: usize) -> Self {
        Self { width, block: Vec::new(), fences: Vec::new() }
    }

    /// Adds a record that is greater than the one before.
    pub(crate) fn push(&mut self, sink: &mut Sink, record: &[u8]) -> Result<(), StorageError> {
        debug_assert_eq!(record.len(), self.width);
        if self.block.is_empty() {
            self.fences.extend_from_slice(&fence_of(record).to_be_bytes());
        }
        self.block.extend_from_slice(record);
        if self.block.len() as u64 == BLOCK_RECORDS * self.width as u64 {
            self.write_block(sink)?;
        }
        Ok(())
    }

    fn write_block(&mut self, sink: &mut Sink) -> Result<(), StorageError> {
        sink.put_sealed(&self.block)?;
        self.block.clear();
        Ok(())
    }

    /// Ends the last block and returns the fences.
    pub(crate) fn finish(mut self, sink: &mut Sink) -> Result<Vec<u8>, StorageError> {
        if !self.block.is_empty() {
            self.write_block(sink)?;
        }
        Ok(self.fences)
    }
}

/// Walks through all records of a table in order.
#[derive(Debug)]
pub(crate) struct TableWalk<'a> {
    table: &'a Table,
    file: &'a RunFile,
    next_block: u64,
    window: Window,
    body: Vec<u8>,
    at: usize,
}

impl<'a> TableWalk<'a> {
    /// Begins at the first record.
    pub(crate) fn new(table: &'a Table, file: &'a RunFile) -> Result<Self, StorageError> {
        let window = Window::new(WALK_BYTES);
        let mut walk = Self { table, file, next_block: 0, window, body: Vec::new(), at: 0 };
        walk.load_block()?;
        Ok(walk)
    }

    /// The record it stands at; none at the end.
    pub(crate) fn record(&self) -> Option<&[u8]> {
        self.body.get(self.at..self.at + self.table.width)
    }

    /// Goes to the next record.
    pub(crate) fn advance(&mut self) -> Result<(), StorageError> {
        self.at += self.table.width;
        if self.at < self.body.len() { Ok(()) } else { self.load_block() }
    }

    fn load_block(&mut self) -> Result<(), StorageError> {
        self.body.clear();
        self.at = 0;
        if self.next_block < self.table.fences.len() as u64 {
            let place = self.table.block_place(self.next_block);
            let body = self.window.sealed(self.file, place, Ahead::Up)?;
            self.body.extend_from_slice(body);
            self.next_block += 1;
        }
        Ok(())
    }
}
