//! Reading a segment from end to end without changing it, going on behind damage.
//!
//! Nothing is believed that does not check: behind bytes that do not, the survey looks for
//! the next record of the frame, and then for the next frame.

use acta_storage::StorageError;

use crate::entry::Location;
use crate::format::FRAME_HEADER_BYTES;
use crate::frame::{Frame, FrameHead, FrameStart, head_len};
use crate::record::{Record, begins_record, record_len};
use crate::segment::{FrameWalk, Segment, Step};

/// Bytes that are searched at once for a frame.
const SEARCH_BYTES: u64 = 1 << 20;

/// Bytes behind a damaged head in which its records are looked for.
const SALVAGE_BYTES_MAX: u64 = 64 << 20;

/// What a survey comes upon, in the order of the file.
pub trait Surveyor {
    /// A frame whose head checks. Its records and what is damaged among them follow.
    ///
    /// # Errors
    ///
    /// Any error ends the survey, and is what it returns.
    fn see_frame(&mut self, segment: &Segment, frame: &Frame<'_>) -> Result<(), StorageError> {
        let _ = (segment, frame);
        Ok(())
    }

    /// A record that checks.
    ///
    /// # Errors
    ///
    /// As [`Surveyor::see_frame`].
    fn see_record(&mut self, segment: &Segment, seen: Seen<'_>) -> Result<(), StorageError>;

    /// Bytes that do not check.
    ///
    /// # Errors
    ///
    /// As [`Surveyor::see_frame`].
    fn see_damage(&mut self, segment: &Segment, damage: Damage) -> Result<(), StorageError>;

    /// The segment has been read up to this offset.
    fn reach(&mut self, segment: &Segment, offset: u64) {
        let _ = (segment, offset);
    }
}

/// A record that checks.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Its place among all statements.
    pub position: u64,
    /// Where it stands.
    pub location: Location,
    /// What it holds.
    pub record: Record<'a>,
    /// The head of its frame, if that checks.
    pub head: Option<FrameHead<'a>>,
}

/// Bytes of a segment that do not check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where they begin.
    pub offset: u64,
    /// Where something that checks begins again, or the segment ends.
    pub end: u64,
    /// What should stand there.
    pub kind: DamageKind,
    /// The position of the first statement that should stand there.
    pub first_position: u64,
    /// How many statements should stand there; none if it is not known.
    pub count: Option<u64>,
}

/// What damaged bytes should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// Records of a frame whose head checks.
    Records,
    /// The head of a frame. Records behind it are seen if they check, before this is reported.
    Head,
    /// The end of the segment: no whole frame follows.
    Tail,
    /// Frames that check, but leave out positions, or have them twice.
    Gap,
}

/// Where a survey of a segment begins.
#[derive(Clone, Copy, Debug)]
pub struct SurveyStart {
    /// Offset of the first frame.
    pub offset: u64,
    /// The position that it should begin with.
    pub position: u64,
}

/// Reads the frames of a segment from `start` on. Returns the position behind the last one.
///
/// # Errors
///
/// [`StorageError::Io`], or what the surveyor returns.
pub fn survey(
    segment: &Segment,
    start: SurveyStart,
    surveyor: &mut dyn Surveyor,
) -> Result<u64, StorageError> {
    let mut next_position = start.position;
    let mut walk = FrameWalk::new(segment, start.offset);
    loop {
        let at = walk.at();
        let broken_at = match walk.step()? {
            Step::End => return Ok(next_position),
            Step::Frame(offset, bytes) => {
                let start = frame_start(segment, offset);
                match Frame::decode_head(bytes, start) {
                    Some(frame) => {
                        next_position = survey_frame(segment, &frame, next_position, surveyor)?;
                        surveyor.reach(segment, walk.at());
                        continue;
                    }
                    None => at,
                }
            }
            Step::NoFrame(at) => at,
        };
        let next = next_frame_head(segment, broken_at + 1)?;
        let damage = Damage {
            offset: broken_at,
            end: next.map_or(segment.len(), |(offset, _)| offset),
            kind: if next.is_some() { DamageKind::Head } else { DamageKind::Tail },
            first_position: next_position,
            count: next.and_then(|(_, first)| first.checked_sub(next_position)),
        };
        salvage(segment, damage, surveyor)?;
        surveyor.see_damage(segment, damage)?;
        surveyor.reach(segment, damage.end);
        let Some((offset, first)) = next else { return Ok(next_position) };
        next_position = next_position.max(first);
        walk = FrameWalk::new(segment, offset);
    }
}

fn frame_start(segment: &Segment, offset: u32) -> FrameStart {
    let header = &segment.header;
    FrameStart { segment: header.number, offset, base_micros: header.base_micros }
}

/// Goes through the records of a frame whose head checks.
fn survey_frame(
    segment: &Segment,
    frame: &Frame<'_>,
    expected: u64,
    surveyor: &mut dyn Surveyor,
) -> Result<u64, StorageError> {
    let offset = frame.start.offset;
    let first = frame.head.first_position;
    if first != expected {
        surveyor.see_damage(
            segment,
            Damage {
                offset: offset.into(),
                end: offset.into(),
                kind: DamageKind::Gap,
                first_position: expected,
                count: first.checked_sub(expected),
            },
        )?;
    }
    surveyor.see_frame(segment, frame)?;
    let records_from = frame.head.len - u32::try_from(frame.record_bytes().len()).unwrap_or(0);
    let region = Region {
        segment,
        frame_offset: offset,
        bytes: frame.record_bytes(),
        bytes_from: records_from,
        first_position: first,
        head: Some(frame.head),
    };
    region.walk(frame.head.record_count, surveyor)?;
    Ok(first + u64::from(frame.head.record_count))
}

/// Shows the records behind a damaged head that check by themselves.
fn salvage(
    segment: &Segment,
    damage: Damage,
    surveyor: &mut dyn Surveyor,
) -> Result<(), StorageError> {
    let from = damage.offset + FRAME_HEADER_BYTES as u64;
    let len = damage.end.saturating_sub(from).min(SALVAGE_BYTES_MAX);
    let (Ok(frame_offset), Ok(len)) = (u32::try_from(damage.offset), usize::try_from(len)) else {
        return Ok(());
    };
    let mut bytes = vec![0; len];
    segment.read(&mut bytes, from)?;
    let region = Region {
        segment,
        frame_offset,
        bytes: &bytes,
        bytes_from: u32::try_from(FRAME_HEADER_BYTES).unwrap_or(0),
        first_position: damage.first_position,
        head: None,
    };
    region.show_records(surveyor)
}

/// The records of one frame, some of which may be damaged.
struct Region<'a> {
    segment: &'a Segment,
    frame_offset: u32,
    bytes: &'a [u8],
    /// Distance of these from the beginning of the frame.
    bytes_from: u32,
    first_position: u64,
    head: Option<FrameHead<'a>>,
}

impl<'a> Region<'a> {
    /// The record that begins at `at`, and its length, if it checks.
    fn record_at(&self, at: usize) -> Option<(Record<'a>, usize)> {
        let rest = self.bytes.get(at..)?;
        let distance = self.distance(at)?;
        if !begins_record(rest, distance) {
            return None;
        }
        let len = record_len(rest).and_then(|len| usize::try_from(len).ok())?;
        let record = Record::decode(rest.get(..len)?, self.frame_offset.checked_add(distance)?)?;
        (record.frame_distance == distance).then_some((record, len))
    }

    fn distance(&self, at: usize) -> Option<u32> {
        u32::try_from(at).ok()?.checked_add(self.bytes_from)
    }

    /// The next record at or behind `at` that checks and has at least this ordinal.
    fn next_record(&self, at: usize, ordinal: u32) -> Option<(usize, Record<'a>, usize)> {
        (at..self.bytes.len()).find_map(|at| {
            let (record, len) = self.record_at(at)?;
            (ordinal <= record.ordinal).then_some((at, record, len))
        })
    }

    fn offset_of(&self, at: usize) -> u64 {
        u64::from(self.frame_offset) + u64::from(self.bytes_from) + at as u64
    }

    fn show(
        &self,
        at: usize,
        record: Record<'a>,
        surveyor: &mut dyn Surveyor,
    ) -> Result<(), StorageError> {
        let offset = u32::try_from(self.offset_of(at)).unwrap_or(u32::MAX);
        let location = Location { segment: self.segment.header.number, offset };
        let position = self.first_position + u64::from(record.ordinal);
        surveyor.see_record(self.segment, Seen { position, location, record, head: self.head })
    }

    /// Shows all records that check, wherever they stand.
    fn show_records(&self, surveyor: &mut dyn Surveyor) -> Result<(), StorageError> {
        let (mut at, mut ordinal) = (0, 0);
        while let Some((found_at, record, len)) = self.next_record(at, ordinal) {
            at = found_at + len;
            ordinal = record.ordinal.saturating_add(1);
            self.show(found_at, record, surveyor)?;
        }
        Ok(())
    }

    /// Shows the records, of which there should be `count` and nothing else.
    fn walk(&self, count: u32, surveyor: &mut dyn Surveyor) -> Result<(), StorageError> {
        let (mut at, mut ordinal) = (0, 0);
        while ordinal < count || at < self.bytes.len() {
            let found = self.next_record(at, ordinal).filter(|(_, found, _)| found.ordinal < count);
            let (found_at, found_ordinal) =
                found.as_ref().map_or((self.bytes.len(), count), |(at, it, _)| (*at, it.ordinal));
            if at < found_at || ordinal < found_ordinal {
                let damage = Damage {
                    offset: self.offset_of(at),
                    end: self.offset_of(found_at),
                    kind: DamageKind::Records,
                    first_position: self.first_position + u64::from(ordinal),
                    count: Some(u64::from(found_ordinal - ordinal)),
                };
                surveyor.see_damage(self.segment, damage)?;
            }
            let Some((_, record, len)) = found else { return Ok(()) };
            at = found_at + len;
            ordinal = found_ordinal + 1;
            self.show(found_at, record, surveyor)?;
        }
        Ok(())
    }
}

/// The first frame at or behind `from` whose head checks: its offset and first position.
///
/// # Errors
///
/// [`StorageError::Io`].
pub fn next_frame_head(segment: &Segment, from: u64) -> Result<Option<(u64, u64)>, StorageError> {
    let mut window = Vec::new();
    let mut from = from;
    while from + FRAME_HEADER_BYTES as u64 <= segment.len() {
        let len = (segment.len() - from).min(SEARCH_BYTES + FRAME_HEADER_BYTES as u64);
        window.resize(usize::try_from(len).unwrap_or(0), 0);
        segment.read(&mut window, from)?;
        let headers = (from..).zip(window.array_windows::<FRAME_HEADER_BYTES>());
        for (offset, header) in headers.filter(|(_, header)| head_len(header).is_some()) {
            if let Some(first_position) = checked_head(segment, offset, header)? {
                return Ok(Some((offset, first_position)));
            }
        }
        from += SEARCH_BYTES + 1;
    }
    Ok(None)
}

/// The first position of the frame whose head begins with this header, if it checks.
fn checked_head(
    segment: &Segment,
    at: u64,
    header: &[u8; FRAME_HEADER_BYTES],
) -> Result<Option<u64>, StorageError> {
    let len = head_len(header).filter(|len| at + len <= segment.len());
    let len = len.and_then(|len| usize::try_from(len).ok());
    let (Some(len), Ok(offset)) = (len, u32::try_from(at)) else { return Ok(None) };
    let mut head = vec![0; len];
    segment.read(&mut head, at)?;
    Ok(FrameHead::decode(&head, offset).map(|head| head.first_position))
}

#[cfg(test)]
mod tests;
