//! Until when everything that is stored can be read.
//!
//! An append holds the lock on its tenant's row of `counters` from before it takes the time
//! until it has committed. So a session that gets the lock knows that nothing is in flight on any
//! node, and every later append gets a `stored` after the time that it writes there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::StorageError;

use crate::database::Database;
use crate::failure::{Failure, RETRY_AFTER};
use crate::types::number;

/// Remembers, for a short time, the last result.
#[derive(Debug)]
pub(crate) struct ConsistentThrough {
    age_max: Duration,
    tenants: Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<Watermark>>>>,
}

/// What is known of one tenant.
#[derive(Clone, Copy, Debug, Default)]
struct Watermark {
    through: Timestamp,
    /// When it was found out, since the clock was made; none if nothing is known.
    at: Option<Duration>,
    /// When it was last asked for in vain.
    failed: Option<Duration>,
}

impl ConsistentThrough {
    /// What is older than `age_max` is asked for again.
    pub(super) fn new(age_max: Duration) -> Self {
        Self { age_max, tenants: Mutex::default() }
    }

    fn of(&self, tenant: TenantId) -> Arc<tokio::sync::Mutex<Watermark>> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(tenant).or_default())
    }

    /// As [`acta_storage::StatementStore::consistent_through`].
    pub(super) async fn consistent_through(
        &self,
        database: &Database,
        tenant: TenantId,
    ) -> Result<Timestamp, StorageError> {
        let consistent_through = self.of(tenant);
        let asked = database.clock.elapsed();
        // Those who come meanwhile wait for the answer of the first, also when there is none:
        // one after the other would find the same out all too slowly.
        let mut consistent_through = consistent_through.lock().await;
        if consistent_through.failed.is_some_and(|failed| asked <= failed) {
            return Err(StorageError::Unavailable { retry_after: RETRY_AFTER });
        }
        let now = database.clock.elapsed();
        let is_fresh = |at: Duration| now.saturating_sub(at) < self.age_max;
        if consistent_through.at.is_some_and(is_fresh) {
            return Ok(consistent_through.through);
        }
        let through = ask(database, tenant).await;
        let through =
            through.inspect_err(|_| consistent_through.failed = Some(database.clock.elapsed()))?;
        consistent_through.through = consistent_through.through.max(through);
        consistent_through.at = Some(now);
        Ok(consistent_through.through)
    }

    /// Takes note that everything stored at or before `stored` is committed.
    pub(super) fn note(&self, database: &Database, tenant: TenantId, stored: Timestamp) {
        let consistent_through = self.of(tenant);
        // A session that holds it is asking the database, which an append does not wait for.
        let Ok(mut consistent_through) = consistent_through.try_lock() else { return };
        consistent_through.through = consistent_through.through.max(stored.floor_to_millis());
        consistent_through.at = Some(database.clock.elapsed());
    }
}

/// Returns now if nothing is in flight, and otherwise the last commit.
async fn ask(database: &Database, tenant: TenantId) -> Result<Timestamp, StorageError> {
    let tenant = number(tenant);
    let micros: i64 = database
        .run("reading until when statements are readable", |connection| async move {
            let now = database.clock.now().floor_to_millis().unix_micros();
            let sql = "WITH free AS (SELECT tenant_id FROM acta.counters \
                 WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED) \
                 UPDATE acta.counters SET consistent_through = greatest(consistent_through, $2) \
                 FROM free WHERE counters.tenant_id = $1 AND free.tenant_id = $1 \
                 AND consistent_through < $2 RETURNING consistent_through";
            let advance = connection.prepare_cached(sql).await?;
            match connection.query_opt(&advance, &[&tenant, &now]).await.map_err(Failure::from) {
                Ok(Some(row)) => return Ok(row.get(0)),
                Ok(None) => {}
                // Reads go on where nothing can be written down.
                Err(failure) if failure.refuses_writes() => database.health.note_failure(&failure),
                Err(failure) => return Err(failure),
            }
            // Someone appends, or has advanced further: every time that may still come is
            // greater than the last one, and not before the last result.
            let sql = "SELECT greatest(consistent_through, last_stored) FROM acta.counters \
                 WHERE tenant_id = $1";
            let committed = connection.prepare_cached(sql).await?;
            let row = connection.query_opt(&committed, &[&tenant]).await?;
            Ok(row.map_or(i64::MIN, |row| row.get(0)))
        })
        .await?;
    Ok(Timestamp::from_unix_micros(micros.max(0)).floor_to_millis())
}
