//! How an export goes on, and why it ends early.

use std::io;

use parquet::errors::ParquetError;

/// Why an export did not end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nobody waits for it any more. What was written is kept.
    #[error("the export was stopped")]
    Stopped,

    /// The facts cannot be read, or the files cannot be written.
    #[error("the facts cannot be exported")]
    Io(#[from] io::Error),
}

impl From<ParquetError> for ExportError {
    fn from(error: ParquetError) -> Self {
        Self::Io(io::Error::other(error))
    }
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportProgress {
    /// Rows that were written.
    pub done: u64,
    /// Rows that are to be written.
    pub total: u64,
}

/// What goes along with an export.
pub struct Exporting<'w> {
    stop: &'w dyn Fn() -> bool,
    watch: &'w mut dyn FnMut(ExportProgress),
    progress: ExportProgress,
}

impl std::fmt::Debug for Exporting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporting").field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl<'w> Exporting<'w> {
    /// An export that asks `stop` between blocks of rows whether to give up, and tells `watch` how
    /// far it is.
    pub fn new(stop: &'w dyn Fn() -> bool, watch: &'w mut dyn FnMut(ExportProgress)) -> Self {
        Self { stop, watch, progress: ExportProgress::default() }
    }

    pub(crate) fn check(&self) -> Result<(), ExportError> {
        if (self.stop)() { Err(ExportError::Stopped) } else { Ok(()) }
    }

    /// Begins to write this many rows.
    pub(crate) fn begin(&mut self, total: u64) {
        self.progress.total = total;
        (self.watch)(self.progress);
    }

    /// Notes that rows were written.
    pub(crate) fn wrote(&mut self, rows: usize) {
        self.progress.done += rows as u64;
        (self.watch)(self.progress);
    }
}
