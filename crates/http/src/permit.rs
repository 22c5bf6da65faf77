//! The permit of a request: whether it is worked on, and what it holds in memory.
//!
//! Requests that are still being sent do not count among those that are worked on, so
//! a client that sends slowly keeps nobody else waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::connection::ConnectionState;
use crate::memory::{Charge, Memory};
use crate::options::PageBounds;
use crate::problem::Problem;
use crate::state::Shared;

/// One request, from its head to the head of its answer.
pub struct RequestPermit {
    shared: Shared,
    connection: Option<Arc<ConnectionState>>,
    is_working: AtomicBool,
    is_settled: AtomicBool,
    /// What is held of the request of a known sender, or of its answer.
    pub(crate) charge: Charge,
    /// What is held of a request before it is known who sent it.
    pub(crate) anonymous: Charge,
}

impl RequestPermit {
    /// Which part of the requests that are worked on may read documents.
    const READERS_PART: usize = 4;

    /// Shortest page for which statements are read: 64 KiB.
    const PAGE_BYTES_MIN: usize = 64 * 1024;

    /// Bytes that room is made for per statement on a page.
    const STATEMENT_BYTES: usize = 16 * 1024;

    /// Into how many parts what is left is divided, one of which a page may fill.
    const PAGES_LEFT: usize = 8;

    /// The permit of a request that came over `connection`.
    pub(crate) fn new(shared: &Shared, connection: Option<Arc<ConnectionState>>) -> Arc<Self> {
        Arc::new(Self {
            connection,
            is_working: AtomicBool::new(false),
            is_settled: AtomicBool::new(false),
            charge: Charge::new(&shared.memory),
            anonymous: Charge::new(&shared.anonymous_memory),
            shared: Arc::clone(shared),
        })
    }

    /// The request has arrived and is to be worked on.
    ///
    /// # Errors
    ///
    /// 503 if too many are.
    pub(crate) fn enter(&self) -> Result<(), Problem> {
        if self.is_working.load(Ordering::Relaxed) {
            return Ok(());
        }
        let before = self.shared.workload.0.fetch_add(1, Ordering::Relaxed);
        if self.shared.options.bounds.requests_max <= before {
            self.shared.workload.0.fetch_sub(1, Ordering::Relaxed);
            return Err(Problem::busy(Problem::BUSY_RETRY_AFTER));
        }
        self.is_working.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The request is to read a document: no more than a part of those that are worked on may,
    /// because one may be large, and others shall not stand behind a thousand of them.
    ///
    /// # Errors
    ///
    /// 503 if too many do.
    pub(crate) fn read_document(&self) -> Result<Reading<'_>, Problem> {
        let before = self.shared.document_readers.0.fetch_add(1, Ordering::Relaxed);
        let reading = Reading { permit: self };
        let readers_max = (self.shared.options.bounds.requests_max / Self::READERS_PART).max(1);
        if readers_max <= before {
            return Err(Problem::busy(Problem::BUSY_RETRY_AFTER));
        }
        Ok(reading)
    }

    /// The client is waited for: until [`Waiting`] is dropped, the request is not worked on.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        let was_working = self.is_working.swap(false, Ordering::Relaxed);
        if was_working {
            self.shared.workload.0.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(connection) = &self.connection {
            connection.enter_receiving();
        }
        Waiting { permit: self, was_working }
    }

    /// What answers are paid from.
    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.shared.memory
    }

    /// The sender has authenticated.
    pub(crate) fn knows_sender(&self) {
        if let Some(connection) = &self.connection {
            connection.mark_known();
        }
    }

    /// The whole body is in memory and paid for.
    pub(crate) fn settle(&self) {
        self.is_settled.store(true, Ordering::Relaxed);
    }

    /// Whether the whole body is in memory and paid for.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_settled.load(Ordering::Relaxed)
    }

    /// Makes room for a page: once as it is read, once as it is written. Gives the bytes that
    /// it may have: the less memory is left, the fewer, so that many readers get shorter pages
    /// instead of none. `limit` is what the reader wants; 0 is as many as there may be.
    ///
    /// # Errors
    ///
    /// 503 if nothing is left.
    pub fn hold_page(&self, bounds: &PageBounds, limit: Option<u64>) -> Result<usize, Problem> {
        let left = self.shared.memory.available();
        let count = match limit {
            None => bounds.count,
            Some(0) => bounds.count_max,
            Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX).min(bounds.count_max),
        };
        let wanted = bounds.bytes_max.min(count.saturating_mul(Self::STATEMENT_BYTES));
        let bytes = wanted.min((left / Self::PAGES_LEFT).max(Self::PAGE_BYTES_MIN));
        for _ in 0..2 {
            self.charge.hold(bytes)?;
        }
        Ok(bytes)
    }

    /// The page for which `held` bytes were kept free has `bytes`.
    ///
    /// # Errors
    ///
    /// 503 if it is longer and nothing is left for the rest.
    pub fn settle_page(&self, held: usize, bytes: usize) -> Result<(), Problem> {
        if bytes <= held {
            self.charge.release(2 * (held - bytes));
            return Ok(());
        }
        for _ in 0..2 {
            self.charge.hold(bytes - held)?;
        }
        Ok(())
    }
}

impl Drop for RequestPermit {
    fn drop(&mut self) {
        if self.is_working.load(Ordering::Relaxed) {
            self.shared.workload.0.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A request that reads a document.
pub(crate) struct Reading<'a> {
    permit: &'a RequestPermit,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.permit.shared.document_readers.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request whose client is waited for.
pub(crate) struct Waiting<'a> {
    permit: &'a RequestPermit,
    was_working: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.was_working {
            // It was worked on before, and is not thrown out in the middle.
            self.permit.shared.workload.0.fetch_add(1, Ordering::Relaxed);
            self.permit.is_working.store(true, Ordering::Relaxed);
        }
        if let Some(connection) = &self.permit.connection {
            connection.enter_working();
        }
    }
}

impl std::fmt::Debug for RequestPermit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestPermit").field("charge", &self.charge).finish_non_exhaustive()
    }
}
