//! The content of attachments, in the database or in object storage.
//!
//! Short content waits in memory for its batch and is written with it. Longer content is
//! written as it arrives, under a random name that is recorded in `contents` before the first
//! byte. The transaction that appends the batch *names* it: it inserts the row of `attachments`
//! that finds it by its hash, and deletes its row of `contents`. So content that is recorded in
//! `contents` cannot be read. Removing content first marks its row, which fails once it is
//! named; and content whose row is marked or deleted cannot be named any more. This holds even
//! if a node does not know whether its own transaction was committed.

mod contents;
mod named;
mod objects;
mod reader;
mod staged;
mod store;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{
    AttachmentReader, AttachmentStore, AttachmentWriter, StorageError, background_span,
};
use acta_xapi::Sha2;
use async_trait::async_trait;
use tracing::Instrument;

use crate::PostgresStorage;
use crate::lease::Lease;
#[cfg(test)]
pub(crate) use named::NAME;
pub(crate) use named::NamedContent;
use reader::ContentReader;
pub(crate) use staged::Staged;
pub(crate) use store::ContentStore;
use store::{ContentKind, ContentName, PIECE_BYTES};
use writer::ContentWriter;

/// How often content that nodes have left over is searched for.
const SWEEP_INTERVAL: Duration = Duration::from_hours(1);

/// Content that no batch has named after this time is left over.
const LEFT_OVER_AFTER: Duration = Duration::from_hours(24);

impl ContentStore {
    async fn sweep_if(&self, lease: &Lease) {
        let swept = match lease.hold().await {
            Ok(true) => self.sweep(LEFT_OVER_AFTER).await,
            Ok(false) => return,
            Err(failure) => Err(failure.into_storage_error("asking who removes what is left over")),
        };
        match swept {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "removed attachments that were left over"),
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(error = cause, "could not remove attachments that were left over");
            }
        }
    }
}

impl PostgresStorage {
    /// Periodically removes content that nodes have left over, while this node has the lease.
    pub(crate) fn sweep_contents(&self) {
        let (store, lease) = (Arc::clone(&self.attachments), Arc::clone(&self.sweeping));
        let stop = self.stop.clone();
        let sweeping = async move {
            loop {
                tokio::time::sleep(SWEEP_INTERVAL).await;
                store.sweep_if(&lease).await;
            }
        };
        let sweeping = sweeping.instrument(background_span("sweep of attachments", None));
        self.tasks.spawn(async move { stop.run_until_cancelled(sweeping).await });
    }
}

#[async_trait]
impl AttachmentStore for PostgresStorage {
    async fn stage_attachment(
        &self,
        tenant: TenantId,
        sha2: Sha2,
    ) -> Result<Box<dyn AttachmentWriter>, StorageError> {
        self.database.check_reserve().await?;
        Ok(Box::new(ContentWriter::new(&self.attachments, tenant, sha2)))
    }

    async fn open_attachment(
        &self,
        tenant: TenantId,
        sha2: &Sha2,
    ) -> Result<Option<Box<dyn AttachmentReader>>, StorageError> {
        let opened = ContentReader::open(&self.attachments, tenant, sha2).await?;
        Ok(opened.map(|reader| Box::new(reader) as Box<dyn AttachmentReader>))
    }
}

#[cfg(test)]
mod tests;
