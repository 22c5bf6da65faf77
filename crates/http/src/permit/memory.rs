//! The memory budget of bodies and pages, for all requests together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::permit::party::Party;
use crate::problem::Problem;

/// A memory budget that all requests share. A part of it is reserved for small requests, so that a
/// few large requests cannot block small ones; and no party takes all of it, so that there is
/// memory for others.
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
    of_parties: HashMap<Party, usize>,
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
    /// How many bytes a party may have beside those that it has, if `left` are left of all. What
    /// has no party may have all.
    fn available(&self, party: Option<Party>, left: usize) -> usize {
        let Some(party) = party else { return left };
        let own = self.of_parties.get(&party).copied().unwrap_or_default();
        let factor = Memory::PARTY_FACTOR;
        left.saturating_mul(factor).saturating_sub(own) / (factor + 1)
    }

    fn add(&mut self, party: Option<Party>, bytes: usize) {
        self.total += bytes;
        if let Some(party) = party.filter(|_| bytes != 0) {
            *self.of_parties.entry(party).or_default() += bytes;
        }
    }

    fn remove(&mut self, party: Option<Party>, bytes: usize) {
        self.total -= bytes;
        if let Some(party) = party
            && let Some(own) = self.of_parties.get_mut(&party)
        {
            *own -= bytes;
            if *own == 0 {
                self.of_parties.remove(&party);
            }
        }
    }
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
        self.memory.lock().available(self.party(), left)
    }

    /// Reserves more bytes.
    ///
    /// # Errors
    ///
    /// 503 if there are not enough left, or if the party has its share of them and something else
    /// of it holds some; nothing has changed then.
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), Problem> {
        let (party, most) = (self.party(), self.memory.most(bytes));
        let mut held = self.memory.lock();
        let left = most.saturating_sub(held.total);
        // One request of a party passes as long as there is memory at all, however large it is.
        let is_alone = party
            .is_none_or(|party| held.of_parties.get(&party).is_none_or(|own| *own == self.bytes()));
        let available = if is_alone { left } else { held.available(party, left) };
        if available < bytes {
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
        assert_eq!(memory.lock().of_parties.get(&Party::Operator), Some(&50_000));
    }
}
