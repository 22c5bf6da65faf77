//! Export and import of a whole store.

use std::io;
use std::ops::Bound;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_xapi::Sha2;
use async_trait::async_trait;

use super::log_record::{LogRecord, ParsedStatement};
use super::{ModelStorage, TenantData};
use crate::{
    AuditEntry, DocumentKey, NamedSecret, PageLimits, Removal, StorageError, StoreId,
    TransferSource, TransferTarget, TransferredDocument, TransferredStatement, first_broken_link,
};

/// The items of a page; `len` returns the bytes of each.
fn page_of<T>(items: impl Iterator<Item = T>, page: PageLimits, len: fn(&T) -> usize) -> Vec<T> {
    let mut taken = Vec::new();
    let mut len_bytes = 0;
    for item in items.take(page.count_max.max(1)) {
        len_bytes += len(&item);
        taken.push(item);
        if page.bytes_max <= len_bytes {
            break;
        }
    }
    taken
}

#[async_trait]
impl TransferSource for ModelStorage {
    async fn identify(&self) -> Result<StoreId, StorageError> {
        Ok(self.id)
    }

    async fn read_timeline(&self) -> Result<Option<u32>, StorageError> {
        Ok(Some(1 + self.lock().promotion_count))
    }

    async fn list_secrets(&self) -> Result<Vec<NamedSecret>, StorageError> {
        let store = self.lock();
        let secrets = store.secrets.iter();
        Ok(secrets
            .map(|(name, secret)| NamedSecret { name: name.clone(), secret: *secret })
            .collect())
    }

    async fn list_cursors(&self, tenant: TenantId) -> Result<Vec<(String, String)>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| data.cursors.clone().into_iter().collect()))
    }

    async fn read_statements(
        &self,
        tenant: TenantId,
        after: u64,
        page: PageLimits,
    ) -> Result<Vec<TransferredStatement>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let behind = data.records.iter().filter(|record| after < record.statement.sequence);
            page_of(behind.map(|record| record.statement.clone()), page, |one| one.text.text.len())
        }))
    }

    async fn read_documents(
        &self,
        tenant: TenantId,
        after: Option<&DocumentKey>,
        page: PageLimits,
    ) -> Result<Vec<TransferredDocument>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let behind = data.documents.range::<DocumentKey, _>((from, Bound::Unbounded));
            let behind = behind.map(|(key, document)| TransferredDocument {
                key: key.clone(),
                document: document.clone(),
            });
            page_of(behind, page, |one| one.document.content.len())
        }))
    }

    async fn list_removals(&self, tenant: TenantId) -> Result<Vec<Removal>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let removals = data.removals.iter();
            removals
                .map(|(scope, removed)| Removal { scope: scope.clone(), removed: *removed })
                .collect()
        }))
    }

    async fn list_attachments(
        &self,
        tenant: TenantId,
        after: Option<&Sha2>,
        count_max: usize,
    ) -> Result<Vec<Sha2>, StorageError> {
        Ok(self.with_tenant_data(tenant, |data| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let behind = data.attachments.range::<Sha2, _>((from, Bound::Unbounded));
            behind.map(|(sha2, _)| sha2.clone()).take(count_max.max(1)).collect()
        }))
    }
}

impl TenantData {
    /// Why the statement does not follow the log; `None` if it does.
    fn gap_before(
        &self,
        statement: &TransferredStatement,
        last_stored: Option<Timestamp>,
    ) -> Option<String> {
        let count = self.records.len() as u64;
        if statement.sequence != count + 1 {
            return Some(format!("sequence {} does not follow {count}", statement.sequence));
        }
        if last_stored.is_some_and(|last| statement.stored < last) {
            return Some(format!("{} lies before the statement before it", statement.stored));
        }
        self.indices
            .contains_key(&statement.id)
            .then(|| format!("the id {} is taken", statement.id))
    }
}

#[async_trait]
impl TransferTarget for ModelStorage {
    async fn find_import(&self) -> Result<Option<StoreId>, StorageError> {
        Ok(self.lock().import)
    }

    async fn begin_import(&self, source: StoreId) -> Result<(), StorageError> {
        self.lock().import = Some(source);
        Ok(())
    }

    async fn finish_import(&self) -> Result<(), StorageError> {
        self.lock().import = None;
        Ok(())
    }

    async fn import_records(&self, records: Vec<crate::Record>) -> Result<(), StorageError> {
        let mut store = self.lock();
        for record in records {
            store.records.insert((record.kind, record.id.clone()), record);
        }
        Ok(())
    }

    async fn import_audit(
        &self,
        tenant: Option<TenantId>,
        entries: Vec<AuditEntry>,
    ) -> Result<(), StorageError> {
        let mut store = self.lock();
        if let Some(sequence) = first_broken_link(store.head(tenant), tenant, &entries) {
            let gap = format!("entry {sequence} of the audit does not follow");
            let source = io::Error::new(io::ErrorKind::InvalidInput, gap);
            return Err(StorageError::Io { act: "importing the audit", source });
        }
        store.audit.entry(tenant).or_default().extend(entries);
        Ok(())
    }

    async fn import_statements(
        &self,
        run: Vec<(TenantId, TransferredStatement)>,
    ) -> Result<(), StorageError> {
        for (tenant, statement) in run {
            let parsed = statement
                .read()
                .map(|(statement, authority)| ParsedStatement { statement, authority });
            self.with_tenant_data(tenant, |data| {
                let last_stored = data.records.last().map(|record| record.statement.stored);
                if let Some(gap) = data.gap_before(&statement, last_stored) {
                    let source = io::Error::new(io::ErrorKind::InvalidInput, gap);
                    return Err(StorageError::Io { act: "importing statements", source });
                }
                data.push(LogRecord { statement, parsed });
                Ok(())
            })?;
        }
        self.appended.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn import_documents(
        &self,
        tenant: TenantId,
        documents: Vec<TransferredDocument>,
    ) -> Result<(), StorageError> {
        self.with_tenant_data(tenant, |data| {
            let documents =
                documents.into_iter().map(|TransferredDocument { key, document }| (key, document));
            data.documents.extend(documents);
        });
        Ok(())
    }

    async fn import_removals(
        &self,
        tenant: TenantId,
        removals: Vec<Removal>,
    ) -> Result<(), StorageError> {
        self.with_tenant_data(tenant, |data| {
            for removal in removals {
                data.remember(removal);
            }
        });
        Ok(())
    }
}
