//! What a question may take.

/// What a question may take.
#[derive(Clone, Copy, Debug)]
pub struct SqlLimits {
    /// Bytes of memory of SQLite.
    pub memory_bytes: usize,
    /// Most rows of the answer.
    pub rows_max: usize,
    /// Most bytes of the answer.
    pub answer_bytes_max: usize,
}
