//! `acta follower`, every command of it, on every kind of store.

use serde_json::json;

use crate::admin_store::{AdminStore, StoreKind};

fn check(kind: StoreKind) {
    let store = AdminStore::new(kind);
    let listed = store.run_json(&["follower", "list"]);
    let names: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["entities"], "{kind:?}");
    assert_eq!((&listed["items"][0]["is_paused"], &listed["next"]), (&json!(false), &json!(null)));
    let shown = store.run(&["follower", "list"]);
    assert!(shown.contains("NAME      PAUSED  LAG  TENANTS BEHIND"), "{shown}");
    assert!(shown.contains("entities"), "{shown}");
    assert_eq!(store.run_json(&["follower", "pause", "entities"])["is_paused"], true);
    assert_eq!(store.run_json(&["follower", "list"])["items"][0]["is_paused"], true, "it stays so");
    assert_eq!(store.run_json(&["follower", "pause", "entities"])["is_paused"], true);
    assert_eq!(store.run_json(&["follower", "resume", "entities"])["is_paused"], false);
    assert_eq!(store.run_json(&["follower", "rebuild", "entities"])["name"], "entities");
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
    assert_eq!(acts, ["follower.rebuilt", "follower.resumed", "follower.paused"]);
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
