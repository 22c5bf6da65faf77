//! The engines on which every case runs: the reference engine, a directory, and a database.

use std::sync::Arc;

use acta_ambient::{Clock, Entropy, SeededEntropy};
use acta_storage::Storage;
use acta_storage::model::ModelStorage;
use acta_storage_embedded::{EmbeddedStorage, SystemDisk};
use acta_storage_postgres::PostgresStorage;
use acta_test_postgres::Database;
use tempfile::TempDir;

/// Connections of a store to its database: more than a case does at the same time.
const CONNECTIONS_MAX: usize = 8;

/// What a store is in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    /// The memory of the reference engine.
    Model,
    /// A directory.
    Embedded,
    /// A database.
    Postgres,
}

/// A new, empty store. Its directory or database is removed when this is dropped.
pub(crate) struct Store {
    pub(crate) storage: Arc<dyn Storage>,
    _directory: Option<TempDir>,
    _database: Option<Database>,
}

impl Store {
    /// A store of its own that takes the time from `clock`.
    pub(crate) async fn open(engine: Engine, clock: Arc<dyn Clock>) -> Self {
        // Not that of the use cases, which then draw the same on every engine.
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(8));
        match engine {
            Engine::Model => {
                let storage = Arc::new(ModelStorage::new(clock));
                Self { storage, _directory: None, _database: None }
            }
            Engine::Embedded => {
                let directory = TempDir::new().unwrap();
                let storage = open_directory(&directory, clock, entropy);
                Self { storage, _directory: Some(directory), _database: None }
            }
            Engine::Postgres => {
                let database = Database::fresh();
                let storage = open_database(&database.url(), clock, entropy).await;
                Self { storage, _directory: None, _database: Some(database) }
            }
        }
    }
}

fn open_directory(
    directory: &TempDir,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Arc<EmbeddedStorage> {
    use acta_storage_embedded::Options;

    let options = Options {
        directory: directory.path().to_path_buf(),
        clock,
        entropy,
        disk: Arc::new(SystemDisk),
        segment_bytes: Options::SEGMENT_BYTES,
        run_entries: Options::RUN_ENTRIES,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 0,
        reserve_bytes: 0,
        on_progress: None,
    };
    EmbeddedStorage::open(&options).unwrap()
}

/// The store in the database at `url`.
pub(crate) async fn open_database(
    url: &str,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Arc<PostgresStorage> {
    use acta_storage_postgres::Options;

    let options = Options::new(url, clock, entropy);
    let options = Options { connections_max: CONNECTIONS_MAX, ..options };
    PostgresStorage::open(&options).await.unwrap()
}

/// Makes a test of each case on each engine. A case that is not named here is never used, which
/// the compiler reports.
macro_rules! on_every_engine {
    ($($case:ident)+) => {
        $crate::engine::on_every_engine! { @model Model $($case)+ }
        $crate::engine::on_every_engine! { @embedded Embedded $($case)+ }
        $crate::engine::on_every_engine! { @postgres Postgres $($case)+ }
    };
    (@$module:ident $engine:ident $($case:ident)+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case($crate::engine::Engine::$engine).await;
                }
            )+
        }
    };
}
pub(crate) use on_every_engine;
