//! The reference engine: everything in memory, ordered maps and plain scans.
//!
//! It is as simple as possible, so that other engines can be compared with it, and replaces
//! them in tests. Nothing is durable, and nothing is fast.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use acta_ambient::{Clock, Timestamp};
use acta_xapi::{Sha2, StatementId};
use bytes::Bytes;
use tokio::sync::watch;

use crate::directory::{Recorded, Tenant};
use crate::{
    AuditEntry, Document, DocumentKey, FollowerName, Record as TransferredRecord, RecordKind,
    RemovalScope, StoreId, TilePlace, Usage, Weights,
};

mod attachments;
mod before_purge;
mod credentials;
mod documents;
mod entities;
mod feed;
mod log_record;
mod matching;
mod purge;
mod records;
mod statements;
mod tables;
mod transfer;

use before_purge::BeforePurge;
pub use credentials::CredentialRecords;
use log_record::LogRecord;

/// A store in memory. It starts with one tenant, [`TenantId::FIRST`].
#[derive(Debug)]
pub struct ModelStorage {
    clock: Arc<dyn Clock>,
    id: StoreId,
    store: Mutex<Store>,
    /// Changes whenever records are stored.
    appended: watch::Sender<u64>,
    weights: Weights,
    before_purge: BeforePurge,
}

/// How many stores this process has created.
static STORE_COUNT: AtomicU64 = AtomicU64::new(0);

/// Everything in the store.
#[derive(Debug, Default)]
struct Store {
    records: BTreeMap<(RecordKind, String), TransferredRecord>,
    audit: BTreeMap<Option<TenantId>, Vec<AuditEntry>>,
    usage: BTreeMap<(TenantId, u32), Usage>,
    secrets: BTreeMap<String, [u8; 32]>,
    /// How often another one has taken its place.
    promotion_count: u32,
    /// The store of which this one is an unfinished copy.
    import: Option<StoreId>,
    tenant_data: BTreeMap<TenantId, TenantData>,
}

/// The data of one tenant.
#[derive(Debug, Default)]
struct TenantData {
    /// In the order of the log: the sequence is the index plus one.
    records: Vec<LogRecord>,
    /// The index of each statement in `records`.
    indices: BTreeMap<StatementId, usize>,
    /// The targets of all voiding statements, stored or not.
    void_targets: BTreeSet<StatementId>,
    /// The latest value that `consistent_through` has returned.
    consistent_through: Option<Timestamp>,
    attachments: BTreeMap<Sha2, Bytes>,
    documents: BTreeMap<DocumentKey, Document>,
    /// When documents were last removed.
    removals: BTreeMap<RemovalScope, Timestamp>,
    cursors: BTreeMap<String, String>,
    /// By epoch and place.
    tiles: BTreeMap<(u64, TilePlace), Vec<u8>>,
    /// The positions of followers.
    positions: BTreeMap<FollowerName, u64>,
}

impl ModelStorage {
    /// The name of the tenant that a new store has.
    pub const FIRST_TENANT_NAME: &'static str = "default";

    /// An empty store that takes the time from `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let first = Tenant::new(TenantId::FIRST, Self::FIRST_TENANT_NAME, clock.now());
        let mut store = Store::default();
        store.write(&first.create());
        let mut id = [0; 32];
        let number = STORE_COUNT.fetch_add(1, Ordering::Relaxed);
        id[..8].copy_from_slice(&number.to_le_bytes());
        Self {
            clock,
            id: StoreId(id),
            store: Mutex::new(store),
            appended: watch::Sender::new(0),
            weights: Weights::default(),
            before_purge: BeforePurge::default(),
        }
    }

    /// An empty store with the identity of this one, to become what a backup of it becomes.
    #[must_use]
    pub fn same_store(&self) -> Self {
        Self { id: self.id, ..Self::new(Arc::clone(&self.clock)) }
    }

    /// From now on, it is as if a standby with the same data had taken its place.
    pub fn promote(&self) {
        self.lock().promotion_count += 1;
    }

    /// Calls `act` with the tenant's data while the store is locked.
    fn with_tenant_data<T>(&self, tenant: TenantId, act: impl FnOnce(&mut TenantData) -> T) -> T {
        act(self.lock().tenant_data.entry(tenant).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // A panic in a test leaves the maps consistent: each act changes them in its last step.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
