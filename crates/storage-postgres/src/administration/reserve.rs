//! Space that is reserved for changes of administration, so that a full disk does not refuse them.
//!
//! It is a table that holds the space. When a change of administration finds no space, the table is
//! emptied, which frees its space at once, and the change is repeated. From then on, all nodes
//! refuse everything else that takes space, until the table could be filled again: each looks at
//! its size before it writes, at most once a second, and tries nothing between a write that found
//! no space and the next look.

use acta_storage::{Change, Committed, StorageError};
use tokio_postgres::error::SqlState;

use crate::database::{Connection, Database};
use crate::failure::Failure;

const RELEASING: &str = "releasing the reserve for administration";

/// With what failed attempts to fill it have left behind.
const SIZE: &str = "SELECT pg_table_size('acta.reserve')";

/// Adds about a mebibyte, from a seed.
const FILL: &str = "INSERT INTO acta.reserve (a, b, c, d, e, f, g, h) \
     SELECT hashint8extended(n, $1::bigint), hashint8extended(n, $1 + 1), \
     hashint8extended(n, $1 + 2), hashint8extended(n, $1 + 3), hashint8extended(n, $1 + 4), \
     hashint8extended(n, $1 + 5), hashint8extended(n, $1 + 6), hashint8extended(n, $1 + 7) \
     FROM generate_series(1::bigint, 10500) AS n";

/// One implicit transaction. It does not wait for long: a backup that reads the table may hold it
/// for hours.
const EMPTY: &str = "SET LOCAL lock_timeout = '2s'; TRUNCATE acta.reserve";

/// How often a change is tried on released space: another node may have taken it before.
const RELEASE_COUNT_MAX: u32 = 3;

impl Database {
    /// Refuses what is not a change of administration while the reserve is used up. If there is
    /// space again, it is taken first.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`].
    pub(crate) async fn check_reserve(&self) -> Result<(), StorageError> {
        let reserve = &self.reserve;
        if reserve.bytes() == 0 {
            return Ok(());
        }
        if reserve.is_due(self.clock.elapsed()) {
            let filled =
                self.run_once(|connection| async move { self.fill_reserve(&connection).await });
            match Box::pin(filled).await {
                Ok(is_complete) => self.note_reserve(is_complete),
                // The write that follows fails for the same reason, and is repeated if useful.
                Err(failure) => tracing::debug!(?failure, "could not look at the reserve"),
            }
        }
        if reserve.is_open() { Ok(()) } else { Err(StorageError::Full) }
    }

    /// As [`acta_storage::RecordStore::commit`], with the reserve if there is no other space.
    pub(crate) async fn commit_reserved(&self, change: &Change) -> Result<Committed, StorageError> {
        let mut releases_left = RELEASE_COUNT_MAX;
        loop {
            match self.commit(change).await {
                // Nothing was written. A full disk must not keep rights alive.
                Err(StorageError::Full) if change.is_essential() && 0 < releases_left => {
                    releases_left -= 1;
                    self.release_reserve().await?;
                }
                outcome => return outcome,
            }
        }
    }

    /// Frees the space of the reserve.
    async fn release_reserve(&self) -> Result<(), StorageError> {
        // Before there is space that statements could take.
        self.note_reserve(false);
        self.reserve.note_look(self.clock.elapsed());
        let released = self.run_once(|connection| async move {
            if size(&connection).await? == 0 {
                return Ok(());
            }
            Ok(connection.batch_execute(EMPTY).await?)
        });
        let released = Box::pin(released).await;
        released.map_err(|failure| {
            let reason = failure.reason();
            if failure.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
                tracing::error!(
                    reason,
                    "the disk of the database is full, and the role of this node may not use the \
                     reserve for administration: GRANT TRUNCATE ON acta.reserve TO it"
                );
                return StorageError::Full;
            }
            tracing::error!(reason, "the reserve for administration cannot be released");
            failure.into_storage_error(RELEASING)
        })
    }

    /// Fills the table up to its size. Returns whether there was space for it.
    async fn fill_reserve(&self, connection: &Connection) -> Result<bool, Failure> {
        let bytes = i64::try_from(self.reserve.bytes()).unwrap_or(i64::MAX);
        while size(connection).await? < bytes {
            let insert = connection.prepare_cached(FILL).await?;
            let seed = i64::try_from(self.random() >> 72).unwrap_or_default();
            match connection.execute(&insert, &[&seed]).await.map_err(Failure::from) {
                Ok(_) => {}
                Err(failure) if failure.code() == Some(&SqlState::DISK_FULL) => return Ok(false),
                Err(failure) => return Err(failure),
            }
        }
        Ok(true)
    }

    fn note_reserve(&self, is_complete: bool) {
        let is_new = self.reserve.set_complete(is_complete);
        match (is_new, is_complete) {
            (false, _) => {}
            (true, true) => tracing::info!(
                "the database has space again, and the reserve for administration is complete"
            ),
            (true, false) => tracing::error!(
                reserve.bytes = self.reserve.bytes(),
                "the disk of the database is full and the reserve for administration is in use: \
                 statements and documents are refused until there is space for it again"
            ),
        }
    }
}

async fn size(connection: &Connection) -> Result<i64, Failure> {
    let select = connection.prepare_cached(SIZE).await?;
    Ok(connection.query_one(&select, &[]).await?.get(0))
}
