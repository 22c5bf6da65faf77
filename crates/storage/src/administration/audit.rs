//! The audit: who did what, when and from where, in chains that only grow.
//!
//! Each tenant has a chain, and the server has one for what belongs to no tenant. An entry is
//! bound to the one before by its hash, so that nobody changes or removes one unnoticed.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::Uuid;
use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::{Order, StorageError};

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// The person at the command line of the machine.
    Operator,
    /// The server by itself.
    Server,
    /// The account with this id.
    Account(Uuid),
    /// The API credential with this key.
    Credential(String),
    /// Somebody with a token that was issued to this credential.
    Token(String),
    /// The bearer of an access token of an identity provider: its subject.
    Bearer(String),
    /// Nobody knows.
    Stranger,
}

/// The text names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names nobody: expected operator, server, stranger, account:…, credential:…, …")]
pub struct NotAWho(String);

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Server => f.write_str("server"),
            Self::Account(id) => write!(f, "account:{id}"),
            Self::Credential(key) => write!(f, "credential:{key}"),
            Self::Token(key) => write!(f, "token:{key}"),
            Self::Bearer(subject) => write!(f, "bearer:{subject}"),
            Self::Stranger => f.write_str("stranger"),
        }
    }
}

impl FromStr for Who {
    type Err = NotAWho;

    fn from_str(text: &str) -> Result<Self, NotAWho> {
        let unknown = || NotAWho(text.to_owned());
        match text.split_once(':') {
            Some(("account", id)) => id.parse().ok().map(Self::Account).ok_or_else(unknown),
            Some(("credential", key)) => Ok(Self::Credential(key.to_owned())),
            Some(("token", key)) => Ok(Self::Token(key.to_owned())),
            Some(("bearer", subject)) => Ok(Self::Bearer(subject.to_owned())),
            None if text == "operator" => Ok(Self::Operator),
            None if text == "server" => Ok(Self::Server),
            None if text == "stranger" => Ok(Self::Stranger),
            Some(_) | None => Err(unknown()),
        }
    }
}

/// Whether the act that an entry tells of happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditOutcome {
    /// It happened.
    Done,
    /// It was refused.
    Refused,
}

impl AuditOutcome {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The outcome with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Done, Self::Refused].into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// An entry on its way into a chain. No text in it holds the character 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Its own, so that a repeated change is known again.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// From where: an address, or `local` for the machine itself. Empty for the server.
    pub from: String,
    /// What was done, as in `credential.created`.
    pub act: Cow<'static, str>,
    /// To what, as in `credential:abcd`. Empty if to nothing in particular.
    pub target: String,
    /// Whether it happened.
    pub outcome: AuditOutcome,
    /// What changed, or why not, as a JSON object.
    pub detail: String,
}

/// An entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place in the chain, from 1, without gaps.
    pub sequence: u64,
    /// What it tells.
    pub content: NewAuditEntry,
    /// [`chain_hash`] of the entry before and this one.
    pub hash: ChainHash,
}

/// What binds an entry to all before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// What the first entry of a chain is bound to.
    pub const START: Self = Self([0; 32]);
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

/// The end of a chain: how long it is, and the hash of its last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The sequence of the last entry; 0 if there is none.
    pub sequence: u64,
    /// Its hash; [`ChainHash::START`] if there is none.
    pub hash: ChainHash,
}

impl ChainHead {
    /// The end of a chain without entries.
    pub const EMPTY: Self = Self { sequence: 0, hash: ChainHash::START };

    /// The entry that `told` becomes behind this end.
    pub fn follow(self, tenant: Option<TenantId>, content: NewAuditEntry) -> AuditEntry {
        let sequence = self.sequence + 1;
        let hash = chain_hash(self.hash, tenant, sequence, &content);
        AuditEntry { sequence, content, hash }
    }

    /// Whether `entry` is the one that follows this end, unchanged.
    pub fn is_followed_by(self, tenant: Option<TenantId>, entry: &AuditEntry) -> bool {
        entry.sequence == self.sequence + 1
            && entry.hash == chain_hash(self.hash, tenant, entry.sequence, &entry.content)
    }
}

impl From<&AuditEntry> for ChainHead {
    fn from(entry: &AuditEntry) -> Self {
        Self { sequence: entry.sequence, hash: entry.hash }
    }
}

/// The hash of an entry: SHA-256 over the hash before it and everything that it tells, each
/// text with its length before it. `docs/format/audit.md` draws the bytes.
pub fn chain_hash(
    previous: ChainHash,
    tenant: Option<TenantId>,
    sequence: u64,
    content: &NewAuditEntry,
) -> ChainHash {
    let mut hasher = Sha256::new();
    hasher.update(b"acta audit 1\n");
    hasher.update(previous.0);
    hasher.update(tenant.map_or(0, TenantId::number).to_le_bytes());
    hasher.update(sequence.to_le_bytes());
    hasher.update(content.at.unix_micros().to_le_bytes());
    let (id, who) = (content.id.to_string(), content.who.to_string());
    let texts = [
        id.as_str(),
        who.as_str(),
        &content.from,
        &content.act,
        &content.target,
        content.outcome.as_str(),
        &content.detail,
    ];
    for text in texts {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    ChainHash(hasher.finalize().into())
}

/// Which entries of a chain, in which order, how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// At or after.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// By them.
    pub who: Option<Who>,
    /// This act, or, if it ends with a dot, all that begin so.
    pub act: Option<String>,
    /// To this target.
    pub target: Option<String>,
    /// With this outcome.
    pub outcome: Option<AuditOutcome>,
    /// Newest or oldest first.
    pub order: Order,
    /// Behind the entry with this sequence, in the order asked for.
    pub after: Option<u64>,
    /// Most entries.
    pub count_max: usize,
}

impl AuditQuery {
    /// All entries, oldest first.
    pub const fn everything(count_max: usize) -> Self {
        Self {
            since: None,
            until: None,
            who: None,
            act: None,
            target: None,
            outcome: None,
            order: Order::Ascending,
            after: None,
            count_max,
        }
    }

    /// Whether an entry is one of those asked for, wherever it stands.
    pub fn matches(&self, content: &NewAuditEntry) -> bool {
        let is_act = |act: &String| match act.strip_suffix('.') {
            Some(_) => content.act.starts_with(act.as_str()),
            None => content.act == *act,
        };
        self.since.is_none_or(|since| since <= content.at)
            && self.until.is_none_or(|until| content.at < until)
            && self.who.as_ref().is_none_or(|who| *who == content.who)
            && self.act.as_ref().is_none_or(is_act)
            && self.target.as_ref().is_none_or(|target| *target == content.target)
            && self.outcome.is_none_or(|outcome| outcome == content.outcome)
    }
}

/// Reads the chains. They grow by [`crate::RecordStore::commit`] alone.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// The entries of a tenant's chain, or the server's, that match.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`], [`StorageError::Unavailable`] or
    /// [`StorageError::Io`].
    async fn list_audit(
        &self,
        tenant: Option<TenantId>,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEntry>, StorageError>;

    /// Where a chain ends.
    ///
    /// # Errors
    ///
    /// As [`AuditStore::list_audit`].
    async fn audit_head(&self, tenant: Option<TenantId>) -> Result<ChainHead, StorageError>;
}

#[cfg(test)]
mod tests;
