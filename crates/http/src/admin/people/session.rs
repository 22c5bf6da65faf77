//! Signing in and out.

mod create;
mod read;
mod remove;

pub(in crate::admin) use create::*;
pub(in crate::admin) use read::*;
pub(in crate::admin) use remove::*;
