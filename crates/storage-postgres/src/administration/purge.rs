//! Everything that a tenant owns, removed for good, a part at a time.

use acta_access::TenantId;
use acta_storage::{Purged, StorageError, TenantPurge};
use async_trait::async_trait;

use crate::PostgresStorage;
use crate::database::Database;
use crate::types::number;

/// Rows that one statement of SQL deletes, at most.
const ROWS_MAX: i64 = 2_000;

/// The tables of tenants, each with what its key has beside the tenant. Content of attachments
/// has gone before. Statements go first, so that a follower makes nothing of them any more;
/// then how far it had come, so that what it is about to write is refused.
pub(super) const TABLES: [(&str, &[&str]); 13] = [
    (STATEMENTS, &["sequence"]),
    ("followers", &["name"]),
    ("definitions", &["activity_hash"]),
    ("person_names", &["agent_hash", "name_hash"]),
    ("postings", &["term", "first_sequence"]),
    ("voids", &["target"]),
    (DOCUMENTS, &["place", "registration", "name_hash"]),
    ("document_places", &["place", "registration"]),
    ("cursors", &["name"]),
    ("usage", &["day"]),
    ("audit", &["sequence"]),
    ("audit_heads", &[]),
    ("counters", &[]),
];

const STATEMENTS: &str = "statements";

const DOCUMENTS: &str = "documents";

/// Deletes some rows of a tenant: parameters are the tenant and the most rows.
pub(super) fn deletion(table: &str, key: &[&str]) -> String {
    if key.is_empty() {
        return format!("DELETE FROM acta.{table} WHERE tenant_id = $1 AND 0 < $2::bigint");
    }
    let columns = key.join(", ");
    let is_same: Vec<String> = key.iter().map(|one| format!("AND d.{one} = g.{one}")).collect();
    let is_same = is_same.join(" ");
    // With the tenant in the join, so that each row is looked up by its whole key.
    format!(
        "DELETE FROM acta.{table} AS d USING (SELECT tenant_id, {columns} FROM acta.{table} \
         WHERE tenant_id = $1 ORDER BY tenant_id, {columns} LIMIT $2) AS g \
         WHERE d.tenant_id = g.tenant_id {is_same}"
    )
}

impl Database {
    /// Deletes all rows of a tenant from a table. Returns how many there were.
    async fn purge_table(
        &self,
        tenant: TenantId,
        (table, key): (&str, &[&str]),
    ) -> Result<u64, StorageError> {
        let (sql, mut sum) = (&deletion(table, key), 0);
        loop {
            let deleted = self
                .run("removing a tenant", |connection| async move {
                    let delete = connection.prepare_cached(sql).await?;
                    Ok(connection.execute(&delete, &[&number(tenant), &ROWS_MAX]).await?)
                })
                .await?;
            sum += deleted;
            // Also one whose answer was lost has deleted, so that the next finds fewer.
            if deleted == 0 {
                return Ok(sum);
            }
        }
    }
}

#[async_trait]
impl TenantPurge for PostgresStorage {
    async fn purge_tenant(&self, tenant: TenantId) -> Result<Purged, StorageError> {
        let attachment_count = self.attachments.purge(tenant).await?;
        let mut purged = Purged { attachment_count, ..Purged::default() };
        // Again, until nothing is found that a follower had under way.
        loop {
            let mut row_count = 0;
            for table in TABLES {
                let deleted = self.database.purge_table(tenant, table).await?;
                row_count += deleted;
                match table.0 {
                    STATEMENTS => purged.statement_count += deleted,
                    DOCUMENTS => purged.document_count += deleted,
                    _ => {}
                }
            }
            if row_count == 0 {
                return Ok(purged);
            }
        }
    }
}
