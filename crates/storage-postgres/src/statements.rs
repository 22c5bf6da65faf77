//! Statements in the database.

mod append;
mod consistent_through;
mod encode;
mod group;
mod import;
mod lists;
mod meters;
mod page;
#[cfg(test)]
mod plans;
mod postings;
mod queue;
mod read;
mod references;
mod shared;
mod writer;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    Appended, Batch, FeedEntry, StatementPage, StatementQuery, StatementStore, StorageError,
    StoredStatement,
};
use acta_xapi::StatementId;
use async_trait::async_trait;

use crate::PostgresStorage;
use crate::attachments::Staged;

pub(crate) use read::{records, transferred};
pub(crate) use writer::Statements;

#[async_trait]
impl StatementStore for PostgresStorage {
    async fn append(&self, tenant: TenantId, batch: Batch) -> Result<Appended, StorageError> {
        self.database.check_reserve().await?;
        let attachments = Staged::from_ports(&self.attachments, tenant, batch.attachments)?;
        self.statements.append(tenant, batch.statements, attachments).await
    }

    async fn find_statement(
        &self,
        tenant: TenantId,
        id: StatementId,
    ) -> Result<Option<StoredStatement>, StorageError> {
        read::find(&self.database, tenant, id).await
    }

    async fn query_statements(
        &self,
        tenant: TenantId,
        query: &StatementQuery,
    ) -> Result<StatementPage, StorageError> {
        page::query(self, tenant, query).await
    }

    async fn consistent_through(&self, tenant: TenantId) -> Result<Timestamp, StorageError> {
        self.statements.consistent_through().consistent_through(&self.database, tenant).await
    }

    async fn read_feed(
        &self,
        tenant: TenantId,
        after: u64,
        count_max: usize,
    ) -> Result<Vec<FeedEntry>, StorageError> {
        read::feed(&self.database, tenant, after, count_max).await
    }

    async fn count_statements(&self, tenant: TenantId) -> Result<u64, StorageError> {
        read::count(&self.database, tenant).await
    }
}
