//! The feed: the log as followers read it, and the position of each follower.
//!
//! A *follower* is a named reader of the statement log that derives something from it: the
//! definitions of activities, columns of facts, a copy in another store. It reads each
//! tenant's log in commit order. Its position, the sequence of the last record that it has
//! read, is durable. What it derives can be dropped at any time and rebuilt.
//!
//! What a follower derives is its *effects*. Effects inside the store are passed to
//! [`Feed::advance`] and are committed together with the new position. Effects outside the
//! store happen before the position is advanced, so they may happen again after a crash: they
//! must be idempotent by tenant and sequence.
//!
//! Several nodes may run a follower of the same name; a lease chooses the one that does the
//! work, and the comparison of positions in [`Feed::advance`] makes it harmless if two nodes
//! believe that they hold it. A follower whose data is on each node, such as
//! [`FollowerName::FACTS`], keeps its positions with its data: here it stays at the beginning. So
//! does [`FollowerName::PROOF`], whose position is the size of a tree.

mod tiles;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::Statement;
use async_trait::async_trait;
use tokio::sync::watch;

use crate::{EntityFact, EntityFacts, PageLimits, StorageError, TransferredStatement};

pub use tiles::{StoredTile, TilePlace, TileStore};

/// The name of a follower, which identifies its positions: lower-case letters and hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FollowerName(&'static str);

impl FollowerName {
    /// The follower that stores definitions of activities and names of persons.
    pub const ENTITIES: Self = Self::new("entities");

    /// The follower that makes facts on each node, where its positions are.
    pub const FACTS: Self = Self::new("facts");

    /// The follower that keeps the Merkle trees of tenants.
    pub const PROOF: Self = Self::new("proof");

    /// The follower with this name.
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

    /// The name as text, as engines store it.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for FollowerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A record of a tenant's log as a follower reads it.
#[derive(Clone, Debug)]
pub struct FeedRecord {
    /// Its position in the tenant's log, from 1, without gaps.
    pub sequence: u64,
    /// When it was stored.
    pub stored: Timestamp,
    /// The statement, or what is left of it.
    pub content: FeedContent,
}

/// The content of a record of the log.
///
/// It does not include whether a statement is voided: a voiding statement is a record of its
/// own, and may precede the statement that it voids. A follower that needs this stores the
/// targets of voiding statements, so that a rebuild gives the same result.
#[derive(Clone, Debug)]
pub enum FeedContent {
    /// A statement, shared by all followers that read it.
    Statement(Arc<FeedStatement>),
    /// A statement that was erased.
    Erased {
        /// HMAC-SHA256 of the erased statement, keyed with its salt; see
        /// `docs/format/log.md`.
        commitment: [u8; 32],
    },
}

impl FeedRecord {
    /// A record of a statement that is already loaded.
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

    /// A record of a statement whose facts about activities and persons are known. The rest,
    /// a text of `len_bytes`, is loaded from `source` when it is needed.
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

    /// The length of its text, in bytes.
    pub fn len_bytes(&self) -> usize {
        self.statement().map_or(0, |statement| statement.len_bytes)
    }
}

/// Loads a statement of the feed when it is needed.
pub trait StatementSource: fmt::Debug + Send + Sync {
    /// Loads the statement as it is stored.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    fn load(&self) -> Result<TransferredStatement, StorageError>;
}

/// A statement in the feed: its stored form and its parsed content, both loaded on demand.
#[derive(Debug)]
pub struct FeedStatement {
    sequence: u64,
    len_bytes: usize,
    /// `None` if it was loaded when this was created.
    source: Option<Box<dyn StatementSource>>,
    // Boxed, since most followers need neither.
    loaded: OnceLock<Box<TransferredStatement>>,
    parsed: OnceLock<Option<Box<Statement>>>,
    entity_facts: OnceLock<EntityFacts>,
}

impl FeedStatement {
    /// Its position in the tenant's log.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Its stored form, with fingerprint and salt.
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

    /// The parsed statement. `None`, with a warning in the log, if its text is not valid by the
    /// rules of this release.
    ///
    /// # Errors
    ///
    /// As [`StatementSource::load`].
    pub fn parsed(&self) -> Result<Option<&Statement>, StorageError> {
        let loaded = self.load()?;
        let parse = || loaded.read().map(|(statement, _)| Box::new(statement));
        Ok(self.parsed.get_or_init(parse).as_deref())
    }

    /// Its facts about activities and persons. They are in memory if it was received recently;
    /// otherwise its text is loaded and parsed.
    ///
    /// # Errors
    ///
    /// As [`StatementSource::load`].
    pub fn entity_facts(&self) -> Result<&EntityFacts, StorageError> {
        if let Some(facts) = self.entity_facts.get() {
            return Ok(facts);
        }
        let (parsed, defines) = (self.parsed()?, self.load()?.defines);
        Ok(self.entity_facts.get_or_init(|| {
            let facts = parsed.map(|statement| EntityFacts::of(statement, defines));
            facts.unwrap_or_default()
        }))
    }

    /// Whether [`FeedStatement::entity_facts`] returns without loading anything.
    pub fn has_entity_facts(&self) -> bool {
        self.entity_facts.get().is_some()
    }
}

/// The position of a follower in a tenant's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerPosition {
    /// The tenant of the log.
    pub tenant: TenantId,
    /// The sequence of the last record that it has read; 0 before the first.
    pub sequence: u64,
    /// The sequence of the last record of the log.
    pub last_sequence: u64,
}

impl FollowerPosition {
    /// How many records it has not read yet.
    pub const fn lag(&self) -> u64 {
        self.last_sequence.saturating_sub(self.sequence)
    }
}

/// The effects of some records inside the store.
#[derive(Clone, Debug, Default)]
pub struct StoreEffects {
    /// Their facts about activities and persons, in the order of the log.
    pub entity_facts: Vec<EntityFact>,
}

impl StoreEffects {
    /// Adds the effects of the records that follow.
    pub fn add(&mut self, mut other: Self) {
        self.entity_facts.append(&mut other.entity_facts);
    }

    /// Bytes of the texts in it.
    pub fn len_bytes(&self) -> usize {
        self.entity_facts.iter().map(|fact| fact.subject.len() + fact.text.len()).sum()
    }

    /// Whether there are no effects.
    pub const fn is_empty(&self) -> bool {
        self.entity_facts.is_empty()
    }
}

/// An advance of a follower's position over some records of a tenant.
#[derive(Clone, Debug)]
pub struct FollowerStep {
    /// Whose log.
    pub tenant: TenantId,
    /// The position that the follower must have for the step to happen.
    pub from: u64,
    /// The position afterwards.
    pub to: u64,
    /// The effects that are committed with it, in the order of the log.
    pub effects: StoreEffects,
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advanced {
    /// It happened, durably.
    Done,
    /// It did not happen, or only its first part: the follower has another position, because
    /// another node has advanced it or because it was reset. Read the position again.
    Moved,
}

/// The intervals at which followers read from an engine and save to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedPace {
    /// How often to poll for records that other nodes have stored; `None` for a single node.
    pub poll: Option<Duration>,
    /// The shortest time between two reads, so that small batches are read together.
    pub pause: Duration,
    /// The delay before effects are saved, so that those of many records are written together.
    pub effects_after: Duration,
    /// The delay before a position without effects is saved.
    pub save_after: Duration,
    /// How many tenants' steps are saved at the same time.
    pub concurrent_steps: usize,
}

/// Lets followers read the log, and stores their positions.
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

    /// The follower's positions in the tenants whose records it has not all read, in the order
    /// of their numbers.
    ///
    /// # Errors
    ///
    /// As [`Feed::read_records`].
    async fn list_behind(
        &self,
        follower: FollowerName,
    ) -> Result<Vec<FollowerPosition>, StorageError>;

    /// Advances the follower and writes its effects inside the store. Durable once `Ok`.
    ///
    /// The position is never ahead of the effects: it moves in the transaction that writes them. An
    /// engine may divide a long step, so that others do not wait for all of it. If the process ends
    /// within one, the follower continues from the position, and effects that were written before
    /// do no harm when they are written again.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Halted`],
    /// [`StorageError::Unavailable`] or [`StorageError::Io`]; it is then unknown how much
    /// of it happened, and reading the position shows it.
    async fn advance(
        &self,
        follower: FollowerName,
        step: FollowerStep,
    ) -> Result<Advanced, StorageError>;

    /// Sets the follower back to the beginning of every tenant's log, and removes its effects
    /// inside the store. A step that is in progress meanwhile does not go on.
    ///
    /// # Errors
    ///
    /// As [`Feed::advance`]; it may then have happened for some tenants.
    async fn reset_follower(&self, follower: FollowerName) -> Result<(), StorageError>;

    /// Changes whenever this node has stored records.
    fn appended(&self) -> watch::Receiver<u64>;

    /// Whether this node may do the follower's work now. Acquires the lease if no other node
    /// has it, and renews it. To be called before each round.
    ///
    /// # Errors
    ///
    /// As [`Feed::read_records`].
    async fn hold_lease(&self, follower: FollowerName) -> Result<bool, StorageError>;

    /// Releases the lease if this node has it, so that another node can take it at once.
    ///
    /// # Errors
    ///
    /// As [`Feed::read_records`]; the lease then expires by itself.
    async fn release_lease(&self, follower: FollowerName) -> Result<(), StorageError>;

    /// The intervals at which followers should read and save.
    fn pace(&self) -> FeedPace;
}
