//! Authentication of people and machines by an OpenID provider.
//!
//! [`Provider`] signs people in: by an authorization code with PKCE, a state and a nonce, and an ID
//! token whose signature and claims are checked. [`BearerVerifier`] verifies access tokens that are
//! JSON Web Tokens. Both trust one configured issuer, only with the configured algorithms, and only
//! tokens for this server. Responses of the provider are cached, limited in size and time. Keys are
//! requested again when a token has an unknown key, but at a limited rate, so that forged tokens do
//! not cause many requests. Accounts, sessions and responses are not part of this module.
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

/// The decoders for fuzzing. The product is never built with it.
#[cfg(fuzzing)]
pub mod fuzzing;

pub use bearer::{BearerIdentity, BearerOptions, BearerTenant, BearerVerifier, is_token_shaped};
pub use error::{FetchError, OidcError, TokenFault};
pub use grants::RoleRule;
pub use jws::{Algorithm, UnknownAlgorithm};
pub use pending::{Callback, Pending};
pub use provider::{Provider, ProviderOptions, SignedIn, StartedSignIn};
