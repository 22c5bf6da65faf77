//! What quotas and identity providers refuse.

use acta_auth::oidc::OidcError;
use acta_service::{OverQuota, QuotaError, QuotaLimit, ServiceError};
use hyper::StatusCode;

use super::Problem;

impl From<OverQuota> for Problem {
    fn from(over: OverQuota) -> Self {
        let OverQuota { limit, max, retry_after } = over;
        let detail = match limit {
            QuotaLimit::Requests => format!("the tenant may send {max} requests a second"),
            QuotaLimit::Bytes => format!("the tenant may store {max} bytes a day (in UTC)"),
            QuotaLimit::Statements => {
                format!("the tenant may store {max} statements a day (in UTC)")
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
                tracing::warn!(error = cause, "nobody can sign in at the identity provider");
                Self::busy(Self::BUSY_RETRY_AFTER)
            }
            OidcError::Setup(_) => {
                tracing::error!(error = cause, "nobody can sign in at the identity provider");
                Self::internal()
            }
            OidcError::Declined(_) | OidcError::Stale | OidcError::Token(_) => {
                tracing::info!(error = cause, "a sign-in at the identity provider came to nothing");
                let detail = format!("{error}; begin again at /signin");
                Self::new(StatusCode::BAD_REQUEST, "sign-in-failed", detail)
            }
        }
    }
}
