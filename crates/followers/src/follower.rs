//! What a follower is.

use acta_access::TenantId;
use acta_storage::{FeedRecord, FollowerName, StorageError, StoreEffects};
use async_trait::async_trait;

/// Derives something from the statement log.
#[async_trait]
pub trait Follower: Send + Sync + 'static {
    /// The name under which its positions are kept. Never changes.
    fn name(&self) -> FollowerName;

    /// Takes records of a tenant, in order, behind those it has taken before, and returns what
    /// changes in the store together with its position.
    ///
    /// What it changes outside of the store it does here, before the position is saved: so it
    /// may be given the same records again, and must then do nothing twice. Records that begin
    /// with sequence 1 start a tenant anew: what it has made of that tenant before is to be
    /// replaced.
    ///
    /// # Errors
    ///
    /// Why the records could not be taken. They are given again after a rest.
    async fn apply(
        &mut self,
        tenant: TenantId,
        records: &[FeedRecord],
    ) -> Result<StoreEffects, StorageError>;

    /// Forgets what it remembers of records taken: they may not have been saved, or another
    /// node has gone on from there.
    fn forget(&mut self);
}
