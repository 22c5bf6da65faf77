//! The content of attachments, in the database or in object storage.
//!
//! Short content waits in memory for its batch and is written with it. Longer content goes
//! out of memory as it comes, under a random name that is recorded in `contents` before the
//! first byte. The transaction that appends the batch *names* it: it writes the row of
//! `attachments` that finds it by its hash, and takes its row of `contents` away. So what is
//! recorded in `contents` can be read by nobody, and whoever removes content has to mark its
//! row first, which fails once it is named; and content whose row is marked or gone cannot
//! be named any more. That holds whatever a node knows of the end of its own transaction.

mod contents;
mod named;
mod objects;
mod reader;
mod staged;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_objects::Bucket;
use acta_storage::{
    AttachmentReader, AttachmentStore, AttachmentWriter, StorageError, background_span,
};
use acta_xapi::Sha2;
use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::database::Database;
use crate::lease::Lease;
use crate::types::Id;
use crate::{Attachments, OpenError, PostgresStorage};
pub(crate) use named::NamedContent;
use reader::ContentReader;
pub(crate) use staged::Staged;
use writer::ContentWriter;

/// How much of a content is written or read at once, in bytes.
const PIECE_BYTES: usize = 256 << 10;

/// The longest content that is kept beside its hash, in bytes.
const SHORT_BYTES_MAX: usize = 64 << 10;

/// How much short content may wait in memory for its batch, in bytes.
const WAITING_BYTES_MAX: usize = 32 << 20;

/// How often it is looked for what nodes have left over.
const SWEEP_INTERVAL: Duration = Duration::from_hours(1);

/// Content that no batch has named for so long is left over.
const LEFT_OVER_AFTER: Duration = Duration::from_hours(24);

/// The content of attachments of one store.
pub(crate) struct ContentStore {
    database: Arc<Database>,
    /// What is being removed.
    removals: TaskTracker,
    /// Room for the bytes of short content.
    room: Arc<Semaphore>,
    /// The longest content that is kept.
    bytes_max: u64,
    /// Where new content goes.
    kind: ContentKind,
    /// Where objects are.
    bucket: Option<Bucket>,
}

/// Where content is that is not short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentKind {
    Pieces,
    Object,
}

impl fmt::Debug for ContentStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentStore").field("bytes_max", &self.bytes_max).finish_non_exhaustive()
    }
}

/// The name of content: random, and its place in `pieces` or in object storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ContentName {
    tenant: TenantId,
    id: Id,
}

impl fmt::Display for ContentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenant {}, content {:032x}", self.tenant, self.id.0)
    }
}

impl ContentStore {
    /// The content that is kept in `database` or as `kept` says.
    ///
    /// # Errors
    ///
    /// [`OpenError::ObjectAddress`], [`OpenError::Objects`].
    pub(crate) async fn open(
        database: &Arc<Database>,
        kept: &Attachments,
    ) -> Result<Self, OpenError> {
        let (kind, bytes_max, objects) = match kept {
            Attachments::Database { bytes_max, objects } => {
                (ContentKind::Pieces, *bytes_max, objects.as_ref())
            }
            Attachments::Objects(options) => {
                (ContentKind::Object, objects::LEN_BYTES_MAX, Some(options))
            }
        };
        let bucket = objects.map(Bucket::new).transpose()?;
        if let (ContentKind::Object, Some(bucket), Some(options)) = (kind, &bucket, objects) {
            let probe = format!("probe-{:032x}", database.random());
            let url = options.url.clone();
            bucket.check(&probe).await.map_err(|source| OpenError::Objects { url, source })?;
        }
        Ok(Self {
            database: Arc::clone(database),
            removals: TaskTracker::new(),
            room: Arc::new(Semaphore::new(WAITING_BYTES_MAX)),
            bytes_max,
            kind,
            bucket,
        })
    }

    /// Waits for what is being removed.
    pub(crate) async fn finish_removals(&self) {
        self.removals.close();
        self.removals.wait().await;
    }

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
                tracing::warn!(error = cause, "attachments that are left over stay");
            }
        }
    }

    fn new_name(&self, tenant: TenantId) -> ContentName {
        ContentName { tenant, id: Id(self.database.random()) }
    }

    /// Room for short content to wait in memory; none if it is not short or there is none.
    fn reserve(&self, len_bytes: usize) -> Option<OwnedSemaphorePermit> {
        if SHORT_BYTES_MAX < len_bytes {
            return None;
        }
        Arc::clone(&self.room).try_acquire_many_owned(u32::try_from(len_bytes).ok()?).ok()
    }
}

impl PostgresStorage {
    /// Removes what nodes have left over, time and again, while this node leads.
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
