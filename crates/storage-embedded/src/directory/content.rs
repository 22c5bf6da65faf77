//! What a directory holds: a store, nothing, or something else.

use std::io;
use std::path::Path;

use acta_statement_log::disk::{Disk, SystemDisk};

use crate::directory::{LOG_NAME, RESTORING_NAME, STORE_DRAFT_NAME, STORE_NAME, TABLES_NAME};
use crate::identity::LOCK_NAME;

/// Any of them makes a directory one of a store, even of a damaged one.
const OF_A_STORE: [&str; 4] = [STORE_NAME, LOG_NAME, TABLES_NAME, RESTORING_NAME];

/// What an empty directory may contain: the remains of a start that ended before it made a store,
/// and what some file systems make at their root.
const OF_AN_EMPTY_ONE: [&str; 3] = [LOCK_NAME, STORE_DRAFT_NAME, "lost+found"];

/// What a directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryContent {
    /// Nothing: it does not exist, or is empty. A new store can be made there.
    Nothing,
    /// A store, perhaps a damaged one.
    Store,
    /// Other files.
    Other,
}

impl DirectoryContent {
    /// Looks into `directory`, and changes nothing.
    ///
    /// # Errors
    ///
    /// What the system reports, for example that it is no directory.
    pub fn of(directory: &Path) -> io::Result<Self> {
        let names = match SystemDisk.list(directory) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Nothing),
            Err(error) => return Err(error),
        };
        let is_one_of = |names: &[&str], name: &String| names.contains(&name.as_str());
        Ok(if names.iter().any(|name| is_one_of(&OF_A_STORE, name)) {
            Self::Store
        } else if names.iter().all(|name| is_one_of(&OF_AN_EMPTY_ONE, name)) {
            Self::Nothing
        } else {
            Self::Other
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_holds_a_store_or_nothing_or_something_else() {
        let table: [(&[&str], DirectoryContent); 8] = [
            (&[], DirectoryContent::Nothing),
            (&["lock", "store.tmp", "lost+found"], DirectoryContent::Nothing),
            (&["lock", "store"], DirectoryContent::Store),
            (&["log", "photo.jpg"], DirectoryContent::Store),
            (&["tables.sqlite"], DirectoryContent::Store),
            (&["restoring"], DirectoryContent::Store),
            (&["photo.jpg"], DirectoryContent::Other),
            (&[".profile", "lock"], DirectoryContent::Other),
        ];
        for (names, expected) in table {
            let folder = tempfile::tempdir().unwrap();
            for name in names {
                std::fs::write(folder.path().join(name), "").unwrap();
            }
            assert_eq!(DirectoryContent::of(folder.path()).unwrap(), expected, "{names:?}");
        }
        let missing = Path::new("no-such-directory");
        assert_eq!(DirectoryContent::of(missing).unwrap(), DirectoryContent::Nothing);
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(DirectoryContent::of(file.path()).is_err());
    }
}
