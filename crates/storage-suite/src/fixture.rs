//! Helpers that cases share: a store, drafts of statements, ids and queries.

use std::sync::Arc;
use std::time::Duration;

use acta_access::{Defines, TenantId};
use acta_ambient::{ManualClock, Timestamp};
use acta_followers::Followers;
use acta_storage::{
    Appended, Batch, NewStatement, StatementPage, StatementQuery, Storage, StorageError,
    StoredStatement,
};
use acta_xapi::{
    Ifi, Iri, ParseLimits, StatementId, StatementText, StoreProperties, Uuid, Verb, Version,
    parse_statement,
};

pub mod generate;

use super::EngineUnderTest;

/// Where the clock of every case starts: 2026-03-01T09:30:00.000250Z.
pub const START: Timestamp = Timestamp::from_unix_micros(1_772_357_400_000_250);

/// More statements than any case stores: who finds more runs in a circle.
const FOUND_MAX: usize = 10_000;

fn follow(engine: &impl EngineUnderTest) -> Followers {
    Followers::start(&engine.storage(), Followers::built_in())
}

/// An engine with a clock of its own and one tenant.
#[derive(Debug)]
pub struct Stage<E> {
    /// What is tested.
    pub engine: E,
    /// The time that the engine sees.
    pub clock: Arc<ManualClock>,
    /// A tenant with nothing in it.
    pub tenant: TenantId,
    followers: Option<Followers>,
}

impl<E: EngineUnderTest> Stage<E> {
    /// A new store with one tenant, and the followers of every server.
    pub async fn open() -> Self {
        let stage = Self::idle().await;
        let followers = Some(follow(&stage.engine));
        Self { followers, ..stage }
    }

    /// A new store with one tenant and no followers.
    pub async fn idle() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let copy = Arc::clone(&clock);
        let engine = E::open(copy).await;
        let tenant = engine.storage().create_tenant("north", START).await.unwrap();
        Self { engine, clock, tenant, followers: None }
    }

    /// The store.
    pub fn storage(&self) -> Arc<dyn Storage> {
        self.engine.storage()
    }

    /// The same store, closed and opened again.
    pub async fn reopen(self) -> Self {
        let is_followed = self.followers.is_some();
        if let Some(followers) = self.followers {
            followers.stop().await;
        }
        let engine = self.engine.reopen().await;
        let followers = is_followed.then(|| follow(&engine));
        Self { engine, followers, ..self }
    }

    /// Another tenant.
    pub async fn create_tenant(&self, name: &str) -> TenantId {
        self.storage().create_tenant(name, START).await.unwrap()
    }

    /// Lets `micros` microseconds pass.
    pub fn wait_micros(&self, micros: u64) {
        self.clock.advance(Duration::from_micros(micros));
    }

    /// Appends one batch, which may be refused.
    ///
    /// # Errors
    ///
    /// What the engine reports.
    pub async fn try_append(&self, drafts: &[&Draft]) -> Result<Appended, StorageError> {
        self.storage().append(self.tenant, batch(drafts)).await
    }

    /// Appends one batch, which must succeed.
    pub async fn append(&self, drafts: &[&Draft]) -> Appended {
        self.try_append(drafts).await.unwrap()
    }

    /// Appends a batch for each draft, a millisecond apart. Returns the stored times.
    pub async fn append_each(&self, drafts: &[Draft]) -> Vec<Timestamp> {
        let mut times = Vec::new();
        for draft in drafts {
            self.wait_micros(1000);
            times.push(self.append(&[draft]).await.stored);
        }
        times
    }

    /// The statement with this number, which must be there.
    pub async fn find(&self, number: u128) -> StoredStatement {
        let found = self.storage().find_statement(self.tenant, id(number)).await.unwrap();
        found.unwrap_or_else(|| panic!("statement {number} is missing"))
    }

    /// Whether the statement with this number is there.
    pub async fn has(&self, number: u128) -> bool {
        self.storage().find_statement(self.tenant, id(number)).await.unwrap().is_some()
    }

    /// One page.
    pub async fn page(&self, query: &StatementQuery) -> StatementPage {
        self.storage().query_statements(self.tenant, query).await.unwrap()
    }

    /// The numbers of all statements that match, over all pages.
    pub async fn numbers(&self, query: &StatementQuery) -> Vec<u128> {
        let mut query = query.clone();
        let mut all = Vec::new();
        loop {
            let page = self.page(&query).await;
            assert!(page.statements.iter().all(|statement| !statement.is_voided));
            all.extend(numbers(&page.statements));
            assert!(all.len() <= FOUND_MAX, "the pages of {query:?} have no end");
            match page.next {
                Some(next) => query.after = Some(next),
                None => return all,
            }
        }
    }

    /// The whole log.
    pub async fn feed(&self) -> Vec<StoredStatement> {
        self.storage().read_feed(self.tenant, 0, usize::MAX).await.unwrap()
    }
}

/// A statement in the making. Starts as "ada completed the activity `course`".
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its number, from which its id is made.
    pub number: u128,
    /// JSON of the actor.
    pub actor: String,
    /// Id of the verb.
    pub verb: String,
    /// JSON of the object.
    pub object: String,
    /// JSON of further properties, as in `"result":{…}`; empty for none.
    pub more: String,
    /// The name of the account that is its authority.
    pub authority: &'static str,
    /// The version it arrives in.
    pub version: Version,
}

impl Draft {
    /// "Ada completed the activity `course`".
    pub fn new(number: u128) -> Self {
        Self {
            number,
            actor: agent("ada"),
            verb: verb("completed").as_str().to_owned(),
            object: activity("course"),
            more: String::new(),
            authority: "client",
            version: Version::V2_0_0,
        }
    }

    /// A statement that voids the one with the number `target`.
    pub fn voiding(number: u128, target: u128) -> Self {
        Self { verb: Verb::VOIDED.to_owned(), ..Self::referring(number, target) }
    }

    /// "Bob confirmed the statement with the number `target`".
    pub fn referring(number: u128, target: u128) -> Self {
        Self::new(number).actor(agent("bob")).verb("confirmed").object(reference(target))
    }

    /// With this actor, in JSON.
    #[must_use]
    pub fn actor(self, actor: String) -> Self {
        Self { actor, ..self }
    }

    /// With the verb of this name.
    #[must_use]
    pub fn verb(self, name: &str) -> Self {
        Self { verb: verb(name).as_str().to_owned(), ..self }
    }

    /// With this object, in JSON.
    #[must_use]
    pub fn object(self, object: String) -> Self {
        Self { object, ..self }
    }

    /// With this context, in JSON.
    #[must_use]
    pub fn context(self, context: &str) -> Self {
        self.more(&format!(r#""context":{context}"#))
    }

    /// With further properties, as in `"result":{…}`.
    #[must_use]
    pub fn more(self, more: &str) -> Self {
        Self { more: more.to_owned(), ..self }
    }

    /// The text as its sender wrote it.
    pub fn text(&self) -> String {
        let Self { number, actor, verb, object, more, .. } = self;
        let comma = if more.is_empty() { "" } else { "," };
        let id = id(*number);
        let head = format!(r#""id":"{id}","actor":{actor},"verb":{{"id":"{verb}"}}"#);
        format!(r#"{{{head},"object":{object}{comma}{more}}}"#)
    }

    /// Ready to be stored.
    pub fn build(&self) -> NewStatement {
        new_statement(&self.text(), self.authority, self.version)
    }

    /// The complete text, if it was stored at `stored`.
    pub fn complete(&self, stored: Timestamp) -> String {
        let text = self.build().text;
        StatementText::complete(&text.text, text.is_timestamp_stored, &stored.to_string())
    }
}

/// A statement with an id, ready to be stored on behalf of the account `authority`.
pub fn new_statement(text: &str, authority: &str, version: Version) -> NewStatement {
    let statement = parse_statement(text.as_bytes(), version, &ParseLimits::default())
        .unwrap_or_else(|faults| panic!("{faults:?} in {text}"));
    let id = statement.id.unwrap();
    let authority = account(authority);
    let stamp = StoreProperties { id, authority: &authority.to_key(), version };
    let text = statement.stored_text(&stamp);
    NewStatement { id, statement, text, authority, version, defines: Defines::All }
}

/// A batch without attachments.
pub fn batch(drafts: &[&Draft]) -> Batch {
    let statements = drafts.iter().map(|draft| draft.build()).collect();
    Batch { statements, attachments: Vec::new() }
}

/// Everything, newest first, on one page.
pub fn everything() -> StatementQuery {
    StatementQuery { count_max: 1000, ..StatementQuery::default() }
}

/// The numbers of statements.
pub fn numbers(statements: &[StoredStatement]) -> Vec<u128> {
    statements.iter().map(|statement| statement.id.0.as_u128() & 0xFFFF_FFFF_FFFF).collect()
}

/// The id of the statement with this number: a version 4 UUID that ends in it.
pub fn id(number: u128) -> StatementId {
    assert!(number < 1 << 48, "the number fills the last group of digits at most");
    StatementId(uuid(number))
}

/// A version 4 UUID that ends in `number`.
pub const fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0xAC7A_0000_0000_4000_8000_0000_0000_0000 | number)
}

/// An IRI.
pub fn iri(text: &str) -> Iri {
    text.parse().unwrap()
}

/// The id of the verb of this name.
pub fn verb(name: &str) -> Iri {
    iri(&format!("http://example.org/verbs/{name}"))
}

/// The id of the activity of this name.
pub fn activity_id(name: &str) -> Iri {
    iri(&format!("http://example.org/activities/{name}"))
}

/// An activity in JSON.
pub fn activity(name: &str) -> String {
    format!(r#"{{"id":"{}"}}"#, activity_id(name).as_str())
}

/// A `StatementRef` in JSON.
pub fn reference(target: u128) -> String {
    format!(r#"{{"objectType":"StatementRef","id":"{}"}}"#, id(target))
}

/// An agent in JSON, known by a mailbox.
pub fn agent(name: &str) -> String {
    format!(r#"{{"objectType":"Agent","mbox":"mailto:{name}@example.org"}}"#)
}

/// A group without an identifier of its own, in JSON.
pub fn group(members: &[&str]) -> String {
    let members: Vec<String> = members.iter().map(|name| agent(name)).collect();
    format!(r#"{{"objectType":"Group","member":[{}]}}"#, members.join(","))
}

/// A substatement in JSON, with the verb "planned".
pub fn substatement(actor: &str, object: &str, context: &str) -> String {
    let verb = verb("planned");
    let verb = verb.as_str();
    let head = format!(r#""objectType":"SubStatement","actor":{actor},"verb":{{"id":"{verb}"}}"#);
    format!(r#"{{{head},"object":{object},"context":{context}}}"#)
}

/// What identifies the agent of this name.
pub fn mailbox(name: &str) -> Ifi {
    Ifi::Mbox(format!("mailto:{name}@example.org").parse().unwrap())
}

/// What identifies the account of this name.
pub fn account(name: &str) -> Ifi {
    Ifi::Account { home_page: iri("http://example.org/accounts"), name: name.into() }
}
