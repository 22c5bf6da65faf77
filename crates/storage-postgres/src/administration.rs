//! What is administered: records, the audit, usage and secrets.

mod adopting;
mod audit;
mod commit;
#[cfg(test)]
pub(crate) mod plans;
mod purging;
mod records;
mod secrets;
mod tenants;
mod usage;

pub(crate) use tenants::insert_counter;
