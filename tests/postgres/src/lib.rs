//! PostgreSQL servers and databases for tests.
//!
//! [`Database::fresh`] gives an empty database on the server that all tests of a run share;
//! [`Cluster`] is a server of one test's own, to be stopped, killed and configured.
//! [`Proxy`] is a network between a client and a server that fails on command.
//! [`CitusStandIn`] is a database that looks like a cluster whose machines fail on command.
//! Every server is made by `initdb` in a temporary directory, listens on a free port of
//! 127.0.0.1 behind a random password, runs under an unprivileged account, and goes together
//! with the process that made it, however that ends.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "only tests use this")]

mod account;
mod citus;
mod cluster;
mod database;
mod port;
mod programs;
mod proxy;
mod reaper;
mod stand_in;
mod superuser;

pub use citus::{CITUS_URL, coordinator as citus_coordinator, distribution as citus_distribution};
pub use cluster::Cluster;
pub use database::{Database, SHARED_SETTINGS, SHARED_URL};
pub use port::free as free_address;
pub use programs::{DEBIAN_PACKAGE, NoPrograms, Programs};
pub use proxy::{Counts, Direction, Proxy};
pub use reaper::Reaper;
pub use stand_in::{Absence, CitusStandIn};
pub use superuser::Superuser;
