//! What is administered: tenants, credentials and all other records, the audit, usage.

pub mod auditing;
pub mod counting;
pub mod recording;
pub mod settling;
