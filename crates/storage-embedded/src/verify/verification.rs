//! A verification under way: what it is of, and what it has found.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_statement_log::disk::Disk;
use acta_storage::StorageError;

use super::finding::{Advice, Finding, Severity};
use crate::OpenError;
use crate::directory::{PURGING_NAME, RESERVE_DRAFT_NAME, RESERVE_NAME};
use crate::identity::Identity;
use crate::progress::{OnProgress, Progress};

/// What to verify, and with what.
#[derive(Clone)]
pub struct VerifyOptions {
    /// The directory of the store.
    pub directory: PathBuf,
    /// The file system it is on. It should refuse changes, as [`crate::ReadOnlyDisk`] does.
    pub disk: Arc<dyn Disk>,
    /// An empty directory for runs of the index to compare with: it needs room for the
    /// largest two.
    pub scratch: PathBuf,
    /// The file system that is on.
    pub scratch_disk: Arc<dyn Disk>,
    /// Called again and again with the bytes that were read.
    pub on_progress: Option<OnProgress>,
}

impl fmt::Debug for VerifyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyOptions")
            .field("directory", &self.directory)
            .field("scratch", &self.scratch)
            .finish_non_exhaustive()
    }
}

/// What a store holds, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Everything noticed, in the order of the files.
    pub findings: Vec<Finding>,
    /// Statements that can be read.
    pub statement_count: u64,
    /// Segments of the log.
    pub segment_count: u64,
    /// Runs of the index.
    pub run_count: u64,
    /// Files with the content of attachments.
    pub attachment_count: u64,
    /// Rows of the tables.
    pub row_count: u64,
    /// Bytes of all these.
    pub bytes: u64,
}

impl Verified {
    /// How many findings are damage.
    pub fn damage_count(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Damage).count()
    }

    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.damage_count() == 0
    }
}

/// Names that may stand in the directory of a store.
const NAMES: [&str; 14] = [
    "lock",
    "store",
    "log",
    "index",
    "attachments",
    PURGING_NAME,
    "tables.sqlite",
    "tables.sqlite-wal",
    "tables.sqlite-shm",
    RESERVE_NAME,
    RESERVE_DRAFT_NAME,
    // Made of statements by the server, beside the store.
    "facts",
    // Written by the server at a first start, for its administrator.
    "first-credential.txt",
    "set-up-link.txt",
];

/// A verification under way.
pub(super) struct Verification<'a> {
    pub(super) options: &'a VerifyOptions,
    pub(super) verified: Verified,
    progress: Progress,
}

impl<'a> Verification<'a> {
    /// Begins to read what is in `directory`.
    pub(super) fn start(options: &'a VerifyOptions, directory: &Path) -> Result<Self, OpenError> {
        let total_bytes = bytes_below(options.disk.as_ref(), directory)?;
        let progress = Progress { done_bytes: 0, total_bytes };
        Ok(Self { options, verified: Verified::default(), progress })
    }

    pub(super) fn disk(&self) -> &'a dyn Disk {
        self.options.disk.as_ref()
    }

    pub(super) fn directory(&self) -> &'a Path {
        &self.options.directory
    }

    pub(super) fn report(&mut self, finding: Finding) {
        self.verified.findings.push(finding);
    }

    /// Counts bytes that were read.
    pub(super) fn read(&mut self, bytes: u64) {
        self.verified.bytes += bytes;
        self.progress.done_bytes += bytes;
        if let Some(on_progress) = &self.options.on_progress {
            let done_bytes = self.progress.done_bytes.min(self.progress.total_bytes);
            on_progress(Progress { done_bytes, ..self.progress });
        }
    }

    /// The names in a directory of the store; none if there is no such directory.
    pub(super) fn names(&self, directory: &Path) -> Result<Vec<String>, StorageError> {
        names_in(self.disk(), directory).map_err(failed)
    }

    pub(super) fn identity(&mut self) -> Result<Option<Identity>, OpenError> {
        match Identity::read(self.disk(), self.directory()) {
            Ok(Some(identity)) => Ok(Some(identity)),
            Ok(None) => {
                let what = "the file is missing: without its keys no statement can be found";
                self.report(Finding::damage("store", what, Advice::Restore));
                Ok(None)
            }
            Err(OpenError::Storage(StorageError::Corrupt { .. })) => {
                let what = "it does not have its checksum: without its keys no statement can \
                     be found";
                self.report(Finding::damage("store", what, Advice::Restore).at(0));
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    pub(super) fn check_names(&mut self) -> Result<(), StorageError> {
        for name in self.names(self.directory())? {
            if !NAMES.contains(&name.as_str()) {
                self.report(Finding::note(&name, "the store does not know this file"));
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Verified {
        if let Some(on_progress) = &self.options.on_progress {
            let total_bytes = self.progress.total_bytes;
            on_progress(Progress { done_bytes: total_bytes, total_bytes });
        }
        self.verified
    }
}

/// The error for what the system reports.
pub(super) fn failed(source: io::Error) -> StorageError {
    StorageError::Io { act: "verification the store", source }
}

fn names_in(disk: &dyn Disk, directory: &Path) -> io::Result<Vec<String>> {
    match disk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        names => names,
    }
}

/// Bytes of the files in a directory and below, as far as they can be read.
fn bytes_below(disk: &dyn Disk, directory: &Path) -> Result<u64, StorageError> {
    let mut bytes = 0;
    for name in names_in(disk, directory).map_err(failed)? {
        let path = directory.join(name);
        bytes += match disk.list(&path) {
            Ok(_) => bytes_below(disk, &path)?,
            Err(_) => disk.open(&path).and_then(|file| file.len()).unwrap_or(0),
        };
    }
    Ok(bytes)
}
