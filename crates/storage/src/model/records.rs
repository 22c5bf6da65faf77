//! Records, the audit and usage.

use std::ops::Bound;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use async_trait::async_trait;

use super::{ModelStorage, Store};
use crate::{
    AuditEntry, AuditQuery, AuditStore, ChainHead, Change, Committed, Expected, Group, Order,
    Record, RecordKind, RecordStore, RecordWrite, StorageError, Usage, UsageStore,
};

impl Store {
    /// The end of a chain.
    pub(super) fn head(&self, tenant: Option<TenantId>) -> ChainHead {
        let last = self.audit.get(&tenant).and_then(|chain| chain.last());
        last.map_or(ChainHead::EMPTY, ChainHead::from)
    }

    /// Makes one write without checking what it expects.
    pub(super) fn write(&mut self, write: &RecordWrite) {
        let place = (write.kind, write.id.clone());
        let version = self.records.get(&place).map_or(1, |record| record.version + 1);
        match &write.content {
            None => drop(self.records.remove(&place)),
            Some(content) => {
                let (kind, id, content) = (write.kind, write.id.clone(), content.clone());
                self.records.insert(place, Record { kind, id, version, content });
            }
        }
    }

    /// Why `write`, the one with this index, is rejected; `None` if it is not.
    fn first_rejection(&self, index: usize, write: &RecordWrite) -> Option<Committed> {
        let found = self.records.get(&(write.kind, write.id.clone()));
        let is_expected = match write.expected {
            Expected::Absent | Expected::AbsentWithin(_) => found.is_none(),
            Expected::Version(version) => found.is_some_and(|found| found.version == version),
            Expected::Anything => true,
        };
        if !is_expected {
            return Some(Committed::Stale(index));
        }
        if self.is_limit_reached(write) {
            return Some(Committed::LimitReached(index));
        }
        let name = write.content.as_ref()?.name.as_ref()?;
        let is_taken = self.records.values().any(|other| {
            other.kind == write.kind
                && other.id != write.id
                && other.content.name.as_ref() == Some(name)
        });
        is_taken.then_some(Committed::NameTaken(index))
    }

    /// Whether there are as many records as the limit of `write` permits.
    fn is_limit_reached(&self, write: &RecordWrite) -> bool {
        let Some((group, limit)) = write.counted() else { return false };
        let is_counted = |record: &&Record| {
            let expires = record.content.expires;
            let is_expired = limit.unexpired_at.zip(expires).is_some_and(|(at, end)| end <= at);
            record.kind == write.kind && group.contains(&record.content) && !is_expired
        };
        limit.count_max <= self.records.values().filter(is_counted).count()
    }
}

#[async_trait]
impl RecordStore for ModelStorage {
    async fn find_record(
        &self,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StorageError> {
        Ok(self.lock().records.get(&(kind, id.to_owned())).cloned())
    }

    async fn find_record_by_name(
        &self,
        kind: RecordKind,
        name: &str,
    ) -> Result<Option<Record>, StorageError> {
        let store = self.lock();
        let is_it =
            |record: &&Record| record.kind == kind && record.content.name.as_deref() == Some(name);
        Ok(store.records.values().find(is_it).cloned())
    }

    async fn list_records(
        &self,
        kind: RecordKind,
        group: &Group,
        after: Option<&str>,
        count_max: usize,
    ) -> Result<Vec<Record>, StorageError> {
        let store = self.lock();
        let from = match after {
            Some(after) => Bound::Excluded((kind, after.to_owned())),
            None => Bound::Included((kind, String::new())),
        };
        let behind = store.records.range((from, Bound::Unbounded)).map(|(_, record)| record);
        let of_group = behind
            .take_while(|record| record.kind == kind)
            .filter(|record| group.contains(&record.content));
        Ok(of_group.take(count_max).cloned().collect())
    }

    async fn commit(&self, change: &Change) -> Result<Committed, StorageError> {
        let mut store = self.lock();
        for (index, write) in change.writes.iter().enumerate() {
            if let Some(first_rejection) = store.first_rejection(index, write) {
                return Ok(first_rejection);
            }
        }
        for write in &change.writes {
            store.write(write);
        }
        for (tenant, told) in &change.entries {
            let entry = store.head(*tenant).follow(*tenant, told.clone());
            store.audit.entry(*tenant).or_default().push(entry);
        }
        Ok(Committed::Done)
    }

    async fn remove_expired(
        &self,
        now: Timestamp,
        count_max: usize,
    ) -> Result<usize, StorageError> {
        let mut store = self.lock();
        let is_expired =
            |record: &Record| record.content.expires.is_some_and(|expires| expires < now);
        let expired = store.records.iter().filter(|(_, record)| is_expired(record));
        let places: Vec<_> = expired.map(|(place, _)| place.clone()).take(count_max).collect();
        for place in &places {
            store.records.remove(place);
        }
        Ok(places.len())
    }
}

#[async_trait]
impl AuditStore for ModelStorage {
    async fn list_audit(
        &self,
        tenant: Option<TenantId>,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        let store = self.lock();
        let chain = store.audit.get(&tenant).map(Vec::as_slice).unwrap_or_default();
        let matching = chain.iter().filter(|entry| query.matches(&entry.content));
        let after = query.after;
        Ok(match query.order {
            Order::Ascending => matching
                .filter(|entry| after.is_none_or(|after| after < entry.sequence))
                .take(query.count_max)
                .cloned()
                .collect(),
            Order::Descending => matching
                .rev()
                .filter(|entry| after.is_none_or(|after| entry.sequence < after))
                .take(query.count_max)
                .cloned()
                .collect(),
        })
    }

    async fn audit_head(&self, tenant: Option<TenantId>) -> Result<ChainHead, StorageError> {
        Ok(self.lock().head(tenant))
    }
}

#[async_trait]
impl UsageStore for ModelStorage {
    async fn add_usage(
        &self,
        tenant: TenantId,
        day: u32,
        more: Usage,
    ) -> Result<Usage, StorageError> {
        let mut store = self.lock();
        let sum = store.usage.entry((tenant, day)).or_default();
        *sum = sum.plus(more);
        Ok(*sum)
    }
}
