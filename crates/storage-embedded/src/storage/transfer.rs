//! [`EmbeddedStorage`] on its way into another store, or made of one: handed on to the part
//! that keeps it.

use acta_access::TenantId;
use acta_storage::{
    AuditEntry, DocumentKey, NamedSecret, PageLimits, Record, Removal, StorageError, StoreId,
    TransferSource, TransferTarget, TransferredDocument, TransferredStatement,
};
use acta_xapi::Sha2;
use async_trait::async_trait;

use crate::EmbeddedStorage;

#[async_trait]
impl TransferSource for EmbeddedStorage {
    async fn identify(&self) -> Result<StoreId, StorageError> {
        Ok(self.id)
    }

    async fn read_timeline(&self) -> Result<Option<u32>, StorageError> {
        Ok(None)
    }

    async fn list_secrets(&self) -> Result<Vec<NamedSecret>, StorageError> {
        self.tables.list_secrets().await
    }

    async fn list_cursors(&self, tenant: TenantId) -> Result<Vec<(String, String)>, StorageError> {
        self.tables.list_cursors(tenant).await
    }

    async fn read_statements(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<TransferredStatement>, StorageError> {
        self.engine.read_statements(tenant, after, page).await
    }

    async fn read_documents(
        &self,
        tenant: TenantId,
        after: Option<&DocumentKey>,
        page: PageLimits,
    ) -> Result<Vec<TransferredDocument>, StorageError> {
        self.tables.read_documents(tenant, after, page).await
    }

    async fn list_removals(&self, tenant: TenantId) -> Result<Vec<Removal>, StorageError> {
        self.tables.list_removals(tenant).await
    }

    async fn list_attachments(
        &self,
        tenant: TenantId,
        after: Option<&Sha2>,
        count_max: usize,
    ) -> Result<Vec<Sha2>, StorageError> {
        self.attachments.list(tenant, after, count_max).await
    }
}

#[async_trait]
impl TransferTarget for EmbeddedStorage {
    async fn find_import(&self) -> Result<Option<StoreId>, StorageError> {
        self.tables.find_import().await
    }

    async fn begin_import(&self, source: StoreId) -> Result<(), StorageError> {
        self.tables.begin_import(source).await
    }

    async fn finish_import(&self) -> Result<(), StorageError> {
        self.tables.finish_import().await
    }

    async fn import_records(&self, records: Vec<Record>) -> Result<(), StorageError> {
        self.tables.import_records(records).await
    }

    async fn import_audit(
        &self,
        tenant: Option<TenantId>,
        entries: Vec<AuditEntry>,
    ) -> Result<(), StorageError> {
        self.tables.import_audit(tenant, entries).await
    }

    async fn import_statements(
        &self,
        run: Vec<(TenantId, TransferredStatement)>,
    ) -> Result<(), StorageError> {
        self.engine.import(run).await
    }

    async fn import_documents(
        &self,
        tenant: TenantId,
        documents: Vec<TransferredDocument>,
    ) -> Result<(), StorageError> {
        self.tables.import_documents(tenant, documents).await
    }

    async fn import_removals(
        &self,
        tenant: TenantId,
        removals: Vec<Removal>,
    ) -> Result<(), StorageError> {
        self.tables.import_removals(tenant, removals).await
    }
}
