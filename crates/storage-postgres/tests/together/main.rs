//! Several nodes on one database.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

mod documents;
mod entities;
mod leading;
mod nodes;
