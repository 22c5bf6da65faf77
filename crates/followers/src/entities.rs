//! The follower that keeps definitions of activities and names of persons.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use acta_access::TenantId;
use acta_storage::{EntityFactRef, FeedRecord, FollowerName, StorageError, StoreEffects};
use async_trait::async_trait;

use crate::follower::Follower;

/// Most activities and persons that are remembered, of all tenants together.
const ENTRIES_MAX: usize = 200_000;

/// Hands on what statements say about activities and persons, unless it was said last already.
///
/// The usual statement says of an activity what the one before said. Such statements cost a
/// look into a bounded cache of hashes, and never reach the store.
#[derive(Debug, Default)]
pub struct EntityFollower {
    cache: FactCache,
}

#[async_trait]
impl Follower for EntityFollower {
    fn name(&self) -> FollowerName {
        FollowerName::ENTITIES
    }

    async fn apply(
        &mut self,
        tenant: TenantId,
        records: &[FeedRecord],
    ) -> Result<StoreEffects, StorageError> {
        let mut effects = StoreEffects::default();
        for record in records {
            let Some(statement) = record.statement() else { continue };
            for fact in statement.entity_facts()?.iter() {
                if self.cache.is_news(tenant, fact) {
                    effects.entity_facts.push(fact.to_fact(record.sequence));
                }
            }
        }
        Ok(effects)
    }

    fn forget(&mut self) {
        self.cache.clear();
    }
}

/// Remembers the last fact about each activity and person that was seen lately, as hashes.
///
/// Two generations stand in for exact order of use: what was seen since the young one was
/// begun survives its turn, the rest is forgotten. The hashes are keyed by chance, so that
/// nobody can make two facts that look alike.
#[derive(Debug, Default)]
struct FactCache {
    hasher: RandomState,
    /// The hash of the last text, by that of its subject.
    young: HashMap<u64, u64>,
    old: HashMap<u64, u64>,
}

impl FactCache {
    /// Notes that `fact` is now the last about its subject. Returns whether it was not before.
    fn is_news(&mut self, tenant: TenantId, fact: EntityFactRef<'_>) -> bool {
        let subject = self.hasher.hash_one((tenant, fact.kind, fact.subject));
        let text = self.hasher.hash_one(fact.text);
        if let Some(last) = self.young.get_mut(&subject) {
            return std::mem::replace(last, text) != text;
        }
        if ENTRIES_MAX / 2 <= self.young.len() {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(subject, text);
        self.old.get(&subject) != Some(&text)
    }

    fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}
