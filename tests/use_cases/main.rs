//! The use cases, above all of administration, without HTTP, on every engine.
//!
//! Each case is one body, which runs on the reference engine and on both real ones.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the whole crate is tests, where a panic is the failure of one"
)]
#![expect(
    clippy::cognitive_complexity,
    reason = "a case is a sequence of acts and what comes of each"
)]

mod audit_entries;
mod definitions;
mod engine;
mod first_credential;
mod house;
mod leaving;
mod limits;
mod links;
mod proof;
mod provider;
mod questions;
mod removing;
mod sign_in;
mod voiding;
