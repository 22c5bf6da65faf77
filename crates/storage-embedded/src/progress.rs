//! How far a long read of the log has come.

use std::sync::Arc;

/// How far the start has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the log that were read.
    pub done_bytes: u64,
    /// Bytes of the log that are to be read.
    pub total_bytes: u64,
}

/// Called again and again while a start reads the log.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;
