//! The content of attachments, named by its hash.

use std::any::Any;
use std::fmt::Debug;

use acta_access::TenantId;
use acta_xapi::Sha2;
use async_trait::async_trait;
use bytes::Bytes;

use crate::StorageError;

/// Keeps the content of attachments.
#[async_trait]
pub trait AttachmentStore: Send + Sync {
    /// Starts to receive content that is announced under `sha2`.
    ///
    /// What is written is invisible until a batch with it is appended, and vanishes when
    /// the writer or the staged attachment is dropped before.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`], [`StorageError::Halted`] or [`StorageError::Io`].
    async fn stage_attachment(
        &self,
        tenant: TenantId,
        sha2: Sha2,
    ) -> Result<Box<dyn AttachmentWriter>, StorageError>;

    /// Opens the content with this hash, if a stored batch brought it.
    ///
    /// Nothing is found under a hash that it does not have, whatever was announced.
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

    /// Ends the content. The result is ready to be appended with a batch.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn finish(self: Box<Self>) -> Result<Box<dyn StagedAttachment>, StorageError>;
}

/// Content that has been received and waits for its batch. Vanishes when dropped.
#[async_trait]
pub trait StagedAttachment: Debug + Send + Sync {
    /// The hash under which it was announced.
    fn announced(&self) -> &Sha2;

    /// The hash that it really has, of the same member of the SHA-2 family.
    fn computed(&self) -> &Sha2;

    /// Its size in bytes.
    fn len_bytes(&self) -> u64;

    /// The content, for a check of signatures; none if longer than `len_max`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] when it cannot be read back.
    async fn read(&self, len_max: u64) -> Result<Option<Bytes>, StorageError>;

    /// The engine's own type, for the engine that made it.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

/// Gives the content of one attachment, piece by piece.
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
