//! Removing tenants with all their data.

use acta_access::TenantId;
use async_trait::async_trait;

use crate::StorageError;

/// What one call has removed of a tenant. What an earlier call has removed is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Removed statements.
    pub statement_count: u64,
    /// Removed contents of attachments.
    pub attachment_count: u64,
    /// Removed documents.
    pub document_count: u64,
}

/// Removes tenants permanently.
///
/// The number of a removed tenant is never used again. Its records are not removed here.
#[async_trait]
pub trait TenantPurge: Send + Sync {
    /// Removes all data of a tenant: statements and their index, documents, the content of
    /// attachments, activities, persons, cursors, its usage and its audit.
    ///
    /// Once `Ok`, nothing of it can be read, and no file or row of the store contains it.
    /// Earlier backups and copies are not changed. Meanwhile other tenants are served as usual,
    /// and their positions, sequences, times and cursors do not change.
    ///
    /// The tenant should be blocked before. What is queued for it then is removed too. What is
    /// written for it later is refused by an engine of one process; with several nodes it stays
    /// until the removal is repeated. Nothing that was removed comes back by it.
    ///
    /// After an error or a crash, some data may be removed. Repeat the call to remove the rest.
    /// A tenant without data is `Ok`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`], [`StorageError::Full`] (the log
    /// is rewritten beside the old one), [`StorageError::Corrupt`] (a damaged log is not
    /// rewritten), [`StorageError::Halted`], [`StorageError::Io`].
    async fn purge_tenant(&self, tenant: TenantId) -> Result<Purged, StorageError>;
}
