//! Content on its way in.

use std::io;
use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::{AttachmentWriter, StagedAttachment, StorageError};
use acta_xapi::Sha2;
use acta_xapi::scalar::Sha2Hasher;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::contents::Unnamed;
use super::staged::Body;
use super::{ContentName, ContentStore, PIECE_BYTES, Staged};

/// Writes content and its hash. Without an end, it is removed.
#[derive(Debug)]
pub(super) struct ContentWriter {
    store: Arc<ContentStore>,
    name: ContentName,
    announced: Sha2,
    hasher: Sha2Hasher,
    len_bytes: u64,
    /// What has not been written yet: less than a piece.
    gathered: BytesMut,
    /// What has.
    written: Option<Written>,
    /// Whether a write failed or was not waited for, so that bytes are missing.
    is_broken: bool,
}

/// Content that has gone out of memory.
#[derive(Debug)]
struct Written {
    unnamed: Unnamed,
    piece_count: i32,
}

impl ContentWriter {
    pub(super) fn new(store: &Arc<ContentStore>, tenant: TenantId, announced: Sha2) -> Self {
        Self {
            store: Arc::clone(store),
            name: store.new_name(tenant),
            hasher: announced.hasher(),
            announced,
            len_bytes: 0,
            gathered: BytesMut::new(),
            written: None,
            is_broken: false,
        }
    }

    async fn add(&mut self, mut piece: Bytes) -> Result<(), StorageError> {
        while !piece.is_empty() {
            let room = PIECE_BYTES - self.gathered.len();
            self.gathered.extend_from_slice(&piece.split_to(room.min(piece.len())));
            if self.gathered.len() == PIECE_BYTES {
                self.put_out().await?;
            }
        }
        Ok(())
    }

    /// Writes what is gathered.
    async fn put_out(&mut self) -> Result<(), StorageError> {
        let written = match &mut self.written {
            Some(written) => written,
            None => {
                let unnamed = Unnamed::begin(&self.store, self.name).await?;
                self.written.insert(Written { unnamed, piece_count: 0 })
            }
        };
        self.store.put_piece(self.name, written.piece_count, &self.gathered).await?;
        written.piece_count += 1;
        self.gathered.clear();
        Ok(())
    }

    async fn end(&mut self) -> Result<Body, StorageError> {
        if self.written.is_none()
            && let Some(permit) = self.store.reserve(self.gathered.len())
        {
            let bytes = Bytes::copy_from_slice(&self.gathered);
            return Ok(Body::Waiting { bytes, _room: permit });
        }
        if !self.gathered.is_empty() || self.written.is_none() {
            self.put_out().await?;
        }
        let written = self.written.take().ok_or_else(incomplete)?;
        Ok(Body::Written(written.unnamed))
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
