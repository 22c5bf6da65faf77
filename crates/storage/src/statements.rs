//! Statements: appended once, found again, never changed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use acta_access::{Defines, Restrictions, TenantId};
use acta_ambient::Timestamp;
use acta_xapi::{ActivityId, Ifi, Iri, Statement, StatementId, StatementText, Uuid, Version};
use async_trait::async_trait;

use crate::{StagedAttachment, StorageError};

/// A statement to be stored.
#[derive(Debug)]
pub struct NewStatement {
    /// The id: the sender's, or a generated one.
    pub id: StatementId,
    /// The parsed statement.
    pub statement: Statement,
    /// The text to store.
    pub text: StatementText,
    /// The identifier in the authority that was put into `text`.
    pub authority: Ifi,
    /// The version of the request that it came with, which determines its form.
    pub version: Version,
    /// What becomes known by it of activities and persons.
    pub defines: Defines,
}

/// Statements that are stored together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    /// In the order in which they are to be stored. No id occurs twice.
    pub statements: Vec<NewStatement>,
    /// The content of attachments that came with them.
    pub attachments: Vec<Box<dyn StagedAttachment>>,
}

/// The result of appending a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The `stored` time of the statements that are new.
    pub stored: Timestamp,
    /// How many are new. The others were already stored with equal content.
    pub new_count: usize,
}

/// A stored statement as it is returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredStatement {
    /// Its position in the tenant's log, from 1, without gaps, in order of `stored`.
    pub sequence: u64,
    /// The id of the statement.
    pub id: StatementId,
    /// When it was stored.
    pub stored: Timestamp,
    /// The version of the request that it came with.
    pub version: Version,
    /// Whether a voiding statement refers to it.
    pub is_voided: bool,
    /// The complete text, `stored` and `timestamp` included.
    pub text: String,
}

/// The order of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first, the default.
    #[default]
    Descending,
    /// Oldest first.
    Ascending,
}

/// A filter for one agent or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFilter {
    /// The identifier of the agent or group.
    pub ifi: Ifi,
    /// Whether authority, instructor, team, context agents and groups and those of a
    /// substatement match too, and not only actor and object.
    pub is_related: bool,
}

/// A query for statements: filters, order and page size.
///
/// Filters are combined by *and*. A statement whose object is a `StatementRef` also matches
/// if the statement that it refers to matches all of them (voided or not), and so on along
/// the chain, over at least [`StatementQuery::CHAIN_MAX`] references. `since`, `until`,
/// the sequences and `authorities` apply to the statement itself only.
///
/// A chain ends before the first statement that the reader may not read: one that has none of
/// `authorities`, or that `restrictions` forbid. So a reader cannot test what is in a statement by
/// storing a reference to it.
///
/// The default is every statement on one page, newest first.
///
/// Spec: xAPI 1.0.3, Part Three, 2.1.3 and 2.1.4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementQuery {
    /// About this agent: actor or object, or a member of a group that is.
    pub agent: Option<AgentFilter>,
    /// With this verb.
    pub verb: Option<Iri>,
    /// With this activity as object.
    pub activity: Option<ActivityId>,
    /// Whether `activity` also matches context activities and substatements.
    pub is_activity_related: bool,
    /// With this registration.
    pub registration: Option<Uuid>,
    /// Stored after this many nanoseconds since 1970 UTC.
    pub since_nanos: Option<i128>,
    /// Stored at or before this many nanoseconds since 1970 UTC.
    pub until_nanos: Option<i128>,
    /// With this sequence or a later one.
    pub first_sequence: Option<u64>,
    /// With this sequence or an earlier one.
    pub last_sequence: Option<u64>,
    /// With one of these authorities, for readers that may see only their own statements.
    pub authorities: Option<Vec<Ifi>>,
    /// The restrictions of the reader; `None` for a reader without any that narrow content. They
    /// decide how far references are followed, and do not filter the results.
    pub restrictions: Option<Arc<Restrictions>>,
    /// The order of the results.
    pub order: Order,
    /// Continue after the page that returned this cursor.
    pub after: Option<Cursor>,
    /// Most statements on a page; at least 1.
    pub count_max: usize,
    /// A page ends once it holds this many bytes of text, but holds at least one statement.
    pub bytes_max: usize,
}

impl Default for StatementQuery {
    fn default() -> Self {
        Self {
            agent: None,
            verb: None,
            activity: None,
            is_activity_related: false,
            registration: None,
            since_nanos: None,
            until_nanos: None,
            first_sequence: None,
            last_sequence: None,
            authorities: None,
            restrictions: None,
            order: Order::default(),
            after: None,
            count_max: usize::MAX,
            bytes_max: usize::MAX,
        }
    }
}

impl StatementQuery {
    /// The number of references that every engine follows from one statement to the next. It is
    /// undefined whether a statement is found over more, so that no sender can make storing slow.
    pub const CHAIN_MAX: usize = 64;

    /// Whether a statement with this authority is one of those that the reader may see.
    pub fn permits_authority(&self, authority: Option<&Ifi>) -> bool {
        let Some(wanted) = &self.authorities else { return true };
        authority.is_some_and(|authority| wanted.contains(authority))
    }

    /// Whether the restrictions of the reader permit to follow a reference to a statement, which
    /// is none if the stored one is not valid by the current rules.
    pub fn permits_target(&self, target: Option<&Statement>) -> bool {
        let Some(restrictions) = &self.restrictions else { return true };
        target.is_some_and(|statement| restrictions.permit_statement(statement).is_ok())
    }

    /// Stored after this many microseconds since 1970 UTC, the precision of stored times.
    pub fn since_micros(&self) -> Option<i64> {
        self.since_nanos.map(floor_to_micros)
    }

    /// Stored at or before this many microseconds since 1970 UTC, the precision of stored
    /// times.
    pub fn until_micros(&self) -> Option<i64> {
        self.until_nanos.map(floor_to_micros)
    }
}

/// Rounds down: comparing whole microseconds with `nanos` is the same as with the result.
fn floor_to_micros(nanos: i128) -> i64 {
    let micros = nanos.div_euclid(1000);
    i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX })
}

/// The position between two statements at which a page ended.
///
/// Always stays valid: statements that arrive later do not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub u64);

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a cursor as returned in `more`")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let is_hex = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = if is_hex { u64::from_str_radix(text, 16).ok() } else { None };
        number.map(Self).ok_or(NotACursor)
    }
}

/// A page of the statements that match a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementPage {
    /// In the requested order.
    pub statements: Vec<StoredStatement>,
    /// Where the next page starts; `None` if no more statements match.
    pub next: Option<Cursor>,
}

/// A statement in the order of the log.
pub type FeedEntry = StoredStatement;

/// Stores and finds statements.
#[async_trait]
pub trait StatementStore: Send + Sync {
    /// Appends a batch, whole or not at all.
    ///
    /// Once this returns `Ok`, the batch survives loss of power and every read that
    /// starts later sees it. A statement that repeats one that is stored, by the rules of the
    /// version in which it is sent, is skipped and changes nothing, so a caller can repeat a
    /// batch whose response it did not receive. Staged
    /// attachments become readable; those of a refused batch are removed.
    ///
    /// The `stored` times of a tenant never decrease along its sequence; two batches never
    /// share one.
    ///
    /// # Errors
    ///
    /// Nothing was stored if this returns:
    ///
    /// - [`StorageError::Conflict`]: ids are already stored with different content.
    /// - [`StorageError::Busy`]: the same batch can be sent again.
    /// - [`StorageError::Full`]: the device is full.
    ///
    /// After [`StorageError::Halted`] or [`StorageError::Io`] it is unknown
    /// whether the batch was stored. Repeating it after a restart is safe.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.2; equality by Part Two, 2.3.1; IEEE 9274.1.1, 4.2.
    async fn append(&self, tenant: TenantId, batch: Batch) -> Result<Appended, StorageError>;

    /// Finds one statement by its id, voided or not.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when it cannot be read.
    async fn find_statement(
        &self,
        tenant: TenantId,
        id: StatementId,
    ) -> Result<Option<StoredStatement>, StorageError>;

    /// Finds the statements that match and are not voided, page by page.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when one cannot be read.
    async fn query_statements(
        &self,
        tenant: TenantId,
        query: &StatementQuery,
    ) -> Result<StatementPage, StorageError>;

    /// Returns the instant before which every stored statement can be read.
    ///
    /// Whole milliseconds. "Now", but never later than the `stored` time of a batch still
    /// in flight. A statement stored later gets a `stored` time at or after it. For one
    /// tenant it never moves backwards.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] or [`StorageError::Io`] if it cannot be determined.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.3, header `X-Experience-API-Consistent-Through`.
    async fn consistent_through(&self, tenant: TenantId) -> Result<Timestamp, StorageError>;

    /// Reads the log in order: up to `count_max` statements whose sequence is greater than
    /// `after`, voided ones included. Erased ones are left out, so sequences may have gaps;
    /// the result is empty only at the end.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when one cannot be read.
    async fn read_feed(
        &self,
        tenant: TenantId,
        after: u64,
        count_max: usize,
    ) -> Result<Vec<FeedEntry>, StorageError>;

    /// The number of the tenant's statements, voided ones included: its last sequence.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] or [`StorageError::Io`] if it cannot be determined.
    async fn count_statements(&self, tenant: TenantId) -> Result<u64, StorageError>;
}
