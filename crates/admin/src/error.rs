//! Errors of administration.

use std::fmt;
use std::time::Duration;

use acta_auth::SeedError;
use acta_service::ServiceError;
use acta_storage::StorageError;
use acta_storage::directory::PersonId;

/// A fault in a value that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminFault {
    /// The position, as a JSON Pointer.
    pub pointer: &'static str,
    /// What is expected.
    pub message: String,
}

impl AdminFault {
    /// A fault at `pointer`.
    pub fn new(pointer: &'static str, message: impl Into<String>) -> Self {
        Self { pointer, message: message.into() }
    }
}

/// Why a new store got no credential.
#[derive(Debug, thiserror::Error)]
pub enum FirstCredentialError {
    /// The configured key or secret is unusable, or could not be stored.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The store cannot be read or written. Start again later.
    #[error("could not create the first credential")]
    Storage(#[from] StorageError),
}

/// A limit of the configuration that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReachedLimit {
    /// What has as many as it may.
    pub holder: &'static str,
    /// What it has as many of.
    pub what: &'static str,
    /// How many.
    pub count_max: usize,
    /// The key of the configuration.
    pub key: &'static str,
}

impl fmt::Display for ReachedLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { holder, what, count_max, key } = self;
        write!(
            f,
            "{holder} already has the maximum of {count_max} {what}; remove one first ({key})"
        )
    }
}

/// Why an act of administration failed, by what can be done next.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The input is not valid. Correct it, then send it again.
    #[error("the input is not valid")]
    Faulty(Vec<AdminFault>),

    /// The requester lacks the permission. Ask somebody who has it.
    #[error("the permission `{permission}` is required")]
    Forbidden {
        /// The name of the permission that is missing.
        permission: &'static str,
    },

    /// It does not exist, or is not visible to the requester.
    #[error("not found")]
    NotFound,

    /// It was changed since it was read. Read it again, then decide.
    #[error("the resource has changed since it was read")]
    Stale,

    /// The current state does not permit it. The text says why.
    #[error("{0}")]
    Conflict(&'static str),

    /// There are as many as the configuration permits. Remove one first.
    #[error("{0}")]
    LimitReached(ReachedLimit),

    /// An identifier belongs to another person. Join the persons, or split it off there first.
    #[error("the identifier {identifier} belongs to the person {person}")]
    IdentifierTaken {
        /// The identifier, as JSON.
        identifier: String,
        /// The person that it belongs to.
        person: PersonId,
    },

    /// Others changed persons during an import, so that some of the rows are faulty. Correct them,
    /// then send all of them again: those that were imported change nothing.
    #[error("{rows} rows were imported, and others are not valid any more")]
    ImportStopped {
        /// How many rows were imported before.
        rows: u64,
        /// What is wrong with the others.
        faults: Vec<AdminFault>,
    },

    /// The key of the request was used for another request. Use a new one.
    #[error("the idempotency key was used for a different request")]
    KeyReused,

    /// The e-mail address, password or code is wrong.
    #[error("the e-mail address, password or code is wrong")]
    NotSignedIn,

    /// The password is correct; a code of the second factor is required too.
    #[error("a code of the second factor is required")]
    CodeNeeded,

    /// Too many attempts to sign in have failed. Wait.
    #[error("too many failed attempts")]
    Delayed {
        /// How long.
        retry_after: Duration,
    },

    /// The link was used, has expired or does not exist. Request a new one.
    #[error("the link is not valid")]
    LinkVoid,

    /// A use case of xAPI failed.
    #[error("the use case failed")]
    Service(#[source] ServiceError),
}

impl AdminError {
    /// An error with one fault.
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
