//! The admin API and the pages in process, with the real use cases and the reference engine.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the whole crate is tests, where a panic is the failure of one"
)]
#![expect(clippy::excessive_nesting, reason = "tables of versions, places and rows are loops")]

mod admin;
mod administered;
mod operating;
mod people;
mod published;
#[expect(dead_code, reason = "the tests of xAPI say more to it")]
#[path = "../../../http/tests/xapi/server.rs"]
mod server;
mod tenancy;
