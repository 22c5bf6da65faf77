//! State and profile documents.

mod key;
mod place;
mod removal;

pub use key::{DocumentKey, DocumentList};
pub use place::{DocumentPlace, DocumentRow};
pub use removal::{REMOVALS_MAX, Removal, RemovalScope};

use acta_access::TenantId;
use acta_ambient::Timestamp;
use async_trait::async_trait;
use bytes::Bytes;

use crate::StorageError;

/// The SHA-1 of a document's content, 40 hexadecimal digits in lower case, without quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Etag(pub String);

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Any bytes.
    pub content: Bytes,
    /// Internet media type, as sent.
    pub content_type: String,
    /// The hash of the content.
    pub etag: Etag,
    /// When it was last written.
    pub updated: Timestamp,
}

/// The documents of a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentNames {
    /// Their names, sorted, without duplicates.
    pub names: Vec<String>,
    /// When the last change of the place happened, in the names or not: when the one that was last
    /// written was written, or when documents were last removed, whichever is later. It never goes
    /// back, and is never earlier than the change itself, but may be later ([`REMOVALS_MAX`]).
    /// `None` if nothing is known to have changed: there is no document, and none is known to have
    /// been removed.
    pub updated: Option<Timestamp>,
}

/// A document to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDocument {
    /// Any bytes.
    pub content: Bytes,
    /// Internet media type, as sent.
    pub content_type: String,
    /// The hash of the content.
    pub etag: Etag,
    /// The most documents of its place. If the place is full, existing documents can be
    /// replaced, but none can be created.
    pub count_max: usize,
}

/// The value of an `If-Match` or `If-None-Match` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EtagMatch {
    /// `*`: any document.
    Any,
    /// One of these.
    OneOf(Vec<Etag>),
}

impl EtagMatch {
    /// Whether it matches the document with the tag `current`; `None` if there is no document.
    pub fn is_met_by(&self, current: Option<&Etag>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::OneOf(etags), Some(etag)) => etags.contains(etag),
        }
    }
}

/// The condition on the current document under which a write happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// The current document is one of these.
    pub if_match: Option<EtagMatch>,
    /// The current document is none of these.
    pub if_none_match: Option<EtagMatch>,
}

impl Precondition {
    /// Whether it holds when the current document's tag is `current`.
    ///
    /// Spec: RFC 9110, 13.1.
    pub fn holds(&self, current: Option<&Etag>) -> bool {
        self.if_match.as_ref().is_none_or(|wanted| wanted.is_met_by(current))
            && self.if_none_match.as_ref().is_none_or(|unwanted| !unwanted.is_met_by(current))
    }
}

/// The result of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentWrite {
    /// There was no document before.
    Created,
    /// An existing document was replaced or removed.
    Replaced,
    /// There was nothing to remove.
    Nothing,
}

/// Stores documents.
///
/// Each write is atomic: its precondition is checked against the document that it replaces,
/// so of two writers with the same precondition one fails.
#[async_trait]
pub trait DocumentStore: Send + Sync {
    /// Finds a document.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    async fn find_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
    ) -> Result<Option<Document>, StorageError>;

    /// Creates or replaces a document. Durable once `Ok`.
    ///
    /// # Errors
    ///
    /// - [`StorageError::PreconditionFailed`]: the current document does not match.
    /// - [`StorageError::TooMany`]: the document is new and its place is full.
    /// - [`StorageError::Busy`], [`StorageError::Full`]: nothing was written.
    /// - [`StorageError::Halted`], [`StorageError::Io`]: unknown whether it was written.
    async fn replace_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        document: NewDocument,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError>;

    /// Removes a document. Durable once `Ok`.
    ///
    /// # Errors
    ///
    /// As [`DocumentStore::replace_document`].
    async fn remove_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError>;

    /// Removes all documents of a place that were there when it began. Returns how many it removed.
    /// For the times of lists, all that may have had one of them have changed.
    ///
    /// Each document is removed atomically, but not all of them together: others may see and write
    /// some of them while it lasts. If it fails, or its caller goes away, some may have been
    /// removed, and the same removal removes the rest.
    ///
    /// # Errors
    ///
    /// As [`DocumentStore::replace_document`]; what was removed before stays removed.
    async fn remove_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
    ) -> Result<u64, StorageError>;

    /// The names of the documents of a place that were written after `since`, and when the
    /// documents of the place last changed, `since` or not.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    async fn list_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
        since: Option<Timestamp>,
    ) -> Result<DocumentNames, StorageError>;
}
