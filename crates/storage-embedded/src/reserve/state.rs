//! Whether the reserve is in use.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the reserve is in use, and who heeds it.
#[derive(Debug)]
pub(crate) struct ReserveState {
    /// Whether the space is taken, or none is wanted.
    is_complete: AtomicBool,
    /// Whether the store is open: until then, recovery may write in what space there is.
    is_guarded: AtomicBool,
}

impl ReserveState {
    /// Of a store that is about to be opened, with its reserve.
    pub(super) const fn new() -> Self {
        Self { is_complete: AtomicBool::new(true), is_guarded: AtomicBool::new(false) }
    }

    /// Whether the space is taken, or none is wanted.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Acquire)
    }

    pub(super) fn set_complete(&self, is_complete: bool) {
        self.is_complete.store(is_complete, Ordering::Release);
    }

    pub(super) fn set_guarded(&self, is_guarded: bool) {
        self.is_guarded.store(is_guarded, Ordering::Release);
    }

    /// Whether the disk of the store is to be taken for full.
    pub(super) fn is_in_use(&self) -> bool {
        !self.is_complete() && self.is_guarded.load(Ordering::Acquire)
    }
}
