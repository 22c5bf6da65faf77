//! Errors of quotas and identity providers.

use acta_auth::oidc::OidcError;
use acta_service::{OverQuota, QuotaError, QuotaLimit, ServiceError};
use hyper::StatusCode;

use super::Problem;

impl From<OverQuota> for Problem {
    fn from(over: OverQuota) -> Self {
        let OverQuota { limit, max, retry_after } = over;
        let detail = match limit {
            QuotaLimit::Requests => format!(
                "the tenant may send at most {max} requests per \
                                             second"
            ),
            QuotaLimit::Bytes => format!("the tenant may store at most {max} bytes per day (UTC)"),
            QuotaLimit::Statements => {
                format!("the tenant may store at most {max} statements per day (UTC)")
            }
        };
        Self::too_many(detail, retry_after)
    }
}

impl From<QuotaError> for Problem {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::Over(over) => over.into(),
            QuotaError::Storage(error) => ServiceError::from(error).into(),
        }
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
