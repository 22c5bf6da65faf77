//! A whole store on its way into another: what one gives away, and what the other imports.
//!
//! Statements keep their sequence, their `stored` and every byte; documents keep when they
//! were written. What can be derived is not given: the engine that imports makes index,
//! activities and persons from the statements. Everything else (credentials, secrets,
//! cursors, the content of attachments) comes in through the ports that keep it anyway.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::{
    Fingerprint, Ifi, ParseLimits, Sha2, Statement, StatementId, StatementText, Version,
    parse_statement,
};
use async_trait::async_trait;

use crate::{AuditEntry, ChainHead, Document, DocumentKey, Record, StorageError};

/// A statement just as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredStatement {
    /// Its place in the tenant's log, from 1, without gaps.
    pub sequence: u64,
    /// Its id.
    pub id: StatementId,
    /// When it was stored.
    pub stored: Timestamp,
    /// The version of the request that brought it.
    pub version: Version,
    /// What it is compared by.
    pub fingerprint: Fingerprint,
    /// Random bytes for commitments.
    pub salt: [u8; 16],
    /// The text, and whether its timestamp equals `stored`.
    pub kept: StatementText,
    /// The statement that its object refers to.
    pub target: Option<StatementId>,
    /// Whether its verb voids the target.
    pub is_voiding: bool,
}

impl TransferredStatement {
    /// What it says, and who vouches for it: the identifier in its `authority`.
    ///
    /// None, with a warning in the log, if its text does not pass today's rules: an older
    /// release whose rules were wider has accepted it. It is kept all the same, but is found
    /// by its id and its time alone.
    pub fn read(&self) -> Option<(Statement, Ifi)> {
        let parsed =
            parse_statement(self.kept.text.as_bytes(), self.version, &ParseLimits::STORED).ok();
        let read = parsed.and_then(|statement| {
            let authority = statement.claimed_authority.as_ref()?.ifi.clone()?;
            Some((statement, authority))
        });
        if read.is_none() {
            tracing::warn!(
                statement.id = %self.id,
                "a statement does not pass today's rules: it is kept, but no filter finds it"
            );
        }
        read
    }
}

/// Cuts a run into pieces that are imported one after the other: each of at most `count_max`
/// and, but for one that is alone, some `bytes_max` bytes of text.
pub fn chunk_by_size<T>(
    run: Vec<T>,
    (count_max, bytes_max): (usize, usize),
    len_bytes: impl Fn(&T) -> usize,
) -> Vec<Vec<T>> {
    let mut pieces: Vec<Vec<T>> = Vec::new();
    let mut room_bytes = 0_usize;
    for one in run {
        let len_bytes = len_bytes(&one);
        match pieces.last_mut() {
            Some(piece) if piece.len() < count_max && len_bytes <= room_bytes => piece.push(one),
            Some(_) | None => {
                room_bytes = bytes_max;
                pieces.push(vec![one]);
            }
        }
        room_bytes = room_bytes.saturating_sub(len_bytes);
    }
    pieces
}

/// A document just as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredDocument {
    /// Which.
    pub key: DocumentKey,
    /// What, and since when.
    pub document: Document,
}

/// The entry among `entries` that does not follow what is before it, in a chain that ends with
/// `head`.
pub fn first_broken_link(
    head: ChainHead,
    tenant: Option<TenantId>,
    entries: &[AuditEntry],
) -> Option<u64> {
    let mut head = head;
    for entry in entries {
        if !head.is_followed_by(tenant, entry) {
            return Some(entry.sequence);
        }
        head = ChainHead::from(entry);
    }
    None
}

/// Secret bytes and their name, as [`SecretStore::get_or_create_secret`] takes them.
///
/// [`SecretStore::get_or_create_secret`]: crate::SecretStore::get_or_create_secret
#[derive(Clone, PartialEq, Eq)]
pub struct NamedSecret {
    /// Its name.
    pub name: String,
    /// The bytes.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for NamedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NamedSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What tells a store from every other one, whatever is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreId(pub [u8; 32]);

/// Where a page ends: at the first of the two, but with one item at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Most items, at least 1.
    pub count_max: usize,
    /// No item follows once the texts or contents on the page hold this many bytes.
    pub bytes_max: usize,
}

/// Gives away everything that is not given by the other ports, and loses nothing.
#[async_trait]
pub trait TransferSource: Send + Sync {
    /// What tells this store from every other one. It never changes.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] or [`StorageError::Io`].
    async fn identify(&self) -> Result<StoreId, StorageError>;

    /// All secrets that were settled, by name. Not those that the engine has for itself.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`] or [`StorageError::Io`].
    async fn list_secrets(&self) -> Result<Vec<NamedSecret>, StorageError>;

    /// All cursors of a tenant, each with its name first, by name.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`] or [`StorageError::Io`].
    async fn list_cursors(&self, tenant: TenantId) -> Result<Vec<(String, String)>, StorageError>;

    /// Reads a tenant's log in order, from the first statement whose sequence is greater than
    /// `after`. Empty at the end.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`] or [`StorageError::Io`].
    async fn read_kept(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<TransferredStatement>, StorageError>;

    /// Reads a tenant's documents behind `after`, in an order of the engine's own that does
    /// not change. Empty at the end.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`] or [`StorageError::Io`].
    async fn read_documents(
        &self,
        tenant: TenantId,
        after: Option<&DocumentKey>,
        page: PageLimits,
    ) -> Result<Vec<TransferredDocument>, StorageError>;

    /// Lists the hashes of a tenant's attachments behind `after`, in the order of their text,
    /// at most `count_max` and at least one unless there is none.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] or [`StorageError::Io`].
    async fn list_attachments(
        &self,
        tenant: TenantId,
        after: Option<&Sha2>,
        count_max: usize,
    ) -> Result<Vec<Sha2>, StorageError>;
}

/// Imports what another store has given away.
///
/// A store that imports is not served: its methods here are called one after the other, by
/// one process.
#[async_trait]
pub trait TransferTarget: Send + Sync {
    /// Of which store this one is an unfinished copy; none if it is whole.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`] or [`StorageError::Io`].
    async fn find_import(&self) -> Result<Option<StoreId>, StorageError>;

    /// Marks this store as an unfinished copy of `source`. Durable once `Ok`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn begin_import(&self, source: StoreId) -> Result<(), StorageError>;

    /// Takes the mark away: everything is here. Durable once `Ok`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn finish_import(&self) -> Result<(), StorageError>;

    /// Writes records as they are, versions included, in place of those with the same ids. All
    /// or none; durable once `Ok`. Tenants come before anything that belongs to them.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn import_records(&self, records: Vec<Record>) -> Result<(), StorageError>;

    /// Appends entries to a chain of the audit as they are. All or none; durable once `Ok`.
    ///
    /// # Errors
    ///
    /// - [`StorageError::Io`] with [`std::io::ErrorKind::InvalidInput`]: the first does not
    ///   follow what is here, or one does not follow the one before it.
    /// - [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn import_audit(
        &self,
        tenant: Option<TenantId>,
        entries: Vec<AuditEntry>,
    ) -> Result<(), StorageError>;

    /// Appends statements with the sequences and times that they have. Durable once `Ok`; of
    /// a run that ends early, of each tenant those before some place in it are here.
    ///
    /// The one act on several tenants, because an engine may keep one log of all of them: the
    /// run ascends by `stored`, and by sequence within a tenant.
    ///
    /// # Errors
    ///
    /// - [`StorageError::Io`] with [`std::io::ErrorKind::InvalidInput`]: a statement does not
    ///   follow what is here: its sequence is not the next of its tenant, its `stored` lies
    ///   before, or its id is taken.
    /// - [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Halted`],
    ///   [`StorageError::Corrupt`], [`StorageError::Io`].
    async fn import_statements(
        &self,
        run: Vec<(TenantId, TransferredStatement)>,
    ) -> Result<(), StorageError>;

    /// Writes documents with the times that they have, over those with the same keys, and
    /// however many their places have. All or none; durable once `Ok`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Halted`] or
    /// [`StorageError::Io`].
    async fn import_documents(
        &self,
        tenant: TenantId,
        documents: Vec<TransferredDocument>,
    ) -> Result<(), StorageError>;
}
