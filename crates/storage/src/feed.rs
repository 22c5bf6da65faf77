//! The feed: what each follower reads of the log, and how far it has come.
//!
//! A *follower* is a named reader of the statement log that derives something from it: the
//! definitions of activities, columns of facts, a copy in another store. It reads each
//! tenant's log in the order of commit, and its position, the sequence up to which it has
//! read, is durable. What it derives may be dropped at any time and made again.
//!
//! What a follower makes is an *effect*. Effects inside the store are handed to
//! [`Feed::advance`] and happen together with the new position or not at all. Effects outside
//! of it come before the position is advanced, so they may happen again after a crash: they
//! must be idempotent by tenant and sequence.
//!
//! Several nodes may run a follower of the same name; a lease chooses the one that does the
//! work, and the comparison of positions in [`Feed::advance`] makes it harmless when two
//! believe to hold it.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::Statement;
use async_trait::async_trait;
use tokio::sync::watch;

use crate::{EntityFact, EntityFacts, PageLimits, StorageError, TransferredStatement};

/// The name of a follower, under which its positions are kept: lower-case letters and hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FollowerName(&'static str);

impl FollowerName {
    /// The follower that keeps definitions of activities and names of persons.
    pub const ENTITIES: Self = Self::new("entities");

    /// The follower of this name.
    ///
    /// # Panics
    ///
    /// If the name is empty or has other characters; at compile time in a constant.
    pub const fn new(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        assert!(!bytes.is_empty(), "a follower has a name");
        let mut index = 0;
        while index < bytes.len() {
            let is_allowed = bytes[index].is_ascii_lowercase() || bytes[index] == b'-';
            assert!(is_allowed, "the name of a follower has lower-case letters and hyphens");
            index += 1;
        }
        Self(name)
    }

    /// The text that engines keep.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for FollowerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A place in a tenant's log as a follower reads it.
#[derive(Clone, Debug)]
pub struct FeedRecord {
    /// Its place in the tenant's log, from 1, without gaps.
    pub sequence: u64,
    /// When it was stored.
    pub stored: Timestamp,
    /// What stands there.
    pub content: FeedContent,
}

/// What stands at a place in the log.
///
/// Whether a statement is voided is not told: a voiding statement is a record of its own,
/// and may come before the statement that it voids. A follower that needs it keeps the
/// targets of voiding statements, so that reading again from the beginning gives the same.
#[derive(Clone, Debug)]
pub enum FeedContent {
    /// A statement, shared by all followers that read it.
    Statement(Arc<FeedStatement>),
    /// A statement that was erased.
    Erased {
        /// HMAC-SHA256, keyed with the statement's salt, of what it was; see
        /// `docs/format/log.md`.
        commitment: [u8; 32],
    },
}

impl FeedRecord {
    /// A record of a statement that is at hand.
    pub fn of_statement(statement: TransferredStatement) -> Self {
        let (sequence, stored) = (statement.sequence, statement.stored);
        let statement = FeedStatement {
            sequence,
            len_bytes: statement.text.text.len(),
            source: None,
            loaded: Box::new(statement).into(),
            parsed: OnceLock::new(),
            entity_facts: OnceLock::new(),
        };
        Self { sequence, stored, content: FeedContent::Statement(Arc::new(statement)) }
    }

    /// A record of a statement with a text of `len_bytes`, of which it is known what it says
    /// about activities and persons; the rest is loaded from `source` when it is asked for.
    pub fn of_source(
        sequence: u64,
        stored: Timestamp,
        len_bytes: usize,
        entity_facts: EntityFacts,
        source: Box<dyn StatementSource>,
    ) -> Self {
        let statement = FeedStatement {
            sequence,
            len_bytes,
            source: Some(source),
            loaded: OnceLock::new(),
            parsed: OnceLock::new(),
            entity_facts: entity_facts.into(),
        };
        Self { sequence, stored, content: FeedContent::Statement(Arc::new(statement)) }
    }

    /// The statement, unless it was erased.
    pub fn statement(&self) -> Option<&FeedStatement> {
        match &self.content {
            FeedContent::Statement(statement) => Some(statement),
            FeedContent::Erased { .. } => None,
        }
    }

    /// How many bytes of text it has.
    pub fn len_bytes(&self) -> usize {
        self.statement().map_or(0, |statement| statement.len_bytes)
    }
}

/// Where a statement of the feed is until somebody asks for it.
pub trait StatementSource: fmt::Debug + Send + Sync {
    /// The statement as it is kept.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    fn load(&self) -> Result<TransferredStatement, StorageError>;
}

/// A statement in the feed: as it is kept, and what it says.
#[derive(Debug)]
pub struct FeedStatement {
    sequence: u64,
    len_bytes: usize,
    /// None where it is kept here from the beginning.
    source: Option<Box<dyn StatementSource>>,
    // Boxed, since most followers ask for neither.
    loaded: OnceLock<Box<TransferredStatement>>,
    parsed: OnceLock<Option<Box<Statement>>>,
    entity_facts: OnceLock<EntityFacts>,
}

impl FeedStatement {
    /// Its place in the tenant's log.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// As it is kept, with fingerprint and salt.
    ///
    /// # Errors
    ///
    /// As [`StatementSource::load`].
    pub fn load(&self) -> Result<&TransferredStatement, StorageError> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(loaded);
        }
        let nowhere = || StorageError::Corrupt { place: "the feed".to_owned() };
        let loaded = self.source.as_deref().ok_or_else(nowhere)?.load()?;
        Ok(self.loaded.get_or_init(|| Box::new(loaded)))
    }

    /// What it says, parsed once. None, with a warning in the log, if its text does not pass
    /// the rules of this release.
    ///
    /// # Errors
    ///
    /// As [`StatementSource::load`].
    pub fn parsed(&self) -> Result<Option<&Statement>, StorageError> {
        let loaded = self.load()?;
        let parse = || loaded.read().map(|(statement, _)| Box::new(statement));
        Ok(self.parsed.get_or_init(parse).as_deref())
    }

    /// What it says about activities and persons: known since it was received, if that is not
    /// long ago, else found out now.
    ///
    /// # Errors
    ///
    /// As [`StatementSource::load`].
    pub fn entity_facts(&self) -> Result<&EntityFacts, StorageError> {
        if let Some(facts) = self.entity_facts.get() {
            return Ok(facts);
        }
        let parsed = self.parsed()?;
        Ok(self.entity_facts.get_or_init(|| parsed.map(EntityFacts::of).unwrap_or_default()))
    }

    /// Whether [`FeedStatement::entity_facts`] answers at once.
    pub fn has_entity_facts(&self) -> bool {
        self.entity_facts.get().is_some()
    }
}

/// How far a follower has come in a tenant's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerPosition {
    /// Whose log.
    pub tenant: TenantId,
    /// The sequence of the last record that it has read; 0 before the first.
    pub sequence: u64,
    /// The sequence of the last record that there is.
    pub last_sequence: u64,
}

impl FollowerPosition {
    /// How many records it has not read yet.
    pub const fn lag(&self) -> u64 {
        self.last_sequence.saturating_sub(self.sequence)
    }
}

/// What a follower makes inside the store of some records.
#[derive(Clone, Debug, Default)]
pub struct StoreEffects {
    /// What they say about activities and persons, in the order of the log.
    pub entity_facts: Vec<EntityFact>,
}

impl StoreEffects {
    /// Adds what was made of the records behind.
    pub fn add(&mut self, mut other: Self) {
        self.entity_facts.append(&mut other.entity_facts);
    }

    /// Whether nothing changes.
    pub const fn is_empty(&self) -> bool {
        self.entity_facts.is_empty()
    }
}

/// A follower's step over some records of a tenant.
#[derive(Clone, Debug)]
pub struct FollowerStep {
    /// Whose log.
    pub tenant: TenantId,
    /// Where the follower must stand for the step to happen.
    pub from: u64,
    /// Where it stands afterwards.
    pub to: u64,
    /// What happens together with it.
    pub effects: StoreEffects,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advanced {
    /// It happened, durably.
    Done,
    /// Nothing happened: the follower stands elsewhere, because another node has gone on or
    /// because it starts anew. Read its position again.
    Moved,
}

/// At which pace an engine is best followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedPace {
    /// How often to look for records that other nodes have stored; none if there are none.
    pub poll: Option<Duration>,
    /// The least time between two looks, so that what is stored bit by bit is read together.
    pub pause: Duration,
    /// Effects are saved after this, so that those of many records are written at once.
    pub effects_after: Duration,
    /// A position without effects is saved after this.
    pub save_after: Duration,
    /// How many tenants' steps are taken at a time.
    pub concurrent_steps: usize,
}

/// Lets followers read the log and keeps how far they have come.
#[async_trait]
pub trait Feed: Send + Sync {
    /// Reads a tenant's log in order, from the first record whose sequence is greater than
    /// `after`. Empty at the end.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`], [`StorageError::Unavailable`] or
    /// [`StorageError::Io`].
    async fn read_records(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<FeedRecord>, StorageError>;

    /// How far the follower has come in a tenant's log.
    ///
    /// # Errors
    ///
    /// As [`Feed::read_records`].
    async fn find_position(
        &self,
        follower: FollowerName,
        tenant: TenantId,
    ) -> Result<FollowerPosition, StorageError>;

    /// The tenants with records that the follower has not read, by number.
    ///
    /// # Errors
    ///
    /// As [`Feed::read_records`].
    async fn list_behind(
        &self,
        follower: FollowerName,
    ) -> Result<Vec<FollowerPosition>, StorageError>;

    /// Moves the follower, and brings about the effects inside the store with it: both or
    /// neither. Durable once `Ok`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Halted`],
    /// [`StorageError::Unavailable`] or [`StorageError::Io`]; it is unknown then whether it
    /// happened, and the position tells.
    async fn advance(
        &self,
        follower: FollowerName,
        step: FollowerStep,
    ) -> Result<Advanced, StorageError>;

    /// Sets the follower back to the beginning of every tenant's log, and drops what it made
    /// inside the store. A step under way afterwards does not happen.
    ///
    /// # Errors
    ///
    /// As [`Feed::advance`]; it may have happened for some tenants then.
    async fn reset_follower(&self, follower: FollowerName) -> Result<(), StorageError>;

    /// Changes whenever this node has stored records.
    fn appended(&self) -> watch::Receiver<u64>;

    /// Whether this node may do the follower's work now: takes the lease if nobody else has
    /// it, and renews it. To be asked before each round.
    ///
    /// # Errors
    ///
    /// As [`Feed::read_records`].
    async fn hold_lease(&self, follower: FollowerName) -> Result<bool, StorageError>;

    /// Leaves the follower's work to other nodes at once, if this node has the lease.
    ///
    /// # Errors
    ///
    /// As [`Feed::read_records`]; the lease ends by itself then.
    async fn release_lease(&self, follower: FollowerName) -> Result<(), StorageError>;

    /// At which pace the log is best followed.
    fn pace(&self) -> FeedPace;
}
