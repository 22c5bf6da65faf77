//! Administration: tenants, credentials and all other records, the audit, usage.

pub mod audit;
pub mod directory;
pub mod records;
pub mod usage;
