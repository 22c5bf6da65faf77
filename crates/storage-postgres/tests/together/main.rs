//! Several nodes on one database.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]
#![expect(clippy::excessive_nesting, reason = "rounds of tasks that loop are nested")]

mod administering;
mod appending;
mod consistent_through;
mod cutting;
mod documents;
mod entities;
mod failing;
mod history;
mod leading;
mod ledger;
mod losing;
mod nodes;
mod racing;
mod replica;
