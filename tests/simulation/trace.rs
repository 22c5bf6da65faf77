//! What a history does, step by step, to analyse one that failed.

use std::sync::atomic::{AtomicBool, Ordering};

static IS_ASKED_FOR: AtomicBool = AtomicBool::new(false);

/// From now on, records.
pub(crate) fn begin() {
    IS_ASKED_FOR.store(true, Ordering::Relaxed);
}

/// Tells a step, if anybody asked.
#[expect(clippy::print_stdout, reason = "that is what it is for")]
pub(crate) fn record(step: impl FnOnce() -> String) {
    if IS_ASKED_FOR.load(Ordering::Relaxed) {
        println!("{}", step());
    }
}
