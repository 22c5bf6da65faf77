//! Nodes of one store, each with connections of its own.

use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{SystemClock, SystemEntropy};
use acta_storage_postgres::{Migrate, Options, PostgresStorage};
use acta_test_postgres::Database;

/// The tenant that every store starts with.
pub(crate) const TENANT: TenantId = TenantId::FIRST;

/// How a node on `database` is opened.
pub(crate) fn options(database: &Database) -> Options {
    Options {
        url: database.url(),
        replica_url: None,
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy),
        connections_max: 6,
        connect_timeout: Options::CONNECT_TIMEOUT,
        statement_timeout: Options::STATEMENT_TIMEOUT,
        migrate: Migrate::AtStart,
        vouching_age_max: Options::VOUCHING_AGE_MAX,
    }
}

/// A node on `database`.
pub(crate) async fn open(database: &Database) -> Arc<PostgresStorage> {
    PostgresStorage::open(&options(database)).await.unwrap()
}

/// Three nodes on a new database.
pub(crate) async fn open_three() -> (Database, [Arc<PostgresStorage>; 3]) {
    let database = Database::fresh();
    let nodes = [open(&database).await, open(&database).await, open(&database).await];
    (database, nodes)
}

/// Closes all of them.
pub(crate) async fn close(nodes: [Arc<PostgresStorage>; 3]) {
    for node in nodes {
        node.close().await;
    }
}
