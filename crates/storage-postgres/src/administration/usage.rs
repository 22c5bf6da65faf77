//! Usage of tenants, a row for each day.

use acta_access::TenantId;
use acta_storage::{StorageError, Usage, UsageStore};
use async_trait::async_trait;
use tokio_postgres::Row;

use crate::PostgresStorage;
use crate::types::number;

/// Sums saturate at the greatest number.
const ADD: &str = "INSERT INTO acta.usage AS sum \
     (tenant_id, day, statement_count, bytes) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (tenant_id, day) DO UPDATE SET \
     statement_count = least(sum.statement_count::numeric + excluded.statement_count, \
     9223372036854775807)::bigint, \
     bytes = least(sum.bytes::numeric + excluded.bytes, 9223372036854775807)::bigint \
     RETURNING statement_count, bytes";

pub(super) const FIND: &str =
    "SELECT statement_count, bytes FROM acta.usage WHERE tenant_id = $1 AND day = $2";

#[async_trait]
impl UsageStore for PostgresStorage {
    async fn add_usage(
        &self,
        tenant: TenantId,
        day: u32,
        more: Usage,
    ) -> Result<Usage, StorageError> {
        let (tenant, day) = (number(tenant), day.cast_signed());
        if more == Usage::default() {
            return self
                .database
                .run("reading usage", |connection| async move {
                    let select = connection.prepare_cached(FIND).await?;
                    let row = connection.query_opt(&select, &[&tenant, &day]).await?;
                    Ok(row.as_ref().map(read_usage).unwrap_or_default())
                })
                .await;
        }
        self.database.check_reserve().await?;
        let clamped = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (count, bytes) = (clamped(more.statement_count), clamped(more.bytes));
        // In a transaction, so that before the commit it is certain that nothing was added.
        self.database
            .transact("adding usage", |connection| async move {
                let add = connection.prepare_cached(ADD).await?;
                let row = connection.query_one(&add, &[&tenant, &day, &count, &bytes]).await?;
                Ok(read_usage(&row))
            })
            .await
    }
}

fn read_usage(row: &Row) -> Usage {
    let number = |index| row.get::<_, i64>(index).unsigned_abs();
    Usage { statement_count: number(0), bytes: number(1) }
}
