//! A few connections that only read, beside the one that writes.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use acta_storage::StorageError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::tables::schema::{self, TablesFile};

/// Most reads at a time; each has a connection with its own memory.
const READERS_MAX: usize = 4;

/// Lends connections that see everything committed before they were lent.
#[derive(Debug)]
pub(crate) struct Readers {
    file: TablesFile,
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Opens connections to `file` when they are needed.
    pub(crate) fn new(file: TablesFile) -> Self {
        let permits = Arc::new(Semaphore::new(READERS_MAX));
        Self { file, permits, idle: Arc::default() }
    }

    /// Where the file is.
    pub(crate) fn file(&self) -> &TablesFile {
        &self.file
    }

    /// Does `act` on a thread for blocking work.
    pub(crate) async fn read<F, T>(&self, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let (idle, file) = (Arc::clone(&self.idle), self.file.clone());
        let reading = acta_storage::spawn_blocking(move || {
            let _permit = permit;
            let lent = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match lent {
                Some(connection) => connection,
                None => schema::open_reader(&file)?,
            };
            let result = act(&connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        });
        reading.await.unwrap_or_else(|error| {
            Err(StorageError::Io { act: "reading the tables", source: io::Error::other(error) })
        })
    }
}
