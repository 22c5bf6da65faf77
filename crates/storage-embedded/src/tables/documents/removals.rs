//! Removals of documents, remembered for the times of lists.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{REMOVALS_MAX, Removal, RemovalScope, StorageError};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::tables::Tables;
use crate::tables::checksum::{self, is_sound};
use crate::tables::failure::failed;

const TABLE: &str = "document_removals";

impl Tables {
    /// As [`acta_storage::TransferSource::list_removals`].
    pub(crate) async fn list_removals(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<Removal>, StorageError> {
        self.read(move |connection| {
            let failed = failed("listing removals of documents");
            let sql = concat!(
                "SELECT place, registration, removed, hex(place) AS place_text, ",
                is_sound!(document_removals),
                " FROM document_removals WHERE tenant_id = ?1 ORDER BY place, registration"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let read = |row: &Row<'_>| {
                let removed = read_time(row)?;
                let scope = RemovalScope {
                    place: row.get("place")?,
                    registration: row.get("registration")?,
                };
                Ok(Removal { scope, removed })
            };
            let removals = statement.query_map([tenant.number()], read).map_err(&failed)?;
            removals.collect::<rusqlite::Result<_>>().map_err(failed)
        })
        .await
    }

    /// As [`acta_storage::TransferTarget::import_removals`].
    pub(crate) async fn import_removals(
        &self,
        tenant: TenantId,
        removals: Vec<Removal>,
    ) -> Result<(), StorageError> {
        self.write(move |connection| {
            removals.iter().try_for_each(|removal| remember(connection, tenant.number(), removal))
        })
        .await
    }
}

/// Remembers a removal that has just happened. If there are too many, forgets the others.
pub(super) fn note(
    connection: &Connection,
    tenant: u32,
    removal: &Removal,
) -> Result<(), StorageError> {
    remember(connection, tenant, removal)?;
    let failed = failed("counting removals of documents");
    let sql = "SELECT count(*) FROM document_removals WHERE tenant_id = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let count: i64 = statement.query_row([tenant], |row| row.get(0)).map_err(failed)?;
    if usize::try_from(count).is_ok_and(|count| REMOVALS_MAX < count) {
        forget(connection, tenant, removal.removed)?;
    }
    Ok(())
}

/// When documents of a list were last removed, as far as is known. A list of documents with any
/// registration and without one has no `registration`.
pub(super) fn last(
    connection: &Connection,
    tenant: u32,
    place: [u8; 32],
    registration: Option<&str>,
) -> Result<Option<Timestamp>, StorageError> {
    let failed = failed("looking for removals of documents");
    let sql = concat!(
        "SELECT removed, hex(place) AS place_text, ",
        is_sound!(document_removals),
        " FROM document_removals WHERE tenant_id = ?1 AND place IN (?2, ?3) \
         AND (?4 IS NULL OR registration IN (?4, '*'))"
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let columns = params![tenant, place, RemovalScope::EVERY_PLACE, registration];
    let mut rows = statement.query(columns).map_err(&failed)?;
    let mut last = None;
    while let Some(row) = rows.next().map_err(&failed)? {
        last = last.max(Some(read_time(row).map_err(&failed)?));
    }
    Ok(last)
}

/// Remembers a removal; where a later one is known, that one.
fn remember(
    connection: &Connection,
    tenant: u32,
    Removal { scope, removed }: &Removal,
) -> Result<(), StorageError> {
    let known = find(connection, tenant, scope)?;
    let removed = known.map_or(*removed, |known| known.max(*removed)).unix_micros();
    let failed = failed("noting a removal of documents");
    let sql = "INSERT INTO document_removals (tenant_id, place, registration, removed, checksum) \
         VALUES (?1, ?2, ?3, ?4, acta_sum('document_removals', ?1, ?2, ?3, ?4)) \
         ON CONFLICT (tenant_id, place, registration) DO UPDATE \
         SET removed = excluded.removed, checksum = excluded.checksum";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let columns = params![tenant, scope.place, scope.registration, removed];
    statement.execute(columns).map_err(failed)?;
    Ok(())
}

fn find(
    connection: &Connection,
    tenant: u32,
    scope: &RemovalScope,
) -> Result<Option<Timestamp>, StorageError> {
    let failed = failed("looking for a removal of documents");
    let sql = concat!(
        "SELECT removed, hex(place) AS place_text, ",
        is_sound!(document_removals),
        " FROM document_removals WHERE tenant_id = ?1 AND place = ?2 AND registration = ?3"
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let columns = params![tenant, scope.place, scope.registration];
    statement.query_row(columns, read_time).optional().map_err(failed)
}

fn read_time(row: &Row<'_>) -> rusqlite::Result<Timestamp> {
    checksum::check(row, TABLE, "place_text")?;
    row.get("removed").map(Timestamp::from_unix_micros)
}

/// Remembers, of all removals of a tenant up to a time, only that there were some.
fn forget(connection: &Connection, tenant: u32, until: Timestamp) -> Result<(), StorageError> {
    let everything = Removal { scope: RemovalScope::everything(), removed: until };
    remember(connection, tenant, &everything)?;
    let failed = failed("forgetting removals of documents");
    let sql = "DELETE FROM document_removals \
         WHERE tenant_id = ?1 AND place <> ?2 AND removed <= ?3";
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let columns = params![tenant, RemovalScope::EVERY_PLACE, until.unix_micros()];
    statement.execute(columns).map_err(failed)?;
    Ok(())
}
