//! The tests of separation again, with the engine on PostgreSQL.

#[path = "main.rs"]
mod separation;

use separation::{engine, operations, outsiders, samples, tenant_data, world};
