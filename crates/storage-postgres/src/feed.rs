//! The feed of a store in a database.

use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{
    Advanced, Feed, FeedPace, FeedRecord, FollowerName, FollowerPosition, FollowerStep, PageLimits,
    StorageError,
};
use async_trait::async_trait;
use tokio::sync::watch;
use tokio_postgres::Row;

use crate::PostgresStorage;
use crate::entities::steps::take_step;
use crate::statements;
use crate::types::{number, tenant_of};

/// Other nodes see a position only when it is saved.
const PACE: FeedPace = FeedPace {
    poll: Some(Duration::from_millis(200)),
    pause: Duration::from_millis(100),
    effects_after: Duration::ZERO,
    save_after: Duration::ZERO,
    concurrent_steps: 4,
};

/// Names of the operations, for errors.
const READING: &str = "reading how far a follower has come";
const STEPPING: &str = "writing what a follower made";
const LEASING: &str = "asking who does a follower's work";

const POSITION: &str = "SELECT $1, coalesce(f.sequence, 0), coalesce(c.last_sequence, 0) \
     FROM (SELECT) AS one \
     LEFT JOIN acta.counters c ON c.tenant_id = $1 \
     LEFT JOIN acta.followers f ON f.tenant_id = $1 AND f.name = $2";

const BEHIND: &str = "SELECT c.tenant_id, coalesce(f.sequence, 0), c.last_sequence \
     FROM acta.counters c LEFT JOIN acta.followers f \
     ON f.tenant_id = c.tenant_id AND f.name = $1 \
     WHERE coalesce(f.sequence, 0) < c.last_sequence ORDER BY c.tenant_id";

const FOLLOWED: &str = "SELECT tenant_id FROM acta.followers WHERE name = $1 ORDER BY tenant_id";

fn read_position(row: &Row) -> Result<FollowerPosition, StorageError> {
    Ok(FollowerPosition {
        tenant: tenant_of(row.get(0)).map_err(|failure| failure.into_storage_error(READING))?,
        sequence: row.get::<_, i64>(1).unsigned_abs(),
        last_sequence: row.get::<_, i64>(2).unsigned_abs(),
    })
}

impl PostgresStorage {
    /// Whether this node does the work of a follower now.
    pub fn leads(&self, follower: FollowerName) -> bool {
        self.leases.lease(follower).is_held()
    }
}

#[async_trait]
impl Feed for PostgresStorage {
    async fn read_records(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<FeedRecord>, StorageError> {
        statements::records(&self.database, tenant, after, page).await
    }

    async fn find_position(
        &self,
        follower: FollowerName,
        tenant: TenantId,
    ) -> Result<FollowerPosition, StorageError> {
        let row = self.database.run(READING, |connection| async move {
            let select = connection.prepare_cached(POSITION).await?;
            Ok(connection.query_one(&select, &[&number(tenant), &follower.as_str()]).await?)
        });
        read_position(&row.await?)
    }

    async fn list_behind(
        &self,
        follower: FollowerName,
    ) -> Result<Vec<FollowerPosition>, StorageError> {
        let rows = self.database.run(READING, |connection| async move {
            let behind = connection.prepare_cached(BEHIND).await?;
            Ok(connection.query(&behind, &[&follower.as_str()]).await?)
        });
        rows.await?.iter().map(read_position).collect()
    }

    async fn advance(
        &self,
        follower: FollowerName,
        step: FollowerStep,
    ) -> Result<Advanced, StorageError> {
        let taken = take_step(&self.database, follower, &step).await;
        taken.map_err(|failure| failure.into_storage_error(STEPPING))
    }

    async fn reset_follower(&self, follower: FollowerName) -> Result<(), StorageError> {
        let tenants = self.database.run(READING, |connection| async move {
            let select = connection.prepare_cached(FOLLOWED).await?;
            Ok(connection.query(&select, &[&follower.as_str()]).await?)
        });
        for row in tenants.await? {
            self.database.reset_follower(follower, row.get(0)).await?;
        }
        Ok(())
    }

    fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    async fn hold_lease(&self, follower: FollowerName) -> Result<bool, StorageError> {
        let held = self.leases.lease(follower).hold().await;
        held.map_err(|failure| failure.into_storage_error(LEASING))
    }

    async fn release_lease(&self, follower: FollowerName) -> Result<(), StorageError> {
        let released = self.leases.lease(follower).release().await;
        released.map_err(|failure| failure.into_storage_error(LEASING))
    }

    fn pace(&self) -> FeedPace {
        PACE
    }
}
