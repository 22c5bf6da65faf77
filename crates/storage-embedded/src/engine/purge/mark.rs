//! The mark of a removal: that all segments are whole which are to take the place of others.

use std::io;
use std::path::Path;

use acta_statement_log::disk::{Disk, remove_if_there};
use acta_statement_log::format::{Bytes, PURGE_MAGIC, VERSION, checksum};
use acta_statement_log::segment::segment_name;
use acta_storage::StorageError;

use super::files::draft_name;
use crate::OpenError;
use crate::directory::PURGE_NAME;

const DRAFT_NAME: &str = "purge.tmp";

/// What a mark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The store whose log it is.
    pub(super) store_id: [u8; 16],
    /// The first position of which the index may say what is no longer so.
    pub(super) from: u64,
    /// The numbers of the segments that are replaced.
    pub(super) numbers: Vec<u32>,
}

impl Mark {
    fn encode(&self) -> Vec<u8> {
        let mut out = PURGE_MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.store_id);
        out.extend_from_slice(&self.from.to_le_bytes());
        out.extend_from_slice(&u32::try_from(self.numbers.len()).unwrap_or(0).to_le_bytes());
        self.numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        let sum = checksum(0, &[&out]);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// The version, and what a mark of this version says.
    fn decode(bytes: &[u8]) -> Option<(u32, Option<Self>)> {
        let (body, sum) = bytes.split_last_chunk()?;
        if checksum(0, &[body]) != u32::from_le_bytes(*sum) {
            return None;
        }
        let mut rest = Bytes(body);
        if rest.array()? != PURGE_MAGIC {
            return None;
        }
        let version = rest.u32()?;
        if VERSION < version {
            return Some((version, None));
        }
        let (store_id, from, count) = (rest.array()?, rest.u64()?, rest.u32()?);
        if rest.0.len() as u64 != u64::from(count) * 4 {
            return None;
        }
        let numbers = (0..count).map(|_| rest.u32()).collect::<Option<Vec<u32>>>()?;
        Some((version, Some(Self { store_id, from, numbers })))
    }

    /// Writes the mark under a name that no start looks at.
    pub(super) fn write_draft(&self, disk: &dyn Disk, log: &Path) -> io::Result<()> {
        let draft = log.join(DRAFT_NAME);
        remove_if_there(disk, &draft)?;
        let file = disk.create(&draft)?;
        file.write_at(&self.encode(), 0)?;
        file.sync()
    }

    /// Puts the segments in their places, durably, as far as they are not yet there.
    pub(super) fn place_drafts(&self, disk: &dyn Disk, log: &Path) -> io::Result<()> {
        for number in &self.numbers {
            let (from, to) = (log.join(draft_name(*number)), log.join(segment_name(*number)));
            match disk.rename(&from, &to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        disk.sync_directory(log)
    }
}

/// Gives the draft of a mark its name, durably: from now on the removal is finished, now or by
/// the next start.
pub(super) fn set(disk: &dyn Disk, log: &Path) -> io::Result<()> {
    disk.rename(&log.join(DRAFT_NAME), &log.join(PURGE_NAME))?;
    disk.sync_directory(log)
}

/// Reads the mark of the log in `log`; none if no removal is under way.
///
/// # Errors
///
/// [`OpenError::Newer`], or what storage reports.
pub(super) fn read(disk: &dyn Disk, log: &Path) -> Result<Option<Mark>, OpenError> {
    let path = log.join(PURGE_NAME);
    let failed = |source| StorageError::Io { act: "reading the mark of a removal", source };
    let file = match disk.open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(failed)?,
    };
    let len = usize::try_from(file.len().map_err(failed)?).unwrap_or(usize::MAX);
    let mut bytes = vec![0; len.min(LEN_MAX)];
    file.read_at(&mut bytes, 0).map_err(failed)?;
    match Mark::decode(&bytes) {
        Some((_, Some(mark))) => Ok(Some(mark)),
        Some((found, None)) => Err(OpenError::Newer { path, found, known: VERSION }),
        None => Err(StorageError::Corrupt { place: path.display().to_string() }.into()),
    }
}

/// Longest mark, in bytes: a store has fewer segments.
const LEN_MAX: usize = 64 << 20;

/// Removes the mark, durably.
pub(super) fn remove(disk: &dyn Disk, log: &Path) -> io::Result<()> {
    remove_if_there(disk, &log.join(PURGE_NAME))?;
    disk.sync_directory(log)
}

#[cfg(test)]
mod tests {
    use acta_statement_log::disk::SystemDisk;
    use tempfile::TempDir;

    use super::*;

    fn mark() -> Mark {
        Mark { store_id: [9; 16], from: 77, numbers: vec![1, 2, 5] }
    }

    #[test]
    fn a_mark_is_read_as_it_was_set_until_it_is_removed() {
        let directory = TempDir::new().unwrap();
        let read = || read(&SystemDisk, directory.path()).unwrap();
        mark().write_draft(&SystemDisk, directory.path()).unwrap();
        assert_eq!(read(), None, "a draft says nothing");
        set(&SystemDisk, directory.path()).unwrap();
        assert_eq!(read(), Some(mark()));
        remove(&SystemDisk, directory.path()).unwrap();
        assert_eq!(read(), None);
    }

    #[test]
    fn a_mark_with_a_changed_or_a_missing_byte_is_damaged() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join(PURGE_NAME);
        let whole = mark().encode();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            for bytes in [bytes.as_slice(), &whole[..at]] {
                std::fs::write(&path, bytes).unwrap();
                let found = read(&SystemDisk, directory.path());
                let is_reported =
                    matches!(found, Err(OpenError::Storage(StorageError::Corrupt { .. })));
                assert!(is_reported, "{found:?}");
            }
        }
    }

    #[test]
    fn a_mark_of_a_newer_release_is_refused() {
        let directory = TempDir::new().unwrap();
        let mut bytes = mark().encode();
        bytes[8] = 2;
        let end = bytes.len() - 4;
        let sum = checksum(0, &[&bytes[..end]]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
        std::fs::write(directory.path().join(PURGE_NAME), bytes).unwrap();
        let found = read(&SystemDisk, directory.path());
        assert!(matches!(found, Err(OpenError::Newer { found: 2, .. })), "{found:?}");
    }
}
