//! Objects with one prefix in a bucket.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{BackoffConfig, GetOptions, ObjectStore, ObjectStoreExt, RetryConfig};

use crate::options::{check_endpoint, read_url};
use crate::transport::Transport;
use crate::{AddressError, ObjectError, ObjectOptions};

/// The size of every part but the last: the smallest that services accept.
pub const PART_BYTES: usize = 5 << 20;

/// The most parts of an object.
pub const PART_COUNT_MAX: usize = 10_000;

/// The timeout of one operation, retries included. It does not apply to reading.
const ACT_TIMEOUT: Duration = Duration::from_mins(1);

/// How often a request is retried when the service does not respond or is overloaded.
const RETRY_COUNT_MAX: usize = 4;

/// No request is retried after this time.
const RETRY_TIMEOUT: Duration = Duration::from_secs(15);

/// Objects with one prefix in a bucket.
#[derive(Debug)]
pub struct Bucket {
    store: AmazonS3,
    name: String,
    prefix: String,
}

/// A multipart upload in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload(pub String);

/// The tag of an uploaded part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartTag(String);

impl Bucket {
    /// The bucket in `options`. Does not connect yet.
    ///
    /// # Errors
    ///
    /// [`AddressError`] if they are invalid.
    pub fn new(options: &ObjectOptions) -> Result<Self, AddressError> {
        let (name, prefix) = read_url(&options.url)?;
        if options.access_key.is_empty() || options.secret_key.is_empty() {
            return Err(AddressError::NoKey);
        }
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(&options.region)
            .with_access_key_id(&options.access_key)
            .with_secret_access_key(&options.secret_key)
            .with_allow_http(options.allow_http)
            .with_retry(retries())
            .with_http_connector(Transport::new(options.allow_http)?);
        if let Some(endpoint) = &options.endpoint {
            check_endpoint(endpoint, options.allow_http)?;
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build();
        let store = store.map_err(|error| AddressError::Transport(error.to_string()))?;
        Ok(Self { store, name: name.to_owned(), prefix: prefix.to_owned() })
    }

    /// Checks that objects can be put and removed, with one named `key`.
    ///
    /// # Errors
    ///
    /// Any of [`ObjectError`].
    pub async fn check(&self, key: &str) -> Result<(), ObjectError> {
        self.put(key, Bytes::from_static(b"Acta looks whether it may write here.")).await?;
        self.remove(key).await
    }

    /// Puts a whole object.
    ///
    /// # Errors
    ///
    /// Any of [`ObjectError`]. It is then unknown whether the object exists.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), ObjectError> {
        let path = self.path(key);
        self.act(self.store.put(&path, bytes.into())).await.map(|_| ())
    }

    /// Begins a multipart upload.
    ///
    /// # Errors
    ///
    /// Any of [`ObjectError`].
    pub async fn begin(&self, key: &str) -> Result<Upload, ObjectError> {
        let path = self.path(key);
        self.act(self.store.create_multipart(&path)).await.map(Upload)
    }

    /// Uploads the part with this number, from 0.
    ///
    /// # Errors
    ///
    /// Any of [`ObjectError`]: [`ObjectError::Missing`] if the upload was aborted.
    pub async fn put_part(
        &self,
        key: &str,
        upload: &Upload,
        number: usize,
        bytes: Bytes,
    ) -> Result<PartTag, ObjectError> {
        let path = self.path(key);
        let part = self.act(self.store.put_part(&path, &upload.0, number, bytes.into())).await?;
        Ok(PartTag(part.content_id))
    }

    /// Completes an upload: all parts become one object, in their order.
    ///
    /// # Errors
    ///
    /// Any of [`ObjectError`]. It is then unknown whether the object exists.
    pub async fn complete(
        &self,
        key: &str,
        upload: &Upload,
        parts: Vec<PartTag>,
    ) -> Result<(), ObjectError> {
        let path = self.path(key);
        let parts = parts.into_iter().map(|part| PartId { content_id: part.0 }).collect();
        self.act(self.store.complete_multipart(&path, &upload.0, parts)).await.map(|_| ())
    }

    /// Aborts an upload and deletes its parts. It may already be aborted or completed.
    ///
    /// # Errors
    ///
    /// Any of [`ObjectError`] but [`ObjectError::Missing`].
    pub async fn abort(&self, key: &str, upload: &Upload) -> Result<(), ObjectError> {
        let path = self.path(key);
        unless_missing(self.act(self.store.abort_multipart(&path, &upload.0)).await)
    }

    /// Removes an object, if it exists.
    ///
    /// # Errors
    ///
    /// Any of [`ObjectError`] but [`ObjectError::Missing`].
    pub async fn remove(&self, key: &str) -> Result<(), ObjectError> {
        let path = self.path(key);
        unless_missing(self.act(self.store.delete(&path)).await)
    }

    /// Opens an object.
    ///
    /// # Errors
    ///
    /// Any of [`ObjectError`]: [`ObjectError::Missing`] if it does not exist.
    pub async fn open(&self, key: &str) -> Result<ObjectReader, ObjectError> {
        let path = self.path(key);
        let opened = self.act(self.store.get_opts(&path, GetOptions::default())).await?;
        let len_bytes = opened.meta.size;
        Ok(ObjectReader { bucket: self.name.clone(), len_bytes, stream: opened.into_stream() })
    }

    fn path(&self, key: &str) -> Path {
        Path::from(format!("{}/{key}", self.prefix))
    }

    async fn act<T>(
        &self,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, ObjectError> {
        match tokio::time::timeout(ACT_TIMEOUT, work).await {
            Ok(done) => done.map_err(|error| ObjectError::of(&self.name, error)),
            Err(_) => Err(ObjectError::timed_out()),
        }
    }
}

fn unless_missing(done: Result<(), ObjectError>) -> Result<(), ObjectError> {
    match done {
        Err(ObjectError::Missing) => Ok(()),
        done => done,
    }
}

fn retries() -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        base: 2.0,
    };
    RetryConfig { backoff, max_retries: RETRY_COUNT_MAX, retry_timeout: RETRY_TIMEOUT }
}

/// Reads the bytes of an object as they arrive.
pub struct ObjectReader {
    bucket: String,
    len_bytes: u64,
    stream: BoxStream<'static, object_store::Result<Bytes>>,
}

impl fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectReader").field("len_bytes", &self.len_bytes).finish_non_exhaustive()
    }
}

impl ObjectReader {
    /// The length of the object, in bytes.
    pub fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// The next bytes, as many as have arrived; `None` at the end.
    ///
    /// # Errors
    ///
    /// Any of [`ObjectError`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, ObjectError> {
        while let Some(piece) = self.stream.next().await {
            let piece = piece.map_err(|error| ObjectError::of(&self.bucket, error))?;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}
