//! What the writers count.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what is stored by this node.
#[derive(Debug, Default)]
pub(super) struct Meters {
    groups: AtomicU64,
    statements: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Metered {
    /// Transactions that stored something.
    pub(crate) groups: u64,
    /// Statements that they stored.
    pub(crate) statements: u64,
    /// Batches that wait.
    pub(crate) waiting: usize,
}

impl Meters {
    /// Counts a group.
    pub(super) fn count(&self, statements: usize) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.statements.fetch_add(statements as u64, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub(super) fn read(&self, waiting: usize) -> Metered {
        Metered {
            groups: self.groups.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
            waiting,
        }
    }
}
