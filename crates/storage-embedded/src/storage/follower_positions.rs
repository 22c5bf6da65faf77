//! How far followers have come, in memory as in the tables.

use std::sync::{Arc, Mutex, PoisonError};

use acta_access::TenantId;
use acta_storage::{Advanced, FollowerName, FollowerStep, StorageError};
use tokio::sync::RwLock;

use crate::engine::Engine;
use crate::tables::{Positions, Tables, is_of_row};

/// How far followers have come, as the tables say.
#[derive(Debug)]
pub(crate) struct FollowerPositions {
    tables: Arc<Tables>,
    /// What the tables say, changed after them.
    positions: Mutex<Positions>,
    /// Held from a change of the tables to that of `positions`: by steps together, by a reset
    /// alone. Otherwise both could end in another order.
    order: RwLock<()>,
}

impl FollowerPositions {
    /// Reads the positions. Followers that are ahead of a tenant's log, which a restored or
    /// damaged store may have, start again there; all start again if a position is damaged.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Full`] or [`StorageError::Io`].
    pub(crate) fn open(tables: Arc<Tables>, engine: &Engine) -> Result<Self, StorageError> {
        let mut positions = match tables.read_positions() {
            Err(error) if is_of_row(&error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(error = cause, "the data of followers is rebuilt");
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
                tracing::warn!(follower, %tenant, "a follower is ahead of the log: it starts again");
                tables.reset_follower_blocking(follower.clone(), Some(tenant))?;
                of_follower.remove(&tenant);
            }
        }
        Ok(Self { tables, positions: Mutex::new(positions), order: RwLock::default() })
    }

    /// How far a follower has come in a tenant's log.
    pub(super) fn find(&self, follower: FollowerName, tenant: TenantId) -> u64 {
        let positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
        let of_follower = positions.get(follower.as_str());
        of_follower.and_then(|all| all.get(&tenant)).copied().unwrap_or(0)
    }

    /// As [`acta_storage::Feed::advance`].
    pub(super) async fn advance(
        &self,
        follower: FollowerName,
        step: FollowerStep,
    ) -> Result<Advanced, StorageError> {
        let (tenant, to) = (step.tenant, step.to);
        let _order = self.order.read().await;
        let advanced = self.tables.advance(follower, step).await?;
        if advanced == Advanced::Done {
            let mut positions = self.positions.lock().unwrap_or_else(PoisonError::into_inner);
            positions.entry(follower.as_str().to_owned()).or_default().insert(tenant, to);
        }
        Ok(advanced)
    }

    /// As [`acta_storage::Feed::reset_follower`].
    pub(super) async fn reset(&self, follower: FollowerName) -> Result<(), StorageError> {
        let _order = self.order.write().await;
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
