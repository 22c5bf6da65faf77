//! The open event streams: how many there are, and those that are dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use crate::metrics::{Counted, Metrics};
use crate::options::Bounds;
use crate::permit::memory::{Charge, Memory};
use crate::permit::party::Party;
use crate::problem::Problem;

/// The open event streams of a server.
#[derive(Clone, Debug)]
pub struct EventStreams(Arc<Table>);

#[derive(Debug)]
struct Table {
    count_max: usize,
    tenant_count_max: usize,
    requester_count_max: usize,
    /// A client that does not read for so long is dropped.
    write_timeout: Duration,
    memory: Arc<Memory>,
    counted: Gauge,
    dropped: Counter,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    of_tenants: HashMap<TenantId, usize>,
    of_requesters: HashMap<String, usize>,
}

/// An open event stream, counted until this is dropped.
#[derive(Debug)]
pub struct StreamPermit {
    streams: EventStreams,
    tenant: TenantId,
    requester: String,
    /// The memory of the piece that was written last.
    charge: Charge,
    /// Since when a piece waits for the client.
    waiting_since: Option<Instant>,
    _counted: Counted,
}

impl EventStreams {
    /// How long a refused client should wait.
    const RETRY_AFTER: Duration = Duration::from_secs(10);

    /// None yet.
    pub(crate) fn new(bounds: &Bounds, memory: &Arc<Memory>, metrics: &Metrics) -> Self {
        let (counted, dropped) = metrics.streams();
        Self(Arc::new(Table {
            count_max: bounds.streams_max,
            tenant_count_max: bounds.tenant_streams_max,
            requester_count_max: bounds.requester_streams_max,
            write_timeout: bounds.write_timeout,
            memory: Arc::clone(memory),
            counted,
            dropped,
            open: Mutex::default(),
        }))
    }

    /// Opens a stream of a tenant for a requester, which is that of the present task.
    ///
    /// # Errors
    ///
    /// 429 if too many are open.
    pub fn open(&self, tenant: TenantId, requester: String) -> Result<StreamPermit, Problem> {
        let mut open = self.0.lock();
        let of_tenant = open.of_tenants.get(&tenant).copied().unwrap_or_default();
        let of_requester = open.of_requesters.get(&requester).copied().unwrap_or_default();
        let Table { count_max, tenant_count_max, requester_count_max, .. } = *self.0;
        for (count, most, of, key) in [
            (of_requester, requester_count_max, "requester", "limits.requester_streams_max"),
            (of_tenant, tenant_count_max, "tenant", "limits.tenant_streams_max"),
            (open.count, count_max, "server", "limits.streams_max"),
        ] {
            if most <= count {
                let detail = format!("at most {most} streams of one {of} may be open ({key})");
                return Err(Problem::too_many(detail, Self::RETRY_AFTER));
            }
        }
        open.count += 1;
        *open.of_tenants.entry(tenant).or_default() += 1;
        *open.of_requesters.entry(requester.clone()).or_default() += 1;
        drop(open);
        let party = Party::Tenant(tenant, acta_storage::current_requester().id);
        Ok(StreamPermit {
            streams: self.clone(),
            tenant,
            requester,
            charge: Charge::of(&self.0.memory, Some(party)),
            waiting_since: None,
            _counted: Counted::one(&self.0.counted),
        })
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamPermit {
    /// The client has accepted the last piece: its memory is free.
    pub fn resume(&mut self) {
        self.waiting_since = None;
        self.charge.release(usize::MAX);
    }

    /// Reserves memory for the next piece.
    ///
    /// # Errors
    ///
    /// 503 if there is not enough left.
    pub fn hold(&self, bytes: usize) -> Result<(), Problem> {
        self.charge.hold(bytes)
    }

    /// A piece of `bytes` waits for the client from now on.
    pub fn pass(&mut self, bytes: usize) {
        self.charge.release(usize::MAX);
        self.charge.hold_anyway(bytes);
        self.waiting_since = Some(Instant::now());
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock();
        open.count -= 1;
        leave(&mut open.of_tenants, &self.tenant);
        leave(&mut open.of_requesters, &self.requester);
        drop(open);
        // The timeout is checked in intervals, so half of it tells that it was the reason.
        let timeout = self.streams.0.write_timeout;
        if self.waiting_since.is_some_and(|since| timeout / 2 <= since.elapsed()) {
            self.streams.0.dropped.inc();
        }
    }
}

fn leave<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
