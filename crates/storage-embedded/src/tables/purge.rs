//! All rows of a tenant removed, and their bytes with them.

use std::path::Path;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::disk::Disk;
use acta_storage::StorageError;
use rusqlite::{Connection, params};

use super::Tables;
use super::failure::{RETRY_AFTER, failed};
use crate::directory::TABLES_NAME;

/// Rows that are removed in one transaction, so that others need not wait long.
const CHUNK_ROWS: u32 = 500;

/// The file is rebuilt in memory up to this size, and in a temporary file beyond.
const IN_MEMORY_BYTES_MAX: u64 = 64 << 20;

/// What is done here, for errors.
const PURGING: &str = "removing the rows of a tenant";

impl Tables {
    /// Removes the documents, what is remembered of removed ones, activities, persons, tiles,
    /// cursors, usage and audit of a tenant, and rebuilds the file without their bytes. Returns how
    /// many documents there were.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Full`], [`StorageError::Io`]: a part may be
    /// removed.
    pub(crate) async fn purge(
        &self,
        tenant: TenantId,
        disk: Arc<dyn Disk>,
    ) -> Result<u64, StorageError> {
        let document_count = self.delete_all("documents", tenant).await?;
        self.delete_all("definitions", tenant).await?;
        self.delete_all("person_names", tenant).await?;
        self.delete_all("tiles", tenant).await?;
        for table in ["document_removals", "followers", "cursors", "usage", "audit"] {
            self.write(move |connection| {
                let sql = format!("DELETE FROM {table} WHERE tenant_id = ?1");
                connection.execute(&sql, params![tenant.number()]).map_err(failed(PURGING))
            })
            .await?;
        }
        let path = &self.readers.file().path;
        let log = path.with_file_name(format!("{TABLES_NAME}-wal"));
        self.writer.write_alone(move |connection| rebuild_file(connection, &*disk, &log)).await?;
        Ok(document_count)
    }

    /// Removes all rows of a tenant from a table, a part in each transaction.
    async fn delete_all(&self, table: &'static str, tenant: TenantId) -> Result<u64, StorageError> {
        let mut total = 0;
        loop {
            match self.write(move |connection| delete(connection, table, tenant)).await? {
                0 => return Ok(total),
                count => total += count,
            }
        }
    }
}

fn delete(connection: &Connection, table: &str, tenant: TenantId) -> Result<u64, StorageError> {
    let sql = format!(
        "DELETE FROM {table} WHERE rowid IN \
         (SELECT rowid FROM {table} WHERE tenant_id = ?1 LIMIT {CHUNK_ROWS})"
    );
    let failed = failed(PURGING);
    let mut statement = connection.prepare_cached(&sql).map_err(&failed)?;
    let count = statement.execute(params![tenant.number()]).map_err(failed)?;
    Ok(count as u64)
}

/// Rebuilds the file, whose write-ahead log is `log`. What is removed leaves its bytes behind
/// otherwise, in free pages and in pages that have other rows, and in that log.
fn rebuild_file(connection: &Connection, disk: &dyn Disk, log: &Path) -> Result<(), StorageError> {
    let failed = failed("rebuilding the file of the tables");
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = pragma("page_count").map_err(&failed)?;
    let page_bytes = pragma("page_size").map_err(&failed)?;
    let bytes = u64::try_from(pages.saturating_mul(page_bytes)).unwrap_or(u64::MAX);
    let place = if bytes <= IN_MEMORY_BYTES_MAX { "MEMORY" } else { "FILE" };
    connection.pragma_update(None, "temp_store", place).map_err(&failed)?;
    connection.execute_batch("VACUUM").map_err(&failed)?;
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_busy: bool = connection.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
    // A reader keeps the write-ahead log for long, as a backup does.
    if is_busy {
        return Err(StorageError::Busy { retry_after: RETRY_AFTER });
    }
    // SQLite does not sync the log when it has cut it.
    let synced = disk.open(log).and_then(|log| log.sync());
    synced.map_err(|source| StorageError::Io { act: PURGING, source })
}
