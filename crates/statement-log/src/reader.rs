//! Reading the log: all its segments, by place.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use acta_ambient::Timestamp;
use acta_storage::{FeedContent, FeedRecord, StorageError, StoredStatement, TransferredStatement};
use acta_xapi::{Fingerprint, StatementId, StatementText, Uuid};

use crate::entry::{IndexEntry, IndexEntryLog, IndexEntrySource, Location};
use crate::frame::{Frame, FrameStart, RecordAt};
use crate::record::{Content, Record, StatementRecord};
use crate::segment::{FrameWalk, RecordBuffer, Segment, Step};

/// Longest text of a statement, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 30;

/// The segments of the log, open for reading.
#[derive(Debug)]
pub struct LogReader {
    directory: PathBuf,
    segments: RwLock<Vec<Arc<Segment>>>,
    /// Counts how often segments with statements were exchanged.
    exchanges: RwLock<u64>,
}

impl LogReader {
    /// Reads these segments, numbered from 1 without gaps.
    pub fn new(directory: PathBuf, segments: Vec<Arc<Segment>>) -> Self {
        Self { directory, segments: RwLock::new(segments), exchanges: RwLock::default() }
    }

    /// Adds the next segment.
    pub fn push(&self, segment: Arc<Segment>) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).push(segment);
    }

    /// Replaces the segment with the number of `segment`, in which nothing stands.
    pub fn replace(&self, segment: &Arc<Segment>) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        let number = segment.header.number;
        segments.iter_mut().filter(|one| one.header.number == number).for_each(|one| {
            *one = Arc::clone(segment);
        });
    }

    /// Lets `replace` exchange segments and what the index says of them: a reader of both sees
    /// them before or after, not in between.
    pub fn exchange(&self, replace: impl FnOnce()) {
        let mut exchanges = self.exchanges.write().unwrap_or_else(PoisonError::into_inner);
        replace();
        *exchanges += 1;
    }

    /// Reads the index and the log by `look`, again if locations have changed meanwhile.
    ///
    /// # Errors
    ///
    /// What `look` returns.
    pub fn retry_if_rewritten<T>(
        &self,
        look: impl Fn() -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let exchanges = || *self.exchanges.read().unwrap_or_else(PoisonError::into_inner);
        loop {
            let before = exchanges();
            let seen = look();
            if exchanges() == before {
                return seen;
            }
        }
    }

    /// Where the segments are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// All segments, in order.
    pub fn segments(&self) -> Vec<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest segment.
    pub fn last(&self) -> Option<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    /// The segment with this number.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] if there is none.
    pub fn segment(&self, number: u32) -> Result<Arc<Segment>, StorageError> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let index = (number as usize).checked_sub(1);
        let segment = index.and_then(|index| segments.get(index)).cloned();
        segment.ok_or_else(|| StorageError::Corrupt {
            place: format!("{}: no segment {number}", self.directory.display()),
        })
    }

    /// How many bytes the log has.
    pub fn bytes(&self) -> u64 {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.iter().map(|segment| segment.len()).sum()
    }

    /// Calls `use_record` with the record at `location`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`], or what `use_record` returns.
    pub fn with_record<T>(
        &self,
        location: Location,
        buffer: &mut RecordBuffer,
        use_record: impl FnOnce(&Segment, &Record<'_>) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let segment = self.segment(location.segment)?;
        let record = segment.read_record(location.offset, buffer)?;
        use_record(&segment, &record)
    }

    /// The fingerprint of the statement at `location`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub fn fingerprint(&self, location: Location) -> Result<[u8; 16], StorageError> {
        let mut buffer = RecordBuffer::default();
        self.with_record(location, &mut buffer, |segment, record| {
            Ok(expect_statement(segment, record, location)?.fingerprint)
        })
    }
}

/// The statement that must be in a record.
fn expect_statement<'r, 'a>(
    segment: &Segment,
    record: &'r Record<'a>,
    location: Location,
) -> Result<&'r StatementRecord<'a>, StorageError> {
    record.statement().ok_or_else(|| segment.corrupt(u64::from(location.offset)))
}

/// Where a record is, and what the index says of its statement.
#[derive(Clone, Copy, Debug)]
pub struct FoundRecord {
    /// Where it is.
    pub location: Location,
    /// Whether a voiding statement names the statement.
    pub is_voided: bool,
}

/// The statement in a record, complete.
///
/// # Errors
///
/// [`StorageError::Corrupt`], also where there is none.
pub fn statement_of(
    segment: &Segment,
    record: &Record<'_>,
    found: FoundRecord,
) -> Result<StoredStatement, StorageError> {
    let FoundRecord { location, is_voided } = found;
    let statement = expect_statement(segment, record, location)?;
    let text = text_of(segment, statement, location)?;
    let stored = Timestamp::from_unix_micros(segment.stored_micros(record));
    let text = StatementText::complete(&text, statement.is_timestamp_stored, &stored.to_string());
    Ok(StoredStatement {
        sequence: record.sequence,
        id: StatementId(Uuid::from_u128(statement.id)),
        stored,
        version: statement.version,
        is_voided,
        text,
    })
}

/// The statement in a record, just as it stands there.
///
/// # Errors
///
/// [`StorageError::Corrupt`]; [`StorageError::Io`] where it was erased.
pub fn transferred_statement_of(
    segment: &Segment,
    record: &Record<'_>,
    location: Location,
) -> Result<TransferredStatement, StorageError> {
    if matches!(record.content, Content::Erased(_)) {
        let why = "an erased statement cannot be copied yet";
        let source = io::Error::new(io::ErrorKind::Unsupported, why);
        return Err(StorageError::Io { act: "copying statements", source });
    }
    let statement = expect_statement(segment, record, location)?;
    let text = text_of(segment, statement, location)?;
    Ok(TransferredStatement {
        sequence: record.sequence,
        id: StatementId(Uuid::from_u128(statement.id)),
        stored: Timestamp::from_unix_micros(segment.stored_micros(record)),
        version: statement.version,
        fingerprint: Fingerprint(statement.fingerprint),
        salt: statement.salt,
        text: StatementText { text, is_timestamp_stored: statement.is_timestamp_stored },
        target: record.target.map(|target| StatementId(Uuid::from_u128(target))),
        is_voiding: record.is_voiding,
        defines: statement.defines,
    })
}

/// What followers read of a record.
///
/// # Errors
///
/// [`StorageError::Corrupt`].
pub fn feed_record_of(
    segment: &Segment,
    record: &Record<'_>,
    location: Location,
) -> Result<FeedRecord, StorageError> {
    if let Content::Erased(commitment) = record.content {
        return Ok(FeedRecord {
            sequence: record.sequence,
            stored: Timestamp::from_unix_micros(segment.stored_micros(record)),
            content: FeedContent::Erased { commitment },
        });
    }
    Ok(FeedRecord::of_statement(transferred_statement_of(segment, record, location)?))
}

/// The text of a statement, as kept.
///
/// # Errors
///
/// [`StorageError::Corrupt`].
pub fn text_of(
    segment: &Segment,
    statement: &StatementRecord<'_>,
    location: Location,
) -> Result<String, StorageError> {
    let text = segment.header.codec.unpack(statement.text, TEXT_BYTES_MAX);
    text.map_err(|_why| segment.corrupt(u64::from(location.offset)))
}

impl IndexEntryLog for LogReader {
    fn read_entries(
        &self,
        positions: Range<u64>,
        take: &mut dyn FnMut(IndexEntry) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let segments = self.segments();
        let first = segments
            .partition_point(|segment| segment.header.first_position <= positions.start)
            .saturating_sub(1);
        for segment in segments.iter().skip(first) {
            if positions.end <= segment.header.first_position {
                break;
            }
            read_segment(segment, &positions, take)?;
        }
        Ok(())
    }
}

fn read_segment(
    segment: &Segment,
    positions: &Range<u64>,
    take: &mut dyn FnMut(IndexEntry) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    let mut walk = FrameWalk::new(segment, segment.frames_from());
    while let Some(frame) = next_frame(&mut walk, segment)? {
        let first = frame.head.first_position;
        if positions.end <= first {
            break;
        }
        if positions.start < first + u64::from(frame.head.record_count) {
            take_entries(&frame, segment, positions, take)?;
        }
    }
    Ok(())
}

/// The next frame of a walk; none at the end of the segment.
///
/// # Errors
///
/// [`StorageError::Corrupt`] or [`StorageError::Io`].
pub fn next_frame<'w>(
    walk: &'w mut FrameWalk<'_>,
    segment: &Segment,
) -> Result<Option<Frame<'w>>, StorageError> {
    let (offset, bytes) = match walk.step()? {
        Step::Frame(offset, bytes) => (offset, bytes),
        Step::End => return Ok(None),
        Step::NoFrame(at) => return Err(segment.corrupt(at)),
    };
    let header = &segment.header;
    let start = FrameStart { segment: header.number, offset, base_micros: header.base_micros };
    Frame::decode(bytes, start).map(Some).map_err(|at| segment.corrupt(u64::from(at)))
}

fn take_entries(
    frame: &Frame<'_>,
    segment: &Segment,
    positions: &Range<u64>,
    take: &mut dyn FnMut(IndexEntry) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    for record in frame.records() {
        let (location, record) = record.map_err(|at| segment.corrupt(u64::from(at)))?;
        let at = RecordAt { location, base_micros: segment.header.base_micros };
        let entry = frame.head.entry(&record, at);
        let entry = entry.ok_or_else(|| segment.corrupt(u64::from(location.offset)))?;
        if positions.contains(&entry.position) {
            take(entry)?;
        }
    }
    Ok(())
}

impl IndexEntrySource for LogReader {
    fn load_entry(&self, location: Location) -> Result<IndexEntry, StorageError> {
        let mut buffer = RecordBuffer::default();
        self.with_record(location, &mut buffer, |segment, record| {
            segment.load_entry(record, location.offset)
        })
    }
}
