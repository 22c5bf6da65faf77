//! Secrets of the store itself, such as the key of credential hashes.

use async_trait::async_trait;

use crate::StorageError;

/// Stores secret bytes by name.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The secret stored under `name`. If there is none, stores and returns `proposed`; a
    /// stored secret never changes.
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
