//! What people do to their own account.

mod begin_factor;
mod change;
mod change_password;
mod confirm_factor;
mod end_session;
mod list_sessions;
mod read;
mod remove_factor;

pub(in crate::admin) use begin_factor::*;
pub(in crate::admin) use change::*;
pub(in crate::admin) use change_password::*;
pub(in crate::admin) use confirm_factor::*;
pub(in crate::admin) use end_session::*;
pub(in crate::admin) use list_sessions::*;
pub(in crate::admin) use read::*;
pub(in crate::admin) use remove_factor::*;
