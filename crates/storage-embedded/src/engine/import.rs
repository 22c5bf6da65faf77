//! Importing the statements of another store: encoded in parallel, written in order.

use std::collections::VecDeque;
use std::sync::Arc;

use acta_access::TenantId;
use acta_storage::{PageLimits, StorageError, TransferredStatement, chunk_by_size};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Engine;
use crate::blocking::join;
use crate::writer::queue::{ImportBatch, Work};

/// Most statements, and bytes of text unless it is one statement, that one thread prepares and
/// that are written at once.
const PIECE: PageLimits = PageLimits { count_max: 2048, bytes_max: 4 << 20 };

/// Pieces that are encoded while another is written.
const ENCODING_MAX: usize = 3;

/// A piece on its way to the writer, and where its answer will come.
type Piece = (ImportBatch, oneshot::Receiver<Result<(), StorageError>>);

impl Engine {
    /// As [`acta_storage::TransferTarget::import_statements`].
    pub(crate) async fn import(
        &self,
        run: Vec<(TenantId, TransferredStatement)>,
    ) -> Result<(), StorageError> {
        let mut pieces =
            chunk_by_size(run, PIECE, |(_, statement)| statement.text.text.len()).into_iter();
        let mut encoding: VecDeque<_> =
            pieces.by_ref().take(ENCODING_MAX).map(|piece| self.encode_piece(piece)).collect();
        let mut written = None;
        while let Some(next) = encoding.pop_front() {
            let (import, answer) = join(next).await?;
            encoding.extend(pieces.next().map(|piece| self.encode_piece(piece)));
            // One is being written while the next ones are encoded.
            wait_for(written.take()).await?;
            self.shared.queue.push(Work::Import(import))?;
            written = Some(answer);
        }
        wait_for(written).await
    }

    fn encode_piece(
        &self,
        piece: Vec<(TenantId, TransferredStatement)>,
    ) -> JoinHandle<Result<Piece, StorageError>> {
        let encoder = self.encoder();
        acta_storage::spawn_blocking(move || {
            let statements = encoder.encode_imported(&piece)?;
            let (answer, answered) = oneshot::channel();
            let codec = Arc::clone(&encoder.codec);
            Ok((ImportBatch { statements, codec, answer }, answered))
        })
    }
}

async fn wait_for(
    written: Option<oneshot::Receiver<Result<(), StorageError>>>,
) -> Result<(), StorageError> {
    match written {
        // The writer drops an answer only when it halts.
        Some(answer) => answer.await.unwrap_or(Err(StorageError::Halted)),
        None => Ok(()),
    }
}
