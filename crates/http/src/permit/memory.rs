//! The memory budget of bodies and pages, for all requests together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use acta_storage::RequesterId;

use crate::permit::party::Party;
use crate::problem::Problem;

/// A memory budget that all requests share. A part of it is reserved for small requests, so that a
/// few large requests cannot block small ones; and no party takes all of it, nor a requester all of
/// what its tenant may take, so that there is memory for others.
#[derive(Debug)]
pub(crate) struct Memory {
    bytes_max: usize,
    held: Mutex<Held>,
    /// Whether a reservation failed since this was last read.
    is_short: AtomicBool,
}

#[derive(Debug, Default)]
struct Held {
    total: usize,
    /// By party, without the requester.
    of_parties: HashMap<Party, PartyBytes>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct PartyBytes {
    total: usize,
    of_requesters: HashMap<RequesterId, usize>,
}

/// Reserved bytes; returned on drop.
#[derive(Debug)]
pub(crate) struct Charge {
    memory: Arc<Memory>,
    party: OnceLock<Party>,
    bytes: AtomicUsize,
}

impl Memory {
    /// The size up to which a reservation is small: 64 KiB.
    const SMALL_BYTES: usize = 64 * 1024;

    /// The fraction that is reserved for small reservations.
    const SMALL_PART: usize = 8;

    /// A party may hold this many times what is left: three quarters if it is alone. Two that want
    /// all get three sevenths each, and leave a seventh; so there is always something left for one
    /// that holds less.
    const PARTY_FACTOR: usize = 3;

    /// The same for a requester and what is left to its tenant: seven eighths if it is alone.
    const REQUESTER_FACTOR: usize = 7;

    /// An unused budget of `bytes_max`.
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { bytes_max, held: Mutex::default(), is_short: AtomicBool::new(false) })
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The maximum that may be reserved after another `bytes`.
    fn most(&self, bytes: usize) -> usize {
        let reserve =
            if bytes <= Self::SMALL_BYTES { 0 } else { self.bytes_max / Self::SMALL_PART };
        self.bytes_max - reserve
    }

    /// What a party may always hold, however much others do, if `party_count` parties hold some.
    /// Together they may exceed the budget by a part that grows with the logarithm of their number:
    /// half of it for a hundred.
    fn little(&self, party_count: usize) -> usize {
        self.bytes_max / Self::SMALL_PART / (party_count + 1)
    }

    /// How many bytes are available for large reservations.
    pub(crate) fn available(&self) -> usize {
        self.most(usize::MAX).saturating_sub(self.held())
    }

    /// Whether a reservation failed since the last call.
    pub(crate) fn was_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed) && self.is_short.swap(false, Ordering::Relaxed)
    }

    /// How many bytes are reserved.
    pub(crate) fn held(&self) -> usize {
        self.lock().total
    }
}

impl Held {
    /// How many bytes a party and its requester hold.
    fn of(&self, party: Party) -> (usize, usize) {
        let Some(own) = self.of_parties.get(&party.whole()) else { return (0, 0) };
        let requester = own.of_requesters.get(&party.requester()).copied();
        (own.total, requester.unwrap_or_default())
    }

    /// How many bytes a party may have beside those that it has, if `left` are left of all, and how
    /// many of them its requester may have.
    fn available_to(&self, party: Party, left: usize) -> (usize, usize) {
        let (own, of_requester) = self.of(party);
        let of_party = available(left, own, Memory::PARTY_FACTOR);
        match party.tenant() {
            Some(_) => (of_party, available(of_party, of_requester, Memory::REQUESTER_FACTOR)),
            None => (of_party, of_party),
        }
    }

    /// The same for one charge that has `bytes`. One of a party passes as long as there is memory
    /// at all, however large it is, and one of a requester as long as its tenant may have some.
    fn available_to_charge(&self, party: Option<Party>, bytes: usize, left: usize) -> usize {
        let Some(party) = party else { return left };
        let (own, of_requester) = self.of(party);
        match self.available_to(party, left) {
            _ if own == bytes => left,
            (available, _) if of_requester == bytes => available,
            (_, available) => available,
        }
    }

    /// What is left to a requester of the `little` that its party may always hold. Of that, it
    /// leaves something to other requesters of its tenant too.
    fn left_of_little(&self, party: Party, little: usize) -> usize {
        let (own, of_requester) = self.of(party);
        let left = little.saturating_sub(own);
        match party.tenant() {
            Some(_) => available(left, of_requester, Memory::REQUESTER_FACTOR),
            None => left,
        }
    }

    fn add(&mut self, party: Option<Party>, bytes: usize) {
        self.total += bytes;
        if let Some(party) = party.filter(|_| bytes != 0) {
            let own = self.of_parties.entry(party.whole()).or_default();
            own.total += bytes;
            *own.of_requesters.entry(party.requester()).or_default() += bytes;
        }
    }

    fn remove(&mut self, party: Option<Party>, bytes: usize) {
        self.total -= bytes;
        let Some(party) = party else { return };
        let Some(own) = self.of_parties.get_mut(&party.whole()) else { return };
        own.total -= bytes;
        if let Some(held) = own.of_requesters.get_mut(&party.requester()) {
            *held -= bytes;
            if *held == 0 {
                own.of_requesters.remove(&party.requester());
            }
        }
        if own.total == 0 {
            self.of_parties.remove(&party.whole());
        }
    }
}

/// How many bytes somebody who holds `own` may have beside them, if they may be `factor` times what
/// is left of `left` then.
fn available(left: usize, own: usize, factor: usize) -> usize {
    left.saturating_mul(factor).saturating_sub(own) / (factor + 1)
}

impl Charge {
    /// An empty charge without a party.
    pub(crate) fn new(memory: &Arc<Memory>) -> Self {
        Self::of(memory, None)
    }

    /// An empty charge of a party.
    pub(crate) fn of(memory: &Arc<Memory>, party: Option<Party>) -> Self {
        let party = party.map_or_else(OnceLock::new, OnceLock::from);
        Self { memory: Arc::clone(memory), party, bytes: AtomicUsize::new(0) }
    }

    /// Sets the party, unless there is one. What is held already is given to it.
    pub(crate) fn set_party(&self, party: Party) {
        let mut held = self.memory.lock();
        if self.party.set(party).is_ok() {
            let bytes = self.bytes();
            held.remove(None, bytes);
            held.add(Some(party), bytes);
        }
    }

    fn party(&self) -> Option<Party> {
        self.party.get().copied()
    }

    /// How many bytes this charge holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many bytes are available for large reservations.
    pub(crate) fn available(&self) -> usize {
        let left = self.memory.available();
        let available = |party| self.memory.lock().available_to(party, left).1;
        self.party().map_or(left, available)
    }

    /// Reserves more bytes.
    ///
    /// # Errors
    ///
    /// 503 if there are not enough left, or if the party or the requester has its share of them and
    /// something else of it holds some; nothing has changed then. A party that holds little is not
    /// refused because others hold more than the budget, nor a requester that holds little of that.
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), Problem> {
        let (party, most) = (self.party(), self.memory.most(bytes));
        let mut held = self.memory.lock();
        let left = most.saturating_sub(held.total);
        let available = held.available_to_charge(party, self.bytes(), left);
        let little = self.memory.little(held.of_parties.len());
        let is_little = party.is_some_and(|party| bytes <= held.left_of_little(party, little));
        if available < bytes && !is_little {
            drop(held);
            self.memory.is_short.store(true, Ordering::Relaxed);
            return Err(Problem::busy(Problem::BUSY_RETRY_AFTER));
        }
        held.add(party, bytes);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Reserves more bytes, even beyond the budget: for small things, or those that already exist.
    pub(crate) fn hold_anyway(&self, bytes: usize) {
        self.memory.lock().add(self.party(), bytes);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns some bytes, at most those that this charge holds.
    pub(crate) fn release(&self, bytes: usize) {
        let bytes = bytes.min(self.bytes());
        self.memory.lock().remove(self.party(), bytes);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.release(usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reservations_never_exceed_the_budget_and_are_returned() {
        let memory = Memory::new(8_000_000);
        let (one, other) = (Charge::new(&memory), Charge::new(&memory));
        one.hold(6_000_000).unwrap();
        assert_eq!(other.hold(1_000_001).unwrap_err().status.as_u16(), 503);
        assert_eq!((memory.available(), other.bytes()), (1_000_000, 0));
        other.hold(1_000_000).unwrap();
        other.hold_anyway(10);
        assert_eq!((memory.available(), memory.held()), (0, 7_000_010));
        one.release(usize::MAX);
        assert_eq!((memory.held(), one.bytes()), (1_000_010, 0));
        drop((one, other));
        assert_eq!(memory.available(), 7_000_000);
    }

    #[test]
    fn a_party_with_little_is_served_while_another_holds_more_than_there_is() {
        let memory = Memory::new(8_000_000);
        let of = |number| Charge::of(&memory, Some(Party::Account(number)));
        let (busy, other, third) = (of(1), of(2), of(3));
        busy.hold_anyway(9_000_000);
        other.hold(500_000).unwrap();
        other.hold(1).unwrap_err();
        third.hold(333_333).unwrap();
        third.hold(1).unwrap_err();
        assert_eq!(busy.hold(1).unwrap_err().status.as_u16(), 503);
        // What nobody is counted for has no share.
        Charge::new(&memory).hold(1).unwrap_err();
    }

    #[test]
    fn small_reservations_have_a_reserved_part() {
        let memory = Memory::new(8_000_000);
        let (large, small) = (Charge::new(&memory), Charge::new(&memory));
        large.hold(7_000_000).unwrap();
        assert!(!memory.was_short());
        large.hold(100_000).unwrap_err();
        assert!(memory.was_short() && !memory.was_short());
        for _ in 0..20 {
            small.hold(50_000).unwrap();
        }
        small.hold(50_000).unwrap_err();
    }

    #[test]
    fn a_party_leaves_memory_to_others() {
        let memory = Memory::new(8_000_000);
        let charge = |number| Charge::of(&memory, Some(Party::Account(number)));
        let (first, busy, other) = (charge(1), charge(1), charge(2));
        first.hold(1_000_000).unwrap();
        while busy.hold(100_000).is_ok() {}
        // Of 7 MB for large ones it has three quarters.
        assert_eq!(first.bytes() + busy.bytes(), 5_200_000);
        assert!(busy.available() < 100_000);
        while busy.hold(10_000).is_ok() {}
        assert_eq!(first.bytes() + busy.bytes(), 6_000_000);
        assert_eq!(other.available(), 750_000);
        other.hold(1_000_000).unwrap();
        assert_eq!(memory.held(), 7_000_000);
        drop((first, busy));
        assert_eq!((memory.held(), memory.lock().of_parties.len()), (1_000_000, 1));
    }

    #[test]
    fn a_request_that_is_alone_may_have_everything() {
        let memory = Memory::new(8_000_000);
        let charge = Charge::of(&memory, Some(Party::Operator));
        charge.hold(3_000_000).unwrap();
        charge.hold(4_000_000).unwrap();
        let late = Charge::new(&memory);
        late.hold_anyway(50_000);
        late.set_party(Party::Operator);
        drop(charge);
        assert_eq!(memory.lock().of(Party::Operator), (50_000, 50_000));
    }

    #[test]
    fn a_requester_leaves_memory_of_its_tenant_to_others() {
        let memory = Memory::new(8_000_000);
        let of = |tenant, number| {
            let tenant = acta_access::TenantId::new(tenant).unwrap();
            Charge::of(&memory, Some(Party::Tenant(tenant, RequesterId::Credential(number))))
        };
        let (first, busy, small, other) = (of(1, 1), of(1, 1), of(1, 2), of(2, 1));
        first.hold(1_000_000).unwrap();
        while busy.hold(100_000).is_ok() {}
        // Seven eighths of three quarters of the 7 MB for large ones.
        assert_eq!(first.bytes() + busy.bytes(), 4_500_000);
        assert!(busy.available() < 100_000);
        // The rest is for others of the tenant, and no more than that.
        small.hold(700_000).unwrap();
        small.hold(100_000).unwrap_err();
        assert_eq!(other.available(), 1_181_250, "seven eighths of three quarters of 1.8 MB");
        other.hold(1_800_000).unwrap();
        drop(other);
        drop((first, busy, small));
        assert_eq!((memory.held(), memory.lock().of_parties.len()), (0, 0));
    }

    #[test]
    fn a_requester_leaves_some_of_the_little_that_its_tenant_may_always_hold() {
        let memory = Memory::new(8_000_000);
        let of = |tenant, number| {
            let tenant = acta_access::TenantId::new(tenant).unwrap();
            Charge::of(&memory, Some(Party::Tenant(tenant, RequesterId::Credential(number))))
        };
        let (busy, first, second) = (of(1, 1), of(2, 1), of(2, 2));
        busy.hold_anyway(9_000_000);
        first.hold(1).unwrap();
        while first.hold(1_000).is_ok() {}
        // Seven eighths of a third of 1 MB, to the next 1 KB.
        assert_eq!(first.bytes(), 291_001);
        second.hold(30_000).unwrap();
        second.hold(20_000).unwrap_err();
    }
}
