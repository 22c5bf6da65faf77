//! The note of the last backup in the directory of a store.

use std::io;
use std::path::{Path, PathBuf};

use acta_ambient::Timestamp;
use acta_statement_log::disk::{Disk, SystemDisk, remove_if_there};

use crate::directory::{LAST_BACKUP_DRAFT_NAME, LAST_BACKUP_NAME};

/// Most bytes of a note.
const BYTES_MAX: u64 = 64 << 10;

/// When and where a store was last backed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastBackup {
    /// When it was taken.
    pub taken: Timestamp,
    /// The directory of the backup.
    pub to: PathBuf,
}

impl LastBackup {
    /// Notes this backup in the directory of the store, in place of the one before.
    ///
    /// # Errors
    ///
    /// What the system reports. The backup does not depend on it.
    pub fn note(&self, directory: &Path) -> io::Result<()> {
        let draft = directory.join(LAST_BACKUP_DRAFT_NAME);
        remove_if_there(&SystemDisk, &draft)?;
        let file = SystemDisk.create(&draft)?;
        let text = format!("{}\n{}\n", self.taken.unix_micros(), self.to.display());
        file.write_at(text.as_bytes(), 0)?;
        SystemDisk.rename(&draft, &directory.join(LAST_BACKUP_NAME))
    }

    /// The note in the directory of a store; none if it was never backed up.
    ///
    /// # Errors
    ///
    /// What the system reports.
    pub fn read(directory: &Path) -> io::Result<Option<Self>> {
        let file = match SystemDisk.open_to_read(&directory.join(LAST_BACKUP_NAME)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = vec![0; usize::try_from(file.len()?.min(BYTES_MAX)).unwrap_or(0)];
        file.read_at(&mut bytes, 0)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        let taken = lines.next().and_then(|micros| micros.parse().ok());
        let taken = taken.map(Timestamp::from_unix_micros);
        Ok(taken.zip(lines.next()).map(|(taken, to)| Self { taken, to: to.into() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_note_counts() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(LastBackup::read(folder.path()).unwrap(), None);
        for taken in [1_000_000, 2_000_000].map(Timestamp::from_unix_micros) {
            let note = LastBackup { taken, to: "/mnt/backup".into() };
            note.note(folder.path()).unwrap();
            assert_eq!(LastBackup::read(folder.path()).unwrap(), Some(note));
        }
        std::fs::write(folder.path().join(LAST_BACKUP_NAME), "").unwrap();
        assert_eq!(LastBackup::read(folder.path()).unwrap(), None);
    }
}
