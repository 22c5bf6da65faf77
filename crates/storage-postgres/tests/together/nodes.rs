//! Nodes of one store, each with connections of its own.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{SystemClock, SystemEntropy};
use acta_storage_postgres::{Options, PostgresStorage};
use acta_test_postgres::Database;

/// The tenant that every store starts with.
pub(crate) const TENANT: TenantId = TenantId::FIRST;

/// How a node on `database` is opened.
pub(crate) fn options(database: &Database) -> Options {
    let (clock, entropy) = (Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    Options { connections_max: 6, ..Options::new(&database.url(), clock, entropy) }
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

/// Waits until something comes true that needs no more than some seconds.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_mins(1), waited).await;
    assert!(in_time.is_ok(), "waited in vain until {what}");
}
