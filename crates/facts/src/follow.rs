//! The follower that makes facts of the log, on each node for itself.
//!
//! Other followers share one durable position per tenant, so that one node does their work. Facts
//! are files of a node: how far they go is written in them, together with them.

mod flatten;

use std::collections::{HashMap, HashSet, VecDeque};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_followers::{FollowerStatus, FollowerWork, Progress};
use acta_storage::directory::LanguageTag;
use acta_storage::{
    FeedRecord, FollowerName, PageLimits, Storage, StorageError, lower_priority, tenant_span,
};
use acta_xapi::{StatementId, Uuid};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::rows::batch::{Batch, LastRecord};
use crate::store::{FactStore, is_damage};
use crate::tenant::{Addition, TenantFacts};
use flatten::{ACT, Flatteners};

/// The name in metrics and logs.
const NAME: FollowerName = FollowerName::new("facts");

/// Limits of the records of a tenant that are processed at once.
const PAGE: PageLimits = PageLimits { count_max: 1_000, bytes_max: 1 << 20 };

/// Pages of a tenant that are read ahead while one is added, at most.
const AHEAD_MAX: usize = 4;

/// Pages of a tenant before the others have their turn.
const PAGES_PER_TURN: usize = 64;

/// How often tenants that were removed are looked for.
const REMOVED_INTERVAL: Duration = Duration::from_secs(30);

/// How often the log is looked at where nobody tells that something was stored.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The first and the longest delay after failures.
const RETRY_DELAY: Duration = Duration::from_millis(200);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(10);

/// Bytes of rows of all tenants in memory, about, before some are written early.
const TAIL_BYTES_MAX: usize = 256 << 20;

/// What the follower needs.
#[derive(Clone, Debug)]
pub struct FactFollowerOptions {
    /// How many threads read and flatten statements, beside the one that adds them.
    pub threads: usize,
}

/// The follower that makes facts of the log, while it runs.
#[derive(Debug)]
pub struct FactFollower {
    progress: Arc<Progress>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl FactFollower {
    /// Starts to follow the log of every tenant, on threads of its own with a low priority, so
    /// that no request waits for them.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, or if no thread can be started.
    pub fn start(
        storage: &Arc<dyn Storage>,
        store: &Arc<FactStore>,
        options: &FactFollowerOptions,
    ) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let progress = Arc::new(Progress::new(NAME));
        store.begin_following();
        let worker = Worker {
            storage: Arc::clone(storage),
            store: Arc::clone(store),
            progress: Arc::clone(&progress),
            flatteners: Flatteners::start(options.threads),
            verified: HashSet::new(),
            full: HashSet::new(),
            failing: HashMap::new(),
            removed_looked: None,
        };
        let (runtime, token, stopped) = (Handle::current(), tasks.token(), stop.clone());
        let follow = move || {
            lower_priority(flatten::NICE);
            runtime.block_on(worker.run(stopped));
            drop(token);
        };
        let started = std::thread::Builder::new().name("acta-facts".to_owned()).spawn(follow);
        assert!(started.is_ok(), "a follower has a thread");
        Self { progress, tasks, stop }
    }

    /// How it is.
    pub fn status(&self) -> FollowerStatus {
        self.progress.status()
    }

    /// Returns a function that reads its status, also after this value was dropped.
    pub fn watch(&self) -> impl Fn() -> FollowerStatus + Send + Sync + 'static {
        let progress = Arc::clone(&self.progress);
        move || progress.status()
    }

    /// Stops it. What is not in a segment yet is read from the log again at the next start.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for FactFollower {
    fn drop(&mut self) {
        // Without a call of `stop`, it ends as well.
        self.stop.cancel();
    }
}

/// A tenant whose facts could not be made.
#[derive(Clone, Copy, Debug)]
struct Failing {
    /// The delay before the next attempt.
    delay: Duration,
    /// When the next attempt is.
    next: Instant,
}

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// There is more to read.
    More,
    /// Everything was read.
    Done,
}

struct Worker {
    storage: Arc<dyn Storage>,
    store: Arc<FactStore>,
    progress: Arc<Progress>,
    flatteners: Flatteners,
    /// Tenants whose facts are known to belong to this log.
    verified: HashSet<TenantId>,
    /// Tenants of which it has been said that no more facts are made.
    full: HashSet<TenantId>,
    failing: HashMap<TenantId, Failing>,
    removed_looked: Option<Instant>,
}

impl Worker {
    async fn run(mut self, stop: CancellationToken) {
        let span = tracing::error_span!(parent: None, "background", work = "facts");
        let follow = Box::pin(self.follow().instrument(span));
        stop.run_until_cancelled(follow).await;
    }

    async fn follow(&mut self) {
        // Before the first read, so that nothing is missed.
        let mut appended = self.storage.appended();
        let mut delay: Option<Duration> = None;
        loop {
            appended.mark_unchanged();
            let round = self.round().await;
            if let Err(error) = &round {
                self.fail(error, delay.is_none());
                let next = delay.map_or(RETRY_DELAY, |last| RETRY_DELAY_MAX.min(last * 2));
                delay = Some(next);
                tokio::time::sleep(next).await;
                continue;
            }
            delay = None;
            if matches!(round, Ok(Round::Done)) {
                self.wait(&mut appended).await;
            }
        }
    }

    fn fail(&self, error: &StorageError, is_first: bool) {
        self.progress.add_failure();
        if is_first {
            let cause: &dyn Error = error;
            tracing::error!(error = cause, "facts cannot be made; retrying");
        }
    }

    async fn wait(&self, appended: &mut watch::Receiver<u64>) {
        let pace = self.storage.pace();
        tokio::time::sleep(pace.pause).await;
        let look = pace.poll.unwrap_or(LOOK_INTERVAL);
        // It makes no difference whether it was notified.
        drop(tokio::time::timeout(look, appended.changed()).await);
    }

    /// Adds some pages of every tenant.
    async fn round(&mut self) -> Result<Round, StorageError> {
        self.remove_removed().await?;
        let (mut is_done, mut lag) = (true, 0);
        // The position in the store is never moved, so these are all tenants with statements.
        for position in self.storage.list_behind(NAME).await? {
            let (tenant, last) = (position.tenant, position.last_sequence);
            if self.failing.get(&tenant).is_some_and(|failing| Instant::now() < failing.next) {
                lag += last.saturating_sub(self.reached(tenant));
                continue;
            }
            match self.follow_tenant(tenant, last).instrument(tenant_span(tenant)).await {
                Ok(reached) => {
                    self.failing.remove(&tenant);
                    lag += last.saturating_sub(reached);
                    is_done &= last <= reached;
                }
                Err(error) => {
                    lag += last.saturating_sub(self.reached(tenant));
                    self.fail_tenant(tenant, &error);
                }
            }
        }
        if self.failing.is_empty() {
            self.store.note_look();
        }
        self.progress.set_lag(lag);
        self.progress.set_work(FollowerWork::Following);
        self.flush_largest()?;
        Ok(if is_done { Round::Done } else { Round::More })
    }

    /// The sequence of the last fact of a tenant.
    fn reached(&self, tenant: TenantId) -> u64 {
        self.store.find(tenant).map_or(0, |facts| facts.view().sequence)
    }

    /// Lets a tenant wait whose facts could not be made, while others go on.
    fn fail_tenant(&mut self, tenant: TenantId, error: &StorageError) {
        self.progress.add_failure();
        let last = self.failing.get(&tenant).map(|failing| failing.delay);
        let delay = last.map_or(RETRY_DELAY, |last| RETRY_DELAY_MAX.min(last * 2));
        self.failing.insert(tenant, Failing { delay, next: Instant::now() + delay });
        if matches!(error, StorageError::Io { act, source } if *act == ACT && is_damage(source)) {
            self.store.rebuild(tenant);
        }
        if last.is_none() {
            let error: &dyn Error = error;
            let id = tenant.number();
            tracing::error!(tenant.id = id, error, "facts cannot be made; retrying");
        }
    }

    /// Adds some pages of a tenant. Returns the sequence of the last fact.
    async fn follow_tenant(&mut self, tenant: TenantId, last: u64) -> Result<u64, StorageError> {
        let facts = self.open(tenant, last).await?;
        let mut read = facts.view().sequence;
        if last <= read {
            return Ok(read);
        }
        let mut ahead = VecDeque::new();
        let mut pages = 0;
        loop {
            if self.is_full(tenant, &facts) {
                return Ok(last);
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
            let Some(page) = ahead.pop_front() else { break };
            let batch = page.await.map_err(|_dropped| broken("a worker ended"))??;
            let count = batch.rows.len() as u64;
            let addition = self.find_voided(tenant, batch).await?;
            facts.add(&addition).map_err(failed)?;
            self.progress.add_records(count);
        }
        Ok(facts.view().sequence)
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
    /// others.
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
                self.failing.remove(&tenant);
            }
        }
        for tenant in &tenants {
            let language = tenant.settings.language.as_ref();
            self.store.set_language(tenant.id, language.map(LanguageTag::as_str));
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
