//! What SQLite reports, by what the caller can do next.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use acta_storage::StorageError;
use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use super::checksum::Unsound;

/// How long a caller waits before it tries again when the tables are busy.
pub(super) const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Turns an error of SQLite into one of storage, for `map_err`.
pub(super) fn failed(act: &'static str) -> impl Fn(rusqlite::Error) -> StorageError {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StorageError::Full,
        _ if lacks_shared_memory(&error) => StorageError::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StorageError::Busy { retry_after: RETRY_AFTER }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StorageError::Corrupt { place: format!("tables.sqlite, noticed while {act}") }
        }
        _ => damage_in(&error, act)
            .unwrap_or_else(|| StorageError::Io { act, source: io::Error::other(error) }),
    }
}

/// Whether the file that the connections share has found no room. SQLite calls that a failure
/// of the device.
fn lacks_shared_memory(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE)
}

/// How the place of a damaged row begins.
const ROW_PLACE: &str = "tables.sqlite: table ";

/// Says that a row does not hold what it must.
pub(super) fn corrupt_row(table: &str, row: impl Display) -> StorageError {
    StorageError::Corrupt { place: format!("{ROW_PLACE}{table}, row {row}") }
}

/// Whether the error is about one row, so that all others can be read and written.
pub(crate) fn is_of_row(error: &StorageError) -> bool {
    matches!(error, StorageError::Corrupt { place } if place.starts_with(ROW_PLACE))
}

/// Whether the device or the file failed, so that what is durable is unknown.
pub(super) fn is_fatal(error: &StorageError) -> bool {
    match error {
        StorageError::Corrupt { .. } => !is_of_row(error),
        StorageError::Halted => true,
        StorageError::Io { source, .. } => {
            let cause = source.get_ref().and_then(|cause| cause.downcast_ref::<rusqlite::Error>());
            cause.and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::SystemIoFailure)
        }
        StorageError::Conflict(_)
        | StorageError::PreconditionFailed
        | StorageError::TooMany { .. }
        | StorageError::TooLarge { .. }
        | StorageError::Busy { .. }
        | StorageError::Unavailable { .. }
        | StorageError::Full => false,
    }
}

/// The error for values that are not what they should be; none for errors of other kinds.
fn damage_in(error: &rusqlite::Error, act: &str) -> Option<StorageError> {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    if let FromSqlConversionFailure(_, _, reason) = error
        && let Some(Unsound { table, row }) = reason.downcast_ref()
    {
        return Some(corrupt_row(table, row));
    }
    let is_damage = matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..)
    );
    is_damage.then(|| StorageError::Corrupt { place: format!("a value of the tables, {act}") })
}
