//! Tiles in the database.

use acta_access::TenantId;
use acta_storage::{StorageError, StoredTile, TilePlace, TileStore};
use async_trait::async_trait;
use tokio_postgres::types::ToSql;

use crate::PostgresStorage;
use crate::types::number;

/// Tiles that one statement of SQL deletes, at most.
const ROWS_MAX: i64 = 2_000;

/// Beside the counter of the tenant, so that a cluster does it on the tenant's machine.
pub(crate) const EXTEND: &str = "INSERT INTO acta.tiles AS tile \
     (tenant_id, epoch, level, position, hashes) \
     SELECT c.tenant_id, $2::bigint, t.level, t.position, t.hashes \
     FROM acta.counters c CROSS JOIN unnest($3::smallint[], $4::bigint[], $5::bytea[]) \
     AS t (level, position, hashes) WHERE c.tenant_id = $1 \
     ON CONFLICT (tenant_id, epoch, level, position) DO UPDATE SET hashes = excluded.hashes \
     WHERE octet_length(tile.hashes) < octet_length(excluded.hashes) \
     OR octet_length(tile.hashes) % 32 <> 0 OR 8192 < octet_length(tile.hashes) \
     OR substring(tile.hashes FROM 1 FOR octet_length(excluded.hashes)) <> excluded.hashes";

pub(crate) const FIND: &str = "SELECT ARRAY(SELECT t.hashes \
     FROM unnest($3::smallint[], $4::bigint[]) WITH ORDINALITY AS wanted(level, position, ordinal) \
     LEFT JOIN acta.tiles t ON t.tenant_id = $1 AND t.epoch = $2 AND t.level = wanted.level \
     AND t.position = wanted.position ORDER BY wanted.ordinal)";

/// With the tenant in the join, so that each row is looked up by its whole key.
pub(crate) const REMOVE: &str = "DELETE FROM acta.tiles AS d USING \
     (SELECT tenant_id, epoch, level, position FROM acta.tiles \
     WHERE tenant_id = $1 AND epoch = $2 ORDER BY level, position LIMIT $3) AS g \
     WHERE d.tenant_id = $1 AND d.tenant_id = g.tenant_id AND d.epoch = g.epoch \
     AND d.level = g.level AND d.position = g.position";

/// The columns of places.
fn columns(places: impl Iterator<Item = TilePlace>) -> (Vec<i16>, Vec<i64>) {
    places.map(|place| (i16::from(place.level), place.index.cast_signed())).unzip()
}

#[async_trait]
impl TileStore for PostgresStorage {
    async fn extend_tiles(
        &self,
        tenant: TenantId,
        epoch: u64,
        tiles: Vec<StoredTile>,
    ) -> Result<(), StorageError> {
        self.database.check_reserve().await?;
        let (levels, positions) = &columns(tiles.iter().map(|tile| tile.place));
        let hashes: &Vec<&[u8]> = &tiles.iter().map(|tile| &*tile.hashes).collect();
        self.database
            .run("storing tiles", |connection| async move {
                let upsert = connection.prepare_cached(EXTEND).await?;
                let (tenant, epoch) = (number(tenant), epoch.cast_signed());
                let row: [&(dyn ToSql + Sync); 5] = [&tenant, &epoch, levels, positions, hashes];
                connection.execute(&upsert, &row).await?;
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
        let (levels, positions) = &columns(places.iter().copied());
        self.database
            .run("reading tiles", |connection| async move {
                let select = connection.prepare_cached(FIND).await?;
                let (tenant, epoch) = (number(tenant), epoch.cast_signed());
                let key: [&(dyn ToSql + Sync); 4] = [&tenant, &epoch, levels, positions];
                Ok(connection.query_one(&select, &key).await?.get(0))
            })
            .await
    }

    async fn remove_tiles(&self, tenant: TenantId, epoch: u64) -> Result<(), StorageError> {
        loop {
            let removed = self.database.run("removing tiles", |connection| async move {
                let delete = connection.prepare_cached(REMOVE).await?;
                let (tenant, epoch) = (number(tenant), epoch.cast_signed());
                Ok(connection.execute(&delete, &[&tenant, &epoch, &ROWS_MAX]).await?)
            });
            // An attempt whose response was lost may have deleted rows, too.
            if removed.await? == 0 {
                return Ok(());
            }
        }
    }
}
