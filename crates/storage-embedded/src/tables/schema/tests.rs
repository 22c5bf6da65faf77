//! Migrations that come later, made up here.

use acta_ambient::Timestamp;
use rusqlite::Connection;

use super::*;
use crate::tables::check::{TableSight, check_open};

const START: Timestamp = Timestamp::from_unix_micros(1_700_000_000_000_000);

/// The version that comes next.
fn next() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap() + 1
}

/// All migrations, and one more.
fn with(script: &'static str) -> Vec<(i64, &'static str)> {
    MIGRATIONS.iter().copied().chain([(next(), script)]).collect()
}

/// All migrations, and one that gives cursors a column.
fn later() -> Vec<(i64, &'static str)> {
    with(
        "ALTER TABLE cursors ADD COLUMN note TEXT NOT NULL DEFAULT '';
         UPDATE cursors SET note = 'of the one before';",
    )
}

/// Tables of today, with a cursor.
fn today() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    apply_pragmas(&connection).unwrap();
    migrate(&mut connection, 0, START).unwrap();
    let sql = "INSERT INTO cursors VALUES (1, 'file', '12', acta_sum('cursors', 1, 'file', '12'))";
    connection.execute(sql, []).unwrap();
    connection
}

fn version_of(connection: &Connection) -> i64 {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What a check comes upon: the rows that are sound, and the rest.
fn checked(connection: &Connection) -> (usize, Vec<TableSight>) {
    let mut sights = Vec::new();
    check_open(connection, &mut |sight| sights.push(sight)).unwrap();
    let all = sights.len();
    sights.retain(|sight| *sight != TableSight::Row);
    (all - sights.len(), sights)
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let versions = MIGRATIONS.iter().map(|(version, _)| *version);
    assert!(versions.eq(1..=i64::try_from(MIGRATIONS.len()).unwrap()));
}

#[test]
fn a_later_migration_brings_older_tables_up_to_date_and_runs_once() {
    let mut connection = today();
    let today = next() - 1;
    assert_eq!((version_of(&connection), check_version(&connection).unwrap()), (today, today));
    // The first tenant, and the cursor.
    assert_eq!(checked(&connection), (2, vec![]));
    migrate_by(&later(), &mut connection, next() - 1, START).unwrap();
    assert_eq!(version_of(&connection), next());
    let noted = "SELECT name || ' ' || value || ' ' || note FROM cursors";
    assert_eq!(texts(&connection, noted), ["file 12 of the one before"]);
    connection.execute("UPDATE cursors SET note = 'of the next'", []).unwrap();
    migrate_by(&later(), &mut connection, next(), START).unwrap();
    assert_eq!(texts(&connection, noted), ["file 12 of the next"]);
    let tenants = "SELECT id FROM records WHERE kind = 'tenant'";
    assert_eq!(texts(&connection, tenants), ["0000000001"], "the first tenant is made once");
}

#[test]
fn new_tables_are_made_by_all_migrations() {
    let mut connection = Connection::open_in_memory().unwrap();
    apply_pragmas(&connection).unwrap();
    migrate_by(&later(), &mut connection, 0, START).unwrap();
    assert_eq!(version_of(&connection), next());
    assert!(texts(&connection, "SELECT note FROM cursors").is_empty());
    assert_eq!(texts(&connection, "SELECT id FROM records"), ["0000000001"]);
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let mut connection = today();
    let schema = "SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name";
    let before = texts(&connection, schema);
    let broken = "CREATE TABLE more (id INTEGER); DELETE FROM cursors; INSERT INTO nothing_there";
    let migrated = migrate_by(&with(broken), &mut connection, next() - 1, START);
    assert!(matches!(migrated, Err(StorageError::Io { .. })), "{migrated:?}");
    assert_eq!(version_of(&connection), next() - 1);
    assert_eq!(texts(&connection, schema), before);
    assert_eq!(texts(&connection, "SELECT value FROM cursors"), ["12"]);
}

#[test]
fn tables_that_a_later_migration_made_are_refused() {
    let mut connection = today();
    migrate_by(&later(), &mut connection, next() - 1, START).unwrap();
    let error = check_version(&connection).unwrap_err();
    let path = Path::new("tables.sqlite");
    let OpenError::Newer { found, known, .. } = open_error(error, path) else { panic!("refused") };
    let known_now = next() - 1;
    assert_eq!((i64::from(found), i64::from(known)), (next(), known_now));
}

#[test]
fn a_file_without_tables_yet_has_nothing_damaged() {
    let connection = Connection::open_in_memory().unwrap();
    apply_pragmas(&connection).unwrap();
    assert_eq!(checked(&connection), (0, vec![]));
}
