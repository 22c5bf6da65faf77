//! Records: found by their keys, their names, their tenants and their owners.

use acta_ambient::Timestamp;
use acta_storage::{
    Change, Committed, Group, Record, RecordContent, RecordKind, RecordStore, StorageError,
};
use async_trait::async_trait;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::PostgresStorage;
use crate::database::Database;
use crate::failure::Failure;
use crate::types::{number, tenant_of};

/// The columns that [`read_record`] reads.
macro_rules! columns {
    () => {
        "r.kind, r.id, r.version, r.tenant_id, r.owner, r.name, r.expires, r.body"
    };
}

pub(super) use columns;

pub(super) const FIND: &str =
    concat!("SELECT ", columns!(), " FROM acta.records r WHERE r.kind = $1 AND r.id = $2");

pub(super) const FIND_BY_NAME: &str =
    concat!("SELECT ", columns!(), " FROM acta.records r WHERE r.kind = $1 AND r.name = $2");

/// Deletes expired records. Checks again at the row that it is still expired.
pub(super) const REMOVE_EXPIRED: &str = "DELETE FROM acta.records r \
     USING (SELECT kind, id FROM acta.records WHERE expires < $1 ORDER BY expires LIMIT $2) AS e \
     WHERE r.kind = e.kind AND r.id = e.id AND r.expires < $1";

/// The SQL that lists a group after an id: parameters are the kind, the id, the most rows, and
/// the tenant or owner of the group.
pub(super) fn listing(group: &Group, after: Option<&str>) -> String {
    let of_group = match group {
        Group::Every => "",
        Group::OfTenant(_) => "AND r.tenant_id = $4",
        Group::OwnedBy(_) => "AND r.owner = $4",
    };
    // Without an id to start after, the empty id is included.
    let behind = if after.is_some() { ">" } else { ">=" };
    format!(
        "SELECT {} FROM acta.records r WHERE r.kind = $1 {of_group} AND r.id {behind} $2 \
         ORDER BY r.id LIMIT $3",
        columns!()
    )
}

/// The part of `text` before its first character 0. No text in the database contains it, so the
/// same texts sort after both.
fn before_zero(text: &str) -> &str {
    text.split('\0').next().unwrap_or(text)
}

impl Database {
    /// As [`RecordStore::find_record`].
    pub(crate) async fn find_record(
        &self,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StorageError> {
        self.find("finding a record", FIND, kind, id).await
    }

    async fn find(
        &self,
        act: &'static str,
        sql: &'static str,
        kind: RecordKind,
        key: &str,
    ) -> Result<Option<Record>, StorageError> {
        if key.contains('\0') {
            // No text in the database contains this character, so no key does.
            return Ok(None);
        }
        self.run(act, |connection| async move {
            let select = connection.prepare_cached(sql).await?;
            let row = connection.query_opt(&select, &[&kind.as_str(), &key]).await?;
            row.as_ref().map(read_record).transpose()
        })
        .await
    }
}

#[async_trait]
impl RecordStore for PostgresStorage {
    async fn find_record(
        &self,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StorageError> {
        self.database.find_record(kind, id).await
    }

    async fn find_record_by_name(
        &self,
        kind: RecordKind,
        name: &str,
    ) -> Result<Option<Record>, StorageError> {
        self.database.find("finding a record by its name", FIND_BY_NAME, kind, name).await
    }

    async fn list_records(
        &self,
        kind: RecordKind,
        group: &Group,
        after: Option<&str>,
        count_max: usize,
    ) -> Result<Vec<Record>, StorageError> {
        if matches!(group, Group::OwnedBy(owner) if owner.contains('\0')) {
            return Ok(Vec::new());
        }
        let (kind, behind) = (kind.as_str(), after.map_or("", before_zero));
        let count_max = i64::try_from(count_max).unwrap_or(i64::MAX);
        let tenant = if let Group::OfTenant(tenant) = group { number(*tenant) } else { 0 };
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&kind, &behind, &count_max];
        match group {
            Group::Every => {}
            Group::OfTenant(_) => values.push(&tenant),
            Group::OwnedBy(owner) => values.push(owner),
        }
        let (sql, values) = (&listing(group, after), &values);
        self.database
            .run("listing records", |connection| async move {
                let select = connection.prepare_cached(sql).await?;
                let rows = connection.query(&select, values).await?;
                rows.iter().map(read_record).collect()
            })
            .await
    }

    async fn commit(&self, change: &Change) -> Result<Committed, StorageError> {
        self.database.commit_reserved(change).await
    }

    async fn remove_expired(
        &self,
        now: Timestamp,
        count_max: usize,
    ) -> Result<usize, StorageError> {
        let count_max = i64::try_from(count_max).unwrap_or(i64::MAX);
        let removed = self
            .database
            .run("removing expired records", |connection| async move {
                let delete = connection.prepare_cached(REMOVE_EXPIRED).await?;
                Ok(connection.execute(&delete, &[&now.unix_micros(), &count_max]).await?)
            })
            .await?;
        Ok(usize::try_from(removed).unwrap_or(usize::MAX))
    }
}

/// Reads the columns of a record.
///
/// # Errors
///
/// [`StorageError::Corrupt`]: no such record can have been written.
pub(super) fn read_record(row: &Row) -> Result<Record, Failure> {
    let (kind, id): (&str, String) = (row.get("kind"), row.get("id"));
    let corrupt = || StorageError::Corrupt { place: format!("acta.records, {kind} {id:?}") };
    let tenant: Option<i32> = row.get("tenant_id");
    let content = RecordContent {
        tenant: tenant.map(tenant_of).transpose()?,
        owner: row.get("owner"),
        name: row.get("name"),
        expires: row.get::<_, Option<i64>>("expires").map(Timestamp::from_unix_micros),
        body: row.get("body"),
    };
    let kind = RecordKind::of_name(kind).ok_or_else(corrupt)?;
    Ok(Record { kind, id, version: row.get::<_, i64>("version").cast_unsigned(), content })
}
