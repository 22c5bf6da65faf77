//! The memory budget of bodies and pages, for all requests together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::problem::Problem;

/// A memory budget that all requests share. A part of it is reserved for small requests, so that a
/// few large requests cannot block small ones.
#[derive(Debug)]
pub(crate) struct Memory {
    bytes_max: usize,
    held: AtomicUsize,
    /// Whether a reservation failed since this was last read.
    is_short: AtomicBool,
}

/// Reserved bytes; returned on drop.
#[derive(Debug)]
pub(crate) struct Charge {
    memory: Arc<Memory>,
    bytes: AtomicUsize,
}

impl Memory {
    /// The size up to which a reservation is small: 64 KiB.
    const SMALL_BYTES: usize = 64 * 1024;

    /// The fraction that is reserved for small reservations.
    const SMALL_PART: usize = 8;

    /// An unused budget of `bytes_max`.
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        let (held, is_short) = (AtomicUsize::new(0), AtomicBool::new(false));
        Arc::new(Self { bytes_max, held, is_short })
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
        self.held.load(Ordering::Relaxed)
    }
}

impl Charge {
    /// An empty charge.
    pub(crate) fn new(memory: &Arc<Memory>) -> Self {
        Self { memory: Arc::clone(memory), bytes: AtomicUsize::new(0) }
    }

    /// How many bytes this charge holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Reserves more bytes.
    ///
    /// # Errors
    ///
    /// 503 if there are not enough left; nothing has changed then.
    pub(crate) fn hold(&self, bytes: usize) -> Result<(), Problem> {
        let before = self.memory.held.fetch_add(bytes, Ordering::Relaxed);
        if self.memory.most(bytes) < before.saturating_add(bytes) {
            self.memory.held.fetch_sub(bytes, Ordering::Relaxed);
            self.memory.is_short.store(true, Ordering::Relaxed);
            return Err(Problem::busy(Problem::BUSY_RETRY_AFTER));
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Reserves more bytes, even beyond the budget: for small things, or those that already exist.
    pub(crate) fn hold_anyway(&self, bytes: usize) {
        self.memory.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns some bytes, at most those that this charge holds.
    pub(crate) fn release(&self, bytes: usize) {
        let bytes = bytes.min(self.bytes());
        self.memory.held.fetch_sub(bytes, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.memory.held.fetch_sub(self.bytes(), Ordering::Relaxed);
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
}
