//! What the tests of the whole binary share: a server of their own, a client with every
//! header in reach, and material to send.
//!
//! Nothing here knows how the server works inside. It is started like any user starts it,
//! on a directory that vanishes, and it ends with the test that started it.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "only tests use this")]

pub mod certificates;
pub mod client;
pub mod engine;
pub mod freshness;
pub mod make;
pub mod multipart;
pub mod output;
pub mod recorded;
pub mod server;
pub mod sign;
pub mod tweak;

pub use acta_xapi::Version;
pub use client::{Call, Client, Response};
pub use engine::{Engine, Store};
pub use output::{CommandOutput, commands_without, run};
pub use server::{Launch, Server, acta, basic, shared, shared_on};
