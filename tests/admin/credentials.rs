//! `acta credential`, every command of it, on every kind of store.

use acta_tests::{Server, Version, basic, make};
use serde_json::{Value, json};

use crate::admin_store::{AdminStore, StoreKind};

const RESTRICTED: &[&str] = &[
    "credential",
    "create",
    "--label",
    "LMS",
    "--scope",
    "statements/write,state",
    "--scope",
    "define",
    "--activity-prefix",
    "https://a.example/",
    "--activity-prefix",
    "https://b.example/",
    "--origin",
    "https://lms.example",
    "--authority-account",
    "https://lms.example",
    "the lms",
    "--authority-name",
    "The LMS",
    "--expires",
    "2099-03-31",
];

fn check(kind: StoreKind) {
    let store = AdminStore::new(kind);
    let made = store.run_json(RESTRICTED);
    assert_eq!(made["scopes"], json!(["statements/write", "state", "define"]), "{kind:?}");
    assert_eq!(made["activity_prefixes"], json!(["https://a.example/", "https://b.example/"]));
    assert_eq!(made["origins"], json!(["https://lms.example"]));
    assert_eq!(made["expires"], "2099-03-31T00:00:00.000000Z");
    let account = json!({ "homePage": "https://lms.example", "name": "the lms" });
    assert_eq!(
        (&made["authority"]["account"], &made["authority"]["name"]),
        (&account, &json!("The LMS"))
    );
    let (key, secret) = (made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
    check_usual(&store);
    check_changing(&store, key);
    let rotated = store.run_json(&["credential", "rotate", key, "--overlap", "1h"]);
    assert_ne!(rotated["secret"], secret);
    assert_eq!(rotated["secrets"].as_array().unwrap().len(), 2);
    check_token(&store, key);
    let listed = store.run(&["credential", "list"]);
    assert!(listed.contains(key) && listed.contains("blackbox"), "{listed}");
    assert!(!listed.contains(secret));
    store.run(&["credential", "remove", key]);
    store.refuse(&["credential", "show", key], 1, "not found");
    store.refuse(&["credential", "create", "--label", "x", "--scope", "y"], 2, "not a scope");
    store.run(&["tenant", "create", "another"]);
    store.refuse(&["credential", "list"], 2, "select one with --tenant");
    let of_other = store.run_json(&["credential", "list", "--tenant", "2"]);
    assert_eq!(of_other["items"], json!([]));
    store.refuse(&["credential", "show", "blackbox", "--tenant", "2"], 1, "not found");
}

/// What a credential is for which nothing is said.
fn check_usual(store: &AdminStore) {
    let shown = store.run(&["credential", "create", "--label", "simple"]);
    assert!(shown.contains("cannot be shown again"), "{shown}");
    let of = |name: &str| {
        let line = shown.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::trim).unwrap_or_default().to_owned()
    };
    let (key, secret) = (of("  key "), of("  secret "));
    assert_eq!(of("scopes"), "statements/write, statements/read/mine");
    if let Some(server) = store.server() {
        let client = server.client(Version::V2_0_0);
        let header = basic(&key, &secret);
        let stored = client.post("/statements").json(&make::statement());
        stored.header("Authorization", &header).send().expect(200);
        let state = client.get("/activities/profile").query("activityId", "https://a.example/1");
        state.header("Authorization", &header).send().expect(403);
    }
}

fn check_changing(store: &AdminStore, key: &str) {
    let change = ["credential", "change", key];
    let with = |more: &[&str]| store.run_json(&[&change[..], more].concat());
    assert_eq!(with(&["--label", "other"])["label"], "other");
    let read_only = with(&["--read-only", "on"]);
    assert_eq!(read_only["is_read_only"], true);
    assert_eq!(read_only["activity_prefixes"].as_array().unwrap().len(), 2, "stays as it was");
    let opened = with(&["--activity-prefix", "none", "--origin", "https://c.example"]);
    assert_eq!(
        (&opened["activity_prefixes"], &opened["origins"]),
        (&json!([]), &json!(["https://c.example"]))
    );
    let own = with(&["--own-authority", "--expires", "none", "--read-only", "off"]);
    assert_eq!((&own["authority"], &own["expires"]), (&Value::Null, &Value::Null));
    assert_eq!(with(&["--scope", "all"])["scopes"], json!(["all"]));
    assert_eq!(with(&["--origin", "none"])["origins"], json!([]));
    store.refuse(&change, 2, "no change was given");
    let faulty = [&change[..], &["--activity-prefix", "no prefix"]].concat();
    store.refuse(&faulty, 1, "--activity-prefix: ");
}

fn check_token(store: &AdminStore, key: &str) {
    let activities = ["https://a.example/1", "https://publisher.example/2"];
    let made = store.run_json(&[
        "credential",
        "token",
        key,
        "--agent",
        "mailto:ada@example.org",
        "--activity",
        activities[0],
        "--activity",
        activities[1],
        "--registration",
        "0c7a9e44-8a0c-4b5c-9e46-7f3b2f1f9a11",
        "--lifetime",
        "1h",
    ]);
    let token = made["token"].as_str().unwrap();
    assert!(made["basic"].as_str().unwrap().starts_with("Basic "), "{made}");
    if let Some(server) = store.server() {
        for activity in activities {
            check_bound(server, &format!("Bearer {token}"), activity);
        }
    }
    let agent = r#"{"account":{"homePage":"https://a.example","name":"ada"}}"#;
    let shown = store.run(&["credential", "token", key, "--agent", agent]);
    assert!(shown.contains("token") && shown.contains("cannot be shown again"), "{shown}");
    store.refuse(
        &["credential", "token", key, "--agent", "mailto:a@example.org", "--lifetime", "25h"],
        1,
        "at most 24 hours",
    );
}

/// The token is good for its learner and its activities alone.
fn check_bound(server: &Server, header: &str, activity: &str) {
    let client = server.client(Version::V2_0_0);
    let table = [
        ("mailto:ada@example.org", activity, 404),
        ("mailto:eve@example.org", activity, 403),
        ("mailto:ada@example.org", "https://a.example/3", 403),
    ];
    for (mailbox, activity, status) in table {
        let state = client.get("/activities/state").query("activityId", activity);
        let state = state.query("agent", &json!({ "mbox": mailbox }).to_string());
        let state = state.query("stateId", "bookmark");
        let state = state.query("registration", "0c7a9e44-8a0c-4b5c-9e46-7f3b2f1f9a11");
        state.header("Authorization", header).send().expect(status);
    }
}

#[test]
fn credentials_of_a_served_store() {
    check(StoreKind::Served);
}

#[test]
fn credentials_of_an_unserved_store() {
    check(StoreKind::Unserved);
}

#[test]
fn credentials_of_a_store_in_a_database() {
    check(StoreKind::Database);
}
