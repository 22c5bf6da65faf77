//! The persons of each tenant as they were last read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use acta_access::TenantId;
use tokio::sync::Mutex as AsyncMutex;

use super::snapshot::{PersonState, Persons};
use crate::directory::{
    JoinedPerson, PersonChanges, PersonId, Recorded, Tenant, Versioned, find, page,
};
use crate::{Group, RecordStore, StorageError};

/// Persons that are read at a time.
const PAGE_COUNT: usize = 1_000;

/// How often persons are read again because they have changed meanwhile.
const TRIES_MAX: usize = 8;

type Slot = Arc<AsyncMutex<Arc<Persons>>>;

/// Reads the persons of tenants, and keeps them until they have changed.
#[derive(Clone)]
pub struct PersonCache {
    records: Arc<dyn RecordStore>,
    tenants: Arc<Mutex<HashMap<TenantId, Slot>>>,
}

impl std::fmt::Debug for PersonCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonCache").finish_non_exhaustive()
    }
}

impl PersonCache {
    /// An empty one.
    pub fn new(records: Arc<dyn RecordStore>) -> Self {
        Self { records, tenants: Arc::default() }
    }

    fn slot(&self, tenant: TenantId) -> Slot {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tenants.entry(tenant).or_default())
    }

    /// The persons of a tenant, with every change that was made before the call, on any node.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    pub async fn load(&self, tenant: TenantId) -> Result<Arc<Persons>, StorageError> {
        let slot = self.slot(tenant);
        // One reads, and the others wait for what it has read.
        let mut known = slot.lock().await;
        for _ in 0..TRIES_MAX {
            let Some(head) = self.head(tenant).await? else {
                *known = Arc::default();
                break;
            };
            if head.record.version == known.version() {
                break;
            }
            *known = Arc::new(self.read(&known, &head).await?);
        }
        Ok(Arc::clone(&known))
    }

    /// Takes over what the caller has just made of the persons before.
    pub async fn replace(&self, tenant: TenantId, before: &Persons, after: Persons) {
        let slot = self.slot(tenant);
        let mut known = slot.lock().await;
        if known.version() == before.version() {
            *known = Arc::new(after);
        }
    }

    /// The record of changes of a tenant, if there were any.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    pub async fn head(
        &self,
        tenant: TenantId,
    ) -> Result<Option<Versioned<PersonChanges>>, StorageError> {
        find(&*self.records, &Tenant::record_id_of(tenant)).await
    }

    async fn read(
        &self,
        known: &Persons,
        head: &Versioned<PersonChanges>,
    ) -> Result<Persons, StorageError> {
        let version = head.record.version;
        let changed = head.value.since(known.changes()).filter(|_| known.version() != 0);
        let Some(ids) = changed else {
            let all = self.read_all(head.value.tenant).await?;
            return Ok(Persons::default().after(&head.value, version, all));
        };
        let mut states = Vec::with_capacity(ids.len());
        for id in ids {
            states.push((*id, self.find(head.value.tenant, *id).await?));
        }
        Ok(known.after(&head.value, version, states))
    }

    async fn find(
        &self,
        tenant: TenantId,
        id: PersonId,
    ) -> Result<Option<JoinedPerson>, StorageError> {
        let id = JoinedPerson::record_id_of(tenant, id);
        let found = find::<JoinedPerson>(&*self.records, &id).await?;
        Ok(found.map(|found| found.value))
    }

    async fn read_all(&self, tenant: TenantId) -> Result<Vec<PersonState>, StorageError> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let group = Group::OfTenant(tenant);
            let found: Vec<Versioned<JoinedPerson>> =
                page(&*self.records, &group, after.as_deref(), PAGE_COUNT).await?;
            let is_last = found.len() < PAGE_COUNT;
            after = found.last().map(|last| last.value.record_id());
            all.extend(found.into_iter().map(|found| (found.value.id, Some(found.value))));
            if is_last {
                return Ok(all);
            }
        }
    }
}
