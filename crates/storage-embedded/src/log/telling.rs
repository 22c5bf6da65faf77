//! Reading the log again for the follower that knows activities and persons.

use std::sync::{Arc, Mutex, PoisonError};

use acta_access::TenantId;
use acta_storage::StorageError;
use acta_xapi::{ParseLimits, parse_statement};

use super::frame::{Frame, FrameStart};
use super::reader::{LogReader, text_of};
use super::record::Record;
use super::segment::{FrameWalk, Segment, Step};
use crate::entities::{Told, ToldSource};
use crate::index::Location;

/// Tells again what the statements of the log have told.
#[derive(Debug)]
pub(crate) struct TellingLog {
    reader: Arc<LogReader>,
    /// Where the last reading ended, for the next to go on there.
    last: Mutex<Option<FramePlace>>,
}

/// Where a frame begins whose first record has this position, or may begin.
#[derive(Clone, Copy, Debug)]
struct FramePlace {
    position: u64,
    segment: u32,
    /// Offsets are other ones when the segment is written anew.
    revision: u32,
    offset: u64,
}

impl TellingLog {
    /// Reads with `reader`.
    pub(crate) fn new(reader: Arc<LogReader>) -> Self {
        Self { reader, last: Mutex::new(None) }
    }

    /// A frame at or before `position`, as near as is known.
    fn start(&self, position: u64) -> Result<(FramePlace, Arc<Segment>), StorageError> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let segments = self.reader.segments();
        let behind = segments.partition_point(|segment| segment.header.first_position <= position);
        let number = u32::try_from(behind).unwrap_or(u32::MAX);
        let segment = self.reader.segment(number)?;
        let is_near = |last: &FramePlace| {
            last.position <= position
                && last.segment == number
                && last.revision == segment.header.revision
        };
        let first = FramePlace {
            position: segment.header.first_position,
            segment: number,
            revision: segment.header.revision,
            offset: segment.frames_from(),
        };
        Ok((last.filter(is_near).unwrap_or(first), segment))
    }
}

impl ToldSource for TellingLog {
    fn read_told(
        &self,
        from: u64,
        count_max: usize,
    ) -> Result<Vec<(TenantId, Told)>, StorageError> {
        let (start, segment) = self.start(from)?;
        let mut walk = FrameWalk::new(&segment, start.offset);
        let mut told = Vec::new();
        let mut place = start;
        while told.len() < count_max {
            let offset = walk.at();
            let (offset, bytes) = match walk.step()? {
                Step::Frame(offset, bytes) => (offset, bytes),
                Step::End => break,
                Step::NoFrame(_) => return Err(segment.corrupt(offset)),
            };
            let start = FrameStart { segment: place.segment, offset, base_micros: 0 };
            let frame = Frame::decode(bytes, start);
            let frame = frame.map_err(|at| segment.corrupt(u64::from(at)))?;
            let first = frame.head.first_position;
            place = FramePlace { position: first, offset: u64::from(offset), ..place };
            if first + u64::from(frame.head.record_count) <= from {
                continue;
            }
            let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
            let wanted = frame.records().skip(skipped).take(count_max - told.len());
            for record in wanted {
                let (location, record) = record.map_err(|at| segment.corrupt(u64::from(at)))?;
                told.push((record.tenant, tell(&segment, &record, location)?));
            }
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
        Ok(told)
    }
}

fn tell(segment: &Segment, record: &Record<'_>, location: Location) -> Result<Told, StorageError> {
    let Some(statement) = record.statement() else {
        return Ok(Told::default());
    };
    let text = text_of(segment, statement, location)?;
    let parsed = parse_statement(text.as_bytes(), statement.version, &ParseLimits::KEPT);
    Ok(parsed.map_or_else(
        |_| {
            // Accepted by an older release whose rules were wider. It is still given back.
            tracing::warn!(
                file = %segment.path().display(),
                offset = location.offset,
                "a stored statement does not pass today's rules: it tells nothing"
            );
            Told::default()
        },
        |statement| Told::of(&statement),
    ))
}
