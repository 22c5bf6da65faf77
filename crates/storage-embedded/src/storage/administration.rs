//! [`EmbeddedStorage`] behind the ports of administration: handed on to the tables.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    AuditEntry, AuditQuery, AuditStore, ChainHead, Change, Committed, Group, Record, RecordKind,
    RecordStore, SecretStore, StorageError, Usage, UsageStore,
};
use async_trait::async_trait;

use crate::EmbeddedStorage;

#[async_trait]
impl RecordStore for EmbeddedStorage {
    async fn find_record(
        &self,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StorageError> {
        self.tables.find_record(kind, id).await
    }

    async fn find_record_by_name(
        &self,
        kind: RecordKind,
        name: &str,
    ) -> Result<Option<Record>, StorageError> {
        self.tables.find_record_by_name(kind, name).await
    }

    async fn list_records(
        &self,
        kind: RecordKind,
        group: &Group,
        after: Option<&str>,
        count_max: usize,
    ) -> Result<Vec<Record>, StorageError> {
        self.tables.list_records(kind, group, after, count_max).await
    }

    async fn commit(&self, change: &Change) -> Result<Committed, StorageError> {
        match self.tables.commit(change).await {
            // Nothing was written. A full device must not keep rights alive.
            Err(StorageError::Full) if change.is_essential() => {
                self.reserve.release().await?;
                self.tables.commit(change).await
            }
            outcome => outcome,
        }
    }

    async fn remove_expired(
        &self,
        now: Timestamp,
        count_max: usize,
    ) -> Result<usize, StorageError> {
        self.tables.remove_expired(now, count_max).await
    }
}

#[async_trait]
impl AuditStore for EmbeddedStorage {
    async fn list_audit(
        &self,
        tenant: Option<TenantId>,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        self.tables.list_audit(tenant, query).await
    }

    async fn audit_head(&self, tenant: Option<TenantId>) -> Result<ChainHead, StorageError> {
        self.tables.audit_head(tenant).await
    }
}

#[async_trait]
impl UsageStore for EmbeddedStorage {
    async fn add_usage(
        &self,
        tenant: TenantId,
        day: u32,
        more: Usage,
    ) -> Result<Usage, StorageError> {
        self.reserve.check().await?;
        self.tables.add_usage(tenant, day, more).await
    }
}

#[async_trait]
impl SecretStore for EmbeddedStorage {
    async fn get_or_create_secret(
        &self,
        name: &str,
        proposed: [u8; 32],
    ) -> Result<[u8; 32], StorageError> {
        self.tables.get_or_create_secret(name, proposed).await
    }
}
