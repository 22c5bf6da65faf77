//! A client that is refused, diagnosed from the side of the server alone: by its log, and by
//! `acta credential refusals`.

use std::path::Path;

use acta_tests::{CommandOutput, Engine, Launch, Server, Store, Version, acta, basic, make, run};
use serde_json::{Value, json};

/// Runs a command of an administrator on the store in `data`, served or not.
fn administer(data: &Path, arguments: &[&str]) -> CommandOutput {
    run(acta().args(arguments).arg("--data").arg(data))
}

#[test]
fn a_refused_statement_is_diagnosed_from_the_side_of_the_server() {
    let store = Store::new(Engine::Embedded);
    let server = Server::start_on(&store, Version::V2_0_0);
    let made = store.administer(&["credential", "create", "--label", "a course"]);
    let (key, secret) = (made["key"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let client = server.client(Version::V1_0_3).with("Authorization", &basic(key, secret));
    let mut faulty = make::statement();
    faulty["actor"]["mbox"] = json!("ada.lovelace@example.org");
    let refused = client.post("/statements").json(&faulty).send().expect(400);
    let bookmark = client.put("/activities/state").query("activityId", "https://a.example/1");
    let bookmark =
        bookmark.query("stateId", "bookmark").query("agent", r#"{"mbox":"mailto:a@b.c"}"#);
    bookmark.body("text/plain", "page 3").send().expect(403);

    let line = server.logged("POST statements was refused");
    let expected = json!({
        "status": 400, "problem": "faults", "rules": "XAPI-00038", "pointers": "/actor/mbox",
        "credential.key": key, "tenant.id": 1, "request.id": refused.must_header("x-request-id"),
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(line[name], *value, "{name}: {line}");
    }
    assert_eq!(line["client.address"], Value::Null, "the address is data of a person: {line}");
    assert_eq!(server.logged("PUT activities/state was refused")["scopes"], "state all");
    assert!(!server.log().contains("ada.lovelace"), "{}", server.log());

    let shown = administer(&store.data(), &["credential", "refusals", key]).out;
    let rule = "/actor/mbox: ";
    for part in [rule, "(XAPI-00038)", "needs one of the scopes state, all"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let found = store.administer(&["credential", "refusals", key]);
    let routes: Vec<&str> = found["refusals"].as_array().unwrap().iter().map(route_of).collect();
    assert_eq!(routes, ["activities/state", "statements"]);
    let unknown = administer(&store.data(), &["credential", "refusals", "nobody"]);
    assert_eq!(unknown.code, Some(1), "{}", unknown.err);
}

fn route_of(refusal: &Value) -> &str {
    refusal["route"].as_str().unwrap()
}

#[test]
fn refusals_of_a_store_that_nobody_serves_are_not_known() {
    let store = Store::new(Engine::Embedded);
    assert_eq!(administer(&store.data(), &["init"]).code, Some(0));
    let asked = administer(&store.data(), &["credential", "refusals", "lms"]);
    assert_eq!(asked.code, Some(2), "{}", asked.err);
    assert!(asked.err.contains("in the memory of the server"), "{}", asked.err);
}

#[test]
fn the_network_of_a_client_is_logged_where_that_is_permitted() {
    let store = Store::new(Engine::Embedded);
    let data = store.data();
    let settings = [("ACTA_LOG_CLIENT_ADDRESS", "network")];
    let server = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) }.start();
    let client = server.client(Version::V2_0_0);
    client.get("/statements").query("limit", "many").send().expect(400);
    let line = server.logged("GET statements was refused");
    assert_eq!(
        (&line["client.address"], &line["pointers"]),
        (&json!("127.0.0.0/24"), &json!("?limit"))
    );
}

#[test]
fn an_unknown_log_level_prevents_the_start() {
    let store = Store::new(Engine::Embedded);
    let mut command = acta();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(store.data());
    let ran = run(command.env("ACTA_LOG_LEVEL", "inof"));
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("log.level") && ran.err.contains("not \"inof\""), "{}", ran.err);
}
