//! The permit of a request: whether it is in progress, and its memory.
//!
//! Requests that are still being received do not count as in progress, so a slow client does not
//! block others.

pub(crate) mod anonymous;
pub(crate) mod memory;
pub(crate) mod party;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use acta_storage::{TaskRequester, set_requester};

use crate::connection::Carrier;
use crate::problem::Problem;
use crate::state::Shared;
use memory::Charge;
pub use party::Party;
use party::SharedLimit;

/// One request, from its head to the head of its response.
pub struct RequestPermit {
    shared: Shared,
    carrier: Option<Carrier>,
    party: OnceLock<Party>,
    is_working: AtomicBool,
    is_buffered: AtomicBool,
    /// The memory of an authenticated request, or of its response.
    pub(crate) charge: Charge,
    /// The memory of a request before it is authenticated.
    pub(crate) anonymous: Charge,
}

impl RequestPermit {
    /// Shortest page for which statements are read: 64 KiB.
    const PAGE_BYTES_MIN: usize = 64 * 1024;

    /// Bytes that are reserved per statement on a page.
    const STATEMENT_BYTES: usize = 16 * 1024;

    /// A page may use this fraction of the remaining memory.
    const PAGES_LEFT: usize = 8;

    /// The permit of a request that came over `carrier`.
    pub(crate) fn new(shared: &Shared, carrier: Option<Carrier>) -> Arc<Self> {
        Arc::new(Self {
            carrier,
            party: OnceLock::new(),
            is_working: AtomicBool::new(false),
            is_buffered: AtomicBool::new(false),
            charge: Charge::new(&shared.memory),
            anonymous: Charge::new(&shared.anonymous_memory),
            shared: Arc::clone(shared),
        })
    }

    /// Starts processing of a request that has arrived.
    ///
    /// # Errors
    ///
    /// 503 if too many requests are in progress, and its party has its share of them.
    pub(crate) fn enter(&self) -> Result<(), Problem> {
        if self.is_working.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !self.shared.workload.try_add(self.party()) {
            return Err(Problem::busy(Problem::BUSY_RETRY_AFTER));
        }
        self.is_working.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Starts reading a document. Only a fraction of the requests in progress may read documents,
    /// because one may be large, and must not block others.
    ///
    /// # Errors
    ///
    /// 503 if too many requests read documents, and its party has its share of them.
    pub(crate) fn read_document(&self) -> Result<Reading<'_>, Problem> {
        let (readers, party) = (&self.shared.document_readers, self.party());
        if !readers.try_add(party) {
            return Err(Problem::busy(Problem::BUSY_RETRY_AFTER));
        }
        Ok(Reading { readers, party })
    }

    /// Starts waiting for the client: until [`Waiting`] is dropped, the request is not in progress.
    pub(crate) fn wait(&self) -> Waiting<'_> {
        let was_working = self.is_working.swap(false, Ordering::Relaxed);
        if was_working {
            self.shared.workload.remove(self.party());
        }
        if let Some(carrier) = &self.carrier {
            carrier.enter_receiving();
        }
        Waiting { permit: self, was_working }
    }

    /// An empty charge for the response, counted for the same party.
    pub(crate) fn response_charge(&self) -> Charge {
        Charge::of(&self.shared.memory, self.party())
    }

    /// Sets whom the request is counted for, unless that is set already. What it waits for from now
    /// on, it waits for as this requester.
    pub(crate) fn set_party(&self, party: Party) {
        let party = *self.party.get_or_init(|| party);
        self.charge.set_party(party);
        let requester = TaskRequester { tenant: party.tenant(), id: party.requester() };
        set_requester(requester);
    }

    /// Whom the request is counted for.
    fn party(&self) -> Option<Party> {
        self.party.get().copied()
    }

    /// Whether its head has authenticated the request.
    pub(crate) fn is_authenticated(&self) -> bool {
        self.party().is_some()
    }

    /// What the memory of the body is charged to: what is not authenticated has a part of its own,
    /// so that it takes none from tenants.
    pub(crate) fn body_charge(&self) -> &Charge {
        if self.party().is_some() { &self.charge } else { &self.anonymous }
    }

    /// Returns once the request must end, because its body arrives slowly while memory is short.
    pub(crate) async fn evicted(&self) {
        match &self.carrier {
            Some(carrier) => carrier.evicted().await,
            None => std::future::pending().await,
        }
    }

    /// The response is an event stream, which ends only with the server or its client.
    pub fn mark_streaming(&self) {
        if let Some(carrier) = &self.carrier {
            carrier.mark_streaming();
        }
    }

    /// The request was authenticated, before anything was counted for it.
    pub(crate) fn mark_authenticated(&self, party: Party) {
        self.set_party(party);
        if let Some(carrier) = &self.carrier {
            carrier.mark_authenticated();
        }
    }

    /// The whole body is in memory and charged.
    pub(crate) fn mark_buffered(&self) {
        self.is_buffered.store(true, Ordering::Relaxed);
    }

    /// Whether the whole body is in memory and charged.
    pub(crate) fn is_buffered(&self) -> bool {
        self.is_buffered.load(Ordering::Relaxed)
    }

    /// Reserves memory for a page: once for reading, once for writing. Returns the bytes that it
    /// may have: fewer when less memory is left, so that many readers get shorter pages instead of
    /// errors. `limit` is the requested number of statements; 0 is the maximum.
    ///
    /// # Errors
    ///
    /// 503 if no memory is left.
    pub fn hold_page(&self, limit: Option<u64>) -> Result<usize, Problem> {
        let page = self.shared.service.page_limits();
        let left = self.charge.available();
        let count = page.count_for(limit);
        let wanted = page.bytes_max.min(count.saturating_mul(Self::STATEMENT_BYTES));
        let bytes = wanted.min((left / Self::PAGES_LEFT).max(Self::PAGE_BYTES_MIN));
        for _ in 0..2 {
            self.charge.hold(bytes)?;
        }
        Ok(bytes)
    }

    /// Reserves `bytes` more of memory, until the response was sent.
    ///
    /// # Errors
    ///
    /// 503 if there is no memory for them.
    pub fn hold(&self, bytes: usize) -> Result<(), Problem> {
        self.charge.hold(bytes)
    }

    /// Adjusts the `held` bytes that were reserved for a page to its size of `bytes`.
    ///
    /// # Errors
    ///
    /// 503 if it is larger and there is no memory for the rest.
    pub fn adjust_page(&self, held: usize, bytes: usize) -> Result<(), Problem> {
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
            self.shared.workload.remove(self.party());
        }
    }
}

/// A request that reads a document.
pub(crate) struct Reading<'a> {
    readers: &'a SharedLimit,
    party: Option<Party>,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.readers.remove(self.party);
    }
}

/// A request that waits for its client.
pub(crate) struct Waiting<'a> {
    permit: &'a RequestPermit,
    was_working: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.was_working {
            // It was in progress before, so it continues even above the limit.
            self.permit.shared.workload.add(self.permit.party());
            self.permit.is_working.store(true, Ordering::Relaxed);
        }
        if let Some(carrier) = &self.permit.carrier {
            carrier.enter_working();
        }
    }
}

impl std::fmt::Debug for RequestPermit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestPermit").field("charge", &self.charge).finish_non_exhaustive()
    }
}
