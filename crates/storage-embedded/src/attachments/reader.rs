//! Content on its way out.

use std::io;
use std::sync::Arc;

use acta_statement_log::disk::DiskFile;
use acta_storage::{AttachmentReader, StorageError};
use acta_xapi::scalar::{Sha2, Sha2Hasher};
use async_trait::async_trait;
use bytes::Bytes;

use super::files::{PIECE_BYTES, failed, on_blocking_thread};

/// Reads a file and checks that it is what its name says.
#[derive(Debug)]
pub(super) struct FileReader {
    len_bytes: u64,
    /// None after the last piece or a failure, or while a blocking thread has it.
    unread: Option<Unread>,
}

/// What blocking threads work on.
#[derive(Debug)]
struct Unread {
    file: Arc<dyn DiskFile>,
    sha2: Sha2,
    hasher: Sha2Hasher,
    offset: u64,
    len_bytes: u64,
}

impl FileReader {
    pub(super) fn new(file: Arc<dyn DiskFile>, sha2: Sha2) -> Result<Self, StorageError> {
        let len_bytes = file.len().map_err(failed("measuring an attachment"))?;
        let hasher = sha2.hasher();
        let unread = Unread { file, sha2, hasher, offset: 0, len_bytes };
        Ok(Self { len_bytes, unread: Some(unread) })
    }
}

#[async_trait]
impl AttachmentReader for FileReader {
    fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StorageError> {
        let Some(mut unread) = self.unread.take() else { return Ok(None) };
        let (piece, unread) = on_blocking_thread(move || {
            let piece = unread.piece()?;
            if unread.offset < unread.len_bytes {
                return Ok((piece, Some(unread)));
            }
            // Before the last piece is given out: damaged content never seems complete.
            unread.check().map(|()| (piece, None))
        })
        .await?;
        self.unread = unread;
        Ok(if piece.is_empty() { None } else { Some(piece) })
    }
}

impl Unread {
    fn piece(&mut self) -> Result<Bytes, StorageError> {
        let rest = usize::try_from(self.len_bytes - self.offset).unwrap_or(usize::MAX);
        let mut piece = vec![0; rest.min(PIECE_BYTES)];
        match self.file.read_at(&mut piece, self.offset) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(self.corrupt());
            }
            Err(error) => return Err(failed("reading an attachment")(error)),
        }
        self.hasher.update(&piece);
        self.offset += piece.len() as u64;
        Ok(piece.into())
    }

    fn check(self) -> Result<(), StorageError> {
        let corrupt = self.corrupt();
        if self.hasher.finish() == self.sha2 { Ok(()) } else { Err(corrupt) }
    }

    fn corrupt(&self) -> StorageError {
        StorageError::Corrupt { place: format!("attachment {}", self.sha2.as_str()) }
    }
}
