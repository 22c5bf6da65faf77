//! The file of the tables: how it is opened, and how an older one is brought up to date.
//!
//! Migrations go forward only, each in one transaction with the version it leads to. A file
//! of a newer release is refused and left as it is.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_statement_log::disk;
use acta_storage::{StorageError, Tenant};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::administration::insert_record;
use super::checksum;
use super::failure::failed;
use crate::OpenError;

/// "acta" in ASCII: distinguishes the file from other SQLite databases.
const APPLICATION_ID: i64 = 0x6163_7461;

/// The name of the tenant that a new store has.
const FIRST_TENANT_NAME: &str = "default";

/// How long a connection waits for another process that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Memory for pages, for each connection, in KiB.
const CACHE_KIB: i64 = 2048;

/// The write-ahead log shrinks to this after a checkpoint.
const WAL_BYTES_KEPT: i64 = 64 << 20;

/// Most prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 64;

/// Each with the schema version that it leads to.
const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("migrations/0001_first.sql")),
    (2, include_str!("migrations/0002_tiles.sql")),
];

/// Where the tables are.
#[derive(Clone, Debug)]
pub(super) struct TablesFile {
    pub(super) path: PathBuf,
    /// As [`Disk::sqlite_vfs`](crate::Disk::sqlite_vfs).
    pub(super) vfs: Option<String>,
}

impl TablesFile {
    fn open(&self, flags: OpenFlags) -> rusqlite::Result<Connection> {
        match self.vfs.as_deref() {
            Some(vfs) => Connection::open_with_flags_and_vfs(&self.path, flags, vfs),
            None => Connection::open_with_flags(&self.path, flags),
        }
    }
}

/// The file is not one that this release can work with.
#[derive(Debug, thiserror::Error)]
enum Unsupported {
    /// It was written by a newer release.
    #[error(
        "the tables have schema version {found}, which is newer than {known}, the newest that \
         this release knows: use the release that wrote them, or a later one"
    )]
    Newer {
        /// The file's version.
        found: i64,
        /// This release's version.
        known: i64,
    },
    /// It is some other SQLite database.
    #[error("the file of the tables is a database of another application")]
    Foreign,
    /// The file system cannot hold a write-ahead log.
    #[error("the tables cannot be kept in journal mode `{0}`")]
    JournalMode(String),
}

impl From<Unsupported> for StorageError {
    fn from(reason: Unsupported) -> Self {
        let source = io::Error::new(io::ErrorKind::Unsupported, reason);
        Self::Io { act: "opening the tables", source }
    }
}

/// Makes the file of a database for its owner alone, unless it is there. SQLite gives the same
/// rights to the files beside it.
pub(super) fn create_file(path: &Path) -> Result<(), StorageError> {
    disk::create_for_owner(path).map_err(|source| {
        if source.kind() == io::ErrorKind::StorageFull {
            return StorageError::Full;
        }
        StorageError::Io { act: "making the file of the tables", source }
    })
}

/// Opens the connection that writes, making or migrating the file.
///
/// A new file has one tenant, made at `now`.
pub(super) fn open_writer(file: &TablesFile, now: Timestamp) -> Result<Connection, StorageError> {
    let failed = failed("opening the tables");
    if file.vfs.is_none() {
        create_file(&file.path)?;
    }
    let mut connection = file.open(OpenFlags::default()).map_err(&failed)?;
    apply_pragmas(&connection).map_err(&failed)?;
    // Before anything is changed, the journal mode included.
    let version = check_version(&connection)?;
    let mode = choose_log(&connection).map_err(&failed)?;
    if mode != "wal" {
        return Err(Unsupported::JournalMode(mode).into());
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(&failed)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT).map_err(&failed)?;
    migrate(&mut connection, version, now)?;
    Ok(connection)
}

/// Asks for a write-ahead log, and makes its file. Returns the mode that was chosen.
fn choose_log(connection: &Connection) -> rusqlite::Result<String> {
    let mut statement = connection.prepare("PRAGMA journal_mode = WAL")?;
    let modes = statement.query_map([], |row| row.get(0))?;
    // All rows, since the change itself is done, and may fail, behind the first.
    let modes: Vec<String> = modes.collect::<rusqlite::Result<_>>()?;
    // The first read makes the file.
    connection.pragma_query_value(None, "user_version", |_| Ok(()))?;
    Ok(modes.concat())
}

/// Opens a further connection, which only reads.
pub(super) fn open_reader(file: &TablesFile) -> Result<Connection, StorageError> {
    let failed = failed("opening the tables for reading");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = file.open(flags).map_err(&failed)?;
    apply_pragmas(&connection).map_err(failed)?;
    Ok(connection)
}

/// Sets what every connection needs: functions, timeouts, caches and checks.
pub(super) fn apply_pragmas(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    checksum::register(connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Without it, SQLite compiles some statements again whenever they get other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)
}

/// Empty tables of this version, in memory.
pub(super) fn empty(version: i64) -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    checksum::register(&connection)?;
    for (_, script) in MIGRATIONS.iter().filter(|(known, _)| *known <= version) {
        connection.execute_batch(script)?;
    }
    Ok(connection)
}

/// The error for opening the tables, naming the file, that a check returned.
pub(super) fn open_error(error: StorageError, path: &Path) -> OpenError {
    if let StorageError::Io { source, .. } = &error
        && let Some(reason) = source.get_ref()
        && let Some(Unsupported::Newer { found, known }) = reason.downcast_ref()
    {
        let number = |version: i64| u32::try_from(version).unwrap_or(u32::MAX);
        let path = path.to_path_buf();
        return OpenError::Newer { path, found: number(*found), known: number(*known) };
    }
    error.into()
}

/// The schema version of the file; 0 for an empty one.
pub(super) fn check_version(connection: &Connection) -> Result<i64, StorageError> {
    let read = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let failed = failed("reading the version of the tables");
    let application = read("application_id").map_err(&failed)?;
    let found = read("user_version").map_err(failed)?;
    let is_new = application == 0 && found == 0;
    if application != APPLICATION_ID && !is_new {
        return Err(Unsupported::Foreign.into());
    }
    let known = MIGRATIONS.last().map_or(0, |(version, _)| *version);
    if known < found { Err(Unsupported::Newer { found, known }.into()) } else { Ok(found) }
}

/// Brings tables of the version `from` up to date. A new file gets its first tenant, made at
/// `now`.
pub(super) fn migrate(
    connection: &mut Connection,
    from: i64,
    now: Timestamp,
) -> Result<(), StorageError> {
    migrate_by(MIGRATIONS, connection, from, now)
}

fn migrate_by(
    migrations: &[(i64, &str)],
    connection: &mut Connection,
    from: i64,
    now: Timestamp,
) -> Result<(), StorageError> {
    let failed = failed("migrating the tables");
    for (version, script) in migrations.iter().filter(|(version, _)| from < *version) {
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(&failed)?;
        transaction.execute_batch(script).map_err(&failed)?;
        if *version == 1 {
            let first = Tenant::new(TenantId::FIRST, FIRST_TENANT_NAME, now);
            insert_record(&transaction, &first)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(&failed)?;
        transaction.pragma_update(None, "user_version", version).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
