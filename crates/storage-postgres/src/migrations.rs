//! Migrations of the schema.
//!
//! Forward only. A migration is one transaction with a lock on the table of migrations, so that
//! one of several nodes that start at once does it and the others find it done. Each states the
//! oldest version of the schema whose releases can work with it.

use tokio_postgres::error::SqlState;

use crate::database::handshake::{
    Handshake, check_permitted, grant_of_schema, grant_of_tables, handshake, has_schema,
};
use crate::database::{Connection, Database, discard};
use crate::failure::Failure;
use crate::{OpenError, Options};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number, from 1, without gaps.
    pub version: i32,
    /// A short description.
    pub name: &'static str,
    /// The oldest version whose releases can still work after this.
    pub oldest: i32,
    /// The SQL.
    pub sql: &'static str,
}

/// Every migration, in order.
const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        oldest: 1,
        sql: include_str!("../migrations/0001_first.sql"),
    },
    Migration {
        version: 2,
        name: "tiles",
        oldest: 1,
        sql: include_str!("../migrations/0002_tiles.sql"),
    },
];

/// The timeout for the lock on the table of migrations: another node may be migrating.
const LOCK_TIMEOUT_MILLIS: u32 = 30_000;

/// Most attempts to create the table of migrations when other nodes do so at the same time.
const PREPARE_COUNT_MAX: u32 = 5;

const ACT: &str = "migrating the schema";

/// Every migration that this release knows, in order.
pub const fn migrations() -> &'static [Migration] {
    MIGRATIONS
}

/// The result of running migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version before; 0 if there was no schema.
    pub before: i32,
    /// The version now.
    pub now: i32,
    /// The names of the migrations that were run.
    pub names: Vec<&'static str>,
}

/// The version of the schema and the migrations that it lacks.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The version that was found; 0 if there is no schema.
    pub found: i32,
    /// The migrations that have not been run.
    pub pending: Vec<Migration>,
}

/// The state of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SchemaState {
    /// 0 if there is none.
    version: i32,
    /// The oldest version that may work with it.
    oldest: i32,
}

/// Migrates the schema to the current version.
///
/// # Errors
///
/// - [`OpenError::Address`], [`OpenError::Unreachable`], [`OpenError::Refused`],
///   [`OpenError::Tls`], [`OpenError::ReadOnly`], [`OpenError::Encoding`]: the database cannot
///   be used.
/// - [`OpenError::NotPermitted`]: the role may not change the schema.
/// - [`OpenError::Newer`]: a newer release has migrated it beyond what this one supports.
/// - [`OpenError::Storage`]: a migration failed and was rolled back.
pub async fn migrate(options: &Options) -> Result<Migrated, OpenError> {
    let database = Database::new(&options.url, options)?;
    let migrated = run(&database, options).await;
    database.close();
    migrated
}

/// As [`migrate`], on open connections.
///
/// # Errors
///
/// As [`migrate`].
pub(crate) async fn run(database: &Database, options: &Options) -> Result<Migrated, OpenError> {
    let (handshake, before) = find(database, options).await?;
    let migrated = run_on(&handshake.connection, MIGRATIONS, before).await;
    match migrated {
        Ok(migrated) => {
            check_permitted(&handshake).await?;
            Ok(migrated)
        }
        Err(failure) => {
            let error = open_error(failure, ACT, grant_of_schema(&handshake));
            // It may be in the middle of a transaction.
            discard(handshake.connection);
            Err(error)
        }
    }
}

/// Reads the version of the schema. Changes nothing.
///
/// # Errors
///
/// As [`migrate`].
pub async fn inspect(options: &Options) -> Result<Inspected, OpenError> {
    let database = Database::new(&options.url, options)?;
    let state = find(&database, options).await.map(|(_, state)| state);
    database.close();
    let found = state?.version;
    let pending = MIGRATIONS.iter().filter(|migration| found < migration.version);
    Ok(Inspected { found, pending: pending.copied().collect() })
}

/// Connects and reads the version of a schema that is not too new.
async fn find(
    database: &Database,
    options: &Options,
) -> Result<(Handshake, SchemaState), OpenError> {
    let handshake = handshake(database, options).await?;
    let state = read(&handshake.connection).await;
    let refused = |failure| open_error(failure, "reading the schema", grant_of_tables(&handshake));
    let state = state.map_err(refused)?;
    check_not_newer(state)?;
    Ok((handshake, state))
}

fn open_error(failure: Failure, act: &'static str, advice: String) -> OpenError {
    if failure.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return OpenError::NotPermitted { reason: failure.reason(), advice };
    }
    OpenError::Storage(failure.into_storage_error(act))
}

/// Checks that this release can work with the schema.
///
/// # Errors
///
/// [`OpenError::Older`] or [`OpenError::Newer`] if it cannot; else as [`migrate`].
pub(crate) async fn check(database: &Database, options: &Options) -> Result<(), OpenError> {
    let (handshake, state) = find(database, options).await?;
    let known = newest();
    if state.version < known {
        return Err(OpenError::Older { found: state.version, needed: known });
    }
    check_permitted(&handshake).await
}

async fn run_on(
    connection: &Connection,
    migrations: &[Migration],
    before: SchemaState,
) -> Result<Migrated, Failure> {
    let mut migrated = Migrated { before: before.version, now: before.version, names: Vec::new() };
    if migrations.iter().all(|migration| migration.version <= before.version) {
        return Ok(migrated);
    }
    prepare(connection).await?;
    for migration in migrations {
        if apply(connection, migration).await? {
            tracing::info!(
                schema.version = migration.version,
                "brought the schema to version {} ({})",
                migration.version,
                migration.name
            );
            migrated.names.push(migration.name);
        }
        migrated.now = migrated.now.max(migration.version);
    }
    Ok(migrated)
}

/// Creates the table of migrations, unless it exists.
async fn prepare(connection: &Connection) -> Result<(), Failure> {
    let schema = "CREATE SCHEMA IF NOT EXISTS acta;";
    let table = "CREATE TABLE IF NOT EXISTS acta.migrations (version integer PRIMARY KEY, \
         name text NOT NULL, oldest integer NOT NULL, applied timestamptz NOT NULL)";
    let mut attempts_left = PREPARE_COUNT_MAX;
    loop {
        let schema = if has_schema(connection).await? { "" } else { schema };
        let prepared = connection.batch_execute(&format!("{schema} {table}")).await;
        let prepared = prepared.map_err(Failure::from);
        attempts_left -= 1;
        match prepared {
            // "If not exists" does not see a table that another node creates at the same time.
            Err(failure) if is_made_meanwhile(&failure) && 0 < attempts_left => {}
            prepared => return prepared,
        }
    }
}

fn is_made_meanwhile(failure: &Failure) -> bool {
    let made = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
    ];
    failure.code().is_some_and(|code| made.contains(code))
}

/// Runs one migration, unless it is done. Returns whether it was run now.
async fn apply(connection: &Connection, migration: &Migration) -> Result<bool, Failure> {
    let begin = format!(
        "BEGIN; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MILLIS}; SET LOCAL statement_timeout = 0; \
         LOCK TABLE acta.migrations IN SHARE ROW EXCLUSIVE MODE"
    );
    connection.batch_execute(&begin).await?;
    let sql = "SELECT FROM acta.migrations WHERE version = $1";
    if connection.query_opt(sql, &[&migration.version]).await?.is_some() {
        connection.batch_execute("ROLLBACK").await?;
        return Ok(false);
    }
    connection.batch_execute(migration.sql).await?;
    let sql = "INSERT INTO acta.migrations (version, name, oldest, applied) \
         VALUES ($1, $2, $3, now())";
    connection.execute(sql, &[&migration.version, &migration.name, &migration.oldest]).await?;
    connection.batch_execute("COMMIT").await?;
    Ok(true)
}

async fn read(connection: &Connection) -> Result<SchemaState, Failure> {
    let none = SchemaState { version: 0, oldest: 0 };
    let sql = "SELECT version, oldest FROM acta.migrations ORDER BY version DESC LIMIT 1";
    match connection.query_opt(sql, &[]).await.map_err(Failure::from) {
        Ok(row) => {
            Ok(row.map_or(none, |row| SchemaState { version: row.get(0), oldest: row.get(1) }))
        }
        Err(failure) if is_missing(&failure) => Ok(none),
        Err(failure) => Err(failure),
    }
}

fn is_missing(failure: &Failure) -> bool {
    let missing = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME];
    failure.code().is_some_and(|code| missing.contains(code))
}

fn check_not_newer(state: SchemaState) -> Result<(), OpenError> {
    let known = newest();
    if known < state.oldest {
        return Err(OpenError::Newer { found: state.version, known });
    }
    Ok(())
}

/// The newest version of this release.
fn newest() -> i32 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

#[cfg(test)]
mod tests;
