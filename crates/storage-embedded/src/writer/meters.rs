//! What the writer has done, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters that only grow.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    groups: AtomicU64,
    statements: AtomicU64,
    syncs: AtomicU64,
    sync_nanos: AtomicU64,
}

/// What the counters say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metered {
    /// Groups written.
    pub(crate) groups: u64,
    /// Statements written in them.
    pub(crate) statements: u64,
    /// Syncs of the log.
    pub(crate) syncs: u64,
    /// Time spent in them.
    pub(crate) sync_time: Duration,
}

impl Meters {
    pub(crate) fn count_group(&self, statements: usize) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.statements.fetch_add(statements as u64, Ordering::Relaxed);
    }

    pub(crate) fn count_sync(&self, took: Duration) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.sync_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Metered {
        Metered {
            groups: self.groups.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
            sync_time: Duration::from_nanos(self.sync_nanos.load(Ordering::Relaxed)),
        }
    }
}
