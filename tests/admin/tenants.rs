//! `acta tenant`, every command of it, on every kind of store.

use serde_json::json;

use crate::admin_store::{AdminStore, StoreKind};

fn check(kind: StoreKind) {
    let store = AdminStore::new(kind);
    let made = store.run_json(&["tenant", "create", "Nordwind", "--bytes-per-day", "10GiB"]);
    assert_eq!((&made["id"], &made["state"]), (&json!(2), &json!("active")), "{kind:?}");
    assert_eq!(made["limits"]["bytes_per_day"], 10_u64 << 30);
    let listed = store.run_json(&["tenant", "list"]);
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["next"]), (2, &json!(null)));
    let shown = store.run(&["tenant", "list"]);
    assert!(shown.contains("ID  NAME") && shown.contains("Nordwind  active"), "{shown}");
    let renamed = store.run_json(&["tenant", "rename", "2", "Nord/wind ä"]);
    assert_eq!(renamed["name"], "Nord/wind ä");
    let limits = ["--statements-per-day", "7", "--bytes-per-day", "none", "--weight", "4"];
    let limited = store.run_json(&[&["tenant", "limit", "2"], &limits[..]].concat());
    let expected = json!({
        "requests_per_second": null,
        "bytes_per_day": null,
        "statements_per_day": 7,
        "weight": 4,
    });
    assert_eq!(limited["limits"], expected);
    store.refuse(&["tenant", "limit", "2"], 2, "no limit was given");
    store.refuse(&["tenant", "limit", "2", "--statements-per-day", "0"], 1, "from 1");
    store.refuse(&["tenant", "limit", "2", "--weight", "101"], 1, "from 1 to 100");
    assert_eq!(store.run_json(&["tenant", "audit-reads", "2", "on"])["audits_reads"], true);
    assert_eq!(store.run_json(&["tenant", "audit-reads", "2", "off"])["audits_reads"], false);
    check_settings(&store);
    assert_eq!(store.run_json(&["tenant", "suspend", "2"])["state"], "suspended");
    assert_eq!(store.run_json(&["tenant", "resume", "2"])["state"], "active");
    assert_eq!(store.run_json(&["tenant", "usage", "2"])["statements"], 0);
    check_deleting(&store);
    store.refuse(&["tenant", "show", "3"], 1, "not found");
    store.refuse(&["tenant", "show", "none"], 2, "tenant id");
}

fn check_settings(store: &AdminStore) {
    let set = |options: &[&str]| {
        store.run_json(&[&["tenant", "settings", "2"], options].concat())["settings"].clone()
    };
    let usual = store.run_json(&["tenant", "show", "2"])["settings"].clone();
    let course = json!({ "steps": ["grouping", "any_parent"], "types": ["http://t.example/c"] });
    let changed = set(&["--zone", "Europe/Zurich", "--language", "de", "--smallest-group", "5"]);
    let expected = json!({
        "zone": "Europe/Zurich",
        "language": "de",
        "smallest_group": 5,
        "course": usual["course"],
    });
    assert_eq!(changed, expected);
    let types = ["--course", "grouping,any_parent", "--course-types", "http://t.example/c"];
    assert_eq!(set(&types)["course"], course);
    let audit = store.run(&["audit", "list", "--tenant", "2", "--json"]);
    assert!(audit.contains("Europe/Zurich") && audit.contains("any_parent"), "{audit}");
    let none = ["--zone", "--language", "--smallest-group", "--course"];
    assert_eq!(set(&none.map(|name| [name, "none"]).concat()), usual);
    for (options, reason) in [
        (["--zone", "Europe/Atlantis"], "expected a time zone"),
        (["--language", "german?"], "expected a language tag"),
        (["--smallest-group", "1001"], "from 1 to 1000"),
        (["--course", "parent,nowhere"], "`nowhere` is not a step"),
        (["--course", "parent,parent"], "different steps"),
    ] {
        store.refuse(&[&["tenant", "settings", "2"], &options[..]].concat(), 1, reason);
    }
    store.refuse(&["tenant", "settings", "2"], 2, "no setting was given");
}

fn check_deleting(store: &AdminStore) {
    let kept = store.type_in(&["tenant", "delete", "2"], "Nord\n");
    assert_eq!(kept.code, Some(1), "{}", kept.err);
    assert!(kept.err.contains("Type its name, Nord/wind ä"), "{}", kept.err);
    assert_eq!(store.run_json(&["tenant", "show", "2"])["state"], "active");
    let deleted = store.type_in(&["tenant", "delete", "2"], "Nord/wind ä\n");
    assert_eq!(deleted.code, Some(0), "{}", deleted.err);
    assert!(deleted.out.contains("acta tenant restore 2"), "{}", deleted.out);
    assert_eq!(store.run_json(&["tenant", "restore", "2"])["state"], "active");
    let again = store.run_json(&["tenant", "delete", "2", "--yes"]);
    assert_eq!(again["state"], "deleted");
    assert!(again["purge"].is_string(), "{again}");
    store.refuse(&["tenant", "suspend", "2"], 1, "the tenant is deleted");
}

#[test]
fn tenants_of_a_served_store() {
    check(StoreKind::Served);
}

#[test]
fn tenants_of_an_unserved_store() {
    check(StoreKind::Unserved);
}

#[test]
fn tenants_of_a_store_in_a_database() {
    check(StoreKind::Database);
}

#[test]
fn a_long_list_is_read_to_its_end() {
    let store = AdminStore::new(StoreKind::Served);
    // More than fit on a page of the API.
    let client = store.server().unwrap();
    for number in 0..205 {
        let body = json!({ "name": format!("tenant {number}") }).to_string();
        let head = format!(
            "POST /api/v1/tenants HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        crate::socket::exchange(client.data(), &(head + &body)).expect(201);
    }
    let listed = store.run_json(&["tenant", "list"]);
    assert_eq!(listed["items"].as_array().unwrap().len(), 206);
    assert_eq!(store.run(&["tenant", "list"]).lines().count(), 207);
}
