//! Errors of object storage.

use std::error::Error;

use object_store::client::{HttpError, HttpErrorKind};

/// Why an operation of object storage failed. The variants say what can be done next.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The bucket does not exist. Create it, or correct the address.
    #[error("object storage has no bucket {bucket:?}")]
    NoBucket {
        /// The name of the bucket.
        bucket: String,
    },
    /// The key is wrong, or does not permit this. Correct it, or grant it reading, writing and
    /// deleting.
    #[error("object storage denies access to the bucket {bucket:?}: {reason}")]
    Denied {
        /// The name of the bucket.
        bucket: String,
        /// The error code of the service.
        reason: String,
    },
    /// The object or the upload does not exist.
    #[error("the object does not exist")]
    Missing,
    /// The service does not respond in time or is overloaded. Retry later.
    #[error("object storage is not available")]
    Unavailable {
        /// The error of the transport or the service.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another reason.
    #[error("object storage refuses the request")]
    Refused {
        /// The error of the service.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ObjectError {
    /// Classifies the error of a request to `bucket`.
    pub(crate) fn of(bucket: &str, error: object_store::Error) -> Self {
        let bucket = bucket.to_owned();
        let body = error.to_string();
        let denied = |reason| Self::Denied { bucket: bucket.clone(), reason };
        // Every other variant is about requests that we never send, or about none of these.
        #[expect(clippy::wildcard_enum_match_arm, reason = "the enum may grow")]
        match error {
            object_store::Error::NotFound { .. } if body.contains("NoSuchBucket") => {
                Self::NoBucket { bucket }
            }
            object_store::Error::NotFound { .. } => Self::Missing,
            object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. } => {
                denied(code_of(&body).unwrap_or("access denied").to_owned())
            }
            other if is_transient(&other, &body) => Self::Unavailable { source: other.into() },
            other => Self::Refused { source: other.into() },
        }
    }

    /// The error of a timeout.
    pub(crate) fn timed_out() -> Self {
        let source = std::io::Error::from(std::io::ErrorKind::TimedOut);
        Self::Unavailable { source: source.into() }
    }
}

/// The error code in the XML of a response.
fn code_of(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code)
}

/// Whether the request may succeed later.
fn is_transient(error: &object_store::Error, body: &str) -> bool {
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(error) = current.downcast_ref::<HttpError>() {
            return !matches!(error.kind(), HttpErrorKind::Decode);
        }
        cause = current.source();
    }
    ["status code: 5", "status code: 429", "SlowDown", "InternalError"]
        .iter()
        .any(|sign| body.contains(sign))
}
