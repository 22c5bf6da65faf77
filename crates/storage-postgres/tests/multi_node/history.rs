//! A random history of which each act happens on another node, compared with the model.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acta_ambient::{Clock, SystemEntropy};
use acta_storage::Storage;
use acta_storage_postgres::{Options, PostgresStorage};
use acta_storage_suite::EngineUnderTest;
use acta_storage_suite::model_comparison::{Tally, compare};
use acta_test_postgres::Database;
use async_trait::async_trait;

use crate::nodes::{Node, close, options};

/// Three nodes that look like one store.
struct ThreeUnderTest {
    nodes: [Arc<Node>; 3],
    next: AtomicUsize,
    clock: Arc<dyn Clock>,
    database: Database,
}

async fn open_with(database: &Database, clock: &Arc<dyn Clock>) -> [Arc<Node>; 3] {
    let options = Options {
        clock: Arc::clone(clock),
        entropy: Arc::new(SystemEntropy),
        consistent_through_age_max: Duration::ZERO,
        ..options(database)
    };
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Node::open(&options).await);
    }
    nodes.try_into().unwrap()
}

#[async_trait]
impl EngineUnderTest for ThreeUnderTest {
    async fn open(clock: Arc<dyn Clock>) -> Self {
        let database = Database::fresh();
        let nodes = open_with(&database, &clock).await;
        Self { nodes, next: AtomicUsize::new(0), clock, database }
    }

    /// The nodes in turn.
    fn storage(&self) -> Arc<dyn Storage> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % 3;
        Arc::<PostgresStorage>::clone(&self.nodes[turn].storage)
    }

    async fn reopen(self) -> Self {
        close(self.nodes).await;
        Self { nodes: open_with(&self.database, &self.clock).await, ..self }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_answer_as_one_store_does() {
    for seed in [11, 12] {
        let Tally { new_count, conflict_count, found_count, .. } =
            compare::<ThreeUnderTest>(seed, 200).await;
        assert!(100 < new_count && 0 < conflict_count && 500 < found_count);
    }
}
