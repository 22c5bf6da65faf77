//! Content that waits in the staging directory for its batch.

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::disk::Disk;
use acta_storage::{StagedAttachment, StorageError};
use acta_xapi::Sha2;
use async_trait::async_trait;
use bytes::Bytes;

use super::files::{failed, remove_quietly};
use crate::blocking::blocking;

/// Content that has been received and synced. Dropped, it vanishes.
#[derive(Debug)]
pub(crate) struct Staged {
    /// None once it is placed.
    pub(super) disk: Option<Arc<dyn Disk>>,
    pub(super) path: PathBuf,
    pub(super) tenant: TenantId,
    pub(super) announced: Sha2,
    pub(super) computed: Sha2,
    pub(super) len_bytes: u64,
}

impl Staged {
    /// The engine's own form of what comes with a batch of `tenant`. To be called before the
    /// batch is queued, so that only placeable content reaches the log's writer.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] with [`io::ErrorKind::InvalidInput`] when another engine staged
    /// it, when it was staged for another tenant, or when its hash is not the announced one.
    pub(crate) fn from_port(
        tenant: TenantId,
        staged: Box<dyn StagedAttachment>,
    ) -> Result<Self, StorageError> {
        let refused = |reason| StorageError::Io {
            act: "taking over an attachment",
            source: io::Error::new(io::ErrorKind::InvalidInput, reason),
        };
        let staged = staged.into_any().downcast::<Self>();
        let staged = *staged.map_err(|_other| refused("another engine staged it"))?;
        if staged.tenant != tenant {
            return Err(refused("it was staged for another tenant"));
        }
        if staged.announced != staged.computed {
            return Err(refused("its content has another hash"));
        }
        Ok(staged)
    }

    /// Moves the content to `path`.
    pub(super) fn rename(mut self, path: &Path) -> io::Result<()> {
        let Some(disk) = &self.disk else { return Ok(()) };
        disk.rename(&self.path, path)?;
        self.disk = None;
        Ok(())
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
        let (Some(disk), true) = (&self.disk, self.len_bytes <= len_max) else { return Ok(None) };
        let Ok(len) = usize::try_from(self.len_bytes) else { return Ok(None) };
        let (disk, path) = (Arc::clone(disk), self.path.clone());
        blocking(move || {
            let failed = failed("reading a staged attachment");
            let mut content = vec![0; len];
            disk.open(&path).map_err(&failed)?.read_at(&mut content, 0).map_err(failed)?;
            Ok(Some(content.into()))
        })
        .await
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(disk) = &self.disk {
            remove_quietly(&**disk, &self.path);
        }
    }
}
