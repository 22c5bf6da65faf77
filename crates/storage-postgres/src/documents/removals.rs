//! Removals of documents, remembered for the times of lists.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{REMOVALS_MAX, Removal, RemovalScope, StorageError};
use futures_util::future::join;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::database::{Connection, Database};
use crate::failure::Failure;
use crate::types::{SqlTimestamp, number};

/// Remembers a removal; where a later one is known, that one.
const REMEMBER: &str = "INSERT INTO acta.document_removals AS known \
     (tenant_id, place, registration, removed) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (tenant_id, place, registration) \
     DO UPDATE SET removed = greatest(known.removed, excluded.removed)";

const COUNT: &str = "SELECT count(*) FROM acta.document_removals WHERE tenant_id = $1";

/// Forgets removals up to a time, but not that there were some.
const FORGET: &str = "DELETE FROM acta.document_removals \
     WHERE tenant_id = $1 AND place <> $2 AND removed <= $3";

/// What is left to do when a removal has been noted.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(super) struct Noted {
    /// Up to which time removals are to be forgotten: there are too many.
    surplus_until: Option<Timestamp>,
}

/// Remembers a removal in the transaction in which it happens. Nothing else is locked after it.
pub(super) async fn note(
    connection: &Connection,
    tenant: TenantId,
    Removal { scope, removed }: &Removal,
) -> Result<Noted, Failure> {
    let insert = connection.prepare_cached(REMEMBER).await?;
    let count = connection.prepare_cached(COUNT).await?;
    let (number, place) = (number(tenant), &scope.place[..]);
    let columns: [&(dyn ToSql + Sync); 4] =
        [&number, &place, &scope.registration, &SqlTimestamp(*removed)];
    // The second statement sees what the first has written.
    let (remembered, counted) =
        join(connection.execute(&insert, &columns), connection.query_one(&count, &[&number])).await;
    remembered?;
    let count: i64 = counted?.get(0);
    let is_over = usize::try_from(count).is_ok_and(|count| REMOVALS_MAX < count);
    Ok(Noted { surplus_until: is_over.then_some(*removed) })
}

async fn remember(
    connection: &Connection,
    tenant: TenantId,
    Removal { scope, removed }: &Removal,
) -> Result<(), Failure> {
    let insert = connection.prepare_cached(REMEMBER).await?;
    let place = &scope.place[..];
    let columns: [&(dyn ToSql + Sync); 4] =
        [&number(tenant), &place, &scope.registration, &SqlTimestamp(*removed)];
    connection.execute(&insert, &columns).await?;
    Ok(())
}

impl Database {
    /// Forgets removals if there are too many. A failure costs nothing but space: the next removal
    /// tries again.
    pub(super) async fn bound_removals(&self, tenant: TenantId, noted: Noted) {
        let Some(until) = noted.surplus_until else { return };
        if let Err(error) = self.forget_removals(tenant, until).await {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(
                error = cause,
                tenant.id = %tenant,
                "the times of removed documents were not reduced: the next removal tries again"
            );
        }
    }

    /// Remembers, of all removals of a tenant up to a time, only that there were some.
    ///
    /// In a transaction of its own, which waits for others that note a removal: none of them waits
    /// for anything afterwards, so there is no deadlock.
    async fn forget_removals(
        &self,
        tenant: TenantId,
        until: Timestamp,
    ) -> Result<(), StorageError> {
        let everything = Removal { scope: RemovalScope::everything(), removed: until };
        let everything = &everything;
        self.transact("forgetting removals of documents", |connection| async move {
            remember(&connection, tenant, everything).await?;
            let delete = connection.prepare_cached(FORGET).await?;
            let every_place = &RemovalScope::EVERY_PLACE[..];
            let columns: [&(dyn ToSql + Sync); 3] =
                [&number(tenant), &every_place, &SqlTimestamp(until)];
            connection.execute(&delete, &columns).await?;
            Ok(())
        })
        .await
    }

    /// As [`acta_storage::TransferSource::list_removals`].
    pub(crate) async fn list_removals(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<Removal>, StorageError> {
        self.run("listing removals of documents", |connection| async move {
            let sql = "SELECT place, registration, removed FROM acta.document_removals \
                 WHERE tenant_id = $1 ORDER BY place, registration";
            let select = connection.prepare_cached(sql).await?;
            let rows = connection.query(&select, &[&number(tenant)]).await?;
            rows.iter().map(read_removal).collect()
        })
        .await
    }

    /// As [`acta_storage::TransferTarget::import_removals`].
    pub(crate) async fn import_removals(
        &self,
        tenant: TenantId,
        removals: &[Removal],
    ) -> Result<(), StorageError> {
        self.transact("importing removals of documents", |connection| async move {
            for removal in removals {
                remember(&connection, tenant, removal).await?;
            }
            Ok(())
        })
        .await
    }
}

fn read_removal(row: &Row) -> Result<Removal, Failure> {
    let place: Vec<u8> = row.get("place");
    let corrupt = |_| StorageError::Corrupt { place: "acta.document_removals, place".to_owned() };
    let place = place.try_into().map_err(corrupt)?;
    let SqlTimestamp(removed) = row.get("removed");
    Ok(Removal { scope: RemovalScope { place, registration: row.get("registration") }, removed })
}
