//! Administration: records, the audit, usage and secrets.

mod audit;
mod commit;
mod import;
#[cfg(test)]
pub(crate) mod plans;
mod purge;
mod records;
mod reserve;
mod secrets;
mod tenants;
mod usage;

pub(crate) use tenants::insert_counter;
