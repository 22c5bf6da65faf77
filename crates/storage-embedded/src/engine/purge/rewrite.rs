//! A segment rewritten, with stubs in the place of a tenant's records.

use std::io;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::dictionary::Codec;
use acta_statement_log::disk::{Disk, DiskFile};
use acta_statement_log::entry::Location;
use acta_statement_log::frame::{Frame, FrameEncoder, FrameStart, FrameTooLong, RecordAt};
use acta_statement_log::reader::{next_frame, text_of};
use acta_statement_log::record::{
    Content, EncodedRecord, EncodedStatement, Record, StatementRecord,
};
use acta_statement_log::segment::{FrameWalk, Segment, SegmentHeader};
use acta_storage::StorageError;
use bytes::Bytes;

use super::files::{PURGING, draft_name, failed};

/// Bytes that are written at once.
const WRITE_BYTES: usize = 1 << 20;

/// Writes a segment without the tenant, durably but for its name. Its texts are repacked if
/// `packing` is given.
///
/// # Errors
///
/// [`StorageError::Corrupt`] if something in it does not check; [`StorageError::Full`] or
/// [`StorageError::Io`].
pub(super) fn rewrite(
    disk: &dyn Disk,
    segment: &Segment,
    tenant: TenantId,
    packing: Option<&Arc<Codec>>,
) -> Result<(), StorageError> {
    let old = &segment.header;
    let codec = Arc::clone(packing.unwrap_or(&old.codec));
    let header =
        SegmentHeader { revision: old.revision.wrapping_add(1).max(1), codec, ..old.clone() };
    let path = segment.path().with_file_name(draft_name(old.number));
    let file = disk.create(&path).map_err(failed)?;
    let mut out = Out { file: file.as_ref(), bytes: header.encode(), written: 0 };
    let rewriting = Rewriting { segment, header: &header, tenant, is_repacked: packing.is_some() };
    let mut encoder = FrameEncoder::default();
    let mut last_stored = old.base_micros;
    let mut walk = FrameWalk::new(segment, segment.frames_from());
    while let Some(frame) = next_frame(&mut walk, segment)? {
        let mut records = rewriting.records(&frame, &mut last_stored)?;
        let offset = u32::try_from(out.end()).map_err(|_out_of_range| too_long())?;
        let start = FrameStart { offset, ..frame.start };
        let written = encoder.encode(&mut out.bytes, start, &mut records);
        written.map_err(|FrameTooLong| too_long())?;
        out.write_if_long()?;
    }
    out.finish()
}

fn too_long() -> StorageError {
    StorageError::Io { act: PURGING, source: io::ErrorKind::FileTooLarge.into() }
}

struct Rewriting<'a> {
    segment: &'a Segment,
    header: &'a SegmentHeader,
    tenant: TenantId,
    is_repacked: bool,
}

impl Rewriting<'_> {
    /// The records of a frame as they will be. A stub has the time of the record before it, so
    /// that it reveals nothing.
    fn records(
        &self,
        frame: &Frame<'_>,
        last_stored: &mut i64,
    ) -> Result<Vec<EncodedRecord>, StorageError> {
        let mut records = Vec::with_capacity(frame.head.record_count as usize);
        for record in frame.records() {
            let corrupt = |at: u32| self.segment.corrupt(u64::from(at));
            let (location, record) = record.map_err(corrupt)?;
            if record.tenant == self.tenant || record.is_removed() {
                let position = frame.head.first_position + u64::from(record.ordinal);
                records.push(EncodedRecord::removed(position, *last_stored));
                continue;
            }
            let at = RecordAt { location, base_micros: self.segment.header.base_micros };
            let entry = frame.head.entry(&record, at).ok_or_else(|| corrupt(location.offset))?;
            *last_stored = entry.stored_micros;
            let content = self.content(&record, location)?;
            records.push(EncodedRecord { entry, content, received: None });
        }
        Ok(records)
    }

    fn content(
        &self,
        record: &Record<'_>,
        location: Location,
    ) -> Result<Content<EncodedStatement>, StorageError> {
        Ok(match &record.content {
            Content::Statement(statement) => Content::Statement(EncodedStatement {
                version: statement.version,
                is_timestamp_stored: statement.is_timestamp_stored,
                defines: statement.defines,
                fingerprint: statement.fingerprint,
                salt: statement.salt,
                text: self.text(statement, location)?,
            }),
            Content::Erased(commitment) => Content::Erased(*commitment),
            Content::Removed => Content::Removed,
        })
    }

    fn text(
        &self,
        statement: &StatementRecord<'_>,
        location: Location,
    ) -> Result<Bytes, StorageError> {
        if !self.is_repacked {
            return Ok(Bytes::copy_from_slice(statement.text));
        }
        let text = text_of(self.segment, statement, location)?;
        let (mut packed, mut ends) = (Vec::new(), Vec::new());
        let texts = std::iter::once(text.as_str());
        self.header.codec.pack(texts, &mut packed, &mut ends).map_err(failed)?;
        Ok(Bytes::from(packed))
    }
}

/// A file that is written from its beginning.
struct Out<'f> {
    file: &'f dyn DiskFile,
    bytes: Vec<u8>,
    written: u64,
}

impl Out<'_> {
    fn end(&self) -> u64 {
        self.written + self.bytes.len() as u64
    }

    fn write_if_long(&mut self) -> Result<(), StorageError> {
        if self.bytes.len() < WRITE_BYTES { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), StorageError> {
        self.file.write_at(&self.bytes, self.written).map_err(failed)?;
        self.written += self.bytes.len() as u64;
        self.bytes.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<(), StorageError> {
        self.write()?;
        self.file.sync().map_err(failed)
    }
}
