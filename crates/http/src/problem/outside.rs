//! Errors of quotas and identity providers.

use acta_auth::oidc::OidcError;
use acta_service::OverQuota;
use hyper::StatusCode;

use super::Problem;

impl From<OverQuota> for Problem {
    fn from(over: OverQuota) -> Self {
        Self::too_many(over.to_string(), over.retry_after)
    }
}

impl From<OidcError> for Problem {
    fn from(error: OidcError) -> Self {
        let cause: &dyn std::error::Error = &error;
        match &error {
            OidcError::Unavailable { .. } => {
                tracing::warn!(error = cause, "sign-in with the identity provider is not possible");
                Self::busy(Self::BUSY_RETRY_AFTER)
            }
            OidcError::Setup(_) => {
                tracing::error!(
                    error = cause,
                    "sign-in with the identity provider is not \
                                                possible"
                );
                Self::internal()
            }
            OidcError::Declined(_) | OidcError::Stale | OidcError::Token(_) => {
                tracing::info!(error = cause, "a sign-in with the identity provider failed");
                let detail = format!("{error}; start again at /signin");
                Self::new(StatusCode::BAD_REQUEST, "sign-in-failed", detail)
            }
        }
    }
}
