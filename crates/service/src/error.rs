//! Errors of the use cases.

use std::io;
use std::time::Duration;

use acta_access::{Denied, Restriction};
use acta_storage::StorageError;
use acta_xapi::{Fault, Faults, Rule, StatementId};
use tokio::task::JoinError;

use crate::OverQuota;

/// Why a use case failed. The variants say what the caller can do next.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The input is invalid. Correct it, then send it again.
    #[error("the input is invalid")]
    Faulty(Faults),

    /// The credential may not do this. Use another one.
    #[error("not permitted")]
    Denied(#[source] Denied),

    /// Nothing with this name exists.
    #[error("not found")]
    NotFound,

    /// Statements with these ids and different content are already stored. Do not retry.
    #[error("{} statement id(s) are already stored with different content", .0.len())]
    Conflict(Vec<StatementId>),

    /// The document does not match the precondition. Read it again, then decide.
    #[error("the precondition does not hold")]
    PreconditionFailed,

    /// The document exists, and the request has no precondition. Read it, then send its tag.
    #[error("the document exists and no precondition was sent")]
    Unconditional,

    /// A limit on size or number is exceeded. Send less.
    #[error("{limit:?} is over the limit of {max}")]
    OverLimit {
        /// The exceeded limit.
        limit: Limit,
        /// The value of the limit, in its unit.
        max: u64,
    },

    /// A quota of the tenant is exhausted. Retry when it is renewed.
    #[error(transparent)]
    OverQuota(OverQuota),

    /// The server is overloaded. Retry later.
    #[error("busy")]
    Busy {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },

    /// The database cannot be reached or accepts no writes. Nothing was changed.
    /// Retry later.
    #[error("the database is not available")]
    Unavailable {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },

    /// Storage is full. Nothing was changed; reads still work. Free space, then retry.
    #[error("storage is full")]
    Full,

    /// Storage accepts no more writes, because the device failed. What was being written may
    /// be stored. Repeat it after an operator has restarted the server.
    #[error("storage has halted")]
    Halted,

    /// Storage or the process failed. An operator should investigate.
    #[error("storage failed")]
    Failed(#[source] StorageError),
}

/// A limit of a use case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of a single statement.
    Statement,
    /// Bytes of the signature of a statement.
    Signature,
    /// Bytes of an attachment.
    Attachment,
    /// Bytes of a document, also after a merge.
    Document,
    /// Documents of one place.
    Documents,
}

impl ServiceError {
    /// The error of an exceeded limit.
    pub(crate) fn over(limit: Limit, max: usize) -> Self {
        Self::OverLimit { limit, max: u64::try_from(max).unwrap_or(u64::MAX) }
    }

    /// The error of work on another thread that did not start, or ended early.
    pub(crate) fn of_thread(source: io::Error) -> Self {
        Self::Failed(StorageError::Io { act: "processing a request", source })
    }

    /// The error of a single fault.
    pub fn fault(pointer: impl Into<String>, rule: Rule, found: &str) -> Self {
        Self::Faulty(Faults(vec![Fault::new(pointer, rule, found)]))
    }
}

impl From<JoinError> for ServiceError {
    /// Work on another thread ended early, by a panic or because the process ends.
    fn from(error: JoinError) -> Self {
        Self::of_thread(io::Error::other(error))
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
