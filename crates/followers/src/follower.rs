//! The trait of followers.

use acta_access::TenantId;
use acta_storage::{FeedRecord, FollowerName, StorageError, StoreEffects};
use async_trait::async_trait;

/// Derives something from the statement log.
#[async_trait]
pub trait Follower: Send + Sync + 'static {
    /// The name under which its positions are stored. Never changes.
    fn name(&self) -> FollowerName;

    /// Processes the next records of a tenant, in order, and returns the effects inside the
    /// store, which are committed together with its position.
    ///
    /// Effects outside the store happen here, before the position is saved. The same records
    /// may come again, so these effects must be idempotent. Records that begin with sequence 1
    /// mean a rebuild of the tenant: they replace what was derived of it before.
    ///
    /// # Errors
    ///
    /// Why the records could not be processed. They come again after a delay.
    async fn apply(
        &mut self,
        tenant: TenantId,
        records: &[FeedRecord],
    ) -> Result<StoreEffects, StorageError>;

    /// Drops its state in memory: what it has processed may not have been saved, or another
    /// node may have continued from there.
    fn forget(&mut self);
}
