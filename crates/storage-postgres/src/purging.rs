//! A tenant removed with everything that it owns.

use acta_access::TenantId;
use acta_storage::{Purged, StorageError, TenantPurge};
use async_trait::async_trait;

use crate::PostgresStorage;
use crate::credentials::number;

/// Rows that one transaction removes.
const CHUNK_ROWS: i64 = 5_000;

/// What is done here, for errors.
const PURGING: &str = "removing the rows of a tenant";

#[async_trait]
impl TenantPurge for PostgresStorage {
    async fn purge_tenant(&self, tenant: TenantId) -> Result<Purged, StorageError> {
        // Whoever appends needs its row here: nothing is stored any more.
        self.delete_all(tenant, "counters").await?;
        let statement_count = self.delete_all(tenant, "statements").await?;
        self.delete_all(tenant, "voids").await?;
        self.delete_all(tenant, "postings").await?;
        let attachment_count = self.attachments.purge(tenant).await?;
        let document_count = self.delete_all(tenant, "documents").await?;
        self.delete_all(tenant, "document_places").await?;
        self.delete_all(tenant, "cursors").await?;
        self.delete_all(tenant, "followers").await?;
        self.delete_all(tenant, "definitions").await?;
        self.delete_all(tenant, "person_names").await?;
        Ok(Purged { statement_count, attachment_count, document_count })
    }
}

impl PostgresStorage {
    /// Removes all rows of a tenant from a table, a part in each transaction. Returns how many
    /// there were.
    async fn delete_all(&self, tenant: TenantId, table: &str) -> Result<u64, StorageError> {
        let sql = format!(
            "DELETE FROM acta.{table} WHERE tenant_id = $1 AND ctid = ANY (ARRAY \
             (SELECT ctid FROM acta.{table} WHERE tenant_id = $1 LIMIT $2))"
        );
        let mut total = 0;
        loop {
            match self.delete_some(tenant, &sql).await? {
                0 => return Ok(total),
                count => total += count,
            }
        }
    }

    async fn delete_some(&self, tenant: TenantId, sql: &str) -> Result<u64, StorageError> {
        self.database
            .run(PURGING, |connection| async move {
                let delete = connection.prepare_cached(sql).await?;
                Ok(connection.execute(&delete, &[&number(tenant), &CHUNK_ROWS]).await?)
            })
            .await
    }
}
