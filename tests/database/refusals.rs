//! What is said about a database that cannot be used.

use std::net::TcpListener;
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_test_postgres::{Cluster, Database, SHARED_SETTINGS};

use crate::{check_refused, migrate, with};

/// Settings under which nobody waits for what does not come.
const AT_ONCE: &[(&str, &str)] = &[("ACTA_STORAGE_CONNECT_TIMEOUT", "100ms")];

/// Makes a role that may log in and nothing else. Returns the URL for it.
fn role(database: &Database, name: &str, options: &str) -> String {
    let name = format!("{name}_{}", database.name());
    database.sql(&format!("CREATE ROLE {name} LOGIN PASSWORD 'hunter2' {options}"));
    let url = database.url();
    let (user, rest) = url.split_once('@').unwrap();
    assert!(user.starts_with("postgres://"), "{user}");
    format!("postgres://{name}:hunter2@{rest}")
}

fn drop_role(database: &Database, name: &str) {
    let name = format!("{name}_{}", database.name());
    database.sql(&format!("DROP OWNED BY {name}; DROP ROLE {name}"));
}

#[test]
fn an_unreachable_server_is_waited_for_and_reported() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://ada:hunter2@127.0.0.1:{port}/acta");
    let clock = SystemClock::new();
    let output = migrate(&url, &[("ACTA_STORAGE_CONNECT_TIMEOUT", "1s")]);
    check_refused(
        &output,
        &format!(
            "no database answers at 127.0.0.1:{port}/acta: Connection refused (os error 111); \
             check that the server runs, listens there"
        ),
    );
    assert!(Duration::from_secs(1) <= clock.elapsed());
    assert!(!output.err.contains("hunter2"), "{}", output.err);

    let unknown = migrate("postgres://nowhere.invalid/acta?sslmode=disable", AT_ONCE);
    check_refused(&unknown, "no database answers at nowhere.invalid:5432/acta: ");
}

#[test]
fn a_server_that_starts_in_time_is_waited_for() {
    let mut cluster = Cluster::running(SHARED_SETTINGS);
    let url = cluster.url("postgres");
    cluster.stop();
    let output = std::thread::scope(|scope| {
        let migrated = scope.spawn(|| migrate(&url, &[("ACTA_STORAGE_CONNECT_TIMEOUT", "30s")]));
        cluster.start();
        migrated.join().unwrap()
    });
    assert_eq!(output.code, Some(0), "{}", output.err);
}

#[test]
fn the_message_of_a_refusing_server_is_reported_with_advice() {
    let database = Database::fresh();
    let url = database.url();
    let missing = with(&url, database.name(), "no_such_database");
    let expected = "refuses connections: database \"no_such_database\" does not exist; make it there: \
         CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0";
    check_refused(&migrate(&missing, &[]), expected);

    let wrong_password = with(&role(&database, "ada", ""), "hunter2", "hunter3");
    let output = migrate(&wrong_password, &[]);
    check_refused(&output, "; check user and password in storage.url");
    assert!(output.err.contains("password authentication failed for user"), "{}", output.err);
    drop_role(&database, "ada");

    let crowded = role(&database, "bob", "CONNECTION LIMIT 0");
    check_refused(&migrate(&crowded, &[]), "; raise max_connections there, or lower");
    drop_role(&database, "bob");

    database.sql(&format!("REVOKE CONNECT ON DATABASE {} FROM public", database.name()));
    let outside = role(&database, "eve", "");
    check_refused(&migrate(&outside, &[]), "can execute: GRANT CONNECT ON DATABASE");
    drop_role(&database, "eve");
}

#[test]
fn a_database_that_is_not_in_utf8_is_refused() {
    let database = Database::fresh();
    let name = format!("ascii_{}", database.name());
    database
        .sql(&format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'"));
    let url = with(&database.url(), database.name(), &name);
    check_refused(&migrate(&url, &[]), "the database is encoded in SQL_ASCII; it must be UTF8");
    database.sql(&format!("DROP DATABASE {name}"));
}

#[test]
fn a_read_only_database_is_refused() {
    let database = Database::fresh();
    let name = database.name();
    database.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    let output = migrate(&database.url(), &[]);
    check_refused(&output, &format!("/{name} is read only: a replica, or set to"));
}

#[test]
fn the_missing_grant_to_create_the_schema_is_reported() {
    let database = Database::fresh();
    let (name, url) = (database.name(), role(&database, "ada", ""));
    let output = migrate(&url, &[]);
    check_refused(&output, &format!("GRANT CREATE ON DATABASE {name} TO ada_{name}"));

    // What it names is enough.
    database.sql(&format!("GRANT CREATE ON DATABASE {name} TO ada_{name}"));
    let output = migrate(&url, &[]);
    assert_eq!(output.code, Some(0), "{}", output.err);
    drop_role(&database, "ada");
}

#[test]
fn a_schema_that_was_made_for_the_role_is_enough() {
    let database = Database::fresh();
    let (name, url) = (database.name(), role(&database, "ada", ""));
    database.sql(&format!("CREATE SCHEMA acta AUTHORIZATION ada_{name}"));
    let output = migrate(&url, &[]);
    assert_eq!(output.code, Some(0), "{}", output.err);
    drop_role(&database, "ada");
}

#[test]
fn missing_grants_on_tables_are_reported() {
    let database = Database::fresh();
    assert_eq!(migrate(&database.url(), &[]).code, Some(0));
    let (name, url) = (database.name(), role(&database, "ada", ""));
    let grants = format!(
        "GRANT USAGE ON SCHEMA acta TO ada_{name}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL \
         TABLES IN SCHEMA acta TO ada_{name}"
    );
    check_refused(&migrate(&url, &[]), &grants);
    database.sql(&format!("GRANT USAGE ON SCHEMA acta TO ada_{name}"));
    check_refused(&migrate(&url, &[]), &grants);
    database.sql(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA acta TO ada_{name}"));
    check_refused(&migrate(&url, &[]), &grants);

    database.sql(&grants);
    let output = migrate(&url, &[]);
    assert_eq!(output.code, Some(0), "{}", output.err);
    drop_role(&database, "ada");
}

#[test]
fn an_address_that_cannot_be_understood_is_refused_without_its_password() {
    let output = migrate("postgres://ada:hunter2@db:port/acta", &[]);
    check_refused(&output, "the URL of the database is invalid: invalid value for option `port`");
    assert!(!output.err.contains("hunter2"), "{}", output.err);
}
