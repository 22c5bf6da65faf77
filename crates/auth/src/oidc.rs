//! People and machines that an OpenID provider vouches for.
//!
//! [`Provider`] signs people in: by an authorization code with PKCE, a state and a nonce, and
//! an ID token whose signature and claims are checked. [`BearerVerifier`] takes access tokens
//! that are JSON Web Tokens. Both trust one issuer, named in the configuration, only by the
//! algorithms listed there, and only for tokens that are meant for this server.
//! What the provider is asked for is kept for a while, bounded in size and time, and asked for
//! again when a token names a key that is not known, but not more often than forgers may make
//! it. Accounts, sessions and answers to requests are left to others.
//!
//! Spec: OpenID Connect Core 1.0; OpenID Connect Discovery 1.0; RFC 7636 (PKCE); RFC 7515 and
//! RFC 7519 (tokens); RFC 8725 (their best practice); RFC 9068 (access tokens); RFC 9207.

mod bearer;
mod cache;
mod cached;
mod claims;
mod error;
mod grants;
mod issuer;
mod jws;
mod keys;
mod metadata;
mod pending;
mod provider;
mod transport;

/// What fuzzing may see of the decoders. The product is never built with it.
#[cfg(fuzzing)]
pub mod fuzzing;

pub use bearer::{BearerIdentity, BearerOptions, BearerTenant, BearerVerifier, is_token_shaped};
pub use error::{FetchError, OidcError, TokenFault};
pub use grants::RoleRule;
pub use jws::{Algorithm, UnknownAlgorithm};
pub use pending::{Callback, Pending};
pub use provider::{Begun, Provider, ProviderOptions, SignedIn};
