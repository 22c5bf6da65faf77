//! The tables: their pages, and every row.

use acta_storage::StorageError;

use super::finding::{Advice, Finding};
use super::log::LogChecked;
use super::verification::Verification;
use crate::OpenError;
use crate::tables::{TableSight, check_tables as check_rows};

const FILE: &str = "tables.sqlite";

/// Checks the file and all rows.
pub(super) fn check_tables(
    verification: &mut Verification<'_>,
    log: &LogChecked,
) -> Result<(), OpenError> {
    let directory = verification.directory().to_path_buf();
    let disk = verification.disk();
    let end = log.end;
    let read = check_rows(disk, &directory, &mut |sight| see(verification, sight, end));
    match read {
        Ok(bytes) => {
            verification.read(bytes);
            Ok(())
        }
        Err(OpenError::Storage(StorageError::Corrupt { place })) => {
            verification.report(Finding::damage(FILE, place, Advice::Restore));
            Ok(())
        }
        Err(other) => Err(other),
    }
}

fn see(verification: &mut Verification<'_>, sight: TableSight, log_end: u64) {
    match sight {
        TableSight::Row => verification.verified.row_count += 1,
        TableSight::DamagedRow { table, row, is_derived } => {
            let what = format!("table {table}, row {row} does not have its checksum");
            verification.report(Finding::damage(FILE, what, advice(is_derived)));
        }
        TableSight::Damaged { file, what, offset } => {
            let finding = Finding::damage(file, what, Advice::Restore);
            verification.report(Finding { offset, ..finding });
        }
        TableSight::Followed(count) if log_end < count => {
            let what = "it refers to statements that the log does not have: a backup of another \
                 moment, or the log has lost them. Activities and persons are rebuilt";
            verification.report(Finding::note(FILE, what));
        }
        TableSight::Followed(_) => {}
    }
}

fn advice(is_derived: bool) -> Advice {
    if is_derived { Advice::Reindex } else { Advice::Restore }
}
