//! Content on its way into the staging directory.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::disk::{Disk, DiskFile};
use acta_storage::{AttachmentWriter, StagedAttachment, StorageError};
use acta_xapi::scalar::{Sha2, Sha2Hasher};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::files::{PIECE_BYTES, failed, on_blocking_thread, remove_quietly};
use super::staged::Staged;

/// Writes content and its hash. Without an end, the file vanishes with it.
#[derive(Debug)]
pub(super) struct FileWriter {
    /// None after a failure, or while a blocking thread has it.
    unfinished: Option<Unfinished>,
    /// Small pieces, buffered so that not each needs a blocking thread.
    buffer: BytesMut,
}

/// What blocking threads work on.
#[derive(Debug)]
struct Unfinished {
    file: Option<Arc<dyn DiskFile>>,
    /// None once the file belongs to a [`Staged`].
    disk: Option<Arc<dyn Disk>>,
    path: PathBuf,
    tenant: TenantId,
    announced: Sha2,
    hasher: Sha2Hasher,
    len_bytes: u64,
}

impl FileWriter {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        path: PathBuf,
        tenant: TenantId,
        announced: Sha2,
    ) -> Self {
        let hasher = announced.hasher();
        let disk = Some(disk);
        let unfinished =
            Unfinished { file: None, disk, path, tenant, announced, hasher, len_bytes: 0 };
        Self { unfinished: Some(unfinished), buffer: BytesMut::new() }
    }

    fn take(&mut self) -> Result<Unfinished, StorageError> {
        self.unfinished.take().ok_or_else(|| StorageError::Io {
            act: "writing an attachment",
            source: io::Error::other("an earlier piece could not be written"),
        })
    }
}

#[async_trait]
impl AttachmentWriter for FileWriter {
    async fn write(&mut self, piece: Bytes) -> Result<(), StorageError> {
        let has_room = self.buffer.len() + piece.len() < PIECE_BYTES;
        if has_room {
            self.buffer.extend_from_slice(&piece);
            return Ok(());
        }
        let buffer = self.buffer.split().freeze();
        let mut unfinished = self.take()?;
        let unfinished = on_blocking_thread(move || {
            unfinished.append(&buffer)?;
            unfinished.append(&piece)?;
            Ok(unfinished)
        });
        self.unfinished = Some(unfinished.await?);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Box<dyn StagedAttachment>, StorageError> {
        let mut unfinished = self.take()?;
        let buffer = self.buffer.split().freeze();
        let staged = on_blocking_thread(move || {
            unfinished.append(&buffer)?;
            unfinished.finish()
        });
        Ok(Box::new(staged.await?))
    }
}

impl Unfinished {
    fn append(&mut self, piece: &[u8]) -> Result<(), StorageError> {
        if piece.is_empty() {
            return Ok(());
        }
        let file = self.file()?;
        file.write_at(piece, self.len_bytes).map_err(failed("writing an attachment"))?;
        self.hasher.update(piece);
        self.len_bytes += piece.len() as u64;
        Ok(())
    }

    /// The file, which the first piece makes.
    fn file(&mut self) -> Result<Arc<dyn DiskFile>, StorageError> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let disk = self.disk.as_ref().ok_or(StorageError::Halted)?;
        let file = disk.create(&self.path).map_err(failed("making an attachment's file"))?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }

    fn finish(mut self) -> Result<Staged, StorageError> {
        let file = self.file()?;
        file.sync().map_err(failed("syncing an attachment"))?;
        let disk = self.disk.take().ok_or(StorageError::Halted)?;
        let hasher = std::mem::replace(&mut self.hasher, self.announced.hasher());
        Ok(Staged {
            disk: Some(disk),
            path: std::mem::take(&mut self.path),
            tenant: self.tenant,
            announced: self.announced.clone(),
            computed: hasher.finish(),
            len_bytes: self.len_bytes,
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let (Some(disk), Some(_)) = (&self.disk, &self.file) {
            remove_quietly(&**disk, &self.path);
        }
    }
}
