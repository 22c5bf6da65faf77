//! Content as objects.

use std::io;
use std::time::Duration;

use acta_objects::{Bucket, ObjectError, ObjectReader, PartTag, Upload};
use acta_storage::StorageError;
use bytes::{Bytes, BytesMut};

use super::{ContentName, ContentStore};
use crate::types::number;

/// The retry delay for callers when object storage is not available.
const RETRY_AFTER: Duration = Duration::from_secs(5);

pub(super) const ACT_OF_READING: &str = "reading an attachment from object storage";

const ACT_OF_WRITING: &str = "writing an attachment to object storage";

const ACT_OF_REMOVING: &str = "removing an attachment from object storage";

/// The error for the caller of the port.
pub(super) fn to_storage_error(error: ObjectError, act: &'static str) -> StorageError {
    if matches!(error, ObjectError::Unavailable { .. }) {
        tracing::error!(error = &error as &dyn std::error::Error, act, "object storage fails");
        return StorageError::Unavailable { retry_after: RETRY_AFTER };
    }
    StorageError::Io { act, source: io::Error::other(error) }
}

impl ContentName {
    /// The key of the object, below the prefix.
    fn key(&self) -> String {
        format!("{}/{:032x}", self.tenant, self.id.0)
    }
}

impl ContentStore {
    fn bucket(&self, act: &'static str) -> Result<&Bucket, StorageError> {
        self.bucket.as_ref().ok_or_else(|| {
            let reason = "content is in object storage, and none is configured any more";
            StorageError::Io { act, source: io::Error::other(reason) }
        })
    }

    /// Puts short content as a whole object.
    ///
    /// # Errors
    ///
    /// [`StorageError::Unavailable`] or [`StorageError::Io`], as all here.
    pub(super) async fn put_object(
        &self,
        name: ContentName,
        bytes: Bytes,
    ) -> Result<(), StorageError> {
        let put = self.bucket(ACT_OF_WRITING)?.put(&name.key(), bytes).await;
        put.map_err(|error| to_storage_error(error, ACT_OF_WRITING))
    }

    /// Begins a multipart upload and records it, so that any node can abort it.
    ///
    /// # Errors
    ///
    /// Also when the content has been removed meanwhile.
    pub(super) async fn begin_upload(&self, name: ContentName) -> Result<Upload, StorageError> {
        let bucket = self.bucket(ACT_OF_WRITING)?;
        let upload = bucket.begin(&name.key()).await;
        let upload = upload.map_err(|error| to_storage_error(error, ACT_OF_WRITING))?;
        let recorded = self.record_upload(name, &upload).await;
        if !matches!(recorded, Ok(true)) {
            // No other node knows of it.
            let aborted = bucket.abort(&name.key(), &upload).await;
            aborted.map_err(|error| to_storage_error(error, ACT_OF_REMOVING))?;
        }
        if recorded? {
            return Ok(upload);
        }
        let source = io::Error::new(io::ErrorKind::TimedOut, "it was given up meanwhile");
        Err(StorageError::Io { act: ACT_OF_WRITING, source })
    }

    async fn record_upload(
        &self,
        name: ContentName,
        upload: &Upload,
    ) -> Result<bool, StorageError> {
        let count = self
            .database
            .run("recording an attachment", |connection| async move {
                let sql = "UPDATE acta.contents SET upload = $3 \
                     WHERE tenant_id = $1 AND content_id = $2 AND NOT is_doomed";
                let update = connection.prepare_cached(sql).await?;
                let tenant = number(name.tenant);
                Ok(connection.execute(&update, &[&tenant, &name.id, &upload.0]).await?)
            })
            .await?;
        Ok(0 < count)
    }

    /// Sends a part.
    pub(super) async fn put_part(
        &self,
        name: ContentName,
        upload: &Upload,
        number: usize,
        bytes: Bytes,
    ) -> Result<PartTag, StorageError> {
        let put = self.bucket(ACT_OF_WRITING)?.put_part(&name.key(), upload, number, bytes).await;
        put.map_err(|error| to_storage_error(error, ACT_OF_WRITING))
    }

    /// Makes an object of the parts.
    pub(super) async fn complete_upload(
        &self,
        name: ContentName,
        upload: &Upload,
        tags: Vec<PartTag>,
    ) -> Result<(), StorageError> {
        let completed = self.bucket(ACT_OF_WRITING)?.complete(&name.key(), upload, tags).await;
        completed.map_err(|error| to_storage_error(error, ACT_OF_WRITING))
    }

    /// Removes an object and aborts its upload.
    pub(super) async fn remove_object(
        &self,
        name: ContentName,
        upload: Option<String>,
    ) -> Result<(), StorageError> {
        let bucket = self.bucket(ACT_OF_REMOVING)?;
        if let Some(upload) = upload {
            let aborted = bucket.abort(&name.key(), &Upload(upload)).await;
            aborted.map_err(|error| to_storage_error(error, ACT_OF_REMOVING))?;
        }
        let removed = bucket.remove(&name.key()).await;
        removed.map_err(|error| to_storage_error(error, ACT_OF_REMOVING))
    }

    /// Opens an object.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] if it is not there; else as all here.
    pub(super) async fn open_object(
        &self,
        name: ContentName,
    ) -> Result<ObjectReader, StorageError> {
        match self.bucket(ACT_OF_READING)?.open(&name.key()).await {
            Ok(reader) => Ok(reader),
            Err(ObjectError::Missing) => {
                let place = format!("object storage, object {}", name.key());
                Err(StorageError::Corrupt { place })
            }
            Err(error) => Err(to_storage_error(error, ACT_OF_READING)),
        }
    }

    /// The whole content of an object of `len` bytes.
    pub(super) async fn read_object(
        &self,
        name: ContentName,
        len: usize,
    ) -> Result<Bytes, StorageError> {
        let mut reader = self.open_object(name).await?;
        let mut content = BytesMut::with_capacity(len);
        while let Some(piece) =
            reader.next().await.map_err(|error| to_storage_error(error, ACT_OF_READING))?
        {
            content.extend_from_slice(&piece);
        }
        Ok(content.freeze())
    }
}
