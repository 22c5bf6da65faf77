//! The minimum rate of bodies, and the buffer that collects them.

use std::time::Duration;

use acta_xapi::Rule;
use axum::body::Body;
use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::StatusCode;
use tokio::time::Instant;

use crate::options::{Bounds, bytes_in};
use crate::permit::memory::Charge;
use crate::problem::Problem;

/// Enforces the minimum rate of a body: enough bytes in each period of waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct MinRate {
    span: Duration,
    bytes_min: u64,
    /// Time waited since the period began. Time in which the server does not wait is not counted.
    waited: Duration,
    /// Bytes received since the period began.
    received: u64,
}

impl MinRate {
    pub(super) fn new(bounds: &Bounds) -> Self {
        let span = bounds.body_timeout;
        let bytes_min = bytes_in(bounds.rate_bytes_min, span).max(1);
        Self { span, bytes_min, waited: Duration::ZERO, received: 0 }
    }

    /// The next chunk of `body`, never empty; none at the end.
    pub(super) async fn next(&mut self, body: &mut Body) -> Result<Option<Bytes>, Problem> {
        loop {
            let started = Instant::now();
            let left = self.span.saturating_sub(self.waited);
            let piece = tokio::time::timeout(left, next_data(body)).await;
            self.waited += started.elapsed();
            match piece {
                Ok(Ok(Some(piece))) => {
                    self.received += u64::try_from(piece.len()).unwrap_or(u64::MAX);
                    return Ok(Some(piece));
                }
                Ok(ended) => return ended,
                Err(_) if self.received < self.bytes_min => return Err(self.too_slow()),
                Err(_) => (self.waited, self.received) = (Duration::ZERO, 0),
            }
        }
    }

    fn too_slow(&self) -> Problem {
        let Self { span, bytes_min, .. } = self;
        let detail = format!(
            "the body arrived too slowly: at least {bytes_min} bytes are required in every \
             {span:?} (limits.body_timeout, limits.rate_bytes_min)"
        );
        Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail)
    }
}

/// The next chunk of a body, never empty; none at the end.
pub(super) async fn next_data(body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(_)) => return Err(Problem::broken(Rule::Header, "an incomplete body")),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data()
                    && data.has_remaining()
                {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// A buffer that collects the chunks of a body. Each chunk is charged before memory is allocated
/// for it.
#[derive(Debug)]
pub(crate) struct BodyBuffer<'a> {
    /// The only chunk so far, which is not copied.
    first: Option<Bytes>,
    all: BytesMut,
    /// The initial capacity.
    expected: usize,
    /// The maximum capacity.
    bytes_max: usize,
    charge: &'a Charge,
}

impl<'a> BodyBuffer<'a> {
    /// An empty buffer for a body of at most `bytes_max`.
    pub(crate) fn new(bytes_max: usize, charge: &'a Charge) -> Self {
        Self { first: None, all: BytesMut::new(), expected: 0, bytes_max, charge }
    }

    /// Sets the expected size of the body.
    pub(super) fn of(self, expected: usize) -> Self {
        Self { expected, ..self }
    }

    /// Appends a chunk.
    ///
    /// # Errors
    ///
    /// 503 if there is no memory for it.
    pub(crate) fn push(&mut self, piece: Bytes) -> Result<(), Problem> {
        match self.first.take() {
            None if self.all.is_empty() => {
                self.charge.hold(piece.len())?;
                self.first = Some(piece);
                return Ok(());
            }
            None => {}
            Some(first) => {
                self.append(&first)?;
                self.charge.release(first.len());
            }
        }
        self.append(&piece)
    }

    fn append(&mut self, piece: &[u8]) -> Result<(), Problem> {
        let (length, capacity) = (self.all.len(), self.all.capacity());
        let needed = length + piece.len();
        if capacity < needed {
            let grown = (2 * length).max(self.expected).min(self.bytes_max).max(needed);
            self.charge.hold(grown - capacity)?;
            self.all.reserve(grown - length);
        }
        self.all.extend_from_slice(piece);
        Ok(())
    }

    /// The whole body.
    pub(crate) fn finish(self) -> Bytes {
        self.first.unwrap_or_else(|| self.all.freeze())
    }
}
