//! Statements of tenants, as people read and void them, and the questions about them that people
//! save.

pub(crate) mod attachments;
mod dashboards;
pub(crate) mod questions;
pub(crate) mod reading;
pub(crate) mod voiding;
