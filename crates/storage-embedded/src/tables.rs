//! What changes in place: documents, cursors, what administration keeps and what statements
//! have told, in one SQLite file.
//!
//! A write is durable once it is answered, and whole or not at all; what it requires of the
//! present state is checked in its own transaction. One thread writes, and several writes
//! that wait share a sync; reads go on beside it and see everything answered before they
//! began. The rows are described in `docs/format/tables.md`.
//!
//! Statements are not kept here, and what they have told can be read from the log again.

mod administration;
mod check;
mod checksum;
mod copy;
mod cursors;
mod documents;
mod failure;
mod files;
mod followers;
mod purge;
mod readers;
mod schema;
mod transfer;
mod writer;

use std::io;
use std::path::Path;
use std::sync::Arc;

use acta_ambient::Clock;
use acta_statement_log::disk::{self, Disk};
use acta_storage::StorageError;
use rusqlite::Connection;

pub(crate) use check::{TableSight, check as check_tables};
pub(crate) use copy::copy;
pub(crate) use failure::is_of_row;
pub(crate) use files::{are_there as are_tables_there, check as check_files};
pub(crate) use followers::Positions;
use readers::Readers;
use schema::TablesFile;
use writer::Writer;

/// The name of the file in the directory of the store.
pub(crate) const FILE_NAME: &str = "tables.sqlite";

/// The tables of one store.
#[derive(Debug)]
pub(crate) struct Tables {
    clock: Arc<dyn Clock>,
    // Before the writer: the connection closed last empties the write-ahead log, which a
    // connection that only reads cannot do.
    readers: Readers,
    writer: Writer,
}

/// Makes a write-ahead log durable that an earlier process has left behind: it may have failed
/// to sync it, and what is written behind a page that is not durable is lost with it.
fn settle(disk: &dyn Disk, log: &Path) -> Result<(), StorageError> {
    let settled = match disk.open(log) {
        Ok(file) => disk::settle(file.as_ref(), 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    let act = "writing the log of the tables again";
    settled.map_err(|source| StorageError::Io { act, source })
}

impl Tables {
    /// Opens the tables in `directory`, which must exist. Makes them if there are none, and
    /// migrates those of an older release.
    ///
    /// # Errors
    ///
    /// - [`StorageError::Io`]: the file cannot be opened, or, with
    ///   [`std::io::ErrorKind::Unsupported`], a newer release has written it.
    /// - [`StorageError::Corrupt`]: it is damaged.
    /// - [`StorageError::Full`]: there is no room to make or migrate it.
    pub(crate) fn open(
        disk: &dyn Disk,
        directory: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StorageError> {
        settle(disk, &directory.join(format!("{FILE_NAME}-wal")))?;
        let file = TablesFile { path: directory.join(FILE_NAME), vfs: disk.sqlite_vfs() };
        let connection = schema::open_writer(&file, clock.now())?;
        // SQLite ignores it when it cannot make the name of its log durable.
        let act = "syncing the directory of the tables";
        let synced = disk.sync_directory(directory);
        synced.map_err(|source| StorageError::Io { act, source })?;
        let writer = Writer::start(connection)?;
        Ok(Self { clock, readers: Readers::new(file), writer })
    }

    /// As [`acta_storage::Readiness::check_ready`].
    pub(crate) async fn check_ready(&self) -> Result<(), StorageError> {
        // A transaction that changes nothing is not written.
        self.write(|_| Ok(())).await?;
        self.read(|connection| schema::check_version(connection).map(drop)).await
    }

    async fn read<F, T>(&self, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        self.readers.read(act).await
    }

    async fn write<F, T>(&self, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        self.writer.write(act).await
    }
}

#[cfg(test)]
mod tests;
