//! Why a backup or a restore was not finished, by what the caller can do next.

use std::io;
use std::path::{Path, PathBuf};

use acta_storage::StorageError;

use crate::OpenError;

/// Why a backup or a restore was not finished.
///
/// Whatever it is, the backup that was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The directory that was to be copied is not a store's. Name another one.
    #[error("there is no store in {}", directory.display())]
    NoStore {
        /// The directory.
        directory: PathBuf,
    },

    /// The directory holds no backup, or only the beginning of a first one. Name another
    /// one, or take a backup.
    #[error("there is no finished backup in {}", directory.display())]
    NoBackup {
        /// The directory.
        directory: PathBuf,
    },

    /// Another process works there. Wait until it ends.
    #[error("{} is in use by another process", directory.display())]
    InUse {
        /// The directory.
        directory: PathBuf,
    },

    /// Something is in the way. Name a directory that is empty or does not exist.
    #[error("{} is not empty", directory.display())]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
    },

    /// The backup that is there has what the store does not have, or is of another store.
    /// Keep it, find out why, and back up to another directory.
    #[error(
        "{}: the store does not continue the backup that is there: {reason}; it is kept, name \
         another directory",
        directory.display()
    )]
    Diverged {
        /// The directory of the backup.
        directory: PathBuf,
        /// What is different.
        reason: String,
    },

    /// A newer release has written it. Use that one.
    #[error(
        "{} has format {found}, and this release knows formats up to {known}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },

    /// Bytes do not check. Restore them from another copy.
    #[error("damaged: {place}")]
    Damaged {
        /// File, and byte offset where it is known.
        place: String,
    },

    /// The system failed, or has no room.
    #[error("could not finish {act} ({})", path.display())]
    Io {
        /// The act that failed, as in "writing the backup".
        act: &'static str,
        /// The file or the directory.
        path: PathBuf,
        /// What the system reported.
        #[source]
        source: io::Error,
    },
}

impl BackupError {
    /// For `map_err`: what the system reported about `path`.
    pub(super) fn io(act: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { act, path: path.clone(), source }
    }

    /// For `map_err`: what the store's own parts reported about `path`.
    pub(super) fn storage(act: &'static str, path: &Path) -> impl Fn(StorageError) -> Self + use<> {
        let path = path.to_path_buf();
        move |error| {
            let source = match error {
                StorageError::Corrupt { place } => return Self::Damaged { place },
                StorageError::Io { act, source } => {
                    return Self::Io { act, path: path.clone(), source };
                }
                StorageError::Full => io::ErrorKind::StorageFull.into(),
                StorageError::Busy { .. } => io::ErrorKind::ResourceBusy.into(),
                StorageError::Halted
                | StorageError::Conflict(_)
                | StorageError::TooMany { .. }
                | StorageError::TooLarge { .. }
                | StorageError::Unavailable { .. }
                | StorageError::PreconditionFailed => io::Error::other(error),
            };
            Self::Io { act, path: path.clone(), source }
        }
    }

    /// For `map_err`: why the store in `directory` cannot be read.
    pub(super) fn open(directory: &Path) -> impl Fn(OpenError) -> Self {
        move |error| match error {
            OpenError::InUse { directory } => Self::InUse { directory },
            OpenError::Newer { path, found, known } => Self::Newer { path, found, known },
            OpenError::NoIdentity { directory }
            | OpenError::NoTables { directory }
            | OpenError::Unfinished { directory } => Self::NoStore { directory },
            OpenError::Storage(error) => Self::storage("reading the store", directory)(error),
        }
    }
}
