//! `acta follower`, every command of it, on every kind of store.

use serde_json::json;

use crate::admin_store::{AdminStore, StoreKind};

/// Whether all followers are listed, with what is known of them there.
fn check_list(kind: StoreKind, store: &AdminStore) {
    let listed = store.run_json(&["follower", "list"]);
    let names: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["entities", "facts", "proof"], "{kind:?}");
    assert_eq!((&listed["items"][0]["is_paused"], &listed["next"]), (&json!(false), &json!(null)));
    // Facts are on the servers of a store in a database, and not where the command runs.
    let facts = &listed["items"][1];
    assert_eq!(facts["lag"].is_null(), kind == StoreKind::Database, "{kind:?}: {facts}");
    assert_eq!((&facts["is_paused"], &facts["error"]), (&json!(false), &json!(null)), "{kind:?}");
    // Proofs are made only where they are enabled.
    assert!(listed["items"][2]["lag"].is_null(), "{kind:?}: {listed}");
    let shown = store.run(&["follower", "list"]);
    assert!(shown.contains("NAME      PAUSED  LAG"), "{shown}");
    assert!(shown.contains("TENANTS BEHIND  ERROR"), "{shown}");
    assert!(shown.contains("entities") && shown.contains("facts"), "{shown}");
}

fn check(kind: StoreKind) {
    let store = AdminStore::new(kind);
    check_list(kind, &store);
    assert_eq!(store.run_json(&["follower", "pause", "entities"])["is_paused"], true);
    assert_eq!(store.run_json(&["follower", "list"])["items"][0]["is_paused"], true, "it stays so");
    assert_eq!(store.run_json(&["follower", "pause", "entities"])["is_paused"], true);
    assert_eq!(store.run_json(&["follower", "resume", "entities"])["is_paused"], false);
    assert_eq!(store.run_json(&["follower", "rebuild", "entities"])["name"], "entities");
    if kind == StoreKind::Database {
        store.refuse(&["follower", "rebuild", "facts"], 1, "on each server that runs it");
    }
    for (act, is_paused) in [("pause", true), ("resume", false)] {
        let facts = store.run_json(&["follower", act, "facts"]);
        assert_eq!((&facts["name"], &facts["is_paused"]), (&json!("facts"), &json!(is_paused)));
    }
    store.refuse(&["follower", "rebuild", "proof"], 1, "without being asked for");
    store.refuse(&["follower", "pause", "unheard-of"], 1, "not found");
    let acts = store.run_json(&["audit", "list", "--server"]);
    let acts: Vec<&str> = acts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["act"].as_str().unwrap())
        .filter(|act| act.starts_with("follower."))
        .collect();
    // Commands without a change are not recorded.
    let [paused, resumed, rebuilt] = ["follower.paused", "follower.resumed", "follower.rebuilt"];
    assert_eq!(acts, [resumed, paused, rebuilt, resumed, paused]);
}

#[test]
fn followers_of_a_served_store() {
    check(StoreKind::Served);
}

#[test]
fn followers_of_an_unserved_store() {
    check(StoreKind::Unserved);
}

#[test]
fn followers_of_a_store_in_a_database() {
    check(StoreKind::Database);
}
