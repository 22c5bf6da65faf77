//! Turns what a request presents into a principal.
//!
//! Secrets are never stored, only their HMAC-SHA256 under a key of the store's own, and are
//! compared in constant time. What the principal may do is decided elsewhere, and so is the
//! answer to a refusal.

mod authenticator;
mod basic;
mod cache;
mod failures;
mod issue;
pub mod oidc;
mod secret;

pub use authenticator::{AuthError, Authenticator, Options};
pub use issue::SeedError;
pub use secret::Secret;
