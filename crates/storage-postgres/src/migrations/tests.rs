//! Migrations that come later, made up here.

use std::sync::Arc;

use acta_ambient::{SystemClock, SystemEntropy};
use acta_test_postgres::Database as TestDatabase;
use futures_util::future::join_all;

use super::*;

/// Nodes that begin at once.
const CROWD: usize = 5;

fn options(place: &TestDatabase) -> Options {
    Options::new(&place.url(), Arc::new(SystemClock::new()), Arc::new(SystemEntropy))
}

/// The version that comes next.
fn next() -> i32 {
    newest() + 1
}

/// All migrations, and one more, beside which releases can work from the version `oldest` on.
fn with(sql: &'static str, oldest: i32) -> Vec<Migration> {
    let added = Migration { version: next(), name: "later", oldest, sql };
    MIGRATIONS.iter().copied().chain([added]).collect()
}

/// All migrations, and one that gives cursors a column.
fn later(oldest: i32) -> Vec<Migration> {
    with(
        "ALTER TABLE acta.cursors ADD COLUMN note text NOT NULL DEFAULT ''; \
         UPDATE acta.cursors SET note = 'of the one before';",
        oldest,
    )
}

/// A database with the schema of today, and a cursor.
async fn today() -> TestDatabase {
    let place = TestDatabase::fresh();
    let migrated = migrate(&options(&place)).await.unwrap();
    assert_eq!((migrated.before, migrated.now), (0, newest()));
    place.sql("INSERT INTO acta.cursors VALUES (1, 'file', '12')");
    place
}

/// What a release does that has these migrations.
async fn run_all(place: &TestDatabase, migrations: &[Migration]) -> Result<Migrated, Failure> {
    let options = options(place);
    let database = Database::new(&options.url, &options).unwrap();
    let (handshake, before) = find(&database, &options).await.unwrap();
    let migrated = run_on(&handshake.connection, migrations, before).await;
    discard(handshake.connection);
    database.close();
    migrated
}

fn cursors(place: &TestDatabase) -> String {
    place.sql("SELECT name || ' ' || value || ' ' || note FROM acta.cursors")
}

#[test]
fn migrations_are_numbered_without_gaps() {
    let versions = MIGRATIONS.iter().map(|migration| migration.version);
    assert!(versions.eq(1..=i32::try_from(MIGRATIONS.len()).unwrap()));
    assert!(MIGRATIONS.iter().all(|migration| migration.oldest <= migration.version));
}

#[tokio::test]
async fn a_later_migration_brings_an_older_schema_up_to_date_and_runs_once() {
    let place = today().await;
    let names = vec!["later"];
    let expected = Migrated { before: newest(), now: next(), names };
    assert_eq!(run_all(&place, &later(1)).await.unwrap(), expected);
    assert_eq!(cursors(&place), "file 12 of the one before");
    place.sql("UPDATE acta.cursors SET note = 'of the next'");
    let again = Migrated { before: next(), now: next(), names: Vec::new() };
    assert_eq!(run_all(&place, &later(1)).await.unwrap(), again);
    assert_eq!(cursors(&place), "file 12 of the next");
}

#[tokio::test]
async fn a_new_schema_is_made_by_all_migrations() {
    let place = TestDatabase::fresh();
    let migrated = run_all(&place, &later(1)).await.unwrap();
    assert_eq!((migrated.before, migrated.now), (0, next()));
    let names: Vec<_> = later(1).iter().map(|migration| migration.name).collect();
    assert_eq!(migrated.names, names);
}

#[tokio::test]
async fn one_of_several_nodes_runs_a_migration() {
    let place = today().await;
    let migrations = later(1);
    let migrated = join_all((0..CROWD).map(|_| run_all(&place, &migrations))).await;
    let mut run_count = 0;
    for migrated in migrated {
        let migrated = migrated.unwrap();
        assert_eq!(migrated.now, next());
        run_count += migrated.names.len();
    }
    assert_eq!(run_count, 1);
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let place = today().await;
    let broken = "CREATE TABLE acta.more (id integer); DELETE FROM acta.cursors; \
         INSERT INTO acta.nothing_there VALUES (1)";
    let migrated = run_all(&place, &with(broken, 1)).await;
    assert!(migrated.is_err(), "{migrated:?}");
    assert_eq!(place.sql("SELECT to_regclass('acta.more') IS NULL"), "t");
    assert_eq!(place.sql("SELECT value FROM acta.cursors"), "12");
    assert_eq!(inspect(&options(&place)).await.unwrap().found, newest());
}

#[tokio::test]
async fn this_release_works_beside_a_later_migration_that_permits_it_and_no_other() {
    for (oldest, is_permitted) in [(1, true), (newest(), true), (next(), false)] {
        let place = today().await;
        run_all(&place, &later(oldest)).await.unwrap();
        let migrated = migrate(&options(&place)).await;
        if is_permitted {
            assert_eq!(migrated.unwrap().names, [""; 0], "{oldest}");
        } else {
            let is_refused = matches!(migrated, Err(OpenError::Newer { found, known })
                if (found, known) == (next(), newest()));
            assert!(is_refused, "{migrated:?}");
        }
    }
}
