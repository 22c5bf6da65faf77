//! How many bytes of bodies and pages are held in memory, for all requests together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::problem::Problem;

/// A number of bytes that all who hold some share. A part of them is for what is small, so
/// that a few who hold much keep nobody from small requests.
#[derive(Debug)]
pub(crate) struct Memory {
    bytes_max: usize,
    held: AtomicUsize,
    /// Whether somebody asked in vain since this was last looked at.
    is_short: AtomicBool,
}

/// Bytes that somebody holds; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    memory: Arc<Memory>,
    bytes: AtomicUsize,
}

impl Memory {
    /// What is small: 64 KiB.
    const SMALL_BYTES: usize = 64 * 1024;

    /// Which part of the bytes is left to what is small.
    const SMALL_PART: usize = 8;

    /// None of so many bytes is held.
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        let (held, is_short) = (AtomicUsize::new(0), AtomicBool::new(false));
        Arc::new(Self { bytes_max, held, is_short })
    }

    /// The most that may be held after another `bytes`.
    fn most(&self, bytes: usize) -> usize {
        let reserve =
            if bytes <= Self::SMALL_BYTES { 0 } else { self.bytes_max / Self::SMALL_PART };
        self.bytes_max - reserve
    }

    /// How many more may be held by what is large.
    pub(crate) fn available(&self) -> usize {
        self.most(usize::MAX).saturating_sub(self.held())
    }

    /// Whether somebody asked in vain since this was asked last.
    pub(crate) fn was_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed) && self.is_short.swap(false, Ordering::Relaxed)
    }

    /// How many are held.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl Charge {
    /// Nothing, yet.
    pub(crate) fn new(memory: &Arc<Memory>) -> Self {
        Self { memory: Arc::clone(memory), bytes: AtomicUsize::new(0) }
    }

    /// How many bytes this holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Holds more bytes.
    ///
    /// # Errors
    ///
    /// 503 if there are not as many left; nothing has changed then.
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

    /// Holds more bytes, whether there are as many left or not: for what is small, or exists
    /// already.
    pub(crate) fn hold_anyway(&self, bytes: usize) {
        self.memory.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives some bytes back, but not more than this holds.
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
    fn no_more_is_held_than_there_is_and_all_is_given_back() {
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
    fn what_is_small_has_a_part_of_its_own() {
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
