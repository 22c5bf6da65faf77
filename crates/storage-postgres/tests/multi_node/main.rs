//! Several nodes on one database.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]
#![expect(clippy::excessive_nesting, reason = "rounds of tasks that loop are nested")]

mod administration;
mod append;
mod consistent_through;
mod cut_connections;
mod documents;
mod entities;
mod failures;
mod history;
mod leadership;
mod ledger;
mod lock_races;
mod lost_messages;
mod nodes;
mod replica;
