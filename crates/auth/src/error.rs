//! Errors of authentication.

use std::time::Duration;

use acta_storage::StorageError;

use crate::oidc::OidcError;

/// Why authentication failed.
///
/// Clients only learn that they must authenticate.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The request has no credentials.
    #[error("authentication required")]
    Missing,
    /// The request has an unsupported scheme.
    #[error("the authentication scheme is not supported")]
    UnsupportedScheme,
    /// The credentials are malformed, unknown or wrong.
    #[error("the credentials are not valid")]
    Refused,
    /// The credentials are wrong, and there were too many wrong secrets for this key. The correct
    /// secret is always accepted.
    #[error("too many wrong secrets for this key")]
    Exhausted {
        /// How many per minute are tolerated.
        count_max: usize,
        /// When the count is reset.
        retry_after: Duration,
    },
    /// The tenant is suspended or deleted. Contact its owner.
    #[error("the tenant of the credential is {state}")]
    Closed {
        /// Its state.
        state: &'static str,
    },
    /// The issuer of access tokens could not be reached, or is not configured correctly.
    #[error("could not reach the issuer of the access token")]
    Issuer(#[source] OidcError),
    /// Storage could not be read. Retry later.
    #[error("could not look up the credentials")]
    Storage(#[source] StorageError),
}
