//! The rows of records: found, written and removed.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::directory::Recorded;
use acta_storage::{Record, RecordContent, RecordKind, StorageError};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::tables::checksum::{self, is_sound};
use crate::tables::failure::failed;

/// SQL for the columns that [`read`] reads.
macro_rules! columns {
    () => {
        concat!(
            "kind || ' ' || id AS place, kind, id, tenant_id, owner, name, version, expires, \
             body, ",
            is_sound!(records)
        )
    };
}

pub(super) use columns;

/// SQL for the record with a kind and an id.
pub(super) const BY_ID: &str =
    concat!("SELECT ", columns!(), " FROM records WHERE kind = ?1 AND id = ?2");

/// What names a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordKey<'a> {
    pub(super) kind: RecordKind,
    pub(super) id: &'a str,
}

/// The version of a record that is there.
pub(super) fn find_version(
    connection: &Connection,
    key: RecordKey<'_>,
) -> Result<Option<u64>, StorageError> {
    Ok(find(connection, BY_ID, key.kind, key.id)?.map(|record| record.version))
}

/// The one record that `sql` finds by a kind and a text.
pub(super) fn find(
    connection: &Connection,
    sql: &str,
    kind: RecordKind,
    text: &str,
) -> Result<Option<Record>, StorageError> {
    let failed = failed("reading a record");
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    statement.query_row([kind.as_str(), text], read).optional().map_err(failed)
}

/// Removes a record.
pub(super) fn remove(connection: &Connection, key: RecordKey<'_>) -> Result<(), StorageError> {
    let failed = failed("removing a record");
    let sql = "DELETE FROM records WHERE kind = ?1 AND id = ?2";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    statement.execute([key.kind.as_str(), key.id]).map_err(failed)?;
    Ok(())
}

/// Writes the record of a value that has none yet.
pub(crate) fn insert_record<T: Recorded>(
    connection: &Connection,
    value: &T,
) -> Result<(), StorageError> {
    put(connection, RecordKey { kind: T::KIND, id: &value.record_id() }, 1, &value.to_content())
}

/// Writes a record, over the one that may be there.
pub(super) fn put(
    connection: &Connection,
    key: RecordKey<'_>,
    version: u64,
    content: &RecordContent,
) -> Result<(), StorageError> {
    let failed = failed("writing a record");
    let sql = "INSERT INTO records \
         (kind, id, tenant_id, owner, name, version, expires, body, checksum) \
         VALUES (:kind, :id, :tenant, :owner, :name, :version, :expires, :body, \
         acta_sum('records', :kind, :id, :tenant, :owner, :name, :version, :expires, :body)) \
         ON CONFLICT (kind, id) DO UPDATE SET tenant_id = excluded.tenant_id, \
         owner = excluded.owner, name = excluded.name, version = excluded.version, \
         expires = excluded.expires, body = excluded.body, checksum = excluded.checksum";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let columns = named_params! {
        ":kind": key.kind.as_str(),
        ":id": key.id,
        ":tenant": content.tenant.map(TenantId::number),
        ":owner": content.owner,
        ":name": content.name,
        ":version": version.cast_signed(),
        ":expires": content.expires.map(Timestamp::unix_micros),
        ":body": content.body,
    };
    statement.execute(columns).map_err(failed)?;
    Ok(())
}

/// The record in a row of [`columns`].
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Record> {
    checksum::check(row, "records", "place")?;
    let unreadable = || rusqlite::Error::IntegralValueOutOfRange(0, 0);
    let kind: String = row.get("kind")?;
    let tenant: Option<u32> = row.get("tenant_id")?;
    let tenant = tenant.map(|number| TenantId::new(number).ok_or_else(unreadable));
    let expires: Option<i64> = row.get("expires")?;
    Ok(Record {
        kind: RecordKind::of_name(&kind).ok_or_else(unreadable)?,
        id: row.get("id")?,
        version: row.get::<_, i64>("version")?.cast_unsigned(),
        content: RecordContent {
            tenant: tenant.transpose()?,
            owner: row.get("owner")?,
            name: row.get("name")?,
            expires: expires.map(Timestamp::from_unix_micros),
            body: row.get("body")?,
        },
    })
}
