//! `acta audit`, every command of it, on every kind of store.

use serde_json::Value;

use crate::admin_store::{AdminStore, StoreKind};

fn check(kind: StoreKind) {
    let store = AdminStore::new(kind);
    store.run(&["tenant", "rename", "1", "first"]);
    store.run(&["credential", "create", "--label", "a", "--read-only"]);
    store.run(&["tenant", "suspend", "1"]);
    let of_tenant = store.run_json(&["audit", "list"]);
    let acts: Vec<&str> = entries(&of_tenant).map(|entry| entry["act"].as_str().unwrap()).collect();
    assert_eq!(acts[..3], ["tenant.suspended", "credential.created", "tenant.changed"], "{kind:?}");
    let one = store.run_json(&["audit", "list", "--limit", "1"]);
    assert_eq!(entries(&one).count(), 1);
    let filter = ["--since", "1h", "--act", "tenant.", "--who", "operator", "--outcome", "done"];
    let filtered =
        store.run_json(&[&["audit", "list", "--target", "tenant:1"], &filter[..]].concat());
    assert_eq!(entries(&filtered).count(), 2, "{filtered}");
    let none = store.run_json(&["audit", "list", "--until", "2020-01-01"]);
    assert_eq!(entries(&none).count(), 0);
    let shown = store.run(&["audit", "list", "--server"]);
    assert!(shown.contains("state from active to suspended"), "{shown}");
    store.refuse(&["audit", "list", "--outcome", "lost"], 1, "done or refused");
    store.refuse(&["audit", "list", "--server", "--tenant", "1"], 2, "cannot be used with");
    check_exporting(&store);
    let verified = store.run_json(&["audit", "verify"]);
    assert_eq!(verified["broken_at"], Value::Null);
    let hash = verified["hash"].as_str().unwrap();
    assert!(store.run(&["audit", "verify"]).contains(hash));
    store.run(&["audit", "verify", "--server"]);
}

fn entries(page: &Value) -> impl Iterator<Item = &Value> {
    page["items"].as_array().unwrap().iter()
}

fn check_exporting(store: &AdminStore) {
    let lines = store.run(&["audit", "export", "--act", "tenant.", "--json"]);
    let acts: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["act"].clone())
        .collect();
    assert_eq!(acts, ["tenant.changed", "tenant.suspended"], "oldest first, and nothing else");
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("audit.csv");
    store.run(&["audit", "export", path.to_str().unwrap(), "--format", "csv"]);
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("sequence,id,at,who,"), "{written}");
    assert!(written.contains("credential.created"), "{written}");
    let nowhere = folder.path().join("missing/audit.csv");
    store.refuse(&["audit", "export", nowhere.to_str().unwrap()], 2, "cannot create");
}

#[test]
fn the_audit_of_a_served_store() {
    check(StoreKind::Served);
}

#[test]
fn the_audit_of_an_unserved_store() {
    check(StoreKind::Unserved);
}

#[test]
fn the_audit_of_a_store_in_a_database() {
    check(StoreKind::Database);
}
