//! The content of attachments in a map.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;

use acta_access::TenantId;
use acta_xapi::{Sha2, scalar::Sha2Hasher};
use async_trait::async_trait;
use bytes::Bytes;

use super::ModelStorage;
use crate::{AttachmentReader, AttachmentStore, AttachmentWriter, StagedAttachment, StorageError};

/// Most bytes that a reader returns at once.
const PIECE_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug)]
struct ModelWriter {
    announced: Sha2,
    hasher: Sha2Hasher,
    content: Vec<u8>,
}

/// Content that waits for its batch.
#[derive(Debug)]
pub(super) struct ModelAttachment {
    announced: Sha2,
    computed: Sha2,
    content: Bytes,
}

#[derive(Debug)]
struct ModelReader {
    len_bytes: u64,
    rest: Bytes,
}

impl ModelAttachment {
    /// The attachments of a batch, all of which this engine staged.
    pub(super) fn all_of(
        staged: Vec<Box<dyn StagedAttachment>>,
    ) -> Result<Vec<Self>, StorageError> {
        let own = staged.into_iter().map(|one| match one.into_any().downcast::<Self>() {
            Ok(own) => Ok(*own),
            Err(_) => Err(StorageError::Io {
                act: "appending an attachment that another engine staged",
                source: io::ErrorKind::InvalidInput.into(),
            }),
        });
        own.collect()
    }

    /// Makes the content readable, by its computed hash only.
    pub(super) fn put_into(self, contents: &mut BTreeMap<Sha2, Bytes>) {
        contents.insert(self.computed, self.content);
    }
}

#[async_trait]
impl AttachmentStore for ModelStorage {
    async fn stage_attachment(
        &self,
        _tenant: TenantId,
        sha2: Sha2,
    ) -> Result<Box<dyn AttachmentWriter>, StorageError> {
        let hasher = sha2.hasher();
        Ok(Box::new(ModelWriter { announced: sha2, hasher, content: Vec::new() }))
    }

    async fn open_attachment(
        &self,
        tenant: TenantId,
        sha2: &Sha2,
    ) -> Result<Option<Box<dyn AttachmentReader>>, StorageError> {
        let content = self.with_tenant_data(tenant, |data| data.attachments.get(sha2).cloned());
        Ok(content.map(|content| -> Box<dyn AttachmentReader> {
            Box::new(ModelReader { len_bytes: content.len() as u64, rest: content })
        }))
    }
}

#[async_trait]
impl AttachmentWriter for ModelWriter {
    async fn write(&mut self, piece: Bytes) -> Result<(), StorageError> {
        self.hasher.update(&piece);
        self.content.extend_from_slice(&piece);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<Box<dyn StagedAttachment>, StorageError> {
        let Self { announced, hasher, content } = *self;
        let computed = hasher.finish();
        Ok(Box::new(ModelAttachment { announced, computed, content: content.into() }))
    }
}

#[async_trait]
impl StagedAttachment for ModelAttachment {
    fn announced(&self) -> &Sha2 {
        &self.announced
    }

    fn computed(&self) -> &Sha2 {
        &self.computed
    }

    fn len_bytes(&self) -> u64 {
        self.content.len() as u64
    }

    async fn read(&self, len_max: u64) -> Result<Option<Bytes>, StorageError> {
        Ok((self.len_bytes() <= len_max).then(|| self.content.clone()))
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

#[async_trait]
impl AttachmentReader for ModelReader {
    fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StorageError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let len = self.rest.len().min(PIECE_BYTES_MAX);
        Ok(Some(self.rest.split_to(len)))
    }
}
