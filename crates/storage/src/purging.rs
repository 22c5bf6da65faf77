//! Everything that a tenant owns, removed for good.

use acta_access::TenantId;
use async_trait::async_trait;

use crate::StorageError;

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Statements, voided ones included: those that were still there.
    pub statement_count: u64,
}

/// Removes tenants.
#[async_trait]
pub trait TenantPurge: Send + Sync {
    /// Removes everything that a tenant owns but its records: statements, documents,
    /// attachments, activities and persons, cursors, usage and its audit. Once `Ok`, nothing
    /// of it can be read, and no file of the engine holds it.
    ///
    /// Other tenants go on meanwhile. It may be broken off anywhere, and repeated. Nobody
    /// writes to the tenant: callers see to that.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`], [`StorageError::Full`],
    /// [`StorageError::Halted`], [`StorageError::Corrupt`] or [`StorageError::Io`]: a part may
    /// be removed. Repeat it.
    async fn purge_tenant(&self, tenant: TenantId) -> Result<Purged, StorageError>;
}
