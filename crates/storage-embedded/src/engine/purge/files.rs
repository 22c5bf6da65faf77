//! Names of the files of a removal, and its errors.

use std::io;

use acta_statement_log::segment::segment_number;
use acta_storage::StorageError;

/// What is done here, for errors.
pub(super) const PURGING: &str = "removing a tenant's statements";

/// How the name of a segment ends that is to take the place of another.
const DRAFT_EXTENSION: &str = "purged";

/// The name of the segment that is to take the place of the one with this number.
pub(super) fn draft_name(number: u32) -> String {
    format!("{number:08}.{DRAFT_EXTENSION}")
}

/// Whether a file of this name in the directory of the log is to take the place of a segment.
pub(crate) fn is_rewritten(name: &str) -> bool {
    let stem = name.strip_suffix(DRAFT_EXTENSION);
    stem.is_some_and(|stem| segment_number(&format!("{stem}log")).is_some())
}

/// The error for what the system reports.
pub(super) fn failed(source: io::Error) -> StorageError {
    if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return StorageError::Full;
    }
    StorageError::Io { act: PURGING, source }
}
