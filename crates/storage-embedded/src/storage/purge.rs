//! A tenant removed with everything that it owns.

use acta_access::TenantId;
use acta_storage::{Purged, StorageError, TenantPurge};
use async_trait::async_trait;

use crate::EmbeddedStorage;

#[async_trait]
impl TenantPurge for EmbeddedStorage {
    async fn purge_tenant(&self, tenant: TenantId) -> Result<Purged, StorageError> {
        tracing::info!(%tenant, "removing a tenant");
        self.fence.close(tenant).await;
        let purged = Purged {
            // First, so that no statement ever names content that is gone.
            statement_count: self.engine.purge(tenant).await?,
            attachment_count: self.attachments.purge(tenant).await?,
            document_count: self.tables.purge(tenant, self.engine.disk()).await?,
        };
        self.positions.forget(tenant);
        tracing::info!(%tenant, statements = purged.statement_count, "removed a tenant");
        Ok(purged)
    }
}
