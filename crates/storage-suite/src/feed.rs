//! The feed, and followers that read it.

pub mod definitions;
pub mod entities;
pub mod tiles;
pub mod verb_counter;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acta_access::TenantId;
use acta_followers::{Follower, FollowerWork, Followers, LogReader};
use acta_storage::directory::{self, FollowerControl, Recorded};
use acta_storage::{
    Advanced, Change, Committed, EntityFact, EntityKind, FeedRecord, FollowerName,
    FollowerPosition, FollowerStep, PageLimits, Storage, StorageError, StoreEffects, merge_all,
};
use async_trait::async_trait;
use tokio::task::JoinSet;

use super::EngineUnderTest;
use super::fixture::{Draft, Stage, activity_id};
use verb_counter::{Counts, VerbCounter, VerbCounts};

const FOLLOWER: FollowerName = FollowerName::new("of-the-suite");

/// Everything there is.
const ALL: PageLimits = PageLimits { count_max: usize::MAX >> 1, bytes_max: usize::MAX };

/// How often a condition is checked, and how many times.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
const POLL_COUNT_MAX: u32 = 4_000;

/// How often two things happen at the same time.
const RACE_COUNT: u32 = 50;

fn drafts(numbers: std::ops::Range<u128>) -> Vec<Draft> {
    numbers.map(Draft::new).collect()
}

fn step(tenant: TenantId, from: u64, to: u64) -> FollowerStep {
    FollowerStep { tenant, from, to, effects: StoreEffects::default() }
}

fn defining(tenant: TenantId, span: std::ops::Range<u64>, name: &str) -> FollowerStep {
    let fact = EntityFact {
        kind: EntityKind::Activity,
        subject: activity_id("invented").as_str().into(),
        text: format!(r#"{{"name":{{"en":"{name}"}}}}"#).into(),
        sequence: span.end,
        ordinal: 0,
    };
    let step = step(tenant, span.start, span.end);
    FollowerStep { effects: StoreEffects { entity_facts: vec![fact] }, ..step }
}

impl<E: EngineUnderTest> Stage<E> {
    async fn records(&self, after: u64, page: PageLimits) -> Vec<FeedRecord> {
        self.storage().read_records(self.tenant, after, page).await.unwrap()
    }

    async fn position(&self, follower: FollowerName) -> FollowerPosition {
        let (storage, tenant) = (self.storage(), self.tenant);
        let last_sequence = storage.count_statements(tenant).await.unwrap();
        let end = FollowerPosition { tenant, sequence: last_sequence, last_sequence };
        let behind = storage.list_behind(follower).await.unwrap();
        behind.into_iter().find(|position| position.tenant == tenant).unwrap_or(end)
    }

    async fn advance(&self, follower: FollowerName, step: FollowerStep) -> Advanced {
        self.storage().advance(follower, step).await.unwrap()
    }

    fn start(&self, follower: impl Follower) -> Followers {
        Followers::start(&self.storage(), vec![Box::new(follower)])
    }

    async fn pause(&self, follower: FollowerName, is_paused: bool) {
        let storage = self.storage();
        let control = FollowerControl { name: follower.as_str().to_owned(), is_paused };
        let known = directory::find::<FollowerControl>(&*storage, follower.as_str()).await.unwrap();
        let write = known.map_or_else(|| control.create(), |known| known.write(&control));
        let change = Change { writes: vec![write], entries: Vec::new() };
        assert_eq!(storage.commit(&change).await.unwrap(), Committed::Done);
    }
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..POLL_COUNT_MAX {
        if is_so().await {
            return;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    panic!("waited in vain until {what}");
}

async fn until_counted(counts: &Counts, tenant: TenantId, sequence: u64) -> VerbCounts {
    let counted = || counts.lock().unwrap().get(&tenant).cloned().unwrap_or_default();
    until("everything is counted", async || counted().sequence == sequence).await;
    counted()
}

/// Records contain every stored field and their facts, whether they are read from memory or from
/// the log.
pub async fn records_contain_every_stored_field<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let (first, second) =
        (Draft::new(1), Draft::new(2).more(r#""timestamp":"2026-01-02T03:04:05Z""#));
    let voiding = Draft::voiding(3, 1);
    let appended = stage.append_each(&[first, second, voiding]).await;
    for is_reopened in [false, true] {
        let kept = stage.storage().read_statements(stage.tenant, 0, ALL).await.unwrap();
        let records = stage.records(0, ALL).await;
        assert_eq!(records.len(), 3, "reopened: {is_reopened}");
        for ((record, kept), stored) in records.iter().zip(&kept).zip(&appended) {
            assert_eq!((record.sequence, record.stored), (kept.sequence, *stored));
            let statement = record.statement().unwrap();
            assert_eq!(statement.load().unwrap(), kept, "reopened: {is_reopened}");
            assert_eq!(statement.parsed().unwrap().unwrap().fingerprint, kept.fingerprint);
        }
        assert!(records[2].statement().unwrap().load().unwrap().is_voiding);
        // A record holds the store open that it is loaded from.
        drop(records);
        stage = stage.reopen().await;
    }
}

/// Pages end by count and by bytes, hold one record at least, and make up the whole.
pub async fn pages_of_records_cover_the_log<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    assert!(stage.records(0, ALL).await.is_empty());
    stage.append(&drafts(1..8).iter().collect::<Vec<_>>()).await;
    let sequences = |records: Vec<FeedRecord>| -> Vec<u64> {
        records.iter().map(|record| record.sequence).collect()
    };
    for (count_max, bytes_max) in [(1, usize::MAX), (3, usize::MAX), (100, 1), (100, 700)] {
        let page = PageLimits { count_max, bytes_max };
        let mut all = Vec::new();
        loop {
            let read = sequences(stage.records(all.last().copied().unwrap_or(0), page).await);
            assert!(read.len() <= count_max, "{page:?}");
            assert!(1 < bytes_max || read.len() <= 1, "{page:?}");
            if read.is_empty() {
                break;
            }
            all.extend(read);
        }
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7], "{page:?}");
    }
    assert_eq!(sequences(stage.records(5, ALL).await), [6, 7]);
    assert!(stage.records(7, ALL).await.is_empty());
    assert!(stage.records(700, ALL).await.is_empty());
}

/// A follower advances only from its position, which is separate by tenant and follower and is
/// durable.
pub async fn a_follower_advances_from_its_position_only<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    stage.append(&drafts(1..6).iter().collect::<Vec<_>>()).await;
    let tenant = stage.tenant;
    assert_eq!(stage.position(FOLLOWER).await.lag(), 5);
    assert_eq!(stage.advance(FOLLOWER, step(tenant, 0, 3)).await, Advanced::Done);
    for late in [step(tenant, 0, 3), step(tenant, 0, 5), step(tenant, 2, 5), step(tenant, 4, 5)] {
        assert_eq!(stage.advance(FOLLOWER, late).await, Advanced::Moved);
    }
    for _ in 0..2 {
        let expected = FollowerPosition { tenant, sequence: 3, last_sequence: 5 };
        assert_eq!(stage.position(FOLLOWER).await, expected);
        let behind = stage.storage().list_behind(FOLLOWER).await.unwrap();
        assert!(behind.iter().all(|position| position.tenant != other), "{behind:?}");
        assert_eq!(stage.position(FollowerName::new("another")).await.sequence, 0);
        stage = stage.reopen().await;
    }
    assert_eq!(stage.advance(FOLLOWER, step(tenant, 3, 5)).await, Advanced::Done);
    assert_eq!(stage.position(FOLLOWER).await.lag(), 0);
}

/// Of concurrent attempts at the same step, one succeeds.
pub async fn one_of_many_concurrent_steps_succeeds<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let tenant = stage.tenant;
    for from in 0..10 {
        let mut rivals = JoinSet::new();
        for _ in 0..4 {
            let storage = stage.storage();
            rivals.spawn(
                async move { storage.advance(FOLLOWER, step(tenant, from, from + 1)).await },
            );
        }
        let answers = rivals.join_all().await.into_iter().map(Result::unwrap);
        let done = answers.filter(|answer| *answer == Advanced::Done).count();
        assert_eq!(done, 1, "from {from}");
    }
}

/// Tenants with records that a follower has not read are listed.
pub async fn tenants_behind_are_listed<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    let behind = async || {
        let behind = stage.storage().list_behind(FOLLOWER).await.unwrap();
        behind.iter().map(|one| (one.tenant, one.sequence, one.last_sequence)).collect::<Vec<_>>()
    };
    assert_eq!(behind().await, []);
    stage.append(&drafts(1..4).iter().collect::<Vec<_>>()).await;
    assert_eq!(behind().await, [(stage.tenant, 0, 3)]);
    let draft = Draft::new(1);
    stage.storage().append(other, super::fixture::batch(&[&draft])).await.unwrap();
    assert_eq!(behind().await, [(stage.tenant, 0, 3), (other, 0, 1)]);
    stage.advance(FOLLOWER, step(stage.tenant, 0, 3)).await;
    assert_eq!(behind().await, [(other, 0, 1)]);
    stage.append(&[&Draft::new(9)]).await;
    assert_eq!(behind().await, [(stage.tenant, 3, 4), (other, 0, 1)]);
}

/// The effects of a follower are committed with its step or not at all, and removed when it is
/// reset.
pub async fn effects_are_committed_with_the_step<E: EngineUnderTest>() {
    let stage = Stage::<E>::idle().await;
    // The model computes entities from the statements, whatever the effects are.
    if stage.storage().pace().save_after == Duration::ZERO && stage.storage().pace().poll.is_none()
    {
        return;
    }
    let (tenant, entities) = (stage.tenant, FollowerName::ENTITIES);
    let read = async || {
        let invented = [activity_id("invented")];
        let mut read = stage.storage().read_definitions(tenant, &invented).await.unwrap();
        (read.value.remove(0), read.sequence)
    };
    let named = |name: &str| Some(format!(r#"{{"name":{{"en":"{name}"}}}}"#));
    assert_eq!(stage.advance(entities, defining(tenant, 0..2, "one")).await, Advanced::Done);
    assert_eq!(read().await, (named("one"), 2));
    let late = defining(tenant, 1..3, "late");
    assert_eq!(stage.advance(entities, late).await, Advanced::Moved);
    assert_eq!(read().await, (named("one"), 2));
    assert_eq!(stage.advance(entities, defining(tenant, 2..4, "two")).await, Advanced::Done);
    assert_eq!(read().await, (named("two"), 4));
    stage.advance(FOLLOWER, step(tenant, 0, 4)).await;
    stage.storage().reset_follower(entities).await.unwrap();
    assert_eq!(read().await, (None, 0));
    let late = defining(tenant, 4..5, "late");
    assert_eq!(stage.advance(entities, late).await, Advanced::Moved);
    assert_eq!(stage.advance(entities, step(tenant, 0, 1)).await, Advanced::Done);
    let next = step(tenant, 4, 5);
    assert_eq!(stage.advance(FOLLOWER, next).await, Advanced::Done, "another follower stays");
}

/// What a reset and a step at the same time leave is one position, from which it goes on.
pub async fn a_reset_beside_a_step_leaves_one_position<E: EngineUnderTest>() {
    let stage = Stage::<E>::idle().await;
    let drafts: Vec<Draft> = (1..=4).map(Draft::new).collect();
    stage.append(&drafts.iter().collect::<Vec<_>>()).await;
    let storage = stage.storage();
    for round in 0..RACE_COUNT {
        let from = stage.position(FOLLOWER).await.sequence;
        let advance = storage.advance(FOLLOWER, step(stage.tenant, from, 4));
        let (advanced, reset) = tokio::join!(advance, storage.reset_follower(FOLLOWER));
        advanced.and(reset.map(|()| Advanced::Done)).unwrap();
        let from = stage.position(FOLLOWER).await.sequence;
        let next = stage.advance(FOLLOWER, step(stage.tenant, from, 4)).await;
        assert_eq!(next, Advanced::Done, "round {round}: it is not at {from}");
    }
}

/// Entities are the same after a rebuild.
pub async fn entities_are_rebuilt_after_a_reset<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let object = |name: &str| {
        let id = activity_id("course");
        format!(r#"{{"id":"{}","definition":{{"name":{{"en":"{name}"}}}}}}"#, id.as_str())
    };
    stage.append(&[&Draft::new(1).object(object("One"))]).await;
    stage.append(&[&Draft::new(2).object(object("Two"))]).await;
    let find = async || {
        stage.storage().find_definition(stage.tenant, &activity_id("course")).await.unwrap()
    };
    let before = find().await;
    assert!(before.is_some());
    stage.storage().reset_follower(FollowerName::ENTITIES).await.unwrap();
    assert_eq!(find().await, before, "also during the rebuild");
    until("the follower has read everything", async || {
        stage.position(FollowerName::ENTITIES).await.lag() == 0 || is_model(&stage)
    })
    .await;
    assert_eq!(find().await, before);
}

fn is_model<E: EngineUnderTest>(stage: &Stage<E>) -> bool {
    let pace = stage.storage().pace();
    pace.save_after.is_zero() && pace.poll.is_none()
}

/// A read is complete without a follower, however many records it has not read.
pub async fn entities_are_complete_without_a_follower<E: EngineUnderTest>() {
    let stage = Stage::<E>::idle().await;
    let name = |number: u128| format!(r#"{{"name":{{"en":"Name {number}"}}}}"#);
    for first in (1..3_001_u128).step_by(1_000) {
        let drafts: Vec<Draft> = (first..first + 1_000)
            .map(|number| {
                let id = activity_id("course");
                let definition = name(number);
                let id = id.as_str();
                Draft::new(number).object(format!(r#"{{"id":"{id}","definition":{definition}}}"#))
            })
            .collect();
        stage.append(&drafts.iter().collect::<Vec<_>>()).await;
    }
    let found = stage.storage().find_definition(stage.tenant, &activity_id("course")).await;
    assert_eq!(found.unwrap(), Some(name(3_000)));
}

/// What a follower has processed when it is stopped is saved or processed again: nothing is left
/// out, wherever it is stopped.
pub async fn a_follower_that_is_stopped_loses_nothing<E: EngineUnderTest>() {
    let stage = Stage::<E>::idle().await;
    let mut tenants = vec![stage.tenant];
    for name in ["south", "east", "west"] {
        tenants.push(stage.create_tenant(name).await);
    }
    let id = activity_id("course");
    let mut expected = None;
    for round in 0..24_u32 {
        let definition = format!(r#"{{"extensions":{{"http://example.org/{round}":{round}}}}}"#);
        let object = format!(r#"{{"id":"{}","definition":{definition}}}"#, id.as_str());
        let draft = Draft::new(u128::from(round) + 1).object(object);
        let followers = Followers::start(&stage.storage(), Followers::built_in());
        for tenant in &tenants {
            stage.storage().append(*tenant, super::fixture::batch(&[&draft])).await.unwrap();
        }
        tokio::time::sleep(Duration::from_micros(u64::from(round) * 700)).await;
        followers.stop().await;
        expected = merge_all(expected.as_deref(), [definition.as_str()]);
        for tenant in &tenants {
            let found = stage.storage().find_definition(*tenant, &id).await.unwrap();
            assert_eq!(found, expected, "tenant {tenant}, round {round}");
        }
    }
}

/// A new follower is one type: it reads every record of every tenant once and in order, continues
/// at its position after a restart, and starts again after a reset.
pub async fn a_new_follower_reads_every_record_in_order<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    let counts = Counts::default();
    let mut followers = stage.start(VerbCounter(Arc::clone(&counts)));
    for round in 0..3_u128 {
        let first = round * 100;
        for number in first..first + 20 {
            stage.append(&[&Draft::new(number)]).await;
            let draft = Draft::new(number);
            stage.storage().append(other, super::fixture::batch(&[&draft])).await.unwrap();
        }
        let sequence = u64::try_from((round + 1) * 20).unwrap();
        for tenant in [stage.tenant, other] {
            let counted = until_counted(&counts, tenant, sequence).await;
            assert_eq!(counted.counts.values().sum::<u64>(), sequence, "{counted:?}");
        }
        followers.stop().await;
        let name = VerbCounter::default().name();
        assert_eq!(stage.position(name).await.sequence, sequence, "it is saved at the end");
        stage = stage.reopen().await;
        followers = stage.start(VerbCounter(Arc::clone(&counts)));
    }
    stage.storage().reset_follower(VerbCounter::default().name()).await.unwrap();
    counts.lock().unwrap().insert(stage.tenant, VerbCounts { sequence: 7, ..Default::default() });
    stage.append(&[&Draft::new(9_999)]).await;
    let counted = until_counted(&counts, stage.tenant, 61).await;
    assert_eq!(counted.counts.values().sum::<u64>(), 61);
    followers.stop().await;
}

/// A paused follower reads nothing until it is resumed, also after a restart.
pub async fn a_paused_follower_reads_nothing<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let counts = Counts::default();
    let name = VerbCounter::default().name();
    stage.pause(name, true).await;
    let followers = stage.start(VerbCounter(Arc::clone(&counts)));
    stage.append(&[&Draft::new(1)]).await;
    until("it pauses", async || followers.statuses()[0].work == FollowerWork::Paused).await;
    stage.append(&[&Draft::new(2)]).await;
    assert!(counts.lock().unwrap().is_empty());
    assert_eq!(stage.position(name).await.lag(), 2);
    stage.pause(name, false).await;
    until_counted(&counts, stage.tenant, 2).await;
    followers.stop().await;
}

/// Fails and panics alternately until a record has been repeated often enough.
#[derive(Debug, Default)]
struct FailingFollower {
    attempt_count: u32,
    counter: VerbCounter,
}

#[async_trait]
impl Follower for FailingFollower {
    fn name(&self) -> FollowerName {
        const { FollowerName::new("clumsy") }
    }

    async fn apply(
        &mut self,
        tenant: TenantId,
        records: &[FeedRecord],
    ) -> Result<StoreEffects, StorageError> {
        self.attempt_count += 1;
        match self.attempt_count {
            1 => Err(StorageError::Full),
            2 => panic!("a follower panics, as this test wants"),
            _ => self.counter.apply(tenant, records).await,
        }
    }

    fn forget(&mut self) {}
}

/// A follower that fails or panics gets the records again.
pub async fn a_follower_continues_after_failures<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let counts = Counts::default();
    stage.append(&[&Draft::new(1)]).await;
    let counter = VerbCounter(Arc::clone(&counts));
    let followers = stage.start(FailingFollower { counter, ..FailingFollower::default() });
    until_counted(&counts, stage.tenant, 1).await;
    until("it works again", async || {
        let status = &followers.statuses()[0];
        (status.work, status.failure_count) == (FollowerWork::Following, 2)
    })
    .await;
    followers.stop().await;
}

/// Counts verbs, and keeps its positions itself.
struct NodeCounter {
    storage: Arc<dyn Storage>,
    counter: VerbCounter,
    /// The tenant whose records it cannot process while the flag is set.
    panics_at: (TenantId, Arc<AtomicBool>),
}

impl NodeCounter {
    const NAME: FollowerName = FollowerName::new("node-counter");
}

#[async_trait]
impl LogReader for NodeCounter {
    fn name(&self) -> FollowerName {
        Self::NAME
    }

    fn reached(&self, position: FollowerPosition) -> u64 {
        let counts = self.counter.0.lock().unwrap();
        counts.get(&position.tenant).map_or(0, |counted| counted.sequence)
    }

    async fn read(&mut self, position: FollowerPosition) -> Result<(), StorageError> {
        let (tenant, panics) = &self.panics_at;
        let is_faulty = *tenant == position.tenant && panics.load(Ordering::Relaxed);
        assert!(!is_faulty, "a follower panics, as this test wants");
        let after = self.reached(position);
        let records = self.storage.read_records(position.tenant, after, ALL).await?;
        self.counter.apply(position.tenant, &records).await.map(drop)
    }

    async fn end_round(&mut self, _has_failed: bool) -> Result<(), StorageError> {
        Ok(())
    }
}

/// A follower that keeps its positions itself is run as the others are: a panic about one tenant
/// is reported and delays no other, and it can be paused.
pub async fn a_follower_on_every_node_is_run_like_others<E: EngineUnderTest>() {
    let stage = Stage::<E>::idle().await;
    let other = stage.create_tenant("south").await;
    stage.append(&[&Draft::new(1)]).await;
    stage.storage().append(other, super::fixture::batch(&[&Draft::new(1)])).await.unwrap();
    let (counts, panics) = (Counts::default(), Arc::new(AtomicBool::new(true)));
    let counter = VerbCounter(Arc::clone(&counts));
    let panics_at = (stage.tenant, Arc::clone(&panics));
    let mut followers = Followers::default();
    let reader = NodeCounter { storage: stage.storage(), counter, panics_at };
    followers.add(&stage.storage(), Box::new(reader));
    until_counted(&counts, other, 1).await;
    let status = || followers.statuses().remove(0);
    until("it has failed twice", async || 2 <= status().failure_count).await;
    let error = status().error.unwrap_or_default();
    assert!(error.contains("it panicked"), "{error}");
    panics.store(false, Ordering::Relaxed);
    until_counted(&counts, stage.tenant, 1).await;
    until("it works again", async || status().error.is_none()).await;
    assert_eq!((status().work, status().record_count), (FollowerWork::Following, 2));
    stage.pause(NodeCounter::NAME, true).await;
    until("it pauses", async || status().work == FollowerWork::Paused).await;
    stage.append(&[&Draft::new(2)]).await;
    assert_eq!(until_counted(&counts, stage.tenant, 1).await.sequence, 1);
    stage.pause(NodeCounter::NAME, false).await;
    until_counted(&counts, stage.tenant, 2).await;
    assert_eq!(stage.position(NodeCounter::NAME).await.sequence, 0, "the store has no position");
    followers.stop().await;
}
