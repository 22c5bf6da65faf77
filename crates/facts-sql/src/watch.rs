//! When a question has to end, and why it has ended.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::SqlError;

/// Tells whether to give up. It is asked often, and has to answer at once.
pub type Stop = Arc<dyn Fn() -> bool + Send + Sync>;

/// Watches over one question.
pub(crate) struct Watch {
    stop: Stop,
    /// What SQLite only reports as an interruption or a refusal.
    cause: Mutex<Option<SqlError>>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl Watch {
    pub(crate) fn new(stop: Stop) -> Self {
        Self { stop, cause: Mutex::default() }
    }

    /// Whether to give up.
    pub(crate) fn is_over(&self) -> bool {
        (self.stop)()
    }

    /// Notes why the question cannot be answered, unless something is known already.
    pub(crate) fn note(&self, cause: SqlError) {
        let mut known = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert(cause);
    }

    /// Why the question cannot be answered, if it is known.
    pub(crate) fn take(&self) -> Option<SqlError> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
