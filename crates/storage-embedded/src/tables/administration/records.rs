//! Records in the tables.
//!
//! Everything that a change requires is looked at before its first write, in the same
//! transaction: one that does not happen has written nothing.

use acta_ambient::Timestamp;
use acta_storage::{
    Change, Committed, Expected, Group, Record, RecordKind, RecordStore, RecordWrite, StorageError,
};
use async_trait::async_trait;
use rusqlite::types::Value;
use rusqlite::{Connection, ToSql, params};

use super::audit;
use super::record_rows::{BY_ID, RecordKey, columns, find, find_version, put, read, remove};
use crate::tables::Tables;
use crate::tables::checksum::{is_sound, sum};
use crate::tables::failure::failed;

#[async_trait]
impl RecordStore for Tables {
    async fn find_record(
        &self,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StorageError> {
        let id = id.to_owned();
        self.read(move |connection| find(connection, BY_ID, kind, &id)).await
    }

    async fn find_record_by_name(
        &self,
        kind: RecordKind,
        name: &str,
    ) -> Result<Option<Record>, StorageError> {
        let name = name.to_owned();
        self.read(move |connection| {
            let sql = concat!("SELECT ", columns!(), " FROM records WHERE kind = ?1 AND name = ?2");
            find(connection, sql, kind, &name)
        })
        .await
    }

    async fn list_records(
        &self,
        kind: RecordKind,
        group: &Group,
        after: Option<&str>,
        count_max: usize,
    ) -> Result<Vec<Record>, StorageError> {
        let tenant = match group {
            Group::OfTenant(tenant) => Some(*tenant),
            Group::Every | Group::OwnedBy(_) => None,
        };
        let (group, after) = (group.clone(), after.map(str::to_owned));
        self.read_of(tenant, move |connection| {
            let failed = failed("listing records");
            let (condition, member): (_, &dyn ToSql) = match &group {
                Group::Every => ("?4 IS NULL", &None::<i64>),
                Group::OfTenant(tenant) => ("tenant_id = ?4", &tenant.number()),
                Group::OwnedBy(owner) => ("owner = ?4", owner),
            };
            let (behind, after) = after.as_ref().map_or((">=", ""), |after| (">", after));
            let sql = format!(
                "SELECT {} FROM records WHERE {condition} AND kind = ?1 AND id {behind} ?2 \
                 ORDER BY id LIMIT ?3",
                columns!()
            );
            let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
            let count_max = i64::try_from(count_max).unwrap_or(i64::MAX);
            let columns = params![kind.as_str(), after, count_max, member];
            let records = statement.query_map(columns, read).map_err(&failed)?;
            records.collect::<rusqlite::Result<_>>().map_err(failed)
        })
        .await
    }

    async fn commit(&self, change: &Change) -> Result<Committed, StorageError> {
        check_once(&change.writes);
        let change = change.clone();
        self.write(move |connection| commit(connection, change)).await
    }

    async fn remove_expired(
        &self,
        now: Timestamp,
        count_max: usize,
    ) -> Result<usize, StorageError> {
        self.write(move |connection| {
            let failed = failed("removing expired records");
            // When a damaged record expires is unknown.
            let sql = concat!(
                "DELETE FROM records WHERE rowid IN (SELECT rowid FROM records \
                 WHERE expires < ?1 AND checksum IS ",
                sum!(records),
                " ORDER BY expires LIMIT ?2)"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let count_max = i64::try_from(count_max).unwrap_or(i64::MAX);
            statement.execute(params![now.unix_micros(), count_max]).map_err(failed)
        })
        .await
    }
}

impl Tables {
    /// As [`acta_storage::TransferTarget::import_records`].
    pub(crate) async fn import_records(&self, records: Vec<Record>) -> Result<(), StorageError> {
        self.write(move |connection| {
            records.iter().try_for_each(|record| {
                let Record { kind, id, version, content } = record;
                put(connection, RecordKey { kind: *kind, id }, *version, content)
            })
        })
        .await
    }
}

/// A change that writes a record twice would say nothing of what is left.
fn check_once(writes: &[RecordWrite]) {
    let mut places: Vec<_> = writes.iter().map(|write| (write.kind, &write.id)).collect();
    places.sort_unstable();
    let is_once = places.is_sorted_by(|one, next| one != next);
    assert!(is_once, "a change writes different records");
}

fn commit(connection: &Connection, change: Change) -> Result<Committed, StorageError> {
    let Change { writes, entries } = change;
    let mut versions = Vec::with_capacity(writes.len());
    for (index, write) in writes.iter().enumerate() {
        let version = find_version(connection, RecordKey { kind: write.kind, id: &write.id })?;
        if !is_expected(write.expected, version) {
            return Ok(Committed::Stale(index));
        }
        if is_limit_reached(connection, write)? {
            return Ok(Committed::LimitReached(index));
        }
        if is_name_taken(connection, write, &writes[..index])? {
            return Ok(Committed::NameTaken(index));
        }
        versions.push(version);
    }
    for (RecordWrite { kind, id, content, .. }, version) in writes.iter().zip(versions) {
        let key = RecordKey { kind: *kind, id };
        match content {
            None => remove(connection, key)?,
            Some(content) => put(connection, key, version.unwrap_or(0) + 1, content)?,
        }
    }
    for (tenant, entry) in entries {
        audit::append(connection, tenant, entry)?;
    }
    Ok(Committed::Done)
}

fn is_expected(expected: Expected, found: Option<u64>) -> bool {
    match expected {
        Expected::Absent | Expected::AbsentWithin(_) => found.is_none(),
        Expected::Version(version) => found == Some(version),
        Expected::Anything => true,
    }
}

/// Whether there are as many records as the limit of `write` permits. No other change comes in
/// between: there is one writer.
fn is_limit_reached(connection: &Connection, write: &RecordWrite) -> Result<bool, StorageError> {
    let Some((group, limit)) = write.counted() else { return Ok(false) };
    let failed = failed("counting records");
    let (condition, member) = match group {
        Group::Every => ("?2 IS NULL", Value::Null),
        Group::OfTenant(tenant) => ("tenant_id = ?2", tenant.number().into()),
        Group::OwnedBy(owner) => ("owner = ?2", owner.into()),
    };
    // If all count, the index alone is read.
    let unexpired = match limit.unexpired_at {
        Some(_) => "(expires IS NULL OR ?4 < expires)",
        None => "?4 IS NULL",
    };
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM records WHERE {condition} AND kind = ?1 \
         AND {unexpired} LIMIT ?3)"
    );
    let count_max = i64::try_from(limit.count_max).unwrap_or(i64::MAX);
    let at = limit.unexpired_at.map(Timestamp::unix_micros);
    let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
    let columns = params![write.kind.as_str(), member, count_max, at];
    let count: i64 = statement.query_row(columns, |row| row.get(0)).map_err(failed)?;
    Ok(count_max <= count)
}

/// Whether another record of the kind has the name that `write` gives, or one of the `earlier`
/// writes of the change gives it too.
fn is_name_taken(
    connection: &Connection,
    write: &RecordWrite,
    earlier: &[RecordWrite],
) -> Result<bool, StorageError> {
    let name_of = |write: &RecordWrite| write.content.as_ref()?.name.clone();
    let Some(name) = name_of(write) else { return Ok(false) };
    let is_rival =
        |rival: &RecordWrite| rival.kind == write.kind && name_of(rival).as_ref() == Some(&name);
    if earlier.iter().any(is_rival) {
        return Ok(true);
    }
    let failed = failed("looking for the name of a record");
    let sql = "SELECT 1 FROM records WHERE kind = ?1 AND name = ?2 AND id <> ?3";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    statement.exists(params![write.kind.as_str(), name, write.id]).map_err(failed)
}
