//! Why storage did not do what it was asked.

use std::io;
use std::time::Duration;

use acta_xapi::StatementId;

/// Why storage did not do what it was asked, told by what the caller can do next.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// These ids are taken by different content. Do not retry.
    #[error("{} statement id(s) are already stored with different content", .0.len())]
    Conflict(Vec<StatementId>),

    /// The document is not as the caller expects it to be. Read it again, then decide.
    #[error("the precondition does not hold")]
    PreconditionFailed,

    /// The place holds as many documents as it may. Remove one first.
    #[error("the place holds {count_max} documents already")]
    TooMany {
        /// How many it may hold.
        count_max: usize,
    },

    /// The content is longer than the engine keeps. Send less.
    #[error("content of more than {bytes_max} bytes is not kept")]
    TooLarge {
        /// The most that it keeps.
        bytes_max: u64,
    },

    /// Too much work is queued, or a transaction lost a race. Retry later.
    #[error("storage is busy")]
    Busy {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },

    /// The engine's database cannot be reached, or takes no writes now. Nothing was changed.
    /// Retry later.
    #[error("the database is not available")]
    Unavailable {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },

    /// The device has no room. Nothing was stored; reads go on. Make room, then retry.
    #[error("no room left on the device")]
    Full,

    /// Stored bytes fail their checksum. They are neither served nor mended.
    #[error("corrupt data in {place}")]
    Corrupt {
        /// File and byte offset, or table and key.
        place: String,
    },

    /// An earlier sync failed, so what is durable is unknown. Restart to recover.
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
    /// The same error, for a further caller who waits for the same outcome.
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
