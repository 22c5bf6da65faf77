//! What other users of the machine may do with the directory of a store or of a backup.
//!
//! Everything that is made there is for its owner alone. A directory that was there before, or
//! files of another origin, may have wider rights.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::directory::{STORE_NAME, TABLES_NAME};

/// Every right of the group and of all others.
const OF_GROUP_AND_OTHERS: u32 = 0o077;

/// The right of all others to use what is in a directory, if they know its name.
const PASSING_OF_OTHERS: u32 = 0o001;

/// The right of all others to change a file, or what is in a directory.
const WRITING_OF_OTHERS: u32 = 0o002;

/// The right of all others to read a file.
const READING_OF_OTHERS: u32 = 0o004;

/// The log that SQLite writes beside the tables.
const TABLES_LOG_SUFFIX: &str = "-wal";

/// What users other than the owner may do with a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Nothing: they cannot reach what is in it.
    Closed,
    /// The group or all others have some rights in it.
    Open,
    /// Every user of the machine can read or replace the keys of the store, and so act as any of
    /// its credentials.
    Keys,
}

impl Exposure {
    /// Looks at the rights of a directory, and at those of the files with keys of the store in
    /// it. A directory that does not exist is closed. The rights of directories above it do not
    /// count.
    ///
    /// # Errors
    ///
    /// What the system reports.
    pub fn of(directory: &Path) -> io::Result<Self> {
        let mode = mode_of(directory)?;
        if mode & OF_GROUP_AND_OTHERS == 0 {
            return Ok(Self::Closed);
        }
        if mode & PASSING_OF_OTHERS == 0 {
            return Ok(Self::Open);
        }
        let tables_log = format!("{TABLES_NAME}{TABLES_LOG_SUFFIX}");
        for name in [STORE_NAME, TABLES_NAME, &tables_log] {
            let path = directory.join(name);
            let is_there = path.try_exists()?;
            let of_file = mode_of(&path)? & (READING_OF_OTHERS | WRITING_OF_OTHERS);
            if of_file != 0 || (is_there && mode & WRITING_OF_OTHERS != 0) {
                return Ok(Self::Keys);
            }
        }
        Ok(Self::Open)
    }
}

/// The rights at a path; none if nothing is there.
fn mode_of(path: &Path) -> io::Result<u32> {
    match path.metadata().as_ref().map(Metadata::mode) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.kind().into()),
        Ok(mode) => Ok(mode),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[track_caller]
    fn check(directory_mode: u32, files: &[(&str, u32)], expected: Exposure) {
        let directory = tempfile::tempdir().unwrap();
        for (name, mode) in files {
            let path = directory.path().join(name);
            std::fs::write(&path, "").unwrap();
            set_permissions(&path, Permissions::from_mode(*mode)).unwrap();
        }
        set_permissions(directory.path(), Permissions::from_mode(directory_mode)).unwrap();
        let found = Exposure::of(directory.path()).unwrap();
        assert_eq!(found, expected, "{directory_mode:o} with {files:?}");
    }

    #[test]
    fn tells_closed_directories_from_open_ones_and_from_readable_keys() {
        let readable = [("store", 0o600), ("tables.sqlite", 0o644)];
        let closed = [("store", 0o600), ("tables.sqlite", 0o640), ("other", 0o666)];
        // Nobody gets to what is in it.
        check(0o700, &readable, Exposure::Closed);
        check(0o700, &[], Exposure::Closed);
        // The group does.
        check(0o750, &readable, Exposure::Open);
        check(0o770, &readable, Exposure::Open);
        // The names can be read, or what is in it, but no key.
        check(0o704, &readable, Exposure::Open);
        check(0o755, &closed, Exposure::Open);
        check(0o777, &[], Exposure::Open);
        // A key can be read, written or replaced.
        check(0o755, &readable, Exposure::Keys);
        check(0o701, &readable, Exposure::Keys);
        check(0o755, &[("store", 0o644)], Exposure::Keys);
        check(0o755, &[("tables.sqlite-wal", 0o604)], Exposure::Keys);
        check(0o755, &[("store", 0o602)], Exposure::Keys);
        check(0o777, &closed, Exposure::Keys);
        check(0o703, &closed, Exposure::Keys);
    }

    #[test]
    fn takes_a_missing_directory_for_closed() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Exposure::of(&directory.path().join("none")).unwrap(), Exposure::Closed);
    }
}
