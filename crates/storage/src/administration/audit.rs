//! The audit: who did what, when and from where, in chains that only grow.
//!
//! Each tenant has a chain, and the server has one for what belongs to no tenant. The hash of
//! an entry includes that of the one before, so that changed or removed entries are detected.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::Uuid;
use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::{Order, StorageError};

/// The actor of an audit entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// The operator at the command line of the machine.
    Operator,
    /// The server itself.
    Server,
    /// The account with this id.
    Account(Uuid),
    /// The API credential with this key.
    Credential(String),
    /// The bearer of a token that was issued to the credential with this key.
    Token(String),
    /// The bearer of an access token of an identity provider: its subject.
    Bearer(String),
    /// An unauthenticated client.
    Anonymous,
}

/// The text is not an actor of the audit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no actor: expected operator, server, anonymous, account:…, credential:…, …")]
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
            Self::Anonymous => f.write_str("anonymous"),
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
            None if text == "anonymous" => Ok(Self::Anonymous),
            Some(_) | None => Err(unknown()),
        }
    }
}

/// Whether the act of an entry succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditOutcome {
    /// The act was done.
    Done,
    /// The act was refused.
    Refused,
}

impl AuditOutcome {
    /// The name that is stored and returned.
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

/// An entry to be appended to a chain. No text in it contains the character 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// A unique id, by which a repeated change is recognised.
    pub id: Uuid,
    /// The time of the act.
    pub at: Timestamp,
    /// The actor.
    pub who: Who,
    /// The client's address, or `local` for the machine itself. Empty for the server.
    pub from: String,
    /// The act, as in `credential.created`.
    pub act: Cow<'static, str>,
    /// The object of the act, as in `credential:abcd`. Empty if there is none.
    pub target: String,
    /// Whether the act succeeded.
    pub outcome: AuditOutcome,
    /// The changes, or the reason of a refusal, as a JSON object.
    pub detail: String,
}

/// An entry of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its position in the chain, from 1, without gaps.
    pub sequence: u64,
    /// The content of the entry.
    pub content: NewAuditEntry,
    /// The [`chain_hash`] of this entry and all before it.
    pub hash: ChainHash,
}

/// The hash of an entry and all before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// The hash before the first entry of a chain.
    pub const START: Self = Self([0; 32]);
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

/// The end of a chain: its length and the hash of its last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The sequence of the last entry; 0 if there is none.
    pub sequence: u64,
    /// Its hash; [`ChainHash::START`] if there is none.
    pub hash: ChainHash,
}

impl ChainHead {
    /// The end of an empty chain.
    pub const EMPTY: Self = Self { sequence: 0, hash: ChainHash::START };

    /// The entry that `content` becomes after this end.
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

/// The text is not the end of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a sequence, a colon, and a hash of 64 hexadecimal digits")]
pub struct NotAChainHead;

/// Sequence and hash, as in `12:9f86…`.
impl fmt::Display for ChainHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.sequence, self.hash)
    }
}

impl FromStr for ChainHead {
    type Err = NotAChainHead;

    fn from_str(text: &str) -> Result<Self, NotAChainHead> {
        let (sequence, digits) = text.split_once(':').ok_or(NotAChainHead)?;
        let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
        let sequence = Some(sequence).filter(|text| is_number(text)).ok_or(NotAChainHead)?;
        let sequence = sequence.parse().map_err(|_not_a_number| NotAChainHead)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(digits, &mut hash).map_err(|_not_hexadecimal| NotAChainHead)?;
        Ok(Self { sequence, hash: ChainHash(hash) })
    }
}

impl From<&AuditEntry> for ChainHead {
    fn from(entry: &AuditEntry) -> Self {
        Self { sequence: entry.sequence, hash: entry.hash }
    }
}

/// The hash of an entry: SHA-256 over the previous hash and the whole content, each text
/// preceded by its length. `docs/format/audit.md` shows the bytes.
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

/// A query for entries of a chain: filters, order and page size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// At or after this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// By this actor.
    pub who: Option<Who>,
    /// This act, or, if it ends with a dot, all acts with this prefix.
    pub act: Option<String>,
    /// With this target.
    pub target: Option<String>,
    /// With this outcome.
    pub outcome: Option<AuditOutcome>,
    /// Newest or oldest first.
    pub order: Order,
    /// After the entry with this sequence, in the requested order.
    pub after: Option<u64>,
    /// The most entries to return.
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

    /// Whether an entry passes the filters, regardless of `after`.
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

/// Reads the chains. Only [`crate::RecordStore::commit`] appends to them.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// The matching entries of a tenant's chain, or of the server's.
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

    /// The end of a chain.
    ///
    /// # Errors
    ///
    /// As [`AuditStore::list_audit`].
    async fn audit_head(&self, tenant: Option<TenantId>) -> Result<ChainHead, StorageError>;
}

#[cfg(test)]
mod tests;
