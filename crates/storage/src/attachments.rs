//! The content of attachments, identified by its hash.

use std::any::Any;
use std::fmt::Debug;

use acta_access::TenantId;
use acta_xapi::Sha2;
use async_trait::async_trait;
use bytes::Bytes;

use crate::StorageError;

/// Stores the content of attachments.
#[async_trait]
pub trait AttachmentStore: Send + Sync {
    /// Starts to receive content that is announced with the hash `sha2`.
    ///
    /// The content cannot be read before a batch with it is appended. It is removed if the
    /// writer or the staged attachment is dropped before that.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`], [`StorageError::Halted`] or [`StorageError::Io`].
    async fn stage_attachment(
        &self,
        tenant: TenantId,
        sha2: Sha2,
    ) -> Result<Box<dyn AttachmentWriter>, StorageError>;

    /// Opens the content with this hash, if it came with a stored batch.
    ///
    /// Content is found by the hash that it really has, not by the one that was announced.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when it cannot be opened.
    async fn open_attachment(
        &self,
        tenant: TenantId,
        sha2: &Sha2,
    ) -> Result<Option<Box<dyn AttachmentReader>>, StorageError>;
}

/// Receives the content of one attachment, piece by piece.
#[async_trait]
pub trait AttachmentWriter: Debug + Send {
    /// Adds a piece.
    ///
    /// # Errors
    ///
    /// [`StorageError::TooLarge`], [`StorageError::Busy`], [`StorageError::Full`] or
    /// [`StorageError::Io`].
    async fn write(&mut self, piece: Bytes) -> Result<(), StorageError>;

    /// Completes the content. The result can be appended with a batch.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn finish(self: Box<Self>) -> Result<Box<dyn StagedAttachment>, StorageError>;
}

/// Content that has been received and waits for its batch. Removed when dropped.
#[async_trait]
pub trait StagedAttachment: Debug + Send + Sync {
    /// The hash that was announced.
    fn announced(&self) -> &Sha2;

    /// The computed hash, of the same member of the SHA-2 family.
    fn computed(&self) -> &Sha2;

    /// Its size in bytes.
    fn len_bytes(&self) -> u64;

    /// The content, for a check of signatures; none if longer than `len_max`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when it cannot be read back.
    async fn read(&self, len_max: u64) -> Result<Option<Bytes>, StorageError>;

    /// The concrete type, for the engine that created it.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

/// Reads the content of one attachment, piece by piece.
#[async_trait]
pub trait AttachmentReader: Debug + Send {
    /// Its size in bytes.
    fn len_bytes(&self) -> u64;

    /// The next piece; none at the end.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    async fn next(&mut self) -> Result<Option<Bytes>, StorageError>;
}
