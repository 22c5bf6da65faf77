//! Removing all data of a tenant, a part at a time.

use acta_access::TenantId;
use acta_storage::{Purged, StorageError, TenantPurge};
use async_trait::async_trait;

use crate::PostgresStorage;
use crate::database::{Database, Placement};
use crate::types::number;

/// Rows that one statement of SQL deletes, at most.
const ROWS_MAX: i64 = 2_000;

/// A table of tenants.
#[derive(Clone, Copy)]
pub(super) struct TenantTable {
    pub(super) name: &'static str,
    /// The columns of its key beside the tenant.
    pub(super) key: &'static [&'static str],
}

/// The tables of tenants in the order in which rows are removed. Content of attachments is removed
/// before. Statements come first, so that a follower derives nothing from them any more; then the
/// positions of followers, so that a step in progress is refused.
pub(super) const TABLES: [TenantTable; 15] = [
    TenantTable { name: STATEMENTS, key: &["sequence"] },
    TenantTable { name: "followers", key: &["name"] },
    TenantTable { name: "definitions", key: &["activity_hash"] },
    TenantTable { name: "person_names", key: &["agent_hash", "name_hash"] },
    TenantTable { name: "tiles", key: &["epoch", "level", "position"] },
    TenantTable { name: "postings", key: &["term", "first_sequence"] },
    TenantTable { name: "voids", key: &["target"] },
    TenantTable { name: DOCUMENTS, key: &["place", "registration", "name_hash"] },
    TenantTable { name: "document_places", key: &["place", "registration"] },
    TenantTable { name: "document_removals", key: &["place", "registration"] },
    TenantTable { name: "cursors", key: &["name"] },
    TenantTable { name: "usage", key: &["day"] },
    TenantTable { name: "audit", key: &["sequence"] },
    TenantTable { name: "audit_heads", key: &[] },
    TenantTable { name: "counters", key: &[] },
];

const STATEMENTS: &str = "statements";

const DOCUMENTS: &str = "documents";

/// The SQL that deletes some rows of a tenant: parameters are the tenant and the most rows.
pub(super) fn deletion(table: TenantTable, on: Placement) -> String {
    let TenantTable { name: table, key } = table;
    if key.is_empty() {
        return format!("DELETE FROM acta.{table} WHERE tenant_id = $1 AND 0 < $2::bigint");
    }
    let columns = key.join(", ");
    let is_same: Vec<String> = key.iter().map(|one| format!("AND d.{one} = g.{one}")).collect();
    let is_same = is_same.join(" ");
    let at_once = on.condition("d.tenant_id = $1");
    // With the tenant in the join, so that each row is looked up by its whole key.
    format!(
        "DELETE FROM acta.{table} AS d USING (SELECT tenant_id, {columns} FROM acta.{table} \
         WHERE tenant_id = $1 ORDER BY tenant_id, {columns} LIMIT $2) AS g \
         WHERE {at_once}d.tenant_id = g.tenant_id {is_same}"
    )
}

impl Database {
    /// Deletes all rows of a tenant from a table. Returns how many there were.
    async fn purge_table(&self, tenant: TenantId, table: TenantTable) -> Result<u64, StorageError> {
        let placement = self.placement_of(table.name);
        let (sql, mut sum) = (&deletion(table, placement), 0);
        loop {
            let deleted = self
                .run("removing a tenant", |connection| async move {
                    let delete = connection.prepare_on(placement, sql).await?;
                    Ok(connection.execute(&delete, &[&number(tenant), &ROWS_MAX]).await?)
                })
                .await?;
            sum += deleted;
            // An attempt whose response was lost may have deleted rows, too, so repeat until
            // there are none.
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
        // Repeat until nothing is found, since a step of a follower may be in progress.
        loop {
            let mut row_count = 0;
            for table in TABLES {
                let deleted = self.database.purge_table(tenant, table).await?;
                row_count += deleted;
                match table.name {
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
