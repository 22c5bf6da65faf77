//! The end of the feed, in memory: what was stored last, and what it says.
//!
//! A follower that keeps up with the log finds here what it has not read yet, and never reads
//! the log. One that does not finds that the beginning is gone, and reads the log in its
//! place. So a writer waits for no follower, and what followers cost in memory is bounded.
//! Texts are not kept here: one that is needed is read from the log.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_statement_log::record::{EncodedRecord, Received};
use acta_storage::{EntityFacts, FeedRecord, PageLimits, StatementSource};
use tokio::sync::watch;

use crate::writer::CommitObserver;

/// Most memory of what is kept, in bytes.
const BYTES_MAX: usize = 8 << 20;

/// Most statements that wait to be freed by a reader.
const TRIMMED_MAX: usize = 8_192;

/// A statement that was stored just now. Its text is in the log.
#[derive(Debug)]
struct RecentStatement {
    sequence: u64,
    stored_micros: i64,
    /// Bytes of the text.
    len_bytes: usize,
    entity_facts: EntityFacts,
    /// The memory that it takes.
    size_bytes: usize,
}

impl RecentStatement {
    /// None if it was not received.
    fn of(prepared: EncodedRecord) -> Option<Self> {
        let Received { len_bytes, entity_facts } = prepared.received?;
        Some(Self {
            sequence: prepared.entry.sequence,
            stored_micros: prepared.entry.stored_micros,
            len_bytes,
            size_bytes: size_of::<Self>() + entity_facts.heap_bytes(),
            entity_facts,
        })
    }

    fn record(&self, source: Box<dyn StatementSource>) -> FeedRecord {
        let stored = Timestamp::from_unix_micros(self.stored_micros);
        let facts = self.entity_facts.clone();
        FeedRecord::of_source(self.sequence, stored, self.len_bytes, facts, source)
    }
}

/// The statements that were stored last, of all tenants together.
#[derive(Debug, Default)]
pub(crate) struct FeedTail {
    state: Mutex<State>,
    appended: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// Of each tenant without gaps, up to its last record.
    tenants: HashMap<TenantId, VecDeque<RecentStatement>>,
    /// The tenants of the statements in `tenants`, in the order in which these were stored.
    order: VecDeque<TenantId>,
    bytes: usize,
    /// What has gone, but is not freed yet: readers have more time for that than the writer.
    trimmed: Vec<RecentStatement>,
}

impl FeedTail {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever records were stored.
    pub(crate) fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    /// The records of a tenant behind `after`; none if the first of them is not here. The text of
    /// the statement with a sequence is loaded from what `source` makes.
    pub(crate) fn read(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
        source: impl Fn(u64) -> Box<dyn StatementSource>,
    ) -> Option<Vec<FeedRecord>> {
        let mut state = self.lock();
        let trimmed = std::mem::take(&mut state.trimmed);
        let read = state.read(tenant, after, page, source);
        drop(state);
        drop(trimmed);
        read
    }

    /// Removes what is here of a tenant.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.lock().forget(tenant);
    }
}

impl State {
    fn read(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
        source: impl Fn(u64) -> Box<dyn StatementSource>,
    ) -> Option<Vec<FeedRecord>> {
        let statements = self.tenants.get(&tenant)?;
        let first = statements.front()?.sequence;
        let skipped = usize::try_from((after + 1).checked_sub(first)?).ok()?;
        let (mut read, mut bytes) = (Vec::new(), 0);
        for statement in statements.iter().skip(skipped).take(page.count_max.max(1)) {
            bytes += statement.len_bytes;
            read.push(statement.record(source(statement.sequence)));
            if page.bytes_max <= bytes {
                break;
            }
        }
        Some(read)
    }

    fn push(&mut self, tenant: TenantId, statement: RecentStatement) {
        self.bytes += statement.size_bytes;
        self.order.push_back(tenant);
        self.tenants.entry(tenant).or_default().push_back(statement);
    }

    /// Takes the oldest statements away, so that no more than [`BYTES_MAX`] are left.
    fn trim(&mut self) {
        while BYTES_MAX < self.bytes {
            let Some(tenant) = self.order.pop_front() else { break };
            let Some(statements) = self.tenants.get_mut(&tenant) else { continue };
            let oldest = statements.pop_front();
            self.bytes -= oldest.as_ref().map_or(0, |oldest| oldest.size_bytes);
            if self.trimmed.len() < TRIMMED_MAX {
                self.trimmed.extend(oldest);
            }
            if statements.is_empty() {
                self.tenants.remove(&tenant);
            }
        }
    }

    fn forget(&mut self, tenant: TenantId) {
        let forgotten = self.tenants.remove(&tenant).unwrap_or_default();
        self.bytes -= forgotten.iter().map(|one| one.size_bytes).sum::<usize>();
        self.order.retain(|other| *other != tenant);
    }
}

impl CommitObserver for FeedTail {
    fn on_commit(&self, records: Vec<EncodedRecord>) {
        let mut state = self.lock();
        for prepared in records {
            let tenant = prepared.entry.tenant;
            match RecentStatement::of(prepared) {
                Some(statement) => state.push(tenant, statement),
                // There would be a gap before the next one.
                None => state.forget(tenant),
            }
        }
        state.trim();
        drop(state);
        self.appended.send_modify(|count| *count = count.wrapping_add(1));
    }
}
