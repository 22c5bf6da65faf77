//! Records: all data of administration, from tenants to sessions, and its changes.
//!
//! A record is a JSON text with a kind, an id and a version. One act of administration is one
//! atomic [`Change`]: writes of records, each with the expected version, and the audit entries
//! of the act. [`crate::directory`] defines the content of the texts.

use std::fmt;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use async_trait::async_trait;

use super::audit::NewAuditEntry;
use crate::StorageError;

/// The kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// A tenant.
    Tenant,
    /// An API credential.
    Credential,
    /// When a credential was last used.
    CredentialUse,
    /// A person who signs in.
    Account,
    /// The role of an account in a tenant.
    Membership,
    /// A session of a person who is signed in.
    Session,
    /// A link that is used once: to set up, to accept an invitation, to reset a password.
    Ticket,
    /// A subject of an identity provider, and its account.
    Identity,
    /// The state of a sign-in at an identity provider with which a browser has come back.
    SpentState,
    /// Failed attempts to sign in.
    Failures,
    /// The response to a request with an idempotency key.
    Answer,
    /// A number that counts up.
    Counter,
    /// Whether a follower of the log is paused.
    Follower,
    /// The home pages that the authority of statements has had.
    HomePages,
    /// A person who learns: identifiers that are one, and what is known of the person.
    Person,
    /// An identifier that belongs to a person.
    PersonIdentifier,
    /// What is common to the persons of a tenant, and which of them have changed.
    Persons,
    /// A group of persons.
    PersonGroup,
    /// A question that somebody has saved.
    SavedQuestion,
    /// The Merkle tree over the statements of a tenant: what it is called, and its head.
    ProofLog,
    /// That tiles of such a tree are damaged, until they are made again.
    ProofDamage,
}

impl RecordKind {
    /// Every kind.
    pub const EVERY: [Self; 21] = [
        Self::Tenant,
        Self::Credential,
        Self::CredentialUse,
        Self::Account,
        Self::Membership,
        Self::Session,
        Self::Ticket,
        Self::Identity,
        Self::SpentState,
        Self::Failures,
        Self::Answer,
        Self::Counter,
        Self::Follower,
        Self::HomePages,
        Self::Person,
        Self::PersonIdentifier,
        Self::Persons,
        Self::PersonGroup,
        Self::SavedQuestion,
        Self::ProofLog,
        Self::ProofDamage,
    ];

    /// The name as engines store it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Credential => "credential",
            Self::CredentialUse => "credential-use",
            Self::Account => "account",
            Self::Membership => "membership",
            Self::Session => "session",
            Self::Ticket => "ticket",
            Self::Identity => "identity",
            Self::SpentState => "spent-state",
            Self::Failures => "failures",
            Self::Answer => "answer",
            Self::Counter => "counter",
            Self::Follower => "follower",
            Self::HomePages => "home-pages",
            Self::Person => "person",
            Self::PersonIdentifier => "person-identifier",
            Self::Persons => "persons",
            Self::PersonGroup => "person-group",
            Self::SavedQuestion => "saved-question",
            Self::ProofLog => "proof-log",
            Self::ProofDamage => "proof-damage",
        }
    }

    /// The kind with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// The content of a record.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordContent {
    /// The tenant that it belongs to, if any.
    pub tenant: Option<TenantId>,
    /// The id of the record that it belongs to, as a session belongs to an account.
    pub owner: Option<String>,
    /// A second id, unique among the records of the kind, as the address of an account.
    pub name: Option<String>,
    /// When it expires. It can still be found until it is removed.
    pub expires: Option<Timestamp>,
    /// Everything else, as JSON.
    pub body: String,
}

impl fmt::Debug for RecordContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordContent")
            .field("tenant", &self.tenant)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// A stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The kind of the record.
    pub kind: RecordKind,
    /// Unique among the records of the kind. Does not contain the character 0.
    pub id: String,
    /// Increases with each write, from 1.
    pub version: u64,
    /// The content of the record.
    pub content: RecordContent,
}

/// The state that a record must have for a change to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The record does not exist.
    Absent,
    /// The record has this version.
    Version(u64),
    /// The record does not exist, and others leave room for it.
    AbsentWithin(CountLimit),
    /// Any state.
    Anything,
}

/// How many records of a kind a tenant or an owner may have, the new one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountLimit {
    /// Whose records are counted.
    pub of: RecordHolder,
    /// Maximum number of records.
    pub count_max: usize,
    /// Records that expire at this time or before do not count. If it is `None`, all count.
    pub unexpired_at: Option<Timestamp>,
}

/// Whose records are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordHolder {
    /// Those of the tenant that the new record belongs to.
    Tenant,
    /// Those with the owner of the new record.
    Owner,
}

/// The write of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordWrite {
    /// The kind of the record.
    pub kind: RecordKind,
    /// The id of the record.
    pub id: String,
    /// The state that the record must have.
    pub expected: Expected,
    /// The new content; `None` removes the record.
    pub content: Option<RecordContent>,
}

impl RecordWrite {
    /// Creates a record that must not exist.
    pub fn create(kind: RecordKind, id: impl Into<String>, content: RecordContent) -> Self {
        Self { kind, id: id.into(), expected: Expected::Absent, content: Some(content) }
    }

    /// The same write, if the holder of its record then has at most as many as `limit` says. The
    /// records are counted before the change, without what else it writes. Of changes at the same
    /// time, on any node, so many happen that the limit holds.
    #[must_use]
    pub fn within(self, limit: CountLimit) -> Self {
        Self { expected: Expected::AbsentWithin(limit), ..self }
    }

    /// The records that its limit counts, if it has a limit.
    pub fn counted(&self) -> Option<(Group, CountLimit)> {
        let Expected::AbsentWithin(limit) = self.expected else { return None };
        let content = self.content.as_ref()?;
        let group = match limit.of {
            RecordHolder::Tenant => content.tenant.map(Group::OfTenant),
            RecordHolder::Owner => content.owner.clone().map(Group::OwnedBy),
        };
        // Without a holder, nothing would be limited.
        Some((group.unwrap_or(Group::Every), limit))
    }

    /// Replaces the content of `record`, if it has not changed.
    pub fn replace(record: &Record, content: RecordContent) -> Self {
        let expected = Expected::Version(record.version);
        Self { kind: record.kind, id: record.id.clone(), expected, content: Some(content) }
    }

    /// Removes `record`, if it has not changed.
    pub fn remove(record: &Record) -> Self {
        let expected = Expected::Version(record.version);
        Self { kind: record.kind, id: record.id.clone(), expected, content: None }
    }
}

/// One act of administration: its writes and its audit entries.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Writes of different records.
    pub writes: Vec<RecordWrite>,
    /// Entries, each with the tenant of its chain; `None` for the chain of the server.
    pub entries: Vec<(Option<TenantId>, NewAuditEntry)>,
}

impl Change {
    /// Whether it may use the space that is reserved for administration if there is no other: one
    /// that removes something or is recorded in the audit, not counters such as the last use of a
    /// credential.
    pub fn is_essential(&self) -> bool {
        !self.entries.is_empty() || self.writes.iter().any(|write| write.content.is_none())
    }
}

/// The result of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It happened.
    Done,
    /// Nothing happened: the record of the write with this index does not have the expected
    /// state. Read it again, then decide.
    Stale(usize),
    /// Nothing happened: another record of the kind has the name in the write with this
    /// index.
    NameTaken(usize),
    /// Nothing happened: there are as many records as the limit of the write with this index
    /// permits.
    LimitReached(usize),
}

/// A group of the records of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// All records.
    Every,
    /// The records that belong to the tenant.
    OfTenant(TenantId),
    /// The records whose owner is the record with this id.
    OwnedBy(String),
}

impl Group {
    /// Whether a record with this content is in the group.
    pub fn contains(&self, content: &RecordContent) -> bool {
        match self {
            Self::Every => true,
            Self::OfTenant(tenant) => content.tenant == Some(*tenant),
            Self::OwnedBy(owner) => content.owner.as_ref() == Some(owner),
        }
    }
}

/// Stores records. They are the directory of the whole store, in which the tenant of a request
/// is found, so no method takes a tenant.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// Finds a record by its id.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`], [`StorageError::Unavailable`] or
    /// [`StorageError::Io`].
    async fn find_record(&self, kind: RecordKind, id: &str)
    -> Result<Option<Record>, StorageError>;

    /// Finds a record by its name.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    async fn find_record_by_name(
        &self,
        kind: RecordKind,
        name: &str,
    ) -> Result<Option<Record>, StorageError>;

    /// Lists at most `count_max` records of a group after the id `after`, in the byte order of
    /// their ids.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    async fn list_records(
        &self,
        kind: RecordKind,
        group: &Group,
        after: Option<&str>,
        count_max: usize,
    ) -> Result<Vec<Record>, StorageError>;

    /// Makes a change atomically. It is durable once [`Committed::Done`], and every read that
    /// starts later sees it.
    ///
    /// Its entries get the next sequences of their chains. A change can be repeated if it is
    /// unknown whether it happened; the engine itself does so.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`], [`StorageError::Full`]: nothing
    /// happened. [`StorageError::Halted`], [`StorageError::Io`]: it is unknown whether it
    /// happened.
    async fn commit(&self, change: &Change) -> Result<Committed, StorageError>;

    /// Removes up to `count_max` records that expired before `now`. Returns how many.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::commit`].
    async fn remove_expired(&self, now: Timestamp, count_max: usize)
    -> Result<usize, StorageError>;
}
