//! The feed of a store in a directory.

use std::sync::{Arc, Mutex, PoisonError};
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
use crate::engine::Engine;
use crate::tables::{Positions, Tables, is_of_row};

/// One process does everything, so a lease is always granted, and steps of many tenants share
/// a sync.
const PACE: FeedPace = FeedPace {
    poll: None,
    pause: Duration::from_millis(10),
    effects_after: Duration::from_millis(50),
    save_after: Duration::from_secs(1),
    concurrent_steps: 64,
};

/// How far followers have come, as the tables say.
#[derive(Debug)]
pub(crate) struct FollowerPositions {
    tables: Arc<Tables>,
    /// What the tables say, changed after them.
    positions: Mutex<Positions>,
}

impl FollowerPositions {
    /// Reads the positions. Followers that are ahead of a tenant's log, which a restored or
    /// damaged store may have, start anew there; all start anew if a position is damaged.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Full`] or [`StorageError::Io`].
    pub(crate) fn open(tables: Arc<Tables>, engine: &Engine) -> Result<Self, StorageError> {
        let mut positions = match tables.read_positions() {
            Err(error) if is_of_row(&error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(error = cause, "what followers made is made anew");
                tables.reset_followers_blocking()?;
                Positions::new()
            }
            positions => positions?,
        };
        for (follower, of_follower) in &mut positions {
            let ahead: Vec<TenantId> = of_follower
                .iter()
                .filter(|(tenant, sequence)| engine.count_statements(**tenant) < **sequence)
                .map(|(tenant, _)| *tenant)
                .collect();
            for tenant in ahead {
                tracing::warn!(follower, %tenant, "a follower is ahead of the log: it starts anew");
                tables.reset_follower_blocking(follower.clone(), Some(tenant))?;
                of_follower.remove(&tenant);
            }
        }
        Ok(Self { tables, positions: Mutex::new(positions) })
    }

    fn find(&self, follower: FollowerName, tenant: TenantId) -> u64 {
        let positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        let of_follower = positions.get(follower.as_str());
        of_follower.and_then(|all| all.get(&tenant)).copied().unwrap_or(0)
    }

    async fn advance(
        &self,
        follower: FollowerName,
        step: FollowerStep,
    ) -> Result<Advanced, StorageError> {
        let (tenant, to) = (step.tenant, step.to);
        let advanced = self.tables.advance(follower, step).await?;
        if advanced == Advanced::Done {
            let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
            positions.entry(follower.as_str().to_owned()).or_default().insert(tenant, to);
        }
        Ok(advanced)
    }

    async fn reset(&self, follower: FollowerName) -> Result<(), StorageError> {
        self.tables.reset_follower(follower).await?;
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions.remove(follower.as_str());
        Ok(())
    }

    /// Forgets a tenant that was removed.
    pub(super) fn forget(&self, tenant: TenantId) {
        let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        for of_follower in positions.values_mut() {
            of_follower.remove(&tenant);
        }
    }
}

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

    async fn find_position(
        &self,
        follower: FollowerName,
        tenant: TenantId,
    ) -> Result<FollowerPosition, StorageError> {
        let sequence = self.positions.find(follower, tenant);
        let last_sequence = self.engine.count_statements(tenant);
        Ok(FollowerPosition { tenant, sequence, last_sequence })
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
    async fn read_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<EntityRead<Option<String>>, StorageError> {
        self.tables.read_definition(tenant, activity).await
    }

    async fn read_person(
        &self,
        tenant: TenantId,
        ifi: &Ifi,
    ) -> Result<EntityRead<Person>, StorageError> {
        self.tables.read_person(tenant, ifi).await
    }
}
