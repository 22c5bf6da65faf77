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
    verifying: &mut Verification<'_>,
    log: &LogChecked,
) -> Result<(), OpenError> {
    let directory = verifying.directory().to_path_buf();
    let disk = verifying.disk();
    let end = log.end;
    let read = check_rows(disk, &directory, &mut |sight| see(verifying, sight, end));
    match read {
        Ok(bytes) => {
            verifying.read(bytes);
            Ok(())
        }
        Err(OpenError::Storage(StorageError::Corrupt { place })) => {
            verifying.tell(Finding::damage(FILE, place, Advice::Restore));
            Ok(())
        }
        Err(other) => Err(other),
    }
}

fn see(verifying: &mut Verification<'_>, sight: TableSight, log_end: u64) {
    match sight {
        TableSight::Row => verifying.verified.row_count += 1,
        TableSight::DamagedRow { table, row, is_derived } => {
            let what = format!("table {table}, row {row} does not have its checksum");
            verifying.tell(Finding::damage(FILE, what, advice(is_derived)));
        }
        TableSight::Damaged { file, what, offset } => {
            let finding = Finding::damage(file, what, Advice::Restore);
            verifying.tell(Finding { offset, ..finding });
        }
        TableSight::Followed(count) if log_end < count => {
            let what = "it tells of statements that the log does not have: a backup of another \
                 moment, or the log has lost them. Activities and persons are made anew";
            verifying.tell(Finding::note(FILE, what));
        }
        TableSight::Followed(_) => {}
    }
}

fn advice(is_derived: bool) -> Advice {
    if is_derived { Advice::Reindex } else { Advice::Restore }
}
