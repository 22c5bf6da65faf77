//! Export and import of a whole store.

use acta_access::TenantId;
use acta_storage::{
    AuditEntry, DocumentKey, NamedSecret, PageLimits, Record, Removal, StorageError, StoreId,
    TransferSource, TransferTarget, TransferredDocument, TransferredStatement,
};
use acta_xapi::Sha2;
use async_trait::async_trait;
use tokio_postgres::Row;

use super::{PostgresStorage, TERM_KEY_NAME};
use crate::failure::Failure;
use crate::statements;
use crate::types::number;

/// The name of the secret that marks an unfinished copy: it contains the identity of the source.
const IMPORT_MARK_NAME: &str = "unfinished-copy";

fn read_secret(row: &Row) -> Result<NamedSecret, Failure> {
    let (name, secret): (String, Vec<u8>) = (row.get(0), row.get(1));
    let corrupt = |_| StorageError::Corrupt { place: format!("acta.secrets, {name}") };
    Ok(NamedSecret { secret: secret.try_into().map_err(corrupt)?, name })
}

#[async_trait]
impl TransferSource for PostgresStorage {
    async fn identify(&self) -> Result<StoreId, StorageError> {
        let secret = Self::own_secret(&self.database).await?;
        let mut id = [0; 32];
        // Without the key of the terms, which must stay secret.
        id[16..].copy_from_slice(&secret[16..]);
        Ok(StoreId(id))
    }

    async fn read_timeline(&self) -> Result<Option<u32>, StorageError> {
        self.database.read_timeline().await
    }

    async fn list_secrets(&self) -> Result<Vec<NamedSecret>, StorageError> {
        self.database
            .run("listing secrets", |connection| async move {
                let sql = "SELECT name, secret FROM acta.secrets \
                     WHERE name <> $1 AND name <> $2 ORDER BY name";
                let rows = connection.query(sql, &[&TERM_KEY_NAME, &IMPORT_MARK_NAME]).await?;
                rows.iter().map(read_secret).collect()
            })
            .await
    }

    async fn list_cursors(&self, tenant: TenantId) -> Result<Vec<(String, String)>, StorageError> {
        self.database
            .run("listing cursors", |connection| async move {
                let sql = "SELECT name, value FROM acta.cursors \
                     WHERE tenant_id = $1 ORDER BY name";
                let select = connection.prepare_cached(sql).await?;
                let rows = connection.query(&select, &[&number(tenant)]).await?;
                Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
            })
            .await
    }

    async fn read_statements(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<TransferredStatement>, StorageError> {
        statements::transferred(&self.database, tenant, after, page).await
    }

    async fn read_documents(
        &self,
        tenant: TenantId,
        after: Option<&DocumentKey>,
        page: PageLimits,
    ) -> Result<Vec<TransferredDocument>, StorageError> {
        self.database.read_documents(tenant, after, page).await
    }

    async fn list_removals(&self, tenant: TenantId) -> Result<Vec<Removal>, StorageError> {
        self.database.list_removals(tenant).await
    }

    async fn list_attachments(
        &self,
        tenant: TenantId,
        after: Option<&Sha2>,
        count_max: usize,
    ) -> Result<Vec<Sha2>, StorageError> {
        let after = after.map_or("", Sha2::as_str);
        let count_max = i64::try_from(count_max.max(1)).unwrap_or(i64::MAX);
        self.database
            .run("listing attachments", |connection| async move {
                // Digits and the letters a to f have this order in every collation.
                let sql = "SELECT sha2 FROM acta.attachments \
                     WHERE tenant_id = $1 AND sha2 > $2 ORDER BY sha2 LIMIT $3";
                let select = connection.prepare_cached(sql).await?;
                let rows =
                    connection.query(&select, &[&number(tenant), &after, &count_max]).await?;
                rows.iter().map(read_hash).collect()
            })
            .await
    }
}

fn read_hash(row: &Row) -> Result<Sha2, Failure> {
    let text: &str = row.get(0);
    let corrupt = |_| StorageError::Corrupt { place: format!("acta.attachments, {text}") };
    Ok(text.parse().map_err(corrupt)?)
}

#[async_trait]
impl TransferTarget for PostgresStorage {
    async fn find_import(&self) -> Result<Option<StoreId>, StorageError> {
        self.database
            .run("looking for an unfinished copy", |connection| async move {
                let sql = "SELECT name, secret FROM acta.secrets WHERE name = $1";
                let row = connection.query_opt(sql, &[&IMPORT_MARK_NAME]).await?;
                let found = row.as_ref().map(read_secret).transpose()?;
                Ok(found.map(|found| StoreId(found.secret)))
            })
            .await
    }

    async fn begin_import(&self, source: StoreId) -> Result<(), StorageError> {
        self.database
            .run("marking an unfinished copy", |connection| async move {
                let sql = "INSERT INTO acta.secrets (name, secret) VALUES ($1, $2) \
                     ON CONFLICT (name) DO UPDATE SET secret = excluded.secret";
                connection.execute(sql, &[&IMPORT_MARK_NAME, &&source.0[..]]).await?;
                Ok(())
            })
            .await
    }

    async fn finish_import(&self) -> Result<(), StorageError> {
        self.database
            .run("finishing a copy", |connection| async move {
                let sql = "DELETE FROM acta.secrets WHERE name = $1";
                connection.execute(sql, &[&IMPORT_MARK_NAME]).await?;
                Ok(())
            })
            .await
    }

    async fn import_records(&self, records: Vec<Record>) -> Result<(), StorageError> {
        self.database.import_records(&records).await
    }

    async fn import_audit(
        &self,
        tenant: Option<TenantId>,
        entries: Vec<AuditEntry>,
    ) -> Result<(), StorageError> {
        self.database.import_audit(tenant, &entries).await
    }

    async fn import_statements(
        &self,
        run: Vec<(TenantId, TransferredStatement)>,
    ) -> Result<(), StorageError> {
        self.statements.import(run).await?;
        self.appended.send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }

    async fn import_documents(
        &self,
        tenant: TenantId,
        documents: Vec<TransferredDocument>,
    ) -> Result<(), StorageError> {
        self.database.import_documents(tenant, documents).await
    }

    async fn import_removals(
        &self,
        tenant: TenantId,
        removals: Vec<Removal>,
    ) -> Result<(), StorageError> {
        self.database.import_removals(tenant, &removals).await
    }
}
