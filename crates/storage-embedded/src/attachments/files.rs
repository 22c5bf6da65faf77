//! Working with the files of attachments: on threads that may block, with errors of storage.

use std::io;
use std::path::Path;

use acta_statement_log::disk::Disk;
use acta_storage::StorageError;

/// How much is read or written at once, in bytes.
pub(super) const PIECE_BYTES: usize = 64 << 10;

/// Turns an error of the disk into one of storage, for `map_err`.
pub(super) fn failed(act: &'static str) -> impl Fn(io::Error) -> StorageError {
    move |source| {
        let kind = source.kind();
        if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            StorageError::Full
        } else {
            StorageError::Io { act, source }
        }
    }
}

/// Removes a file that is not needed; a failure is only logged.
pub(super) fn remove_quietly(disk: &dyn Disk, path: &Path) {
    if let Err(error) = disk.remove(path) {
        let cause: &dyn std::error::Error = &error;
        tracing::warn!(error = cause, "an attachment that nobody needs could not be removed");
    }
}

/// Does `act` on a thread for blocking work.
pub(super) async fn on_blocking_thread<T, F>(act: F) -> Result<T, StorageError>
where
    F: FnOnce() -> Result<T, StorageError> + Send + 'static,
    T: Send + 'static,
{
    acta_storage::spawn_blocking(act).await.unwrap_or_else(|error| {
        Err(StorageError::Io { act: "working on an attachment", source: io::Error::other(error) })
    })
}
