//! The timeline of the database: another one since a standby was promoted, or the database was
//! restored to an earlier time.

use std::sync::Once;

use acta_storage::StorageError;
use tokio_postgres::Row;

use crate::database::{Connection, Database};
use crate::failure::{Failure, RETRY_AFTER};

/// The start of the name of a file of the write-ahead log is the timeline. Unlike what
/// `pg_control_checkpoint()` returns, it changes at a promotion, not with a checkpoint some minutes
/// later. A standby has none of its own yet.
const TIMELINE: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN NULL \
     ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END";

/// Classes of errors of a database that does not tell it: a function that is not there or is not
/// permitted, is not supported, or needs another state of the server.
const UNREADABLE: [&str; 3] = ["42", "0A", "55"];

/// Whether it was logged that the timeline cannot be read.
static WARNED: Once = Once::new();

impl Database {
    /// The timeline; `None` if the database does not tell it, which is logged once.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`] or [`StorageError::Io`].
    pub(crate) async fn read_timeline(&self) -> Result<Option<u32>, StorageError> {
        if self.is_cluster() {
            self.warn_of_timeline("each machine of a cluster has its own");
            return Ok(None);
        }
        let act = "reading the timeline of the database";
        let read = self.run(act, |connection| async move {
            match query(&connection).await {
                Ok(row) => row.try_get::<_, Option<String>>(0).map(Ok).map_err(Failure::from),
                Err(failure) if is_unreadable(&failure) => Ok(Err(failure.reason())),
                Err(failure) => Err(failure),
            }
        });
        let name = match read.await? {
            Ok(Some(name)) => name,
            Ok(None) => return Err(StorageError::Unavailable { retry_after: RETRY_AFTER }),
            Err(reason) => {
                self.warn_of_timeline(&reason);
                return Ok(None);
            }
        };
        let timeline = u32::from_str_radix(&name, 16);
        Ok(timeline.inspect_err(|_| self.warn_of_timeline("it has another form")).ok())
    }

    fn warn_of_timeline(&self, reason: &str) {
        let database = self.health.place();
        WARNED.call_once(|| {
            tracing::warn!(
                database,
                reason,
                "the timeline of the database cannot be read, so a failover that loses commits is \
                 not noticed; complete the store with `acta restore --finish` after one"
            );
        });
    }
}

async fn query(connection: &Connection) -> Result<Row, Failure> {
    let select = connection.prepare_cached(TIMELINE).await?;
    Ok(connection.query_one(&select, &[]).await?)
}

fn is_unreadable(failure: &Failure) -> bool {
    let code = failure.code().map_or("", |code| code.code());
    UNREADABLE.iter().any(|class| code.starts_with(class))
}
