//! Why there is no answer.

use std::io;

use rusqlite::{Error, ErrorCode};

use crate::heap;

/// Longest text and longest row, in bytes: 64 KiB. Some functions of SQLite take time in proportion
/// to the square of it, and cannot be interrupted.
pub(crate) const TEXT_BYTES_MAX: i32 = 64 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The question has to be repaired: it is no SQL, names what there is not, or does what may not
    /// be done.
    #[error("{0}")]
    Refused(String),
    /// It takes more than one of the limits.
    #[error("{0}")]
    TooLarge(String),
    /// The time was over, or nobody waits any more.
    #[error("stopped before there was an answer")]
    Stopped,
    /// The files of facts cannot be read. They can be made again.
    #[error("the facts cannot be read")]
    Io(#[from] io::Error),
    /// The memory of SQLite cannot be limited in this process.
    #[error("SQLite was used before its memory was limited")]
    Unavailable,
}

impl SqlError {
    /// Of a statement that needs more memory than that.
    pub(crate) fn beyond(memory_bytes: usize) -> Self {
        Self::TooLarge(format!(
            "the statement needs more than {memory_bytes} bytes of memory: select fewer rows or \
             columns, or sort and group less"
        ))
    }

    /// Of an error of SQLite, while the budget is there still.
    pub(crate) fn of(error: &Error, memory_bytes: usize) -> Self {
        let too_much = || Self::beyond(memory_bytes);
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::Stopped,
            Some(ErrorCode::OutOfMemory) => too_much(),
            Some(ErrorCode::TooBig) => Self::TooLarge(format!(
                "a text or a row is longer than {TEXT_BYTES_MAX} bytes, or the statement is too \
                 long"
            )),
            Some(_) | None if heap::was_refused() => too_much(),
            Some(_) | None => Self::Refused(message_of(error)),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other errors have one text")]
fn message_of(error: &Error) -> String {
    match error {
        Error::SqlInputError { msg, offset, .. } if 0 <= *offset => {
            format!("{msg} (at character {})", offset + 1)
        }
        Error::SqlInputError { msg, .. } => msg.clone(),
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}
