//! Groups and persons stay what they are in backups and copies of a store.

use std::path::Path;

use acta_test_postgres::Database;
use acta_tests::{Engine, acta, run};
use serde_json::{Value, json};

use super::groups::School;

/// What a command prints as JSON about the store in a directory.
#[track_caller]
fn shown(data: &Path, arguments: &[&str]) -> Value {
    let mut command = acta();
    let ran = run(command.args(arguments).arg("--json").arg("--data").arg(data));
    assert_eq!(ran.code, Some(0), "{arguments:?}: {} {}", ran.out, ran.err);
    serde_json::from_str(&ran.out).expect("the command prints JSON")
}

/// What is known of persons and groups, and how statements count by them.
#[track_caller]
fn known(data: &Path, group: &str) -> [Value; 5] {
    let counts = shown(data, &["query", "--by", "person", "--by", "group", "--by", "person.unit"]);
    [
        shown(data, &["person", "list"]),
        shown(data, &["person", "rules"]),
        shown(data, &["group", "list"]),
        shown(data, &["group", "member", "list", group]),
        counts["rows"].clone(),
    ]
}

#[track_caller]
fn succeed(arguments: &[&str], places: [(&str, &Path); 2]) {
    let mut command = acta();
    command.args(arguments);
    for (name, place) in places {
        command.arg(name).arg(place);
    }
    let ran = run(&mut command);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {} {}", ran.out, ran.err);
}

#[test]
fn groups_and_persons_stay_in_backups_and_copies() {
    let mut school = School::new(Engine::Embedded);
    let science = school.group("Science", "unit", None);
    let physics = school.group("Physics", "class", Some(&science));
    let ada = json!({"mbox": "mailto:ada@example.org"});
    let member = json!({"agent": ada, "periods": [{"until": "2026-04-01"}]});
    school.call("POST", &format!("/groups/{physics}/members"), Some(&member), 200);
    let joined = json!({"identifiers": [{"mbox": "mailto:bob@example.org"},
        {"account": {"homePage": "https://lms.example", "name": "bob"}}],
        "name": "Bob", "attributes": {"unit": "North"}});
    school.call("POST", "/persons", Some(&joined), 201);
    let store = school.asked.store.data();
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let (backup, restored, copied, back) =
        (place("backup"), place("restored"), place("copied"), place("back"));
    succeed(&["backup"], [("--data", &store), ("--to", &backup)]);
    school.asked.server.kill();

    let expected = known(&store, &physics);
    let counts = expected[4].to_string();
    assert!(counts.contains(&physics) && counts.contains("North"), "{counts}");
    succeed(&["restore"], [("--from", &backup), ("--data", &restored)]);
    assert_eq!(known(&restored, &physics), expected, "restored");
    succeed(&["copy"], [("--from", &store), ("--to", &copied)]);
    assert_eq!(known(&copied, &physics), expected, "copied");
    let database = Database::fresh();
    let url = database.url();
    succeed(&["copy"], [("--from", &store), ("--to", Path::new(&url))]);
    succeed(&["copy"], [("--from", Path::new(&url)), ("--to", &back)]);
    assert_eq!(known(&back, &physics), expected, "copied through a database");
}
