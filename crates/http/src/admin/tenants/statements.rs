//! Statements that people read.

mod list;
mod read;

pub(crate) use list::*;
pub(crate) use read::*;
