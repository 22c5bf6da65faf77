//! The nodes that serve a database, and how full it is.
//!
//! A node writes again and again that it is there. One that vanishes is forgotten by itself.

use std::sync::Arc;
use std::time::Duration;

use acta_ambient::Timestamp;
use acta_storage::{StorageError, background_span};
use futures_util::future::join3;
use tokio_postgres::Row;
use tracing::Instrument;

use crate::PostgresStorage;
use crate::database::Database;
use crate::failure::Failure;
use crate::types::{Id, SqlTimestamp};

/// How often a node says that it is there.
const BEAT_INTERVAL: Duration = Duration::from_secs(5);

/// After how many seconds without a word a node counts as gone, by the clock of the database.
const GONE_SECONDS: f64 = 15.0;

/// Also removes what other nodes left behind.
const BEAT: &str = "WITH gone AS (DELETE FROM acta.nodes \
     WHERE seen < clock_timestamp() - interval '1 hour' AND id <> $1) \
     INSERT INTO acta.nodes (id, release, started, seen) \
     VALUES ($1, $2, clock_timestamp(), clock_timestamp()) \
     ON CONFLICT (id) DO UPDATE SET seen = clock_timestamp()";

const LEAVE: &str = "DELETE FROM acta.nodes WHERE id = $1";

const LIST: &str = "SELECT release, started FROM acta.nodes \
     WHERE clock_timestamp() - make_interval(secs => $1) < seen ORDER BY started, id";

/// Of a cluster, only what is on its coordinator.
const SIZES: &str = "SELECT pg_database_size(current_database()), pg_table_size('acta.reserve')";

/// What the server has archived last, if it archives its write-ahead log.
const ARCHIVED: &str = "SELECT last_archived_time FROM pg_stat_archiver \
     WHERE current_setting('archive_mode') <> 'off'";

/// A node that serves the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its release.
    pub release: String,
    /// When it began, by the clock of the database.
    pub started: Timestamp,
}

/// The state of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseState {
    /// The nodes that serve it, the oldest first. One that was killed is listed for some seconds.
    pub nodes: Vec<Node>,
    /// The size of the database, in bytes.
    pub bytes: u64,
    /// The part of it that is reserved for changes of administration now, in bytes.
    pub reserve_bytes: u64,
    /// Whether the server archives its write-ahead log, for backups.
    pub is_archived: bool,
    /// When it has archived a part of it last.
    pub archived: Option<Timestamp>,
}

impl PostgresStorage {
    /// Lists this process among the nodes until the store is closed.
    pub fn announce(&self, release: &'static str) {
        let (database, stop) = (Arc::clone(&self.database), self.stop.clone());
        let id = Id(database.random());
        let beating = async move {
            stop.run_until_cancelled(keep_beating(&database, id, release)).await;
            note(leave(&database, id).await);
        };
        self.tasks.spawn(beating.instrument(background_span("nodes", None)));
    }

    /// Reads which nodes serve the database, and how full it is.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`] or [`StorageError::Io`].
    pub async fn read_state(&self) -> Result<DatabaseState, StorageError> {
        let read =
            self.database.run("reading the state of the database", |connection| async move {
                let list = connection.prepare_cached(LIST).await?;
                let sizes = connection.prepare_cached(SIZES).await?;
                let archived = connection.prepare_cached(ARCHIVED).await?;
                let (nodes, sizes, archived) = join3(
                    connection.query(&list, &[&GONE_SECONDS]),
                    connection.query_one(&sizes, &[]),
                    connection.query_opt(&archived, &[]),
                )
                .await;
                let (nodes, sizes, archived) = (nodes?, sizes?, archived?);
                let time = archived.as_ref().and_then(|row| row.get::<_, Option<SqlTimestamp>>(0));
                Ok(DatabaseState {
                    nodes: nodes.iter().map(read_node).collect(),
                    bytes: sizes.get::<_, i64>(0).unsigned_abs(),
                    reserve_bytes: sizes.get::<_, i64>(1).unsigned_abs(),
                    is_archived: archived.is_some(),
                    archived: time.map(|SqlTimestamp(time)| time),
                })
            });
        read.await
    }
}

fn read_node(row: &Row) -> Node {
    let SqlTimestamp(started) = row.get(1);
    Node { release: row.get(0), started }
}

async fn keep_beating(database: &Database, id: Id, release: &str) {
    loop {
        note(beat(database, id, release).await);
        tokio::time::sleep(BEAT_INTERVAL).await;
    }
}

async fn beat(database: &Database, id: Id, release: &str) -> Result<(), Failure> {
    let beat = database.run_once(|connection| async move {
        let upsert = connection.prepare_cached(BEAT).await?;
        Ok(connection.execute(&upsert, &[&id, &release]).await?)
    });
    beat.await.map(|_count| ())
}

async fn leave(database: &Database, id: Id) -> Result<(), Failure> {
    let leave =
        database.run_once(|connection| async move { Ok(connection.execute(LEAVE, &[&id]).await?) });
    leave.await.map(|_count| ())
}

/// An outage is logged by the database itself.
fn note(outcome: Result<(), Failure>) {
    if let Err(failure) = outcome {
        tracing::debug!(?failure, "this node could not be listed");
    }
}
