//! The time through which everything that is stored can be read.
//!
//! An append holds the lock on its tenant's row of `counters` from before it reads the clock
//! until it has committed. So a node that gets the lock knows that no append is in flight on any
//! node. It writes the time into the row, and every later append gets a later time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::StorageError;

use crate::database::Database;
use crate::failure::{Failure, RETRY_AFTER};
use crate::types::number;

/// Caches the consistent-through time of tenants.
#[derive(Debug)]
pub(crate) struct ConsistentThrough {
    age_max: Duration,
    tenants: Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<Watermark>>>>,
}

/// The cached time of a tenant.
#[derive(Clone, Copy, Debug, Default)]
struct Watermark {
    through: Timestamp,
    /// When it was determined, since the start of the clock; `None` if there is none.
    at: Option<Duration>,
    /// When determining it last failed.
    failed: Option<Duration>,
}

impl ConsistentThrough {
    /// A cache whose entries expire after `age_max`.
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
        // Concurrent callers wait for the result of the first, also if it fails: one query after
        // the other would take too long.
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

    /// Notes that everything stored at or before `stored` is committed.
    pub(super) fn note(&self, database: &Database, tenant: TenantId, stored: Timestamp) {
        let consistent_through = self.of(tenant);
        // If it is locked, the database is being queried, which an append does not wait for.
        let Ok(mut consistent_through) = consistent_through.try_lock() else { return };
        consistent_through.through = consistent_through.through.max(stored.floor_to_millis());
        consistent_through.at = Some(database.clock.elapsed());
    }
}

/// The current time if nothing is in flight, and otherwise the last committed time.
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
                // Reads still work if nothing can be written.
                Err(failure) if failure.refuses_writes() => database.health.note_failure(&failure),
                Err(failure) => return Err(failure),
            }
            // An append is in flight, or a later time was written: times of later appends are
            // greater than the last one, and not before the written one.
            let sql = "SELECT greatest(consistent_through, last_stored) FROM acta.counters \
                 WHERE tenant_id = $1";
            let committed = connection.prepare_cached(sql).await?;
            let row = connection.query_opt(&committed, &[&tenant]).await?;
            Ok(row.map_or(i64::MIN, |row| row.get(0)))
        })
        .await?;
    Ok(Timestamp::from_unix_micros(micros.max(0)).floor_to_millis())
}
