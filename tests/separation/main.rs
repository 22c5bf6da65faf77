//! A client of one tenant gets no data of another one, whatever it sends: every
//! operation of the admin API and every resource of xAPI is requested with the ids of one
//! tenant and the credentials, tokens and sessions of others, from outside.
//!
//! They are built twice: for the embedded engine and for the one on PostgreSQL.

#![expect(
    clippy::excessive_nesting,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

pub(crate) mod operations;
pub(crate) mod outsiders;
pub(crate) mod pages;
pub(crate) mod resources;
pub(crate) mod samples;
pub(crate) mod tenant_data;
pub(crate) mod world;

use acta_tests::Engine;

/// The engine that this binary is for.
pub(crate) fn engine() -> Engine {
    Engine::of_crate(env!("CARGO_CRATE_NAME"))
}
