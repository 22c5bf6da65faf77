//! Secrets of the store itself, such as the key of credential hashes.

use async_trait::async_trait;

use crate::StorageError;

/// Keeps secret bytes by name.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret bytes stored under `name`, which are `proposed` if there were none: the
    /// first proposal wins for good.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`], [`StorageError::Io`].
    async fn get_or_create_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError>;
}
