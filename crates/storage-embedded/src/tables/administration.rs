//! What administration keeps in the tables: records, the audit, usage and secrets.

mod audit;
mod records;
mod secrets;
mod usage;

pub(super) use audit::check_chains;
pub(super) use records::insert_record;
