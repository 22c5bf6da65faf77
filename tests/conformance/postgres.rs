//! The tests of every requirement again, with the engine on PostgreSQL.

#[path = "main.rs"]
mod conformance;

use conformance::{both, engine, shared};
