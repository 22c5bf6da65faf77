//! The open streams of a connection with HTTP/2, each with one request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::phase::Phase;

/// The open streams of a connection.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: Mutex<HashMap<u64, Arc<StreamState>>>,
    last: AtomicU64,
}

/// The state of a stream.
#[derive(Debug)]
pub(super) struct StreamState {
    /// When its connection was opened.
    opened: Instant,
    begun: Instant,
    /// When the present wait began or the client last made progress, in milliseconds since then.
    since: AtomicU64,
    /// Whether the server waits for the body of the request.
    is_receiving: AtomicBool,
    /// Whether the request was authenticated.
    is_authenticated: AtomicBool,
    /// Whether the response is an event stream.
    is_streaming: AtomicBool,
    /// Pieces of the response that wait for the client.
    pieces: AtomicUsize,
    end: Notify,
}

impl Streams {
    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<StreamState>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a stream of a connection that was opened then. Returns its number and state.
    pub(super) fn add(&self, opened: Instant) -> (u64, Arc<StreamState>) {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let state = Arc::new(StreamState {
            opened,
            begun: Instant::now(),
            since: AtomicU64::new(0),
            is_receiving: AtomicBool::new(false),
            is_authenticated: AtomicBool::new(false),
            is_streaming: AtomicBool::new(false),
            pieces: AtomicUsize::new(0),
            end: Notify::new(),
        });
        state.touch();
        self.open().insert(number, Arc::clone(&state));
        (number, state)
    }

    /// Removes a stream that has ended.
    pub(super) fn remove(&self, number: u64) {
        self.open().remove(&number);
    }

    /// The phase of the connection; none without streams. As long as the server works for one of
    /// them, it works.
    pub(super) fn phase(&self) -> Option<Phase> {
        let phases: Vec<Phase> = self.open().values().map(|stream| stream.phase()).collect();
        let order = [Phase::Working, Phase::Receiving, Phase::Writing];
        order.into_iter().find(|phase| phases.contains(phase))
    }

    /// Since when the longest of those in this phase has been in it without progress.
    pub(super) fn since(&self, phase: Phase) -> Option<Instant> {
        let streams = self.open();
        let in_phase = streams.values().filter(|stream| stream.phase() == phase);
        in_phase.map(|stream| stream.since()).min()
    }

    /// Those whose requests are not authenticated and have bodies that arrive, and since when.
    pub(super) fn anonymous(&self) -> Vec<(Instant, Arc<StreamState>)> {
        let streams = self.open();
        let slow = streams.values().filter(|stream| stream.receives_anonymous_body());
        slow.map(|stream| (stream.begun, Arc::clone(stream))).collect()
    }

    /// Whether all responses are event streams; so it is if there are none.
    pub(super) fn has_only_event_streams(&self) -> bool {
        self.open().values().all(|stream| stream.is_streaming.load(Ordering::Relaxed))
    }

    /// Whether the clients of all have read nothing for so long; so it is if there are none.
    pub(super) fn are_stalled(&self, now: Instant, wait: Duration) -> bool {
        let is_stalled = |stream: &Arc<StreamState>| {
            stream.phase() == Phase::Writing && stream.since() + wait <= now
        };
        self.open().values().all(is_stalled)
    }

    /// When the client last made progress with one of them.
    pub(super) fn last_progress(&self) -> Option<Instant> {
        self.open().values().map(|stream| stream.since()).max()
    }
}

impl StreamState {
    fn phase(&self) -> Phase {
        if self.is_receiving.load(Ordering::Relaxed) {
            Phase::Receiving
        } else if self.pieces.load(Ordering::Relaxed) != 0 {
            Phase::Writing
        } else {
            Phase::Working
        }
    }

    fn since(&self) -> Instant {
        self.opened + Duration::from_millis(self.since.load(Ordering::Relaxed))
    }

    fn touch(&self) {
        let millis = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(millis, Ordering::Relaxed);
    }

    /// Whether the server waits for the body of the request from now on.
    pub(super) fn set_receiving(&self, is_receiving: bool) {
        self.touch();
        self.is_receiving.store(is_receiving, Ordering::Relaxed);
    }

    /// The request was authenticated.
    pub(super) fn mark_authenticated(&self) {
        self.is_authenticated.store(true, Ordering::Relaxed);
    }

    fn receives_anonymous_body(&self) -> bool {
        self.phase() == Phase::Receiving && !self.is_authenticated.load(Ordering::Relaxed)
    }

    /// Requests the stream to end.
    pub(super) fn evict(&self) {
        self.end.notify_one();
    }

    /// Returns once the stream must end. If its body has arrived meanwhile, it need not.
    pub(super) async fn evicted(&self) {
        loop {
            self.end.notified().await;
            if self.receives_anonymous_body() {
                return;
            }
        }
    }

    /// The response is an event stream.
    pub(super) fn mark_streaming(&self) {
        self.is_streaming.store(true, Ordering::Relaxed);
    }

    /// A piece of the response waits for the client.
    pub(super) fn on_piece(&self) {
        if self.pieces.fetch_add(1, Ordering::Relaxed) == 0 {
            self.touch();
        }
    }

    /// A piece of the response has left.
    pub(super) fn on_sent(&self) {
        self.touch();
        self.pieces.fetch_sub(1, Ordering::Relaxed);
    }
}
