//! Rebuilding everything that can be derived from the log: the index, activities and persons.

use std::io;
use std::sync::Arc;

use acta_storage::StorageError;

use super::{EmbeddedStorage, LostTables, StoreParts, check_that_it_is_whole};
use crate::identity::{DirectoryLock, Identity};
use crate::reserve::Reserve;
use crate::verify::{Advice, Severity, verify_log};
use crate::{OpenError, Options};

/// What was rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reindexed {
    /// Statements that the index knows now.
    pub statement_count: u64,
    /// Runs of the index.
    pub run_count: u64,
}

impl EmbeddedStorage {
    /// Drops the index, activities and persons of a store that is not open, and rebuilds them
    /// from the log. Interrupted anywhere, the next start goes on with it.
    ///
    /// The log is read first: if a statement in it is damaged, nothing is dropped, since what
    /// is there still finds the others.
    ///
    /// # Errors
    ///
    /// As [`EmbeddedStorage::open`]; [`StorageError::Corrupt`] names the first damage of the
    /// log.
    pub async fn reindex(options: &Options, tables: LostTables) -> Result<Reindexed, OpenError> {
        let options = options.clone();
        let storage = on_blocking_thread(move || Self::open_for_reindex(&options, tables)).await?;
        on_blocking_thread(move || {
            storage.close()?;
            let statistics = storage.statistics();
            Ok(Reindexed {
                statement_count: statistics.statement_count,
                run_count: statistics.run_count,
            })
        })
        .await
    }

    fn open_for_reindex(options: &Options, lost: LostTables) -> Result<Arc<Self>, OpenError> {
        let directory = options.directory.as_path();
        let lock = Arc::new(DirectoryLock::take(directory)?);
        let disk = options.disk.as_ref();
        check_that_it_is_whole(disk, directory)?;
        let Some(identity) = Identity::read(disk, directory)? else {
            return Err(OpenError::NoIdentity { directory: directory.to_path_buf() });
        };
        check_log(options)?;
        let tables = Self::open_tables(options, lost)?;
        // In this order: a start that comes in between rebuilds both.
        tables.reset_followers_blocking()?;
        drop_index(options)?;
        let parts = StoreParts { lock, tables, reserve: Reserve::open(options)? };
        Self::open_rest(options, &identity, parts)
    }
}

/// Refuses a log that is damaged.
fn check_log(options: &Options) -> Result<(), OpenError> {
    let verified = verify_log(options)?;
    let is_lost = |severity, advice| severity == Severity::Damage && advice == Advice::Restore;
    let mut damages = verified.findings.iter().filter(|it| is_lost(it.severity, it.advice));
    let Some(first) = damages.next() else { return Ok(()) };
    let more = damages.count();
    let mut place = options.directory.join(&first.file).display().to_string();
    if let Some(offset) = first.offset {
        place = format!("{place} at byte {offset}");
    }
    if 0 < more {
        place = format!("{place} and {more} more");
    }
    Err(StorageError::Corrupt { place }.into())
}

fn drop_index(options: &Options) -> Result<(), StorageError> {
    let directory = options.directory.join("index");
    let disk = options.disk.as_ref();
    let drop_all = || {
        disk.create_directory(&directory)?;
        for name in disk.list(&directory)? {
            disk.remove(&directory.join(name))?;
        }
        disk.sync_directory(&directory)
    };
    let act = "dropping the index";
    drop_all().map_err(|source: io::Error| StorageError::Io { act, source })
}

async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    acta_storage::spawn_blocking(work).await.unwrap_or_else(|error| {
        let act = "rebuilding the index";
        Err(StorageError::Io { act, source: io::Error::other(error) }.into())
    })
}
