//! Secrets, cursors and weights.

use acta_access::TenantId;
use async_trait::async_trait;

use super::ModelStorage;
use crate::{CursorStore, FairShares, Readiness, SecretStore, StorageError, Weights};

#[async_trait]
impl SecretStore for ModelStorage {
    async fn get_or_create_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError> {
        Ok(*self.lock().secrets.entry(name.to_owned()).or_insert(proposed))
    }
}

#[async_trait]
impl CursorStore for ModelStorage {
    async fn find_cursor(
        &self,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<String>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| data.cursors.get(name).cloned()))
    }

    async fn save_cursor(
        &self,
        tenant: TenantId,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError> {
        self.with_tenant_data(tenant, |data| {
            data.cursors.insert(name.to_owned(), value.to_owned());
        });
        Ok(())
    }
}

#[async_trait]
impl Readiness for ModelStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        Ok(())
    }
}

impl FairShares for ModelStorage {
    fn weights(&self) -> &Weights {
        &self.weights
    }
}
