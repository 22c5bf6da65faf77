//! Whom a request is counted for, and the limit of a number that all share.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use acta_storage::{RequesterId, Who};

/// Whom a request is counted for while it is in progress, so that nobody is refused because of what
/// others do. Without one, it is not authenticated: all such requests together are one party.
///
/// The requesters of one tenant are one party in what tenants share, and share what it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// A tenant, by one of its requesters.
    Tenant(TenantId, RequesterId),
    /// A person who is signed in, by the id of the account.
    Account(u128),
    /// The operator at the command line of the machine.
    Operator,
}

impl Party {
    /// A tenant, by a requester that is known to it.
    pub fn of_tenant(tenant: TenantId, who: &Who) -> Self {
        Self::Tenant(tenant, RequesterId::from(who))
    }

    /// The tenant, if it is one.
    pub(crate) const fn tenant(self) -> Option<TenantId> {
        match self {
            Self::Tenant(tenant, _) => Some(tenant),
            Self::Account(_) | Self::Operator => None,
        }
    }

    /// Who of the party it is.
    pub(crate) const fn requester(self) -> RequesterId {
        match self {
            Self::Tenant(_, requester) => requester,
            Self::Account(id) => RequesterId::Account(id),
            Self::Operator => RequesterId::Unknown,
        }
    }

    /// The party without the requester: the same for all of one tenant.
    pub(crate) const fn whole(self) -> Self {
        match self {
            Self::Tenant(tenant, _) => Self::Tenant(tenant, RequesterId::Unknown),
            Self::Account(_) | Self::Operator => self,
        }
    }
}

/// How many of something there are at a time, with a limit. Above the limit, a party is refused
/// unless it has fewer than its share: the limit divided by the number of parties. A requester with
/// fewer than its share of that, divided in the same way, is only refused once its party has twice
/// its share.
#[derive(Debug)]
pub(crate) struct SharedLimit {
    most: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    of_parties: HashMap<Option<Party>, PartyCounts>,
}

#[derive(Debug, Default)]
struct PartyCounts {
    total: usize,
    of_requesters: HashMap<RequesterId, usize>,
}

impl SharedLimit {
    /// How many times its share a party may have, so that each of its requesters has some.
    const PARTY_FACTOR: usize = 2;

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
        let has_room = counts.total < self.most || counts.is_below_share(self.most, party);
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
        let (whole, requester) = divide(party);
        let Some(own) = counts.of_parties.get_mut(&whole) else { return };
        own.total -= 1;
        if let Some(count) = own.of_requesters.get_mut(&requester) {
            *count -= 1;
            if *count == 0 {
                own.of_requesters.remove(&requester);
            }
        }
        if own.total == 0 {
            counts.of_parties.remove(&whole);
        }
    }
}

/// The party without its requester, and the requester.
fn divide(party: Option<Party>) -> (Option<Party>, RequesterId) {
    (party.map(Party::whole), party.map(Party::requester).unwrap_or_default())
}

impl Counts {
    /// Whether one more leaves the party, or the requester in it, with no more than its share.
    fn is_below_share(&self, most: usize, party: Option<Party>) -> bool {
        let (whole, requester) = divide(party);
        let Some(own) = self.of_parties.get(&whole) else {
            return 0 < most / (self.of_parties.len() + 1);
        };
        let share = most / self.of_parties.len();
        let of_requester = own.of_requesters.get(&requester).copied().unwrap_or_default();
        let requesters = own.of_requesters.len() + usize::from(of_requester == 0);
        let is_poor = of_requester < share / requesters;
        own.total < share || (is_poor && own.total < SharedLimit::PARTY_FACTOR * share)
    }

    fn add(&mut self, party: Option<Party>) {
        let (whole, requester) = divide(party);
        self.total += 1;
        let own = self.of_parties.entry(whole).or_default();
        own.total += 1;
        *own.of_requesters.entry(requester).or_default() += 1;
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

    #[test]
    fn a_requester_passes_the_full_share_of_its_tenant_up_to_its_own() {
        let limit = SharedLimit::new(12);
        let of = |tenant, number| {
            Some(Party::Tenant(TenantId::new(tenant).unwrap(), RequesterId::Credential(number)))
        };
        let count = |party| (0..100).filter(|_| limit.try_add(party)).count();
        assert_eq!(count(of(1, 1)), 12);
        assert_eq!((count(of(1, 2)), count(of(1, 2))), (6, 0), "half of 12");
        assert_eq!(count(of(1, 3)), 4, "a third of 12");
        assert_eq!(count(of(1, 4)), 2, "the tenant has 24 then");
        // For another tenant nothing is different.
        assert_eq!((count(of(2, 1)), count(of(2, 1))), (6, 0));
        assert_eq!((count(of(2, 2)), count(of(2, 3))), (3, 2));
        for (tenant, number, had) in [(1, 1, 12), (1, 2, 6), (1, 3, 4), (1, 4, 2)] {
            (0..had).for_each(|_| limit.remove(of(tenant, number)));
        }
        for (number, had) in [(1, 6), (2, 3), (3, 2)] {
            (0..had).for_each(|_| limit.remove(of(2, number)));
        }
        let counts = limit.lock();
        assert_eq!((counts.total, counts.of_parties.len()), (0, 0));
    }

    #[test]
    fn a_limit_of_nothing_refuses_all() {
        let limit = SharedLimit::new(0);
        let party = Party::Tenant(TenantId::FIRST, RequesterId::Credential(1));
        assert!(!limit.try_add(Some(party)) && !limit.try_add(None));
    }
}
