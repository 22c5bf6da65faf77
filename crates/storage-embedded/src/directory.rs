//! The directory of a store: what stands in it, and how it is made.

pub(crate) mod content;
pub(crate) mod exposure;

use std::io;
use std::path::Path;

use acta_statement_log::disk::Disk;

/// The file that makes a store this one: its id and its keys.
pub(crate) const STORE_NAME: &str = "store";

/// The same while it is made.
pub(crate) const STORE_DRAFT_NAME: &str = "store.tmp";

/// The directory of the statement log.
pub(crate) const LOG_NAME: &str = "log";

/// The file of the tables.
pub(crate) const TABLES_NAME: &str = "tables.sqlite";

/// The control socket.
pub(crate) const CONTROL_NAME: &str = "control.sock";

/// The control socket while it is made.
pub(crate) const CONTROL_DRAFT_NAME: &str = "control.sock.new";

/// The socket over which statements are exported and imported.
pub(crate) const EXCHANGE_NAME: &str = "exchange.sock";

/// The same while it is made.
pub(crate) const EXCHANGE_DRAFT_NAME: &str = "exchange.sock.new";

/// The file that holds space for administration.
pub(crate) const RESERVE_NAME: &str = "reserve";

/// The same while it is made.
pub(crate) const RESERVE_DRAFT_NAME: &str = "reserve.tmp";

/// The note of the last backup.
pub(crate) const LAST_BACKUP_NAME: &str = "last-backup";

/// The same while it is made.
pub(crate) const LAST_BACKUP_DRAFT_NAME: &str = "last-backup.tmp";

/// The mark of a restore that has not ended: what is there is no store yet.
pub(crate) const RESTORING_NAME: &str = "restoring";

/// The directory for new runs of the index until they are placed.
pub(crate) const PURGING_NAME: &str = "purging";

/// The mark of a removal, in the directory of the log.
pub(crate) const PURGE_NAME: &str = "purge";

/// The empty file, beside a tenant's content, that says that all of it was removed: a
/// backup does not bring it back then.
pub(crate) const REMOVED_NAME: &str = "removed";

/// Makes a directory and those above it that are missing, durably.
///
/// # Errors
///
/// What the system reports.
pub(crate) fn make_directory(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    disk.create_directory(path)?;
    sync_names(disk, path)
}

/// As [`make_directory`]. A directory that is made gets the owner of `like`, and the rights that
/// its group has in it.
///
/// # Errors
///
/// What the system reports.
pub(crate) fn make_directory_like(disk: &dyn Disk, path: &Path, like: &Path) -> io::Result<()> {
    let is_new = matches!(disk.list(path), Err(error) if error.kind() == io::ErrorKind::NotFound);
    make_directory(disk, path)?;
    if is_new {
        disk.copy_owner(like, path);
        disk.copy_group_rights(like, path)?;
    }
    Ok(())
}

/// Makes the names that lead to a directory durable. Any of them may be new: made now, or by
/// an earlier start that ended before it had synced them.
///
/// # Errors
///
/// What the system reports.
pub(crate) fn sync_names(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    for above in directory.ancestors().skip(1) {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        match disk.sync_directory(above) {
            // Where no name can be made, none is new.
            Err(error) if is_closed(error.kind()) => {}
            synced => synced?,
        }
    }
    Ok(())
}

/// What is reported of a directory that is not ours to read, or that stands on a file system
/// which is only read.
const fn is_closed(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Unsupported
    )
}
