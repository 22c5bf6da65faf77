//! Receiving content.

use std::io;
use std::sync::Arc;

use acta_access::TenantId;
use acta_objects::{PART_BYTES, PartTag, Upload};
use acta_storage::{AttachmentWriter, StagedAttachment, StorageError};
use acta_xapi::Sha2;
use acta_xapi::scalar::Sha2Hasher;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::contents::UnnamedContent;
use super::staged::StagedBody;
use super::{ContentKind, ContentName, ContentStore, PIECE_BYTES, Staged};

/// Writes content and computes its hash. If it is not finished, the content is removed.
#[derive(Debug)]
pub(super) struct ContentWriter {
    store: Arc<ContentStore>,
    name: ContentName,
    announced: Sha2,
    hasher: Sha2Hasher,
    len_bytes: u64,
    /// Bytes that have not been written yet: less than a piece.
    buffer: BytesMut,
    /// The part that has been written.
    written: Option<SentContent>,
    /// Whether a write failed or was cancelled, so that bytes are missing.
    is_broken: bool,
}

/// Content that has been written out of memory.
#[derive(Debug)]
struct SentContent {
    unnamed: UnnamedContent,
    sent: SentParts,
}

/// The sent parts of content.
#[derive(Debug)]
enum SentParts {
    /// Pieces in the database.
    Pieces(i32),
    /// Parts of an object.
    Parts { upload: Upload, tags: Vec<PartTag> },
    /// A whole object.
    Object,
}

impl ContentWriter {
    pub(super) fn new(store: &Arc<ContentStore>, tenant: TenantId, announced: Sha2) -> Self {
        Self {
            store: Arc::clone(store),
            name: store.new_name(tenant),
            hasher: announced.hasher(),
            announced,
            len_bytes: 0,
            buffer: BytesMut::new(),
            written: None,
            is_broken: false,
        }
    }

    /// How many bytes are collected before they are written.
    fn piece_bytes(&self) -> usize {
        match self.store.kind {
            ContentKind::Pieces => PIECE_BYTES,
            ContentKind::Object => PART_BYTES,
        }
    }

    async fn add(&mut self, mut piece: Bytes) -> Result<(), StorageError> {
        while !piece.is_empty() {
            let room = self.piece_bytes() - self.buffer.len();
            self.buffer.extend_from_slice(&piece.split_to(room.min(piece.len())));
            if self.buffer.len() == self.piece_bytes() {
                self.put_out().await?;
            }
        }
        Ok(())
    }

    /// Writes the collected bytes as a piece that is not the last.
    async fn put_out(&mut self) -> Result<(), StorageError> {
        let (store, name) = (&self.store, self.name);
        if self.written.is_none() {
            let unnamed = UnnamedContent::begin(store, name).await?;
            let sent = match unnamed.kind() {
                ContentKind::Pieces => SentParts::Pieces(0),
                ContentKind::Object => {
                    let upload = store.begin_upload(name).await?;
                    SentParts::Parts { upload, tags: Vec::new() }
                }
            };
            self.written = Some(SentContent { unnamed, sent });
        }
        let Some(written) = &mut self.written else { return Err(incomplete()) };
        match &mut written.sent {
            SentParts::Pieces(count) => {
                store.put_piece(name, *count, &self.buffer).await?;
                *count += 1;
                self.buffer.clear();
            }
            SentParts::Parts { upload, tags } => {
                let part = self.buffer.split().freeze();
                tags.push(store.put_part(name, upload, tags.len(), part).await?);
            }
            SentParts::Object => return Err(incomplete()),
        }
        Ok(())
    }

    async fn end(&mut self) -> Result<StagedBody, StorageError> {
        if self.written.is_none()
            && let Some(permit) = self.store.reserve(self.buffer.len())
        {
            let bytes = Bytes::copy_from_slice(&self.buffer);
            return Ok(StagedBody::Waiting { bytes, _room: permit });
        }
        if self.written.is_none() && self.store.kind == ContentKind::Object {
            let unnamed = UnnamedContent::begin(&self.store, self.name).await?;
            self.written = Some(SentContent { unnamed, sent: SentParts::Object });
            self.store.put_object(self.name, self.buffer.split().freeze()).await?;
        } else if !self.buffer.is_empty() || self.written.is_none() {
            self.put_out().await?;
        }
        let written = self.written.take().ok_or_else(incomplete)?;
        if let SentParts::Parts { upload, tags } = written.sent {
            self.store.complete_upload(self.name, &upload, tags).await?;
        }
        Ok(StagedBody::Written(written.unnamed))
    }
}

#[async_trait]
impl AttachmentWriter for ContentWriter {
    async fn write(&mut self, piece: Bytes) -> Result<(), StorageError> {
        if self.is_broken {
            return Err(incomplete());
        }
        self.is_broken = true;
        let bytes_max = self.store.bytes_max;
        self.len_bytes = self.len_bytes.saturating_add(piece.len() as u64);
        if bytes_max < self.len_bytes {
            return Err(StorageError::TooLarge { bytes_max });
        }
        self.hasher.update(&piece);
        self.add(piece).await?;
        self.is_broken = false;
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Box<dyn StagedAttachment>, StorageError> {
        if self.is_broken {
            return Err(incomplete());
        }
        let body = self.end().await?;
        let Self { store, name, announced, hasher, len_bytes, .. } = *self;
        let computed = hasher.finish();
        Ok(Box::new(Staged { store, name, announced, computed, len_bytes, body }))
    }
}

fn incomplete() -> StorageError {
    StorageError::Io {
        act: "writing an attachment",
        source: io::Error::other("an earlier piece could not be written"),
    }
}
