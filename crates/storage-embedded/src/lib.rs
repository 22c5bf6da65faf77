//! The embedded engine: one process, one directory.
//!
//! Statements go to an append-only log with an index beside it; what changes in place goes
//! to SQLite; the content of attachments goes to files. A directory is open in one process
//! at a time.

mod attachments;
mod backup;
mod blocking;
mod control;
mod directory;
mod engine;
mod identity;
mod options;
mod progress;
mod reserve;
mod storage;
mod tables;
mod verify;
mod writer;

pub use acta_statement_log::disk::read_only::ReadOnlyDisk;
pub use acta_statement_log::disk::scratch::ScratchDisk;
pub use acta_statement_log::disk::{Disk, DiskFile, SystemDisk};

pub use backup::{
    BackedUp, Backup, BackupError, Checked, CopyProgress, CopyStage, LastBackup, OnCopy, Restore,
    Restored,
};
pub use control::{ControlSocket, control_opened, reach_control, reach_exchange};
pub use directory::content::DirectoryContent;
pub use directory::exposure::Exposure;
pub use options::{OpenError, Options};
pub use progress::{OnProgress, Progress};
pub use storage::reindex::Reindexed;
pub use storage::{EmbeddedStorage, LostTables, Statistics};
pub use verify::{
    Advice, Finding, LostStatement, Severity, Verified, VerifyOptions, salvage, verify,
};

/// What fuzzing may see of the decoders. The product is never built with it.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use crate::identity::fuzzing::read_identity;
}
