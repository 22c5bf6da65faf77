//! The engine on PostgreSQL: any number of nodes, nothing kept on a node.
//!
//! Tables of tenants have the tenant in every key, so that they can be distributed by it.
//! The order of a tenant's statements comes from its row in `counters`, which an appending
//! transaction locks. What a single node cannot decide, the database decides. Times come from
//! the nodes' clocks and never go back within a tenant: if the clock of a node is ahead, the
//! other nodes continue from its times.

mod administration;
mod attachments;
mod cursors;
mod database;
mod documents;
mod entities;
mod failure;
mod feed;
mod lease;
mod migrations;
mod options;
mod statements;
mod storage;
mod types;

pub use acta_objects::{AddressError, ObjectError, ObjectOptions};
pub use migrations::{Inspected, Migrated, Migration, inspect, migrate, migrations};
pub use options::{Attachments, Migrate, OpenError, Options, Tls};
pub use storage::nodes::{DatabaseState, Node};
pub use storage::{Connections, PostgresStorage, Statistics};
