//! Statements: appended once, found again, never changed.

use std::fmt;
use std::str::FromStr;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::{ActivityId, Ifi, Iri, Statement, StatementId, StatementText, Uuid, Version};
use async_trait::async_trait;

use crate::{StagedAttachment, StorageError};

/// A statement on its way into the store.
#[derive(Debug)]
pub struct NewStatement {
    /// The id: the sender's, or one made for it.
    pub id: StatementId,
    /// What the statement says.
    pub statement: Statement,
    /// The text to keep.
    pub text: StatementText,
    /// Who vouches for it: the identifier in the authority that was put into `text`.
    pub authority: Ifi,
    /// The version of the request that brought it, for its shape.
    pub version: Version,
}

/// Statements that are stored together or not at all.
#[derive(Debug, Default)]
pub struct Batch {
    /// In the order in which they are to be stored. No id occurs twice.
    pub statements: Vec<NewStatement>,
    /// The content of attachments that came along.
    pub attachments: Vec<Box<dyn StagedAttachment>>,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The `stored` time of the statements that are new.
    pub stored: Timestamp,
    /// How many are new. The others were there already, with equal content.
    pub new_count: usize,
}

/// A statement as it is given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredStatement {
    /// Its place in the tenant's log, from 1, without gaps, in order of `stored`.
    pub sequence: u64,
    /// Its id.
    pub id: StatementId,
    /// When it was stored.
    pub stored: Timestamp,
    /// The version of the request that brought it.
    pub version: Version,
    /// Whether a voiding statement names it.
    pub is_voided: bool,
    /// The complete text, `stored` and `timestamp` included.
    pub text: String,
}

/// Oldest or newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first: the order unless asked otherwise.
    #[default]
    Descending,
    /// Oldest first.
    Ascending,
}

/// Statements about one agent or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFilter {
    /// Whom.
    pub ifi: Ifi,
    /// Whether authority, instructor, team, context agents and groups and those of a
    /// substatement count too, and not only actor and object.
    pub is_related: bool,
}

/// Which statements, in which order, how many.
///
/// Filters are joined by *and*. A statement whose object is a `StatementRef` also matches
/// when the statement that it points to matches all of them (voided or not), and so on
/// along the chain, over [`StatementQuery::CHAIN_MAX`] references at least. `since`, `until`
/// and `authority` look at the statement itself only.
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
    /// Whether `activity` may also stand in context activities or in a substatement.
    pub is_activity_related: bool,
    /// Of this registration.
    pub registration: Option<Uuid>,
    /// Stored after this many nanoseconds since 1970 UTC.
    pub since_nanos: Option<i128>,
    /// Stored at or before this many nanoseconds since 1970 UTC.
    pub until_nanos: Option<i128>,
    /// Vouched for by this authority, for readers of their own statements.
    pub authority: Option<Ifi>,
    /// In which order.
    pub order: Order,
    /// Go on behind the page that gave this.
    pub after: Option<Cursor>,
    /// Most statements on a page; at least 1.
    pub count_max: usize,
    /// A page ends once it holds this many bytes of text, but holds one statement at least.
    pub bytes_max: usize,
}

impl StatementQuery {
    /// References that every engine follows from one statement to the next. Beyond them a
    /// statement may be found or not, so that no sender can make storing slow for all.
    pub const CHAIN_MAX: usize = 64;

    /// Stored after this many microseconds since 1970 UTC: as exact as the times themselves.
    pub fn since_micros(&self) -> Option<i64> {
        self.since_nanos.map(floor_to_micros)
    }

    /// Stored at or before this many microseconds since 1970 UTC: as exact as the times
    /// themselves.
    pub fn until_micros(&self) -> Option<i64> {
        self.until_nanos.map(floor_to_micros)
    }
}

/// Comparing whole microseconds with `nanos` is comparing with this.
fn floor_to_micros(nanos: i128) -> i64 {
    let micros = nanos.div_euclid(1000);
    i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX })
}

/// The place between two statements where a page ended.
///
/// Stays valid for good: statements that arrive later do not shift it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub u64);

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a cursor as given in `more`")]
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

/// Some of the statements that match a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementPage {
    /// In the order asked for.
    pub statements: Vec<StoredStatement>,
    /// Where to go on; none when no further statement matched.
    pub next: Option<Cursor>,
}

/// A statement in the order of the log.
pub type FeedEntry = StoredStatement;

/// Stores statements and finds them again.
#[async_trait]
pub trait StatementStore: Send + Sync {
    /// Appends a batch, whole or not at all.
    ///
    /// Once this returns `Ok`, the batch survives loss of power and any read that
    /// starts later sees it. A statement already stored with an equal fingerprint is
    /// skipped, so a caller may repeat a batch whose answer it never received. Staged
    /// attachments become readable; those of a refused batch vanish.
    ///
    /// The `stored` times of a tenant never decrease along its sequence; two batches never
    /// share one.
    ///
    /// # Errors
    ///
    /// Nothing was stored if this returns:
    ///
    /// - [`StorageError::Conflict`]: ids are taken by different content.
    /// - [`StorageError::Busy`]: the same batch may be sent again.
    /// - [`StorageError::Full`]: the device has no room.
    ///
    /// After [`StorageError::Halted`] or [`StorageError::Io`] it is unknown
    /// whether the batch was stored. Repeating it after a restart is safe.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.2; equality by Part Two, 2.3.1.
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

    /// Finds the statements that match and are not voided, a page at a time.
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
    /// [`StorageError::Busy`] or [`StorageError::Io`] when the engine cannot be asked.
    ///
    /// Spec: xAPI 1.0.3, Part Three, 2.1.3, header `X-Experience-API-Consistent-Through`.
    async fn consistent_through(&self, tenant: TenantId) -> Result<Timestamp, StorageError>;

    /// Reads the log in order: up to `count_max` statements whose sequence is greater than
    /// `after`, voided ones included. Erased ones are left out, so sequences may have gaps;
    /// nothing is given at the end only.
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

    /// How many statements the tenant has, voided ones included: its last sequence.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] or [`StorageError::Io`] when the engine cannot be asked.
    async fn count_statements(&self, tenant: TenantId) -> Result<u64, StorageError>;
}
