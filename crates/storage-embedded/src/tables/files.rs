//! The bytes of the tables' file and of its write-ahead log, where SQLite does not look.
//!
//! SQLite takes a write-ahead log up to the first frame that does not check, and says
//! nothing about the rest: that is right after a loss of power, and wrong when a byte in
//! the middle has changed. It also believes the file's header. Which damage is noticed
//! here, and which cannot be, is described in `docs/format/tables.md`.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use acta_statement_log::disk::{Disk, DiskFile};
use acta_storage::StorageError;

use crate::directory::TABLES_NAME;

/// Bytes of the header of a database.
const DATABASE_HEADER_BYTES: usize = 100;

/// Bytes of the header of a write-ahead log.
const HEADER_BYTES: usize = 32;

/// Bytes of the header of a frame.
const FRAME_HEADER_BYTES: usize = 24;

/// The page size of a database that does not state it.
const PAGE_BYTES: u64 = 4096;

/// The name of the rollback journal, which is there while a new file is made.
const JOURNAL_NAME: &str = "tables.sqlite-journal";

/// The name of the write-ahead log in the directory of the store.
pub(super) const LOG_NAME: &str = "tables.sqlite-wal";

/// Checks what SQLite would believe or pass over in silence.
///
/// # Errors
///
/// [`StorageError::Corrupt`] naming file and offset, or [`StorageError::Io`].
pub(crate) fn check(disk: &dyn Disk, directory: &Path) -> Result<(), StorageError> {
    let database = open(disk, &directory.join(TABLES_NAME))?;
    // With a rollback journal, SQLite first undoes what is in the file: one that was being
    // made when power was lost.
    if let Some(database) = &database
        && !has_bytes(disk, &directory.join(JOURNAL_NAME))?
        && let Some(offset) = wrong_header_byte(database.as_ref())?
    {
        return Err(corrupt(TABLES_NAME, offset));
    }
    let Some(log) = WriteAheadLog::open(disk, directory, database.as_deref())? else {
        return Ok(());
    };
    let damaged_at = match log.header {
        Some(_) => log.damaged_frame()?.map(|frame| log.offset_of(frame)),
        None => log.is_ignored_in_vain(database.as_deref())?.then_some(0),
    };
    damaged_at.map_or(Ok(()), |offset| Err(corrupt(LOG_NAME, offset)))
}

/// The database with everything that was committed to its write-ahead log, as one file that
/// needs none.
///
/// # Errors
///
/// [`StorageError::Io`].
pub(crate) fn image(disk: &dyn Disk, directory: &Path) -> Result<Vec<u8>, StorageError> {
    let Some(database) = open(disk, &directory.join(TABLES_NAME))? else { return Ok(Vec::new()) };
    let len = usize::try_from(database.len().map_err(failed)?).unwrap_or(usize::MAX);
    let mut image = vec![0; len];
    database.read_at(&mut image, 0).map_err(failed)?;
    if let Some(log) = WriteAheadLog::open(disk, directory, Some(database.as_ref()))? {
        log.apply_to(&mut image)?;
    }
    if let Some(modes @ [2, 2]) = image.get_mut(18..20) {
        // Bytes in memory have no write-ahead log.
        modes.fill(1);
    }
    Ok(image)
}

/// Whether the tables have been made. A file that is empty holds none.
///
/// # Errors
///
/// [`StorageError::Io`].
pub(crate) fn are_there(disk: &dyn Disk, directory: &Path) -> Result<bool, StorageError> {
    has_bytes(disk, &directory.join(TABLES_NAME))
}

/// Whether there is a write-ahead log that is not empty.
///
/// # Errors
///
/// [`StorageError::Io`].
pub(crate) fn has_log(disk: &dyn Disk, directory: &Path) -> Result<bool, StorageError> {
    has_bytes(disk, &directory.join(LOG_NAME))
}

fn has_bytes(disk: &dyn Disk, path: &Path) -> Result<bool, StorageError> {
    match open(disk, path)? {
        Some(file) => Ok(0 < file.len().map_err(failed)?),
        None => Ok(false),
    }
}

fn open(disk: &dyn Disk, path: &Path) -> Result<Option<Arc<dyn DiskFile>>, StorageError> {
    match disk.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(source)),
    }
}

fn failed(source: io::Error) -> StorageError {
    StorageError::Io { act: "reading the tables' files", source }
}

fn corrupt(name: &str, offset: u64) -> StorageError {
    StorageError::Corrupt { place: format!("{name} at byte {offset}") }
}

/// A byte of the database's header that this program never writes so, and that would make
/// SQLite take pages for what they are not.
fn wrong_header_byte(database: &dyn DiskFile) -> Result<Option<u64>, StorageError> {
    let mut header = [0; DATABASE_HEADER_BYTES];
    if database.len().map_err(failed)? < header.len() as u64 {
        return Ok(None);
    }
    database.read_at(&mut header, 0).map_err(failed)?;
    let is_right = |at: usize, byte: u8| match at {
        // In mode WAL; a new file is not yet.
        18 | 19 => matches!(byte, 1 | 2),
        // Space kept free in each page, automatic and incremental vacuum, and what no
        // release of SQLite uses yet.
        20 | 52..56 | 64..68 | 72..92 => byte == 0,
        _ => true,
    };
    let wrong = header.into_iter().enumerate().find(|(at, byte)| !is_right(*at, *byte));
    Ok(wrong.map(|(at, _)| at as u64))
}

/// The running checksum of a write-ahead log.
type Sum = (u32, u32);

/// What the first frame of a write-ahead log must follow.
#[derive(Clone, Copy, Debug)]
struct FrameChain {
    is_big_endian: bool,
    salt: [u8; 8],
    sum: Sum,
}

fn add(is_big_endian: bool, sum: Sum, bytes: &[u8]) -> Sum {
    let (words, _) = bytes.as_chunks::<4>();
    let word = |bytes: &[u8; 4]| {
        if is_big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) }
    };
    words.as_chunks::<2>().0.iter().fold(sum, |(a, b), [first, second]| {
        let a = a.wrapping_add(word(first)).wrapping_add(b);
        (a, b.wrapping_add(word(second)).wrapping_add(a))
    })
}

fn sum_at(bytes: &[u8], at: usize) -> Sum {
    let word = |at: usize| {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    (word(at), word(at + 4))
}

/// A header that checks.
#[derive(Clone, Copy, Debug)]
struct Header {
    is_big_endian: bool,
    salt: [u8; 8],
    sum: Sum,
}

/// What a frame says, checked or not.
struct Frame {
    page: u32,
    /// Pages of the database after a commit; 0 if it ends no transaction.
    committed_pages: u32,
    salt: [u8; 8],
    sum: Sum,
    /// What the checksum covers: the first 8 bytes of the header, then the page.
    covered: Vec<u8>,
}

impl Frame {
    fn sum_after(&self, is_big_endian: bool, before: Sum) -> Sum {
        add(is_big_endian, before, &self.covered)
    }

    fn content(&self) -> &[u8] {
        self.covered.get(8..).unwrap_or_default()
    }
}

/// A write-ahead log with at least one frame.
#[derive(Debug)]
struct WriteAheadLog {
    file: Arc<dyn DiskFile>,
    bytes: [u8; HEADER_BYTES],
    /// None if it does not check.
    header: Option<Header>,
    page_bytes: u64,
    frame_count: u64,
}

impl WriteAheadLog {
    fn open(
        disk: &dyn Disk,
        directory: &Path,
        database: Option<&dyn DiskFile>,
    ) -> Result<Option<Self>, StorageError> {
        let Some(file) = open(disk, &directory.join(LOG_NAME))? else { return Ok(None) };
        let len = file.len().map_err(failed)?;
        let mut bytes = [0; HEADER_BYTES];
        if len < bytes.len() as u64 {
            return Ok(None);
        }
        file.read_at(&mut bytes, 0).map_err(failed)?;
        let is_big_endian = bytes[3] & 1 == 1;
        let sum = sum_at(&bytes, 24);
        let mut salt = [0; 8];
        salt.copy_from_slice(&bytes[16..24]);
        let is_sound = bytes[..3] == [0x37, 0x7F, 0x06]
            && bytes[3] & !1 == 0x82
            && add(is_big_endian, (0, 0), &bytes[..24]) == sum;
        let header = is_sound.then_some(Header { is_big_endian, salt, sum });
        let page_bytes = match header {
            Some(_) => u64::from(sum_at(&bytes, 8).0),
            None => page_bytes_of(database)?,
        };
        let frame_count = (len - HEADER_BYTES as u64) / (page_bytes + FRAME_HEADER_BYTES as u64);
        let log = Self { file, bytes, header, page_bytes, frame_count };
        Ok((0 < frame_count).then_some(log))
    }

    fn offset_of(&self, frame: u64) -> u64 {
        HEADER_BYTES as u64 + frame * (self.page_bytes + FRAME_HEADER_BYTES as u64)
    }

    fn frame(&self, number: u64) -> Result<Frame, StorageError> {
        let len = usize::try_from(self.page_bytes).unwrap_or(0) + FRAME_HEADER_BYTES;
        let mut bytes = vec![0; len];
        self.file.read_at(&mut bytes, self.offset_of(number)).map_err(failed)?;
        let (page, committed_pages) = sum_at(&bytes, 0);
        let (mut salt, sum) = ([0; 8], sum_at(&bytes, 16));
        salt.copy_from_slice(&bytes[8..16]);
        bytes.drain(8..FRAME_HEADER_BYTES);
        Ok(Frame { page, committed_pages, salt, sum, covered: bytes })
    }

    /// The first frame that does not check, if a frame of a later transaction stands behind
    /// it: a transaction begins when the one before is durable, so power cannot have cut it.
    fn damaged_frame(&self) -> Result<Option<u64>, StorageError> {
        let Some(header) = self.header else { return Ok(None) };
        let mut before = header.sum;
        let mut number = 0;
        let broken = loop {
            if number == self.frame_count {
                return Ok(None);
            }
            let frame = self.frame(number)?;
            let sum = frame.sum_after(header.is_big_endian, before);
            match (sum == frame.sum, frame.salt == header.salt) {
                (true, true) => before = sum,
                // It stands behind the one before and yet is of another log.
                (true, false) => return Ok(Some(number)),
                (false, _) => break frame,
            }
            number += 1;
        };
        let mut is_ended = broken.salt == header.salt && broken.committed_pages != 0;
        // The next one goes on from what the broken one says, or should say.
        let mut seeds = [broken.sum, broken.sum_after(header.is_big_endian, before)];
        for later in number + 1..self.frame_count {
            let frame = self.frame(later)?;
            let sums = seeds.map(|seed| frame.sum_after(header.is_big_endian, seed));
            if frame.salt != header.salt || !sums.contains(&frame.sum) {
                // It does not go on from there: remains of a transaction that was undone.
                return Ok(None);
            }
            if is_ended {
                return Ok(Some(number));
            }
            is_ended = frame.committed_pages != 0;
            seeds = [frame.sum; 2];
        }
        Ok(None)
    }

    /// The last content of each page that was committed, and how many pages there are then,
    /// of frames that follow each other in `chain`.
    fn committed(&self, chain: FrameChain) -> Result<(HashMap<u32, u64>, u32), StorageError> {
        let (mut committed, mut pages) = (HashMap::new(), 0);
        let (mut before, mut pending) = (chain.sum, Vec::new());
        for number in 0..self.frame_count {
            let frame = self.frame(number)?;
            before = frame.sum_after(chain.is_big_endian, before);
            if before != frame.sum || frame.salt != chain.salt {
                break;
            }
            pending.push((frame.page, number));
            if frame.committed_pages != 0 {
                committed.extend(pending.drain(..));
                pages = frame.committed_pages;
            }
        }
        Ok((committed, pages))
    }

    /// Whether SQLite, which takes nothing from a log whose header does not check, would
    /// lose something. It loses nothing if power cut the header when the log was restarted: then
    /// all frames are in the database already.
    fn is_ignored_in_vain(&self, database: Option<&dyn DiskFile>) -> Result<bool, StorageError> {
        let salt = self.frame(0)?.salt;
        // Either the checksum in the header is wrong, or what it covers is.
        let stored = sum_at(&self.bytes, 24);
        let computed = |is_big_endian| add(is_big_endian, (0, 0), &self.bytes[..24]);
        let starts =
            [(false, stored), (true, stored), (false, computed(false)), (true, computed(true))];
        for (is_big_endian, sum) in starts {
            let (committed, _) = self.committed(FrameChain { is_big_endian, salt, sum })?;
            if !self.are_in(database, committed)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the database has these frames as its pages.
    fn are_in(
        &self,
        database: Option<&dyn DiskFile>,
        committed: HashMap<u32, u64>,
    ) -> Result<bool, StorageError> {
        for (page, number) in committed {
            if !self.is_in(database, page, number)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_in(
        &self,
        database: Option<&dyn DiskFile>,
        page: u32,
        number: u64,
    ) -> Result<bool, StorageError> {
        let Some(database) = database else { return Ok(false) };
        let frame = self.frame(number)?;
        let at = u64::from(page.saturating_sub(1)) * self.page_bytes;
        if database.len().map_err(failed)? < at + self.page_bytes {
            return Ok(false);
        }
        let mut there = vec![0; frame.content().len()];
        database.read_at(&mut there, at).map_err(failed)?;
        Ok(there == frame.content())
    }

    fn apply_to(&self, image: &mut Vec<u8>) -> Result<(), StorageError> {
        let Some(Header { is_big_endian, salt, sum }) = self.header else { return Ok(()) };
        let (committed, pages) = self.committed(FrameChain { is_big_endian, salt, sum })?;
        if committed.is_empty() {
            return Ok(());
        }
        image.resize(usize::try_from(u64::from(pages) * self.page_bytes).unwrap_or(0), 0);
        for (page, number) in committed {
            let at = u64::from(page.saturating_sub(1)) * self.page_bytes;
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            let frame = self.frame(number)?;
            let place = image.get_mut(at..).and_then(|rest| rest.get_mut(..frame.content().len()));
            if let Some(place) = place {
                place.copy_from_slice(frame.content());
            }
        }
        Ok(())
    }
}

fn page_bytes_of(database: Option<&dyn DiskFile>) -> Result<u64, StorageError> {
    let mut bytes = [0; 2];
    match database {
        Some(database) if 18 <= database.len().map_err(failed)? => {
            database.read_at(&mut bytes, 16).map_err(failed)?;
        }
        _ => {}
    }
    Ok(match u16::from_be_bytes(bytes) {
        0 => PAGE_BYTES,
        1 => 65_536,
        bytes => bytes.into(),
    })
}

#[cfg(test)]
mod tests;
