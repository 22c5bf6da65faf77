//! Tenants, credentials, secrets and cursors.

use acta_access::TenantId;
use acta_ambient::Moment;
use async_trait::async_trait;

use super::ModelStorage;
use crate::{
    Credential, CredentialStore, CursorStore, Purged, Readiness, StorageError, Tenant, TenantPurge,
};

#[async_trait]
impl CredentialStore for ModelStorage {
    async fn list_tenants(&self) -> Result<Vec<Tenant>, StorageError> {
        Ok(self.lock().tenants.clone())
    }

    async fn create_tenant(&self, name: &str, created: Moment) -> Result<TenantId, StorageError> {
        let mut store = self.lock();
        let last = store.tenants.last().map_or(0, |tenant| tenant.id.number());
        let Some(id) = last.checked_add(1).and_then(TenantId::new) else {
            return Err(StorageError::Full);
        };
        store.tenants.push(Tenant { id, name: name.to_owned(), created });
        Ok(id)
    }

    async fn find_credential(&self, key: &str) -> Result<Option<Credential>, StorageError> {
        Ok(self.lock().credentials.iter().find(|known| known.key == key).cloned())
    }

    async fn insert_credential(&self, credential: &Credential) -> Result<bool, StorageError> {
        let mut store = self.lock();
        let is_taken = store.credentials.iter().any(|known| known.key == credential.key);
        if !is_taken {
            store.credentials.push(credential.clone());
        }
        Ok(!is_taken)
    }

    async fn list_credentials(&self, tenant: TenantId) -> Result<Vec<Credential>, StorageError> {
        let store = self.lock();
        let own = store.credentials.iter().filter(|credential| credential.tenant == tenant);
        let mut own: Vec<Credential> = own.cloned().collect();
        own.sort_by_key(|credential| credential.created);
        Ok(own)
    }

    async fn settle_secret(
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
        Ok(self.with_holdings(tenant, |holdings| holdings.cursors.get(name).cloned()))
    }

    async fn save_cursor(
        &self,
        tenant: TenantId,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError> {
        self.with_holdings(tenant, |holdings| {
            holdings.cursors.insert(name.to_owned(), value.to_owned());
        });
        Ok(())
    }
}

#[async_trait]
impl TenantPurge for ModelStorage {
    async fn purge_tenant(&self, tenant: TenantId) -> Result<Purged, StorageError> {
        let holdings = self.lock().holdings.remove(&tenant).unwrap_or_default();
        Ok(Purged {
            statement_count: holdings.records.len() as u64,
            attachment_count: holdings.attachments.len() as u64,
            document_count: holdings.documents.len() as u64,
        })
    }
}

#[async_trait]
impl Readiness for ModelStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        Ok(())
    }
}
