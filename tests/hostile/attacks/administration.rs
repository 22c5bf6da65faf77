//! Attacks of a credential that administers its tenant: imports and searches of persons and groups,
//! the audit, lists of statements, and changes.

use std::fmt::Write as _;

use acta_tests::{Call, Client};
use serde_json::json;

use super::attack::{Attack, AttackerKind, Sender, TENANT, status};
use super::xapi::store_wide;
use crate::bodies::list;

/// Most rows of an import.
const ROWS_MAX: usize = 10_000;

/// Rows of the imports that change something.
const ROWS: usize = 500;

/// Persons that are searched and exported, and entries of the audit.
const PERSONS: usize = 5_000;
const ENTRIES: usize = 300;

const BY_ADMINISTRATOR: Attack =
    Attack { attacker: AttackerKind::Administrator, ..Attack::OF_TENANT };

/// A request below the attacker's tenant.
fn call<'a>(client: &'a Client, method: &str, path: &str) -> Call<'a> {
    client.call_outside(method, &format!("/api/v1/tenants/{TENANT}{path}"))
}

/// Sends the same GET again and again.
fn get(path: &'static str) -> Sender {
    Box::new(move |client| status(call(client, "GET", path)))
}

/// Persons as comma-separated values, each with two identifiers, which begin with `prefix`.
fn persons(prefix: &str, count: usize) -> String {
    let mut text = String::from("name,mbox,account.homePage,account.name,unit\n");
    for row in 0..count {
        let name = format!("{prefix}-{row}");
        writeln!(text, "Person {row},{name}@example.org,https://lms.example,{name},{}", row % 20)
            .unwrap();
    }
    text
}

/// Members of groups as comma-separated values.
fn members(prefix: &str, count: usize) -> String {
    let mut text = String::from("group,kind,mbox,from\n");
    for row in 0..count {
        let group = row % 50;
        writeln!(text, "School/{prefix}/{group},unit,{row}@example.org,2026-01-01").unwrap();
    }
    text
}

/// Imports what is new each time.
fn import(
    path: &'static str,
    (connection, rows): (usize, usize),
    write: fn(&str, usize) -> String,
) -> Sender {
    let mut number = 0;
    Box::new(move |client| {
        number += 1;
        let text = write(&format!("{connection}-{number}"), rows);
        status(call(client, "POST", path).body("text/csv", text))
    })
}

/// Checks the longest import.
fn check_import(path: &'static str, write: fn(&str, usize) -> String) -> Sender {
    let text = write("checked", ROWS_MAX);
    Box::new(move |client| {
        let call = call(client, "POST", path).query("dry_run", "true");
        status(call.body("text/csv", text.as_bytes()))
    })
}

fn store_persons(client: &Client) {
    let text = persons("known", PERSONS);
    call(client, "POST", "/persons/import").body("text/csv", text).send().expect(200);
}

/// Changes the tenant, each time with an entry in the audit.
fn fill_audit(client: &Client) {
    for number in 0..ENTRIES {
        let name = json!({ "name": format!("School {number}") });
        call(client, "PATCH", "").header("If-Match", "*").json(&name).send().expect(200);
    }
}

fn create_credential(connection: usize) -> Sender {
    let body = json!({ "label": format!("{connection}"), "scopes": ["statements/write"] });
    Box::new(move |client| status(call(client, "POST", "/credentials").json(&body)))
}

/// Sets rules of persons, as many as there may be.
fn set_rules(connection: usize) -> Sender {
    let lists = list(20, |number| {
        let pages = list(20, |page| format!(r#""https://{number}.example/{connection}/{page}""#));
        format!("[{pages}]")
    });
    let text = format!(r#"{{"home_pages":[{lists}],"mailbox_sha1":true}}"#);
    Box::new(move |client| status(call(client, "PUT", "/person-rules").json_text(&text)))
}

/// Imports and reads of persons and groups.
fn of_persons() -> Vec<Attack> {
    vec![
        Attack {
            name: "imports of persons",
            connections: 8,
            // The last two if another import has changed persons at the same time.
            answers: &[200, 409, 412],
            open: |connection| import("/persons/import", (connection, ROWS), persons),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "imports of groups",
            connections: 8,
            answers: &[200, 409, 412],
            open: |connection| import("/groups/import", (connection, ROWS), members),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "checks of imports of persons",
            open: |_| check_import("/persons/import", persons),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "checks of imports of groups",
            open: |_| check_import("/groups/import", members),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "searches for nobody",
            prepare: store_persons,
            open: |_| get("/persons?search=there+is+nobody&limit=200"),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "exports of persons",
            connections: 8,
            prepare: store_persons,
            open: |_| get("/persons/export"),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "rules of persons",
            answers: &[200, 409, 412],
            prepare: store_persons,
            open: set_rules,
            ..BY_ADMINISTRATOR
        },
    ]
}

/// Reads of the audit and of statements, and changes.
fn of_tenants() -> Vec<Attack> {
    vec![
        Attack {
            name: "searches of the audit for nothing",
            connections: 64,
            prepare: fill_audit,
            open: |_| get("/audit?act=nothing&target=nothing&limit=200"),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "exports of the audit",
            prepare: fill_audit,
            open: |_| get("/audit/export?format=csv"),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "proofs of the audit",
            prepare: fill_audit,
            open: |_| get("/audit/verify"),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "lists of statements",
            prepare: store_wide,
            open: |_| get("/statements?limit=0"),
            ..BY_ADMINISTRATOR
        },
        Attack {
            name: "credentials",
            // The last one when the tenant has as many as it may have.
            answers: &[201, 409],
            open: create_credential,
            ..BY_ADMINISTRATOR
        },
    ]
}

pub(super) fn attacks() -> Vec<Attack> {
    [of_persons(), of_tenants()].concat()
}
