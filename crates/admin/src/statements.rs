//! Statements of tenants, as people read and void them.

pub(crate) mod reading;
pub(crate) mod voiding;
