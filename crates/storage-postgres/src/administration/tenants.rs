//! Data of tenants beside their records.

use acta_access::TenantId;
use acta_storage::directory::{Recorded, Tenant};
use acta_storage::{Change, RecordContent, RecordKind, RecordWrite, StorageError};

use crate::database::{Connection, Database};
use crate::failure::Failure;
use crate::types::number;

/// The name of the tenant that a new store has.
const FIRST_TENANT_NAME: &str = "default";

/// Inserts the row of `counters` of a tenant, unless it exists.
pub(super) const COUNTER: &str = "INSERT INTO acta.counters \
     (tenant_id, last_sequence, last_stored, consistent_through, has_references) \
     VALUES ($1, 0, $2, $2, false) ON CONFLICT (tenant_id) DO NOTHING";

/// The time before anything was stored.
pub(super) const NEVER: i64 = i64::MIN;

/// Inserts the row of `counters` of a tenant, unless it exists.
///
/// # Errors
///
/// What the database reports.
pub(crate) async fn insert_counter(connection: &Connection, id: i32) -> Result<(), Failure> {
    let insert = connection.prepare_cached(COUNTER).await?;
    connection.execute(&insert, &[&id, &NEVER]).await?;
    Ok(())
}

impl Database {
    /// Creates the tenant that every store has, unless it exists.
    ///
    /// # Errors
    ///
    /// As [`acta_storage::RecordStore::commit`].
    pub(crate) async fn make_first_tenant(&self) -> Result<(), StorageError> {
        let id = Tenant::record_id_of(TenantId::FIRST);
        if self.find_record(RecordKind::Tenant, &id).await?.is_some() {
            return Ok(());
        }
        let first = Tenant::new(TenantId::FIRST, FIRST_TENANT_NAME, self.clock.now());
        let writes: Vec<RecordWrite> = vec![first.create()];
        // If another node has created it meanwhile, that is fine.
        self.commit(&Change { writes, entries: Vec::new() }).await?;
        Ok(())
    }
}

/// The number of the tenant that a record belongs to, in the database.
pub(super) fn number_of(content: &RecordContent) -> Option<i32> {
    content.tenant.map(number)
}
