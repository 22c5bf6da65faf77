//! [`EmbeddedStorage`] behind each port: handed on to the part that keeps it.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    Appended, AttachmentReader, AttachmentStore, AttachmentWriter, Batch, CursorStore, Document,
    DocumentKey, DocumentList, DocumentNames, DocumentStore, DocumentWrite, FairShares, FeedEntry,
    NewDocument, Precondition, Readiness, StatementPage, StatementQuery, StatementStore,
    StorageError, StoredStatement, StoredTile, TilePlace, TileStore, Weights,
};
use acta_xapi::{Sha2, StatementId};
use async_trait::async_trait;

use crate::EmbeddedStorage;
use crate::attachments::Staged;

#[async_trait]
impl StatementStore for EmbeddedStorage {
    async fn append(&self, tenant: TenantId, batch: Batch) -> Result<Appended, StorageError> {
        self.reserve.check().await?;
        let _passed = self.fence.pass(tenant).await?;
        let staged = batch.attachments.into_iter();
        let staged = staged.map(|staged| Staged::from_port(tenant, staged));
        let staged = staged.collect::<Result<Vec<Staged>, StorageError>>()?;
        self.engine.append(tenant, batch.statements, staged).await
    }

    async fn find_statement(
        &self,
        tenant: TenantId,
        id: StatementId,
    ) -> Result<Option<StoredStatement>, StorageError> {
        self.engine.find_statement(tenant, id).await
    }

    async fn query_statements(
        &self,
        tenant: TenantId,
        query: &StatementQuery,
    ) -> Result<StatementPage, StorageError> {
        self.engine.query_statements(tenant, query).await
    }

    async fn consistent_through(&self, _tenant: TenantId) -> Result<Timestamp, StorageError> {
        Ok(self.engine.consistent_through())
    }

    async fn read_feed(
        &self,
        tenant: TenantId,
        after: u64,
        count_max: usize,
    ) -> Result<Vec<FeedEntry>, StorageError> {
        self.engine.read_feed(tenant, after, count_max).await
    }

    async fn count_statements(&self, tenant: TenantId) -> Result<u64, StorageError> {
        Ok(self.engine.count_statements(tenant))
    }
}

#[async_trait]
impl AttachmentStore for EmbeddedStorage {
    async fn stage_attachment(
        &self,
        tenant: TenantId,
        sha2: Sha2,
    ) -> Result<Box<dyn AttachmentWriter>, StorageError> {
        self.reserve.check().await?;
        let _passed = self.fence.pass(tenant).await?;
        self.attachments.stage_attachment(tenant, sha2).await
    }

    async fn open_attachment(
        &self,
        tenant: TenantId,
        sha2: &Sha2,
    ) -> Result<Option<Box<dyn AttachmentReader>>, StorageError> {
        self.attachments.open_attachment(tenant, sha2).await
    }
}

#[async_trait]
impl DocumentStore for EmbeddedStorage {
    async fn find_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
    ) -> Result<Option<Document>, StorageError> {
        self.tables.find_document(tenant, key).await
    }

    async fn replace_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        document: NewDocument,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        self.reserve.check().await?;
        let _passed = self.fence.pass(tenant).await?;
        self.tables.replace_document(tenant, key, document, precondition).await
    }

    async fn remove_document(
        &self,
        tenant: TenantId,
        key: &DocumentKey,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        self.reserve.check().await?;
        let _passed = self.fence.pass(tenant).await?;
        self.tables.remove_document(tenant, key, precondition).await
    }

    async fn remove_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
    ) -> Result<u64, StorageError> {
        self.reserve.check().await?;
        let _passed = self.fence.pass(tenant).await?;
        self.tables.remove_documents(tenant, list).await
    }

    async fn list_documents(
        &self,
        tenant: TenantId,
        list: &DocumentList,
        since: Option<Timestamp>,
    ) -> Result<DocumentNames, StorageError> {
        self.tables.list_documents(tenant, list, since).await
    }
}

#[async_trait]
impl CursorStore for EmbeddedStorage {
    async fn find_cursor(
        &self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<String>, StorageError> {
        self.tables.find_cursor(tenant, name).await
    }

    async fn save_cursor(
        &self,
        tenant: TenantId,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError> {
        self.reserve.check().await?;
        let _passed = self.fence.pass(tenant).await?;
        self.tables.save_cursor(tenant, name, value).await
    }
}

#[async_trait]
impl TileStore for EmbeddedStorage {
    async fn extend_tiles(
        &self,
        tenant: TenantId,
        epoch: u64,
        tiles: Vec<StoredTile>,
    ) -> Result<(), StorageError> {
        self.reserve.check().await?;
        let _passed = self.fence.pass(tenant).await?;
        self.tables.extend_tiles(tenant, epoch, tiles).await
    }

    async fn find_tiles(
        &self,
        tenant: TenantId,
        epoch: u64,
        places: &[TilePlace],
    ) -> Result<Vec<Option<Vec<u8>>>, StorageError> {
        self.tables.find_tiles(tenant, epoch, places).await
    }

    async fn remove_tiles(&self, tenant: TenantId, epoch: u64) -> Result<(), StorageError> {
        let _passed = self.fence.pass(tenant).await?;
        self.tables.remove_tiles(tenant, epoch).await
    }
}

#[async_trait]
impl Readiness for EmbeddedStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        self.engine.append(TenantId::FIRST, Vec::new(), Vec::new()).await?;
        self.tables.check_ready().await
    }
}

impl FairShares for EmbeddedStorage {
    fn weights(&self) -> &Weights {
        &self.tables.weights
    }
}
