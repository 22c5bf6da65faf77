//! A change, in one transaction.
//!
//! First everything that it touches is locked, always in the same order: the rows that stand for
//! what its limits count and the records that it may create, which are inserted empty, all its
//! records, and the ends of its chains. Then the
//! change is decided, and everything is written and committed at once. A repeated attempt waits
//! for these locks, and so sees the result of the first attempt.

mod decision;
mod keys;
mod limits;
mod rows;

use std::io;

use acta_storage::{ChainHash, Change, Committed, StorageError};
use futures_util::TryFutureExt;
use futures_util::future::{join, join_all, join3, join4};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use self::decision::{Decision, Locked, decide};
use self::keys::ChangeKeys;
#[cfg(test)]
pub(super) use self::limits::counting;
pub(super) use self::rows::REMOVE;
use self::rows::RecordRows;
#[cfg(test)]
pub(super) use self::rows::WRITE;
use super::audit::{self, read_head};
use super::records::{columns, read_record};
use crate::database::{Connection, Database, OpenTransaction};
use crate::failure::{Failure, RETRY_AFTER};

const ACT: &str = "committing a change";

/// How often a change is retried because others were committed first.
const OVERTAKEN_COUNT_MAX: u32 = 64;

/// The unique index of names.
const NAMES_INDEX: &str = "records_by_name";

/// Inserts empty records for those that may be created, so that they can be locked.
const MAKE: &str = "INSERT INTO acta.records (kind, id, version, body) \
     SELECT w.kind, w.id, 0, '' FROM unnest($1::text[], $2::text[]) AS w(kind, id) \
     ON CONFLICT (kind, id) DO NOTHING";

pub(super) const LOCK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM unnest($1::text[], $2::text[]) AS w(kind, id) \
     JOIN acta.records r ON r.kind = w.kind AND r.id = w.id \
     ORDER BY r.kind, r.id FOR UPDATE OF r"
);

/// Which records have names.
pub(super) const HOLDERS: &str = "SELECT r.kind, r.name, r.id \
     FROM unnest($1::text[], $2::text[]) AS w(kind, name) \
     JOIN acta.records r ON r.kind = w.kind AND r.name = w.name";

/// The result of an attempt.
enum Attempted {
    Answered(Committed),
    /// Another change was faster. Nothing has changed; the next attempt sees its result.
    Overtaken,
    /// An earlier attempt may have made the change, and others may have changed its result.
    Unclear,
}

impl Database {
    /// As [`acta_storage::RecordStore::commit`].
    pub(crate) async fn commit(&self, change: &Change) -> Result<Committed, StorageError> {
        if change.writes.is_empty() && change.entries.is_empty() {
            return Ok(Committed::Done);
        }
        let asked = ChangeKeys::of(change);
        let mut attempts = self.attempts(ACT);
        let (mut is_unknown, mut overtaken_count) = (false, 0);
        loop {
            let failure = match self.attempt(&asked, is_unknown).await {
                Ok(Attempted::Answered(committed)) => return Ok(committed),
                Ok(Attempted::Unclear) => return Err(unknown()),
                Ok(Attempted::Overtaken) => None,
                Err(failure) if is_about_names(&failure) => None,
                Err(failure) => Some(failure),
            };
            let Some(failure) = failure else {
                overtaken_count += 1;
                match overtaken_count {
                    ..=OVERTAKEN_COUNT_MAX => continue,
                    _ if is_unknown => return Err(unknown()),
                    _ => return Err(StorageError::Busy { retry_after: RETRY_AFTER }),
                }
            };
            is_unknown |= matches!(failure, Failure::Unknown(_));
            match attempts.again(failure.repeatable()).await {
                Ok(()) => {}
                // An unknown result must not be reported as unchanged.
                Err(_) if is_unknown => return Err(unknown()),
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt(
        &self,
        asked: &ChangeKeys<'_>,
        is_unknown: bool,
    ) -> Result<Attempted, Failure> {
        let mut unfinished = OpenTransaction::default();
        let connection = unfinished.begin(self.connect().await?);
        let attempted = Box::pin(self.attempt_on(&connection, asked, is_unknown)).await;
        self.end(unfinished, connection, attempted).await
    }

    async fn attempt_on(
        &self,
        connection: &Connection,
        asked: &ChangeKeys<'_>,
        is_unknown: bool,
    ) -> Result<Attempted, Failure> {
        let locked = self.limit(Box::pin(lock(connection, asked))).await?;
        let attempted = match decide(asked, &locked, is_unknown) {
            Decision::Write => {
                let rows = RecordRows::of(asked, locked);
                // If the connection is lost from here on, it may have been committed.
                self.limit(Box::pin(write(connection, &rows))).await.map_err(Failure::at_commit)?;
                self.note_commit();
                return Ok(Attempted::Answered(Committed::Done));
            }
            Decision::Answer(committed) => Attempted::Answered(committed),
            Decision::Repeat => Attempted::Overtaken,
            Decision::Unclear => Attempted::Unclear,
        };
        self.limit(connection.batch_execute("ROLLBACK").map_err(Failure::from)).await?;
        Ok(attempted)
    }
}

fn unknown() -> StorageError {
    StorageError::Io { act: ACT, source: io::ErrorKind::ConnectionAborted.into() }
}

/// Whether another change has just used a name.
fn is_about_names(failure: &Failure) -> bool {
    failure.code() == Some(&SqlState::UNIQUE_VIOLATION)
        && failure.constraint().is_some_and(|constraint| constraint == NAMES_INDEX)
}

/// Begins the transaction, and locks and reads everything that the change touches.
async fn lock(connection: &Connection, asked: &ChangeKeys<'_>) -> Result<Locked, Failure> {
    let inserting = connection.prepare_cached(MAKE).await?;
    let locking = connection.prepare_cached(LOCK).await?;
    let naming = connection.prepare_cached(HOLDERS).await?;
    let opening = connection.prepare_cached(audit::BEGIN_CHAINS).await?;
    let heading = connection.prepare_cached(audit::LOCK_HEAD).await?;
    let has_entry = connection.prepare_cached(audit::HAS_ENTRY).await?;
    let ChangeKeys { made, places, names, chains, first_entry, .. } = asked;
    let (made, places, names) = (made.columns(), places.columns(), names.columns());
    let start = &ChainHash::START.0[..];
    let of_chains: [&(dyn ToSql + Sync); 2] = [chains, &start];
    let each_chain: Vec<[&(dyn ToSql + Sync); 1]> =
        chains.iter().map(|chain| [chain as &(dyn ToSql + Sync)]).collect();
    let headed = each_chain.iter().map(|chain| connection.query_opt(&heading, chain));
    let of_entry: [&(dyn ToSql + Sync); 2] = [&first_entry.0, &first_entry.1];
    let limits = asked.limits.columns();
    let limiting = async {
        let is_limited = !asked.limits.is_empty();
        if is_limited { connection.execute(&inserting, &limits).await } else { Ok(0) }
    };
    // Pipelined; each statement sees what was committed while the ones before it waited.
    let ((begun, limited), (inserted, found, holders, opened), (heads, entered)) = join3(
        join(connection.batch_execute("BEGIN"), limiting),
        join4(
            connection.execute(&inserting, &made),
            connection.query(&locking, &places),
            connection.query(&naming, &names),
            connection.execute(&opening, &of_chains),
        ),
        join(join_all(headed), connection.query_opt(&has_entry, &of_entry)),
    )
    .await;
    begun?;
    limited?;
    inserted?;
    let mut locked = Locked::default();
    for row in &found? {
        let record = read_record(row)?;
        locked.records.insert((record.kind.as_str(), record.id.clone()), record);
    }
    for row in &holders? {
        let (kind, name, id): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        locked.holders.insert((kind, name), id);
    }
    opened?;
    for head in heads {
        locked.heads.extend(head?.as_ref().map(read_head).transpose()?);
    }
    locked.is_recorded = entered?.is_some();
    locked.counts.extend(asked.limits.count(connection).await?);
    Ok(locked)
}

/// Writes everything and commits, in one pipeline.
async fn write(connection: &Connection, rows: &RecordRows<'_>) -> Result<(), Failure> {
    let steps = rows.steps();
    let mut prepared = Vec::new();
    for (sql, _) in &steps {
        prepared.push(connection.prepare_cached(sql).await?);
    }
    let executed = prepared
        .iter()
        .zip(&steps)
        .map(|(statement, (_, values))| connection.execute(statement, values));
    let (executed, committed) = join(join_all(executed), connection.batch_execute("COMMIT")).await;
    for count in executed {
        count?;
    }
    Ok(committed?)
}
