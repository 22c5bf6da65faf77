//! Content that waits for its batch.

use std::any::Any;
use std::io;
use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::{StagedAttachment, StorageError};
use acta_xapi::Sha2;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use tokio::sync::OwnedSemaphorePermit;

use super::contents::UnnamedContent;
use super::{ContentKind, ContentName, ContentStore};

/// Content that has been received completely. When dropped, it is removed unless it was named.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(super) store: Arc<ContentStore>,
    pub(super) name: ContentName,
    pub(super) announced: Sha2,
    pub(super) computed: Sha2,
    pub(super) len_bytes: u64,
    pub(super) body: StagedBody,
}

/// Where content waits.
#[derive(Debug)]
pub(super) enum StagedBody {
    /// In memory, to be written in the row of its hash.
    Waiting {
        /// All of it.
        bytes: Bytes,
        /// Its reservation of memory.
        _room: OwnedSemaphorePermit,
    },
    /// In the place where it will stay.
    Written(UnnamedContent),
}

impl StagedBody {
    /// Where the content is stored, or would be if it were not short.
    pub(super) const fn kind(&self) -> ContentKind {
        match self {
            Self::Waiting { .. } => ContentKind::Pieces,
            Self::Written(unnamed) => unnamed.kind(),
        }
    }
}

impl Staged {
    /// Converts the attachments of a batch of `tenant` to the engine's type.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] with [`io::ErrorKind::InvalidInput`] when another store staged
    /// one of them, or when one was staged for another tenant.
    pub(crate) fn from_ports(
        store: &Arc<ContentStore>,
        tenant: TenantId,
        staged: Vec<Box<dyn StagedAttachment>>,
    ) -> Result<Vec<Self>, StorageError> {
        staged.into_iter().map(|staged| Self::from_port(store, tenant, staged)).collect()
    }

    fn from_port(
        store: &Arc<ContentStore>,
        tenant: TenantId,
        staged: Box<dyn StagedAttachment>,
    ) -> Result<Self, StorageError> {
        let refused = |reason| StorageError::Io {
            act: "taking over an attachment",
            source: io::Error::new(io::ErrorKind::InvalidInput, reason),
        };
        let staged = staged.into_any().downcast::<Self>();
        let staged = *staged.map_err(|_other| refused("another engine staged it"))?;
        if !Arc::ptr_eq(store, &staged.store) {
            return Err(refused("another store staged it"));
        }
        if staged.name.tenant != tenant {
            return Err(refused("it was staged for another tenant"));
        }
        Ok(staged)
    }
}

#[async_trait]
impl StagedAttachment for Staged {
    fn announced(&self) -> &Sha2 {
        &self.announced
    }

    fn computed(&self) -> &Sha2 {
        &self.computed
    }

    fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    async fn read(&self, len_max: u64) -> Result<Option<Bytes>, StorageError> {
        let (Ok(len), true) = (usize::try_from(self.len_bytes), self.len_bytes <= len_max) else {
            return Ok(None);
        };
        if let StagedBody::Waiting { bytes, .. } = &self.body {
            return Ok(Some(bytes.clone()));
        }
        if self.body.kind() == ContentKind::Object {
            return self.store.read_object(self.name, len).await.map(Some);
        }
        let mut content = BytesMut::with_capacity(len);
        let mut piece = 0;
        while content.len() < len {
            content.extend_from_slice(&self.store.get_piece(self.name, piece).await?);
            piece += 1;
        }
        Ok(Some(content.freeze()))
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
