//! Frames: what one write brings and one sync makes durable, whole or not at all.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use acta_storage::Term;

use crate::entry::{IndexEntry, Location};
use crate::format::{Bytes, FRAME_HEADER_BYTES, FRAME_MAGIC, checksum};
use crate::record::{EncodedRecord, Record, RecordPosition, StatementRecord, record_len};

/// Where a frame is to stand.
#[derive(Clone, Copy, Debug)]
pub struct FrameStart {
    /// The segment's number.
    pub segment: u32,
    /// Offset in the segment.
    pub offset: u32,
    /// Base time of the segment.
    pub base_micros: i64,
}

/// Terms are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// Makes frames, keeping its memory from one to the next.
#[derive(Debug, Default)]
pub struct FrameEncoder {
    numbers: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    terms: Vec<u8>,
    record_numbers: Vec<u32>,
}

impl std::fmt::Debug for AsItIs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AsItIs")
    }
}

/// The frame would not fit into any segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a batch of more than 4 GiB")]
pub struct FrameTooLong;

impl FrameEncoder {
    /// Appends to `out` the frame with `records`, and sets their locations.
    ///
    /// Positions, sequences and `stored` are set before; positions have no gaps.
    ///
    /// # Errors
    ///
    /// [`FrameTooLong`]: no segment has room for it. What stands in `out` is of no use then.
    pub fn encode(
        &mut self,
        out: &mut Vec<u8>,
        start: FrameStart,
        records: &mut [EncodedRecord],
    ) -> Result<(), FrameTooLong> {
        self.number_terms(records);
        let frame_from = out.len();
        out.extend_from_slice(&FRAME_MAGIC);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&u32::try_from(records.len()).unwrap_or(u32::MAX).to_le_bytes());
        let term_count = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&term_count.to_le_bytes());
        let position = records.first().map_or(0, |record| record.entry.position);
        out.extend_from_slice(&position.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.terms);

        let mut numbers = self.record_numbers.as_slice();
        for (ordinal, record) in (0_u32..).zip(records.iter_mut()) {
            let distance = u32::try_from(out.len() - frame_from).ok();
            let offset = distance.and_then(|distance| start.offset.checked_add(distance));
            let offset = offset.ok_or(FrameTooLong)?;
            record.entry.location = Location { segment: start.segment, offset };
            let count = record.entry.own_terms.len() + record.entry.shared_terms.len();
            let (own, rest) = numbers.split_at(count);
            numbers = rest;
            let (frame_offset, base_micros) = (start.offset, start.base_micros);
            record.encode(out, RecordPosition { offset, frame_offset, ordinal, base_micros }, own);
        }
        let len = u32::try_from(out.len() - frame_from).ok();
        let len = len.filter(|len| start.offset.checked_add(*len).is_some());
        let len = len.ok_or(FrameTooLong)?;
        let frame = &mut out[frame_from..];
        frame[4..8].copy_from_slice(&len.to_le_bytes());
        let sum = checksum(start.offset, &[&frame[..24], &self.terms]);
        frame[24..28].copy_from_slice(&sum.to_le_bytes());
        Ok(())
    }

    fn number_terms(&mut self, records: &[EncodedRecord]) {
        self.numbers.clear();
        self.terms.clear();
        self.record_numbers.clear();
        let entries = records.iter().map(|record| &record.entry);
        let terms = entries.flat_map(|entry| entry.own_terms.iter().chain(&entry.shared_terms));
        for term in terms {
            let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            let number = *self.numbers.entry(term.0).or_insert(next);
            if number == next {
                self.terms.extend_from_slice(&term.0.to_le_bytes());
            }
            self.record_numbers.push(number);
        }
    }
}

/// The head of a frame: everything before its records.
#[derive(Clone, Copy, Debug)]
pub struct FrameHead<'a> {
    /// Bytes of the whole frame.
    pub len: u32,
    /// How many records it has.
    pub record_count: u32,
    /// Position of the first record.
    pub first_position: u64,
    terms: &'a [u8],
}

/// How many bytes the head is long that begins with these; none if they begin no frame.
pub(crate) fn head_len(header: &[u8; FRAME_HEADER_BYTES]) -> Option<u64> {
    let mut rest = Bytes(header);
    if rest.array()? != FRAME_MAGIC {
        return None;
    }
    let len = rest.u32()?;
    let record_count = rest.u32()?;
    let head = FRAME_HEADER_BYTES as u64 + u64::from(rest.u32()?) * 8;
    (record_count > 0 && head < u64::from(len)).then_some(head)
}

impl<'a> FrameHead<'a> {
    /// Reads the head that `bytes` hold, all of it and nothing more; none if it does not
    /// check.
    pub(crate) fn decode(bytes: &'a [u8], offset: u32) -> Option<Self> {
        let (header, terms) = bytes.split_first_chunk::<FRAME_HEADER_BYTES>()?;
        if head_len(header)? != bytes.len() as u64 {
            return None;
        }
        let mut rest = Bytes(header.get(4..)?);
        let (len, record_count) = (rest.u32()?, rest.u32()?);
        rest.u32()?;
        let first_position = rest.u64()?;
        let sum = checksum(offset, &[header.get(..24)?, terms]);
        (rest.u32()? == sum).then_some(Self { len, record_count, first_position, terms })
    }

    fn term(&self, number: u32) -> Option<Term> {
        let from = usize::try_from(number).ok()?.checked_mul(8)?;
        let bytes = self.terms.get(from..)?.first_chunk()?;
        Some(Term(u64::from_le_bytes(*bytes)))
    }

    /// Own and shared terms of a statement in this frame; none if one of them is not here.
    fn terms_of(&self, statement: &StatementRecord<'_>) -> Option<(Vec<Term>, Vec<Term>)> {
        let (mut numbers, own_count) = statement.term_numbers();
        let mut own_terms = Vec::with_capacity(own_count);
        for number in numbers.by_ref().take(own_count) {
            own_terms.push(self.term(number)?);
        }
        let mut shared_terms = Vec::with_capacity(12);
        for number in numbers {
            shared_terms.push(self.term(number)?);
        }
        Some((own_terms, shared_terms))
    }

    /// What the index needs of a record in this frame; none if its terms are not here.
    pub fn entry(&self, record: &Record<'_>, at: RecordAt) -> Option<IndexEntry> {
        let statement = record.statement();
        let (own_terms, shared_terms) = match statement {
            Some(statement) => self.terms_of(statement)?,
            None => (Vec::new(), Vec::new()),
        };
        Some(IndexEntry {
            position: self.first_position.checked_add(record.ordinal.into())?,
            tenant: record.tenant,
            sequence: record.sequence,
            id: statement.map(|statement| statement.id),
            stored_micros: at.base_micros.checked_add_unsigned(record.stored_delta)?,
            location: at.location,
            own_terms,
            shared_terms,
            target: record.target,
            is_voiding: record.is_voiding,
        })
    }
}

/// Where a record was read, and the base time of its segment.
#[derive(Clone, Copy, Debug)]
pub struct RecordAt {
    /// Where it was read.
    pub location: Location,
    /// Base time of the segment.
    pub base_micros: i64,
}

/// A length within a frame, which is no longer than that.
fn u32_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// A frame in memory, checked.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Everything before its records.
    pub head: FrameHead<'a>,
    /// Where it stands.
    pub start: FrameStart,
    records: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Checks everything in the frame that `bytes` hold, all of it and nothing more.
    ///
    /// # Errors
    ///
    /// The offset in the segment of what does not check.
    pub fn decode(bytes: &'a [u8], start: FrameStart) -> Result<Self, u32> {
        let frame = Self::decode_head(bytes, start).ok_or(start.offset)?;
        let head = frame.head;
        let mut ordinal = 0;
        for record in frame.records() {
            let (location, record) = record?;
            let is_here = start.offset.checked_add(record.frame_distance) == Some(location.offset);
            if record.ordinal != ordinal || !is_here {
                return Err(location.offset);
            }
            ordinal += 1;
        }
        if ordinal == head.record_count { Ok(frame) } else { Err(start.offset) }
    }

    /// Checks the head only; none if it does not check or is of a frame of another length.
    pub(crate) fn decode_head(bytes: &'a [u8], start: FrameStart) -> Option<Self> {
        let head_len = usize::try_from(bytes.first_chunk().and_then(head_len)?).ok()?;
        let (head, records) = bytes.split_at_checked(head_len)?;
        let head = FrameHead::decode(head, start.offset)?;
        // No segment is so long that an offset in it would not fit.
        let fits = start.offset.checked_add(head.len).is_some();
        (fits && head.len as usize == bytes.len()).then_some(Self { head, start, records })
    }

    /// The bytes of its records, checked or not.
    pub(crate) const fn record_bytes(&self) -> &'a [u8] {
        self.records
    }

    /// Its records in order.
    ///
    /// Each is an error, the offset in the segment, if it does not check.
    pub fn records(&self) -> impl Iterator<Item = Result<(Location, Record<'a>), u32>> {
        let mut rest = self.records;
        let mut offset = self.start.offset + self.head.len - u32_of(self.records.len());
        let segment = self.start.segment;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let len = record_len(rest).and_then(|len| usize::try_from(len).ok());
            let split = len.and_then(|len| rest.split_at_checked(len));
            let record = split.and_then(|(bytes, _)| Record::decode(bytes, offset));
            let (Some((bytes, after)), Some(record)) = (split, record) else {
                rest = &[];
                return Some(Err(offset));
            };
            let location = Location { segment, offset };
            rest = after;
            offset += u32_of(bytes.len());
            Some(Ok((location, record)))
        })
    }
}

#[cfg(test)]
mod tests;
