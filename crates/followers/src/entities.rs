//! The follower that stores definitions of activities and names of persons.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use acta_access::TenantId;
use acta_storage::{EntityFactRef, FeedRecord, FollowerName, StorageError, StoreEffects};
use async_trait::async_trait;

use crate::follower::Follower;

/// Most activities and persons in the cache, of all tenants together.
const ENTRIES_MAX: usize = 200_000;

/// Returns the facts of statements about activities and persons that change something.
///
/// Most statements repeat the definition of an activity from the statement before. Such facts
/// cost a look-up in a bounded cache of hashes and are not written to the store.
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

/// The last fact about each recently seen activity and person, as hashes.
///
/// Two generations approximate the order of use: when the young one is full it becomes the old
/// one, which is dropped. The hashes have a random key, so that no sender can construct two
/// facts with the same hash.
#[derive(Debug, Default)]
struct FactCache {
    hasher: RandomState,
    /// The hash of the last text, by the hash of its subject.
    young: HashMap<u64, u64>,
    old: HashMap<u64, u64>,
}

impl FactCache {
    /// Stores `fact` as the last about its subject. Returns whether it differs from the one before.
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
