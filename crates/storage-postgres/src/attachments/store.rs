//! The store of the content of attachments: where content goes, and its names.

use std::fmt;
use std::sync::Arc;

use acta_access::TenantId;
use acta_objects::{Bucket, PART_BYTES, PART_COUNT_MAX};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use crate::database::Database;
use crate::types::Id;
use crate::{Attachments, OpenError};

/// How much of a content is written or read at once, in bytes.
pub(super) const PIECE_BYTES: usize = 256 << 10;

/// The longest content that is stored in the row of its hash, in bytes.
pub(super) const SHORT_BYTES_MAX: usize = 64 << 10;

/// How much short content may wait in memory for its batch, in bytes.
pub(super) const WAITING_BYTES_MAX: usize = 32 << 20;

/// The longest content that object storage takes in parts of one size.
const OBJECT_BYTES_MAX: u64 = PART_BYTES as u64 * PART_COUNT_MAX as u64;

/// The content of attachments of one store.
pub(crate) struct ContentStore {
    pub(super) database: Arc<Database>,
    /// Removals in progress.
    pub(super) removals: TaskTracker,
    /// Memory for short content, in bytes.
    pub(super) room: Arc<Semaphore>,
    /// The longest content, in bytes.
    pub(super) bytes_max: u64,
    /// Where new content is stored.
    pub(super) kind: ContentKind,
    /// The object storage, if there is one.
    pub(super) bucket: Option<Bucket>,
}

/// Where content that is not short is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentKind {
    Pieces,
    Object,
}

impl fmt::Debug for ContentStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentStore").field("bytes_max", &self.bytes_max).finish_non_exhaustive()
    }
}

/// The random name of content, under which it is stored in `pieces` or in object storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentName {
    pub(super) tenant: TenantId,
    pub(super) id: Id,
}

impl fmt::Display for ContentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenant {}, content {:032x}", self.tenant, self.id.0)
    }
}

impl ContentStore {
    /// The content of the store in `database`, with new content as `kept` says.
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
            Attachments::Objects(options) => (ContentKind::Object, OBJECT_BYTES_MAX, Some(options)),
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

    /// Waits for the removals in progress.
    pub(crate) async fn finish_removals(&self) {
        self.removals.close();
        self.removals.wait().await;
    }

    pub(super) fn new_name(&self, tenant: TenantId) -> ContentName {
        ContentName { tenant, id: Id(self.database.random()) }
    }

    /// Reserves memory for short content; `None` if it is not short or the memory is used up.
    pub(super) fn reserve(&self, len_bytes: usize) -> Option<OwnedSemaphorePermit> {
        if SHORT_BYTES_MAX < len_bytes {
            return None;
        }
        Arc::clone(&self.room).try_acquire_many_owned(u32::try_from(len_bytes).ok()?).ok()
    }
}
