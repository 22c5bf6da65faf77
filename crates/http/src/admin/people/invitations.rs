//! Invitations into a tenant that wait to be accepted.

mod create;
mod list;
mod remove;

pub(in crate::admin) use create::*;
pub(in crate::admin) use list::*;
pub(in crate::admin) use remove::*;
