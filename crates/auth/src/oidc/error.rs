//! Why nobody is signed in.

/// Why a sign-in or a token came to nothing, told by what can be done next.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OidcError {
    /// The provider does not answer, or not as it should. Retry later.
    #[error("{act} at the OpenID provider failed")]
    Unavailable {
        /// What failed, as in "requesting keys".
        act: &'static str,
        /// How.
        #[source]
        source: FetchError,
    },
    /// The configuration here and the provider do not fit. An operator should look.
    #[error("the OpenID provider does not match the configuration: {0}")]
    Setup(String),
    /// The person turned back, or the provider does not let them in.
    #[error("the OpenID provider refused with `{0}`")]
    Declined(String),
    /// The answer belongs to no sign-in that was begun here, or to one that was begun too long
    /// ago or is over. Begin again.
    #[error("the sign-in has expired or was not started in this browser")]
    Stale,
    /// The token is not to be trusted. Another one may be.
    #[error("the token is not accepted")]
    Token(#[from] TokenFault),
}

/// How an answer of a provider falls short.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// There is none.
    #[error("no response: {0}")]
    Unreachable(String),
    /// It does not come to an end.
    #[error("a response of more than {0} bytes")]
    TooLong(usize),
    /// It has another status than it should. Redirections are not followed.
    #[error("a response with status {0}")]
    Status(u16),
    /// It is not the JSON that it should be.
    #[error("an invalid response: {0}")]
    Unreadable(String),
}

/// What is wrong with a token. Nothing of the token is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is no signed JSON Web Token, or too long, or wants something understood that is not.
    #[error("it is not a signed JSON Web Token")]
    Malformed,
    /// It is signed by an algorithm that is not listed, or by none.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// The issuer has no key of that name and kind.
    #[error("its key is unknown")]
    Key,
    /// The signature does not hold.
    #[error("its signature is not valid")]
    Signature,
    /// It was issued by somebody else.
    #[error("it is from another issuer")]
    Issuer,
    /// It is meant for somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It has expired, or never says when it will.
    #[error("it has expired")]
    Expired,
    /// It comes from the future.
    #[error("it is not valid yet")]
    Early,
    /// It belongs to another sign-in.
    #[error("it belongs to another sign-in")]
    Nonce,
    /// It names nobody, or by a name that is none.
    #[error("it has no subject")]
    Subject,
    /// It is a token of another kind, as an ID token where an access token is due.
    #[error("it has another token type")]
    Kind,
    /// It names no tenant.
    #[error("it names no tenant")]
    Tenant,
}
