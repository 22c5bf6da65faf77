//! All open connections, and which of them are closed when there are too many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::phase::Phase;
use super::state::ConnectionState;
use super::streams::{StreamState, Streams};
use crate::metrics::Metrics;

/// The fraction of connections that is closed at once: a scan of all takes longer than closing one.
const EVICTED_PART: usize = 64;

/// The fraction of stalled clients that is closed at once when memory is short.
const STALLED_PART: usize = 4;

/// How long an authenticated connection may be idle before it may be closed to make room.
const REST: Duration = Duration::from_secs(1);

/// How long to wait for evicted connections to close before others are selected.
const PAUSE: Duration = Duration::from_millis(50);

/// All open connections.
#[derive(Debug)]
pub(crate) struct ConnectionTable {
    count_max: usize,
    open: Mutex<Open>,
    freed: Notify,
    /// The open streams of connections with HTTP/2. There may be as many as connections.
    streams: AtomicUsize,
}

#[derive(Debug, Default)]
struct Open {
    states: HashMap<u64, Arc<ConnectionState>>,
    last: u64,
}

/// The permit of an open connection; returned on drop.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    table: Arc<ConnectionTable>,
    number: u64,
    /// The state of the connection.
    pub(crate) state: Arc<ConnectionState>,
}

impl ConnectionPermit {
    /// The table that it is of.
    pub(crate) fn table(&self) -> &Arc<ConnectionTable> {
        &self.table
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.table.lock().states.remove(&self.number);
        self.table.freed.notify_one();
    }
}

impl ConnectionTable {
    /// An empty table for `count_max` connections.
    pub(crate) fn new(count_max: usize) -> Arc<Self> {
        let (open, freed) = (Mutex::default(), Notify::new());
        let streams = AtomicUsize::new(0);
        Arc::new(Self { count_max: count_max.max(1), open, freed, streams })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts another stream; false if there are too many.
    pub(super) fn add_stream(&self) -> bool {
        let more = |count: usize| (count < self.count_max).then_some(count + 1);
        self.streams.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// A stream has ended.
    pub(super) fn remove_stream(&self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }

    /// A permit for a new connection. If there is none, other connections are closed; if none can
    /// be closed, waits for one to end.
    pub(crate) async fn permit(self: &Arc<Self>, metrics: &Metrics) -> ConnectionPermit {
        loop {
            if let Some(permit) = self.free_permit() {
                return permit;
            }
            metrics.evict(self.make_room());
            // Woken by the first connection that closes. The pause applies when none could be
            // closed.
            let _ = tokio::time::timeout(PAUSE, self.freed.notified()).await;
        }
    }

    fn free_permit(self: &Arc<Self>) -> Option<ConnectionPermit> {
        let mut open = self.lock();
        if self.count_max <= open.states.len() {
            return None;
        }
        open.last += 1;
        let (number, state) = (open.last, Arc::new(ConnectionState::new()));
        open.states.insert(number, Arc::clone(&state));
        Some(ConnectionPermit { table: Arc::clone(self), number, state })
    }

    /// Closes a fraction of the connections whose clients have not read for the longest time, and
    /// so hold responses in memory. Returns how many.
    pub(crate) fn close_stalled(&self) -> usize {
        let open = self.lock();
        let stalled = open.states.values().filter_map(|state| {
            Some((state.since_in(Phase::Writing)?, Holder::Connection(Arc::clone(state))))
        });
        close_oldest(stalled.collect())
    }

    /// Ends a fraction of the unauthenticated requests whose bodies have been arriving for the
    /// longest time, and so hold memory. Their clients get a response. Returns how many.
    pub(crate) fn close_slow_anonymous(&self) -> usize {
        let open = self.lock();
        let slow = open.states.values().flat_map(|state| {
            if let Some(streams) = state.streams.get() {
                let slow = streams.anonymous().into_iter();
                slow.map(|(since, stream)| (since, Holder::Stream(stream))).collect()
            } else {
                let slow = state.anonymous_since().into_iter();
                slow.map(|since| (since, Holder::Request(Arc::clone(state)))).collect::<Vec<_>>()
            }
        });
        close_oldest(slow.collect())
    }

    /// Closes the connections that have been idle or incomplete for the longest time:
    /// unauthenticated ones first, then idle ones. Returns how many.
    pub(crate) fn make_room(&self) -> usize {
        let now = Instant::now();
        let open = self.lock();
        let mut ranked: Vec<(Rank, &Arc<ConnectionState>)> =
            open.states.values().filter_map(|state| Some((rank(state, now)?, state))).collect();
        let count = (open.states.len() / EVICTED_PART).max(1).min(ranked.len());
        if count == 0 {
            return 0;
        }
        ranked.select_nth_unstable_by_key(count - 1, |(rank, _)| *rank);
        for (_, state) in ranked.iter().take(count) {
            state.evict();
        }
        count
    }
}

/// What holds memory while it waits for its client.
enum Holder {
    Connection(Arc<ConnectionState>),
    /// The present request of a connection with HTTP/1.1.
    Request(Arc<ConnectionState>),
    Stream(Arc<StreamState>),
}

/// Closes a fraction of those that have held memory for the longest time, and not just begun.
/// Returns how many.
fn close_oldest(mut holders: Vec<(Instant, Holder)>) -> usize {
    let now = Instant::now();
    holders.retain(|(since, _)| *since + REST <= now);
    holders.sort_unstable_by_key(|(since, _)| *since);
    holders.truncate((holders.len() / STALLED_PART).max(1));
    for (_, holder) in &holders {
        match holder {
            Holder::Connection(state) => state.evict(),
            Holder::Request(state) => state.evict_request(),
            Holder::Stream(state) => state.evict(),
        }
    }
    holders.len()
}

/// The order of closing: unauthenticated connections first, then the oldest.
type Rank = (bool, Instant);

fn rank(state: &ConnectionState, now: Instant) -> Option<Rank> {
    let is_authenticated = state.is_authenticated.load(Ordering::Relaxed);
    match state.phase() {
        Phase::Working => None,
        Phase::Head | Phase::Idle | Phase::Receiving | Phase::Writing if is_authenticated => {
            let progress = state.streams.get().and_then(Streams::last_progress);
            let since = progress.map_or(state.since(), |progress| progress.max(state.since()));
            (since + REST <= now).then_some((true, since))
        }
        Phase::Head | Phase::Idle | Phase::Receiving | Phase::Writing | Phase::Ending => {
            Some((false, state.opened))
        }
    }
}
