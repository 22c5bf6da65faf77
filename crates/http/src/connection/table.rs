//! All open connections, and which of them are closed when there are too many.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::state::{ConnectionState, Phase};
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
        Arc::new(Self { count_max: count_max.max(1), open, freed })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.close_oldest(|state| state.phase() == Phase::Writing)
    }

    /// Closes a fraction of the unauthenticated connections whose bodies have been arriving for the
    /// longest time, and so hold memory. Returns how many.
    pub(crate) fn close_slow_anonymous(&self) -> usize {
        self.close_oldest(|state| {
            let is_authenticated = state.is_authenticated.load(Ordering::Relaxed);
            state.phase() == Phase::Receiving && !is_authenticated
        })
    }

    fn close_oldest(&self, holds_memory: impl Fn(&ConnectionState) -> bool) -> usize {
        let now = Instant::now();
        let open = self.lock();
        let is_stalled =
            |state: &&Arc<ConnectionState>| holds_memory(state) && state.since() + REST <= now;
        let mut stalled: Vec<&Arc<ConnectionState>> =
            open.states.values().filter(is_stalled).collect();
        stalled.sort_unstable_by_key(|state| state.since());
        stalled.truncate((stalled.len() / STALLED_PART).max(1));
        for state in &stalled {
            state.evict();
        }
        stalled.len()
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

/// The order of closing: unauthenticated connections first, then the oldest.
type Rank = (bool, Instant);

fn rank(state: &ConnectionState, now: Instant) -> Option<Rank> {
    let is_authenticated = state.is_authenticated.load(Ordering::Relaxed);
    match state.phase() {
        Phase::Working => None,
        Phase::Head | Phase::Idle | Phase::Receiving | Phase::Writing if is_authenticated => {
            let since = state.since();
            (since + REST <= now).then_some((true, since))
        }
        Phase::Head | Phase::Idle | Phase::Receiving | Phase::Writing | Phase::Ending => {
            Some((false, state.opened))
        }
    }
}
