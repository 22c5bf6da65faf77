//! The admin API as the operator of the machine reaches it: over the control socket of a
//! server, or in process when none is there.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

mod accounts;
mod admin_store;
mod audit;
mod credentials;
mod ending;
mod followers;
mod heads;
mod neighbours;
mod options;
mod reaching;
mod readme;
mod serving;
mod socket;
mod tenants;
