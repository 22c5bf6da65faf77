//! Rows of a run: what stands at a position.

use acta_statement_log::entry::Location;
use acta_statement_log::format::{Bytes, push_varint, unzigzag, zigzag};
use acta_storage::StorageError;

use super::bytes::{Ahead, Block, RunFile, Sink, Window, len32, usize_of};
use super::layout::SectionPlace;

/// Rows in a block.
pub(crate) const BLOCK_ROWS: u32 = 128;

const IS_VOIDING: u8 = 1;
const HAS_TARGET: u8 = 2;
const STORED_DIFFERS: u8 = 4;
const SEGMENT_DIFFERS: u8 = 8;
const IS_ERASED: u8 = 16;

/// Bytes read at once when all rows are walked through.
const WALK_BYTES: usize = 64 * 1024;

/// What the index keeps of an entry at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Microseconds since 1970.
    pub(crate) stored_micros: i64,
    /// Where the record is.
    pub(crate) location: Location,
    /// Whether its verb voids its target.
    pub(crate) is_voiding: bool,
    /// Whether it refers to a statement.
    pub(crate) has_target: bool,
    /// Whether no statement stands there any more: it was erased, or removed with its tenant.
    pub(crate) is_erased: bool,
}

/// The rows of a run: time and place of each block in memory, the rest on disk.
#[derive(Debug)]
pub(crate) struct Rows {
    /// `stored_micros` of the first row of each block, and the block's offset.
    fences: Vec<(i64, u64)>,
    end: u64,
    count: u32,
}

impl Rows {
    /// The rows of a section; none if the fences do not fit.
    pub(crate) fn decode(section: SectionPlace, count: u32, fences: &[u8]) -> Option<Self> {
        let mut reader = Bytes(fences);
        let mut decoded = Vec::with_capacity(fences.len() / 16);
        while !reader.0.is_empty() {
            decoded.push((reader.i64()?, reader.u64()?));
        }
        let end = section.end()?;
        let is_ascending = decoded.is_sorted_by(|a, b| a.1 < b.1)
            && decoded.last().is_some_and(|(_, last)| *last < end);
        let is_whole = decoded.len() == count.div_ceil(BLOCK_ROWS) as usize && is_ascending;
        is_whole.then_some(Self { fences: decoded, end, count })
    }

    /// Bytes they take in memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.fences.len() * 16
    }

    /// `stored_micros` of the first row.
    pub(crate) fn first_stored_micros(&self) -> i64 {
        self.fences.first().map_or(i64::MAX, |(stored, _)| *stored)
    }

    fn block_place(&self, block: usize) -> Block {
        let offset = self.fences[block].1;
        let end = self.fences.get(block + 1).map_or(self.end, |(_, next)| *next);
        Block { offset, bytes: usize_of(end - offset) }
    }

    fn rows_in(&self, block: usize) -> usize {
        let before = block * BLOCK_ROWS as usize;
        (self.count as usize - before).min(BLOCK_ROWS as usize)
    }

    /// The rows of the block with this number.
    pub(crate) fn block(&self, file: &RunFile, block: u32) -> Result<Vec<Row>, StorageError> {
        let Block { offset, bytes } = self.block_place(block as usize);
        let bytes = file.read_sealed(offset, bytes as u64)?;
        decode_block(&bytes, self.rows_in(block as usize)).ok_or_else(|| file.corrupt(offset))
    }

    /// How many rows were stored before `micros`.
    pub(crate) fn count_before(&self, file: &RunFile, micros: i64) -> Result<u32, StorageError> {
        let after = self.fences.partition_point(|(stored, _)| *stored < micros);
        let Some(block) = after.checked_sub(1) else { return Ok(0) };
        let block = len32(block);
        let rows = self.block(file, block)?;
        let count = rows.partition_point(|row| row.stored_micros < micros);
        Ok(block * BLOCK_ROWS + len32(count))
    }
}

fn decode_block(body: &[u8], count: usize) -> Option<Vec<Row>> {
    let mut reader = Bytes(body);
    let mut stored_micros = reader.i64()?;
    let mut location = Location { segment: 0, offset: 0 };
    let mut rows = Vec::with_capacity(count);
    for _ in 0..count {
        let flags = reader.byte()?;
        if flags & STORED_DIFFERS != 0 {
            stored_micros = stored_micros.checked_add_unsigned(reader.varint()?)?;
        }
        if flags & SEGMENT_DIFFERS == 0 {
            let difference = unzigzag(reader.varint()?);
            location.offset = moved(location.offset, difference)?;
        } else {
            location.segment = moved(location.segment, unzigzag(reader.varint()?))?;
            location.offset = reader.varint_u32()?;
        }
        let is_voiding = flags & IS_VOIDING != 0;
        let has_target = flags & HAS_TARGET != 0;
        let is_erased = flags & IS_ERASED != 0;
        rows.push(Row { stored_micros, location, is_voiding, has_target, is_erased });
    }
    reader.0.is_empty().then_some(rows)
}

fn moved(from: u32, difference: i64) -> Option<u32> {
    i64::from(from).checked_add(difference).and_then(|to| u32::try_from(to).ok())
}

/// Writes rows by position.
#[derive(Debug, Default)]
pub(crate) struct RowsWriter {
    block: Vec<u8>,
    block_rows: u32,
    before: Option<Row>,
    fences: Vec<u8>,
}

impl RowsWriter {
    pub(crate) fn push(&mut self, sink: &mut Sink, row: Row) -> Result<(), StorageError> {
        let before = self.before.filter(|_| self.block_rows > 0);
        if before.is_none() {
            self.fences.extend_from_slice(&row.stored_micros.to_le_bytes());
            self.fences.extend_from_slice(&sink.offset().to_le_bytes());
            self.block.extend_from_slice(&row.stored_micros.to_le_bytes());
        }
        self.encode(row, before);
        self.before = Some(row);
        self.block_rows += 1;
        if self.block_rows == BLOCK_ROWS { self.write_block(sink) } else { Ok(()) }
    }

    fn encode(&mut self, row: Row, before: Option<Row>) {
        let base = before.unwrap_or(Row { location: Location { segment: 0, offset: 0 }, ..row });
        let stored_delta = row.stored_micros.saturating_sub(base.stored_micros);
        let is_new_segment = before.is_none() || base.location.segment != row.location.segment;
        let flag = |holds, flag| if holds { flag } else { 0 };
        self.block.push(
            flag(row.is_voiding, IS_VOIDING)
                | flag(row.has_target, HAS_TARGET)
                | flag(row.is_erased, IS_ERASED)
                | flag(stored_delta > 0, STORED_DIFFERS)
                | flag(is_new_segment, SEGMENT_DIFFERS),
        );
        if let Ok(delta @ 1..) = u64::try_from(stored_delta) {
            push_varint(&mut self.block, delta);
        }
        let offset = row.location.offset;
        if is_new_segment {
            let difference = i64::from(row.location.segment) - i64::from(base.location.segment);
            push_varint(&mut self.block, zigzag(difference));
            push_varint(&mut self.block, offset.into());
        } else {
            let difference = i64::from(offset) - i64::from(base.location.offset);
            push_varint(&mut self.block, zigzag(difference));
        }
    }

    fn write_block(&mut self, sink: &mut Sink) -> Result<(), StorageError> {
        sink.put_sealed(&self.block)?;
        self.block.clear();
        self.block_rows = 0;
        Ok(())
    }

    /// Ends the last block and returns the fences.
    pub(crate) fn finish(mut self, sink: &mut Sink) -> Result<Vec<u8>, StorageError> {
        if self.block_rows > 0 {
            self.write_block(sink)?;
        }
        Ok(self.fences)
    }
}

/// Walks through all rows, a block at a time.
#[derive(Debug)]
pub(crate) struct RowsWalk<'a> {
    rows: &'a Rows,
    file: &'a RunFile,
    block: usize,
    window: Window,
}

impl<'a> RowsWalk<'a> {
    pub(crate) const fn new(rows: &'a Rows, file: &'a RunFile) -> Self {
        Self { rows, file, block: 0, window: Window::new(WALK_BYTES) }
    }

    /// The rows of the next block; none at the end.
    pub(crate) fn next_block(&mut self) -> Result<Option<Vec<Row>>, StorageError> {
        if self.block == self.rows.fences.len() {
            return Ok(None);
        }
        let place = self.rows.block_place(self.block);
        let body = self.window.sealed(self.file, place, Ahead::Up)?;
        let rows = decode_block(body, self.rows.rows_in(self.block))
            .ok_or_else(|| self.file.corrupt(place.offset))?;
        self.block += 1;
        Ok(Some(rows))
    }
}
