//! Which fact was the last about each activity and person, as hashes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use acta_access::TenantId;
use acta_ambient::Entropy;
use siphasher::sip::SipHasher13;

use super::told::{Fact, FactKind};

/// Most activities and persons that are remembered, of all tenants together.
const ENTRIES_MAX: usize = 200_000;

/// Remembers the last fact about each activity and person that was heard of lately.
///
/// Two generations stand in for exact order of use: what was heard of since the young one
/// was begun survives its turn, the rest is forgotten. The hashes are keyed by chance, so
/// that nobody can make two facts that look alike.
#[derive(Debug)]
pub(super) struct Cache {
    keys: (u64, u64),
    young: Generation,
    old: Generation,
    generation_max: usize,
}

type Generation = HashMap<u64, u64, BuildHasherDefault<AsIs>>;

/// Uses hashes as they are.
#[derive(Clone, Copy, Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Whether a fact may change what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It repeats the last fact about the same.
    Old,
    /// It does not, or it is unknown.
    New,
}

impl Cache {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        let mut key = [0; 16];
        entropy.fill(&mut key);
        let bits = u128::from_le_bytes(key);
        #[expect(clippy::cast_possible_truncation, reason = "each half of the bits is a key")]
        let keys = (bits as u64, (bits >> 64) as u64);
        let (young, old) = (Generation::default(), Generation::default());
        Self { keys, young, old, generation_max: ENTRIES_MAX / 2 }
    }

    /// Notes that `fact` is now the last about its subject, and tells whether it was before.
    pub(super) fn note(&mut self, tenant: TenantId, fact: Fact<'_>) -> News {
        let subject = self.hash_subject(tenant, fact);
        let said = self.hash(fact.said.as_bytes());
        if let Some(last) = self.young.get_mut(&subject) {
            return if std::mem::replace(last, said) == said { News::Old } else { News::New };
        }
        if self.generation_max <= self.young.len() {
            self.old = std::mem::take(&mut self.young);
        }
        let last = self.old.get(&subject).copied();
        self.young.insert(subject, said);
        if last == Some(said) { News::Old } else { News::New }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    fn hash_subject(&self, tenant: TenantId, fact: Fact<'_>) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        let kind = match fact.kind {
            FactKind::Definition => 0,
            FactKind::Name => 1,
        };
        hasher.write_u64(u64::from(tenant.number()) << 8 | kind);
        hasher.write(fact.about.as_bytes());
        hasher.finish()
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write(bytes);
        hasher.finish()
    }
}
