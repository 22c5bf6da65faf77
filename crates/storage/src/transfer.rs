//! Copying a whole store into another: what the source exports and the target imports.
//!
//! Statements keep their sequence, their `stored` and every byte; documents keep the time of
//! their last write. Derived data is not exported: the importing engine derives index,
//! activities and persons from the statements. Everything else (credentials, secrets,
//! cursors, the content of attachments) is written through the other ports.

use acta_access::{Defines, TenantId};
use acta_ambient::Timestamp;
use acta_xapi::{
    Fingerprint, Ifi, ParseLimits, Sha2, Statement, StatementId, StatementText, Version,
    parse_statement,
};
use async_trait::async_trait;

use crate::{AuditEntry, ChainHead, Document, DocumentKey, Record, Removal, StorageError};

/// A statement as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredStatement {
    /// Its position in the tenant's log, from 1, without gaps.
    pub sequence: u64,
    /// The id of the statement.
    pub id: StatementId,
    /// When it was stored.
    pub stored: Timestamp,
    /// The version of the request that it came with.
    pub version: Version,
    /// For comparing its content with that of another statement.
    pub fingerprint: Fingerprint,
    /// The key of its commitment when it is erased.
    pub salt: [u8; 16],
    /// The text, and whether its timestamp equals `stored`.
    pub text: StatementText,
    /// The statement that its object refers to.
    pub target: Option<StatementId>,
    /// Whether its verb voids the target.
    pub is_voiding: bool,
    /// What becomes known by it of activities and persons.
    pub defines: Defines,
}

impl TransferredStatement {
    /// The parsed statement, and the identifier in its `authority`.
    ///
    /// `None`, with a warning in the log, if its text is not valid by the current rules: an
    /// older release with wider rules accepted it. It stays stored, but can be found only by its
    /// id and its time.
    pub fn read(&self) -> Option<(Statement, Ifi)> {
        let parsed =
            parse_statement(self.text.text.as_bytes(), self.version, &ParseLimits::STORED).ok();
        let read = parsed.and_then(|statement| {
            let authority = statement.claimed_authority.as_ref()?.ifi.clone()?;
            Some((statement, authority))
        });
        if read.is_none() {
            tracing::warn!(
                statement.id = %self.id,
                "a stored statement is not valid by the current rules: no filter finds it"
            );
        }
        read
    }
}

/// Splits `items` into chunks within `limits`, in order. An item that is longer than
/// `bytes_max` gets a chunk of its own.
pub fn chunk_by_size<T>(
    items: Vec<T>,
    limits: PageLimits,
    len_bytes: impl Fn(&T) -> usize,
) -> Vec<Vec<T>> {
    let PageLimits { count_max, bytes_max } = limits;
    let mut chunks: Vec<Vec<T>> = Vec::new();
    let mut room_bytes = 0_usize;
    for item in items {
        let len_bytes = len_bytes(&item);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < count_max && len_bytes <= room_bytes => chunk.push(item),
            Some(_) | None => {
                room_bytes = bytes_max;
                chunks.push(vec![item]);
            }
        }
        room_bytes = room_bytes.saturating_sub(len_bytes);
    }
    chunks
}

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredDocument {
    /// The key of the document.
    pub key: DocumentKey,
    /// Its content and the time of its last write.
    pub document: Document,
}

/// The sequence of the first of `entries` that does not follow the one before it, in a chain
/// that ends with `head`; `None` if the chain is intact.
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

/// A secret and its name, as in [`SecretStore::get_or_create_secret`].
///
/// [`SecretStore::get_or_create_secret`]: crate::SecretStore::get_or_create_secret
#[derive(Clone, PartialEq, Eq)]
pub struct NamedSecret {
    /// The name of the secret.
    pub name: String,
    /// The secret bytes.
    pub secret: [u8; 32],
}

impl std::fmt::Debug for NamedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NamedSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The identity of a store, unique whatever its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreId(pub [u8; 32]);

/// The limits of a page. It ends at the first that is reached, but holds at least one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// The most items, at least 1.
    pub count_max: usize,
    /// The page ends once its texts or contents have this many bytes.
    pub bytes_max: usize,
}

/// Exports everything that the other ports do not return, without loss.
#[async_trait]
pub trait TransferSource: Send + Sync {
    /// The identity of this store. It never changes.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] or [`StorageError::Io`].
    async fn identify(&self) -> Result<StoreId, StorageError>;

    /// The number of the history that the store is in. It is greater since a standby took the place
    /// of its database, or the database was restored to an earlier time: what was acknowledged last
    /// before that may be lost. `None` if the engine has only one history, or cannot tell.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`] or [`StorageError::Io`].
    async fn read_timeline(&self) -> Result<Option<u32>, StorageError>;

    /// All secrets that were created, by name, without those of the engine itself.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`] or [`StorageError::Io`].
    async fn list_secrets(&self) -> Result<Vec<NamedSecret>, StorageError>;

    /// All cursors of a tenant as pairs of name and value, in the order of names.
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
    async fn read_statements(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<TransferredStatement>, StorageError>;

    /// Reads a tenant's documents after `after`, in an order that the engine chooses and that
    /// does not change. Empty at the end.
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

    /// When documents of a tenant were last removed, as far as is remembered, for the times of
    /// lists. Few enough for one page ([`REMOVALS_MAX`](crate::REMOVALS_MAX)).
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Busy`] or [`StorageError::Io`].
    async fn list_removals(&self, tenant: TenantId) -> Result<Vec<Removal>, StorageError>;

    /// Lists the hashes of a tenant's attachments after `after`, in the order of their text: at
    /// most `count_max`, but at least one. Empty at the end.
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

/// Imports what another store has exported.
///
/// A store is not served while it imports: one process calls these methods, one after the
/// other.
#[async_trait]
pub trait TransferTarget: Send + Sync {
    /// The store of which this one is an unfinished copy; `None` if it is complete.
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

    /// Removes the mark: the copy is complete. Durable once `Ok`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn finish_import(&self) -> Result<(), StorageError>;

    /// Writes records unchanged, versions included, and replaces those with the same ids.
    /// Atomic; durable once `Ok`. A tenant must be imported before anything that belongs to it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn import_records(&self, records: Vec<Record>) -> Result<(), StorageError>;

    /// Appends entries to a chain of the audit unchanged. Atomic; durable once `Ok`.
    ///
    /// # Errors
    ///
    /// - [`StorageError::Io`] with [`std::io::ErrorKind::InvalidInput`]: the first does not
    ///   follow the end of the chain, or one does not follow the one before it.
    /// - [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn import_audit(
        &self,
        tenant: Option<TenantId>,
        entries: Vec<AuditEntry>,
    ) -> Result<(), StorageError>;

    /// Appends statements with their sequences and times. Durable once `Ok`. After an error, a
    /// first part of each tenant's statements may be stored.
    ///
    /// This is the only method for several tenants at once, because an engine may have one log
    /// for all of them. The run is in the order of `stored`, and of sequences within a tenant.
    ///
    /// # Errors
    ///
    /// - [`StorageError::Io`] with [`std::io::ErrorKind::InvalidInput`]: a statement does not
    ///   follow what is stored: its sequence is not the next of its tenant, its `stored` is
    ///   earlier, or its id is already used.
    /// - [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Halted`],
    ///   [`StorageError::Corrupt`], [`StorageError::Io`].
    async fn import_statements(
        &self,
        run: Vec<(TenantId, TransferredStatement)>,
    ) -> Result<(), StorageError>;

    /// Writes documents with their times and replaces those with the same keys, which is no
    /// removal. The limits of places do not apply. Atomic; durable once `Ok`.
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

    /// Remembers removals of documents; where a later one is known already, that one. Atomic;
    /// durable once `Ok`.
    ///
    /// # Errors
    ///
    /// As [`TransferTarget::import_documents`].
    async fn import_removals(
        &self,
        tenant: TenantId,
        removals: Vec<Removal>,
    ) -> Result<(), StorageError>;
}
