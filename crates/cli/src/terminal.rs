//! Output for people and programs.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};

use acta_exchange::StoreCopyProgress;
use acta_storage_embedded::{CopyProgress, CopyStage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Prints a line for people on standard error. Results go to standard output instead.
pub(crate) fn say(text: &str) {
    // Without a reader, there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a line of results.
///
/// # Errors
///
/// As writing to [`StandardOutput`].
pub(crate) fn print(text: &str) -> io::Result<()> {
    writeln!(StandardOutput, "{text}")
}

/// Standard output, for results.
///
/// Its errors are those of the system, but for that of a reader that is gone, which
/// [`is_reader_gone`] recognises.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StandardOutput;

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().lock().write(bytes).map_err(mark_reader_gone)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().lock().flush().map_err(mark_reader_gone)
    }
}

/// Nobody reads the output any more, as behind `| head -1`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the reader of the output has closed it")]
struct ReaderGone;

fn mark_reader_gone(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return io::Error::new(io::ErrorKind::BrokenPipe, ReaderGone);
    }
    error
}

/// Whether a command failed only because the reader of its output has closed it.
pub(crate) fn is_reader_gone(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let Some(inner) = inner else { return false };
        inner.is::<ReaderGone>()
    })
}

/// The width of the terminal to which results are printed, in characters; none if they go
/// elsewhere.
pub(crate) fn width() -> Option<usize> {
    let terminal = console::Term::stdout();
    let size = terminal.is_term().then(|| terminal.size_checked()).flatten();
    size.map(|(_, columns)| usize::from(columns))
}

/// A progress bar up to `total`. Nothing is drawn when standard error is not a terminal.
pub(crate) fn progress_bar(total: u64, unit: Unit) -> ProgressBar {
    let template = match unit {
        Unit::Bytes => "{bar:40} {percent}%  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left",
        Unit::Statements => {
            "{bar:40} {percent}%  {human_pos} of {human_len}  {per_sec}  {eta} left"
        }
    };
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// What a progress bar counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Bytes of a file.
    Bytes,
    /// Statements.
    Statements,
}

/// A progress bar for a backup in several stages.
pub(crate) struct CopyBar {
    bar: ProgressBar,
    stage: Cell<Option<CopyStage>>,
}

impl CopyBar {
    /// Nothing is drawn before the first stage.
    pub(crate) fn new() -> Self {
        Self { bar: progress_bar(0, Unit::Bytes), stage: Cell::new(None) }
    }

    /// Shows the progress.
    pub(crate) fn show(&self, progress: CopyProgress) {
        if self.stage.replace(Some(progress.stage)) != Some(progress.stage) {
            self.bar.reset();
            self.bar.println(match progress.stage {
                CopyStage::Tables => "documents, credentials and other tables",
                CopyStage::Log => "statements",
                CopyStage::Attachments => "attachments",
                CopyStage::Files => "files of the backup",
            });
        }
        self.bar.set_length(progress.total_bytes);
        self.bar.set_position(progress.done_bytes);
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A progress bar for a store that is copied into another.
pub(crate) struct TransferBar {
    bar: ProgressBar,
    stage: Option<&'static str>,
}

impl TransferBar {
    /// Nothing is drawn before the first stage.
    pub(crate) fn new() -> Self {
        Self { bar: progress_bar(0, Unit::Statements), stage: None }
    }

    /// Shows the progress.
    pub(crate) fn show(&mut self, now: StoreCopyProgress) {
        let (stage, done, total) = match now {
            StoreCopyProgress::Resumed => ("continuing an unfinished copy", 0, 0),
            StoreCopyProgress::Statements { done, total } => ("statements", done, total),
            // Their number is unknown.
            StoreCopyProgress::Attachments { done } => ("attachments", done, done),
            StoreCopyProgress::Documents { done } => ("documents", done, done),
            StoreCopyProgress::Verified { done, total } => ("comparing both stores", done, total),
        };
        if self.stage.replace(stage) != Some(stage) {
            self.bar.reset();
            self.bar.println(stage);
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A count with its noun, as in `1 statement` and `2 statements`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
