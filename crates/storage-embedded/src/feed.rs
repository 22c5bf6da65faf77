//! The end of the feed, in memory: what was stored last, and what it says.
//!
//! A follower that keeps up with the log finds here what it has not read yet, and never asks
//! the log. One that does not finds that the beginning is gone, and reads the log in its
//! place. So a writer waits for no follower, and what followers cost in memory is bounded.
//! Texts stay packed until somebody asks for one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use acta_ambient::Moment;
use acta_storage::{
    EntityFacts, FeedRecord, KeptStatement, PageLimits, StatementSource, StorageError,
};
use acta_xapi::{Fingerprint, Kept, StatementId, Uuid};
use tokio::sync::watch;

use crate::log::dictionary::Codec;
use crate::log::reader::TEXT_BYTES_MAX;
use crate::log::record::{Prepared, PreparedStatement};
use crate::log::writer::CommitObserver;

/// Most memory of what is kept, in bytes.
const BYTES_MAX: usize = 16 << 20;

/// Most statements that wait to be freed by a reader.
const TRIMMED_MAX: usize = 8_192;

/// A statement that was stored just now.
#[derive(Clone, Debug)]
struct RecentStatement {
    sequence: u64,
    id: u128,
    stored_micros: i64,
    target: Option<u128>,
    is_voiding: bool,
    statement: PreparedStatement,
    codec: Arc<Codec>,
    /// Bytes of the text.
    len_bytes: usize,
    entity_facts: EntityFacts,
    /// The memory that it takes.
    size_bytes: usize,
}

impl RecentStatement {
    /// None if it is no statement, or was not received.
    fn of(prepared: Prepared, codec: &Arc<Codec>) -> Option<Self> {
        let Prepared { entry, content, received } = prepared;
        let (received, statement) = (received?, content.into_statement()?);
        let beside = statement.text.len() + received.entity_facts.heap_bytes();
        Some(Self {
            sequence: entry.sequence,
            id: entry.id?,
            stored_micros: entry.stored_micros,
            target: entry.target,
            is_voiding: entry.is_voiding,
            statement,
            codec: Arc::clone(codec),
            len_bytes: received.len_bytes,
            entity_facts: received.entity_facts,
            size_bytes: size_of::<Self>() + beside,
        })
    }

    fn record(&self) -> FeedRecord {
        let stored = Moment::from_unix_micros(self.stored_micros);
        let (facts, source) = (self.entity_facts.clone(), Box::new(self.clone()));
        FeedRecord::of_source((self.sequence, stored), self.len_bytes, facts, source)
    }
}

impl StatementSource for RecentStatement {
    fn load(&self) -> Result<KeptStatement, StorageError> {
        let act = "unpacking a statement";
        let text = self.codec.unpack(&self.statement.text, TEXT_BYTES_MAX);
        let text = text.map_err(|source| StorageError::Io { act, source })?;
        let id = |id| StatementId(Uuid::from_u128(id));
        Ok(KeptStatement {
            sequence: self.sequence,
            id: id(self.id),
            stored: Moment::from_unix_micros(self.stored_micros),
            version: self.statement.version,
            fingerprint: Fingerprint(self.statement.fingerprint),
            salt: self.statement.salt,
            kept: Kept { text, is_timestamp_stored: self.statement.is_timestamp_stored },
            target: self.target.map(id),
            is_voiding: self.is_voiding,
        })
    }
}

/// The statements that were stored last, of all tenants together.
#[derive(Debug)]
pub(crate) struct FeedTail {
    state: Mutex<State>,
    appended: watch::Sender<u64>,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct State {
    /// Of each tenant without gaps, up to its last record.
    tenants: HashMap<TenantId, VecDeque<RecentStatement>>,
    /// Whose statements stand in `tenants`, in the order in which they were stored.
    order: VecDeque<TenantId>,
    bytes: usize,
    /// What has gone, but is not freed yet: readers have more time for that than the writer.
    trimmed: Vec<RecentStatement>,
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
        let mut state = self.lock();
        let trimmed = std::mem::take(&mut state.trimmed);
        let read = state.read(tenant, after, page);
        drop(state);
        drop(trimmed);
        read
    }

    /// Forgets what is here of a tenant.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.lock().forget(tenant);
    }
}

impl State {
    fn read(&self, tenant: TenantId, after: u64, page: PageLimits) -> Option<Vec<FeedRecord>> {
        let statements = self.tenants.get(&tenant)?;
        let first = statements.front()?.sequence;
        let skipped = usize::try_from((after + 1).checked_sub(first)?).ok()?;
        let (mut read, mut bytes) = (Vec::new(), 0);
        for statement in statements.iter().skip(skipped).take(page.count_max.max(1)) {
            bytes += statement.len_bytes;
            read.push(statement.record());
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

    /// Takes the oldest statements away, so that no more than `bytes_max` are left.
    fn trim(&mut self, bytes_max: usize) {
        while bytes_max < self.bytes {
            let Some(tenant) = self.order.pop_front() else { break };
            let Some(statements) = self.tenants.get_mut(&tenant) else { continue };
            if let Some(oldest) = statements.pop_front() {
                self.bytes -= oldest.size_bytes;
                if self.trimmed.len() < TRIMMED_MAX {
                    self.trimmed.push(oldest);
                }
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
    fn on_commit(&self, records: Vec<Prepared>, codec: &Arc<Codec>) {
        let mut state = self.lock();
        for prepared in records {
            let tenant = prepared.entry.tenant;
            match RecentStatement::of(prepared, codec) {
                Some(statement) => state.push(tenant, statement),
                // There would be a gap before the next one.
                None => state.forget(tenant),
            }
        }
        state.trim(self.bytes_max);
        drop(state);
        self.appended.send_modify(|count| *count = count.wrapping_add(1));
    }
}
