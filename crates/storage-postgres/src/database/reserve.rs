//! Whether the reserve for administration is complete, as far as this node knows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often its size is looked up, at most.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What a node knows of the reserve.
#[derive(Debug)]
pub(crate) struct ReserveState {
    /// How large it is to be.
    bytes: u64,
    is_complete: AtomicBool,
    /// Whether something found no space since it was looked at.
    is_full: AtomicBool,
    /// When it was last looked at, since the start of the clock.
    looked: Mutex<Option<Duration>>,
}

impl ReserveState {
    /// A reserve of `bytes`, taken to be complete until it is looked at.
    pub(super) fn new(bytes: u64) -> Self {
        let (is_complete, is_full) = (AtomicBool::new(true), AtomicBool::new(false));
        Self { bytes, is_complete, is_full, looked: Mutex::default() }
    }

    /// How large it is to be, in bytes; 0 for none.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether it was complete when it was last looked at.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Acquire)
    }

    /// Notes whether it is complete. Returns whether this is new.
    pub(crate) fn set_complete(&self, is_complete: bool) -> bool {
        self.is_full.store(false, Ordering::Release);
        self.is_complete.swap(is_complete, Ordering::AcqRel) != is_complete
    }

    /// Notes that something found no space: until the reserve is looked at again, nothing takes
    /// what is freed for administration.
    pub(super) fn note_full(&self) {
        self.is_full.store(true, Ordering::Release);
    }

    /// Whether statements and documents may be tried.
    pub(crate) fn is_open(&self) -> bool {
        self.is_complete() && !self.is_full.load(Ordering::Acquire)
    }

    /// Whether to look at it now: one of several callers does, and the others need not wait.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = looked.is_none_or(|looked| LOOK_INTERVAL <= now.saturating_sub(looked));
        if is_due {
            *looked = Some(now);
        }
        is_due
    }

    /// It was just looked at.
    pub(crate) fn note_look(&self, now: Duration) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_in_an_interval_looks() {
        let state = ReserveState::new(1);
        let times = [(0, true), (0, false), (999, false), (1_000, true), (1_001, false)];
        for (millis, expected) in times {
            assert_eq!(state.is_due(Duration::from_millis(millis)), expected, "{millis}");
        }
        state.note_look(Duration::from_secs(5));
        assert!(!state.is_due(Duration::from_millis(5_999)));
        assert!(state.is_complete());
        assert!(state.set_complete(false));
        assert!(!state.set_complete(false));
        assert!(!state.is_complete());
    }

    #[test]
    fn nothing_is_tried_between_a_full_disk_and_the_next_look() {
        let state = ReserveState::new(1);
        assert!(state.is_open());
        state.note_full();
        assert!(!state.is_open() && state.is_complete());
        state.set_complete(true);
        assert!(state.is_open());
        state.set_complete(false);
        assert!(!state.is_open());
    }
}
