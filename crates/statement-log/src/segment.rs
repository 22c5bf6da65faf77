//! Segments: the files of the log.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use acta_storage::StorageError;

use crate::dictionary::Codec;
use crate::disk::{Disk, DiskFile};
use crate::entry::{IndexEntry, Location};
use crate::format::{
    Bytes, FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, SEGMENT_MAGIC, VERSION, checksum,
};
use crate::frame::{FrameHead, RecordAt, head_len};
use crate::record::{Record, record_len};

/// Longest dictionary that a segment may have, in bytes.
const DICTIONARY_BYTES_MAX: u32 = 1 << 20;

/// Bytes read at once in the hope that a record is not longer.
const RECORD_BYTES_LIKELY: u64 = 1024;

/// What the header of a segment says.
#[derive(Clone, Debug)]
pub struct SegmentHeader {
    /// The segment's number, from 1.
    pub number: u32,
    /// The store that it belongs to.
    pub store_id: [u8; 16],
    /// Position of its first record.
    pub first_position: u64,
    /// At or before every `stored` in it, in microseconds since 1970.
    pub base_micros: i64,
    /// How often it was rewritten; 0 for one that never was.
    pub revision: u32,
    /// How its texts are packed.
    pub codec: Arc<Codec>,
}

/// One file of the log, open for reading.
#[derive(Debug)]
pub struct Segment {
    /// What its header says.
    pub header: SegmentHeader,
    /// Its file.
    pub file: Arc<dyn DiskFile>,
    path: PathBuf,
    /// Bytes that are durable.
    len: AtomicU64,
}

/// A record's bytes, read from a segment.
#[derive(Debug, Default)]
pub struct RecordBuffer(Vec<u8>);

/// The name of a segment's file.
pub fn segment_name(number: u32) -> String {
    format!("{number:08}.log")
}

/// The number in the name of a segment's file; none for other files.
pub fn segment_number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".log")?;
    let number = digits.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

impl SegmentHeader {
    /// The bytes of the header.
    pub fn encode(&self) -> Vec<u8> {
        let dictionary = self.codec.dictionary();
        let mut out = Vec::with_capacity(SEGMENT_HEADER_BYTES + dictionary.len());
        out.extend_from_slice(&SEGMENT_MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.store_id);
        out.extend_from_slice(&self.first_position.to_le_bytes());
        out.extend_from_slice(&self.base_micros.to_le_bytes());
        let dictionary_len = u32::try_from(dictionary.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&dictionary_len.to_le_bytes());
        let revision = self.revision.to_le_bytes();
        let sum = checksum(0, &[&out, &revision, dictionary]);
        out.extend_from_slice(&sum.to_le_bytes());
        out.extend_from_slice(&revision);
        out.extend_from_slice(dictionary);
        out
    }

    /// Offset of the first frame.
    fn len(&self) -> u64 {
        (SEGMENT_HEADER_BYTES + self.codec.dictionary().len()) as u64
    }

    /// Reads the header of a file; the codec of `before` is shared if its dictionary is the
    /// same.
    fn read(file: &dyn DiskFile, before: Option<&Segment>) -> io::Result<Result<Self, Unreadable>> {
        let mut fixed = [0; SEGMENT_HEADER_BYTES];
        if !fill(file, &mut fixed, 0)? {
            return Ok(Err(Unreadable::Damaged));
        }
        let Some((mut rest, version, dictionary_len)) = Self::look(&fixed) else {
            return Ok(Err(Unreadable::Damaged));
        };
        if VERSION < version {
            return Ok(Err(Unreadable::Newer(version)));
        }
        let mut dictionary = vec![0; dictionary_len as usize];
        if !fill(file, &mut dictionary, SEGMENT_HEADER_BYTES as u64)? {
            return Ok(Err(Unreadable::Damaged));
        }
        let shared = before.map(|segment| &segment.header.codec);
        let shared = shared.filter(|codec| codec.dictionary() == dictionary);
        let header = (|| {
            let (number, store_id) = (rest.u32()?, rest.array()?);
            let (first_position, base_micros) = (rest.u64()?, rest.i64()?);
            // The length of the dictionary, which is known.
            rest.u32()?;
            let sum = rest.u32()?;
            let codec = shared.map_or_else(|| Arc::new(Codec::new(&dictionary)), Arc::clone);
            let found = checksum(0, &[fixed.get(..52)?, rest.0, &dictionary]);
            let revision = rest.u32()?;
            let header = Self { number, store_id, first_position, base_micros, revision, codec };
            (found == sum).then_some(header)
        })();
        Ok(header.ok_or(Unreadable::Damaged))
    }

    /// The fixed part behind the version, the version, and the dictionary's length.
    fn look(fixed: &[u8; SEGMENT_HEADER_BYTES]) -> Option<(Bytes<'_>, u32, u32)> {
        let mut rest = Bytes(fixed);
        if rest.array()? != SEGMENT_MAGIC {
            return None;
        }
        let version = rest.u32().filter(|version| 0 < *version)?;
        let dictionary_len = Bytes(fixed.get(48..)?).u32()?;
        (dictionary_len <= DICTIONARY_BYTES_MAX).then_some((rest, version, dictionary_len))
    }
}

/// Fills `buffer` from `offset` on; returns whether there are as many bytes.
fn fill(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<bool> {
    match file.read_at(buffer, offset) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        other => other.map(|()| true),
    }
}

/// Why the header of a segment cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It does not check.
    Damaged,
    /// A newer program wrote it.
    Newer(u32),
}

impl Segment {
    /// Creates a new, empty segment, whose name and header are durable.
    ///
    /// # Errors
    ///
    /// What the system reports. There is then no such segment.
    pub fn create(disk: &dyn Disk, directory: &Path, header: SegmentHeader) -> io::Result<Self> {
        let path = directory.join(segment_name(header.number));
        let draft = path.with_extension("log.tmp");
        let bytes = header.encode();
        let file = disk.create(&draft)?;
        let finish = || {
            file.write_at(&bytes, 0)?;
            file.sync()?;
            disk.rename(&draft, &path)?;
            // From here on the name may be durable, so that a lack of room is no excuse to go
            // on without this segment.
            disk.sync_directory(directory).map_err(io::Error::other)
        };
        if let Err(error) = finish() {
            // What is left of it only hinders the next attempt.
            let _ = disk.remove(&draft);
            let _ = disk.remove(&path);
            return Err(error);
        }
        Ok(Self { header, file, path, len: AtomicU64::new(bytes.len() as u64) })
    }

    /// Opens an existing segment and checks its header.
    ///
    /// # Errors
    ///
    /// The outer error is what the system reports.
    pub fn open(
        disk: &dyn Disk,
        directory: &Path,
        number: u32,
        before: Option<&Self>,
    ) -> io::Result<Result<Self, Unreadable>> {
        Self::open_at(disk, directory.join(segment_name(number)), before)
    }

    /// As [`Segment::open`], of a file with any name.
    ///
    /// # Errors
    ///
    /// The outer error is what the system reports.
    pub fn open_at(
        disk: &dyn Disk,
        path: PathBuf,
        before: Option<&Self>,
    ) -> io::Result<Result<Self, Unreadable>> {
        let file = disk.open(&path)?;
        let len = file.len()?;
        let header = SegmentHeader::read(file.as_ref(), before)?;
        Ok(header.map(|header| Self { header, file, path, len: AtomicU64::new(len) }))
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Offset of its first frame.
    #[inline]
    pub fn frames_from(&self) -> u64 {
        self.header.len()
    }

    /// Bytes that may be read.
    #[expect(clippy::len_without_is_empty, reason = "every segment has a header")]
    #[inline]
    pub fn len(&self) -> u64 {
        self.len.load(Ordering::Acquire)
    }

    /// Lets readers see the bytes up to `len`.
    #[inline]
    pub fn publish(&self, len: u64) {
        self.len.store(len, Ordering::Release);
    }

    /// The error for bytes at `offset` that do not check.
    pub fn corrupt(&self, offset: u64) -> StorageError {
        StorageError::Corrupt { place: format!("{} at byte {offset}", self.path.display()) }
    }

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn read(&self, buffer: &mut [u8], offset: u64) -> Result<(), StorageError> {
        let act = "reading the log";
        self.file.read_at(buffer, offset).map_err(|source| StorageError::Io { act, source })
    }

    /// Reads the record at `offset` into `buffer`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub fn read_record<'b>(
        &self,
        offset: u32,
        buffer: &'b mut RecordBuffer,
    ) -> Result<Record<'b>, StorageError> {
        let from = u64::from(offset);
        let available = self.len().saturating_sub(from);
        let likely = usize::try_from(available.min(RECORD_BYTES_LIKELY)).unwrap_or(0);
        let bytes = &mut buffer.0;
        bytes.resize(likely, 0);
        self.read(bytes, from)?;
        let len = record_len(bytes).filter(|len| *len <= available);
        let len = len.and_then(|len| usize::try_from(len).ok());
        let len = len.ok_or_else(|| self.corrupt(from))?;
        let have = bytes.len().min(len);
        bytes.resize(len, 0);
        if have < len {
            self.read(bytes.get_mut(have..).unwrap_or_default(), from + have as u64)?;
        }
        Record::decode(bytes, offset).ok_or_else(|| self.corrupt(from))
    }

    /// Offset of the frame that holds the record at `offset`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub fn frame_of(&self, offset: u32) -> Result<u32, StorageError> {
        let mut buffer = RecordBuffer::default();
        let record = self.read_record(offset, &mut buffer)?;
        let frame = offset.checked_sub(record.frame_distance);
        frame.ok_or_else(|| self.corrupt(u64::from(offset)))
    }

    /// What the index needs of a record that was read at `offset`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub fn load_entry(&self, record: &Record<'_>, offset: u32) -> Result<IndexEntry, StorageError> {
        let corrupt = || self.corrupt(u64::from(offset));
        let frame = offset.checked_sub(record.frame_distance).ok_or_else(corrupt)?;
        let mut header = [0; FRAME_HEADER_BYTES];
        self.read(&mut header, u64::from(frame))?;
        let len = head_len(&header).filter(|len| u64::from(frame) + len <= u64::from(offset));
        let len = len.and_then(|len| usize::try_from(len).ok()).ok_or_else(corrupt)?;
        let mut head = vec![0; len];
        self.read(&mut head, u64::from(frame))?;
        let head = FrameHead::decode(&head, frame).ok_or_else(corrupt)?;
        let location = Location { segment: self.header.number, offset };
        let at = RecordAt { location, base_micros: self.header.base_micros };
        head.entry(record, at).ok_or_else(corrupt)
    }

    /// When a record of this segment was stored.
    #[inline]
    pub fn stored_micros(&self, record: &Record<'_>) -> i64 {
        self.header.base_micros.saturating_add_unsigned(record.stored_delta)
    }
}

/// Walks through the frames of a segment, reading ahead.
#[derive(Debug)]
pub struct FrameWalk<'s> {
    segment: &'s Segment,
    at: u64,
    window: Vec<u8>,
    window_at: u64,
}

/// Bytes that a [`FrameWalk`] reads at once.
const WINDOW_BYTES: u64 = 1 << 20;

/// What a [`FrameWalk`] found.
#[derive(Debug)]
pub enum Step<'w> {
    /// Bytes of a frame that begins at the offset, not yet checked.
    Frame(u32, &'w [u8]),
    /// The end of the segment.
    End,
    /// At this offset no frame begins, or it is longer than the segment.
    NoFrame(u64),
}

impl<'s> FrameWalk<'s> {
    /// Starts at the frame that begins at `offset`.
    pub fn new(segment: &'s Segment, offset: u64) -> Self {
        Self { segment, at: offset, window: Vec::new(), window_at: offset }
    }

    /// Offset of the next frame.
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// Makes sure that `count` bytes from `self.at` on are in the window, if there are.
    fn fill(&mut self, count: u64) -> Result<bool, StorageError> {
        let available = self.segment.len().saturating_sub(self.at);
        if available < count {
            return Ok(false);
        }
        if self.at + count > self.window_at + self.window.len() as u64 {
            let len = usize::try_from(count.max(WINDOW_BYTES).min(available)).unwrap_or(0);
            self.window.resize(len, 0);
            self.window_at = self.at;
            self.segment.read(&mut self.window, self.at)?;
        }
        Ok(true)
    }

    /// The next frame.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub fn step(&mut self) -> Result<Step<'_>, StorageError> {
        if self.at == self.segment.len() {
            return Ok(Step::End);
        }
        let Some(len) = self.frame_len()? else {
            return Ok(Step::NoFrame(self.at));
        };
        if !self.fill(u64::from(len))? {
            return Ok(Step::NoFrame(self.at));
        }
        let from = usize::try_from(self.at - self.window_at).unwrap_or(usize::MAX);
        let frame = self.window.get(from..).and_then(|rest| rest.get(..len as usize));
        let (Some(frame), Ok(at)) = (frame, u32::try_from(self.at)) else {
            return Ok(Step::NoFrame(self.at));
        };
        self.at += u64::from(len);
        Ok(Step::Frame(at, frame))
    }

    fn frame_len(&mut self) -> Result<Option<u32>, StorageError> {
        if !self.fill(FRAME_HEADER_BYTES as u64)? {
            return Ok(None);
        }
        let from = usize::try_from(self.at - self.window_at).unwrap_or(usize::MAX);
        let header = self.window.get(from..).and_then(|rest| rest.first_chunk());
        let header: Option<&[u8; FRAME_HEADER_BYTES]> = header;
        let len = header.filter(|header| head_len(header).is_some());
        Ok(len.and_then(|header| Bytes(header.get(4..)?).u32()))
    }
}
