//! The state of a connection with HTTP/2, and its timeouts: those of each of its streams.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::phase::Phase;
use super::state::{ConnectionState, ConnectionTimeouts};
use super::streams::Streams;

/// How many more requests a client may cancel than it lets be answered. Then it is asked to leave:
/// each has cost work for nothing. The other requests of a proxy are answered.
const CANCELLED_MAX: usize = 100;

/// The same for the connection to be closed at once.
const CANCELLED_AT_ONCE_MAX: usize = 10 * CANCELLED_MAX;

/// How long a client may take to leave a connection that it was asked to leave.
const GRACE: Duration = Duration::from_secs(5);

impl ConnectionState {
    /// The streams: from the first call on, this is a connection with HTTP/2.
    pub(super) fn streams(&self) -> &Streams {
        self.streams.get_or_init(Streams::default)
    }

    /// Makes it a connection with HTTP/2.
    pub(crate) fn begin_streams(&self) {
        self.streams();
    }

    /// A stream has begun.
    pub(super) fn on_stream(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.touch();
    }

    /// A stream has ended, with a response or without.
    pub(super) fn on_stream_end(&self, is_answered: bool) {
        self.touch();
        if is_answered {
            let less = |count: usize| Some(count.saturating_sub(1));
            let _ = self.cancelled.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        } else {
            let cancelled = self.cancelled.fetch_add(1, Ordering::Relaxed);
            if CANCELLED_MAX <= cancelled {
                self.leave.notify_one();
            }
            if CANCELLED_AT_ONCE_MAX <= cancelled {
                self.evict();
            }
        }
    }

    /// Returns once the client has cancelled too many requests.
    pub(crate) async fn overcancelled(&self) {
        self.leave.notified().await;
    }

    /// Returns once nothing is read of any response.
    pub(crate) async fn streams_stalled(&self, timeouts: ConnectionTimeouts) {
        while !self.streams().are_stalled(Instant::now(), timeouts.write) {
            tokio::time::sleep(timeouts.interval()).await;
        }
    }

    /// Whether all responses are event streams; so it is if there are none.
    pub(crate) fn has_only_event_streams(&self) -> bool {
        self.streams().has_only_event_streams()
    }

    /// Since when the connection has been in this phase, or the longest of its streams, without
    /// progress; none if none is in it.
    pub(super) fn since_in(&self, phase: Phase) -> Option<Instant> {
        match self.streams.get() {
            Some(streams) => streams.since(phase),
            None => (self.phase() == phase).then(|| self.since()),
        }
    }

    /// When the client has to begin a request; none as long as there is a stream.
    fn rest_deadline(&self, timeouts: ConnectionTimeouts) -> Option<Instant> {
        match self.phase() {
            Phase::Head => Some(self.since() + timeouts.head),
            Phase::Idle => Some(self.since() + timeouts.idle),
            Phase::Working | Phase::Receiving | Phase::Writing | Phase::Ending => None,
        }
    }

    /// Returns once the client has begun no request for too long.
    pub(crate) async fn streams_rested(&self, timeouts: ConnectionTimeouts) {
        loop {
            let now = Instant::now();
            let latest = now + timeouts.interval();
            let deadline = self.rest_deadline(timeouts).unwrap_or(latest);
            if deadline <= now {
                return;
            }
            tokio::time::sleep_until(deadline.min(latest)).await;
        }
    }

    /// Returns once a client that was asked to leave has not, or has not read a response for too
    /// long: nothing of one of them, or too little of all together.
    pub(crate) async fn streams_expired(&self, timeouts: ConnectionTimeouts) {
        let written = || self.written.load(Ordering::Relaxed);
        let (mut begin, mut before) = (Instant::now(), written());
        loop {
            let now = Instant::now();
            let latest = now + timeouts.interval();
            let stalled = self.since_in(Phase::Writing);
            if stalled.is_none() || timeouts.written_min() <= written() - before {
                (begin, before) = (now, written());
            }
            let rest = self.rest_deadline(timeouts).map(|deadline| deadline + GRACE);
            let write = stalled.map(|since| since.min(begin) + timeouts.write);
            let deadline = rest.or(write).unwrap_or(latest);
            if deadline <= now {
                return;
            }
            tokio::time::sleep_until(deadline.min(latest)).await;
        }
    }
}
