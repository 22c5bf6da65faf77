//! What the server remembers of requests that it has refused.

use std::sync::Arc;

use acta_http::refusals::NotedRefusal;
use acta_http::{App, Dependencies, Shared};
use acta_xapi::Version;
use serde_json::json;

use crate::server::{Server, World, authorization, bounds, get, post, put, statement};

async fn server() -> (Server, Shared) {
    let World { http, clock, known, .. } = World::new(Version::V2_0_0, bounds()).await;
    let shared = Dependencies::new(http);
    let app = App::new(Arc::clone(&shared), Vec::new());
    (Server::of(app, clock, known), shared)
}

fn causes(noted: &[NotedRefusal]) -> Vec<(u16, &str, u64)> {
    noted.iter().map(|one| (one.refusal.status, one.refusal.route, one.count)).collect()
}

#[tokio::test]
async fn a_refused_statement_is_remembered_with_its_rule_and_place() {
    let (server, shared) = server().await;
    let mut faulty = statement(1);
    faulty["verb"]["id"] = json!("should fail");
    for number in 0..3 {
        let ask = post("/xapi/statements").json(&json!([statement(2), faulty]));
        let answer = server.expect(ask.header("x-request-id", &format!("try:{number}")), 400).await;
        assert_eq!(answer.header("x-request-id"), Some(&*format!("try:{number}")));
    }
    let noted = shared.refusals.list(server.key_of("all"));
    assert_eq!(causes(&noted), [(400, "statements", 3)]);
    let one = &noted[0];
    assert_eq!((one.refusal.problem, one.request_id.as_str()), ("faults", "try:2"));
    let fault = &one.refusal.faults[0];
    assert_eq!(fault.rule.map(acta_xapi::Rule::id), Some("XAPI-00011"));
    assert_eq!(fault.pointer.as_deref(), Some("/1/verb/id"));
    assert_eq!(one.last.to_string(), server.clock_text_exact());
    assert!(one.first < one.last && shared.refusals.since() < one.first);
}

#[tokio::test]
async fn each_kind_of_refusal_is_remembered_for_its_credential_alone() {
    let (server, shared) = server().await;
    let state = "/xapi/activities/state?activityId=http://a.example/1&stateId=bookmark\
                 &agent=%7B%22mbox%22:%22mailto:ada@example.org%22%7D";
    let ada = || put(state).body("text/plain", "page 3");
    // A course without a bookmark asks for it first: that is no refusal.
    server.expect(get(state), 404).await;
    server.expect(ada().scopes("statements/write"), 403).await;
    server.expect(ada(), 204).await;
    server.expect(ada().header("if-none-match", "*"), 412).await;
    server.expect(ada().body("text/plain", vec![b'a'; (1 << 16) + 1]), 413).await;
    server.expect(get("/xapi/statements?ada=1"), 400).await;
    server.expect(get("/xapi/statements").without("x-experience-api-version"), 400).await;
    let noted = shared.refusals.list(server.key_of("statements/write"));
    assert_eq!(causes(&noted), [(403, "activities/state", 1)]);
    let scopes: Vec<&str> = noted[0].refusal.scopes.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(scopes, ["state", "all"]);
    let noted = shared.refusals.list(server.key_of("all"));
    let expected = [
        (400, "statements", 1),
        (400, "statements", 1),
        (413, "activities/state", 1),
        (412, "activities/state", 1),
    ];
    assert_eq!(causes(&noted), expected);
    assert_eq!(noted[1].refusal.faults[0].parameter.as_deref(), Some("*"));
    assert!(!format!("{noted:?}").contains("ada"), "{noted:?}");
}

#[tokio::test]
async fn a_wrong_secret_is_remembered_for_the_credential_that_it_names() {
    let (server, shared) = server().await;
    let key = server.key_of("state");
    let basic = |key: &str| {
        use base64::Engine;
        let engine = base64::engine::general_purpose::STANDARD;
        format!("Basic {}", engine.encode(format!("{key}:wrong")))
    };
    for named in [key, "nobody"] {
        let ask = get("/xapi/statements").header("authorization", &basic(named));
        server.expect(ask, 401).await;
    }
    assert_eq!(causes(&shared.refusals.list(key)), [(401, "statements", 1)]);
    assert!(shared.refusals.list("nobody").is_empty());
    let other = authorization("state", 2);
    server.expect(get("/xapi/statements").header("authorization", &other), 403).await;
    assert_eq!(shared.refusals.list(key).len(), 1, "it is another credential");
}
