//! `acta account`, every command of it, on every kind of store.

use acta_tests::Server;
use serde_json::json;

use crate::admin_store::{AdminStore, StoreKind};

const BEA: &str = "bea@example.org";

fn check(kind: StoreKind) {
    let store = AdminStore::new(kind);
    let made =
        store.run_json(&["account", "create", BEA, "--name", "Bea Holm", "--role", "analyst"]);
    let account = &made["account"];
    assert_eq!((&account["email"], &account["is_operator"]), (&json!(BEA), &json!(false)));
    assert_eq!(account["roles"], json!([{ "tenant": 1, "role": "analyst" }]), "{kind:?}");
    check_audit(&store, account["id"].as_str().unwrap());
    let link = made["link"].as_str().unwrap();
    // Only the socket of a served store tells which address that is.
    let server = store.server().filter(|_| kind == StoreKind::Served).map(Server::address);
    let host = server.map_or("127.0.0.1:8080".to_owned(), |address| address.to_string());
    let begin = format!("http://{host}/reset?token=");
    assert!(link.starts_with(&begin), "{link}");
    store.refuse(&["account", "create", BEA, "--name", "Bea"], 1, "already");
    store.refuse(&["account", "create", "bea", "--name", "Bea"], 1, "the e-mail address: ");
    let listed = store.run(&["account", "list"]);
    assert!(listed.contains("Bea Holm") && listed.contains("analyst in 1"), "{listed}");
    let role = store.run_json(&["account", "role", BEA, "viewer"]);
    assert_eq!(role["roles"], json!([{ "tenant": 1, "role": "viewer" }]));
    assert_eq!(store.run_json(&["account", "disable", BEA])["is_disabled"], true);
    assert_eq!(store.run_json(&["account", "enable", BEA])["is_disabled"], false);
    assert_eq!(store.run_json(&["account", "operator", BEA, "on"])["is_operator"], true);
    store.refuse(&["account", "operator", BEA, "off"], 1, "last operator");
    store.run(&["account", "create", "ada@example.org", "--name", "Ada", "--operator"]);
    assert_eq!(store.run_json(&["account", "operator", BEA, "off"])["is_operator"], false);
    check_links(&store);
    store.run(&["account", "remove-factor", BEA]);
    let none = store.run_json(&["account", "role", BEA, "none", "--tenant", "1"]);
    assert_eq!(none["roles"], json!([]));
    store.run(&["account", "remove", BEA]);
    store.refuse(
        &["account", "show", BEA],
        1,
        "there is no account with the e-mail address bea@example.org",
    );
    let audit = store.run_json(&["audit", "list", "--server", "--act", "account."]);
    let removed = audit["items"][0].clone();
    assert_eq!((&removed["act"], &removed["who"]), (&json!("account.removed"), &json!("operator")));
}

/// The audit names a person by the id and the address, in one piece; programs get the id alone.
fn check_audit(store: &AdminStore, id: &str) {
    let listed = store.run(&["audit", "list", "--server"]);
    let target = format!("account:{id} ({BEA})");
    assert!(listed.lines().any(|line| line.contains(&target)), "{listed}");
    let as_json = store.run_json(&["audit", "list", "--server"]).to_string();
    assert!(as_json.contains(&format!("account:{id}")) && !as_json.contains(BEA), "{as_json}");
}

fn check_links(store: &AdminStore) {
    let reset = store.run(&["account", "reset", BEA]);
    assert!(reset.contains("/reset?token=") && reset.contains("works once"), "{reset}");
    store.run(&["tenant", "create", "Nordwind"]);
    let invite = ["account", "invite", BEA, "--role", "auditor", "--tenant", "2"];
    let invited = store.run_json(&invite);
    let link = invited["link"].as_str().unwrap();
    assert!(link.contains("/invitation?token="), "{link}");
    assert!(invited["expires"].is_string(), "{invited}");
    store.refuse(&["account", "invite", "cy@example.org", "--role", "chief"], 2, "chief");
}

#[test]
fn accounts_of_a_served_store() {
    check(StoreKind::Served);
}

#[test]
fn accounts_of_an_unserved_store() {
    check(StoreKind::Unserved);
}

#[test]
fn accounts_of_a_store_in_a_database() {
    check(StoreKind::Database);
}
