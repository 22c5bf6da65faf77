//! Why object storage did not do what it was asked.

use std::error::Error;

use object_store::client::{HttpError, HttpErrorKind};

/// Why object storage did not do what it was asked, body by what can be done next.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such bucket. Make it, or mend the address.
    #[error("object storage has no bucket {bucket:?}")]
    NoBucket {
        /// The name that was asked for.
        bucket: String,
    },
    /// The key is wrong, or does not permit this. Mend it, or permit reading, writing and
    /// deleting.
    #[error("object storage refuses the key for the bucket {bucket:?}: {reason}")]
    Denied {
        /// The bucket.
        bucket: String,
        /// What the service calls it.
        reason: String,
    },
    /// There is no such object, or no such upload.
    #[error("object storage does not have it")]
    Missing,
    /// Nobody answers, or not in time, or the service is overloaded. Retry later.
    #[error("object storage is not available")]
    Unavailable {
        /// What the transport or the service reports.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another reason.
    #[error("object storage refuses")]
    Refused {
        /// What the service reports.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ObjectError {
    /// What came of something asked of `bucket`.
    pub(crate) fn of(bucket: &str, error: object_store::Error) -> Self {
        let bucket = bucket.to_owned();
        let body = error.to_string();
        let denied = |reason| Self::Denied { bucket: bucket.clone(), reason };
        // Every other variant is about what we never ask for, or none of these.
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

    /// An answer did not come in time.
    pub(crate) fn timed_out() -> Self {
        let source = std::io::Error::from(std::io::ErrorKind::TimedOut);
        Self::Unavailable { source: source.into() }
    }
}

/// What the service calls an error, in the XML that it answers with.
fn code_of(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code)
}

/// Whether the same may go well later.
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
