//! SQL over the facts of one tenant, by SQLite.
//!
//! Each question has a connection of its own, to a database in memory that has nothing but tables
//! that are read from the facts of one moment: `facts`, `persons`, `groups`, `members` and
//! `activities`. `docs/guide/sql.md` explains them.
//!
//! A statement only reads these tables, calls only functions of a list, and is bounded in time by
//! the caller, and in the memory of SQLite, in its rows and in its answer by limits. Who may ask is
//! decided by the caller: there is no reach and no smallest group here.

mod answer;
mod connection;
mod error;
mod facts;
mod functions;
mod heap;
mod limits;
mod module;
mod plan;
mod question;
mod relations;
mod time_text;
mod watch;

pub use answer::SqlFormat;
pub use error::SqlError;
pub use limits::SqlLimits;
pub use question::{SqlAnswer, SqlParameters, SqlQuestion, ask, prepare};
pub use watch::Stop;

#[cfg(test)]
mod tests;
