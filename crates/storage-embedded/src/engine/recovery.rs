//! The start: what the last run left behind is checked, cut or refused, and the index is
//! brought up to the log.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_index::Index;
use acta_statement_log::close::{CLOSING_NAME, Closing, Mark, read_mark};
use acta_statement_log::dictionary::Codec;
use acta_statement_log::disk::{self, Disk};
use acta_statement_log::entry::IndexEntry;
use acta_statement_log::format::VERSION;
use acta_statement_log::frame::{Frame, FrameStart, RecordAt};
use acta_statement_log::reader::{LogReader, text_of};
use acta_statement_log::sampler::Sampler;
use acta_statement_log::segment::{
    FrameWalk, Segment, SegmentHeader, Step, Unreadable, segment_number,
};
use acta_statement_log::survey::next_frame_head;
use acta_storage::StorageError;

use crate::OpenError;
use crate::progress::{OnProgress, Progress};

/// How many entries go into the index at once.
const REPLAY_ENTRIES: usize = 8192;

/// Opens the segments in `directory`, without looking into them; makes the first if there
/// is none.
///
/// # Errors
///
/// [`OpenError::Newer`], or what storage reports.
pub(crate) fn open_segments(
    disk: &dyn Disk,
    directory: &Path,
    store_id: [u8; 16],
    now_micros: i64,
) -> Result<Vec<Arc<Segment>>, OpenError> {
    let failed = |source| StorageError::Io { act: "opening the log", source };
    let mut numbers = Vec::new();
    for name in disk.list(directory).map_err(failed)? {
        if is_draft(&name) {
            disk.remove(&directory.join(&name)).map_err(failed)?;
        } else if let Some(number) = segment_number(&name) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    let mut segments: Vec<Arc<Segment>> = Vec::with_capacity(numbers.len().max(1));
    for (expected, number) in (1..).zip(numbers) {
        if number != expected {
            let place = format!("{}: no segment {expected}", directory.display());
            return Err(StorageError::Corrupt { place }.into());
        }
        let before = segments.last().map(Arc::as_ref);
        let segment = match Segment::open(disk, directory, number, before).map_err(failed)? {
            Ok(segment) => segment,
            Err(unreadable) => return Err(refused(directory, number, unreadable)),
        };
        check_order(&segment, before, store_id)?;
        segments.push(Arc::new(segment));
    }
    if segments.is_empty() {
        let codec = Arc::new(Codec::new(&[]));
        let header = SegmentHeader {
            number: 1,
            store_id,
            first_position: 0,
            base_micros: now_micros,
            revision: 0,
            codec,
        };
        segments.push(Arc::new(Segment::create(disk, directory, header).map_err(failed)?));
    }
    Ok(segments)
}

/// Whether a file was being written when the store ended, and never finished.
pub(crate) fn is_draft(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "tmp")
}

/// Why the log cannot be opened, when the header of a segment in it cannot be used.
pub(crate) fn refused(directory: &Path, number: u32, unreadable: Unreadable) -> OpenError {
    let path: PathBuf = directory.join(acta_statement_log::segment::segment_name(number));
    match unreadable {
        Unreadable::Newer(found) => OpenError::Newer { path, found, known: VERSION },
        Unreadable::Damaged => {
            let place = format!("{} at byte 0", path.display());
            OpenError::Storage(StorageError::Corrupt { place })
        }
    }
}

/// Whether a segment is of the store and follows the one before.
///
/// # Errors
///
/// [`StorageError::Corrupt`] naming it.
pub(crate) fn check_order(
    segment: &Segment,
    before: Option<&Segment>,
    store_id: [u8; 16],
) -> Result<(), StorageError> {
    let header = &segment.header;
    let is_first_sound = before.is_some() || header.first_position == 0;
    let is_behind = before.is_none_or(|before| {
        before.header.first_position <= header.first_position
            && before.header.base_micros <= header.base_micros
            && before.header.number + 1 == header.number
    });
    if is_first_sound && is_behind && header.store_id == store_id {
        Ok(())
    } else {
        Err(segment.corrupt(0))
    }
}

/// Where the log ended when the store was closed; none if it was not.
///
/// # Errors
///
/// [`OpenError::Newer`], or what storage reports.
pub(crate) fn closing(
    disk: &dyn Disk,
    directory: &Path,
    store_id: [u8; 16],
) -> Result<Option<Closing>, OpenError> {
    match read_mark(disk, directory)? {
        Mark::None => Ok(None),
        Mark::Closed(closing) if closing.store_id == store_id => Ok(Some(closing)),
        Mark::Newer(found) => {
            Err(OpenError::Newer { path: directory.join(CLOSING_NAME), found, known: VERSION })
        }
        Mark::Closed(_) | Mark::Damaged => {
            tracing::warn!(
                file = %directory.join(CLOSING_NAME).display(),
                "the mark of a clean end is damaged: the log is read as after a crash"
            );
            Ok(None)
        }
    }
}

/// The log and the index that is to be brought up to it.
#[derive(Debug)]
pub(crate) struct Replay<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) reader: &'a LogReader,
    pub(crate) index: &'a Index,
    /// Where the log ended when the store was closed; none if it was not.
    pub(crate) closing: Option<Closing>,
}

/// What a replay ended with.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// The position of the next statement.
    pub(crate) next_position: u64,
    /// The latest `stored` time seen, in microseconds; none if nothing was read.
    pub(crate) last_stored: Option<i64>,
    /// The last sequences of the tenants that were seen.
    pub(crate) sequences: HashMap<TenantId, u64>,
    /// What was read and is not yet in the index.
    entries: Vec<IndexEntry>,
    progress: Progress,
    /// Where the newest frame of the segment begins, unless the index knows that it is durable.
    unsynced: Option<u64>,
    /// Whether the segment that is read is the last.
    is_last_segment: bool,
}

impl Replay<'_> {
    /// Checks the log from the newest known frame on, cuts a torn tail, and brings the
    /// index up to it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] naming file and offset of what does not check.
    pub(crate) fn run(&self, on_progress: Option<&OnProgress>) -> Result<Replayed, StorageError> {
        let segments = self.reader.segments();
        let (first, from) = self.start(&segments)?;
        let later = segments.get(first..).unwrap_or_default();
        let mut state = Replayed {
            next_position: 0,
            last_stored: None,
            sequences: HashMap::new(),
            entries: Vec::with_capacity(REPLAY_ENTRIES),
            progress: Progress {
                done_bytes: from,
                total_bytes: later.iter().map(|segment| segment.len()).sum(),
            },
            unsynced: None,
            is_last_segment: false,
        };
        for (index, segment) in later.iter().enumerate() {
            let from = if index == 0 { from } else { segment.frames_from() };
            if index > 0 && segment.header.first_position != state.next_position {
                return Err(segment.corrupt(0));
            }
            state.next_position = state.next_position.max(segment.header.first_position);
            state.is_last_segment = index + 1 == later.len();
            let walk = FrameWalk::new(segment, from);
            self.read_segment(walk, segment, &mut state, on_progress)?;
        }
        let last = segments.last().filter(|last| {
            let is_cut = |closing: Closing| closing.covers(last.header.number, last.len());
            // The index knows statements that the log has lost, or the log is shorter than
            // when it was closed.
            state.next_position < self.index.next_position() || self.closing.is_some_and(is_cut)
        });
        last.map_or(Ok(state), |last| Err(last.corrupt(last.len())))
    }

    fn read_segment(
        &self,
        mut walk: FrameWalk<'_>,
        segment: &Segment,
        state: &mut Replayed,
        on_progress: Option<&OnProgress>,
    ) -> Result<(), StorageError> {
        // A segment is begun when what is in the one before is durable.
        state.unsynced = None;
        loop {
            let from = walk.at();
            let is_last = state.is_last_segment;
            let expected = Expected { is_last, position: state.next_position };
            let Some(frame) = self.next_frame(&mut walk, segment, expected)? else {
                let unsynced = state.unsynced.filter(|_| is_last);
                rewrite_tail(segment, unsynced)?;
                return self.flush(state);
            };
            // What was read before was durable before this frame was written.
            if REPLAY_ENTRIES <= state.entries.len() {
                self.flush(state)?;
                report(on_progress, state.progress);
            }
            read_entries(&frame, segment, state)?;
            let is_known = state.next_position <= self.index.next_position();
            state.unsynced = (!is_known).then_some(from);
            state.progress.done_bytes += walk.at() - from;
        }
    }

    /// The index of the first segment to read, and the offset of the first frame in it.
    fn start(&self, segments: &[Arc<Segment>]) -> Result<(usize, u64), StorageError> {
        if let Some(newest) = self.index.last_location()? {
            let segment = self.reader.segment(newest.segment)?;
            let frame = segment.frame_of(newest.offset)?;
            return Ok((newest.segment as usize - 1, u64::from(frame)));
        }
        let next = self.index.next_position();
        let behind = segments.partition_point(|segment| segment.header.first_position <= next);
        let first = behind.saturating_sub(1);
        let from = segments.get(first).map_or(0, |segment| segment.frames_from());
        Ok((first, from))
    }

    fn flush(&self, state: &mut Replayed) -> Result<(), StorageError> {
        let entries = &mut state.entries;
        let next = self.index.next_position();
        let known = entries.partition_point(|entry| entry.position < next);
        let new = entries.get(known..).unwrap_or_default();
        if !new.is_empty() {
            self.index.insert(new, self.reader)?;
        }
        entries.clear();
        Ok(())
    }

    fn next_frame<'w>(
        &self,
        walk: &'w mut FrameWalk<'_>,
        segment: &Segment,
        expected: Expected,
    ) -> Result<Option<Frame<'w>>, StorageError> {
        let at = walk.at();
        let broken = match walk.step()? {
            Step::End => return Ok(None),
            Step::NoFrame(at) => at,
            Step::Frame(offset, bytes) => {
                let start = FrameStart {
                    segment: segment.header.number,
                    offset,
                    base_micros: segment.header.base_micros,
                };
                match Frame::decode(bytes, start) {
                    Ok(frame) => return Ok(Some(frame)),
                    Err(broken) => u64::from(broken),
                }
            }
        };
        // What the index knows was durable, and so was what stood there when the store was
        // closed, and everything before another frame.
        let was_durable = expected.position < self.index.next_position()
            || self.closing.is_some_and(|closing| closing.covers(segment.header.number, at));
        // The writer starts a frame only when the one before is durable, so there is none
        // behind one that was torn.
        if !expected.is_last || was_durable || next_frame_head(segment, at + 1)?.is_some() {
            return Err(segment.corrupt(broken));
        }
        self.cut(segment, at)?;
        Ok(None)
    }

    /// Removes what stands from `at` to the end of the last segment.
    fn cut(&self, segment: &Segment, at: u64) -> Result<(), StorageError> {
        let lost = segment.len() - at;
        tracing::warn!(
            file = %segment.path().display(),
            offset = at,
            bytes = lost,
            "cut {lost} bytes of an unfinished write from the end of the log"
        );
        let act = "cutting the end of the log";
        let failed = |source: io::Error| StorageError::Io { act, source };
        segment.file.truncate(at).map_err(failed)?;
        segment.file.sync().map_err(failed)?;
        let directory = self.reader.directory();
        self.disk.sync_directory(directory).map_err(failed)?;
        segment.publish(at);
        Ok(())
    }
}

/// Makes the newest frame durable, of which that is not certain, before anything is built upon
/// it: the last run may have failed to sync it, or have ended before.
fn rewrite_tail(segment: &Segment, unsynced: Option<u64>) -> Result<(), StorageError> {
    let Some(frame) = unsynced else { return Ok(()) };
    let act = "writing the end of the log again";
    disk::rewrite_and_sync(segment.file.as_ref(), frame)
        .map_err(|source| StorageError::Io { act, source })
}

fn report(on_progress: Option<&OnProgress>, progress: Progress) {
    if let Some(on_progress) = on_progress {
        on_progress(progress);
    }
}

/// What a frame should be.
#[derive(Clone, Copy, Debug)]
struct Expected {
    /// Whether its segment is the last.
    is_last: bool,
    /// The position of its first record, or one before.
    position: u64,
}

fn read_entries(
    frame: &Frame<'_>,
    segment: &Segment,
    state: &mut Replayed,
) -> Result<(), StorageError> {
    let at = frame.start.offset;
    let is_next = state.next_position == frame.head.first_position;
    // The first frame of a replay may stand anywhere in its segment.
    if !is_next && state.last_stored.is_some() {
        return Err(segment.corrupt(u64::from(at)));
    }
    for record in frame.records() {
        let (location, record) = record.map_err(|at| segment.corrupt(u64::from(at)))?;
        let at = RecordAt { location, base_micros: segment.header.base_micros };
        let entry = frame.head.entry(&record, at);
        let entry = entry.ok_or_else(|| segment.corrupt(u64::from(location.offset)))?;
        state.last_stored = Some(entry.stored_micros);
        state.sequences.insert(entry.tenant, entry.sequence);
        state.entries.push(entry);
    }
    state.next_position = frame.head.first_position + u64::from(frame.head.record_count);
    Ok(())
}

/// Gives the texts of a store that has no dictionary yet to the sampler. Damage ends it: a
/// dictionary is no reason to refuse what can be read.
///
/// # Errors
///
/// [`StorageError::Io`].
pub(crate) fn sample(reader: &LogReader, sampler: &Arc<Sampler>) -> Result<(), StorageError> {
    match sample_all(reader, sampler) {
        Err(StorageError::Corrupt { place }) => {
            tracing::error!(place, "a stored statement is damaged: `acta verify` shows details");
            Ok(())
        }
        other => other,
    }
}

fn sample_all(reader: &LogReader, sampler: &Arc<Sampler>) -> Result<(), StorageError> {
    for segment in reader.segments() {
        let mut walk = FrameWalk::new(&segment, segment.frames_from());
        while sampler.is_gathering() {
            let Step::Frame(offset, bytes) = walk.step()? else {
                break;
            };
            let start = FrameStart { segment: segment.header.number, offset, base_micros: 0 };
            let frame = Frame::decode(bytes, start);
            let frame = frame.map_err(|at| segment.corrupt(u64::from(at)))?;
            let mut texts = Vec::new();
            for record in frame.records() {
                let (location, record) = record.map_err(|at| segment.corrupt(u64::from(at)))?;
                let statement = record.statement();
                texts.extend(statement.map(|it| text_of(&segment, it, location)).transpose()?);
            }
            sampler.add(texts.iter().map(String::as_str));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
