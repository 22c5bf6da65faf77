//! Agents, activities, and what the store says of itself.

use serde_json::json;

use crate::server::{Server, encode, get, post, put, statement};

#[tokio::test]
async fn an_agent_becomes_a_person_with_every_name_it_had() {
    let server = Server::new().await;
    server.expect(post("/xapi/statements").json(&statement(1)), 200).await;
    let mut again = statement(2);
    again["actor"]["name"] = json!("Ada \"L.\"");
    server.expect(post("/xapi/statements").json(&again), 200).await;
    let path = |agent: &str| format!("/xapi/agents?agent={}", encode(agent));
    let person = server.expect(get(&path(r#"{"mbox":"mailto:ada@example.org"}"#)), 200).await;
    let expected = json!({
        "objectType": "Person",
        "name": ["Ada", "Ada \"L.\""],
        "mbox": ["mailto:ada@example.org"],
    });
    assert_eq!(person.json(), expected);
    // One that is not known is a person all the same.
    let unknown = r#"{"name":"Rick","account":{"homePage":"http://lms.example","name":"7"}}"#;
    let expected = json!({
        "objectType": "Person",
        "name": ["Rick"],
        "account": [{ "homePage": "http://lms.example", "name": "7" }],
    });
    assert_eq!(server.expect(get(&path(unknown)), 200).await.json(), expected);
    let openid = r#"{"openid":"http://id.example/ada"}"#;
    let expected = json!({ "objectType": "Person", "openid": ["http://id.example/ada"] });
    assert_eq!(server.expect(get(&path(openid)), 200).await.json(), expected);
}

#[tokio::test]
async fn an_activity_merges_the_data_of_all_statements() {
    let server = Server::new().await;
    let path = format!("/xapi/activities?activityId={}", encode("https://course.example/1"));
    let expected = json!({ "objectType": "Activity", "id": "https://course.example/1" });
    assert_eq!(server.expect(get(&path), 200).await.json(), expected);
    for name in [json!({ "en": "Course" }), json!({ "fr": "Cours" })] {
        let mut sent = statement(1);
        sent["object"]["definition"] = json!({ "name": name });
        server.expect(post("/xapi/statements").json(&sent), 200).await;
    }
    let activity = server.expect(get(&path), 200).await.json();
    assert_eq!(activity["definition"]["name"], json!({ "en": "Course", "fr": "Cours" }));
}

#[tokio::test]
async fn refuses_missing_and_malformed_parameters() {
    let server = Server::new().await;
    let table = [
        ("/xapi/agents", "agent XAPI-00145"),
        ("/xapi/agents?agent=true", "agent XAPI-00006"),
        ("/xapi/activities", "activityId XAPI-00145"),
        ("/xapi/activities?activityId=true", "activityId XAPI-00012"),
        ("/xapi/activities?activityId=http://a.example&foo=1", "foo XAPI-00324"),
        ("/xapi/about?foo=1", "foo XAPI-00324"),
    ];
    for (path, expected) in table {
        assert_eq!(server.expect(get(path), 400).await.faults(), [expected], "{path}");
    }
    let answer = server.expect(put("/xapi/agents"), 405).await;
    let allow = answer.header("allow").unwrap();
    assert!(allow.contains("GET") && !allow.contains("PUT"), "{allow}");
}

#[tokio::test]
async fn about_needs_no_authentication_in_any_version() {
    let server = Server::new().await;
    for version in ["1.0.3", "2.0.0", "0.95", "nonsense"] {
        let ask = get("/xapi/about").without("authorization").version(version);
        let answer = server.expect(ask, 200).await;
        assert_eq!(answer.json(), json!({ "version": ["1.0.3", "2.0.0"] }));
        assert!(answer.header("x-experience-api-version").is_some());
    }
    let bare = get("/xapi/about").without("authorization").without("x-experience-api-version");
    let answer = server.expect(bare, 200).await;
    assert_eq!(answer.header("x-experience-api-version"), Some("2.0.0"));
}

#[tokio::test]
async fn operators_read_health_readiness_and_metrics() {
    let server = Server::new().await;
    let bare = |path: &str| get(path).without("authorization").without("x-experience-api-version");
    server.expect(bare("/health"), 200).await;
    server.expect(bare("/ready"), 200).await;
    server.expect(post("/xapi/statements").json(&json!([statement(1), statement(2)])), 200).await;
    server.expect(get("/xapi/statements?foo=1"), 400).await;
    let text = server.expect(bare("/metrics"), 200).await.text();
    for line in [
        "acta_statements_stored_total 2",
        "acta_http_requests_total{route=\"statements\",method=\"POST\",status=\"200\"} 1",
        "acta_http_requests_total{route=\"statements\",method=\"GET\",status=\"400\"} 1",
        "acta_http_request_duration_seconds_count{route=\"statements\",method=\"POST\"} 1",
        "acta_http_requests_in_flight 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}
