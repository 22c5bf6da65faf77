//! How far named readers have come.

use acta_access::TenantId;
use async_trait::async_trait;

use crate::StorageError;

/// Keeps a small text for each named reader, such as how far it has come.
#[async_trait]
pub trait CursorStore: Send + Sync {
    /// What was last saved under `name`.
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
