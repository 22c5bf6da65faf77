//! What administration keeps in the tables: records, the audit, usage and secrets.

mod audit;
mod record_rows;
mod records;
mod secrets;
mod usage;

pub(super) use audit::check_chains;
pub(super) use record_rows::insert_record;
