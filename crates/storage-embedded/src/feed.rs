//! The end of the feed, in memory: what was stored last, and what it says.
//!
//! A follower that keeps up with the log finds here what it has not read yet, and never asks
//! the log. One that does not finds that the beginning is gone, and reads the log in its
//! place. So a writer waits for no follower, and what followers cost in memory is bounded.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use acta_ambient::Moment;
use acta_storage::{FeedRecord, KeptStatement, PageLimits};
use acta_xapi::{Fingerprint, StatementId, Uuid};
use tokio::sync::watch;

use crate::log::record::Prepared;
use crate::log::writer::CommitObserver;

/// Most memory of what is kept, in bytes.
const BYTES_MAX: usize = 16 << 20;

/// What a record takes beside its text and its facts, with what the allocator adds.
const RECORD_BYTES: usize = 512;

/// The memory that a statement takes with a text of this length, in bytes.
pub(crate) const fn size_bytes(text_len: usize) -> usize {
    RECORD_BYTES + text_len
}

/// The records that were stored last, of all tenants together.
#[derive(Debug)]
pub(crate) struct FeedTail {
    state: Mutex<State>,
    appended: watch::Sender<u64>,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct State {
    /// Of each tenant without gaps, up to its last record.
    tenants: HashMap<TenantId, VecDeque<FeedRecord>>,
    /// Whose records stand in `tenants`, in the order in which they were stored.
    order: VecDeque<TenantId>,
    bytes: usize,
}

impl FeedTail {
    /// An empty tail.
    pub(crate) fn new() -> Self {
        Self::bounded(BYTES_MAX)
    }

    fn bounded(bytes_max: usize) -> Self {
        Self { state: Mutex::default(), appended: watch::Sender::new(0), bytes_max }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever records were stored.
    pub(crate) fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    /// The records of a tenant behind `after`; none if the first of them is not here.
    pub(crate) fn read(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Option<Vec<FeedRecord>> {
        let state = self.lock();
        let records = state.tenants.get(&tenant)?;
        let first = records.front()?.sequence;
        let skipped = usize::try_from((after + 1).checked_sub(first)?).ok()?;
        let (mut read, mut bytes) = (Vec::new(), 0);
        for record in records.iter().skip(skipped).take(page.count_max.max(1)) {
            bytes += record.len_bytes();
            read.push(record.clone());
            if page.bytes_max <= bytes {
                break;
            }
        }
        Some(read)
    }

    /// Forgets what is here of a tenant.
    pub(crate) fn forget(&self, tenant: TenantId) {
        let mut state = self.lock();
        let forgotten = state.tenants.remove(&tenant).unwrap_or_default();
        state.bytes -= forgotten.iter().map(size_of_record).sum::<usize>();
        state.order.retain(|other| *other != tenant);
    }
}

impl State {
    fn push(&mut self, tenant: TenantId, record: FeedRecord) {
        self.bytes += size_of_record(&record);
        self.order.push_back(tenant);
        self.tenants.entry(tenant).or_default().push_back(record);
    }

    /// Takes the oldest records away, so that no more than `bytes_max` are left.
    fn trim(&mut self, bytes_max: usize) -> Vec<FeedRecord> {
        let mut trimmed = Vec::new();
        while bytes_max < self.bytes {
            let Some(tenant) = self.order.pop_front() else { break };
            let Some(records) = self.tenants.get_mut(&tenant) else { continue };
            trimmed.extend(records.pop_front().inspect(|oldest| {
                self.bytes -= size_of_record(oldest);
            }));
            if records.is_empty() {
                self.tenants.remove(&tenant);
            }
        }
        trimmed
    }
}

fn size_of_record(record: &FeedRecord) -> usize {
    let facts = record.statement().map_or(0, |statement| statement.entity_facts().heap_bytes());
    size_bytes(record.len_bytes()) + facts
}

impl CommitObserver for FeedTail {
    fn on_commit(&self, records: Vec<Prepared>) {
        let mut state = self.lock();
        for prepared in records {
            let tenant = prepared.entry.tenant;
            match feed_record(prepared) {
                Some(record) => state.push(tenant, record),
                // There would be a gap before the next one.
                None => {
                    drop(state);
                    self.forget(tenant);
                    state = self.lock();
                }
            }
        }
        let trimmed = state.trim(self.bytes_max);
        drop(state);
        drop(trimmed);
        self.appended.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// What followers read of a statement that was stored just now; none if its text was not kept
/// in memory.
fn feed_record(prepared: Prepared) -> Option<FeedRecord> {
    let Prepared { entry, content, received } = prepared;
    let (statement, received) = (content.into_statement()?, *received?);
    let id = |id| StatementId(Uuid::from_u128(id));
    let kept = KeptStatement {
        sequence: entry.sequence,
        id: id(entry.id?),
        stored: Moment::from_unix_micros(entry.stored_micros),
        version: statement.version,
        fingerprint: Fingerprint(statement.fingerprint),
        salt: statement.salt,
        kept: received.kept,
        target: entry.target.map(id),
        is_voiding: entry.is_voiding,
    };
    Some(FeedRecord::of_statement(kept, Some(received.entity_facts)))
}
