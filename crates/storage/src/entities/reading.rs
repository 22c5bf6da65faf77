//! Reading an entity: what the follower has written, and the facts in the records after it.
//!
//! A read does not wait for the follower: it adds the facts of the records that the follower
//! has not read. Only if there are many of them, or if they would have to be parsed and are long,
//! does it wait for the follower, and does the follower's work itself if no node does it. So what a
//! read costs does not grow with what others have stored just before.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;

use super::facts::EntityKind;
use crate::{
    Feed, FeedRecord, FollowerName, FollowerPosition, FollowerStep, PageLimits, StatementStore,
    StorageError, StoreEffects, spawn_blocking,
};

/// Most records that a read searches itself.
const BEHIND_COUNT_MAX: u64 = 2_000;

/// Most bytes of statements that a read parses itself: a few milliseconds.
const PARSED_BYTES_MAX: usize = 512 << 10;

/// Up to so many bytes are parsed, and so many records searched, on the thread of the caller.
const INLINE_BYTES_MAX: usize = 8 << 10;
const INLINE_COUNT_MAX: usize = 64;

/// How often a read checks the follower's position.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// After so many checks without progress of the follower, a read does its work: longer than a
/// follower that works keeps what it has read before it saves it.
const POLL_COUNT_MAX: u32 = 100;

/// Limits of a page of records.
const PAGE: PageLimits = PageLimits { count_max: 1_000, bytes_max: PARSED_BYTES_MAX };

/// A value that the follower of entities has written, with its position at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityRead<T> {
    /// The value.
    pub value: T,
    /// The sequence of the last statement that the value includes.
    pub sequence: u64,
}

/// The entities to read, all of one kind.
#[derive(Debug)]
pub(super) struct Subjects {
    pub(super) kind: EntityKind,
    pub(super) keys: HashSet<String>,
}

/// Facts of each subject that has some, in order.
pub(super) type FactsBySubject = HashMap<String, Vec<String>>;

/// Calls `read` for what the follower has written, and returns it with the facts about
/// `subjects` in the records after it.
pub(super) async fn read_whole<S, T, F>(
    store: &S,
    tenant: TenantId,
    subjects: Subjects,
    read: impl Fn() -> F + Send + Sync,
) -> Result<(T, FactsBySubject), StorageError>
where
    S: Feed + StatementStore + ?Sized,
    T: Send,
    F: Future<Output = Result<EntityRead<T>, StorageError>> + Send,
{
    // Statements that are stored from now on need not be included.
    let last = store.count_statements(tenant).await?;
    let subjects = Arc::new(subjects);
    let (mut seen, mut poll_count, mut is_helping) = (None, 0, false);
    loop {
        let found = read().await?;
        let span = FollowerPosition { tenant, sequence: found.sequence, last_sequence: last };
        if span.lag() <= BEHIND_COUNT_MAX
            && let Some(facts) = read_behind(store, span, &subjects).await?
        {
            return Ok((found.value, facts));
        }
        if seen.replace(span.sequence) != Some(span.sequence) && !is_helping {
            poll_count = 0;
        }
        if POLL_COUNT_MAX <= poll_count {
            is_helping = help(store, span).await?;
            continue;
        }
        tokio::time::sleep(POLL_INTERVAL).await;
        poll_count += 1;
    }
}

/// The facts about subjects in the records of a span; `None` if the records are too
/// long for every read to search them.
async fn read_behind<S: Feed + StatementStore + ?Sized>(
    store: &S,
    mut span: FollowerPosition,
    subjects: &Arc<Subjects>,
) -> Result<Option<FactsBySubject>, StorageError> {
    let (mut facts, mut parsed_bytes) = (FactsBySubject::new(), 0);
    while 0 < span.lag() {
        let records = read_page(store, span).await?;
        let Some(last) = records.last() else { break };
        span.sequence = last.sequence;
        let bytes = bytes_to_parse(&records);
        parsed_bytes += bytes;
        if PARSED_BYTES_MAX < parsed_bytes {
            return Ok(None);
        }
        if bytes <= INLINE_BYTES_MAX && records.len() <= INLINE_COUNT_MAX {
            facts = search(&records, subjects, facts)?;
        } else {
            let subjects = Arc::clone(subjects);
            let searching = spawn_blocking(move || search(&records, &subjects, facts));
            facts = searching.await.map_err(|_panic| StorageError::Halted)??;
        }
    }
    Ok(Some(facts))
}

/// How many bytes of records are parsed to know the facts in them.
fn bytes_to_parse(records: &[FeedRecord]) -> usize {
    let is_unknown = |record: &&FeedRecord| {
        record.statement().is_some_and(|statement| !statement.has_entity_facts())
    };
    records.iter().filter(is_unknown).map(FeedRecord::len_bytes).sum()
}

/// Adds the facts about subjects in records to those found before.
fn search(
    records: &[FeedRecord],
    subjects: &Subjects,
    mut facts: FactsBySubject,
) -> Result<FactsBySubject, StorageError> {
    for statement in records.iter().filter_map(FeedRecord::statement) {
        let all = statement.entity_facts()?.iter();
        let of_kind = all.filter(|it| it.kind == subjects.kind);
        for fact in of_kind.filter(|it| subjects.keys.contains(it.subject)) {
            let texts = facts.entry(fact.subject.to_owned()).or_default();
            texts.push(fact.text.to_owned());
        }
    }
    Ok(facts)
}

async fn read_page<S: Feed + StatementStore + ?Sized>(
    store: &S,
    span: FollowerPosition,
) -> Result<Vec<FeedRecord>, StorageError> {
    let count_max = usize::try_from(span.lag()).unwrap_or(usize::MAX).min(PAGE.count_max);
    store.read_records(span.tenant, span.sequence, PageLimits { count_max, ..PAGE }).await
}

/// Does a page of the follower's work. Returns whether the step was saved.
async fn help<S: Feed + StatementStore + ?Sized>(
    store: &S,
    span: FollowerPosition,
) -> Result<bool, StorageError> {
    let records = read_page(store, span).await?;
    let to = records.last().map_or(span.last_sequence, |last| last.sequence);
    let applying = spawn_blocking(move || effects_of(&records));
    let effects = applying.await.map_err(|_panic| StorageError::Halted)??;
    let step = FollowerStep { tenant: span.tenant, from: span.sequence, to, effects };
    let advanced = store.advance(FollowerName::ENTITIES, step).await?;
    Ok(advanced == crate::Advanced::Done)
}

fn effects_of(records: &[FeedRecord]) -> Result<StoreEffects, StorageError> {
    let mut effects = StoreEffects::default();
    for statement in records.iter().filter_map(FeedRecord::statement) {
        let all = statement.entity_facts()?.iter();
        effects.entity_facts.extend(all.map(|fact| fact.to_fact(statement.sequence())));
    }
    Ok(effects)
}
