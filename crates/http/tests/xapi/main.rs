//! The HTTP face in process, with the real use cases and the reference engine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the whole crate is tests, where a panic is the failure of one"
)]
#![expect(clippy::excessive_nesting, reason = "tables of versions, places and rows are loops")]

mod alternate;
mod anonymous;
mod attachments;
mod documents;
mod edge;
mod entities;
mod hostile;
mod reading;
mod refusals;
mod revoking;
#[expect(dead_code, reason = "the tests of the admin API ask more of it")]
mod server;
mod sockets;
mod writing;
