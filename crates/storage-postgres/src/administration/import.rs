//! Importing the records and the audit of another store unchanged.

use std::io;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    AuditEntry, ChainHash, ChainHead, Record, RecordKind, StorageError, first_broken_link,
};
use tokio_postgres::types::ToSql;

use super::audit::{self, AuditRows, chain_of, read_head};
use super::commit::REMOVE;
use super::tenants::{insert_counter, number_of};
use crate::database::{Connection, Database};
use crate::failure::Failure;

const IMPORTING_AUDIT: &str = "importing the audit";

const INSERT: &str = "INSERT INTO acta.records \
     (kind, id, version, tenant_id, owner, name, expires, body) \
     SELECT t.kind, t.id, t.version, t.tenant_id, t.owner, t.name, t.expires, t.body \
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::integer[], $5::text[], $6::text[], \
     $7::bigint[], $8::text[]) \
     AS t(kind, id, version, tenant_id, owner, name, expires, body)";

impl Database {
    /// As [`acta_storage::TransferTarget::import_records`].
    pub(crate) async fn import_records(&self, records: &[Record]) -> Result<(), StorageError> {
        if records.is_empty() {
            return Ok(());
        }
        let attempt = || {
            self.transact_once(|connection| async move { replace_all(&connection, records).await })
        };
        // It is idempotent.
        self.repeat("importing records", || async { attempt().await.map_err(Failure::repeatable) })
            .await
    }

    /// As [`acta_storage::TransferTarget::import_audit`].
    pub(crate) async fn import_audit(
        &self,
        tenant: Option<TenantId>,
        entries: &[AuditEntry],
    ) -> Result<(), StorageError> {
        let Some(last) = entries.last() else { return Ok(()) };
        let mut attempts = self.attempts(IMPORTING_AUDIT);
        let mut is_unknown = false;
        loop {
            // An earlier attempt may have been committed without a response.
            let perhaps_here = is_unknown.then(|| ChainHead::from(last));
            let imported = self.transact_once(|connection| async move {
                follow(&connection, tenant, entries, perhaps_here).await
            });
            let Err(failure) = imported.await else { return Ok(()) };
            is_unknown |= matches!(failure, Failure::Unknown(_));
            attempts.again(failure.repeatable()).await?;
        }
    }
}

/// Writes records in place of those with the same keys.
async fn replace_all(connection: &Connection, records: &[Record]) -> Result<(), Failure> {
    let kinds: Vec<&str> = records.iter().map(|record| record.kind.as_str()).collect();
    let ids: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
    let versions: Vec<i64> = records.iter().map(|record| record.version.cast_signed()).collect();
    let contents = || records.iter().map(|record| &record.content);
    let tenants: Vec<Option<i32>> = contents().map(number_of).collect();
    let owners: Vec<Option<&str>> = contents().map(|content| content.owner.as_deref()).collect();
    let names: Vec<Option<&str>> = contents().map(|content| content.name.as_deref()).collect();
    let expires: Vec<Option<i64>> =
        contents().map(|content| content.expires.map(Timestamp::unix_micros)).collect();
    let bodies: Vec<&str> = contents().map(|content| content.body.as_str()).collect();
    connection.execute(REMOVE, &[&kinds, &ids]).await?;
    let columns: [&(dyn ToSql + Sync); 8] =
        [&kinds, &ids, &versions, &tenants, &owners, &names, &expires, &bodies];
    connection.execute(INSERT, &columns).await?;
    let tenants = records.iter().filter(|record| record.kind == RecordKind::Tenant);
    for tenant in tenants.filter_map(|record| number_of(&record.content)) {
        insert_counter(connection, tenant).await?;
    }
    Ok(())
}

async fn lock_head(
    connection: &Connection,
    tenant: Option<TenantId>,
) -> Result<ChainHead, Failure> {
    let chain = chain_of(tenant);
    connection.execute(audit::BEGIN_CHAINS, &[&&[chain][..], &&ChainHash::START.0[..]]).await?;
    let (_, head) = read_head(&connection.query_one(audit::LOCK_HEAD, &[&chain]).await?)?;
    Ok(head)
}

/// Appends entries to their chain, unless it already ends with `perhaps_here`.
async fn follow(
    connection: &Connection,
    tenant: Option<TenantId>,
    entries: &[AuditEntry],
    perhaps_here: Option<ChainHead>,
) -> Result<(), Failure> {
    let head = lock_head(connection, tenant).await?;
    if perhaps_here == Some(head) {
        return Ok(());
    }
    if let Some(sequence) = first_broken_link(head, tenant, entries) {
        let gap = format!("entry {sequence} of the audit does not follow");
        let source = io::Error::new(io::ErrorKind::InvalidInput, gap);
        return Err(StorageError::Io { act: IMPORTING_AUDIT, source }.into());
    }
    let entries = AuditRows::placed(chain_of(tenant), entries.to_vec());
    connection.execute(audit::INSERT, &entries.columns()).await?;
    connection.execute(audit::MOVE_HEADS, &entries.heads()).await?;
    Ok(())
}
