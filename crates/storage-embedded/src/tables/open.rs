//! The tables of a store, open.

mod readers;
mod writer;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use acta_access::TenantId;
use acta_ambient::Clock;
use acta_statement_log::disk::{self, Disk};
use acta_storage::{StorageError, Weights};
use rusqlite::Connection;

use super::schema::{self, TablesFile};
use crate::directory::TABLES_NAME;
use readers::Readers;
pub(super) use writer::WriteShare;
use writer::Writer;

/// The tables of one store.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(super) clock: Arc<dyn Clock>,
    // Before the writer: the connection closed last empties the write-ahead log, which a
    // connection that only reads cannot do.
    pub(super) readers: Readers,
    pub(super) writer: Writer,
    /// By which tenants share the readers and the writer, and the writer of the log.
    pub(crate) weights: Weights,
    /// How often what followers made was dropped since the tables were opened. Only the writer
    /// changes it.
    pub(super) follower_resets: Arc<AtomicU64>,
}

/// Makes a write-ahead log durable that an earlier process has left behind: it may have failed
/// to sync it, and what is written behind a page that is not durable is lost with it.
fn rewrite_log(disk: &dyn Disk, log: &Path) -> Result<(), StorageError> {
    let written = match disk.open(log) {
        Ok(file) => disk::rewrite_and_sync(file.as_ref(), 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    let act = "writing the log of the tables again";
    written.map_err(|source| StorageError::Io { act, source })
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
        rewrite_log(disk, &directory.join(format!("{TABLES_NAME}-wal")))?;
        let file = TablesFile { path: directory.join(TABLES_NAME), vfs: disk.sqlite_vfs() };
        let connection = schema::open_writer(&file, clock.now())?;
        // SQLite ignores it when it cannot make the name of its log durable.
        let act = "syncing the directory of the tables";
        let synced = disk.sync_directory(directory);
        synced.map_err(|source| StorageError::Io { act, source })?;
        let weights = Weights::default();
        let writer = Writer::start(connection, weights.clone())?;
        let readers = Readers::new(file, weights.clone());
        Ok(Self { clock, readers, writer, weights, follower_resets: Arc::default() })
    }

    /// As [`acta_storage::Readiness::check_ready`].
    pub(crate) async fn check_ready(&self) -> Result<(), StorageError> {
        // A transaction that changes nothing is not written.
        self.write(|_| Ok(())).await?;
        self.read(|connection| schema::check_version(connection).map(drop)).await
    }

    /// Does `act` of a tenant on a connection that only reads.
    pub(super) async fn read_of<F, T>(
        &self,
        tenant: impl Into<Option<TenantId>> + Send,
        act: F,
    ) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        self.readers.read(tenant.into(), act).await
    }

    /// As [`Tables::read_of`], for what is of no tenant alone.
    pub(super) async fn read<F, T>(&self, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        self.readers.read(None, act).await
    }

    /// Does `act` of a tenant in a transaction that others may share.
    pub(super) async fn write_of<F, T>(&self, share: WriteShare, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        self.writer.write(share, act).await
    }

    /// As [`Tables::write_of`], for what is of no tenant alone.
    pub(super) async fn write<F, T>(&self, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        self.writer.write(WriteShare::COMMON, act).await
    }
}
