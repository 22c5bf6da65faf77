//! The people of a tenant and their roles.

mod change;
mod list;
mod read;
mod remove;

pub(in crate::admin) use change::*;
pub(in crate::admin) use list::*;
pub(in crate::admin) use read::*;
pub(in crate::admin) use remove::*;
