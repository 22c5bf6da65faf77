//! Reading content.

use std::sync::Arc;

use acta_access::TenantId;
use acta_objects::ObjectReader;
use acta_storage::{AttachmentReader, StorageError};
use acta_xapi::Sha2;
use acta_xapi::scalar::Sha2Hasher;
use async_trait::async_trait;
use bytes::Bytes;
use tokio_postgres::Row;

use super::objects::{ACT_OF_READING, to_storage_error};
use super::{ContentName, ContentStore};
use crate::types::number;

/// Reads content and checks its hash.
#[derive(Debug)]
pub(super) struct ContentReader {
    tenant: TenantId,
    sha2: Sha2,
    len_bytes: u64,
    /// `None` after the last piece or a failure, or while a piece is being read.
    unread: Option<Unread>,
}

#[derive(Debug)]
struct Unread {
    source: ContentSource,
    hasher: Sha2Hasher,
    rest_bytes: u64,
}

/// The source of the next piece.
#[derive(Debug)]
enum ContentSource {
    /// Memory: short content, read with its row.
    Row(Bytes),
    /// The database: the piece with this number.
    Pieces { store: Arc<ContentStore>, name: ContentName, piece: i32 },
    /// Object storage.
    Object(ObjectReader),
}

impl ContentReader {
    /// Opens the content with this hash; `None` if no batch has named it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Corrupt`] or [`StorageError::Io`].
    pub(super) async fn open(
        store: &Arc<ContentStore>,
        tenant: TenantId,
        sha2: &Sha2,
    ) -> Result<Option<Self>, StorageError> {
        let row = store
            .database
            .run("opening an attachment", |connection| async move {
                let sql = "SELECT len_bytes, bytes, content_id, is_object FROM acta.attachments \
                     WHERE tenant_id = $1 AND sha2 = $2";
                let select = connection.prepare_cached(sql).await?;
                Ok(connection.query_opt(&select, &[&number(tenant), &sha2.as_str()]).await?)
            })
            .await?;
        let Some(row) = row else { return Ok(None) };
        let len_bytes: i64 = row.get("len_bytes");
        let len_bytes = u64::try_from(len_bytes).map_err(|_negative| corrupt(tenant, sha2))?;
        let source = source_of(store, tenant, &row).await?;
        let unread = Unread { source, hasher: sha2.hasher(), rest_bytes: len_bytes };
        let sha2 = sha2.clone();
        Ok(Some(Self { tenant, sha2, len_bytes, unread: Some(unread) }))
    }
}

async fn source_of(
    store: &Arc<ContentStore>,
    tenant: TenantId,
    row: &Row,
) -> Result<ContentSource, StorageError> {
    if let Some(bytes) = row.get::<_, Option<Vec<u8>>>("bytes") {
        return Ok(ContentSource::Row(bytes.into()));
    }
    let name = ContentName { tenant, id: row.get("content_id") };
    if row.get("is_object") {
        return store.open_object(name).await.map(ContentSource::Object);
    }
    Ok(ContentSource::Pieces { store: Arc::clone(store), name, piece: 0 })
}

#[async_trait]
impl AttachmentReader for ContentReader {
    fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StorageError> {
        let Some(mut unread) = self.unread.take().filter(|unread| 0 < unread.rest_bytes) else {
            return Ok(None);
        };
        let piece = unread.source.next().await?;
        let corrupt = || corrupt(self.tenant, &self.sha2);
        let len = piece.len() as u64;
        if len == 0 {
            return Err(corrupt());
        }
        unread.rest_bytes = unread.rest_bytes.checked_sub(len).ok_or_else(corrupt)?;
        unread.hasher.update(&piece);
        if 0 < unread.rest_bytes {
            self.unread = Some(unread);
        } else if unread.hasher.finish() != self.sha2 {
            // Before the last piece is returned: damaged content never seems complete.
            return Err(corrupt());
        }
        Ok(Some(piece))
    }
}

impl ContentSource {
    /// The next piece; empty at the end.
    async fn next(&mut self) -> Result<Bytes, StorageError> {
        match self {
            Self::Row(bytes) => Ok(std::mem::take(bytes)),
            Self::Pieces { store, name, piece } => {
                let bytes = store.get_piece(*name, *piece).await?;
                *piece += 1;
                Ok(bytes)
            }
            Self::Object(object) => {
                let bytes =
                    object.next().await.map_err(|error| to_storage_error(error, ACT_OF_READING))?;
                Ok(bytes.unwrap_or_default())
            }
        }
    }
}

fn corrupt(tenant: TenantId, sha2: &Sha2) -> StorageError {
    StorageError::Corrupt {
        place: format!("acta.attachments, tenant {tenant}, sha2 {}", sha2.as_str()),
    }
}
