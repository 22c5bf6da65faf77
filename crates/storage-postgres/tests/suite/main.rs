//! The engine on PostgreSQL passes the suite that every engine passes, on tables as they are
//! and on tables that are partitioned by tenant, which refuse what would keep a cluster from
//! distributing them.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

mod clock;
mod compression;
mod lost_order;
mod objects;
mod outage;
mod partitions;
mod pruning;
mod purge;
mod schema;
mod view;
mod zero;

use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, SystemEntropy};
use acta_storage::Storage;
use acta_storage_postgres::{Migrate, Options, PostgresStorage};
use acta_storage_suite::EngineUnderTest;
use acta_test_postgres::Database;
use async_trait::async_trait;

/// A store in a database of its own.
struct Node {
    storage: Arc<PostgresStorage>,
    clock: Arc<dyn Clock>,
    database: Database,
    migrate: Migrate,
}

impl Node {
    async fn open(database: Database, clock: Arc<dyn Clock>, migrate: Migrate) -> Self {
        let options = Options::new(&database.url(), Arc::clone(&clock), Arc::new(SystemEntropy));
        // Consistent-through is read each time, so that the clock of a case decides.
        let consistent_through_age_max = Duration::ZERO;
        let options =
            Options { connections_max: 8, consistent_through_age_max, migrate, ..options };
        let storage = PostgresStorage::open(&options).await.unwrap();
        Self { storage, clock, database, migrate }
    }

    async fn reopen(self) -> Self {
        self.storage.close().await;
        drop(self.storage);
        Self::open(self.database, self.clock, self.migrate).await
    }
}

/// On tables as they are.
struct PostgresUnderTest(Node);

#[async_trait]
impl EngineUnderTest for PostgresUnderTest {
    async fn open(clock: Arc<dyn Clock>) -> Self {
        Self(Node::open(Database::fresh(), clock, Migrate::AtStart).await)
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::<PostgresStorage>::clone(&self.0.storage)
    }

    async fn reopen(self) -> Self {
        Self(self.0.reopen().await)
    }
}

/// On tables that are partitioned by tenant; or distributed, if a cluster of Citus is named.
struct PartitionedUnderTest(Node);

#[async_trait]
impl EngineUnderTest for PartitionedUnderTest {
    async fn open(clock: Arc<dyn Clock>) -> Self {
        Self(Node::open(partitions::database(), clock, Migrate::Never).await)
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::<PostgresStorage>::clone(&self.0.storage)
    }

    async fn reopen(self) -> Self {
        Self(self.0.reopen().await)
    }
}

mod plain {
    use super::PostgresUnderTest;

    acta_storage_suite::storage_suite!(PostgresUnderTest);
}

mod partitioned {
    use super::PartitionedUnderTest;

    acta_storage_suite::storage_suite!(PartitionedUnderTest);
}
