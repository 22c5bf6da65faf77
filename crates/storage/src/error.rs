//! Errors of storage.

use std::io;
use std::time::Duration;

use acta_xapi::StatementId;

/// Why an operation of storage failed. The variants say what the caller can do next.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Statements with these ids and different content are already stored. Do not retry.
    #[error("{} statement id(s) are already stored with different content", .0.len())]
    Conflict(Vec<StatementId>),

    /// The document does not match the precondition. Read it again, then decide.
    #[error("the precondition does not hold")]
    PreconditionFailed,

    /// The place has reached its limit of documents. Remove one first.
    #[error("the limit of {count_max} documents is reached")]
    TooMany {
        /// The limit.
        count_max: usize,
    },

    /// The content is longer than the engine stores. Send less.
    #[error("content is limited to {bytes_max} bytes")]
    TooLarge {
        /// The limit, in bytes.
        bytes_max: u64,
    },

    /// Too much work is queued, or a transaction lost a race. Retry later.
    #[error("storage is busy")]
    Busy {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },

    /// The engine's database cannot be reached or accepts no writes. Nothing was changed.
    /// Retry later.
    #[error("the database is not available")]
    Unavailable {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },

    /// The device is full. Nothing was stored; reads still work. Free space, then retry.
    #[error("no space left on the device")]
    Full,

    /// Stored bytes fail their checksum. They are neither returned nor repaired.
    #[error("corrupt data in {place}")]
    Corrupt {
        /// File and byte offset, or table and key.
        place: String,
    },

    /// An earlier sync failed, so it is unknown what is durable. Restart to recover.
    #[error("storage halted after a failed write")]
    Halted,

    /// The device or the database server failed.
    #[error("could not finish {act}")]
    Io {
        /// The act that failed, as in "syncing the log".
        act: &'static str,
        /// What the device or the driver reported.
        #[source]
        source: io::Error,
    },
}

impl StorageError {
    /// A copy of the error, for another caller that waits for the same result.
    #[must_use]
    pub fn repeated(&self) -> Self {
        match self {
            Self::Conflict(ids) => Self::Conflict(ids.clone()),
            Self::PreconditionFailed => Self::PreconditionFailed,
            Self::TooMany { count_max } => Self::TooMany { count_max: *count_max },
            Self::TooLarge { bytes_max } => Self::TooLarge { bytes_max: *bytes_max },
            Self::Busy { retry_after } => Self::Busy { retry_after: *retry_after },
            Self::Unavailable { retry_after } => Self::Unavailable { retry_after: *retry_after },
            Self::Full => Self::Full,
            Self::Corrupt { place } => Self::Corrupt { place: place.clone() },
            Self::Halted => Self::Halted,
            Self::Io { act, source } => {
                Self::Io { act, source: io::Error::new(source.kind(), source.to_string()) }
            }
        }
    }
}
