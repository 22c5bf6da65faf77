//! Space that is kept for changes of administration, so that a full device does not refuse them.
//!
//! It is a file that holds the space. When a change of administration finds no space, the file is
//! removed and the change is repeated. From then on everything else that takes space is refused,
//! until the file could be made again: requests by [`Reserve::check`], and the log, the index and
//! the attachments by their disk.

pub(crate) mod disk;
mod state;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_ambient::Clock;
use acta_statement_log::disk::{Disk, remove_if_there};
use acta_storage::StorageError;

use crate::Options;
use crate::blocking::blocking;
use crate::directory::{RESERVE_DRAFT_NAME, RESERVE_NAME};
use state::ReserveState;

/// How often making the file again is tried, at most.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(1);

/// The reserved space of a store.
#[derive(Debug)]
pub(crate) struct Reserve {
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
    directory: PathBuf,
    bytes: u64,
    state: Arc<ReserveState>,
    /// When making the file was last tried, by the monotonic clock.
    tried: Mutex<Option<Duration>>,
}

impl Reserve {
    /// Takes the space, if it is not taken already. If there is none, this is logged, and the
    /// reserve is used up from the start.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    pub(crate) fn open(options: &Options) -> Result<Arc<Self>, StorageError> {
        let reserve = Self {
            disk: Arc::clone(&options.disk),
            clock: Arc::clone(&options.clock),
            directory: options.directory.clone(),
            bytes: options.reserve_bytes,
            state: Arc::new(ReserveState::new()),
            tried: Mutex::default(),
        };
        match reserve.take() {
            Ok(()) => {}
            Err(StorageError::Full) => {
                reserve.state.set_complete(false);
                tracing::warn!(
                    reserve.bytes = reserve.bytes,
                    "the device has no space for the reserve of {} bytes for administration: \
                     statements and documents are refused",
                    reserve.bytes
                );
            }
            Err(error) => return Err(error),
        }
        Ok(Arc::new(reserve))
    }

    /// From now on, the disk of the store is full while the reserve is in use.
    pub(crate) fn guard(&self) {
        self.state.set_guarded(true);
    }

    /// The store is about to be closed: what is saved then may take what space there is.
    pub(crate) fn unguard(&self) {
        self.state.set_guarded(false);
    }

    /// Whether it is in use, for the disk of the store.
    pub(crate) fn state(&self) -> Arc<ReserveState> {
        Arc::clone(&self.state)
    }

    /// Refuses what is not a change of administration while the reserve is used up. If there is
    /// space again, it is taken first.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`], or [`StorageError::Io`] if the space cannot be taken for another
    /// reason.
    pub(crate) async fn check(self: &Arc<Self>) -> Result<(), StorageError> {
        if self.state.is_complete() {
            return Ok(());
        }
        let reserve = Arc::clone(self);
        blocking(move || reserve.renew()).await
    }

    /// Gives the space free, for a change that found none. Afterwards it is worth a second try.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] if the file cannot be removed.
    pub(crate) async fn release(self: &Arc<Self>) -> Result<(), StorageError> {
        let reserve = Arc::clone(self);
        blocking(move || reserve.release_blocking()).await
    }

    /// As [`Self::release`]. Blocks.
    pub(crate) fn release_blocking(&self) -> Result<(), StorageError> {
        // Also waits for an attempt to take the space, which may have taken the last of it.
        let mut tried = self.lock();
        if !self.state.is_complete() || self.bytes == 0 {
            return Ok(());
        }
        let remove = || {
            remove_if_there(&*self.disk, &self.directory.join(RESERVE_NAME))?;
            // Some file systems free the space only then.
            self.disk.sync_directory(&self.directory)
        };
        // Before there is space that others could take.
        self.state.set_complete(false);
        let act = "releasing the reserve";
        remove().map_err(|source| StorageError::Io { act, source })?;
        *tried = Some(self.clock.elapsed());
        tracing::error!(
            reserve.bytes = self.bytes,
            "the device is full: the reserve for administration is in use, and statements and \
             documents are refused until there is space for it again"
        );
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Duration>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn renew(&self) -> Result<(), StorageError> {
        let mut tried = self.lock();
        if self.state.is_complete() {
            return Ok(());
        }
        let now = self.clock.elapsed();
        if tried.is_some_and(|tried| now.saturating_sub(tried) < RENEWAL_INTERVAL) {
            return Err(StorageError::Full);
        }
        *tried = Some(now);
        self.take()?;
        self.state.set_complete(true);
        tracing::info!("there is space again, and the reserve for administration is complete");
        Ok(())
    }

    /// Makes the file, if it is not there with its length.
    fn take(&self) -> Result<(), StorageError> {
        let [path, draft] =
            [RESERVE_NAME, RESERVE_DRAFT_NAME].map(|name| self.directory.join(name));
        let taken = if self.bytes == 0 {
            remove_if_there(&*self.disk, &path)
        } else {
            self.take_file(&path, &draft)
        };
        taken.map_err(|source| {
            let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
            if full.contains(&source.kind()) {
                return StorageError::Full;
            }
            StorageError::Io { act: "reserving space for administration", source }
        })
    }

    fn take_file(&self, path: &Path, draft: &Path) -> io::Result<()> {
        let disk = &*self.disk;
        match disk.open_to_read(path).and_then(|file| file.len()) {
            Ok(len) if len == self.bytes => return Ok(()),
            Ok(_) => disk.remove(path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        remove_if_there(disk, draft)?;
        let file = disk.create(draft)?;
        let made = file
            .allocate(self.bytes)
            .and_then(|()| file.sync())
            .and_then(|()| disk.rename(draft, path))
            .and_then(|()| disk.sync_directory(&self.directory));
        if made.is_err() {
            remove_if_there(disk, draft)?;
        }
        made
    }
}
