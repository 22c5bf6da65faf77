//! Our own tests of every requirement, both versions, over HTTP.
//!
//! `spec/requirements.toml` says which test holds which requirement. They are built twice: for
//! the embedded engine and for the one on PostgreSQL. All tests of a binary share one server,
//! so each sends ids, agents and activities of its own and asks only for what it sent.

#![expect(
    clippy::excessive_nesting,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

use acta_tests::{Client, Engine, Server, Version};

mod about;
mod activities;
mod agents;
mod attachments;
mod beyond;
mod communication;
mod documents;
mod openedx;
mod queries;
mod references;
mod signed;
mod statement_data;
mod statements;

/// The engine that this binary is for.
pub(crate) fn engine() -> Engine {
    Engine::of_crate(env!("CARGO_CRATE_NAME"))
}

/// The server that all tests of this binary share.
pub(crate) fn shared() -> &'static Server {
    acta_tests::shared_on(engine())
}

/// Runs a test as a client of each version. Cargo shows the last line of a failed test.
#[track_caller]
pub(crate) fn both(test: impl Fn(&Client)) {
    for version in Version::EVERY {
        println!("as xAPI {}", version.as_str());
        test(&shared().client(version));
    }
}
