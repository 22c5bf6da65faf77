//! The directory that runs are kept in.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_statement_log::disk::{self, Disk};
use acta_storage::StorageError;

use crate::signals::Signals;

/// Where runs are kept, and what they are made with.
#[derive(Clone, Debug)]
pub(crate) struct RunDirectory {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) path: PathBuf,
    pub(crate) fingerprint: u64,
    /// Notified of damage, so that a run is set aside and rebuilt. Without, a damaged run stays
    /// as it is.
    pub(crate) watcher: Option<Arc<Signals>>,
}

/// Removes a file; it is no error if there is none.
pub(crate) fn remove_if_there(disk: &dyn Disk, path: &Path) -> Result<(), StorageError> {
    disk::remove_if_there(disk, path).map_err(write_failed)
}

/// The error of a failed write; a full device has one of its own.
pub(crate) fn write_failed(source: io::Error) -> StorageError {
    if source.kind() == io::ErrorKind::StorageFull {
        StorageError::Full
    } else {
        StorageError::Io { act: "writing an index run", source }
    }
}
