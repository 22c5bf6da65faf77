//! What tenants have stored on each day, in the tables.

use acta_access::TenantId;
use acta_storage::{StorageError, Usage, UsageStore};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::tables::Tables;
use crate::tables::checksum::{self, is_sound};
use crate::tables::failure::failed;

#[async_trait]
impl UsageStore for Tables {
    async fn add_usage(
        &self,
        tenant: TenantId,
        day: u32,
        more: Usage,
    ) -> Result<Usage, StorageError> {
        if more == Usage::default() {
            return self.read_of(tenant, move |connection| find(connection, tenant, day)).await;
        }
        self.write(move |connection| {
            let failed = failed("adding up usage");
            let sum = find(connection, tenant, day)?.plus(more);
            let sql = "INSERT INTO usage (tenant_id, day, statement_count, bytes, checksum) \
                 VALUES (?1, ?2, ?3, ?4, acta_sum('usage', ?1, ?2, ?3, ?4)) \
                 ON CONFLICT (tenant_id, day) DO UPDATE SET \
                 statement_count = excluded.statement_count, bytes = excluded.bytes, \
                 checksum = excluded.checksum";
            let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
            let column = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            let (statement_count, bytes) = (column(sum.statement_count), column(sum.bytes));
            let columns = params![tenant.number(), day, statement_count, bytes];
            statement.execute(columns).map_err(failed)?;
            Ok(sum)
        })
        .await
    }
}

fn find(connection: &Connection, tenant: TenantId, day: u32) -> Result<Usage, StorageError> {
    let failed = failed("reading usage");
    let sql = concat!(
        "SELECT tenant_id || '/' || day AS place, statement_count, bytes, ",
        is_sound!(usage),
        " FROM usage WHERE tenant_id = ?1 AND day = ?2"
    );
    let mut statement = connection.prepare_cached(sql).map_err(&failed)?;
    let read = |row: &Row<'_>| {
        checksum::check(row, "usage", "place")?;
        let column = |name| row.get::<_, i64>(name).map(i64::cast_unsigned);
        Ok(Usage { statement_count: column("statement_count")?, bytes: column("bytes")? })
    };
    let found = statement.query_row(params![tenant.number(), day], read).optional();
    Ok(found.map_err(failed)?.unwrap_or_default())
}
