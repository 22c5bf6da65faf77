//! The feed of a store in a directory.

use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{
    Advanced, EntityRead, EntityStore, Feed, FeedPace, FeedRecord, FollowerName, FollowerPosition,
    FollowerStep, PageLimits, Person, StorageError,
};
use acta_xapi::{ActivityId, Ifi};
use async_trait::async_trait;
use tokio::sync::watch;

use crate::EmbeddedStorage;

/// One process does everything, so a lease is always granted, and steps of many tenants share
/// a sync.
const PACE: FeedPace = FeedPace {
    poll: None,
    pause: Duration::from_millis(10),
    effects_after: Duration::from_millis(50),
    save_after: Duration::from_secs(1),
    concurrent_steps: 64,
};

#[async_trait]
impl Feed for EmbeddedStorage {
    async fn read_records(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<FeedRecord>, StorageError> {
        self.engine.read_records(tenant, after, page).await
    }

    async fn list_behind(
        &self,
        follower: FollowerName,
    ) -> Result<Vec<FollowerPosition>, StorageError> {
        let mut behind = self.engine.last_sequences();
        behind.sort_unstable_by_key(|(tenant, _)| *tenant);
        let positions = behind.into_iter().map(|(tenant, last_sequence)| FollowerPosition {
            tenant,
            sequence: self.positions.find(follower, tenant),
            last_sequence,
        });
        Ok(positions.filter(|position| 0 < position.lag()).collect())
    }

    async fn advance(
        &self,
        follower: FollowerName,
        step: FollowerStep,
    ) -> Result<Advanced, StorageError> {
        self.reserve.check().await?;
        let _passed = self.fence.pass(step.tenant).await?;
        self.positions.advance(follower, step).await
    }

    async fn reset_follower(&self, follower: FollowerName) -> Result<(), StorageError> {
        self.positions.reset(follower).await
    }

    fn appended(&self) -> watch::Receiver<u64> {
        self.engine.appended()
    }

    async fn hold_lease(&self, _follower: FollowerName) -> Result<bool, StorageError> {
        Ok(true)
    }

    async fn release_lease(&self, _follower: FollowerName) -> Result<(), StorageError> {
        Ok(())
    }

    fn pace(&self) -> FeedPace {
        PACE
    }
}

#[async_trait]
impl EntityStore for EmbeddedStorage {
    async fn read_definitions(
        &self,
        tenant: TenantId,
        activities: &[ActivityId],
    ) -> Result<EntityRead<Vec<Option<String>>>, StorageError> {
        self.tables.read_definitions(tenant, activities).await
    }

    async fn read_person(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<EntityRead<Person>, StorageError> {
        self.tables.read_person(tenant, ifi).await
    }
}
