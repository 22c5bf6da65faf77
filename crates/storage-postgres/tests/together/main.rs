//! Several nodes on one database.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]
#![expect(clippy::excessive_nesting, reason = "rounds of tasks that loop are nested")]

mod documents;
mod entities;
mod leading;
mod nodes;
