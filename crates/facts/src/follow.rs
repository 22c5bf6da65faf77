//! The follower that makes facts of the log, on each node for itself.
//!
//! Other followers share one durable position per tenant, so that one node does their work. Facts
//! are files of a node: how far they go is written in them, together with them.

mod flatten;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use acta_access::TenantId;
use acta_followers::{LogReader, NodePositions};
use acta_storage::directory::LanguageTag;
use acta_storage::{FeedRecord, FollowerName, FollowerPosition, PageLimits, Storage, StorageError};
use acta_xapi::{StatementId, Uuid};
use async_trait::async_trait;
use tokio::time::Instant;

use crate::rows::batch::{Batch, LastRecord};
use crate::store::{FactStore, is_damage};
use crate::tenant::{Addition, TenantFacts};
use flatten::{ACT, Flatteners};

/// Limits of the records of a tenant that are processed at once.
const PAGE: PageLimits = PageLimits { count_max: 1_000, bytes_max: 1 << 20 };

/// Pages of a tenant that are read ahead while one is added, at most.
const AHEAD_MAX: usize = 4;

/// Pages of a tenant before the others have their turn.
const PAGES_PER_TURN: usize = 64;

/// How often tenants that were removed are looked for.
const REMOVED_INTERVAL: Duration = Duration::from_secs(30);

/// Bytes of rows of all tenants in memory, about, before some are written early.
const TAIL_BYTES_MAX: usize = 256 << 20;

/// What the follower needs.
#[derive(Clone, Debug)]
pub struct FactFollowerOptions {
    /// How many threads read and flatten statements, beside the one that adds them.
    pub threads: usize,
}

/// The follower that makes facts of the log, on threads of its own with a low priority, so that no
/// request waits for them.
pub struct FactFollower {
    storage: Arc<dyn Storage>,
    store: Arc<FactStore>,
    flatteners: Flatteners,
    /// Tenants whose facts are known to belong to this log.
    verified: HashSet<TenantId>,
    /// Tenants of which it has been said that no more facts are made.
    full: HashSet<TenantId>,
    removed_looked: Option<Instant>,
}

impl fmt::Debug for FactFollower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FactFollower").field("store", &self.store).finish_non_exhaustive()
    }
}

#[async_trait]
impl LogReader for FactFollower {
    fn name(&self) -> FollowerName {
        FollowerName::FACTS
    }

    fn nice(&self) -> i32 {
        flatten::NICE
    }

    async fn maintain(&mut self) -> Result<(), StorageError> {
        self.remove_removed().await
    }

    fn reached(&self, position: FollowerPosition) -> u64 {
        NodePositions::reached(&*self.store, position.tenant)
    }

    async fn read(&mut self, position: FollowerPosition) -> Result<(), StorageError> {
        let tenant = position.tenant;
        let added = self.follow_tenant(tenant, position.last_sequence).await;
        if let Err(StorageError::Io { act, source }) = &added
            && *act == ACT
            && is_damage(source)
        {
            self.store.rebuild(tenant);
        }
        added
    }

    async fn end_round(&mut self, has_failed: bool) -> Result<(), StorageError> {
        if !has_failed {
            self.store.note_look();
        }
        self.flush_largest()
    }
}

impl FactFollower {
    /// Makes the facts in `store` of the statements in `storage`, once it is among the followers
    /// that run. Rows that are in no segment when it ends are read from the log again.
    ///
    /// # Panics
    ///
    /// If no thread can be started.
    pub fn new(
        storage: &Arc<dyn Storage>,
        store: &Arc<FactStore>,
        options: &FactFollowerOptions,
    ) -> Self {
        store.begin_following();
        Self {
            storage: Arc::clone(storage),
            store: Arc::clone(store),
            flatteners: Flatteners::start(options.threads),
            verified: HashSet::new(),
            full: HashSet::new(),
            removed_looked: None,
        }
    }

    /// Adds some pages of a tenant.
    async fn follow_tenant(&mut self, tenant: TenantId, last: u64) -> Result<(), StorageError> {
        let facts = self.open(tenant, last).await?;
        let mut read = facts.view().sequence;
        if last <= read {
            return Ok(());
        }
        let mut ahead = VecDeque::new();
        let mut pages = 0;
        loop {
            if self.is_full(tenant, &facts) {
                return Ok(());
            }
            let has_room = ahead.len() < AHEAD_MAX && pages < PAGES_PER_TURN && read < last;
            let records = if has_room {
                self.storage.read_records(tenant, read, PAGE).await?
            } else {
                Vec::new()
            };
            if let Some(end) = records.last() {
                pages += 1;
                read = end.sequence;
                ahead.push_back(self.flatteners.flatten(records, facts.language()));
                continue;
            }
            let Some(page) = ahead.pop_front() else { return Ok(()) };
            let batch = page.await.map_err(|_dropped| broken("a worker ended"))??;
            let addition = self.find_voided(tenant, batch).await?;
            facts.add(&addition).map_err(failed)?;
        }
    }

    /// Whether no more facts of a tenant are made. Says so once.
    fn is_full(&mut self, tenant: TenantId, facts: &TenantFacts) -> bool {
        let is_full = self.store.is_full(facts);
        if is_full && self.full.insert(tenant) {
            tracing::warn!(
                sequence = facts.view().sequence,
                "no more facts are made of this tenant, since its distinct texts take more memory \
                 than facts.dictionary_bytes_max"
            );
        }
        is_full
    }

    /// The facts of a tenant, which belong to the log as it is.
    async fn open(
        &mut self,
        tenant: TenantId,
        last: u64,
    ) -> Result<Arc<TenantFacts>, StorageError> {
        if self.store.is_discarded(tenant) {
            self.store.clear(tenant).map_err(failed)?;
            self.verified.remove(&tenant);
        }
        let facts = self.store.find_or_open(tenant).map_err(failed)?;
        let reached = facts.view().sequence;
        if self.verified.contains(&tenant) && reached <= last {
            return Ok(facts);
        }
        let is_same = self.is_of_log(tenant, facts.saved(), last).await?;
        self.verified.insert(tenant);
        let facts = if is_same && reached <= last {
            facts
        } else {
            tracing::warn!("the facts are not those of this log: they are made again");
            self.store.rebuild(tenant);
            self.store.clear(tenant).map_err(failed)?;
            self.store.find_or_open(tenant).map_err(failed)?
        };
        facts.begin(last);
        // Not before: until now, nobody could tell that rows are missing.
        self.store.end_discarding(tenant);
        Ok(facts)
    }

    /// Whether the last record of facts is the record of the log, of which `last` is the last.
    async fn is_of_log(
        &self,
        tenant: TenantId,
        saved: LastRecord,
        last: u64,
    ) -> Result<bool, StorageError> {
        if saved.sequence == 0 || last < saved.sequence {
            return Ok(saved.sequence == 0);
        }
        let page = PageLimits { count_max: 1, ..PAGE };
        let records = self.storage.read_records(tenant, saved.sequence - 1, page).await?;
        let statement = records.first().and_then(FeedRecord::statement);
        let id = statement.map(|statement| statement.load().map(|it| it.id)).transpose()?;
        // What was erased later is what it was.
        Ok(saved.id == 0 || id.is_none_or(|id| id.0.as_u128() == saved.id))
    }

    /// Finds the statements that a batch voids.
    async fn find_voided(&self, tenant: TenantId, batch: Batch) -> Result<Addition, StorageError> {
        let mut addition = Addition { batch, ..Addition::default() };
        let targets: Vec<u128> = addition.batch.rows.iter().filter_map(|row| row.voids).collect();
        for target in targets {
            let id = StatementId(Uuid::from_u128(target));
            match self.storage.find_statement(tenant, id).await? {
                // A voiding statement cannot be voided.
                Some(found) if !found.is_voided => {}
                Some(found) => addition.voided.push(found.sequence),
                None => addition.awaited.push(target),
            }
        }
        Ok(addition)
    }

    /// Writes rows of the tenant that has most in memory, if all together have too many.
    fn flush_largest(&self) -> Result<(), StorageError> {
        let tails = self.store.tails();
        let largest = tails.iter().max_by_key(|(bytes, _)| *bytes);
        match largest {
            Some((_, facts)) if TAIL_BYTES_MAX < tails.iter().map(|(bytes, _)| bytes).sum() => {
                facts.flush().map_err(failed)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Removes the facts of tenants that are no longer there, and reads the languages of the
    /// others. At first it opens them: those of a paused follower can be asked for too.
    async fn remove_removed(&mut self) -> Result<(), StorageError> {
        if self.removed_looked.is_some_and(|looked| looked.elapsed() < REMOVED_INTERVAL) {
            return Ok(());
        }
        // First those that have facts: a tenant that is made meanwhile is in the second list.
        let known = self.store.tenants().map_err(failed)?;
        let tenants = self.storage.list_tenants().await?;
        for tenant in known {
            if !tenants.iter().any(|it| it.id == tenant) {
                self.store.clear(tenant).map_err(failed)?;
                self.store.end_discarding(tenant);
                self.verified.remove(&tenant);
            }
        }
        for tenant in &tenants {
            let language = tenant.settings.language.as_ref();
            self.store.set_language(tenant.id, language.map(LanguageTag::as_str));
        }
        if self.removed_looked.is_none() {
            for tenant in self.store.tenants().map_err(failed)? {
                // What cannot be opened is reported when its tenant has its turn.
                drop(self.store.find_or_open(tenant));
            }
        }
        self.removed_looked = Some(Instant::now());
        Ok(())
    }
}

fn failed(source: io::Error) -> StorageError {
    StorageError::Io { act: ACT, source }
}

fn broken(text: &'static str) -> StorageError {
    failed(io::Error::other(text))
}
