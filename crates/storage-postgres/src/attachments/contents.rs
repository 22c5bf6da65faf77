//! Content by its random name: recorded, written, read, removed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::StorageError;
use bytes::Bytes;
use tokio::runtime::Handle;

use super::{ContentKind, ContentName, ContentStore};
use crate::database::Placement;
use crate::types::{Id, number, tenant_of};

/// How many leftover contents are searched for at once.
const SWEPT_COUNT: i64 = 100;

const ACT_OF_REMOVAL: &str = "removing an attachment";

/// The SQL that deletes names, and records the content that they named as marked for removal.
fn unnaming(on: Placement) -> String {
    let at_once = on.condition("a.tenant_id = $1");
    format!(
        "WITH unnamed AS (DELETE FROM acta.attachments AS a \
         USING (SELECT tenant_id, sha2 FROM acta.attachments \
         WHERE tenant_id = $1 ORDER BY sha2 LIMIT $2) AS g \
         WHERE {at_once}a.tenant_id = g.tenant_id AND a.sha2 = g.sha2 \
         RETURNING a.content_id, a.is_object, a.bytes IS NULL AS is_apart), \
         recorded AS (INSERT INTO acta.contents \
         (tenant_id, content_id, begun, is_object, is_doomed) \
         SELECT $1, content_id, now(), is_object, true FROM unnamed WHERE is_apart \
         ON CONFLICT (tenant_id, content_id) DO NOTHING) \
         SELECT count(*) FROM unnamed"
    )
}

/// Content that is marked for removal.
#[derive(Debug)]
struct MarkedContent {
    is_object: bool,
    upload: Option<String>,
}

/// Content that is recorded and not named. When dropped, it is removed, perhaps later.
#[derive(Debug)]
pub(super) struct UnnamedContent {
    store: Arc<ContentStore>,
    name: ContentName,
    kind: ContentKind,
    is_forgotten: bool,
}

impl UnnamedContent {
    /// Records new content.
    ///
    /// # Errors
    ///
    /// As [`ContentStore::begin`].
    pub(super) async fn begin(
        store: &Arc<ContentStore>,
        name: ContentName,
    ) -> Result<Self, StorageError> {
        // Created first, so that it is removed if this is cancelled.
        let kind = store.kind;
        let unnamed = Self { store: Arc::clone(store), name, kind, is_forgotten: false };
        store.begin(name).await?;
        Ok(unnamed)
    }

    /// Where the content is.
    pub(super) const fn kind(&self) -> ContentKind {
        self.kind
    }

    /// Keeps the content, because it has been named.
    pub(super) fn forget(mut self) {
        self.is_forgotten = true;
    }
}

impl Drop for UnnamedContent {
    fn drop(&mut self) {
        if self.is_forgotten {
            return;
        }
        // Without a runtime it is left over, and removed by a later sweep.
        let Ok(runtime) = Handle::try_current() else { return };
        let (store, name) = (Arc::clone(&self.store), self.name);
        let removal = async move {
            if let Err(error) = store.remove(name).await {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(
                    error = cause,
                    "could not remove an unused attachment; a sweep will"
                );
            }
        };
        self.store.removals.spawn_on(removal, &runtime);
    }
}

impl ContentStore {
    /// Records content that is about to be received.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`].
    async fn begin(&self, name: ContentName) -> Result<(), StorageError> {
        self.database
            .run("recording an attachment", |connection| async move {
                let sql = "INSERT INTO acta.contents \
                     (tenant_id, content_id, begun, is_object, is_doomed) \
                     VALUES ($1, $2, now(), $3, false) \
                     ON CONFLICT (tenant_id, content_id) DO NOTHING";
                let insert = connection.prepare_cached(sql).await?;
                let is_object = self.kind == ContentKind::Object;
                connection.execute(&insert, &[&number(name.tenant), &name.id, &is_object]).await?;
                Ok(())
            })
            .await
    }

    /// Writes a piece of content, which must have been begun.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`], also when the
    /// content has been removed meanwhile.
    pub(super) async fn put_piece(
        &self,
        name: ContentName,
        piece: i32,
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        let act = "writing an attachment";
        let count = self
            .database
            .run(act, |connection| async move {
                // A removal of the content waits for this, and then finds the piece.
                let sql = "INSERT INTO acta.pieces (tenant_id, content_id, piece, bytes) \
                     SELECT tenant_id, content_id, $3, $4 FROM acta.contents \
                     WHERE tenant_id = $1 AND content_id = $2 AND NOT is_doomed FOR SHARE \
                     ON CONFLICT (tenant_id, content_id, piece) \
                     DO UPDATE SET bytes = excluded.bytes";
                let insert = connection.prepare_cached(sql).await?;
                let tenant = number(name.tenant);
                Ok(connection.execute(&insert, &[&tenant, &name.id, &piece, &bytes]).await?)
            })
            .await?;
        if count == 0 {
            let source = io::Error::new(io::ErrorKind::TimedOut, "it was given up meanwhile");
            return Err(StorageError::Io { act, source });
        }
        Ok(())
    }

    /// A piece of content.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] if there is none of this number; else
    /// [`StorageError::Busy`] or [`StorageError::Io`].
    pub(super) async fn get_piece(
        &self,
        name: ContentName,
        piece: i32,
    ) -> Result<Bytes, StorageError> {
        let row = self
            .database
            .run("reading an attachment", |connection| async move {
                let sql = "SELECT bytes FROM acta.pieces \
                     WHERE tenant_id = $1 AND content_id = $2 AND piece = $3";
                let select = connection.prepare_cached(sql).await?;
                let tenant = number(name.tenant);
                Ok(connection.query_opt(&select, &[&tenant, &name.id, &piece]).await?)
            })
            .await?;
        let bytes = row.map(|row| row.get::<_, Vec<u8>>(0)).filter(|bytes| !bytes.is_empty());
        let place = || format!("acta.pieces, {name}, piece {piece}");
        bytes.map(Bytes::from).ok_or_else(|| StorageError::Corrupt { place: place() })
    }

    /// Removes content, unless it has been named. Can be repeated. The record of an object
    /// stays, since a write in progress may put the object there again.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`], [`StorageError::Full`] or
    /// [`StorageError::Io`].
    async fn remove(&self, name: ContentName) -> Result<(), StorageError> {
        match self.mark_for_removal(name).await? {
            None => Ok(()),
            Some(MarkedContent { is_object: true, upload }) => {
                self.remove_object(name, upload).await
            }
            Some(MarkedContent { is_object: false, .. }) => self.delete(name).await,
        }
    }

    /// Marks content, so that it cannot be named any more. Returns `None` if it has been named or
    /// removed.
    async fn mark_for_removal(
        &self,
        name: ContentName,
    ) -> Result<Option<MarkedContent>, StorageError> {
        let row = self
            .database
            .run(ACT_OF_REMOVAL, |connection| async move {
                // This waits for a transaction that is about to name the content, and for a
                // piece that is being written.
                let sql = "UPDATE acta.contents SET is_doomed = true \
                     WHERE tenant_id = $1 AND content_id = $2 RETURNING is_object, upload";
                let mark_for_removal = connection.prepare_cached(sql).await?;
                Ok(connection
                    .query_opt(&mark_for_removal, &[&number(name.tenant), &name.id])
                    .await?)
            })
            .await?;
        Ok(row.map(|row| MarkedContent { is_object: row.get(0), upload: row.get(1) }))
    }

    /// Deletes the pieces and the record of marked content.
    async fn delete(&self, name: ContentName) -> Result<(), StorageError> {
        self.database
            .run(ACT_OF_REMOVAL, |connection| async move {
                let tenant = number(name.tenant);
                let sql = "DELETE FROM acta.pieces WHERE tenant_id = $1 AND content_id = $2";
                let delete = connection.prepare_cached(sql).await?;
                connection.execute(&delete, &[&tenant, &name.id]).await?;
                let sql = "DELETE FROM acta.contents WHERE tenant_id = $1 AND content_id = $2";
                let delete = connection.prepare_cached(sql).await?;
                connection.execute(&delete, &[&tenant, &name.id]).await?;
                Ok(())
            })
            .await
    }

    /// Removes content that nodes have left over: content that was recorded longer ago than
    /// `older_than` and is not named. Returns how much there was. One node is enough to do this;
    /// several do no harm.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`] or [`StorageError::Io`]: the rest is
    /// left for the next time.
    pub(crate) async fn sweep(&self, older_than: Duration) -> Result<usize, StorageError> {
        let (mut swept_count, mut failed) = (0, None);
        for tenant in self.tenants().await? {
            match self.sweep_tenant(tenant, Some(older_than)).await {
                Ok(count) => swept_count += count,
                // An error of one tenant does not delay the others.
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(swept_count), Err)
    }

    async fn sweep_tenant(
        &self,
        tenant: TenantId,
        older_than: Option<Duration>,
    ) -> Result<usize, StorageError> {
        let mut swept_count = 0;
        loop {
            let left_over = self.find_left_over(tenant, older_than).await?;
            if left_over.is_empty() {
                return Ok(swept_count);
            }
            let mut failed = None;
            for name in left_over {
                match self.sweep_one(name).await {
                    Ok(()) => swept_count += 1,
                    Err(error) => failed = Some(error),
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }

    /// Removes all content of a tenant, named or not. Returns how much was named. If it is
    /// interrupted, it can be repeated: named content is then left over.
    ///
    /// # Errors
    ///
    /// As [`ContentStore::sweep`].
    pub(crate) async fn purge(&self, tenant: TenantId) -> Result<u64, StorageError> {
        let mut count = 0;
        loop {
            let unnamed = self.unname(tenant).await?;
            count += unnamed;
            if unnamed == 0 {
                self.sweep_tenant(tenant, None).await?;
                return Ok(count);
            }
        }
    }

    /// Deletes the names of a tenant's content, so that it cannot be read. Returns how many there
    /// were.
    async fn unname(&self, tenant: TenantId) -> Result<u64, StorageError> {
        let placement = self.database.placement_of("attachments");
        let sql = &unnaming(placement);
        self.database
            .run(ACT_OF_REMOVAL, |connection| async move {
                let unname = connection.prepare_on(placement, sql).await?;
                let row = connection.query_one(&unname, &[&number(tenant), &SWEPT_COUNT]).await?;
                Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
            })
            .await
    }

    async fn sweep_one(&self, name: ContentName) -> Result<(), StorageError> {
        self.remove(name).await?;
        self.delete_marked(name).await
    }

    /// Deletes the record of an object that has been removed.
    async fn delete_marked(&self, name: ContentName) -> Result<(), StorageError> {
        self.database
            .run(ACT_OF_REMOVAL, |connection| async move {
                let sql = "DELETE FROM acta.contents \
                     WHERE tenant_id = $1 AND content_id = $2 AND is_doomed";
                let delete = connection.prepare_cached(sql).await?;
                connection.execute(&delete, &[&number(name.tenant), &name.id]).await?;
                Ok(())
            })
            .await
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError> {
        self.database
            .run("listing tenants", |connection| async move {
                let sql = "SELECT tenant_id FROM acta.records \
                     WHERE kind = 'tenant' AND tenant_id IS NOT NULL";
                let rows = connection.query(sql, &[]).await?;
                rows.iter().map(|row| tenant_of(row.get(0))).collect()
            })
            .await
    }

    /// Content that is not named, older than an age if one is given.
    async fn find_left_over(
        &self,
        tenant: TenantId,
        older_than: Option<Duration>,
    ) -> Result<Vec<ContentName>, StorageError> {
        self.database
            .run("looking for attachments that are left over", |connection| async move {
                let sql = "SELECT content_id FROM acta.contents WHERE tenant_id = $1 \
                     AND ($2::float8 IS NULL OR begun < now() - $2 * interval '1 second') \
                     LIMIT $3";
                let select = connection.prepare_cached(sql).await?;
                let seconds = older_than.map(|time| time.as_secs_f64());
                let rows =
                    connection.query(&select, &[&number(tenant), &seconds, &SWEPT_COUNT]).await?;
                let name = |id: Id| ContentName { tenant, id };
                Ok(rows.iter().map(|row| name(row.get(0))).collect())
            })
            .await
    }
}
