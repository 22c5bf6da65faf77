//! Every resource of xAPI with every method.

use acta_tests::multipart::{self, Part, content_type};
use acta_tests::{Response, Version, make};
use serde_json::{Value, json};

use crate::operations::check_unchanged;
use crate::outsiders::Outsider;
use crate::tenant_data::{TenantData, pairs};
use crate::world::World;

/// A resource and the query that names things of a tenant.
type Target = (&'static str, Vec<(&'static str, String)>);

const METHODS: [&str; 6] = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"];

/// Every resource of a tenant.
fn targets(held: &TenantData) -> Vec<Target> {
    let agent = held.agent.to_string();
    let statements = |name, value: &str| ("/statements", vec![(name, value.to_owned())]);
    let mut all = vec![
        statements("statementId", &held.statement),
        statements("statementId", &held.voided),
        statements("voidedStatementId", &held.voided),
        statements("agent", &agent),
        statements("verb", &held.verb),
        statements("activity", &held.activity),
        statements("registration", &held.registration),
        (
            "/statements",
            vec![
                ("agent", agent.clone()),
                ("related_agents", "true".to_owned()),
                ("attachments", "true".to_owned()),
            ],
        ),
        ("/statements", Vec::new()),
        ("/activities", vec![("activityId", held.activity.clone())]),
        ("/agents", vec![("agent", agent)]),
        ("/about", Vec::new()),
    ];
    for (path, query) in held.documents() {
        let last = query.len() - 1;
        all.push((path, query[..last].to_vec()));
        all.push((path, query));
    }
    all
}

/// What is sent where something is stored: of nobody else, about what is the tenant's.
fn said(held: &TenantData, query: &[(&'static str, String)]) -> Value {
    let mut statement = make::statement_of(&held.agent);
    statement["verb"]["id"] = json!(held.verb);
    statement["object"]["id"] = json!(held.activity);
    if let Some((_, id)) = query.iter().find(|(name, _)| *name == "statementId") {
        statement["id"] = json!(id);
    }
    statement
}

#[track_caller]
fn check_silent(attempt: &str, answer: &Response, held: &TenantData) {
    let body = String::from_utf8_lossy(&answer.body);
    assert!(answer.status < 500, "{attempt}: {} {body}", answer.status);
    assert!(!body.contains(&held.marker), "{attempt}: {body}");
    assert!(!format!("{:?}", answer.headers).contains(&held.marker), "{attempt}");
}

#[test]
fn no_resource_returns_data_of_another_tenant() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    let before = world.ours.everything();
    for outsider in Outsider::all(&world) {
        for (path, query) in targets(&world.ours) {
            for method in METHODS {
                let call = client.call(method, path).queries(&pairs(&query));
                let writes = method == "PUT" || method == "POST";
                let body = said(&world.ours, &query);
                let call = if writes { call.json(&body) } else { call };
                let answer = outsider.onto(call).send();
                let attempt = format!("{method} {path} {query:?} by {}", outsider.who);
                check_silent(&attempt, &answer, &world.ours);
                let is_open = path == "/about";
                let is_known = outsider.is_client();
                let is_refused = matches!(answer.status, 401 | 403 | 404 | 405 | 429);
                assert!(is_known || is_open || is_refused, "{attempt}: {}", answer.status);
            }
        }
    }
    check_unchanged(&before, &world.ours);
}

#[test]
fn ids_of_another_tenant_are_free_and_stay_apart() {
    let world = World::new();
    let (ours, client) = (&world.ours, world.theirs.client());
    let before = ours.everything();
    for id in [&ours.statement, &ours.voided] {
        for name in ["statementId", "voidedStatementId"] {
            client.get("/statements").query(name, id).send().expect(404);
        }
        let mut statement = make::statement_of(&ours.agent);
        statement["id"] = json!(id);
        let put = client.put("/statements").query("statementId", id).json(&statement);
        put.send().expect(204);
        assert_eq!(client.fetch(id)["actor"]["mbox"], ours.agent["mbox"]);
        client.store(&make::voiding(id));
        client.get("/statements").query("voidedStatementId", id).send().expect(200);
    }
    for (path, query) in ours.documents() {
        let call = || client.call("GET", path).queries(&pairs(&query));
        call().send().expect(404);
        let put = client.put(path).queries(&pairs(&query)).header("If-None-Match", "*");
        put.json(&json!({ "said": "theirs" })).send().expect(204);
        assert_eq!(call().send().expect(200).json(), json!({ "said": "theirs" }));
        client.delete(path).queries(&pairs(&query)).send().expect(204);
    }
    check_unchanged(&before, ours);
}

#[test]
fn the_hash_of_an_attachment_does_not_give_its_content() {
    let world = World::new();
    let (ours, client) = (&world.ours, world.theirs.client());
    let before = ours.everything();
    let mut statement = make::statement();
    statement["attachments"] = json!([{
        "usageType": "https://example.org/usage", "display": { "en": "theirs" },
        "contentType": "text/plain", "length": 55, "sha2": ours.attachment,
    }]);
    client.post("/statements").json(&statement).send().expect(400);
    let alone = multipart::write(&[Part::statements(&statement.to_string())]);
    client.post("/statements").body(&content_type(), alone).send().expect(400);
    // With an address of its own, it is content that is elsewhere.
    statement["attachments"][0]["fileUrl"] = json!("https://example.org/file");
    let id = client.store(&statement)[0].clone();
    let query = [("statementId", id.as_str()), ("attachments", "true")];
    let answer = client.get("/statements").queries(&query).send().expect(200);
    check_silent("its own statement", &answer, ours);
    check_unchanged(&before, ours);
}

#[test]
fn a_more_link_of_a_tenant_is_not_valid_for_others() {
    let world = World::new();
    let client = world.client(Version::V2_0_0);
    let ours = world.ours.client().call_outside("GET", &world.ours.more).send().expect(200);
    assert!(ours.text().contains(&world.ours.marker));
    for outsider in Outsider::all(&world) {
        for method in ["GET", "HEAD", "POST"] {
            let call = outsider.onto(client.call_outside(method, &world.ours.more));
            let answer = call.send();
            check_silent(outsider.who, &answer, &world.ours);
            // A client with statements may find a page of its own there, but not of others.
            let is_known = outsider.is_client();
            let is_refused = (400..500).contains(&answer.status);
            assert!(is_known || is_refused, "{method} by {}: {}", outsider.who, answer.status);
        }
    }
}

#[test]
fn the_alternate_request_syntax_gives_no_access() {
    let world = World::new();
    let client = world.client(Version::V1_0_3);
    let before = world.ours.everything();
    for outsider in Outsider::all(&world) {
        for (path, query) in targets(&world.ours) {
            for method in METHODS {
                let form = acta_tests::client::form(&pairs(&query));
                let call = client.post(path).query("method", method);
                let call = call.body("application/x-www-form-urlencoded", form);
                let answer = outsider.onto(call).send();
                let attempt = format!("{method} {path} {query:?} by {}", outsider.who);
                check_silent(&attempt, &answer, &world.ours);
            }
        }
    }
    check_unchanged(&before, &world.ours);
}
