//! Removal of tenants.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use acta_access::TenantId;
use async_trait::async_trait;

use super::ModelStorage;
use crate::{Purged, StorageError, TenantPurge};

/// What others do while a tenant is being removed.
type Act = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is done before the data of the next tenant is removed.
#[derive(Default)]
pub(super) struct BeforePurge(Mutex<Option<Act>>);

impl fmt::Debug for BeforePurge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeforePurge")
    }
}

impl ModelStorage {
    /// Awaits `act` when the data of a tenant is to be removed, before anything is removed, once.
    pub fn before_purge(&self, act: impl Future<Output = ()> + Send + 'static) {
        let mut before = self.before_purge.0.lock().unwrap_or_else(PoisonError::into_inner);
        *before = Some(Box::pin(act));
    }
}

#[async_trait]
impl TenantPurge for ModelStorage {
    async fn purge_tenant(&self, tenant: TenantId) -> Result<Purged, StorageError> {
        let act = self.before_purge.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(act) = act {
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
