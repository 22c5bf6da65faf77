//! The worker of one follower.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::directory::FollowerControl;
use acta_storage::{
    Advanced, FeedPace, FeedRecord, FeedStatement, FollowerName, FollowerPosition, FollowerStep,
    PageLimits, Storage, StorageError, StoreEffects, tenant_span,
};
use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::follower::Follower;
use crate::status::{FollowerWork, Progress};

/// How long a follower may take at the end to save its position and release its lease.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Limits of the records of a tenant that are processed at once.
const PAGE: PageLimits = PageLimits { count_max: 1_000, bytes_max: 512 << 10 };

/// How often it is checked whether the follower is paused.
const CONTROL_INTERVAL: Duration = Duration::from_secs(1);

/// The first and the longest delay after failures.
const RETRY_DELAY: Duration = Duration::from_millis(200);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(10);

/// The least pause after a round, as a multiple of its duration, where nodes poll: a round takes
/// longer the more tenants there are.
const PAUSE_FACTOR: u32 = 4;

const ACT: &str = "following the log";

/// Facts of a tenant that cause its effects to be saved.
const EFFECTS_COUNT_MAX: usize = 4_000;

/// Effects are saved when they hold so many bytes, of one tenant.
const EFFECTS_BYTES_MAX: usize = 512 << 10;

/// How far a follower has come in a tenant's log.
#[derive(Debug)]
struct TenantProgress {
    /// The saved position.
    saved: u64,
    /// The position that is being saved.
    saving: Option<u64>,
    /// The sequence of the last processed record.
    reached: u64,
    /// The unsaved effects of the records after `saved`.
    effects: StoreEffects,
    /// Bytes of the effects.
    effect_bytes: usize,
    /// When the position was saved, or the first of the effects came.
    since: Instant,
}

impl TenantProgress {
    fn new(saved: u64) -> Self {
        let effects = StoreEffects::default();
        let since = Instant::now();
        Self { saved, saving: None, reached: saved, effects, effect_bytes: 0, since }
    }

    /// Adds the effects of the records up to `to`.
    fn reach(&mut self, to: u64, effects: StoreEffects) {
        if self.effects.is_empty() && !effects.is_empty() {
            self.since = Instant::now();
        }
        self.effect_bytes += effects.len_bytes();
        self.effects.add(effects);
        self.reached = to;
    }

    /// How long saving may be delayed.
    fn save_delay(&self, pace: FeedPace) -> Duration {
        if self.effects.is_empty() { pace.save_after } else { pace.effects_after }
    }

    /// Whether it is time to save it.
    fn is_due(&self, pace: FeedPace) -> bool {
        let is_full = EFFECTS_COUNT_MAX <= self.effects.entity_facts.len()
            || EFFECTS_BYTES_MAX <= self.effect_bytes;
        // The first is saved at once, so that a rebuild is never missed.
        self.saved < self.reached
            && (self.saved == 0 || is_full || self.save_delay(pace) <= self.since.elapsed())
    }

    /// Whether so many effects are unsaved that the follower must wait.
    fn is_full(&self) -> bool {
        WAITING_COUNT_MAX <= self.effects.entity_facts.len()
            || WAITING_BYTES_MAX <= self.effect_bytes
    }

    /// Whether `sequence` is the position that was saved or is being saved here.
    fn is_at(&self, sequence: u64) -> bool {
        self.saved == sequence || self.saving == Some(sequence)
    }

    /// Takes the step that saves it.
    fn step(&mut self, tenant: TenantId) -> FollowerStep {
        let effects = std::mem::take(&mut self.effects);
        self.effect_bytes = 0;
        self.saving = Some(self.reached);
        self.since = Instant::now();
        FollowerStep { tenant, from: self.saved, to: self.reached, effects }
    }
}

/// The result of saving a step.
struct SavedStep {
    tenant: TenantId,
    to: u64,
    result: Result<Advanced, StorageError>,
}

/// Most unsaved facts of a tenant before the follower waits for them to be saved.
const WAITING_COUNT_MAX: usize = 50_000;

/// Bytes of facts of a tenant that wait for a step to be saved before the follower waits too. The
/// next step has as many, and other writes wait for it.
const WAITING_BYTES_MAX: usize = 1 << 20;

/// The same, of all tenants together.
const WAITING_ALL_BYTES_MAX: usize = 64 << 20;

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// There is more to read.
    More,
    /// Everything was processed, or is not to be processed here.
    Done,
}

/// Runs one follower.
pub(crate) struct Worker {
    storage: Arc<dyn Storage>,
    follower: Box<dyn Follower>,
    name: FollowerName,
    progress: Arc<Progress>,
    pace: FeedPace,
    tasks: TaskTracker,
    tenants: HashMap<TenantId, TenantProgress>,
    /// Steps that are being saved while it continues to read.
    saving: Option<JoinHandle<Vec<SavedStep>>>,
    /// Whether it is paused, and when that was last checked.
    control: Option<(bool, Instant)>,
    /// The tenant whose records could not be read, applied or saved last.
    failing: Option<TenantId>,
}

impl Worker {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        follower: Box<dyn Follower>,
        progress: Arc<Progress>,
        tasks: TaskTracker,
    ) -> Self {
        let (name, pace) = (follower.name(), storage.pace());
        let (tenants, saving, control, failing) = (HashMap::new(), None, None, None);
        Self { storage, follower, name, progress, pace, tasks, tenants, saving, control, failing }
    }

    /// Follows until `stop` is cancelled.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let name = self.name;
        let span =
            tracing::error_span!(parent: None, "background", work = "follower", follower = %name);
        self.run_in_span(stop).instrument(span).await;
    }

    async fn run_in_span(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(Box::pin(self.follow())).await;
        let ended = tokio::time::timeout(STOP_TIMEOUT, self.end()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!(
                "the position of a follower could not be saved: it will read some records again"
            );
        }
    }

    async fn follow(&mut self) {
        // Before the first read, so that nothing is missed.
        let mut appended = self.storage.appended();
        let mut delay: Option<Duration> = None;
        loop {
            let begun = Instant::now();
            appended.mark_unchanged();
            // A panic on one record must not stop the follower for all other records.
            let round = AssertUnwindSafe(self.round()).catch_unwind().await;
            let round = round.unwrap_or_else(|_panic| Err(panicked()));
            if delay.is_some() && round.is_ok() {
                tracing::info!("follower recovered");
            }
            match round {
                Ok(Round::More) => delay = None,
                Ok(Round::Done) => {
                    delay = None;
                    self.wait(&mut appended, begun.elapsed()).await;
                }
                Err(error) => {
                    let next = delay.map_or(RETRY_DELAY, |last| RETRY_DELAY_MAX.min(last * 2));
                    self.fail(&error, delay.is_none());
                    delay = Some(next);
                    tokio::time::sleep(next).await;
                }
            }
        }
    }

    fn fail(&mut self, error: &StorageError, is_first: bool) {
        self.forget();
        self.progress.add_failure();
        if is_first {
            let cause: &dyn Error = error;
            let tenant = self.failing.map(TenantId::number);
            tracing::error!(tenant.id = tenant, error = cause, "follower failed; retrying");
        }
    }

    /// Waits until there may be something to do.
    async fn wait(&self, appended: &mut watch::Receiver<u64>, round_took: Duration) {
        let factor = if self.pace.poll.is_some() { PAUSE_FACTOR } else { 0 };
        tokio::time::sleep(self.pace.pause.max(round_took * factor)).await;
        let unsaved = self.tenants.values().filter(|progress| progress.saved < progress.reached);
        let soonest = unsaved.map(|progress| progress.save_delay(self.pace)).min();
        let look = self.pace.poll.unwrap_or(CONTROL_INTERVAL);
        let timeout = soonest.map_or(look, |soonest| look.min(soonest));
        // It makes no difference whether it was notified.
        drop(tokio::time::timeout(timeout, appended.changed()).await);
    }

    /// Processes a page of every tenant with unread records, if that is to be done here.
    async fn round(&mut self) -> Result<Round, StorageError> {
        self.failing = None;
        if self.is_paused().await? {
            if self.progress.status().work != FollowerWork::Paused {
                self.end().await?;
                self.progress.set_work(FollowerWork::Paused);
            }
            return Ok(Round::Done);
        }
        if !self.storage.hold_lease(self.name).await? {
            self.forget();
            self.progress.set_work(FollowerWork::Elsewhere);
            return Ok(Round::Done);
        }
        let is_saved = self.saving.as_ref().is_some_and(JoinHandle::is_finished);
        if is_saved || self.is_full() {
            self.finish_saving().await?;
        }
        let behind = self.storage.list_behind(self.name).await?;
        let mut lag: u64 = behind.iter().map(|position| self.lag_of(*position)).sum();
        self.progress.set_lag(lag);
        let (mut round, mut failed) = (Round::Done, None);
        for position in behind {
            let before = self.lag_of(position);
            // An error of one tenant does not delay the others.
            let tenant = position.tenant;
            if let Err(error) = self.read(position).instrument(tenant_span(tenant)).await {
                failed = Some(error);
                self.failing = Some(tenant);
                self.forget_tenant(tenant);
            }
            let after = self.lag_of(position);
            lag = (lag + after).saturating_sub(before);
            if 0 < after && after < before {
                round = Round::More;
            }
        }
        self.save_due();
        self.progress.set_lag(lag);
        self.progress.set_work(FollowerWork::Following);
        failed.map_or(Ok(round), Err)
    }

    /// Whether so much waits to be saved that the follower must wait too.
    fn is_full(&self) -> bool {
        let bytes: usize = self.tenants.values().map(|place| place.effect_bytes).sum();
        WAITING_ALL_BYTES_MAX <= bytes || self.tenants.values().any(TenantProgress::is_full)
    }

    async fn is_paused(&mut self) -> Result<bool, StorageError> {
        if let Some((is_paused, asked)) = self.control
            && asked.elapsed() < CONTROL_INTERVAL
        {
            return Ok(is_paused);
        }
        let is_paused = FollowerControl::is_paused(&*self.storage, self.name).await?;
        self.control = Some((is_paused, Instant::now()));
        Ok(is_paused)
    }

    fn lag_of(&self, position: FollowerPosition) -> u64 {
        let progress = self.tenants.get(&position.tenant);
        let progress = progress.filter(|progress| progress.is_at(position.sequence));
        let reached = progress.map_or(position.sequence, |progress| progress.reached);
        position.last_sequence.saturating_sub(reached)
    }

    /// Processes a page of a tenant's records.
    async fn read(&mut self, position: FollowerPosition) -> Result<(), StorageError> {
        let tenant = position.tenant;
        let is_known = match self.tenants.get(&tenant) {
            Some(progress) if progress.is_at(position.sequence) => true,
            // Another node has continued, or the follower was reset.
            Some(_) => {
                self.forget();
                false
            }
            None => false,
        };
        if !is_known {
            self.tenants.insert(tenant, TenantProgress::new(position.sequence));
        }
        let Some(progress) = self.tenants.get_mut(&tenant) else { return Ok(()) };
        if progress.reached < position.last_sequence {
            let records = self.storage.read_records(tenant, progress.reached, PAGE).await?;
            let records = read(records).await?;
            if let Some(last) = records.last() {
                let effects = self.follower.apply(tenant, &records).await?;
                self.progress.add_records(records.len() as u64);
                progress.reach(last.sequence, effects);
            }
        }
        Ok(())
    }

    /// Begins to save the steps that are due, unless others are being saved. There is no `await`
    /// between taking the steps and spawning the task: a cancelled worker must not lose a step.
    fn save_due(&mut self) {
        if self.saving.is_some() {
            return;
        }
        let pace = self.pace;
        let due = self.tenants.iter_mut().filter(|(_, progress)| progress.is_due(pace));
        let due = due.take(pace.concurrent_steps).map(|(tenant, progress)| progress.step(*tenant));
        let steps = due.collect();
        self.save(steps);
    }

    /// Begins to save steps concurrently. Nothing else is being saved.
    fn save(&mut self, steps: Vec<FollowerStep>) {
        if steps.is_empty() {
            return;
        }
        let (storage, name) = (Arc::clone(&self.storage), self.name);
        let saving = async move {
            let steps = steps.into_iter().map(|step| async {
                let (tenant, to) = (step.tenant, step.to);
                let result = storage.advance(name, step).instrument(tenant_span(tenant)).await;
                SavedStep { tenant, to, result }
            });
            join_all(steps).await
        };
        self.saving = Some(self.tasks.spawn(saving.in_current_span()));
    }

    /// Waits for the steps that are being saved.
    async fn finish_saving(&mut self) -> Result<(), StorageError> {
        let Some(saving) = &mut self.saving else { return Ok(()) };
        // Reset only afterwards: this may be cancelled meanwhile.
        let saved = saving.await;
        self.saving = None;
        let mut failed = None;
        for SavedStep { tenant, to, result } in saved.map_err(|_panic| panicked())? {
            match result {
                Ok(Advanced::Done) if self.has_saved(tenant, to) => {}
                // The position was changed elsewhere, or the progress was dropped meanwhile.
                Ok(_) => self.forget_tenant(tenant),
                Err(error) => {
                    failed = Some(error);
                    self.failing = Some(tenant);
                    self.forget_tenant(tenant);
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Notes that a step to `to` was saved. Returns whether it was the step of this progress.
    fn has_saved(&mut self, tenant: TenantId, to: u64) -> bool {
        let progress = self.tenants.get_mut(&tenant).filter(|progress| progress.saving == Some(to));
        progress.is_some_and(|progress| {
            (progress.saved, progress.saving) = (to, None);
            true
        })
    }

    /// Saves all positions and releases the lease.
    async fn end(&mut self) -> Result<(), StorageError> {
        let before = self.finish_saving().await;
        let tenants =
            self.tenants.iter_mut().filter(|(_, progress)| progress.saved < progress.reached);
        let unsaved = tenants.map(|(tenant, progress)| progress.step(*tenant)).collect();
        self.save(unsaved);
        let saved = before.and(self.finish_saving().await);
        self.forget();
        self.storage.release_lease(self.name).await?;
        saved
    }

    /// Drops the progress in a tenant, which may not be saved. The follower drops its state of
    /// all tenants, which only costs work.
    fn forget_tenant(&mut self, tenant: TenantId) {
        self.tenants.remove(&tenant);
        self.follower.forget();
    }

    fn forget(&mut self) {
        self.tenants.clear();
        self.follower.forget();
    }
}

/// Extracts the facts of records, on another thread if any have to be parsed.
async fn read(records: Vec<FeedRecord>) -> Result<Vec<FeedRecord>, StorageError> {
    let has_facts =
        |record: &FeedRecord| record.statement().is_none_or(FeedStatement::has_entity_facts);
    if records.iter().all(has_facts) {
        return Ok(records);
    }
    let reading = acta_storage::spawn_blocking(move || {
        for statement in records.iter().filter_map(FeedRecord::statement) {
            statement.entity_facts()?;
        }
        Ok(records)
    });
    reading.await.map_err(|_panic| panicked())?
}

fn panicked() -> StorageError {
    StorageError::Io { act: ACT, source: io::Error::other("it panicked") }
}
