//! The mark of a clean end: where the log ended when the store was closed.
//!
//! Without it, bytes at the end that do not check may be a write that power cut short, or
//! may be damage. With it they are damage. It exists only while no process has the store open.

use std::io;
use std::path::Path;

use acta_storage::StorageError;

use crate::disk::{Disk, remove_if_there};
use crate::format::{Bytes, CLOSING_MAGIC, VERSION, checksum};

/// The name of the mark in the directory of the log.
pub const CLOSING_NAME: &str = "closed";

const CLOSING_BYTES: usize = 52;

/// Where the log ended when the store was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The store that was closed.
    pub store_id: [u8; 16],
    /// The number of the last segment.
    pub segment: u32,
    /// How many bytes it had.
    pub end: u64,
    /// The position of the next statement.
    pub next_position: u64,
}

/// What the mark of a store says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// There is none: the store is open, or was not closed.
    None,
    /// It was closed, and the log ended here.
    Closed(Closing),
    /// Its bytes do not check, so it says nothing.
    Damaged,
    /// A newer program wrote it, with this version.
    Newer(u32),
}

impl Closing {
    /// Whether the log had bytes at this place when the store was closed.
    pub fn covers(&self, segment: u32, offset: u64) -> bool {
        (segment, offset) < (self.segment, self.end)
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(CLOSING_BYTES);
        out.extend_from_slice(&CLOSING_MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.store_id);
        out.extend_from_slice(&self.segment.to_le_bytes());
        out.extend_from_slice(&self.end.to_le_bytes());
        out.extend_from_slice(&self.next_position.to_le_bytes());
        let sum = checksum(0, &[&out]);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8; CLOSING_BYTES]) -> Option<(u32, Self)> {
        let (body, sum) = bytes.split_last_chunk()?;
        if checksum(0, &[body]) != u32::from_le_bytes(*sum) {
            return None;
        }
        let mut rest = Bytes(body);
        if rest.array()? != CLOSING_MAGIC {
            return None;
        }
        let version = rest.u32()?;
        let closing = Self {
            store_id: rest.array()?,
            segment: rest.u32()?,
            end: rest.u64()?,
            next_position: rest.u64()?,
        };
        Some((version, closing))
    }

    /// Writes the mark, durably. Everything that it names must be durable already, and
    /// nothing may be appended until [`remove_mark`].
    ///
    /// # Errors
    ///
    /// What the system reports. There may be a mark then: what it says is true.
    pub fn write(&self, disk: &dyn Disk, directory: &Path) -> io::Result<()> {
        let path = directory.join(CLOSING_NAME);
        let draft = directory.join(format!("{CLOSING_NAME}.tmp"));
        remove_if_there(disk, &draft)?;
        let file = disk.create(&draft)?;
        file.write_at(&self.encode(), 0)?;
        file.sync()?;
        disk.rename(&draft, &path)?;
        disk.sync_directory(directory)
    }
}

/// Reads the mark of the log in `directory`.
///
/// # Errors
///
/// [`StorageError::Io`].
pub fn read_mark(disk: &dyn Disk, directory: &Path) -> Result<Mark, StorageError> {
    let path = directory.join(CLOSING_NAME);
    let failed = |source| StorageError::Io { act: "reading the mark of a clean end", source };
    let file = match disk.open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Mark::None),
        Err(source) => return Err(failed(source)),
    };
    let mut bytes = [0; CLOSING_BYTES];
    if file.len().map_err(failed)? != CLOSING_BYTES as u64 {
        return Ok(Mark::Damaged);
    }
    file.read_at(&mut bytes, 0).map_err(failed)?;
    match Closing::decode(&bytes) {
        Some((found, _)) if found > VERSION => Ok(Mark::Newer(found)),
        Some((_, closing)) => Ok(Mark::Closed(closing)),
        None => Ok(Mark::Damaged),
    }
}

/// Removes the mark, durably: from now on the log may grow.
///
/// # Errors
///
/// What the system reports. Nothing may be appended then.
pub fn remove_mark(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    remove_if_there(disk, &directory.join(CLOSING_NAME))?;
    // Also where there was none: an earlier process may have ended before this line.
    disk.sync_directory(directory)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::disk::SystemDisk;

    const CLOSING: Closing =
        Closing { store_id: [9; 16], segment: 3, end: 5_000_000_000, next_position: 77 };

    #[test]
    fn a_mark_is_read_as_it_was_written_until_it_is_removed() {
        let directory = TempDir::new().unwrap();
        assert_eq!(read_mark(&SystemDisk, directory.path()).unwrap(), Mark::None);
        for _ in 0..2 {
            CLOSING.write(&SystemDisk, directory.path()).unwrap();
            assert_eq!(read_mark(&SystemDisk, directory.path()).unwrap(), Mark::Closed(CLOSING));
        }
        remove_mark(&SystemDisk, directory.path()).unwrap();
        assert_eq!(read_mark(&SystemDisk, directory.path()).unwrap(), Mark::None);
        remove_mark(&SystemDisk, directory.path()).unwrap();
    }

    #[test]
    fn a_mark_with_a_changed_or_a_missing_byte_says_nothing() {
        let directory = TempDir::new().unwrap();
        CLOSING.write(&SystemDisk, directory.path()).unwrap();
        let path = directory.path().join(CLOSING_NAME);
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(whole.len(), CLOSING_BYTES);
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read_mark(&SystemDisk, directory.path()).unwrap(), Mark::Damaged);
            std::fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(read_mark(&SystemDisk, directory.path()).unwrap(), Mark::Damaged);
        }
    }

    #[test]
    fn covers_what_stands_before_the_end() {
        let table = [(1, u64::MAX, true), (3, 4_999_999_999, true), (3, CLOSING.end, false)];
        for (segment, offset, expected) in table {
            assert_eq!(CLOSING.covers(segment, offset), expected, "{segment} {offset}");
        }
        assert!(!CLOSING.covers(4, 0));
    }
}
