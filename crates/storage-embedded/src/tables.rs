//! What changes in place: documents, cursors, what administration keeps and what followers
//! extract from statements, in one SQLite file.
//!
//! A write is durable once it is answered, and whole or not at all; what it requires of the
//! present state is checked in its own transaction. One thread writes, and several writes
//! that wait share a sync; reads go on beside it and see everything answered before they
//! began. The rows are described in `docs/format/tables.md`.
//!
//! Statements are not kept here, and what followers extract can be read from the log again.

mod administration;
mod check;
mod checksum;
mod copy;
mod cursors;
mod documents;
mod failure;
mod files;
mod followers;
mod open;
mod purge;
mod schema;
mod tiles;
mod transfer;

pub(crate) use check::{TableSight, check as check_tables};
pub(crate) use copy::copy;
pub(crate) use failure::is_of_row;
pub(crate) use files::{are_there as are_tables_there, check as check_files};
pub(crate) use followers::Positions;
pub(crate) use open::Tables;

#[cfg(test)]
mod tests;
