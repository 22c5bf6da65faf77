//! Positions of named readers.

use acta_access::TenantId;
use async_trait::async_trait;

use crate::StorageError;

/// Stores a short text for each named reader, such as its position.
#[async_trait]
pub trait CursorStore: Send + Sync {
    /// The value that was last saved under `name`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    async fn find_cursor(
        &self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<String>, StorageError>;

    /// Saves `value` under `name`. Durable once `Ok`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Io`].
    async fn save_cursor(
        &self,
        tenant: TenantId,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError>;
}
