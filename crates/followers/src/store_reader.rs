//! Reads the log for a follower whose positions are in the store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{
    Advanced, FeedPace, FeedRecord, FeedStatement, FollowerName, FollowerPosition, FollowerStep,
    PageLimits, Storage, StorageError, StoreEffects, tenant_span,
};
use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::follower::Follower;
use crate::reader::LogReader;
use crate::runner::panicked;

/// Limits of the records of a tenant that are processed at once.
const PAGE: PageLimits = PageLimits { count_max: 1_000, bytes_max: 512 << 10 };

/// The least pause after a round, as a multiple of its duration, where nodes poll: a round takes
/// longer the more tenants there are.
const PAUSE_FACTOR: u32 = 4;

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

    /// Whether `sequence` is the position that was saved here, or one on the way to that which is
    /// being saved: an engine may save a step in parts.
    fn is_at(&self, sequence: u64) -> bool {
        (self.saved..=self.saving.unwrap_or(self.saved)).contains(&sequence)
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

/// Reads the log for a follower whose positions are in the store.
pub(crate) struct StoreReader {
    storage: Arc<dyn Storage>,
    follower: Box<dyn Follower>,
    name: FollowerName,
    pace: FeedPace,
    tasks: TaskTracker,
    tenants: HashMap<TenantId, TenantProgress>,
    /// Steps that are being saved while it continues to read.
    saving: Option<JoinHandle<Vec<SavedStep>>>,
    /// Why steps could not be saved, until the turn of their tenants.
    failed: HashMap<TenantId, StorageError>,
}

impl StoreReader {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        follower: Box<dyn Follower>,
        tasks: TaskTracker,
    ) -> Self {
        let (name, pace) = (follower.name(), storage.pace());
        let (tenants, saving, failed) = (HashMap::new(), None, HashMap::new());
        Self { storage, follower, name, pace, tasks, tenants, saving, failed }
    }

    /// Whether so much waits to be saved that the follower must wait too.
    fn is_full(&self) -> bool {
        let bytes: usize = self.tenants.values().map(|place| place.effect_bytes).sum();
        WAITING_ALL_BYTES_MAX <= bytes || self.tenants.values().any(TenantProgress::is_full)
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
        for SavedStep { tenant, to, result } in saved.map_err(|_panic| panicked())? {
            match result {
                Ok(Advanced::Done) if self.has_saved(tenant, to) => {}
                // The position was changed elsewhere, or the progress was dropped meanwhile.
                Ok(_) => self.forget_tenant(tenant),
                Err(error) => {
                    self.forget_tenant(tenant);
                    self.failed.insert(tenant, error);
                }
            }
        }
        Ok(())
    }

    /// Notes that a step to `to` was saved. Returns whether it was the step of this progress.
    fn has_saved(&mut self, tenant: TenantId, to: u64) -> bool {
        let progress = self.tenants.get_mut(&tenant).filter(|progress| progress.saving == Some(to));
        progress.is_some_and(|progress| {
            (progress.saved, progress.saving) = (to, None);
            true
        })
    }

    /// Drops the progress in a tenant, which may not be saved. The follower drops its state of
    /// all tenants, which only costs work.
    fn forget_tenant(&mut self, tenant: TenantId) {
        self.tenants.remove(&tenant);
        self.follower.forget();
    }
}

#[async_trait]
impl LogReader for StoreReader {
    fn name(&self) -> FollowerName {
        self.name
    }

    async fn begin_round(&mut self) -> Result<bool, StorageError> {
        if !self.storage.hold_lease(self.name).await? {
            self.forget(None);
            return Ok(false);
        }
        let is_saved = self.saving.as_ref().is_some_and(JoinHandle::is_finished);
        if is_saved || self.is_full() {
            self.finish_saving().await?;
        }
        Ok(true)
    }

    fn reached(&self, position: FollowerPosition) -> u64 {
        let progress = self.tenants.get(&position.tenant);
        let progress = progress.filter(|progress| progress.is_at(position.sequence));
        progress.map_or(position.sequence, |progress| progress.reached)
    }

    /// Processes a page.
    async fn read(&mut self, position: FollowerPosition) -> Result<(), StorageError> {
        let tenant = position.tenant;
        if let Some(error) = self.failed.remove(&tenant) {
            return Err(error);
        }
        let is_known = match self.tenants.get(&tenant) {
            Some(progress) if progress.is_at(position.sequence) => true,
            // Another node has continued, or the follower was reset.
            Some(_) => {
                self.forget(None);
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
                progress.reach(last.sequence, effects);
            }
        }
        Ok(())
    }

    async fn end_round(&mut self, _has_failed: bool) -> Result<(), StorageError> {
        self.failed.clear();
        self.save_due();
        Ok(())
    }

    fn forget(&mut self, tenant: Option<TenantId>) {
        if let Some(tenant) = tenant {
            self.forget_tenant(tenant);
        } else {
            self.tenants.clear();
            self.follower.forget();
        }
    }

    fn pause_after(&self, round_took: Duration) -> Duration {
        let factor = if self.pace.poll.is_some() { PAUSE_FACTOR } else { 0 };
        round_took * factor
    }

    fn next_due(&self) -> Option<Duration> {
        let unsaved = self.tenants.values().filter(|progress| progress.saved < progress.reached);
        unsaved.map(|progress| progress.save_delay(self.pace)).min()
    }

    /// Saves all positions and releases the lease.
    async fn end(&mut self) -> Result<(), StorageError> {
        let before = self.finish_saving().await;
        let tenants =
            self.tenants.iter_mut().filter(|(_, progress)| progress.saved < progress.reached);
        let unsaved = tenants.map(|(tenant, progress)| progress.step(*tenant)).collect();
        self.save(unsaved);
        let saved = before.and(self.finish_saving().await);
        let failed = self.failed.drain().next();
        self.forget(None);
        self.storage.release_lease(self.name).await?;
        saved.and(failed.map_or(Ok(()), |(_, error)| Err(error)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_is_saved_in_parts_is_known_at_each_of_its_positions() {
        let mut progress = TenantProgress::new(10);
        let known = |progress: &TenantProgress| -> Vec<u64> {
            (0..100).filter(|sequence| progress.is_at(*sequence)).collect()
        };
        assert_eq!(known(&progress), [10]);
        progress.reach(13, StoreEffects::default());
        assert_eq!(known(&progress), [10]);
        let step = progress.step(TenantId::FIRST);
        assert_eq!((step.from, step.to), (10, 13));
        progress.reach(20, StoreEffects::default());
        assert_eq!(known(&progress), [10, 11, 12, 13]);
    }
}
