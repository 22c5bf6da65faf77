//! The feed of a store in a database.

pub(crate) mod tiles;

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
use crate::database::Connection;
use crate::entities::steps::take_step;
use crate::failure::Failure;
use crate::statements;
use crate::types::tenant_of;

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

const BEHIND: &str = "SELECT c.tenant_id, coalesce(f.sequence, 0), c.last_sequence \
     FROM acta.counters c LEFT JOIN acta.followers f \
     ON f.tenant_id = c.tenant_id AND f.name = $1 \
     WHERE coalesce(f.sequence, 0) < c.last_sequence ORDER BY c.tenant_id";

/// As [`BEHIND`], of some tenants.
const BEHIND_AMONG: &str = "SELECT c.tenant_id, coalesce(f.sequence, 0), c.last_sequence \
     FROM acta.counters c LEFT JOIN acta.followers f \
     ON f.tenant_id = c.tenant_id AND f.name = $1 WHERE c.tenant_id = ANY($2) \
     AND coalesce(f.sequence, 0) < c.last_sequence ORDER BY c.tenant_id";

/// The tenants of a cluster, each with its machine.
const MACHINES: &str = "SELECT t.tenant_id, n.nodename || ':' || n.nodeport FROM acta.records t \
     JOIN pg_dist_placement p ON p.shardid = \
     get_shard_id_for_distribution_column('acta.counters', t.tenant_id) \
     JOIN pg_dist_node n ON n.groupid = p.groupid AND n.noderole = 'primary' \
     WHERE t.kind = 'tenant' AND t.tenant_id IS NOT NULL";

const FOLLOWED: &str = "SELECT tenant_id FROM acta.followers WHERE name = $1 ORDER BY tenant_id";

/// The tenants for which a follower is behind, but for those on machines that are away: they do
/// not keep the others waiting.
async fn find_behind(
    connection: &Connection,
    follower: FollowerName,
    away: &[String],
) -> Result<Vec<Row>, Failure> {
    let follower = follower.as_str();
    if away.is_empty() {
        let behind = connection.prepare_across(BEHIND).await?;
        return Ok(connection.query(&behind, &[&follower]).await?);
    }
    let machines = connection.prepare_cached(MACHINES).await?;
    let placed = connection.query(&machines, &[]).await?;
    let is_there = |row: &&Row| !away.iter().any(|machine| machine == row.get::<_, &str>(1));
    let tenants: Vec<i32> = placed.iter().filter(is_there).map(|row| row.get(0)).collect();
    let behind = connection.prepare_across(BEHIND_AMONG).await?;
    Ok(connection.query(&behind, &[&follower, &tenants]).await?)
}

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

    async fn list_behind(
        &self,
        follower: FollowerName,
    ) -> Result<Vec<FollowerPosition>, StorageError> {
        let (mut attempts, mut away) =
            (self.database.attempts(READING), self.database.health.machines_away());
        loop {
            let machines = &away;
            let rows = self.database.run_once(|connection| async move {
                find_behind(&connection, follower, machines).await
            });
            let failure = match rows.await {
                Ok(rows) => return rows.iter().map(read_position).collect(),
                Err(failure) => failure,
            };
            match failure.machine() {
                Some(machine) if !away.iter().any(|known| known == machine) => {
                    away.push(machine.to_owned());
                }
                Some(_) | None => attempts.again(failure).await?,
            }
        }
    }

    async fn advance(
        &self,
        follower: FollowerName,
        step: FollowerStep,
    ) -> Result<Advanced, StorageError> {
        self.database.check_reserve().await?;
        let taken = take_step(&self.database, follower, &step).await;
        taken.map_err(|failure| failure.into_storage_error(STEPPING))
    }

    async fn reset_follower(&self, follower: FollowerName) -> Result<(), StorageError> {
        let tenants = self.database.run(READING, |connection| async move {
            let select = connection.prepare_across(FOLLOWED).await?;
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
