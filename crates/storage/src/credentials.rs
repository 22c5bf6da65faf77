//! Tenants and the credentials of their clients.

use acta_access::{Scopes, TenantId};
use acta_ambient::Moment;
use async_trait::async_trait;

use crate::StorageError;

/// A tenant as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its number.
    pub id: TenantId,
    /// Its name for people.
    pub name: String,
    /// When it was made.
    pub created: Moment,
}

/// An API credential as it is stored: the secret itself is not.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The public part: the user name of Basic authentication. Unique in the store.
    pub key: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its name for people.
    pub label: String,
    /// HMAC-SHA256 of the secret, under the store's own key.
    pub secret_mac: [u8; 32],
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub created: Moment,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("key", &self.key)
            .field("tenant", &self.tenant)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Keeps tenants and credentials.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// All tenants, by number.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    async fn list_tenants(&self) -> Result<Vec<Tenant>, StorageError>;

    /// Makes a tenant. Returns its number.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Io`].
    async fn create_tenant(&self, name: &str, created: Moment) -> Result<TenantId, StorageError>;

    /// Finds a credential by its key. The one look-up without a tenant, because the tenant
    /// of a request comes from here.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    async fn find_credential(&self, key: &str) -> Result<Option<Credential>, StorageError>;

    /// Adds a credential. Returns `false`, and changes nothing, if the key is taken.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Io`].
    async fn insert_credential(&self, credential: &Credential) -> Result<bool, StorageError>;

    /// The credentials of a tenant, oldest first.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    async fn list_credentials(&self, tenant: TenantId) -> Result<Vec<Credential>, StorageError>;

    /// The secret bytes stored under `name`, which are `proposed` if there were none: the
    /// first proposal wins for good.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`], [`StorageError::Io`].
    async fn settle_secret(&self, name: &str, proposed: [u8; 32])
    -> Result<[u8; 32], StorageError>;
}
