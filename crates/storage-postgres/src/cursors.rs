//! Positions of named readers.

use acta_access::TenantId;
use acta_storage::{CursorStore, StorageError};
use async_trait::async_trait;

use crate::PostgresStorage;
use crate::types::number;

#[async_trait]
impl CursorStore for PostgresStorage {
    async fn find_cursor(
        &self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<String>, StorageError> {
        self.database
            .run("reading a cursor", |connection| async move {
                let sql = "SELECT value FROM acta.cursors WHERE tenant_id = $1 AND name = $2";
                let select = connection.prepare_cached(sql).await?;
                let row = connection.query_opt(&select, &[&number(tenant), &name]).await?;
                Ok(row.map(|row| row.get(0)))
            })
            .await
    }

    async fn save_cursor(
        &self,
        tenant: TenantId,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError> {
        self.database.check_reserve().await?;
        self.database
            .run("saving a cursor", |connection| async move {
                let sql = "INSERT INTO acta.cursors (tenant_id, name, value) VALUES ($1, $2, $3) \
                     ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value";
                let upsert = connection.prepare_cached(sql).await?;
                connection.execute(&upsert, &[&number(tenant), &name, &value]).await?;
                Ok(())
            })
            .await
    }
}
