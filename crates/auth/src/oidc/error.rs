//! Errors of OpenID providers and tokens.

/// Why a sign-in or a token failed, by what can be done next.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OidcError {
    /// The provider does not respond, or not as expected. Retry later.
    #[error("{act} at the OpenID provider failed")]
    Unavailable {
        /// What failed, such as "requesting keys".
        act: &'static str,
        /// The cause.
        #[source]
        source: FetchError,
    },
    /// The configuration does not match the provider. An operator must correct it.
    #[error("the OpenID provider does not match the configuration: {0}")]
    Setup(String),
    /// The person cancelled, or the provider refused the sign-in.
    #[error("the OpenID provider refused with `{0}`")]
    Declined(String),
    /// The response belongs to no sign-in that was started here, or to one that has expired or is
    /// finished. Start again.
    #[error("the sign-in has expired or was not started in this browser")]
    Stale,
    /// The token is not valid. Another one may be.
    #[error("the token is not accepted")]
    Token(#[from] TokenFault),
}

/// Why a response of a provider cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// There is none.
    #[error("no response: {0}")]
    Unreachable(String),
    /// It is too long.
    #[error("a response of more than {0} bytes")]
    TooLong(usize),
    /// It has an unexpected status. Redirects are not followed.
    #[error("a response with status {0}")]
    Status(u16),
    /// It is not the expected JSON.
    #[error("an invalid response: {0}")]
    Unreadable(String),
    /// Others have waited for it before, as many as may.
    #[error("no response yet, and too many requests wait for one")]
    Crowded,
}

/// A fault of a token, without any of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is not a signed JSON Web Token, is too long, or requires an unsupported extension.
    #[error("it is not a signed JSON Web Token")]
    Malformed,
    /// Its signature algorithm is not accepted.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// The issuer has no key with this id and type.
    #[error("its key is unknown")]
    Key,
    /// The signature is not valid.
    #[error("its signature is not valid")]
    Signature,
    /// It is from another issuer.
    #[error("it is from another issuer")]
    Issuer,
    /// It is for another audience.
    #[error("it is for another audience")]
    Audience,
    /// It has expired, or has no expiry.
    #[error("it has expired")]
    Expired,
    /// It is not valid yet.
    #[error("it is not valid yet")]
    Early,
    /// It belongs to another sign-in.
    #[error("it belongs to another sign-in")]
    Nonce,
    /// It has no valid subject.
    #[error("it has no subject")]
    Subject,
    /// It has another type, such as an ID token instead of an access token.
    #[error("it has another token type")]
    Kind,
    /// It names no tenant.
    #[error("it names no tenant")]
    Tenant,
}
