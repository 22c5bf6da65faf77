//! How far the logs of tenants go, for readers that wait for the next statement.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{Storage, StorageError};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// How long a reader waits at least before it looks again, so that small batches are read together.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a reader looks if nothing was stored on this node.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// The ends of the logs of tenants. All readers of a tenant share one look into the store.
pub(crate) struct LogHeads {
    storage: Arc<dyn Storage>,
    appended: watch::Receiver<u64>,
    /// How often to look for what other nodes have stored.
    interval: Duration,
    tenants: PerTenant<Option<Head>>,
}

/// A value for each tenant that was asked about.
#[derive(Debug, Default)]
pub(crate) struct PerTenant<T>(StdMutex<HashMap<TenantId, Arc<Mutex<T>>>>);

impl<T: Default> PerTenant<T> {
    /// The value of a tenant.
    pub(crate) fn of(&self, tenant: TenantId) -> Arc<Mutex<T>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(tenant).or_default())
    }
}

/// The end of a tenant's log at some time.
#[derive(Clone, Copy, Debug)]
struct Head {
    sequence: u64,
    /// When it was read.
    at: Instant,
    /// What had been appended on this node before it was read.
    appended: u64,
}

impl LogHeads {
    /// The logs of a store.
    pub(crate) fn new(storage: &Arc<dyn Storage>) -> Self {
        Self {
            storage: Arc::clone(storage),
            appended: storage.appended(),
            interval: storage.pace().poll.unwrap_or(LOOK_INTERVAL),
            tenants: PerTenant::default(),
        }
    }

    /// The last sequence of a tenant's log, at most a moment ago.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::StatementStore::count_statements`].
    pub(crate) async fn find(&self, tenant: TenantId) -> Result<u64, StorageError> {
        let shared = self.tenants.of(tenant);
        // Held while the store is read, so that the others take the result.
        let mut known = shared.lock().await;
        let appended = *self.appended.borrow();
        if let Some(head) = known.filter(|head| self.is_current(*head, appended)) {
            return Ok(head.sequence);
        }
        let at = Instant::now();
        let sequence = self.storage.count_statements(tenant).await?;
        *known = Some(Head { sequence, at, appended });
        Ok(sequence)
    }

    fn is_current(&self, head: Head, appended: u64) -> bool {
        let age = head.at.elapsed();
        age < PAUSE || (head.appended == appended && age < self.interval)
    }

    /// Waits until a tenant's log has a sequence greater than `after`, and returns its last one.
    ///
    /// # Errors
    ///
    /// As [`LogHeads::find`].
    pub(crate) async fn wait(&self, tenant: TenantId, after: u64) -> Result<u64, StorageError> {
        // Before the first look, so that nothing is missed.
        let mut appended = self.appended.clone();
        loop {
            appended.mark_unchanged();
            let sequence = self.find(tenant).await?;
            if after < sequence {
                return Ok(sequence);
            }
            // It makes no difference whether it was notified.
            drop(tokio::time::timeout(self.interval, appended.changed()).await);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// How many statements a tenant has, and when the last ones were stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSummary {
    /// How many were stored, voided ones included.
    pub statement_count: u64,
    /// How many of them within the last minute.
    pub last_minute_count: u64,
    /// When the last one was stored.
    pub last_stored: Option<Timestamp>,
}

/// The summaries of tenants that were made last.
pub(crate) type Summaries = PerTenant<Option<(Instant, LogSummary)>>;
