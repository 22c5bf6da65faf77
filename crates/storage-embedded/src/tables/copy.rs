//! Copying the tables while another process may be writing them.
//!
//! The copy is what one transaction saw, all of it. The write-ahead log lets writers go on
//! meanwhile; it cannot shrink before the copying ends. A copy of older tables is migrated,
//! so that all of it can be checked.

use std::path::Path;

use acta_ambient::Timestamp;
use acta_storage::StorageError;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::check::{TableSight, check_open};
use super::failure::{corrupt_row, failed};
use super::schema::TablesFile;
use super::{followers, schema};
use crate::directory::TABLES_NAME;

/// Pages that are copied between two reports.
const STEP_PAGES: i32 = 256;

const COPYING: &str = "copying the tables";

/// Copies the tables in `directory` to a new file at `to`, and checks the copy. Returns the
/// position in the log of the first statement that followers have not read: all before it
/// are durable.
///
/// `on_progress` receives bytes done and bytes in all. The copy is not yet durable.
///
/// # Errors
///
/// - [`StorageError::Corrupt`]: the tables do not check.
/// - [`StorageError::Full`]: there is no room for the copy.
/// - [`StorageError::Io`]: the tables cannot be read, are of a newer release, or the copy
///   cannot be written.
pub(crate) fn copy(
    directory: &Path,
    to: &Path,
    now: Timestamp,
    on_progress: &dyn Fn(u64, u64),
) -> Result<u64, StorageError> {
    let failed = failed(COPYING);
    let file = TablesFile { path: directory.join(TABLES_NAME), vfs: None };
    let source = schema::open_reader(&file)?;
    // The first read fixes what the transaction sees; without one, the copy would begin
    // again whenever something is written.
    source.execute_batch("BEGIN").map_err(&failed)?;
    let version = schema::check_version(&source)?;
    if version == 0 {
        return Err(StorageError::Corrupt { place: format!("{TABLES_NAME}: it is empty") });
    }
    schema::create_file(to)?;
    let mut copy = Connection::open(to).map_err(&failed)?;
    // It is synced at the end, and is of no use before.
    copy.pragma_update(None, "journal_mode", "OFF").map_err(&failed)?;
    copy.pragma_update(None, "synchronous", "OFF").map_err(&failed)?;
    copy_pages(&source, &mut copy, on_progress)?;
    source.close().map_err(|(_connection, error)| failed(error))?;
    // So that the file is whole without a write-ahead log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE").map_err(&failed)?;
    schema::apply_pragmas(&copy).map_err(&failed)?;
    schema::migrate(&mut copy, version, now)?;
    check(&copy)?;
    let count = followers::count_followed(&copy)?;
    copy.close().map_err(|(_connection, error)| failed(error))?;
    Ok(count)
}

fn copy_pages(
    source: &Connection,
    copy: &mut Connection,
    on_progress: &dyn Fn(u64, u64),
) -> Result<(), StorageError> {
    let failed = failed(COPYING);
    let page_bytes: i64 =
        source.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(&failed)?;
    let page_bytes = page_bytes.unsigned_abs();
    let backup = Backup::new(source, copy).map_err(&failed)?;
    loop {
        let step = backup.step(STEP_PAGES).map_err(&failed)?;
        let progress = backup.progress();
        let bytes = |pages: i32| u64::from(pages.unsigned_abs()) * page_bytes;
        on_progress(bytes(progress.pagecount - progress.remaining), bytes(progress.pagecount));
        match step {
            StepResult::More => {}
            StepResult::Done => return Ok(()),
            // No other connection writes to the copy, and readers do not wait for writers.
            StepResult::Busy | StepResult::Locked | _ => {
                return Err(StorageError::Busy { retry_after: super::failure::RETRY_AFTER });
            }
        }
    }
}

/// Checks every page and every row.
fn check(copy: &Connection) -> Result<(), StorageError> {
    let mut damage = None;
    check_open(copy, &mut |sight| {
        let found = match sight {
            TableSight::Row | TableSight::Followed(_) => return,
            TableSight::DamagedRow { table, row, .. } => corrupt_row(table, row),
            TableSight::Damaged { what, .. } => {
                StorageError::Corrupt { place: format!("the tables: {what}") }
            }
        };
        damage.get_or_insert(found);
    })?;
    damage.map_or(Ok(()), Err)
}
