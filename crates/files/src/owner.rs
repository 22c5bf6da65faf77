//! To whom new files and directories belong.
//!
//! What root makes gets the owner and the group of the directory in which it is made, so that the
//! user that runs the server can open it. Where the system does not allow that, it stays root's.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::path::Path;

use rustix::process::geteuid;

/// The rights of the group.
const OF_GROUP: u32 = 0o070;

/// Gives what this process has just made at `path` to the owner of its directory, if this process
/// runs as root.
pub(super) fn give_to_owner(path: &Path) {
    if let Some(parent) = path.parent() {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        copy_owner(parent, path);
    }
}

/// Gives `to` the owner and the group of `from`, if this process runs as root and `from` is not
/// root's.
pub fn copy_owner(from: &Path, to: &Path) {
    if !geteuid().is_root() {
        return;
    }
    let Ok(metadata) = from.metadata() else { return };
    if metadata.uid() != 0 {
        // Not every file system has owners, and not every root may change them.
        let _ = lchown(to, Some(metadata.uid()), Some(metadata.gid()));
    }
}

/// Gives `to` the rights that the group has in `from`. Those of the owner stay as they are.
///
/// # Errors
///
/// What the system reports.
pub fn copy_group_rights(from: &Path, to: &Path) -> io::Result<()> {
    let (of_from, of_to) = (from.metadata()?.mode(), to.metadata()?.mode());
    let mode = of_to & !OF_GROUP | of_from & OF_GROUP;
    if mode == of_to { Ok(()) } else { std::fs::set_permissions(to, Permissions::from_mode(mode)) }
}

/// Makes a directory with these rights, and those above it that are missing.
///
/// # Errors
///
/// What the system reports.
pub(super) fn create_directory(path: &Path, mode: u32) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    let create = || DirBuilder::new().mode(mode).create(path);
    let created = match create() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let Some(parent) = path.parent() else { return Err(error) };
            create_directory(parent, mode)?;
            create()
        }
        created => created,
    };
    match created {
        Ok(()) => {
            give_to_owner(path);
            Ok(())
        }
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn missing_directories_are_made_and_existing_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        for _ in 0..2 {
            create_directory(&deep, 0o700).unwrap();
            assert_eq!(mode(&deep), 0o700);
        }
        std::fs::set_permissions(&deep, Permissions::from_mode(0o750)).unwrap();
        create_directory(&deep, 0o700).unwrap();
        assert_eq!(mode(&deep), 0o750);
        let file = deep.join("file");
        std::fs::write(&file, "").unwrap();
        assert!(create_directory(&file, 0o700).is_err());
    }

    #[test]
    fn only_the_rights_of_the_group_are_copied() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        for (of_from, of_to, expected) in
            [(0o640, 0o600, 0o640), (0o444, 0o600, 0o640), (0o600, 0o660, 0o600)]
        {
            for (path, mode) in [(&from, of_from), (&to, of_to)] {
                std::fs::write(path, "").unwrap();
                std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            }
            copy_group_rights(&from, &to).unwrap();
            assert_eq!(mode(&to), expected, "{of_from:o} {of_to:o}");
        }
    }
}
