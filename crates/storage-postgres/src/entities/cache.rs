//! Which fact was the last about each activity and person, as hashes.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::told::Fact;

/// Most activities and persons that are remembered, of all tenants together.
const ENTRIES_MAX: usize = 200_000;

/// Remembers the last fact about each activity and person that was heard of lately. The
/// hashes are keyed by chance, so that nobody can make two facts that look alike.
#[derive(Debug, Default)]
pub(super) struct Cache {
    hasher: RandomState,
    /// The hash of what was said last, by that of whom it was said of.
    said: HashMap<u64, u64>,
}

impl Cache {
    /// Notes that `fact` is now the last about its subject. Returns whether it is news.
    pub(super) fn note(&mut self, tenant: i32, fact: Fact<'_>) -> bool {
        let subject = self.hasher.hash_one((tenant, fact.kind, fact.about));
        let said = self.hasher.hash_one(fact.said);
        if ENTRIES_MAX <= self.said.len() && !self.said.contains_key(&subject) {
            self.said.clear();
        }
        self.said.insert(subject, said) != Some(said)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.said.clear();
    }
}
