//! A few connections that only read, beside the one that writes.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use acta_access::TenantId;
use acta_storage::{Shares, StorageError, Weights};
use rusqlite::Connection;

use crate::tables::failure::failed;
use crate::tables::schema::{self, TablesFile};

/// Most reads at a time; each has a connection with its own memory.
const READERS_MAX: usize = 4;

/// Lends connections that see everything committed before they were lent. Tenants get them in turn,
/// by their weights, and so do the requesters of each.
#[derive(Debug)]
pub(crate) struct Readers {
    file: TablesFile,
    permits: Shares,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Opens connections to `file` when they are needed.
    pub(crate) fn new(file: TablesFile, weights: Weights) -> Self {
        Self { file, permits: Shares::new(READERS_MAX, weights), idle: Arc::default() }
    }

    /// Where the file is.
    pub(crate) fn file(&self) -> &TablesFile {
        &self.file
    }

    /// Does `act` of a tenant, or of none alone, on a thread for blocking work. Whatever it reads
    /// is of one moment.
    pub(crate) async fn read<F, T>(
        &self,
        tenant: Option<TenantId>,
        act: F,
    ) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let permit = self.permits.acquire(tenant, 1).await;
        let (idle, file) = (Arc::clone(&self.idle), self.file.clone());
        let reading = acta_storage::spawn_blocking(move || {
            let _permit = permit;
            let lent = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match lent {
                Some(connection) => connection,
                None => schema::open_reader(&file)?,
            };
            let result = at_one_moment(&connection, act);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        });
        reading.await.unwrap_or_else(|error| {
            Err(StorageError::Io { act: "reading the tables", source: io::Error::other(error) })
        })
    }
}

/// Does `act` in a transaction, which sees nothing that is written meanwhile: some reads compare
/// what they find in several ways.
fn at_one_moment<T>(
    connection: &Connection,
    act: impl FnOnce(&Connection) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    // It is undone when it is dropped; there is nothing to undo.
    let transaction = connection.unchecked_transaction();
    let transaction = transaction.map_err(failed("beginning to read the tables"))?;
    act(&transaction)
}
