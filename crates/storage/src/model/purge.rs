//! Removal of tenants.

use acta_access::TenantId;
use async_trait::async_trait;

use super::ModelStorage;
use crate::{Purged, StorageError, TenantPurge};

impl ModelStorage {
    /// Awaits `act` when the data of a tenant is to be removed, before anything is removed, once.
    pub fn before_purge(&self, act: impl Future<Output = ()> + Send + 'static) {
        self.before_purge.set(act);
    }
}

#[async_trait]
impl TenantPurge for ModelStorage {
    async fn purge_tenant(&self, tenant: TenantId) -> Result<Purged, StorageError> {
        if let Some(act) = self.before_purge.take() {
            act.await;
        }
        let mut store = self.lock();
        let data = store.tenant_data.remove(&tenant).unwrap_or_default();
        store.audit.remove(&Some(tenant));
        store.usage.retain(|(of, _), _| *of != tenant);
        Ok(Purged {
            statement_count: data.records.len() as u64,
            attachment_count: data.attachments.len() as u64,
            document_count: data.documents.len() as u64,
        })
    }
}
