//! What one connection is doing, and how long it may.
//!
//! A connection is in one [`Phase`] at a time. Each phase in which the client is waited for
//! has an end, and can be cut short when others need the room.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::memory::Charge;
use crate::options::{Bounds, bytes_in};

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Waits for a head, or for the rest of one.
    Head = 0,
    /// Waits between two requests.
    Idle = 1,
    /// The request is worked on: it is the server's turn.
    Working = 2,
    /// Waits for the body.
    Receiving = 3,
    /// Waits for the client to read the answer.
    Writing = 4,
    /// The last answer was sent; the client may read it before the end.
    Ending = 5,
}

/// What is known of a connection.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    pub(super) opened: Instant,
    phase: AtomicU8,
    /// When the phase began or the client last moved on, in milliseconds since `opened`.
    since: AtomicU64,
    /// Whether somebody has authenticated on it.
    pub(super) is_known: AtomicBool,
    /// Whether the answer was handed over as a whole, if not yet sent.
    is_answered: AtomicBool,
    /// What answers hold that were handed over and are not yet sent.
    unsent: Mutex<Vec<Arc<Charge>>>,
    /// Requests that have come so far.
    requests: AtomicU64,
    /// Bytes sent so far.
    written: AtomicU64,
    end: Notify,
}

/// How long each phase may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionTimeouts {
    head: Duration,
    idle: Duration,
    write: Duration,
    rate_bytes_min: u64,
}

impl ConnectionTimeouts {
    pub(crate) fn of(bounds: &Bounds) -> Self {
        Self {
            head: bounds.head_timeout,
            idle: bounds.idle_timeout,
            write: bounds.write_timeout,
            rate_bytes_min: bounds.rate_bytes_min,
        }
    }

    /// How often a connection is looked at, at least.
    fn interval(&self) -> Duration {
        self.head.min(self.idle).min(self.write) / 2
    }

    /// Bytes of an answer that must be read within the time for it.
    fn written_min(&self) -> u64 {
        bytes_in(self.rate_bytes_min, self.write).max(1)
    }
}

/// How much of which answer was sent when it was looked at.
struct Sent {
    start: Instant,
    request: u64,
    written: u64,
}

impl Sent {
    fn new(state: &ConnectionState) -> Self {
        let request = state.requests.load(Ordering::Relaxed);
        Self { start: Instant::now(), request, written: state.written.load(Ordering::Relaxed) }
    }

    /// Whether so many bytes went out since, or another answer is under way.
    fn is_enough(&self, state: &ConnectionState, bytes_min: u64) -> bool {
        state.requests.load(Ordering::Relaxed) != self.request
            || bytes_min <= state.written.load(Ordering::Relaxed) - self.written
    }
}

impl ConnectionState {
    /// A connection that was opened just now.
    pub(crate) fn new() -> Self {
        Self {
            opened: Instant::now(),
            phase: AtomicU8::new(Phase::Head as u8),
            since: AtomicU64::new(0),
            is_known: AtomicBool::new(false),
            is_answered: AtomicBool::new(false),
            unsent: Mutex::default(),
            requests: AtomicU64::new(0),
            written: AtomicU64::new(0),
            end: Notify::new(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Head,
            1 => Phase::Idle,
            3 => Phase::Receiving,
            4 => Phase::Writing,
            5 => Phase::Ending,
            _ => Phase::Working,
        }
    }

    fn unsent(&self) -> MutexGuard<'_, Vec<Arc<Charge>>> {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn move_to(&self, phase: Phase) {
        self.touch();
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// The client has moved on.
    fn touch(&self) {
        let millis = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(millis, Ordering::Relaxed);
    }

    /// When the phase began or the client last moved on.
    pub(super) fn since(&self) -> Instant {
        self.opened + Duration::from_millis(self.since.load(Ordering::Relaxed))
    }

    /// A request has come.
    pub(crate) fn on_request(&self) {
        self.is_answered.store(false, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.enter_working();
    }

    /// The request has arrived so far that it can be worked on.
    pub(crate) fn enter_working(&self) {
        self.phase.store(Phase::Working as u8, Ordering::Relaxed);
    }

    /// The body of the request is waited for.
    pub(crate) fn enter_receiving(&self) {
        self.move_to(Phase::Receiving);
    }

    /// Somebody has authenticated.
    pub(crate) fn mark_known(&self) {
        self.is_known.store(true, Ordering::Relaxed);
    }

    /// The whole answer was handed over.
    pub(crate) fn on_answer(&self, charge: Option<Arc<Charge>>) {
        if let Some(charge) = charge {
            self.unsent().push(charge);
        }
        self.is_answered.store(true, Ordering::Relaxed);
    }

    /// The last answer was sent.
    pub(crate) fn on_end(&self) {
        self.move_to(Phase::Ending);
    }

    /// Bytes were read.
    pub(super) fn on_read(&self) {
        if self.phase() == Phase::Idle {
            self.move_to(Phase::Head);
        }
    }

    /// Bytes were sent.
    pub(super) fn on_written(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.written.fetch_add(count, Ordering::Relaxed);
        if self.phase() == Phase::Writing {
            self.touch();
        }
    }

    /// The client takes no more bytes for now.
    pub(super) fn on_stall(&self) {
        if self.phase() == Phase::Working {
            self.move_to(Phase::Writing);
        }
    }

    /// Everything that was handed over was sent.
    pub(super) fn on_flush(&self) {
        if self.is_answered.load(Ordering::Relaxed) {
            self.is_answered.store(false, Ordering::Relaxed);
            self.unsent().clear();
            self.move_to(Phase::Idle);
        }
    }

    /// Tells the connection to end.
    pub(super) fn evict(&self) {
        self.end.notify_one();
    }

    /// Returns once the connection must end.
    pub(crate) async fn evicted(&self) {
        self.end.notified().await;
    }

    /// Returns once the client has been waited for long enough.
    pub(crate) async fn expired(&self, timeouts: ConnectionTimeouts) {
        let mut sent = Sent::new(self);
        loop {
            let now = Instant::now();
            let latest = now + timeouts.interval();
            let is_writing = self.phase() == Phase::Writing;
            if !is_writing || sent.is_enough(self, timeouts.written_min()) {
                sent = Sent::new(self);
            }
            let deadline = match self.phase() {
                Phase::Head => self.since() + timeouts.head,
                Phase::Idle => self.since() + timeouts.idle,
                Phase::Writing => sent.start + timeouts.write,
                Phase::Working | Phase::Receiving | Phase::Ending => latest,
            };
            if deadline <= now {
                return;
            }
            tokio::time::sleep_until(deadline.min(latest)).await;
        }
    }
}
