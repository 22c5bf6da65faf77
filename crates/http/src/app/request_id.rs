//! The id that identifies a request in the log: the client's, or a generated one.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

/// The header that identifies a request in the log.
pub(super) const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Generates ids for requests without a usable one.
#[derive(Debug)]
pub(super) struct RequestIds {
    /// Differs between processes.
    process: u64,
    count: AtomicU64,
}

impl RequestIds {
    /// Ids that begin with `random`, so that no other process generates the same.
    pub(super) fn new(random: u128) -> Self {
        let process = u64::try_from(random & u128::from(u64::MAX)).unwrap_or(0);
        Self { process, count: AtomicU64::new(0) }
    }

    /// The id in the head of a request, if it is safe in a log; otherwise a new one.
    pub(super) fn id_of(&self, headers: &HeaderMap) -> HeaderValue {
        match headers.get(REQUEST_ID_HEADER).filter(|id| is_short_text(id)) {
            Some(id) => id.clone(),
            None => self.next(),
        }
    }

    fn next(&self) -> HeaderValue {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:016x}-{count:x}", self.process);
        HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
    }
}

/// Whether an id from a client is short and safe enough for the log.
fn is_short_text(id: &HeaderValue) -> bool {
    const BYTES_MAX: usize = 64;
    let is_harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    (1..=BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(is_harmless)
}
