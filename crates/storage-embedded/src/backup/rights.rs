//! The rights that the group has in a store and in a backup of it: each gets those of the other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use acta_statement_log::disk::Disk;

use super::{BackupError, tree};

/// Copies the rights of the group from files and directories below one root to those below
/// another.
pub(super) struct GroupRights<'a> {
    disk: &'a dyn Disk,
    from: &'a Path,
    to: &'a Path,
    /// Directories that have their rights.
    done: BTreeSet<PathBuf>,
}

impl<'a> GroupRights<'a> {
    pub(super) fn new(disk: &'a dyn Disk, from: &'a Path, to: &'a Path) -> Self {
        Self { disk, from, to, done: BTreeSet::new() }
    }

    /// Gives the file `to` the rights of `from`, and the directories in which it is those of the
    /// directories of the same names. Both paths are below the roots.
    ///
    /// # Errors
    ///
    /// What the system reports. What is gone from the source has no rights to copy.
    pub(super) fn copy(&mut self, from: &str, to: &str) -> Result<(), BackupError> {
        self.copy_one(Path::new(from), Path::new(to))?;
        let directories = Path::new(to).ancestors().skip(1);
        for directory in directories.filter(|directory| !directory.as_os_str().is_empty()) {
            if self.done.insert(directory.to_path_buf()) {
                self.copy_one(directory, directory)?;
            }
        }
        Ok(())
    }

    fn copy_one(&self, from: &Path, to: &Path) -> Result<(), BackupError> {
        let (from, to) = (self.from.join(from), self.to.join(to));
        match self.disk.copy_group_rights(&from, &to) {
            Err(error) if tree::is_absent(&error) && !from.exists() => Ok(()),
            copied => copied.map_err(BackupError::io("setting the rights of a file", &to)),
        }
    }
}
