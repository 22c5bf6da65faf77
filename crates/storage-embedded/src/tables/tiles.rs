//! Tiles in the tables.

use acta_access::TenantId;
use acta_storage::{StorageError, StoredTile, TilePlace, TileStore};
use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};

use super::Tables;
use super::checksum::{self, is_sound, sum};
use super::failure::failed;
use super::open::WriteShare;

/// Tiles that are removed in one transaction, so that others need not wait long.
const CHUNK_ROWS: u32 = 500;

#[async_trait]
impl TileStore for Tables {
    async fn extend_tiles(
        &self,
        tenant: TenantId,
        epoch: u64,
        tiles: Vec<StoredTile>,
    ) -> Result<(), StorageError> {
        let bytes = tiles.iter().map(|tile| tile.hashes.len()).sum();
        self.write_of(WriteShare::of(tenant, bytes), move |connection| {
            let failed = failed("storing tiles");
            let sql = concat!(
                "INSERT INTO tiles (tenant_id, epoch, level, position, hashes, checksum) \
                 VALUES (?1, ?2, ?3, ?4, ?5, acta_sum('tiles', ?1, ?2, ?3, ?4, ?5)) \
                 ON CONFLICT (tenant_id, epoch, level, position) DO UPDATE \
                 SET hashes = excluded.hashes, checksum = excluded.checksum \
                 WHERE substr(hashes, 1, length(excluded.hashes)) IS NOT excluded.hashes \
                 OR checksum IS NOT ",
                sum!(tiles)
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            for StoredTile { place, hashes } in &tiles {
                let (epoch, position) = (epoch.cast_signed(), place.index.cast_signed());
                let row = params![tenant.number(), epoch, place.level, position, hashes];
                statement.execute(row).map_err(&failed)?;
            }
            Ok(())
        })
        .await
    }

    async fn find_tiles(
        &self,
        tenant: TenantId,
        epoch: u64,
        places: &[TilePlace],
    ) -> Result<Vec<Option<Vec<u8>>>, StorageError> {
        let places = places.to_vec();
        self.read_of(tenant, move |connection| {
            let failed = failed("reading tiles");
            let sql = concat!(
                "SELECT rowid, hashes, ",
                is_sound!(tiles),
                " FROM tiles WHERE tenant_id = ?1 AND epoch = ?2 AND level = ?3 AND position = ?4"
            );
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let find = |place: &TilePlace| {
                let (epoch, position) = (epoch.cast_signed(), place.index.cast_signed());
                let key = params![tenant.number(), epoch, place.level, position];
                let found = statement.query_row(key, |row| {
                    checksum::check(row, "tiles", "rowid")?;
                    row.get("hashes")
                });
                found.optional().map_err(&failed)
            };
            places.iter().map(find).collect()
        })
        .await
    }

    async fn remove_tiles(&self, tenant: TenantId, epoch: u64) -> Result<(), StorageError> {
        loop {
            let removed = self.write_of(WriteShare::of(tenant, 0), move |connection| {
                let failed = failed("removing tiles");
                let sql = "DELETE FROM tiles WHERE rowid IN (SELECT rowid FROM tiles \
                     WHERE tenant_id = ?1 AND epoch = ?2 LIMIT ?3)";
                let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
                let chunk = params![tenant.number(), epoch.cast_signed(), CHUNK_ROWS];
                statement.execute(chunk).map_err(failed)
            });
            if removed.await? == 0 {
                return Ok(());
            }
        }
    }
}
