//! The state of a connection, and its timeouts.
//!
//! A connection is in one [`Phase`] at a time. Each phase that waits for the client has a timeout,
//! and can be ended early when other connections need room.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::phase::Phase;
use super::streams::Streams;
use crate::options::{Bounds, bytes_in};
use crate::permit::memory::Charge;

/// The state of a connection.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    pub(super) opened: Instant,
    phase: AtomicU8,
    /// When the phase began or the client last made progress, in milliseconds since `opened`.
    since: AtomicU64,
    /// When the present request began, in milliseconds since `opened`.
    request_since: AtomicU64,
    /// Whether a request on it was authenticated.
    pub(super) is_authenticated: AtomicBool,
    /// Whether the present request was: behind a proxy, those before may be of others.
    is_request_authenticated: AtomicBool,
    /// Whether the response is an event stream.
    is_streaming: AtomicBool,
    /// Whether hyper has the whole response, even if it is not sent yet.
    has_whole_response: AtomicBool,
    /// The charges of responses that hyper has but has not sent yet.
    unsent: Mutex<Vec<Arc<Charge>>>,
    /// Requests that have come so far.
    pub(super) requests: AtomicU64,
    /// Bytes sent so far.
    pub(super) written: AtomicU64,
    /// The streams, if it is a connection with HTTP/2.
    pub(super) streams: OnceLock<Streams>,
    /// Requests of streams that were cancelled, less those that were answered since.
    pub(super) cancelled: AtomicUsize,
    /// Woken when its client is to begin no more streams.
    pub(super) leave: Notify,
    /// Wakes the present request when it must end.
    request_end: Notify,
    end: Notify,
}

/// How long each phase may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionTimeouts {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
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

    /// The interval between two checks of a connection.
    pub(super) fn interval(&self) -> Duration {
        self.head.min(self.idle).min(self.write) / 2
    }

    /// Bytes of a response that must be read within the timeout.
    pub(super) fn written_min(&self) -> u64 {
        bytes_in(self.rate_bytes_min, self.write).max(1)
    }
}

/// The progress of a response at the last check.
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

    /// Whether enough bytes were sent since then, or another response has begun.
    fn is_enough(&self, state: &ConnectionState, bytes_min: u64) -> bool {
        state.requests.load(Ordering::Relaxed) != self.request
            || bytes_min <= state.written.load(Ordering::Relaxed) - self.written
    }
}

impl ConnectionState {
    /// A new connection.
    pub(crate) fn new() -> Self {
        Self {
            opened: Instant::now(),
            phase: AtomicU8::new(Phase::Head as u8),
            since: AtomicU64::new(0),
            request_since: AtomicU64::new(0),
            is_authenticated: AtomicBool::new(false),
            is_request_authenticated: AtomicBool::new(false),
            is_streaming: AtomicBool::new(false),
            has_whole_response: AtomicBool::new(false),
            unsent: Mutex::default(),
            requests: AtomicU64::new(0),
            written: AtomicU64::new(0),
            streams: OnceLock::new(),
            cancelled: AtomicUsize::new(0),
            leave: Notify::new(),
            request_end: Notify::new(),
            end: Notify::new(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        if let Some(streams) = self.streams.get() {
            let is_fresh = self.requests.load(Ordering::Relaxed) == 0;
            let rest = if is_fresh { Phase::Head } else { Phase::Idle };
            return streams.phase().unwrap_or(rest);
        }
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

    /// The client has made progress.
    pub(super) fn touch(&self) {
        self.since.store(self.age_ms(), Ordering::Relaxed);
    }

    /// How long ago the connection was opened, in milliseconds.
    fn age_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// When the phase began or the client last made progress.
    pub(super) fn since(&self) -> Instant {
        self.opened + Duration::from_millis(self.since.load(Ordering::Relaxed))
    }

    /// A request has arrived.
    pub(crate) fn on_request(&self) {
        self.has_whole_response.store(false, Ordering::Relaxed);
        self.is_streaming.store(false, Ordering::Relaxed);
        self.is_request_authenticated.store(false, Ordering::Relaxed);
        self.request_since.store(self.age_ms(), Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.enter_working();
    }

    /// Enough of the request has arrived to process it.
    pub(crate) fn enter_working(&self) {
        self.phase.store(Phase::Working as u8, Ordering::Relaxed);
    }

    /// The server waits for the body of the request.
    pub(crate) fn enter_receiving(&self) {
        self.move_to(Phase::Receiving);
    }

    /// The present request was authenticated.
    pub(crate) fn mark_authenticated(&self) {
        self.is_authenticated.store(true, Ordering::Relaxed);
        self.is_request_authenticated.store(true, Ordering::Relaxed);
    }

    /// Since when the body of the present request has been arriving, if it is not authenticated,
    /// whatever part of it came last.
    pub(super) fn anonymous_since(&self) -> Option<Instant> {
        let is_authenticated = self.is_request_authenticated.load(Ordering::Relaxed);
        let begun = Duration::from_millis(self.request_since.load(Ordering::Relaxed));
        (self.phase() == Phase::Receiving && !is_authenticated).then(|| self.opened + begun)
    }

    /// The response is an event stream.
    pub(crate) fn mark_streaming(&self) {
        self.is_streaming.store(true, Ordering::Relaxed);
    }

    /// Whether the response is an event stream.
    pub(crate) fn is_streaming(&self) -> bool {
        self.is_streaming.load(Ordering::Relaxed)
    }

    /// hyper has the whole response.
    pub(crate) fn on_response(&self, charge: Option<Arc<Charge>>) {
        if let Some(charge) = charge {
            self.unsent().push(charge);
        }
        self.has_whole_response.store(true, Ordering::Relaxed);
    }

    /// The last response was sent.
    pub(crate) fn on_end(&self) {
        self.move_to(Phase::Ending);
    }

    /// The handshake of TLS is complete: now the client has its time for a head.
    pub(crate) fn on_handshake(&self) {
        self.move_to(Phase::Head);
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
        if self.streams.get().is_none() && self.phase() == Phase::Writing {
            self.touch();
        }
    }

    /// The client accepts no more bytes for now.
    pub(super) fn on_stall(&self) {
        if self.streams.get().is_none() && self.phase() == Phase::Working {
            self.move_to(Phase::Writing);
        }
    }

    /// Everything that hyper had was sent.
    pub(super) fn on_flush(&self) {
        if self.has_whole_response.load(Ordering::Relaxed) {
            self.has_whole_response.store(false, Ordering::Relaxed);
            self.unsent().clear();
            self.move_to(Phase::Idle);
        } else if self.phase() == Phase::Writing {
            // The client has accepted all that there was, and the server makes more.
            self.enter_working();
        }
    }

    /// Requests the present request to end, but not a later one.
    pub(super) fn evict_request(&self) {
        self.request_end.notify_waiters();
    }

    /// Returns once the present request must end. If its body has arrived meanwhile, it need not.
    pub(super) async fn request_evicted(&self) {
        loop {
            self.request_end.notified().await;
            if self.anonymous_since().is_some() {
                return;
            }
        }
    }

    /// Requests the connection to close.
    pub(super) fn evict(&self) {
        self.end.notify_one();
    }

    /// Returns once the connection must end.
    pub(crate) async fn evicted(&self) {
        self.end.notified().await;
    }

    /// Returns once a timeout of the client has expired.
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
