//! Why a use case did not do what it was asked.

use std::io;
use std::time::Duration;

use acta_access::{Denied, Restriction};
use acta_storage::StorageError;
use acta_xapi::{Fault, Faults, Rule, StatementId};
use tokio::task::JoinError;

/// Why a use case did not do what it was asked, told by what the caller can do next.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// What was sent breaks rules. Repair it, then send it again.
    #[error("the input breaks rules")]
    Faulty(Faults),

    /// The credential may not do this. Use another one.
    #[error("not permitted")]
    Denied(#[source] Denied),

    /// There is nothing of this name.
    #[error("not found")]
    NotFound,

    /// These statement ids are taken by different content. Do not retry.
    #[error("{} statement id(s) are taken by different content", .0.len())]
    Conflict(Vec<StatementId>),

    /// The document is not the one that the precondition names. Read it again, then decide.
    #[error("the precondition does not hold")]
    PreconditionFailed,

    /// There is a document, and the writer did not say which one is to be replaced. Read
    /// it, then name its tag.
    #[error("the document exists and no precondition was sent")]
    Unconditional,

    /// Something is larger than it may be, or there is too much of it. Send less.
    #[error("{limit:?} is over the limit of {max}")]
    OverLimit {
        /// What there is too much of.
        limit: Limit,
        /// The most of it, in its unit.
        max: u64,
    },

    /// Too much is going on. Retry later.
    #[error("busy")]
    Busy {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },

    /// The database behind storage is not there, or takes no writes. Nothing was changed.
    /// Retry later.
    #[error("the database is not available")]
    Unavailable {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },

    /// There is no room left. Nothing was changed; reads go on. Make room, then retry.
    #[error("no room is left")]
    Full,

    /// Storage takes no more writes, because the device failed. What was being written may
    /// be stored. Repeat it once an operator has restarted the server.
    #[error("storage has halted")]
    Halted,

    /// Storage failed, or the process. An operator should look at it.
    #[error("storage failed")]
    Failed(#[source] StorageError),
}

/// What a use case takes only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of a single statement.
    Statement,
    /// Bytes of the signature of a statement.
    Signature,
    /// Bytes of an attachment.
    Attachment,
    /// Bytes of a document, also when it grows by being merged into.
    Document,
    /// Documents of one place.
    Documents,
}

impl ServiceError {
    /// So much of something is the most.
    pub(crate) fn over(limit: Limit, max: usize) -> Self {
        Self::OverLimit { limit, max: u64::try_from(max).unwrap_or(u64::MAX) }
    }

    /// One fault and nothing else.
    pub fn fault(pointer: impl Into<String>, rule: Rule, found: &str) -> Self {
        Self::Faulty(Faults(vec![Fault::new(pointer, rule, found)]))
    }
}

impl From<JoinError> for ServiceError {
    /// Work on a thread of its own was cut off, by a defect or by the end of the process.
    fn from(error: JoinError) -> Self {
        let source = io::Error::other(error);
        Self::Failed(StorageError::Io { act: "working on a request", source })
    }
}

impl From<Restriction> for ServiceError {
    fn from(restriction: Restriction) -> Self {
        Self::Denied(restriction.into())
    }
}

impl From<Faults> for ServiceError {
    fn from(faults: Faults) -> Self {
        Self::Faulty(faults)
    }
}

impl From<StorageError> for ServiceError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Conflict(ids) => Self::Conflict(ids),
            StorageError::PreconditionFailed => Self::PreconditionFailed,
            StorageError::TooMany { count_max } => Self::over(Limit::Documents, count_max),
            StorageError::TooLarge { bytes_max } => {
                Self::OverLimit { limit: Limit::Attachment, max: bytes_max }
            }
            StorageError::Busy { retry_after } => Self::Busy { retry_after },
            StorageError::Unavailable { retry_after } => Self::Unavailable { retry_after },
            StorageError::Full => Self::Full,
            StorageError::Halted => Self::Halted,
            StorageError::Corrupt { .. } | StorageError::Io { .. } => Self::Failed(error),
        }
    }
}
