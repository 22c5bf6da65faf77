//! The store's own secrets in the tables.

use acta_storage::{SecretStore, StorageError};
use async_trait::async_trait;
use rusqlite::{Row, params};

use crate::tables::Tables;
use crate::tables::checksum::{self, is_sound};
use crate::tables::failure::failed;

#[async_trait]
impl SecretStore for Tables {
    async fn get_or_create_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError> {
        let name = name.to_owned();
        self.write(move |connection| {
            let failed = failed("creating a secret");
            let insert = "INSERT INTO secrets (name, value, checksum) \
                 VALUES (?1, ?2, acta_sum('secrets', ?1, ?2)) ON CONFLICT DO NOTHING";
            let mut statement = connection.prepare_cached(insert).map_err(&failed)?;
            statement.execute(params![name, proposed]).map_err(&failed)?;
            let select = concat!(
                "SELECT name, value, ",
                is_sound!(secrets),
                " FROM secrets WHERE name = ?1"
            );
            let mut statement = connection.prepare_cached(select).map_err(&failed)?;
            let read = |row: &Row<'_>| {
                checksum::check(row, "secrets", "name")?;
                row.get("value")
            };
            statement.query_row([name], read).map_err(failed)
        })
        .await
    }
}
