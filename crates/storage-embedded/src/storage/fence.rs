//! Tenants that may not write any more.

use std::collections::HashSet;
use std::io;

use acta_access::TenantId;
use acta_storage::StorageError;
use tokio::sync::{RwLock, RwLockReadGuard};

/// Keeps writes of tenants away that are being removed, until the store is opened again.
#[derive(Debug, Default)]
pub(super) struct Fence(RwLock<HashSet<TenantId>>);

impl Fence {
    /// Waits for writes under way, and lets none of the tenant's begin.
    pub(super) async fn close(&self, tenant: TenantId) {
        self.0.write().await.insert(tenant);
    }

    /// Lets a write of the tenant's begin; it ends when the answer is dropped.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] if the tenant is being removed, or was.
    pub(super) async fn pass(
        &self,
        tenant: TenantId,
    ) -> Result<RwLockReadGuard<'_, HashSet<TenantId>>, StorageError> {
        let closed = self.0.read().await;
        if closed.contains(&tenant) {
            let source = io::Error::new(io::ErrorKind::PermissionDenied, "it has been removed");
            return Err(StorageError::Io { act: "writing for a tenant", source });
        }
        Ok(closed)
    }
}
