//! Administration: records and their changes, the audit of these changes, usage, and the
//! store's own secrets.

pub(crate) mod audit;
pub(crate) mod records;
pub(crate) mod secrets;
pub(crate) mod usage;
