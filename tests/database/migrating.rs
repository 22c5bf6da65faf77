//! `acta migrate`.

use std::process::{Command, Stdio};

use acta_test_postgres::Database;
use acta_tests::{acta, run};
use serde_json::{Value, json};

use crate::{check_refused, migrate};

/// Processes that begin at once.
const CROWD: usize = 5;

fn check_of(database: &Database) -> (Option<i32>, Value) {
    let ran =
        run(acta().args(["migrate", "--check", "--json"]).env("ACTA_STORAGE_URL", database.url()));
    (ran.code, serde_json::from_str(&ran.out).unwrap())
}

#[test]
fn migrate_creates_the_schema_and_reports_both_versions() {
    let database = Database::fresh();
    let pending = json!({ "now": 0, "pending": ["first", "tiles"], "known": 2 });
    assert_eq!(check_of(&database), (Some(1), pending));
    assert_eq!(database.sql("SELECT to_regnamespace('acta') IS NULL"), "t");

    let first = migrate(&database.url(), &[]);
    assert_eq!(first.code, Some(0), "{}", first.err);
    assert_eq!(first.err, "migrated the schema from version 0 to version 2: first, tiles\n");

    let none = json!({ "now": 2, "pending": [], "known": 2 });
    assert_eq!(check_of(&database), (Some(0), none));
    let second = migrate(&database.url(), &[]);
    assert_eq!(second.err, "the schema has version 2 and is up to date\n");
}

#[test]
fn the_url_can_be_an_argument_or_in_a_file() {
    let (database, folder) = (Database::fresh(), tempfile::tempdir().unwrap());
    let flag = run(acta().args(["migrate", "--check", "--storage", &database.url()]));
    assert_eq!(flag.code, Some(1), "{}", flag.err);
    let file = folder.path().join("url");
    std::fs::write(&file, database.url() + "\n").unwrap();
    let from_file = run(acta().args(["migrate"]).env("ACTA_STORAGE_URL_FILE", &file));
    assert_eq!(from_file.code, Some(0), "{}", from_file.err);

    let shown = run(acta().args(["config", "show"]).env("ACTA_STORAGE_URL", database.url()));
    let line = shown.out.lines().find(|line| line.starts_with("storage.url ")).unwrap();
    assert!(line.contains("***") && line.ends_with("environment"), "{line}");
}

#[test]
fn concurrent_migrations_run_once() {
    let database = Database::fresh();
    let mut command = acta();
    command.args(["migrate", "--json"]).env("ACTA_STORAGE_URL", database.url());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let children: Vec<_> = (0..CROWD).map(|_| Command::spawn(&mut command).unwrap()).collect();
    let mut done_count = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(outcome["now"], 2);
        done_count += outcome["done"].as_array().unwrap().len();
    }
    assert_eq!(done_count, 2);
    let sql = "SELECT string_agg(version || ' ' || name, ', ' ORDER BY version) \
         FROM acta.migrations";
    assert_eq!(database.sql(sql), "1 first, 2 tiles");
}

#[test]
fn a_directory_has_nothing_to_migrate() {
    let ran = run(acta().arg("migrate"));
    check_refused(&ran, "there is nothing to migrate: storage.url is not set");
}

#[test]
fn commands_for_directories_refuse_a_database_and_name_the_alternative() {
    let table: &[(&[&str], &str)] = &[
        (&["backup", "--to", "there"], "pg_dump"),
        (&["restore", "--from", "there"], "pg_restore"),
        (&["verify"], "amcheck"),
        (&["reindex"], "REINDEX"),
    ];
    for (arguments, expected) in table {
        let mut command = acta();
        command.args(*arguments).env("ACTA_STORAGE_URL", "postgres://nowhere.example/acta");
        check_refused(&run(&mut command), expected);
        // A named directory is used.
        let named = run(command.args(["--data", "no-such-store"]));
        assert!(!named.err.contains("storage.url"), "{}", named.err);
    }
}

#[test]
fn a_newer_schema_is_refused_unless_this_release_can_work_beside_it() {
    let database = Database::fresh();
    assert_eq!(migrate(&database.url(), &[]).code, Some(0));
    database.sql("INSERT INTO acta.migrations VALUES (3, 'next', 1, now())");
    let beside = migrate(&database.url(), &[]);
    assert_eq!(beside.code, Some(0), "{}", beside.err);
    assert!(beside.err.contains("version 3, from a newer release"), "{}", beside.err);

    database.sql("INSERT INTO acta.migrations VALUES (7, 'far', 4, now())");
    let newer = migrate(&database.url(), &[]);
    check_refused(
        &newer,
        "the schema of the database has version 7, which this release, made for version 2, cannot work with; update Acta",
    );
}
