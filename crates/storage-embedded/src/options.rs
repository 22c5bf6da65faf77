//! How a store is opened, and why it may not be.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use acta_ambient::{Clock, Entropy};
use acta_statement_log::disk::Disk;
use acta_storage::StorageError;

use crate::progress::OnProgress;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Where everything is kept. Made if it is missing.
    pub directory: PathBuf,
    /// Gives `stored` times.
    pub clock: Arc<dyn Clock>,
    /// Gives keys and salts.
    pub entropy: Arc<dyn Entropy>,
    /// The file system.
    pub disk: Arc<dyn Disk>,
    /// A segment of the log is closed before it would exceed this many bytes; below 4 GiB.
    pub segment_bytes: u64,
    /// How many entries of the index are kept in memory before they become a run.
    pub run_entries: u32,
    /// Most bytes that may wait to be written.
    pub queue_bytes_max: usize,
    /// Most statements that may wait to be written.
    pub queue_statements_max: usize,
    /// Most that is written and synced at once, if there is more than one batch: bytes, or what
    /// takes as long as to write so many bytes.
    pub group_cost_max: u64,
    /// How many statements the store's dictionary is trained on; 0 for no dictionary.
    pub dictionary_samples: usize,
    /// Bytes that are kept free for changes of administration on a full device; 0 for none.
    pub reserve_bytes: u64,
    /// Called while a start reads the log.
    pub on_progress: Option<OnProgress>,
}

impl Options {
    /// 256 MiB.
    pub const SEGMENT_BYTES: u64 = 256 << 20;
    /// About 70 MB of memory.
    pub const RUN_ENTRIES: u32 = 262_144;
    /// 64 MiB.
    pub const QUEUE_BYTES_MAX: usize = 64 << 20;
    /// Two of the largest batches.
    pub const QUEUE_STATEMENTS_MAX: usize = 200_000;
    /// 4 MiB, which take some twenty milliseconds.
    pub const GROUP_COST_MAX: u64 = 4 << 20;
    /// About 5 MB of text.
    pub const DICTIONARY_SAMPLES: usize = 4000;
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("directory", &self.directory)
            .field("disk", &self.disk)
            .field("segment_bytes", &self.segment_bytes)
            .field("run_entries", &self.run_entries)
            .finish_non_exhaustive()
    }
}

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the directory open. End it, or name another directory.
    #[error("{} is in use by another process", directory.display())]
    InUse {
        /// The directory.
        directory: PathBuf,
    },

    /// A newer release has written it. Start that one.
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

    /// The statement log stands without the file that holds its keys. Restore it from a
    /// backup: without it no statement could be found.
    #[error("{} has files of a store, but its file `store` is missing", directory.display())]
    NoIdentity {
        /// The directory.
        directory: PathBuf,
    },

    /// A restore was broken off, so that it is no store yet. Empty it, and restore again.
    #[error(
        "{} holds a restore that was never finished: empty it and restore again",
        directory.display()
    )]
    Unfinished {
        /// The directory.
        directory: PathBuf,
    },

    /// The statement log stands without the tables. Restore them from a backup, or accept
    /// that documents and credentials are lost and have new tables made.
    #[error(
        "{} has a statement log, but its file `tables.sqlite` is missing or empty: documents \
         and credentials are in it (`acta reindex --new-tables` makes a new one without them)",
        directory.display()
    )]
    NoTables {
        /// The directory.
        directory: PathBuf,
    },

    /// The files could not be read, or are damaged.
    #[error("could not open the store")]
    Storage(#[from] StorageError),
}
