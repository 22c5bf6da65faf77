//! Whom a request is counted for, and the limit of a number that all share.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;

/// Whom a request is counted for while it is in progress, so that nobody is refused because of what
/// others do. Without one, it is not authenticated: all such requests together are one party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// A tenant, by one of its credentials.
    Tenant(TenantId),
    /// A person who is signed in, by the id of the account.
    Account(u128),
    /// The operator at the command line of the machine.
    Operator,
}

impl Party {
    /// The tenant, if it is one.
    pub(crate) const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Tenant(tenant) => Some(tenant),
            Self::Account(_) | Self::Operator => None,
        }
    }
}

/// How many of something there are at a time, with a limit. Above the limit, a party is refused
/// unless it has fewer than its share: the limit divided by the number of parties.
#[derive(Debug)]
pub(crate) struct SharedLimit {
    most: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    of_parties: HashMap<Option<Party>, usize>,
}

impl SharedLimit {
    /// A limit of `most`; 0 refuses all.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, counts: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more, if there is room. What is counted must be taken out again.
    #[must_use]
    pub(crate) fn try_add(&self, party: Option<Party>) -> bool {
        let mut counts = self.lock();
        let own = counts.of_parties.get(&party).copied().unwrap_or_default();
        let parties = counts.of_parties.len() + usize::from(own == 0);
        let has_room = counts.total < self.most || own < self.most / parties;
        if has_room {
            counts.add(party);
        }
        has_room
    }

    /// Counts one more in any case: it was counted before.
    pub(crate) fn add(&self, party: Option<Party>) {
        self.lock().add(party);
    }

    /// Takes one out.
    pub(crate) fn remove(&self, party: Option<Party>) {
        let mut counts = self.lock();
        counts.total = counts.total.saturating_sub(1);
        if let Some(count) = counts.of_parties.get_mut(&party) {
            *count -= 1;
            if *count == 0 {
                counts.of_parties.remove(&party);
            }
        }
    }
}

impl Counts {
    fn add(&mut self, party: Option<Party>) {
        self.total += 1;
        *self.of_parties.entry(party).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_passes_a_full_limit_up_to_its_share() {
        let limit = SharedLimit::new(12);
        let (busy, other) = (Some(Party::Account(1)), Some(Party::Account(2)));
        let count = |party| (0..100).filter(|_| limit.try_add(party)).count();
        assert_eq!((count(busy), count(busy)), (12, 0));
        assert_eq!(count(other), 6);
        assert_eq!(count(None), 4);
        assert_eq!(count(other), 0);
        limit.remove(busy);
        assert!(!limit.try_add(busy), "21 are there, 11 of them its own");
        for _ in 0..11 {
            limit.remove(busy);
        }
        assert_eq!(count(busy), 4, "10 of 12 are there; its share is a third of 12");
    }
}
