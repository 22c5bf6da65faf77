//! All open connections, and which of them give way when there are too many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::state::{ConnectionState, Phase};
use crate::metrics::Metrics;

/// Which part of the connections gives way at once: looking at all of them takes longer than
/// closing one.
const EVICTED_PART: usize = 64;

/// Which part of the clients that do not read is cut off at once when memory is short.
const STALLED_PART: usize = 4;

/// How long a client that has authenticated may rest before it gives way.
const REST: Duration = Duration::from_secs(1);

/// How long to wait for connections that give way before others are looked for.
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

/// The permit of an open connection; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    table: Arc<ConnectionTable>,
    number: u64,
    /// What is known of the connection.
    pub(crate) state: Arc<ConnectionState>,
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.table.lock().states.remove(&self.number);
        self.table.freed.notify_one();
    }
}

impl ConnectionTable {
    /// No connection is open, and so many may be.
    pub(crate) fn new(count_max: usize) -> Arc<Self> {
        let (open, freed) = (Mutex::default(), Notify::new());
        Arc::new(Self { count_max: count_max.max(1), open, freed })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit for a new connection. Where there is none, others give way; where none of them
    /// can, one is waited for.
    pub(crate) async fn permit(self: &Arc<Self>, metrics: &Metrics) -> ConnectionPermit {
        loop {
            if let Some(permit) = self.free_permit() {
                return permit;
            }
            metrics.evict(self.make_room());
            // Woken by the first that has gone. The pause is for when nobody could go.
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

    /// Closes a part of the connections whose clients have not read on for longest, and so hold
    /// answers in memory. Tells how many.
    pub(crate) fn cut_off(&self) -> usize {
        let now = Instant::now();
        let open = self.lock();
        let is_stalled = |state: &&Arc<ConnectionState>| {
            state.phase() == Phase::Writing && state.since() + REST <= now
        };
        let mut stalled: Vec<&Arc<ConnectionState>> =
            open.states.values().filter(is_stalled).collect();
        stalled.sort_unstable_by_key(|state| state.since());
        stalled.truncate((stalled.len() / STALLED_PART).max(1));
        for state in &stalled {
            state.evict();
        }
        stalled.len()
    }

    /// Closes the connections that have been idle or half sent for longest: first those on
    /// which nobody has authenticated, then those that rest. Tells how many.
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

/// Who gives way first: strangers before those who are known, then whoever was there first.
type Rank = (bool, Instant);

fn rank(state: &ConnectionState, now: Instant) -> Option<Rank> {
    let is_known = state.is_known.load(std::sync::atomic::Ordering::Relaxed);
    match state.phase() {
        Phase::Working => None,
        Phase::Head | Phase::Idle | Phase::Receiving | Phase::Writing if is_known => {
            let since = state.since();
            (since + REST <= now).then_some((true, since))
        }
        Phase::Head | Phase::Idle | Phase::Receiving | Phase::Writing | Phase::Ending => {
            Some((false, state.opened))
        }
    }
}
