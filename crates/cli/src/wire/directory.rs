//! Whether a directory holds a store, or has room for a new one.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use acta_storage_embedded::DirectoryContent;
use anyhow::{Context, Result, bail};
use rustix::process::{getegid, geteuid};

/// Checks that a directory holds a store. Nothing is changed.
///
/// # Errors
///
/// When it does not, or cannot be read.
pub(crate) fn check_store(directory: &Path) -> Result<()> {
    if content_of(directory)? != DirectoryContent::Store {
        bail!(
            "there is no store in {}; `acta serve` and `acta init` create one",
            directory.display()
        );
    }
    Ok(())
}

/// Checks that a directory holds a store, or that one can be made there.
///
/// # Errors
///
/// When it contains something else, or cannot be read.
pub(super) fn check_room(directory: &Path) -> Result<()> {
    if content_of(directory)? == DirectoryContent::Other {
        bail!(
            "{} contains other files and no store: choose a directory that is empty or does not \
             exist",
            directory.display()
        );
    }
    Ok(())
}

/// What a directory holds.
pub(crate) fn content_of(directory: &Path) -> Result<DirectoryContent> {
    DirectoryContent::of(directory).with_context(|| cannot_open(directory))
}

/// That a store cannot be opened; and, if files of it belong to another user, how to repair that.
pub(crate) fn cannot_open(directory: &Path) -> String {
    let shown = directory.display();
    let cannot = format!("cannot open the store in {shown}");
    let (user, group) = (geteuid(), getegid());
    let foreign = if user.is_root() { None } else { find_foreign(directory, user.as_raw()) };
    let Some((path, owner)) = foreign else { return cannot };
    let (user, group) = (user.as_raw(), group.as_raw());
    let path = path.display();
    format!(
        "{cannot}: {path} belongs to user {owner}, and this process runs as user {user}; run \
         `chown -R {user}:{group} {shown}` as root"
    )
}

/// The first file or directory of a store that does not belong to `user`, and its owner.
fn find_foreign(directory: &Path, user: u32) -> Option<(PathBuf, u32)> {
    let owner = directory.symlink_metadata().ok()?.uid();
    if owner != user {
        return Some((directory.to_path_buf(), owner));
    }
    let mut paths: Vec<_> =
        directory.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    paths.iter().find_map(|path| find_foreign(path, user))
}
