//! Whether a store takes writes.

use async_trait::async_trait;

use crate::StorageError;

/// Tells whether what could be written would be taken.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Makes sure that writes of every kind are taken and reads are answered. Writes nothing,
    /// so it does not notice a device that has become full.
    ///
    /// # Errors
    ///
    /// - [`StorageError::Halted`]: some kind of write is refused until the next start.
    /// - [`StorageError::Busy`]: too much is queued now.
    /// - [`StorageError::Unavailable`]: the database is not there, or takes no writes.
    /// - [`StorageError::Corrupt`] or [`StorageError::Io`]: the store cannot be read.
    async fn check_ready(&self) -> Result<(), StorageError>;
}
