//! Facts that are made again, and commands that need no server.

use std::fs;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Store, Version, acta, basic, run};
use serde_json::{Value, json};

use crate::{Asked, WAIT_MAX, statement};

#[test]
fn facts_are_made_again_on_request() {
    let asked = Asked::new(Engine::Embedded);
    asked.tell(&(0..200).map(statement).collect::<Vec<_>>());
    assert_eq!(asked.count(), 200);
    let client = asked.server.client(Version::V1_0_3);
    let question = json!({"measures": [{"measure": "count"}]});
    let ask = || {
        let call = client.call_outside("POST", "/api/v1/tenants/1/query").json(&question);
        call.send().expect(200).json()
    };
    asked.store.administer(&["facts", "rebuild", "--tenant", "1"]);
    let clock = SystemClock::new();
    loop {
        let answer = ask();
        let is_whole = answer["fact_count"] == 200;
        assert!(is_whole || answer["is_rebuilding"] == true, "{answer}");
        if is_whole && answer["is_rebuilding"].is_null() {
            break;
        }
        assert!(clock.elapsed() < WAIT_MAX, "{answer}");
        thread::sleep(Duration::from_millis(20));
    }
    asked.store.administer(&["facts", "rebuild", "--all-tenants"]);
    assert_eq!(asked.count(), 200);
    let entries = asked.store.administer(&["audit", "list", "--server"]);
    let targets: Vec<&Value> = entries["items"]
        .as_array()
        .expect("entries")
        .iter()
        .filter(|entry| entry["act"] == "facts.rebuilt")
        .map(|entry| &entry["target"])
        .collect();
    assert_eq!(targets.len(), 2, "{entries}");
    assert!(targets.contains(&&json!("tenant:1")) && targets.contains(&&json!("facts")));
}

#[test]
fn facts_of_a_store_in_a_database_are_those_of_its_servers() {
    let store = Store::new(Engine::Postgres);
    let shown = run(acta().args(["facts", "rebuild", "--all-tenants"]).envs(store.settings()));
    assert_eq!(shown.code, Some(2));
    assert!(shown.err.contains("POST /api/v1/facts/rebuild"), "{}", shown.err);
}

#[test]
fn only_operators_see_and_rebuild_the_facts_of_all_tenants() {
    let asked = Asked::new(Engine::Embedded);
    let made =
        asked.store.administer(&["credential", "create", "--label", "c", "--scope", "all,admin"]);
    let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().expect("a text"));
    let client = asked.server.client(Version::V1_0_3);
    for (method, path) in [
        ("GET", "/api/v1/facts"),
        ("POST", "/api/v1/facts/rebuild"),
        ("POST", "/api/v1/tenants/1/facts/rebuild"),
    ] {
        let call = client.call_outside(method, path).without("Authorization");
        assert_eq!(call.header("Authorization", &basic(key, secret)).send().status, 403, "{path}");
    }
}

#[test]
fn commands_without_a_server_bring_facts_up_to_date() {
    let mut asked = Asked::new(Engine::Embedded);
    asked.tell(&(0..8).map(statement).collect::<Vec<_>>());
    asked.server.kill();
    let command = |arguments: &[&str]| {
        let shown = run(acta().args(arguments).arg("--data").arg(asked.store.data()));
        assert_eq!(shown.code, Some(0), "{arguments:?}: {}", shown.err);
        shown.out
    };
    assert_eq!(command(&["query", "--measure", "learners=distinct:person"]), "LEARNERS\n8\n");
    let status = command(&["facts", "status"]);
    let cells: Vec<&str> = status.lines().nth(1).expect("a tenant").split_whitespace().collect();
    assert_eq!(cells[..5], ["1", "8", "0", "0", "1"], "{status}");
    assert_eq!(command(&["facts", "rebuild", "--tenant", "1"]), "the facts were made again\n");
    let status: Value =
        serde_json::from_str(&command(&["facts", "status", "--tenant", "1", "--json"])).unwrap();
    assert_eq!((&status["facts"], &status["is_rebuilding"]), (&json!(8), &json!(false)));
}

#[test]
fn a_server_is_asked_over_the_network_with_a_credential() {
    let asked = Asked::new(Engine::Postgres);
    asked.tell(&(0..8).map(statement).collect::<Vec<_>>());
    assert_eq!(asked.count(), 8);
    let made =
        asked.store.administer(&["credential", "create", "--label", "c", "--scope", "all/read"]);
    let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().expect("a text"));
    let file = asked.store.data().with_file_name("credential");
    let ask = |pair: &str| {
        fs::write(&file, pair).expect("the file can be written");
        let mut command = acta();
        command.args(["query", "--tenant", "1", "--measure", "learners=distinct:person"]);
        let url = format!("http://{}", asked.server.address());
        run(command.args(["--url", &url, "--credential-file"]).arg(&file))
    };
    let shown = ask(&format!("{key}:{secret}\n"));
    assert_eq!(shown.out, "LEARNERS\n8\n", "{}", shown.err);
    let refused = ask(&format!("{key}:other"));
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(!refused.err.contains("other"), "{}", refused.err);
}
