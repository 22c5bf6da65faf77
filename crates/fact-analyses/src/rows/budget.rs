//! What one analysis may use: the memory and the time of a question.

use std::num::NonZeroU32;

use acta_facts::{Asked, QueryError, QueryLimits};

/// How many rows are looked at before it is asked whether to give up.
const ROWS_BETWEEN: usize = 4_096;

/// What one analysis may use. It asks [`Budget::check`] again and again, and counts what it keeps
/// in memory by [`Budget::take`].
#[derive(Clone, Copy, Debug)]
pub struct Budget<'a> {
    asked: Asked<'a>,
    taken: usize,
}

impl<'a> Budget<'a> {
    /// What a question may use, of which nothing is taken yet.
    pub const fn of(asked: Asked<'a>) -> Self {
        Self { asked, taken: 0 }
    }

    /// Whether nobody waits for the analysis any more, or it has taken too long.
    pub fn is_over(&self) -> bool {
        (self.asked.stop)()
    }

    /// # Errors
    ///
    /// [`QueryError::Stopped`] as soon as [`Budget::is_over`].
    pub fn check(&self) -> Result<(), QueryError> {
        if self.is_over() { Err(QueryError::Stopped) } else { Ok(()) }
    }

    /// As [`Budget::check`], for every row: it is asked only from time to time.
    ///
    /// # Errors
    ///
    /// Those of [`Budget::check`].
    pub fn check_at(&self, row: usize) -> Result<(), QueryError> {
        if row.is_multiple_of(ROWS_BETWEEN) { self.check() } else { Ok(()) }
    }

    /// Counts the memory of `count` values of `bytes` each.
    ///
    /// # Errors
    ///
    /// [`QueryError::TooLarge`] if that is more than there is.
    pub fn take(&mut self, count: usize, bytes: usize) -> Result<(), QueryError> {
        let limit = self.asked.limits.memory_bytes;
        self.taken = self.taken.saturating_add(count.saturating_mul(bytes));
        if limit < self.taken { Err(QueryError::TooLarge(limit)) } else { Ok(()) }
    }

    /// For a question within the analysis, which may use what is left of the memory.
    pub fn asked(&self) -> Asked<'a> {
        let limits = self.asked.limits;
        let memory_bytes = limits.memory_bytes.saturating_sub(self.taken);
        Asked { limits: QueryLimits { memory_bytes, ..limits }, ..self.asked }
    }

    /// The error of such a question, with the limit of the whole analysis.
    pub fn of_whole(&self, error: QueryError) -> QueryError {
        match error {
            QueryError::TooLarge(_) => QueryError::TooLarge(self.asked.limits.memory_bytes),
            error @ (QueryError::Fault(_)
            | QueryError::Withheld(_)
            | QueryError::Stopped
            | QueryError::Io(_)) => error,
        }
    }
}

/// Whether figures about so many learners are withheld.
pub fn is_small(learners: usize, smallest: Option<NonZeroU32>) -> bool {
    let smallest = smallest.and_then(|it| usize::try_from(it.get()).ok()).unwrap_or_default();
    (1..smallest).contains(&learners)
}
