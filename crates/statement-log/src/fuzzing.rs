//! Entry points for fuzzing: a segment is read as a start and as queries read it.

use std::io;
use std::path::Path;

use acta_storage::StorageError;
use bytes::Bytes;

use crate::dictionary::Codec;
use crate::disk::Disk;
use crate::entry::Location;
use crate::frame::{Frame, FrameEncoder, FrameStart, RecordAt};
use crate::reader::{FoundRecord, statement_of};
use crate::record::{Content, EncodedRecord, EncodedStatement, Record};
use crate::segment::{FrameWalk, RecordBuffer, Segment, Step};

/// The text that `packed` is, if it is at most `len_max` bytes long.
///
/// # Errors
///
/// When it is none.
pub fn unpack(dictionary: &[u8], packed: &[u8], len_max: usize) -> io::Result<String> {
    Codec::new(dictionary).unpack(packed, len_max)
}

/// The first segment of a log.
#[derive(Debug)]
pub struct OpenSegment(Segment);

impl OpenSegment {
    /// Opens the segment with the number 1 in `directory`; none if its header does not check.
    ///
    /// # Errors
    ///
    /// What the disk reports.
    pub fn open(disk: &dyn Disk, directory: &Path) -> io::Result<Option<Self>> {
        Ok(Segment::open(disk, directory, 1, None)?.ok().map(Self))
    }

    /// The whole frames up to the first that does not check, each with the offsets of its
    /// records.
    ///
    /// # Errors
    ///
    /// As for every start.
    pub fn frames(&self) -> Result<Vec<(u32, Vec<u32>)>, StorageError> {
        let mut frames = Vec::new();
        let mut walk = FrameWalk::new(&self.0, self.0.frames_from());
        while let Step::Frame(offset, bytes) = walk.step()? {
            let Ok(frame) = Frame::decode(bytes, self.start(offset)) else { break };
            let records = frame.records().map_while(Result::ok);
            frames.push((offset, records.map(|(location, _)| location.offset).collect()));
        }
        Ok(frames)
    }

    /// The frame of the record at `offset`, its entry for the index, and its text; none where it
    /// has none.
    ///
    /// # Errors
    ///
    /// As for every query.
    pub fn read(&self, offset: u32) -> Result<(u32, String, Option<String>), StorageError> {
        let mut buffer = RecordBuffer::default();
        let frame = self.0.frame_of(offset)?;
        let record = self.0.read_record(offset, &mut buffer)?;
        let entry = self.0.load_entry(&record, offset)?;
        let statement = statement_of(
            &self.0,
            &record,
            FoundRecord { location: entry.location, is_voided: false },
        );
        Ok((frame, format!("{entry:?}"), statement.ok().map(|statement| statement.text)))
    }

    /// The header and the frames as they would be written.
    ///
    /// # Errors
    ///
    /// As for every start.
    pub fn encode(&self) -> Result<Vec<u8>, StorageError> {
        self.encode_with(&|_| {})
    }

    /// The same, with two of three statements erased.
    ///
    /// # Errors
    ///
    /// As for every start.
    pub fn erase(&self) -> Result<Vec<u8>, StorageError> {
        self.encode_with(&|record| {
            let is_erased = record.entry.position % 3 != 0;
            if is_erased && record.content.statement().is_some() {
                record.entry.id = None;
                record.entry.own_terms.clear();
                record.entry.shared_terms.clear();
                record.content = Content::Erased([0xEE; 32]);
            }
        })
    }

    fn encode_with(&self, change: &dyn Fn(&mut EncodedRecord)) -> Result<Vec<u8>, StorageError> {
        let mut out = vec![0; usize::try_from(self.0.frames_from()).unwrap_or_default()];
        self.0.read(&mut out, 0)?;
        let mut encoder = FrameEncoder::default();
        let mut walk = FrameWalk::new(&self.0, self.0.frames_from());
        while let Step::Frame(offset, bytes) = walk.step()? {
            let Ok(frame) = Frame::decode(bytes, self.start(offset)) else { break };
            let Some(mut records) = self.prepare(&frame) else { break };
            records.iter_mut().for_each(change);
            let offset = u32::try_from(out.len()).unwrap_or(u32::MAX);
            if encoder.encode(&mut out, self.start(offset), &mut records).is_err() {
                break;
            }
        }
        Ok(out)
    }

    fn start(&self, offset: u32) -> FrameStart {
        let (segment, base_micros) = (self.0.header.number, self.0.header.base_micros);
        FrameStart { segment, offset, base_micros }
    }

    fn prepare(&self, frame: &Frame<'_>) -> Option<Vec<EncodedRecord>> {
        let records = frame.records().map_while(Result::ok);
        records.map(|(location, record)| self.prepare_record(frame, &record, location)).collect()
    }

    fn prepare_record(
        &self,
        frame: &Frame<'_>,
        record: &Record<'_>,
        location: Location,
    ) -> Option<EncodedRecord> {
        let at = RecordAt { location, base_micros: self.0.header.base_micros };
        let content = match &record.content {
            Content::Statement(statement) => Content::Statement(EncodedStatement {
                version: statement.version,
                is_timestamp_stored: statement.is_timestamp_stored,
                defines: statement.defines,
                fingerprint: statement.fingerprint,
                salt: [0; 16],
                text: Bytes::copy_from_slice(statement.text),
            }),
            Content::Erased(commitment) => Content::Erased(*commitment),
            Content::Removed => Content::Removed,
        };
        let entry = frame.head.entry(record, at)?;
        Some(EncodedRecord { entry, content, received: None })
    }
}
