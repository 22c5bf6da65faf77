//! The directory of a store: what stands in it, and how it is made.

pub(crate) mod exposure;

use std::io;
use std::path::Path;

use acta_statement_log::disk::Disk;

/// The file that makes a store this one: its id and its keys.
pub(crate) const STORE_NAME: &str = "store";

/// The file of the tables.
pub(crate) const TABLES_NAME: &str = "tables.sqlite";

/// The control socket.
pub(crate) const CONTROL_NAME: &str = "control.sock";

/// The control socket while it is made.
pub(crate) const CONTROL_DRAFT_NAME: &str = "control.sock.new";

/// The file that holds space for administration.
pub(crate) const RESERVE_NAME: &str = "reserve";

/// The same while it is made.
pub(crate) const RESERVE_DRAFT_NAME: &str = "reserve.tmp";

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
