//! The use cases of administration on the reference engine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the whole crate is tests, where a panic is the failure of one"
)]

mod audit_entries;
mod first_credential;
mod house;
mod leaving;
mod links;
mod provider;
mod sign_in;
