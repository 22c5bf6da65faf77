//! Tenants that go with everything that they own.

use acta_access::TenantId;
use async_trait::async_trait;

use crate::StorageError;

/// What was removed with a tenant, by one call: what an earlier one has removed is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Statements.
    pub statement_count: u64,
    /// Contents of attachments.
    pub attachment_count: u64,
    /// Documents.
    pub document_count: u64,
}

/// Removes tenants for good.
///
/// The number of a removed tenant is never given to another. Its records are not removed here.
#[async_trait]
pub trait TenantPurge: Send + Sync {
    /// Removes everything that a tenant owns: statements and what is found by them, documents,
    /// the content of attachments, activities, persons, cursors, its usage and its audit.
    ///
    /// Once `Ok`, nothing of it can be read, and it is in no file or row of the store any more;
    /// backups and copies made before keep what they have. Meanwhile others are served as
    /// always, and what they have stays as it is: positions, sequences, times and cursors.
    ///
    /// The tenant should be shut out before. What is queued for it then is removed too; what
    /// is written for it later is refused by an engine that is one process, and elsewhere
    /// stays until the removal is repeated. Nothing that was removed comes back by it.
    ///
    /// After an error, or a crash, a part may be removed. Repeated, it removes the rest; of a
    /// tenant that owns nothing it removes nothing, and that is `Ok`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`], [`StorageError::Full`] (the log
    /// is written anew beside the old one), [`StorageError::Corrupt`] (nothing is made anew of
    /// what is damaged), [`StorageError::Halted`], [`StorageError::Io`].
    async fn purge_tenant(&self, tenant: TenantId) -> Result<Purged, StorageError>;
}
