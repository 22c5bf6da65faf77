//! `acta audit`, every command of it, on every kind of store.

use serde_json::Value;

use crate::asking::{Asked, Kind};

fn check(kind: Kind) {
    let store = Asked::new(kind);
    store.tell(&["tenant", "rename", "1", "first"]);
    store.tell(&["credential", "create", "--label", "a", "--read-only"]);
    store.tell(&["tenant", "suspend", "1"]);
    let of_tenant = store.ask(&["audit", "list"]);
    let acts: Vec<&str> = entries(&of_tenant).map(|entry| entry["act"].as_str().unwrap()).collect();
    assert_eq!(acts[..3], ["tenant.suspended", "credential.created", "tenant.changed"], "{kind:?}");
    let one = store.ask(&["audit", "list", "--limit", "1"]);
    assert_eq!(entries(&one).count(), 1);
    let filter = ["--since", "1h", "--act", "tenant.", "--who", "operator", "--outcome", "done"];
    let filtered = store.ask(&[&["audit", "list", "--target", "tenant:1"], &filter[..]].concat());
    assert_eq!(entries(&filtered).count(), 2, "{filtered}");
    let none = store.ask(&["audit", "list", "--until", "2020-01-01"]);
    assert_eq!(entries(&none).count(), 0);
    let shown = store.tell(&["audit", "list", "--server"]);
    assert!(shown.contains("state from active to suspended"), "{shown}");
    store.refuse(&["audit", "list", "--outcome", "lost"], 1, "done or refused");
    store.refuse(&["audit", "list", "--server", "--tenant", "1"], 2, "cannot be used with");
    check_exporting(&store);
    let verified = store.ask(&["audit", "verify"]);
    assert_eq!(verified["broken_at"], Value::Null);
    let hash = verified["hash"].as_str().unwrap();
    assert!(store.tell(&["audit", "verify"]).contains(hash));
    store.tell(&["audit", "verify", "--server"]);
}

fn entries(page: &Value) -> impl Iterator<Item = &Value> {
    page["items"].as_array().unwrap().iter()
}

fn check_exporting(store: &Asked) {
    let lines = store.tell(&["audit", "export", "--act", "tenant.", "--json"]);
    let acts: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["act"].clone())
        .collect();
    assert_eq!(acts, ["tenant.changed", "tenant.suspended"], "oldest first, and nothing else");
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("audit.csv");
    store.tell(&["audit", "export", path.to_str().unwrap(), "--format", "csv"]);
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with("sequence,id,at,who,"), "{written}");
    assert!(written.contains("credential.created"), "{written}");
    let nowhere = folder.path().join("missing/audit.csv");
    store.refuse(&["audit", "export", nowhere.to_str().unwrap()], 2, "cannot create");
}

#[test]
fn the_audit_of_a_served_store() {
    check(Kind::Served);
}

#[test]
fn the_audit_of_an_unserved_store() {
    check(Kind::Unserved);
}

#[test]
fn the_audit_of_a_store_in_a_database() {
    check(Kind::Database);
}
