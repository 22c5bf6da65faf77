//! The engine on PostgreSQL passes the suite that every engine passes.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, SystemEntropy};
use acta_storage::Storage;
use acta_storage::suite::EngineUnderTest;
use acta_storage_postgres::{Options, PostgresStorage};
use acta_test_postgres::Database;
use async_trait::async_trait;

struct PostgresUnderTest {
    storage: Arc<PostgresStorage>,
    clock: Arc<dyn Clock>,
    database: Database,
}

async fn open(database: &Database, clock: &Arc<dyn Clock>) -> Arc<PostgresStorage> {
    let options = Options::new(&database.url(), Arc::clone(clock), Arc::new(SystemEntropy));
    // What is vouched for is asked for each time, so that the clock of a case decides.
    let options = Options { connections_max: 8, vouching_age_max: Duration::ZERO, ..options };
    PostgresStorage::open(&options).await.unwrap()
}

#[async_trait]
impl EngineUnderTest for PostgresUnderTest {
    async fn open(clock: Arc<dyn Clock>) -> Self {
        let database = Database::fresh();
        let storage = open(&database, &clock).await;
        Self { storage, clock, database }
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::<PostgresStorage>::clone(&self.storage)
    }

    async fn reopen(self) -> Self {
        self.storage.close().await;
        let storage = open(&self.database, &self.clock).await;
        Self { storage, ..self }
    }
}

acta_storage::storage_suite!(PostgresUnderTest);
