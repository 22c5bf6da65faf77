//! How many bytes of bodies and pages are held in memory, for all requests together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::App;
use crate::problem::Problem;

/// A number of bytes that all who hold some share.
#[derive(Debug)]
pub(crate) struct Memory {
    bytes_max: usize,
    held: AtomicUsize,
}

/// Bytes that somebody holds; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    memory: Arc<Memory>,
    bytes: AtomicUsize,
}

impl Memory {
    /// None of so many bytes is held.
    pub(crate) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { bytes_max, held: AtomicUsize::new(0) })
    }

    /// How many more may be held.
    pub(crate) fn available(&self) -> usize {
        self.bytes_max.saturating_sub(self.held.load(Ordering::Relaxed))
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
        if self.memory.bytes_max < before.saturating_add(bytes) {
            self.memory.held.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Problem::busy(App::BUSY_RETRY_AFTER));
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
        let memory = Memory::new(100);
        let (one, other) = (Charge::new(&memory), Charge::new(&memory));
        one.hold(60).unwrap();
        assert_eq!(other.hold(41).unwrap_err().status.as_u16(), 503);
        assert_eq!((memory.available(), other.bytes()), (40, 0));
        other.hold(40).unwrap();
        other.hold_anyway(10);
        assert_eq!((memory.available(), memory.held()), (0, 110));
        one.release(1000);
        assert_eq!((memory.held(), one.bytes()), (50, 0));
        drop((one, other));
        assert_eq!(memory.available(), 100);
    }
}
