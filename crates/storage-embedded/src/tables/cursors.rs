//! Cursors in the tables.

use acta_access::TenantId;
use acta_storage::{CursorStore, StorageError};
use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};

use super::Tables;
use super::checksum::{self, is_sound};
use super::failure::failed;

#[async_trait]
impl CursorStore for Tables {
    async fn find_cursor(
        &self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<String>, StorageError> {
        let name = name.to_owned();
        self.read_of(tenant, move |connection| {
            let failed = failed("reading a cursor");
            let sql = concat!(
                "SELECT name, value, ",
                is_sound!(cursors),
                " FROM cursors WHERE tenant_id = ?1 AND name = ?2"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let found = statement.query_row(params![tenant.number(), name], |row| {
                checksum::check(row, "cursors", "name")?;
                row.get("value")
            });
            found.optional().map_err(failed)
        })
        .await
    }

    async fn save_cursor(
        &self,
        tenant: TenantId,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(move |connection| {
            let failed = failed("saving a cursor");
            let sql = "INSERT INTO cursors (tenant_id, name, value, checksum) \
                 VALUES (?1, ?2, ?3, acta_sum('cursors', ?1, ?2, ?3)) \
                 ON CONFLICT (tenant_id, name) DO UPDATE \
                 SET value = excluded.value, checksum = excluded.checksum";
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            statement.execute(params![tenant.number(), name, value]).map_err(failed)?;
            Ok(())
        })
        .await
    }
}
