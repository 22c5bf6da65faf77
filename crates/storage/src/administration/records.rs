//! Records: everything administrative, from tenants to sessions, and how it changes.
//!
//! A record is a text of JSON under a kind and an id, with a version. One act of
//! administration is one [`Change`]: some records, each as it is expected to be, and the
//! audit entries that tell of it. All of a change happens or none of it.
//! What is in the texts, [`crate::directory`] knows.

use std::fmt;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use async_trait::async_trait;

use super::audit::NewAuditEntry;
use crate::StorageError;

/// What a record is about.
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
    /// Somebody who is signed in.
    Session,
    /// A link that is used once: to set up, to accept an invitation, to reset a password.
    Ticket,
    /// A subject of an identity provider, and whose account it is.
    Identity,
    /// Failed attempts to sign in.
    Failures,
    /// What was answered to a request that may be repeated.
    Answer,
    /// A number that counts up.
    Counter,
    /// What a follower of the log is told to do.
    Follower,
}

impl RecordKind {
    /// Every kind.
    pub const EVERY: [Self; 12] = [
        Self::Tenant,
        Self::Credential,
        Self::CredentialUse,
        Self::Account,
        Self::Membership,
        Self::Session,
        Self::Ticket,
        Self::Identity,
        Self::Failures,
        Self::Answer,
        Self::Counter,
        Self::Follower,
    ];

    /// The name that engines keep.
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
            Self::Failures => "failures",
            Self::Answer => "answer",
            Self::Counter => "counter",
            Self::Follower => "follower",
        }
    }

    /// The kind with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a record holds.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordContent {
    /// The tenant that it belongs to, if it belongs to one.
    pub tenant: Option<TenantId>,
    /// The record that it goes with, as a session goes with an account.
    pub owner: Option<String>,
    /// A second id, unique among the records of the kind, as the address of an account.
    pub name: Option<String>,
    /// From when on it is void. It is still found until it is removed.
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

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is about.
    pub kind: RecordKind,
    /// Unique among the records of the kind. Holds no character 0.
    pub id: String,
    /// Grows with each write, from 1.
    pub version: u64,
    /// What it holds.
    pub content: RecordContent,
}

/// How a record must be found for a change to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// There is none.
    Absent,
    /// It has this version.
    Version(u64),
    /// Whatever there is or is not.
    Anything,
}

/// The write of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordWrite {
    /// What it is about.
    pub kind: RecordKind,
    /// Which one.
    pub id: String,
    /// How it must be found.
    pub expected: Expected,
    /// What it holds from then on; none removes it.
    pub content: Option<RecordContent>,
}

impl RecordWrite {
    /// Makes a record that must not be there.
    pub fn create(kind: RecordKind, id: impl Into<String>, content: RecordContent) -> Self {
        Self { kind, id: id.into(), expected: Expected::Absent, content: Some(content) }
    }

    /// Replaces `record` by `content`, if nobody else did.
    pub fn replace(record: &Record, content: RecordContent) -> Self {
        let expected = Expected::Version(record.version);
        Self { kind: record.kind, id: record.id.clone(), expected, content: Some(content) }
    }

    /// Removes `record`, if nobody changed it.
    pub fn remove(record: &Record) -> Self {
        let expected = Expected::Version(record.version);
        Self { kind: record.kind, id: record.id.clone(), expected, content: None }
    }
}

/// One act of administration: what it writes, and what is told of it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Of different records.
    pub writes: Vec<RecordWrite>,
    /// Each with the tenant in whose audit it goes; none for that of the server.
    pub entries: Vec<(Option<TenantId>, NewAuditEntry)>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It happened.
    Done,
    /// Nothing happened: the record of the write with this index is not as expected. Read it
    /// again, then decide.
    Stale(usize),
    /// Nothing happened: another record of the kind has the name that the write with this
    /// index gives.
    NameTaken(usize),
}

/// Which records of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// All.
    Every,
    /// Those that belong to the tenant.
    OfTenant(TenantId),
    /// Those that go with this record.
    OwnedBy(String),
}

/// Keeps records. The directory of the whole store: the tenant of a request is found here, so
/// no method takes one.
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

    /// Lists the records of a group in the order of the bytes of their ids, behind `after`, at
    /// most `count_max`.
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

    /// Makes a change, whole or not at all. Durable once [`Committed::Done`], and any read
    /// that starts later sees it.
    ///
    /// Its entries get the next sequences of their chains. A change may be repeated when it is
    /// unknown whether it happened: the engine does so itself.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`], [`StorageError::Full`]: nothing
    /// happened. [`StorageError::Halted`], [`StorageError::Io`]: that is unknown.
    async fn commit(&self, change: &Change) -> Result<Committed, StorageError>;

    /// Removes up to `count_max` records that expired before `now`. Returns how many.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::commit`].
    async fn remove_expired(&self, now: Timestamp, count_max: usize)
    -> Result<usize, StorageError>;
}
