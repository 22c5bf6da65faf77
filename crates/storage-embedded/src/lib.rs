//! The embedded engine: one process, one directory.
//!
//! Statements go to an append-only log with an index beside it; what changes in place goes
//! to SQLite; the content of attachments goes to files. A directory is open in one process
//! at a time.

mod attachments;
mod backup;
mod control;
mod disk;
mod engine;
mod feed;
mod format;
mod identity;
mod index;
mod log;
mod options;
mod storage;
mod tables;
mod verify;

pub use backup::{
    BackedUp, Backup, BackupError, Checked, CopyProgress, CopyStage, OnCopy, Restore, Restored,
};
pub use control::{ControlSocket, reach_control};
pub use disk::{Disk, DiskFile, ReadOnlyDisk, ScratchDisk, SystemDisk};
pub use engine::recovery::{OnProgress, Progress};
pub use options::{OpenError, Options};
pub use storage::{EmbeddedStorage, LostTables, Reindexed, Statistics};
pub use verify::{
    Advice, Finding, LostStatement, Severity, Verified, VerifyOptions, salvage, verify,
};

/// What fuzzing may see of the decoders. The product is never built with it.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use crate::identity::fuzzing::read_identity;
    pub use crate::index::fuzzing::{OpenIndex, Question};
    pub use crate::log::fuzzing::{OpenSegment, unpack};
}
