//! Whether a store accepts writes.

use async_trait::async_trait;

use crate::StorageError;

/// Checks whether a store can be read and written.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Checks that writes of every kind are accepted and reads work. Writes nothing, so it does
    /// not detect a device that has become full.
    ///
    /// # Errors
    ///
    /// - [`StorageError::Halted`]: some kind of write is refused until a restart.
    /// - [`StorageError::Busy`]: too much is queued.
    /// - [`StorageError::Unavailable`]: the database cannot be reached or accepts no writes.
    /// - [`StorageError::Corrupt`] or [`StorageError::Io`]: the store cannot be read.
    async fn check_ready(&self) -> Result<(), StorageError>;
}
