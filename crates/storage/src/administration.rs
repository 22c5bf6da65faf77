//! Administration: records and their changes, the audit of these changes, usage, the store's
//! own secrets, and the progress of named readers.

pub(crate) mod audit;
pub(crate) mod cursors;
pub(crate) mod records;
pub(crate) mod secrets;
pub(crate) mod usage;
