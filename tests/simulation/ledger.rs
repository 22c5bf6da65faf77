//! What the statement log must hold, by what was sent and what was answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{ManualClock, Timestamp};
use acta_storage::model::ModelStorage;
use acta_storage::{
    Appended, EntityStore, FeedEntry, Order, StatementQuery, StatementStore, Storage, StorageError,
    StoredStatement,
};
use acta_storage_suite::attachments::content_of;
use acta_storage_suite::fixture::{
    Draft, START, activity_id, batch, everything, id, mailbox, numbers,
};
use acta_storage_suite::generate::Dice;
use acta_storage_suite::model_comparison::acts::{ACTIVITIES, PEOPLE, number_of, random_query};
use acta_xapi::{Sha2, StatementId};
use bytes::Bytes;

/// A batch as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) drafts: Vec<Draft>,
    /// The content of attachments.
    pub(crate) contents: Vec<Bytes>,
}

impl Sent {
    pub(crate) fn numbers(&self) -> Vec<u128> {
        self.drafts.iter().map(|draft| draft.number).collect()
    }
}

/// What was sent to one tenant, and what became of it.
#[derive(Debug, Default)]
struct Log {
    /// The statements that are stored, by their numbers.
    drafts: BTreeMap<u128, Draft>,
    /// How many statements of the feed have been looked at.
    count: u64,
    last_stored: Option<Timestamp>,
    /// Acknowledged, and not yet seen in the feed.
    acknowledged: Vec<(Appended, Sent)>,
    /// Nobody knows whether they are stored.
    unknown: Vec<Sent>,
    /// Refused, because these are taken.
    conflicts: Vec<(Vec<StatementId>, Sent)>,
    /// Content that came with what is stored, by its hash.
    contents: BTreeMap<Sha2, Bytes>,
}

impl Log {
    /// Whether a batch would bring these statements.
    fn is_sender(&self, sent: &Sent, group: &[FeedEntry]) -> bool {
        let is_new = |draft: &&Draft| !self.drafts.contains_key(&draft.number);
        let texts = sent.drafts.iter().filter(is_new).map(|draft| draft.complete(group[0].stored));
        texts.eq(group.iter().map(|entry| entry.text.clone()))
    }

    fn has(&self, draft: &Draft) -> bool {
        self.drafts.get(&draft.number).is_some_and(|stored| stored.text() == draft.text())
    }

    /// Which batch it was that brought these statements.
    fn take_sender(&mut self, group: &[FeedEntry]) -> Sent {
        let stored = group[0].stored;
        let found = numbers(group);
        let mut acknowledged = self.acknowledged.iter();
        let is_it =
            |(appended, _): &(Appended, Sent)| 0 < appended.new_count && appended.stored == stored;
        if let Some(index) = acknowledged.position(is_it) {
            let (appended, sent) = self.acknowledged.remove(index);
            assert_eq!(appended.new_count, found.len(), "how many are new of {found:?}");
            assert!(self.is_sender(&sent, group), "{found:?} of the batch {:?}", sent.numbers());
            return sent;
        }
        let index = self.unknown.iter().position(|sent| self.is_sender(sent, group));
        let index = index.unwrap_or_else(|| {
            let sent: Vec<Vec<u128>> = self.unknown.iter().map(Sent::numbers).collect();
            panic!("nobody sent {found:?} as a batch; unknown is the fate of {sent:?}")
        });
        self.unknown.remove(index)
    }

    fn import(&mut self, sent: &Sent) {
        for draft in &sent.drafts {
            self.drafts.entry(draft.number).or_insert_with(|| draft.clone());
        }
        self.import_contents(sent);
    }

    fn import_contents(&mut self, sent: &Sent) {
        for content in &sent.contents {
            self.contents.insert(Sha2::sha256(content), content.clone());
        }
    }

    /// Checks what can be said once the feed has been looked at.
    fn resolve_unanswered(&mut self) {
        for (appended, sent) in std::mem::take(&mut self.acknowledged) {
            assert_eq!(appended.new_count, 0, "acknowledged and lost: {:?}", sent.numbers());
            let is_stored = sent.drafts.iter().all(|draft| self.has(draft));
            assert!(is_stored, "acknowledged as repeats and lost: {:?}", sent.numbers());
            self.import_contents(&sent);
        }
        for (ids, sent) in std::mem::take(&mut self.conflicts) {
            let mut taken: Vec<u128> = sent
                .drafts
                .iter()
                .filter_map(|draft| {
                    let is_taken = self.drafts.contains_key(&draft.number) && !self.has(draft);
                    is_taken.then_some(draft.number)
                })
                .collect();
            let mut found: Vec<u128> = ids.into_iter().map(number_of).collect();
            taken.sort_unstable();
            found.sort_unstable();
            // What came at the same time may have been stored later.
            let is_taken = !found.is_empty() && found.iter().all(|number| taken.contains(number));
            assert!(is_taken, "in conflict are {taken:?}, not {found:?}");
        }
    }
}

/// What the statement log must hold.
#[derive(Debug)]
pub(crate) struct Ledger {
    logs: BTreeMap<TenantId, Log>,
    clock: Arc<ManualClock>,
    /// Lives through what is stored, as far as the feed has been looked at.
    model: ModelStorage,
}

impl Ledger {
    /// Of a new store that these tenants use.
    pub(crate) fn new(tenants: &[TenantId]) -> Self {
        let logs = tenants.iter().map(|tenant| (*tenant, Log::default())).collect();
        let clock = Arc::new(ManualClock::new(START));
        let model = ModelStorage::new(Arc::<ManualClock>::clone(&clock));
        Self { logs, clock, model }
    }

    fn log(&mut self, tenant: TenantId) -> &mut Log {
        self.logs.get_mut(&tenant).unwrap()
    }

    /// A batch was answered.
    pub(crate) fn answered(
        &mut self,
        tenant: TenantId,
        sent: &Sent,
        answer: &Result<Appended, StorageError>,
    ) {
        let log = self.log(tenant);
        match answer {
            Ok(appended) => log.acknowledged.push((appended.clone(), sent.clone())),
            Err(StorageError::Conflict(ids)) => log.conflicts.push((ids.clone(), sent.clone())),
            Err(StorageError::Halted | StorageError::Io { .. }) => log.unknown.push(sent.clone()),
            // Nothing was stored.
            Err(StorageError::Full | StorageError::Busy { .. }) => {}
            Err(
                StorageError::Corrupt { .. }
                | StorageError::PreconditionFailed
                | StorageError::TooMany { .. }
                | StorageError::TooLarge { .. }
                | StorageError::Unavailable { .. },
            ) => panic!("a batch was answered {answer:?}"),
        }
    }

    /// Batches of which it was unknown whether they are stored, and that are not there: a
    /// client would send them again. From now on they must not appear.
    pub(crate) fn take_lost(&mut self) -> Vec<(TenantId, Sent)> {
        let logs = self.logs.iter_mut();
        let lost = logs.flat_map(|(tenant, log)| {
            log.unknown.drain(..).map(|sent| (*tenant, sent)).collect::<Vec<_>>()
        });
        lost.collect()
    }

    /// Looks at what is new in the feed, and lets the model live through it.
    pub(crate) async fn follow(&mut self, storage: &dyn Storage) {
        for tenant in self.logs.keys().copied().collect::<Vec<_>>() {
            let after = self.log(tenant).count;
            let entries = storage.read_feed(tenant, after, usize::MAX).await.unwrap();
            for group in entries.chunk_by(|one, next| one.stored == next.stored) {
                self.follow_group(tenant, group).await;
            }
            let log = self.log(tenant);
            assert_eq!(storage.count_statements(tenant).await.unwrap(), log.count);
            log.resolve_unanswered();
        }
    }

    async fn follow_group(&mut self, tenant: TenantId, group: &[FeedEntry]) {
        let log = self.logs.get_mut(&tenant).unwrap();
        let stored = group[0].stored;
        assert!(log.last_stored.is_none_or(|last| last < stored), "stored times must rise");
        log.last_stored = Some(stored);
        for entry in group {
            log.count += 1;
            assert_eq!(entry.sequence, log.count, "sequences have no gaps");
        }
        let sent = log.take_sender(group);
        log.import(&sent);
        self.clock.set(stored);
        let drafts: Vec<&Draft> = sent.drafts.iter().collect();
        let of_model = self.model.append(tenant, batch(&drafts)).await.unwrap();
        assert_eq!(of_model, Appended { stored, new_count: group.len() });
    }

    /// Asks for all that the store must hold. It has just been opened, or nothing is in flight.
    pub(crate) async fn check(&mut self, storage: &dyn Storage, dice: &mut Dice) {
        self.follow(storage).await;
        for (tenant, log) in &self.logs {
            let numbers = log.drafts.keys().copied().filter(|_| dice.happens(30)).collect();
            self.check_statements(storage, *tenant, numbers).await;
            for _ in 0..12 {
                let query = random_query(dice);
                self.check_query(storage, *tenant, &query).await.unwrap();
            }
            for (sha2, content) in &log.contents {
                let found = content_of(storage, *tenant, sha2).await;
                assert_eq!(found.as_ref(), Some(content), "the attachment {sha2:?}");
            }
            for (activity, person) in ACTIVITIES.into_iter().cycle().zip(PEOPLE) {
                self.check_entities(storage, *tenant, activity, person).await.unwrap();
            }
        }
    }

    /// Compares the whole log, and these statements by their ids.
    async fn check_statements(&self, storage: &dyn Storage, tenant: TenantId, ids: Vec<u128>) {
        let feed = storage.read_feed(tenant, 0, usize::MAX).await.unwrap();
        let of_model = self.model.read_feed(tenant, 0, usize::MAX).await.unwrap();
        check_alike(&feed, &of_model, "the feed");
        for number in ids {
            let found = storage.find_statement(tenant, id(number)).await.unwrap();
            let of_model = self.model.find_statement(tenant, id(number)).await.unwrap();
            check_alike(found.as_slice(), of_model.as_slice(), "a statement by its id");
        }
        for order in [Order::Ascending, Order::Descending] {
            let query = StatementQuery { order, count_max: 40, ..everything() };
            self.check_query(storage, tenant, &query).await.unwrap();
        }
    }

    /// Compares all pages of a query with the model's.
    pub(crate) async fn check_query(
        &self,
        storage: &dyn Storage,
        tenant: TenantId,
        query: &StatementQuery,
    ) -> Result<(), StorageError> {
        let (mut ours, mut theirs) = (query.clone(), query.clone());
        loop {
            let page = storage.query_statements(tenant, &ours).await?;
            let of_model = self.model.query_statements(tenant, &theirs).await?;
            check_alike(&page.statements, &of_model.statements, query);
            assert_eq!(page.next.is_some(), of_model.next.is_some(), "whether more follow");
            if page.next.is_none() {
                return Ok(());
            }
            (ours.after, theirs.after) = (page.next, of_model.next);
        }
    }

    /// Compares what is known of an activity and of a person with what the model knows.
    pub(crate) async fn check_entities(
        &self,
        storage: &dyn Storage,
        tenant: TenantId,
        activity: &str,
        person: &str,
    ) -> Result<(), StorageError> {
        let (activity, person) = (activity_id(activity), mailbox(person));
        let found = storage.find_definition(tenant, &activity).await?;
        assert_eq!(found, self.model.find_definition(tenant, &activity).await?);
        let found = storage.find_person(tenant, &person).await?;
        assert_eq!(found, self.model.find_person(tenant, &person).await?);
        Ok(())
    }
}

#[track_caller]
fn check_alike(
    found: &[StoredStatement],
    of_model: &[StoredStatement],
    question: impl std::fmt::Debug,
) {
    assert_eq!(numbers(found), numbers(of_model), "(engine, then model) for {question:?}");
    for (ours, theirs) in found.iter().zip(of_model) {
        assert_eq!(ours, theirs, "for {question:?}");
    }
}
