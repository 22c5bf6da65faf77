//! Accounts, for those who run the server.

mod change;
mod create;
mod list;
mod read;
mod remove;
mod remove_factor;
mod reset;

pub(in crate::admin) use change::*;
pub(in crate::admin) use create::*;
pub(in crate::admin) use list::*;
pub(in crate::admin) use read::*;
pub(in crate::admin) use remove::*;
pub(in crate::admin) use remove_factor::*;
pub(in crate::admin) use reset::*;
