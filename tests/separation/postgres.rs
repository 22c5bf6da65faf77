//! The tests of separation again, with the engine on PostgreSQL.

#[path = "main.rs"]
mod separation;

use separation::{engine, held, operations, pages, resources, samples, strangers, world};
