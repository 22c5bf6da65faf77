//! Signals between the threads of the index and its writer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use acta_storage::StorageError;

/// Signals between the threads and the writer.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    work: Mutex<Work>,
    changed: Condvar,
    is_stopped: AtomicBool,
}

#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Why the oldest part could not be written; taken by the caller that waits for it.
    pub(crate) freeze_error: Option<StorageError>,
    /// Whether writing is to be tried again in spite of it.
    pub(crate) is_retry_due: bool,
    pub(crate) is_merging: bool,
    pub(crate) merge_pause: MergePause,
    /// Whether runs stay as they are for now.
    pub(crate) is_held: bool,
}

/// Whether merges wait after one that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MergePause {
    #[default]
    None,
    /// Until a part could be written, which shows that the disk works again.
    UntilFreeze,
    /// Until the next start: what a damaged run is to be made of is damaged too.
    UntilRestart,
}

impl Signals {
    /// What is to be done, locked.
    pub(crate) fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something has changed.
    pub(crate) fn wait<'a>(&self, work: MutexGuard<'a, Work>) -> MutexGuard<'a, Work> {
        self.changed.wait(work).unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes all who wait.
    pub(crate) fn notify(&self) {
        drop(self.work());
        self.changed.notify_all();
    }

    /// Announces a part to write.
    pub(crate) fn notify_part(&self) {
        self.work().is_retry_due = true;
        self.changed.notify_all();
    }

    /// Asks the threads to end soon.
    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.notify();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    /// Waits until nothing is left to be written.
    ///
    /// # Errors
    ///
    /// Why it could not be written, although it was tried once more.
    pub(crate) fn wait_for(&self, is_left: &dyn Fn() -> bool) -> Result<(), StorageError> {
        let mut work = self.work();
        let mut is_asked = false;
        while is_left() {
            if self.is_stopped() {
                return Err(StorageError::Halted);
            }
            if let Some(error) = work.freeze_error.take_if(|_| is_asked) {
                // Other callers that wait learn of an attempt of their own.
                self.changed.notify_all();
                return Err(error);
            }
            if !is_asked {
                is_asked = true;
                // An error from before says nothing about now.
                work.freeze_error = None;
                work.is_retry_due = true;
                self.changed.notify_all();
            }
            work = self.wait(work);
        }
        Ok(())
    }

    /// Waits until no run is being merged or rebuilt, and lets none be until
    /// [`Signals::release_runs`].
    pub(crate) fn hold_runs(&self) {
        let mut work = self.work();
        work.is_held = true;
        while work.is_merging && !self.is_stopped() {
            work = self.wait(work);
        }
    }

    /// Lets runs be merged again.
    pub(crate) fn release_runs(&self) {
        self.work().is_held = false;
        self.changed.notify_all();
    }
}
