//! OpenID providers: who signs people in, and whose access tokens are taken.

use std::num::NonZeroU32;

use crate::{Secret, Span};

/// The algorithms that tokens may be signed by.
pub const TOKEN_ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// The provider that signs people in.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    /// The name of the issuer.
    pub issuer: String,
    /// What this server is called there.
    pub client_id: String,
    /// The secret that goes with it; none for a public client.
    pub client_secret: Option<Secret<String>>,
    /// Where browsers are sent back to.
    pub redirect_uri: String,
    /// What is asked for, with blanks between.
    pub scopes: String,
    /// What the button says.
    pub label: String,
    /// The claim whose values give roles.
    pub role_claim: Option<String>,
    /// Which value gives which role.
    pub roles: Vec<OidcRole>,
    /// Whether somebody who is given a role gets an account on signing in for the first time.
    pub make_accounts: bool,
    /// The names of the algorithms that ID tokens may be signed by.
    pub algorithms: Vec<String>,
    /// How long an answer of the provider is waited for.
    pub timeout: Span,
}

/// Who has a value in the claim for roles has a role in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcRole {
    /// The value.
    pub value: String,
    /// The role.
    pub role: Role,
    /// The number of the tenant.
    pub tenant: NonZeroU32,
}

/// The name of what a person may do in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `owner`
    Owner,
    /// `administrator`
    Administrator,
    /// `analyst`
    Analyst,
    /// `auditor`
    Auditor,
    /// `viewer`
    Viewer,
}

impl Role {
    /// Every role, from the one that may do most.
    pub const EVERY: [Self; 5] =
        [Self::Owner, Self::Administrator, Self::Analyst, Self::Auditor, Self::Viewer];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
        }
    }
}

/// The issuer whose access tokens are taken.
#[derive(Clone, Debug)]
pub struct OidcBearer {
    /// The name of the issuer.
    pub issuer: String,
    /// What this server is called in tokens that are meant for it.
    pub audience: String,
    /// The tenant that tokens are for.
    pub tenant: OidcTenant,
    /// The claim with scopes; when there is none, `scope` or else `scp`.
    pub scope_claim: Option<String>,
    /// What stands before the name of a scope.
    pub scope_prefix: String,
    /// The names of the algorithms that tokens may be signed by.
    pub algorithms: Vec<String>,
    /// How long an answer of the issuer is waited for.
    pub timeout: Span,
}

/// The tenant that access tokens are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OidcTenant {
    /// Always the one with this number.
    Fixed(NonZeroU32),
    /// The one whose number is in this claim.
    Claim(String),
}
