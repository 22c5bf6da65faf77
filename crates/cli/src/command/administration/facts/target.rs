//! Where exported facts go.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use acta_config::Config;
use acta_facts_export::{
    ExportFile, FileName, MANIFEST_NAME, Manifest, find_manifest, remove_others, replace_file,
};
use acta_objects::{Bucket, ObjectError, ObjectOptions, PART_BYTES};
use anyhow::{Context, Result};
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// How an address in object storage begins.
const SCHEME: &str = "s3://";

/// Longest manifest that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 16 << 20;

/// A directory, or a place in object storage.
pub(super) enum Target {
    Folder(PathBuf),
    Bucket(Box<Bucket>),
}

impl Target {
    /// The target that the command line names; `below` is the part of a tenant.
    ///
    /// # Errors
    ///
    /// When a directory cannot be made, or there is no key for object storage.
    pub(super) fn open(config: &Config, to: &str, below: Option<&str>) -> Result<Self> {
        if !to.starts_with(SCHEME) {
            let folder = below.map_or_else(|| PathBuf::from(to), |below| Path::new(to).join(below));
            let made = fs::create_dir_all(&folder);
            made.with_context(|| format!("cannot make {}", folder.display()))?;
            return Ok(Self::Folder(folder));
        }
        let key = config.facts.export.as_ref();
        let key = key.context("set facts.export_access_key and facts.export_secret_key")?;
        let to = to.trim_end_matches('/');
        let bucket = Bucket::new(&ObjectOptions {
            url: below.map_or_else(|| to.to_owned(), |below| format!("{to}/{below}")),
            endpoint: key.endpoint.clone(),
            region: key.region.clone(),
            access_key: key.access_key.clone(),
            secret_key: key.secret_key.expose().clone(),
            allow_http: key.allow_http,
        })?;
        Ok(Self::Bucket(Box::new(bucket)))
    }

    /// The manifest of an earlier export; none if there is none of this version.
    pub(super) async fn manifest(&self) -> Result<Option<Manifest>> {
        let bucket = match self {
            Self::Folder(folder) => return Ok(find_manifest(folder)?),
            Self::Bucket(bucket) => bucket,
        };
        let mut object = match bucket.open(MANIFEST_NAME).await {
            Err(ObjectError::Missing) => return Ok(None),
            object => object?,
        };
        let mut text = Vec::new();
        while let Some(piece) = object.next().await? {
            text.extend_from_slice(&piece);
            if MANIFEST_BYTES_MAX < text.len() as u64 {
                return Ok(None);
            }
        }
        let manifest: Option<Manifest> = serde_json::from_slice(&text).ok();
        Ok(manifest.filter(|manifest| manifest.schema == acta_facts_export::SCHEMA))
    }

    /// Whether a file that the manifest names is there. Of object storage, this is taken for
    /// granted.
    pub(super) fn has(&self, file: &ExportFile) -> bool {
        match self {
            Self::Folder(folder) => {
                let found = fs::metadata(folder.join(file.name.to_string()));
                found.is_ok_and(|found| found.len() == file.bytes)
            }
            Self::Bucket(_) => true,
        }
    }

    /// Replaces a file: readers see the whole old or the whole new one.
    pub(super) async fn put(&self, name: &str, content: &Path) -> Result<()> {
        match self {
            Self::Folder(folder) => {
                let copied = replace_file(folder, name, |file| {
                    io::copy(&mut File::open(content)?, file).map(drop)
                });
                copied.with_context(|| format!("cannot write {}", folder.join(name).display()))
            }
            Self::Bucket(bucket) => upload(bucket, name, content).await,
        }
    }

    /// Replaces the manifest `before`, and removes the files that are not part of the export any
    /// more. If it is interrupted, a later export removes them.
    pub(super) async fn finish(&self, manifest: Manifest, before: &Manifest) -> Result<()> {
        let bucket = match self {
            Self::Folder(folder) => {
                self.put_manifest(&manifest).await?;
                return Ok(remove_others(folder, &manifest)?);
            }
            Self::Bucket(bucket) => bucket,
        };
        let known = before.files.iter().map(|file| file.name).chain(before.removing.clone());
        let gone: Vec<FileName> = known.filter(|name| manifest.find(*name).is_none()).collect();
        if !gone.is_empty() {
            let manifest = Manifest { removing: gone.clone(), ..manifest.clone() };
            self.put_manifest(&manifest).await?;
        }
        for name in gone {
            bucket.remove(&name.to_string()).await?;
        }
        self.put_manifest(&manifest).await
    }

    /// Replaces the manifest.
    async fn put_manifest(&self, manifest: &Manifest) -> Result<()> {
        let text = serde_json::to_vec_pretty(manifest)?;
        match self {
            Self::Folder(folder) => {
                Ok(replace_file(folder, MANIFEST_NAME, |file| file.write_all(&text))?)
            }
            Self::Bucket(bucket) => Ok(bucket.put(MANIFEST_NAME, text.into()).await?),
        }
    }
}

/// Uploads a file, a part at a time.
async fn upload(bucket: &Bucket, name: &str, content: &Path) -> Result<()> {
    let mut file = File::open(content)?;
    if file.metadata()?.len() <= PART_BYTES as u64 {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        return Ok(bucket.put(name, bytes.into()).await?);
    }
    let upload = bucket.begin(name).await?;
    let parts = async {
        let mut parts = Vec::new();
        loop {
            let mut part = Vec::with_capacity(PART_BYTES);
            io::copy(&mut (&mut file).take(PART_BYTES as u64), &mut part)?;
            if part.is_empty() {
                return Ok::<_, anyhow::Error>(parts);
            }
            let number = parts.len();
            parts.push(bucket.put_part(name, &upload, number, Bytes::from(part)).await?);
        }
    };
    let completed = match parts.await {
        Ok(parts) => bucket.complete(name, &upload, parts).await.map_err(Into::into),
        Err(error) => Err(error),
    };
    if completed.is_err() {
        // The error is that of the upload, whatever becomes of its parts.
        let _ = bucket.abort(name, &upload).await;
    }
    completed
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(super) fn sha256_of(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    let (mut file, mut bytes) = (File::open(path)?, vec![0; 1 << 16]);
    loop {
        let count = file.read(&mut bytes)?;
        if count == 0 {
            return Ok(hex::encode(digest.finalize()));
        }
        digest.update(&bytes[..count]);
    }
}
