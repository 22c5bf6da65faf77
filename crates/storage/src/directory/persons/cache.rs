//! The persons of each tenant as they were last read.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinError;

use super::groups::PersonGroups;
use super::snapshot::Persons;
use crate::directory::{
    JoinedPerson, PersonChanges, PersonGroup, PersonId, Recorded, Tenant, Versioned, find, page,
};
use crate::{Group, RecordStore, StorageError, spawn_blocking};

/// Persons that are read at a time.
const PAGE_COUNT: usize = 1_000;

/// What fails where persons cannot be read.
const ACT: &str = "reading persons";

/// How often persons are read again because they have changed meanwhile.
const TRIES_MAX: usize = 8;

/// Bytes of persons of all tenants together, about, that are cached beside those of the tenant that
/// was asked for last.
const CACHED_BYTES_MAX: usize = 512 << 20;

/// Tenants whose persons are cached, at most.
const CACHED_TENANTS_MAX: usize = 1_000;

type Slot = Arc<AsyncMutex<Arc<Persons>>>;

/// Reads the persons of tenants, and keeps them until they have changed, or until those of other
/// tenants that were asked for later need the memory.
#[derive(Clone)]
pub struct PersonCache {
    records: Arc<dyn RecordStore>,
    cached: Arc<Mutex<CachedPersons>>,
    bytes_max: usize,
}

/// The persons that are cached.
#[derive(Default)]
struct CachedPersons {
    tenants: HashMap<TenantId, CachedTenant>,
    /// How often somebody has asked for persons.
    uses: u64,
}

#[derive(Default)]
struct CachedTenant {
    slot: Slot,
    bytes: usize,
    /// When they were asked for last, in [`CachedPersons::uses`].
    used: u64,
}

impl CachedPersons {
    fn slot(&mut self, tenant: TenantId) -> Slot {
        self.uses += 1;
        let cached = self.tenants.entry(tenant).or_default();
        cached.used = self.uses;
        Arc::clone(&cached.slot)
    }

    /// Notes how much the persons of a tenant take, and drops those of others for it.
    fn record_size(&mut self, tenant: TenantId, bytes: usize, bytes_max: usize) {
        if let Some(cached) = self.tenants.get_mut(&tenant) {
            cached.bytes = bytes;
        }
        let mut sum: usize = self.tenants.values().map(|cached| cached.bytes).sum();
        while bytes_max < sum || CACHED_TENANTS_MAX < self.tenants.len() {
            let others = self.tenants.iter().filter(|(other, _)| **other != tenant);
            let oldest = others.min_by_key(|(_, cached)| cached.used).map(|(other, _)| *other);
            let Some(dropped) = oldest.and_then(|oldest| self.tenants.remove(&oldest)) else {
                return;
            };
            sum -= dropped.bytes;
        }
    }
}

impl std::fmt::Debug for PersonCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonCache").finish_non_exhaustive()
    }
}

impl PersonCache {
    /// An empty one.
    pub fn new(records: Arc<dyn RecordStore>) -> Self {
        Self { records, cached: Arc::default(), bytes_max: CACHED_BYTES_MAX }
    }

    /// The same that keeps at most so many bytes of persons of all tenants together, beside those
    /// of the tenant that was asked for last.
    #[must_use]
    pub fn with_bytes_max(mut self, bytes: usize) -> Self {
        self.bytes_max = bytes;
        self
    }

    fn cached(&self) -> MutexGuard<'_, CachedPersons> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenants whose persons are in memory.
    pub fn tenants(&self) -> Vec<TenantId> {
        self.cached().tenants.keys().copied().collect()
    }

    /// Forgets the persons of a tenant.
    pub fn forget(&self, tenant: TenantId) {
        self.cached().tenants.remove(&tenant);
    }

    /// The persons of a tenant, with every change that was made before the call, on any node.
    ///
    /// # Errors
    ///
    /// As [`RecordStore::find_record`].
    pub async fn load(&self, tenant: TenantId) -> Result<Arc<Persons>, StorageError> {
        let slot = self.cached().slot(tenant);
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
            *known = self.read(&known, &head).await?;
        }
        self.cached().record_size(tenant, known.memory_bytes(), self.bytes_max);
        Ok(Arc::clone(&known))
    }

    /// Takes over what the caller has just made of the persons before.
    pub async fn replace(&self, tenant: TenantId, before: &Persons, after: Persons) {
        let slot = self.cached().slot(tenant);
        let mut known = slot.lock().await;
        if known.version() == before.version() {
            let bytes = after.memory_bytes();
            *known = Arc::new(after);
            self.cached().record_size(tenant, bytes, self.bytes_max);
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
        known: &Arc<Persons>,
        head: &Versioned<PersonChanges>,
    ) -> Result<Arc<Persons>, StorageError> {
        let groups = self.read_groups(known, head).await?;
        let missed = head.value.since(known.changes()).filter(|_| known.version() != 0);
        let Some(ids) = missed else { return self.read_all(head, groups).await };
        let mut states = Vec::with_capacity(ids.len());
        for id in ids {
            states.push((*id, self.find(head.value.tenant, *id).await?));
        }
        let (before, head) = (Arc::clone(known), head.clone());
        // There may be many persons, so no thread of the runtime does this.
        let after = spawn_blocking(move || {
            let after = before.after(&head.value, head.record.version, states);
            Arc::new(after.with_groups(groups, head.value.group_changes))
        });
        after.await.map_err(aborted)
    }

    /// The groups as they are now.
    async fn read_groups(
        &self,
        known: &Persons,
        head: &Versioned<PersonChanges>,
    ) -> Result<Arc<PersonGroups>, StorageError> {
        let (tenant, is_known) = (head.value.tenant, known.version() != 0);
        let missed = head.value.groups_since(known.group_changes()).filter(|_| is_known);
        let Some(ids) = missed else { return self.read_all_groups(tenant).await };
        if ids.is_empty() {
            return Ok(Arc::clone(known.groups()));
        }
        let mut groups = PersonGroups::clone(known.groups());
        for id in ids {
            let record = PersonGroup::record_id_of(tenant, *id);
            match find::<PersonGroup>(&*self.records, &record).await? {
                Some(found) => groups.put(found.value),
                None => groups.remove(*id),
            }
        }
        Ok(Arc::new(groups))
    }

    async fn read_all_groups(&self, tenant: TenantId) -> Result<Arc<PersonGroups>, StorageError> {
        let mut all = PersonGroups::default();
        let mut after: Option<String> = None;
        while let Some(found) = self.page_of::<PersonGroup>(tenant, &mut after).await? {
            for found in found {
                all.put(found.value);
            }
        }
        Ok(Arc::new(all))
    }

    /// The records of a tenant after one, which becomes the last one of them; none if there are no
    /// more.
    async fn page_of<T: Recorded>(
        &self,
        tenant: TenantId,
        after: &mut Option<String>,
    ) -> Result<Option<Vec<Versioned<T>>>, StorageError> {
        let group = Group::OfTenant(tenant);
        let found: Vec<Versioned<T>> =
            page(&*self.records, &group, after.as_deref(), PAGE_COUNT).await?;
        let Some(last) = found.last() else { return Ok(None) };
        *after = Some(last.record.id.clone());
        Ok(Some(found))
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

    async fn read_all(
        &self,
        head: &Versioned<PersonChanges>,
        groups: Arc<PersonGroups>,
    ) -> Result<Arc<Persons>, StorageError> {
        let mut all = Persons::of_all(&head.value, head.record.version);
        let mut after: Option<String> = None;
        let tenant = head.value.tenant;
        while let Some(found) = self.page_of::<JoinedPerson>(tenant, &mut after).await? {
            for found in &found {
                all.add(&found.value);
            }
        }
        let group_changes = head.value.group_changes;
        let finish = move || Arc::new(all.finish().with_groups(groups, group_changes));
        spawn_blocking(finish).await.map_err(aborted)
    }
}

fn aborted(source: JoinError) -> StorageError {
    StorageError::Io { act: ACT, source: io::Error::other(source) }
}
