//! Usage: how much a tenant has stored on a day.

use acta_access::TenantId;
use async_trait::async_trait;

use crate::StorageError;

/// An amount of stored data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The number of statements.
    pub statement_count: u64,
    /// Bytes of statements, documents and attachments, as they were sent.
    pub bytes: u64,
}

impl Usage {
    /// The sum of both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            statement_count: self.statement_count.saturating_add(other.statement_count),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

/// Adds up what tenants store, by day.
#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Adds `more` to what the tenant has stored on `day`, counted from 1970-01-01 in UTC.
    /// Returns the sum of everything that all nodes have added, `more` included. An empty
    /// `more` only returns the sum.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`]: it is unknown
    /// whether `more` was added.
    async fn add_usage(
        &self,
        tenant: TenantId,
        day: u32,
        more: Usage,
    ) -> Result<Usage, StorageError>;
}
