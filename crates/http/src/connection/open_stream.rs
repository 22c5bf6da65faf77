//! A stream of a connection with HTTP/2, which is open as long as somebody has it.
//!
//! Every stream counts like a connection of its own: it waits for its client, holds memory, and
//! can be the reason that its connection ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::state::ConnectionState;
use super::streams::StreamState;
use super::table::ConnectionTable;

/// A stream, from the head of its request until the client has accepted the whole response.
#[derive(Debug)]
pub(crate) struct OpenStream {
    table: Arc<ConnectionTable>,
    connection: Arc<ConnectionState>,
    number: u64,
    state: Arc<StreamState>,
    /// Whether the response has begun.
    is_answered: AtomicBool,
}

impl OpenStream {
    /// A stream for a request that has arrived; none if the server has as many as it may.
    pub(crate) fn begin(
        table: &Arc<ConnectionTable>,
        connection: &Arc<ConnectionState>,
    ) -> Option<Arc<Self>> {
        if !table.add_stream() {
            return None;
        }
        let (number, state) = connection.streams().add(connection.opened);
        connection.on_stream();
        Some(Arc::new(Self {
            table: Arc::clone(table),
            connection: Arc::clone(connection),
            number,
            state,
            is_answered: AtomicBool::new(false),
        }))
    }

    /// The response has begun.
    pub(crate) fn on_answer(&self) {
        self.is_answered.store(true, Ordering::Relaxed);
    }

    /// A piece of the response waits for the client.
    pub(super) fn on_piece(&self) {
        self.state.on_piece();
    }

    /// A piece of the response has left.
    pub(super) fn on_sent(&self) {
        self.state.on_sent();
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.connection.streams().remove(self.number);
        self.connection.on_stream_end(self.is_answered.load(Ordering::Relaxed));
        self.table.remove_stream();
    }
}

/// What a request came over, which is told what the request waits for.
#[derive(Clone, Debug)]
pub(crate) enum Carrier {
    /// A connection with HTTP/1.1, which has one request at a time.
    Connection(Arc<ConnectionState>),
    /// A stream of a connection with HTTP/2.
    Stream(Arc<OpenStream>),
}

impl Carrier {
    /// Returns once the request must end, because its body arrives slowly while memory is short.
    pub(crate) async fn evicted(&self) {
        match self {
            Self::Connection(state) => state.request_evicted().await,
            Self::Stream(stream) => stream.state.evicted().await,
        }
    }

    /// The server waits for the body of the request.
    pub(crate) fn enter_receiving(&self) {
        match self {
            Self::Connection(state) => state.enter_receiving(),
            Self::Stream(stream) => stream.state.set_receiving(true),
        }
    }

    /// Enough of the request has arrived to process it.
    pub(crate) fn enter_working(&self) {
        match self {
            Self::Connection(state) => state.enter_working(),
            Self::Stream(stream) => stream.state.set_receiving(false),
        }
    }

    /// The request was authenticated.
    pub(crate) fn mark_authenticated(&self) {
        match self {
            Self::Connection(state) => state.mark_authenticated(),
            Self::Stream(stream) => {
                stream.connection.mark_authenticated();
                stream.state.mark_authenticated();
            }
        }
    }

    /// The response is an event stream.
    pub(crate) fn mark_streaming(&self) {
        match self {
            Self::Connection(state) => state.mark_streaming(),
            Self::Stream(stream) => stream.state.mark_streaming(),
        }
    }
}
