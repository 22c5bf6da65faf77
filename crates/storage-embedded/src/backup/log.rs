//! Copying the statement log beside its writer.

use std::io;
use std::path::Path;

use acta_statement_log::format::SEGMENT_HEADER_BYTES;
use acta_statement_log::frame::{Frame, FrameStart};
use acta_statement_log::segment::{FrameWalk, Segment, Step, segment_name, segment_number};
use acta_statement_log::survey::next_frame_head;
use acta_storage::StorageError;
use acta_xapi::scalar::Sha2Hasher;

use super::destination::{NewFile, hash_so_far};
use super::manifest::FileEntry;
use super::progress::CopyStage;
use super::{BackupError, Run, tree};
use crate::engine::recovery::{check_order, refused};

/// How often a place that does not check is read again: the writer may have been at it.
const READ_COUNT_MAX: u32 = 3;

const READING: &str = "reading the log";

impl Run<'_> {
    /// Copies what is new in the log, which must have `durable_count` statements at least.
    /// Returns how many it has.
    ///
    /// # Errors
    ///
    /// As [`super::Backup::run`].
    pub(super) fn copy_log(
        &mut self,
        store_id: [u8; 16],
        durable_count: u64,
    ) -> Result<u64, BackupError> {
        let directory = self.data.join("log");
        let numbers = self.segment_numbers(&directory)?;
        self.check_that_none_is_gone(&numbers)?;
        self.begin_log(&directory, &numbers)?;
        let mut before: Option<Segment> = None;
        let mut end = None;
        for (index, number) in numbers.iter().enumerate() {
            let is_last = index + 1 == numbers.len();
            let opened = Segment::open(&self.source, &directory, *number, before.as_ref());
            let segment = match opened {
                Ok(Ok(segment)) => segment,
                Ok(Err(unreadable)) => {
                    let error = refused(&directory, *number, unreadable);
                    return Err(BackupError::open(&directory)(error));
                }
                // It was being made, and the disk had no room for it.
                Err(error) if is_last && tree::is_absent(&error) && !self.had(*number) => break,
                Err(error) => return Err(BackupError::io(READING, &directory)(error)),
            };
            let failed = BackupError::storage(READING, segment.path());
            check_order(&segment, before.as_ref(), store_id).map_err(&failed)?;
            if end.is_some_and(|end| end != segment.header.first_position) {
                return Err(failed(segment.corrupt(0)));
            }
            end = self.copy_segment(&segment, is_last)?;
            before = Some(segment);
        }
        let nothing = || BackupError::NoStore { directory: self.data.to_path_buf() };
        let end = end.ok_or_else(nothing)?;
        if end < durable_count {
            // What looked like a frame being written was one that has been written.
            let (path, at) = self.end_of_log();
            let place = format!("{} at byte {at}", self.data.join(path).display());
            return Err(BackupError::Damaged { place });
        }
        Ok(end)
    }

    /// The numbers of the segments that are there, from 1 without gaps.
    fn segment_numbers(&self, directory: &Path) -> Result<Vec<u32>, BackupError> {
        let paths = tree::list(&self.source, self.data, "log");
        let paths = paths.map_err(BackupError::io(READING, directory))?;
        let names = paths.iter().filter_map(|path| path.rsplit('/').next());
        let mut numbers: Vec<u32> = names.filter_map(segment_number).collect();
        numbers.sort_unstable();
        match (1..).zip(&numbers).find(|(expected, number)| expected != *number) {
            Some((missing, _)) => {
                let place = format!("{}: no segment {missing}", directory.display());
                Err(BackupError::Damaged { place })
            }
            None => Ok(numbers),
        }
    }

    fn diverged(&self, reason: String) -> BackupError {
        BackupError::Diverged { directory: self.destination.root().to_path_buf(), reason }
    }

    /// Whether the former backup has something of a segment.
    fn had(&self, number: u32) -> bool {
        self.former.files.contains_key(&path_of(number))
    }

    /// The last segment that was copied, and its length.
    fn end_of_log(&self) -> (&str, u64) {
        let mut segments = self.files.iter().rev().filter(|(path, _)| path.starts_with("log/"));
        segments.next().map_or(("log", 0), |(path, entry)| (path.as_str(), entry.bytes))
    }

    fn check_that_none_is_gone(&self, numbers: &[u32]) -> Result<(), BackupError> {
        let has = |path: &str| numbers.iter().any(|number| path_of(*number) == path);
        let mut former = self.former.files.keys().filter(|path| path.starts_with("log/"));
        match former.find(|path| !has(path)) {
            Some(path) => Err(self.diverged(format!("it has {path}, and the store does not"))),
            None => Ok(()),
        }
    }

    /// Tells how many bytes the log has.
    fn begin_log(&self, directory: &Path, numbers: &[u32]) -> Result<(), BackupError> {
        let mut total = 0;
        for number in numbers {
            let path = directory.join(segment_name(*number));
            let failed = BackupError::io(READING, &path);
            if let Some(file) = tree::open(&self.source, &path).map_err(&failed)? {
                total += file.len().map_err(failed)?;
            }
        }
        self.meter.begin(CopyStage::Log, total);
        Ok(())
    }

    /// Copies what is new in a segment. Returns the position behind it; none if it was not
    /// read, because the former backup has all of it.
    fn copy_segment(
        &mut self,
        segment: &Segment,
        is_last: bool,
    ) -> Result<Option<u64>, BackupError> {
        let number = segment.header.number;
        let path = path_of(number);
        let former = self.former.files.get(&path).cloned();
        // It is another file since a tenant was removed from it.
        let is_other =
            |former: &FileEntry| 0 < segment.header.revision && !self.has_head_of(segment, former);
        let former = former.filter(|former| !is_other(former));
        let kept = former.clone().filter(|entry| self.has_copy_of(segment, entry));
        let was_closed = self.had(number + 1);
        if let Some(entry) = &kept
            && (was_closed && !is_last && entry.bytes == segment.len())
        {
            self.meter.add(segment.len());
            self.files.insert(path, entry.clone());
            return Ok(None);
        }
        if is_last {
            // What is copied is then durable in the store too, whatever happens to it.
            let synced = segment.file.sync();
            synced.map_err(BackupError::io("syncing the log", segment.path()))?;
        }
        let copy = match &kept {
            Some(entry) => Copy::of_more(entry.clone()),
            None => Copy::of_all(former, self.free_name(&path)),
        };
        self.copy_frames(segment, is_last, copy).map(Some)
    }

    /// Whether the destination has the beginning of this segment, known by its head.
    fn has_copy_of(&self, segment: &Segment, entry: &FileEntry) -> bool {
        self.destination.holds(entry) && self.has_head_of(segment, entry)
    }

    fn has_head_of(&self, segment: &Segment, entry: &FileEntry) -> bool {
        let mut heads = [[0; SEGMENT_HEADER_BYTES]; 2];
        let [ours, theirs] = &mut heads;
        let copied = self.destination.open(&entry.file).and_then(|file| file.read_at(theirs, 0));
        let read = segment.read(ours, 0);
        copied.is_ok() && read.is_ok() && ours == theirs
    }

    fn copy_frames(
        &mut self,
        segment: &Segment,
        is_last: bool,
        mut copy: Copy,
    ) -> Result<u64, BackupError> {
        let failed = BackupError::storage(READING, segment.path());
        let mut head = vec![0; usize::try_from(segment.frames_from()).unwrap_or(0)];
        segment.read(&mut head, 0).map_err(&failed)?;
        self.take(&mut copy, segment, &head)?;
        let mut position = segment.header.first_position;
        let mut walk = Walk::new(segment, is_last);
        while let Some(frame) = walk.next().map_err(&failed)? {
            if frame.first_position != position {
                return Err(failed(segment.corrupt(frame.at)));
            }
            position += frame.record_count;
            self.take(&mut copy, segment, &walk.frame)?;
        }
        self.finish(copy, segment, is_last)?;
        Ok(position)
    }

    /// Takes the next bytes of a segment, whole frames, into its copy.
    fn take(
        &mut self,
        copy: &mut Copy,
        segment: &Segment,
        bytes: &[u8],
    ) -> Result<(), BackupError> {
        copy.hasher.update(bytes);
        self.meter.add(bytes.len() as u64);
        let from = copy.at;
        copy.at += bytes.len() as u64;
        if let Some(former) = &copy.former {
            let is_reached = from < former.bytes && former.bytes <= copy.at;
            let agrees = former.bytes == copy.at && hash_so_far(&copy.hasher) == former.sha256;
            if is_reached && !agrees {
                return Err(self.diverged(format!("{} differs", path_of(segment.header.number))));
            }
        }
        if copy.at <= copy.kept_bytes {
            return Ok(());
        }
        if copy.file.is_none() {
            let file = match &copy.former {
                Some(former) if copy.kept_bytes > 0 => self.destination.extend(former)?,
                _ => self.destination.create(&copy.name)?,
            };
            copy.file = Some(file);
        }
        copy.file.as_mut().map_or(Ok(()), |file| file.write(bytes))
    }

    fn finish(&mut self, copy: Copy, segment: &Segment, is_last: bool) -> Result<(), BackupError> {
        let path = path_of(segment.header.number);
        if copy.former.as_ref().is_some_and(|former| copy.at < former.bytes) {
            return Err(self.diverged(format!("{path} is shorter in the store")));
        }
        let is_empty = copy.at == segment.frames_from();
        if is_last && is_empty && segment.header.number > 1 && copy.former.is_none() {
            // Its own name may not be durable yet. The store goes on without it.
            drop(copy.file);
            return self.destination.remove(&copy.name);
        }
        let entry = FileEntry { file: copy.name, bytes: copy.at, sha256: copy.hasher.finish() };
        match copy.file {
            None => {
                self.files.insert(path, entry);
            }
            Some(file) => {
                file.finish()?;
                self.add(&path, entry, copy.at - copy.kept_bytes);
            }
        }
        Ok(())
    }
}

fn path_of(number: u32) -> String {
    format!("log/{}", segment_name(number))
}

/// A segment on its way into the backup.
struct Copy {
    /// The file in the destination.
    name: String,
    /// What the former backup has of the segment, and what must be found again.
    former: Option<FileEntry>,
    /// How many bytes the destination has and keeps.
    kept_bytes: u64,
    hasher: Sha2Hasher,
    /// How many bytes were read.
    at: u64,
    /// None until there is something to be written.
    file: Option<NewFile>,
}

impl Copy {
    /// Appends to what the former backup has.
    fn of_more(former: FileEntry) -> Self {
        let (name, kept_bytes) = (former.file.clone(), former.bytes);
        Self { kept_bytes, ..Self::of_all(Some(former), name) }
    }

    /// Writes everything, to a new file.
    fn of_all(former: Option<FileEntry>, name: String) -> Self {
        Self { name, former, kept_bytes: 0, hasher: Sha2Hasher::sha256(), at: 0, file: None }
    }
}

/// A frame that checks.
struct Sound {
    at: u64,
    first_position: u64,
    record_count: u64,
}

/// What stands at a place.
enum Look {
    Sound(Sound),
    End,
    /// Nothing that checks; the offset names what does not.
    Broken(u64),
}

/// Walks through a segment's frames, checking them, beside the one who writes them.
struct Walk<'s> {
    segment: &'s Segment,
    is_last: bool,
    frames: FrameWalk<'s>,
    /// The bytes of the last frame.
    frame: Vec<u8>,
}

impl<'s> Walk<'s> {
    fn new(segment: &'s Segment, is_last: bool) -> Self {
        let frames = FrameWalk::new(segment, segment.frames_from());
        Self { segment, is_last, frames, frame: Vec::new() }
    }

    /// The next frame; none at the end of the segment, or of what was written whole.
    fn next(&mut self) -> Result<Option<Sound>, StorageError> {
        let at = self.frames.at();
        let mut broken = at;
        for _ in 0..READ_COUNT_MAX {
            match self.look()? {
                Look::Sound(frame) => return Ok(Some(frame)),
                Look::End => return Ok(None),
                Look::Broken(place) => broken = place,
            }
            // So that it is read from the file again.
            self.frames = FrameWalk::new(self.segment, at);
        }
        // The writer begins a frame only when the one before is durable.
        if self.is_last && next_frame_head(self.segment, at + 1)?.is_none() {
            return Ok(None);
        }
        Err(self.segment.corrupt(broken))
    }

    fn look(&mut self) -> Result<Look, StorageError> {
        let at = self.frames.at();
        let (offset, bytes) = match self.frames.step() {
            Ok(Step::End) => return Ok(Look::End),
            Ok(Step::NoFrame(at)) => return Ok(Look::Broken(at)),
            Ok(Step::Frame(offset, bytes)) => (offset, bytes),
            Err(error) => return self.shrink(error).map(|()| Look::Broken(at)),
        };
        let header = &self.segment.header;
        let start = FrameStart { segment: header.number, offset, base_micros: header.base_micros };
        Ok(match Frame::decode(bytes, start) {
            Ok(frame) => {
                let (first_position, record_count) =
                    (frame.head.first_position, u64::from(frame.head.record_count));
                self.frame.clear();
                self.frame.extend_from_slice(bytes);
                Look::Sound(Sound { at, first_position, record_count })
            }
            Err(broken) => Look::Broken(u64::from(broken)),
        })
    }

    /// Takes note that the file has become shorter: a start cuts what was never finished.
    fn shrink(&self, error: StorageError) -> Result<(), StorageError> {
        let is_end = matches!(&error, StorageError::Io { source, .. }
            if source.kind() == io::ErrorKind::UnexpectedEof);
        match self.segment.file.len() {
            Ok(len) if is_end && len < self.segment.len() => {
                self.segment.publish(len);
                Ok(())
            }
            _ => Err(error),
        }
    }
}
