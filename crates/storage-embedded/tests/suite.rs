//! The embedded engine passes the suite that every engine passes.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::path::Path;
use std::sync::Arc;

use acta_ambient::{Clock, SystemEntropy};
use acta_storage::Storage;
use acta_storage_embedded::{EmbeddedStorage, Options, SystemDisk};
use acta_storage_suite::EngineUnderTest;
use async_trait::async_trait;
use tempfile::TempDir;

/// A store whose segments and runs are so small that every case meets several of them.
struct EmbeddedUnderTest {
    storage: Arc<EmbeddedStorage>,
    clock: Arc<dyn Clock>,
    directory: TempDir,
}

fn open(directory: &Path, clock: &Arc<dyn Clock>) -> Arc<EmbeddedStorage> {
    let options = Options {
        directory: directory.to_path_buf(),
        clock: Arc::clone(clock),
        entropy: Arc::new(SystemEntropy),
        disk: Arc::new(SystemDisk),
        segment_bytes: 64 << 10,
        run_entries: 100,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 50,
        reserve_bytes: 0,
        on_progress: None,
    };
    EmbeddedStorage::open(&options).unwrap()
}

#[async_trait]
impl EngineUnderTest for EmbeddedUnderTest {
    async fn open(clock: Arc<dyn Clock>) -> Self {
        let directory = TempDir::new().unwrap();
        let storage = open(directory.path(), &clock);
        Self { storage, clock, directory }
    }

    fn storage(&self) -> Arc<dyn Storage> {
        Arc::<EmbeddedStorage>::clone(&self.storage)
    }

    async fn reopen(self) -> Self {
        self.storage.close().unwrap();
        drop(self.storage);
        let storage = open(self.directory.path(), &self.clock);
        Self { storage, ..self }
    }
}

acta_storage_suite::storage_suite!(EmbeddedUnderTest);
