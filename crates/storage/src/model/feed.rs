//! The feed, read from the vector of statements.

use std::time::Duration;

use acta_access::TenantId;
use async_trait::async_trait;
use tokio::sync::watch;

use super::{ModelStorage, TenantData};
use crate::{
    Advanced, Feed, FeedPace, FeedRecord, FollowerName, FollowerPosition, FollowerStep, PageLimits,
    StorageError, TransferSource,
};

impl TenantData {
    /// The sequence of the last statement; 0 if there is none.
    pub(super) fn last_sequence(&self) -> u64 {
        self.records.len() as u64
    }

    fn position(&self, follower: FollowerName, tenant: TenantId) -> FollowerPosition {
        let sequence = self.positions.get(&follower).copied().unwrap_or(0);
        FollowerPosition { tenant, sequence, last_sequence: self.last_sequence() }
    }
}

#[async_trait]
impl Feed for ModelStorage {
    async fn read_records(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<FeedRecord>, StorageError> {
        let kept = self.read_statements(tenant, after, page).await?;
        Ok(kept.into_iter().map(FeedRecord::of_statement).collect())
    }

    async fn list_behind(
        &self,
        follower: FollowerName,
    ) -> Result<Vec<FollowerPosition>, StorageError> {
        let store = self.lock();
        let all = store.tenant_data.iter();
        let positions = all.map(|(tenant, data)| data.position(follower, *tenant));
        Ok(positions.filter(|position| 0 < position.lag()).collect())
    }

    async fn advance(
        &self,
        follower: FollowerName,
        step: FollowerStep,
    ) -> Result<Advanced, StorageError> {
        // Entities are computed from the statements at each read: facts need not be stored.
        Ok(self.with_tenant_data(step.tenant, |data| {
            let position = data.positions.entry(follower).or_insert(0);
            if *position != step.from {
                return Advanced::Moved;
            }
            *position = step.to;
            Advanced::Done
        }))
    }

    async fn reset_follower(&self, follower: FollowerName) -> Result<(), StorageError> {
        for data in self.lock().tenant_data.values_mut() {
            data.positions.remove(&follower);
        }
        Ok(())
    }

    fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    async fn hold_lease(&self, _follower: FollowerName) -> Result<bool, StorageError> {
        Ok(true)
    }

    async fn release_lease(&self, _follower: FollowerName) -> Result<(), StorageError> {
        Ok(())
    }

    fn pace(&self) -> FeedPace {
        FeedPace {
            poll: None,
            pause: Duration::from_millis(1),
            effects_after: Duration::ZERO,
            save_after: Duration::ZERO,
            concurrent_steps: 1,
        }
    }
}
