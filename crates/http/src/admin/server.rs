//! The server itself.

mod read;

pub(crate) use read::*;
