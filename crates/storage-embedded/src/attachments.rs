//! The content of attachments, in files named by their hash.
//!
//! Content is received into `attachments/staging` and is synced when it ends. The log's
//! writer *places* it as `attachments/<tenant>/<aa>/<hash>` before the log is synced, so that
//! no durable statement lacks its attachments. A crash in between leaves a file that no
//! statement names; it does no harm. What is still staged when a store is opened is removed.
//!
//! A file is never changed once it is placed, and what is given out is checked against its
//! name. The layout is drawn in `docs/format/attachments.md`.

mod files;
mod listing;
mod purge;
mod reader;
mod staged;
mod writer;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use acta_access::TenantId;
use acta_ambient::Entropy;
use acta_statement_log::disk::Disk;
use acta_storage::{AttachmentReader, AttachmentStore, AttachmentWriter, StorageError};
use acta_xapi::Sha2;
use async_trait::async_trait;

use files::{failed, on_blocking_thread, remove_quietly};
use reader::FileReader;
pub(crate) use staged::Staged;
use writer::FileWriter;

/// The content of attachments of one store.
#[derive(Debug)]
pub(crate) struct Attachments {
    disk: Arc<dyn Disk>,
    entropy: Arc<dyn Entropy>,
    root: PathBuf,
    /// Directories whose own names are durable.
    synced: Mutex<HashSet<PathBuf>>,
}

/// Content that stands at its place for the batches that the log's writer is about to store.
///
/// Dropped, it takes away again what was not there before, unless [`Placed::keep`] was called.
#[derive(Debug)]
#[must_use = "dropping this takes the content away again"]
pub(crate) struct Placed {
    disk: Arc<dyn Disk>,
    new: Vec<PathBuf>,
}

impl Placed {
    /// Leaves the content where it is, because the statements that name it are durable.
    pub(crate) fn keep(mut self) {
        self.new.clear();
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The statements that name the content may be durable.
            return;
        }
        for path in &self.new {
            remove_quietly(&*self.disk, path);
        }
    }
}

impl Attachments {
    /// Opens the attachments below `directory`, and removes what was staged and never placed.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Io`].
    pub(crate) fn open(
        directory: &Path,
        disk: Arc<dyn Disk>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StorageError> {
        let failed = failed("opening the attachments");
        let root = directory.join("attachments");
        let staging = root.join("staging");
        disk.create_directory(&staging).map_err(&failed)?;
        for name in disk.list(&staging).map_err(&failed)? {
            disk.remove(&staging.join(name)).map_err(&failed)?;
        }
        disk.sync_directory(&root).map_err(&failed)?;
        disk.sync_directory(directory).map_err(failed)?;
        Ok(Self { disk, entropy, root, synced: Mutex::default() })
    }

    /// Puts staged content at its place, durably. Blocks; for the log's writer, which must
    /// be one thread, before it syncs the group that names the content.
    ///
    /// Give it the content of all accepted batches of a group at once, and none of refused
    /// ones. Equal content that is there already is kept.
    ///
    /// # Errors
    ///
    /// Nothing was placed if this returns [`StorageError::Full`] or [`StorageError::Io`].
    pub(crate) fn place(&self, staged: Vec<Staged>) -> Result<Placed, StorageError> {
        let mut placed = Placed { disk: Arc::clone(&self.disk), new: Vec::new() };
        let mut changed = HashSet::new();
        let result = self.place_all(staged, &mut placed, &mut changed);
        if result.is_err() {
            // Their names are not durable, and may stay when they cannot be removed either.
            let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
            synced.retain(|directory| !changed.contains(directory));
        }
        result.map(|()| placed)
    }

    fn place_all(
        &self,
        staged: Vec<Staged>,
        placed: &mut Placed,
        changed: &mut HashSet<PathBuf>,
    ) -> Result<(), StorageError> {
        for staged in staged {
            let directory = self.create_synced_directory(staged.tenant, &staged.announced)?;
            let path = directory.join(staged.announced.as_str());
            if self.holds(&path, staged.len_bytes) {
                continue;
            }
            // Before, since what fails may be done all the same.
            changed.insert(directory);
            staged.rename(&path).map_err(failed("placing an attachment"))?;
            placed.new.push(path);
        }
        for directory in changed.iter() {
            let result = self.disk.sync_directory(directory);
            result.map_err(failed("syncing a directory of attachments"))?;
        }
        Ok(())
    }

    fn holds(&self, path: &Path, len_bytes: u64) -> bool {
        // A shorter or longer file is damaged: equal content replaces it.
        self.disk.open(path).and_then(|file| file.len()).is_ok_and(|len| len == len_bytes)
    }

    /// The directory of a hash, whose own name is durable.
    fn create_synced_directory(
        &self,
        tenant: TenantId,
        sha2: &Sha2,
    ) -> Result<PathBuf, StorageError> {
        let failed = failed("making a directory of attachments");
        let of_tenant = self.root.join(tenant.to_string());
        let directory = self.directory(tenant, sha2);
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if !synced.contains(&directory) {
            self.disk.create_directory(&directory).map_err(&failed)?;
            // An earlier process may have ended before it synced the names in there.
            self.disk.sync_directory(&directory).map_err(&failed)?;
            self.disk.sync_directory(&of_tenant).map_err(&failed)?;
            self.disk.sync_directory(&self.root).map_err(failed)?;
            synced.insert(directory.clone());
        }
        Ok(directory)
    }

    fn directory(&self, tenant: TenantId, sha2: &Sha2) -> PathBuf {
        let prefix = sha2.as_str().get(..2).unwrap_or_default();
        self.root.join(tenant.to_string()).join(prefix)
    }
}

#[async_trait]
impl AttachmentStore for Attachments {
    async fn stage_attachment(
        &self,
        tenant: TenantId,
        sha2: Sha2,
    ) -> Result<Box<dyn AttachmentWriter>, StorageError> {
        let mut chance = [0; 16];
        self.entropy.fill(&mut chance);
        let name = format!("{:032x}", u128::from_be_bytes(chance));
        let path = self.root.join("staging").join(name);
        Ok(Box::new(FileWriter::new(Arc::clone(&self.disk), path, tenant, sha2)))
    }

    async fn open_attachment(
        &self,
        tenant: TenantId,
        sha2: &Sha2,
    ) -> Result<Option<Box<dyn AttachmentReader>>, StorageError> {
        let path = self.directory(tenant, sha2).join(sha2.as_str());
        let (disk, sha2) = (Arc::clone(&self.disk), sha2.clone());
        let opened = on_blocking_thread(move || match disk.open(&path) {
            Ok(file) => FileReader::new(file, sha2).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("opening an attachment")(error)),
        });
        Ok(opened.await?.map(|reader| Box::new(reader) as Box<dyn AttachmentReader>))
    }
}

#[cfg(test)]
mod tests;
