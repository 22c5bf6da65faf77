//! Runs the same random history on an engine and the model, which must give equal results.
//!
//! Stored times may differ between the two, so they are compared by what they order: texts
//! without them, and bounds in time taken from the same statement on both sides.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{ManualClock, Timestamp};
use acta_storage::{
    Cursor, DocumentList, DocumentNames, Order, StatementPage, StatementQuery, Storage,
    StorageError, StoredStatement,
};

pub mod acts;

use super::fixture::{Draft, START, activity_id, batch, everything, id, mailbox};
use super::generate::Dice;
use super::{EngineUnderTest, ModelUnderTest};
use acts::{
    ACTIVITIES, PEOPLE, Script, number_of, random_document, random_key, random_list,
    random_precondition, random_query,
};

/// The time between two acts.
const STEP: Duration = Duration::from_millis(5);

/// Counts of what happened in a history, to show that it covers the cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Statements stored.
    pub new_count: usize,
    /// Statements that were already stored.
    pub repeat_count: usize,
    /// Batches refused.
    pub conflict_count: usize,
    /// Statements given back by queries.
    pub found_count: usize,
    /// Pages that were not the first of their query.
    pub page_count: usize,
    /// Document writes whose precondition did not hold.
    pub refused_write_count: usize,
    /// Openings after the first.
    pub reopen_count: usize,
}

/// A query of which some pages were read, on both sides.
struct Walk {
    query: StatementQuery,
    subject_cursor: Cursor,
    model_cursor: Cursor,
    tenant: TenantId,
}

/// A history of an engine and the model.
pub(super) struct History<E> {
    script: Script,
    dice: Dice,
    pub(super) clock: Arc<ManualClock>,
    pub(super) subject: E,
    model: ModelUnderTest,
    pub(super) tenants: Vec<TenantId>,
    walks: Vec<Walk>,
    step_count: u32,
    tally: Tally,
}

/// Several histories of some length.
pub async fn random_histories_are_answered_as_by_the_model<E: EngineUnderTest>() {
    for seed in 1..=4 {
        compare::<E>(seed, 250).await;
    }
    compare::<E>(5, 600).await;
}

/// One history of `act_count` acts. Prints its seed, which brings it back.
#[expect(clippy::print_stdout, reason = "the seed of a failed comparison must be seen")]
pub async fn compare<E: EngineUnderTest>(seed: u64, act_count: usize) -> Tally {
    println!("comparing with the model: seed {seed}, {act_count} acts");
    let mut history = History::<E>::live(seed, act_count).await;
    history.check_everything().await;
    let mut history = history.reopen().await;
    history.check_everything().await;
    history.tally
}

impl<E: EngineUnderTest> History<E> {
    /// A history of `act_count` acts.
    pub(super) async fn live(seed: u64, act_count: usize) -> Self {
        let script = Script { seed, number_count: act_count.max(160) };
        let mut history = Self::open(script).await;
        for _ in 0..act_count {
            history = history.step().await;
        }
        history
    }

    /// The same history with another store, which contains a copy of the data.
    pub(super) fn claimed_by<F: EngineUnderTest>(self, subject: F) -> (History<F>, E) {
        let Self {
            script,
            dice,
            clock,
            subject: before,
            model,
            tenants,
            walks: _,
            step_count,
            tally,
        } = self;
        let walks = Vec::new();
        let claimed =
            History { script, dice, clock, subject, model, tenants, walks, step_count, tally };
        (claimed, before)
    }

    async fn open(script: Script) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let (one, two) = (Arc::clone(&clock), Arc::clone(&clock));
        let subject = E::open(one).await;
        let model = ModelUnderTest::open(two).await;
        let mut tenants = Vec::new();
        for name in ["north", "south"] {
            let of_subject = subject.storage().create_tenant(name, START).await.unwrap();
            let of_model = model.storage().create_tenant(name, START).await.unwrap();
            // Numbers are the engine's own, but the model takes any.
            tenants.push(of_subject.max(of_model));
        }
        Self {
            script,
            dice: Dice::new(script.seed),
            clock,
            subject,
            model,
            tenants,
            walks: Vec::new(),
            step_count: 0,
            tally: Tally::default(),
        }
    }

    pub(super) async fn step(mut self) -> Self {
        self.clock.advance(STEP);
        self.step_count += 1;
        let tenant = self.dice.pick(&self.tenants.clone());
        match self.dice.below(100) {
            0..40 => self.append(tenant).await,
            40..60 => self.query(tenant).await,
            60..68 => self.walk_on().await,
            68..74 => self.find(tenant).await,
            74..79 => self.read_feed(tenant).await,
            79..89 => self.write_document(tenant).await,
            89..94 => self.list_documents(tenant).await,
            94..98 => self.ask_entities(tenant).await,
            _ => return self.reopen().await,
        }
        self
    }

    pub(super) async fn reopen(mut self) -> Self {
        self.subject = self.subject.reopen().await;
        self.tally.reopen_count += 1;
        self
    }

    fn random_batch(&mut self) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = Vec::new();
        let count = if self.dice.happens(3) { 150 } else { 1 + self.dice.below(8) };
        for _ in 0..count {
            let number = self.script.random_number(&mut self.dice);
            let variant = u64::from(self.dice.happens(3));
            if drafts.iter().all(|draft| draft.number != number) {
                drafts.push(self.script.draft(number, variant));
            }
        }
        drafts
    }

    async fn append(&mut self, tenant: TenantId) {
        let drafts = self.random_batch();
        let drafts: Vec<&Draft> = drafts.iter().collect();
        let of_subject = self.subject.storage().append(tenant, batch(&drafts)).await;
        let of_model = self.model.storage().append(tenant, batch(&drafts)).await;
        match (of_subject, of_model) {
            (Ok(of_subject), Ok(of_model)) => {
                assert_eq!(of_subject.new_count, of_model.new_count);
                self.tally.new_count += of_model.new_count;
                self.tally.repeat_count += drafts.len() - of_model.new_count;
            }
            (Err(StorageError::Conflict(mut ours)), Err(StorageError::Conflict(mut theirs))) => {
                ours.sort_unstable();
                theirs.sort_unstable();
                assert_eq!(ours, theirs);
                self.tally.conflict_count += 1;
            }
            (of_subject, of_model) => panic!("engine: {of_subject:?}, model: {of_model:?}"),
        }
        let count =
            async |storage: Arc<dyn Storage>| storage.count_statements(tenant).await.unwrap();
        assert_eq!(count(self.subject.storage()).await, count(self.model.storage()).await);
    }

    /// The query, with bounds in time taken from statements of each side.
    async fn bounded(&mut self, tenant: TenantId, query: StatementQuery) -> [StatementQuery; 2] {
        let mut both = [query.clone(), query];
        let [is_since, is_until] = [(), ()].map(|()| self.dice.happens(20));
        let [since, until] = [(), ()].map(|()| self.script.random_number(&mut self.dice));
        let offset = self.dice.below(3) as i128 - 1;
        for (query, storage) in both.iter_mut().zip(self.both()) {
            if is_since {
                query.since_nanos = Some(stored_nanos(&*storage, tenant, since).await + offset);
            }
            if is_until {
                query.until_nanos = Some(stored_nanos(&*storage, tenant, until).await + offset);
            }
        }
        both
    }

    fn both(&self) -> [Arc<dyn Storage>; 2] {
        [self.subject.storage(), self.model.storage()]
    }

    async fn query(&mut self, tenant: TenantId) {
        let query = random_query(&mut self.dice);
        let both = self.bounded(tenant, query).await;
        if self.dice.happens(50) {
            self.check_all_pages(tenant, both).await;
            return;
        }
        let next = self.check_page(tenant, &both).await;
        if let Some((subject_cursor, model_cursor)) = next {
            // Bounds in time differ between the sides, so that only one is kept.
            let [query, of_model] = both;
            if query.since_nanos == of_model.since_nanos
                && query.until_nanos == of_model.until_nanos
            {
                self.walks.push(Walk { query, subject_cursor, model_cursor, tenant });
            }
        }
    }

    async fn check_all_pages(&mut self, tenant: TenantId, mut both: [StatementQuery; 2]) {
        let mut page_count = 0;
        while let Some((subject_cursor, model_cursor)) = self.check_page(tenant, &both).await {
            both[0].after = Some(subject_cursor);
            both[1].after = Some(model_cursor);
            assert!(page_count <= self.script.number_count, "the pages have no end: {both:?}");
            page_count += 1;
            self.tally.page_count += 1;
        }
    }

    /// Reads one page on both sides. Returns where each goes on.
    async fn check_page(
        &mut self,
        tenant: TenantId,
        both: &[StatementQuery; 2],
    ) -> Option<(Cursor, Cursor)> {
        let [subject, model] = self.both();
        let of_subject = subject.query_statements(tenant, &both[0]).await.unwrap();
        let of_model = model.query_statements(tenant, &both[1]).await.unwrap();
        check_alike(&of_subject.statements, &of_model.statements, &both[0]);
        let StatementPage { statements, next } = of_model;
        self.tally.found_count += statements.len();
        assert_eq!(of_subject.next.is_some(), next.is_some(), "whether more follow: {both:?}");
        of_subject.next.zip(next)
    }

    /// Goes on with a query that was begun before other acts.
    async fn walk_on(&mut self) {
        if self.walks.is_empty() {
            return;
        }
        let chosen = self.dice.below(self.walks.len());
        let walk = self.walks.swap_remove(chosen);
        let at = |cursor| StatementQuery { after: Some(cursor), ..walk.query.clone() };
        let both = [at(walk.subject_cursor), at(walk.model_cursor)];
        self.tally.page_count += 1;
        if let Some((subject_cursor, model_cursor)) = self.check_page(walk.tenant, &both).await {
            self.walks.push(Walk { subject_cursor, model_cursor, ..walk });
        }
    }

    async fn find(&mut self, tenant: TenantId) {
        let number = self.script.random_number(&mut self.dice);
        self.check_find(tenant, number).await;
    }

    async fn check_find(&self, tenant: TenantId, number: u128) {
        let [subject, model] = self.both();
        let of_subject = subject.find_statement(tenant, id(number)).await.unwrap();
        let of_model = model.find_statement(tenant, id(number)).await.unwrap();
        check_alike(of_subject.as_slice(), of_model.as_slice(), &number);
    }

    async fn read_feed(&mut self, tenant: TenantId) {
        let after = self.dice.below(self.script.number_count) as u64;
        let count_max = self.dice.below(30);
        self.check_feed(tenant, after, count_max).await;
    }

    async fn check_feed(&self, tenant: TenantId, after: u64, count_max: usize) {
        let [subject, model] = self.both();
        let of_subject = subject.read_feed(tenant, after, count_max).await.unwrap();
        let of_model = model.read_feed(tenant, after, count_max).await.unwrap();
        check_alike(&of_subject, &of_model, &(after, count_max));
    }

    async fn write_document(&mut self, tenant: TenantId) {
        let dice = &mut self.dice;
        let (key, precondition) = (random_key(dice), random_precondition(dice));
        let new = random_document(dice);
        let is_removal = self.dice.happens(25);
        let mut answers = Vec::new();
        for storage in self.both() {
            let answer = if is_removal {
                storage.remove_document(tenant, &key, &precondition).await
            } else {
                storage.replace_document(tenant, &key, new.clone(), &precondition).await
            };
            answers.push(match answer {
                Ok(write) => Some(write),
                Err(StorageError::PreconditionFailed) => None,
                Err(error) => panic!("unexpected: {error}"),
            });
        }
        assert_eq!(answers[0], answers[1], "{key:?} {precondition:?}");
        self.tally.refused_write_count += usize::from(answers[0].is_none());
        let [subject, model] = self.both();
        let of_subject = subject.find_document(tenant, &key).await.unwrap();
        let of_model = model.find_document(tenant, &key).await.unwrap();
        let told = |found: Option<acta_storage::Document>| {
            found.map(|document| (document.content, document.content_type, document.etag))
        };
        assert_eq!(told(of_subject), told(of_model), "{key:?}");
    }

    async fn list_documents(&mut self, tenant: TenantId) {
        let list = random_list(&mut self.dice);
        if self.dice.happens(15) {
            let [subject, model] = self.both();
            let of_subject = subject.remove_documents(tenant, &list).await.unwrap();
            let of_model = model.remove_documents(tenant, &list).await.unwrap();
            assert_eq!(of_subject, of_model, "removed from {list:?}");
        }
        // Between two steps, so that an engine may round its times.
        let steps = self.dice.below(self.step_count as usize + 1);
        let since = START.saturating_add(STEP * u32::try_from(steps).unwrap_or(0) + STEP / 2);
        for since in [None, Some(since)] {
            self.check_list(tenant, &list, since).await;
        }
    }

    async fn check_list(&self, tenant: TenantId, list: &DocumentList, since: Option<Timestamp>) {
        let [subject, model] = self.both();
        let of_subject = subject.list_documents(tenant, list, since).await.unwrap();
        let of_model = model.list_documents(tenant, list, since).await.unwrap();
        // An engine may round its times.
        let told = |found: DocumentNames| (found.names, found.updated.is_some());
        assert_eq!(told(of_subject), told(of_model), "{list:?} since {since:?}");
    }

    async fn ask_entities(&mut self, tenant: TenantId) {
        let (activity, person) = (self.dice.pick(&ACTIVITIES), self.dice.pick(&PEOPLE));
        self.check_entities(tenant, activity, person).await;
    }

    async fn check_entities(&self, tenant: TenantId, activity: &str, person: &str) {
        let [subject, model] = self.both();
        let (activity, person) = (activity_id(activity), mailbox(person));
        let of_subject = subject.find_definition(tenant, &activity).await.unwrap();
        let of_model = model.find_definition(tenant, &activity).await.unwrap();
        assert_eq!(of_subject, of_model, "{activity:?}");
        let of_subject = subject.find_person(tenant, &person).await.unwrap();
        let of_model = model.find_person(tenant, &person).await.unwrap();
        assert_eq!(of_subject, of_model, "{person:?}");
    }

    /// Asks for all that can be asked for.
    pub(super) async fn check_everything(&mut self) {
        for tenant in self.tenants.clone() {
            self.check_feed(tenant, 0, usize::MAX).await;
            for number in 1..=self.script.number_count as u128 {
                self.check_find(tenant, number).await;
            }
            for order in [Order::Ascending, Order::Descending] {
                let query = StatementQuery { order, count_max: 13, ..everything() };
                self.check_all_pages(tenant, [query.clone(), query]).await;
            }
            for _ in 0..60 {
                let query = random_query(&mut self.dice);
                let both = self.bounded(tenant, query).await;
                self.check_all_pages(tenant, both).await;
            }
            for (activity, person) in ACTIVITIES.into_iter().cycle().zip(PEOPLE) {
                self.check_entities(tenant, activity, person).await;
            }
        }
    }
}

/// When a statement was stored, in nanoseconds since 1970; some time if it was not.
async fn stored_nanos(storage: &dyn Storage, tenant: TenantId, number: u128) -> i128 {
    let found = storage.find_statement(tenant, id(number)).await.unwrap();
    i128::from(found.map_or(START, |statement| statement.stored).unix_micros()) * 1000
}

/// Compares all of two lists of statements but the stored times themselves.
#[track_caller]
fn check_alike(
    of_subject: &[StoredStatement],
    of_model: &[StoredStatement],
    question: &dyn std::fmt::Debug,
) {
    let told = |statements: &[StoredStatement]| -> Vec<(u64, u128, bool)> {
        let tell = |one: &StoredStatement| (one.sequence, number_of(one.id), one.is_voided);
        statements.iter().map(tell).collect()
    };
    assert_eq!(told(of_subject), told(of_model), "(engine, then model) for {question:?}");
    for (ours, theirs) in of_subject.iter().zip(of_model) {
        let text = |one: &StoredStatement| one.text.replace(&one.stored.to_string(), "now");
        assert_eq!(text(ours), text(theirs), "for {question:?}");
        assert_eq!(ours.version, theirs.version, "for {question:?}");
    }
}
