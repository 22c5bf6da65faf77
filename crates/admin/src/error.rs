//! Why an act of administration did not happen.

use std::time::Duration;

use acta_service::ServiceError;
use acta_storage::StorageError;

/// What is wrong with a value that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminFault {
    /// Where, as a JSON Pointer into what was sent.
    pub pointer: &'static str,
    /// What is expected instead.
    pub message: String,
}

impl AdminFault {
    /// A fault at `pointer`.
    pub fn new(pointer: &'static str, message: impl Into<String>) -> Self {
        Self { pointer, message: message.into() }
    }
}

/// Why an act of administration did not happen, told by what can be done next.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// What was sent cannot be. Repair it, then send it again.
    #[error("the input is not valid")]
    Faulty(Vec<AdminFault>),

    /// Whoever asks may not. Ask somebody who has the permission.
    #[error("the permission `{permission}` is required")]
    Forbidden {
        /// The name of the permission that is missing.
        permission: &'static str,
    },

    /// There is nothing of this name, or none that the requester may know of.
    #[error("not found")]
    NotFound,

    /// It was changed meanwhile. Read it again, then decide.
    #[error("the resource has changed since it was read")]
    Stale,

    /// As things are, it is not possible. The text tells what is in the way.
    #[error("{0}")]
    Conflict(&'static str),

    /// The key of the request was used for another request. Use a new one.
    #[error("the idempotency key was used for a different request")]
    KeyReused,

    /// Who signs in is not known by what was presented.
    #[error("the e-mail address, password or code is wrong")]
    NotSignedIn,

    /// The password is right; a code of the second factor is needed too.
    #[error("a code of the second factor is required")]
    CodeNeeded,

    /// Too many attempts to sign in have failed. Wait.
    #[error("too many failed attempts")]
    Delayed {
        /// How long.
        retry_after: Duration,
    },

    /// The link was used, has expired, or never was. Ask for a new one.
    #[error("the link is not valid")]
    LinkVoid,

    /// A use case of xAPI did not do what it was asked.
    #[error("the use case failed")]
    Service(#[source] ServiceError),
}

impl AdminError {
    /// One fault and nothing else.
    pub fn fault(pointer: &'static str, message: impl Into<String>) -> Self {
        Self::Faulty(vec![AdminFault::new(pointer, message)])
    }
}

impl From<StorageError> for AdminError {
    fn from(error: StorageError) -> Self {
        Self::Service(error.into())
    }
}

impl From<ServiceError> for AdminError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}
