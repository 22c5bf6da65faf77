//! Tenants, credentials, tokens and the audit on the reference engine, without HTTP.

#![expect(
    clippy::unwrap_used,
    reason = "the whole crate is tests, where a panic is the failure of one"
)]

mod auditing;
mod credentials;
mod permitting;
mod tenants;
mod tokens;
mod world;
