//! Finding statements.

use std::sync::Arc;

use acta_http::{App, Dependencies, HttpParts, Settings};
use acta_xapi::Version;
use serde_json::{Value, json};

use crate::server::{
    CONTENT, ID, OTHER_ID, START, Server, World, authorization, bounds, encode, get, post,
    statement, with_id,
};

const VOIDED: &str = "http://adlnet.gov/expapi/verbs/voided";

fn id_of(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

async fn store(server: &Server, statement: &Value) {
    server.expect(post("/xapi/statements").json(statement), 200).await;
}

/// Stores so many statements, one after the other, numbered from 1.
async fn store_many(server: &Server, count: u32) {
    for number in 1..=count {
        store(server, &with_id(statement(number), &id_of(number))).await;
    }
}

#[tokio::test]
async fn a_page_has_statements_and_more() {
    let server = Server::new().await;
    let answer = server.expect(get("/xapi/statements"), 200).await;
    assert_eq!(answer.text(), r#"{"statements":[],"more":""}"#);
    store_many(&server, 2).await;
    let answer = server.expect(get("/xapi/statements"), 200).await;
    assert_eq!(answer.ids(), [id_of(2), id_of(1)]);
    assert_eq!(answer.json()["more"], "");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn more_leads_through_all_pages_while_statements_arrive() {
    let server = Server::new().await;
    store_many(&server, 7).await;
    let mut path =
        "/xapi/statements?limit=2&verb=http%3A%2F%2Fadlnet.gov%2Fexpapi%2Fverbs%2Fattempted&format=ids&ascending=false"
            .to_owned();
    let mut seen = Vec::new();
    while !path.is_empty() {
        let answer = server.expect(get(&path), 200).await;
        seen.extend(answer.ids());
        path = answer.json()["more"].as_str().unwrap().to_owned();
        if !path.is_empty() {
            for part in ["/xapi/statements?", "limit=2", "verb=http%3A", "format=ids", "cursor="] {
                assert!(path.contains(part), "{part} is not in {path}");
            }
            assert_eq!(path.matches("cursor=").count(), 1);
        }
        // Newer statements do not shift what is still to come.
        store(&server, &statement(99)).await;
    }
    let expected: Vec<String> = (1..=7).rev().map(id_of).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_length_of_a_page_is_bounded() {
    let server = Server::new().await;
    store_many(&server, 7).await;
    // By default 3 here; at most 5, which is also what 0 means.
    let table = [
        ("", 3),
        ("?limit=1", 1),
        ("?limit=4", 4),
        ("?limit=0", 5),
        ("?limit=1000", 5),
        ("?limit=99999999999999999999999", 5),
    ];
    for (query, count) in table {
        let answer = server.expect(get(&format!("/xapi/statements{query}")), 200).await;
        assert_eq!(answer.ids().len(), count, "query: {query}");
    }
}

#[tokio::test]
async fn filters_are_joined() {
    let server = Server::new().await;
    store_many(&server, 2).await;
    let mut other = with_id(statement(3), &id_of(3));
    other["actor"] = json!({ "account": { "homePage": "https://lms.example", "name": "a+b c" } });
    other["context"] = json!({
        "registration": ID,
        "instructor": { "mbox": "mailto:ada@example.org" },
        "contextActivities": { "parent": { "id": "https://course.example/1" } },
    });
    store(&server, &other).await;
    let ada = encode(r#"{"mbox":"mailto:ada@example.org"}"#);
    let account = encode(r#"{"account":{"homePage":"https://lms.example","name":"a+b c"}}"#);
    let course = encode("https://course.example/1");
    let table: [(String, &[u32]); 9] = [
        (format!("agent={ada}"), &[2, 1]),
        (format!("agent={ada}&related_agents=true"), &[3, 2, 1]),
        (format!("agent={account}"), &[3]),
        (format!("activity={course}"), &[1]),
        (format!("activity={course}&related_activities=true"), &[3, 1]),
        (format!("agent={ada}&activity={course}&related_activities=true"), &[1]),
        (format!("registration={}", ID.to_uppercase()), &[3]),
        ("verb=http%3A%2F%2Fexample.org%2Fnone".to_owned(), &[]),
        // Without what they widen, they change nothing.
        ("related_agents=true&related_activities=true".to_owned(), &[3, 2, 1]),
    ];
    for (query, expected) in table {
        let answer = server.expect(get(&format!("/xapi/statements?{query}")), 200).await;
        let expected: Vec<String> = expected.iter().map(|number| id_of(*number)).collect();
        assert_eq!(answer.ids(), expected, "query: {query}");
    }
}

#[tokio::test]
async fn since_and_until_keep_their_full_precision() {
    let server = Server::new().await;
    store_many(&server, 2).await;
    let stored = |number: u32| START.saturating_add(std::time::Duration::from_secs(number.into()));
    let first = stored(1).to_string();
    let found = server.send(get(&format!("/xapi/statements?statementId={}", id_of(1)))).await;
    assert_eq!(found.json()["stored"], first.as_str());
    let almost = first.replace("456Z", "455999Z");
    let offset = first.replace('Z', "%2B00:00");
    let bare_plus = first.replace('Z', "+00:00");
    let table: [(String, &[u32]); 7] = [
        // `since` leaves its instant out, `until` takes it in.
        (format!("since={first}"), &[2]),
        (format!("since={almost}"), &[2, 1]),
        (format!("until={first}"), &[1]),
        (format!("until={almost}"), &[]),
        (format!("until={offset}"), &[1]),
        (format!("until={bare_plus}"), &[1]),
        (format!("since={}&until={}", stored(0), stored(2)), &[2, 1]),
    ];
    for (query, expected) in table {
        let answer = server.expect(get(&format!("/xapi/statements?{query}")), 200).await;
        let expected: Vec<String> = expected.iter().map(|number| id_of(*number)).collect();
        assert_eq!(answer.ids(), expected, "query: {query}");
    }
}

#[tokio::test]
async fn ascending_gives_the_oldest_first() {
    let server = Server::new().await;
    store_many(&server, 2).await;
    let answer = server.expect(get("/xapi/statements?ascending=true"), 200).await;
    assert_eq!(answer.ids(), [id_of(1), id_of(2)]);
}

#[tokio::test]
async fn refuses_parameters_and_names_each() {
    let server = Server::new().await;
    let table: [(&str, &[&str]); 26] = [
        ("foo=bar", &["foo XAPI-00324"]),
        ("StatementId=x", &["StatementId XAPI-00324"]),
        ("Limit=1", &["Limit XAPI-00324"]),
        ("LIMIT=1", &["LIMIT XAPI-00324"]),
        ("Related_Agents=true", &["Related_Agents XAPI-00324"]),
        ("limit=-1", &["limit XAPI-00012"]),
        ("limit=abc", &["limit XAPI-00012"]),
        ("limit=1.5", &["limit XAPI-00012"]),
        ("limit=", &["limit XAPI-00012"]),
        ("ascending=foo", &["ascending XAPI-00012"]),
        ("ascending=yes", &["ascending XAPI-00012"]),
        ("attachments=1", &["attachments XAPI-00012"]),
        ("related_agents=yes", &["related_agents XAPI-00012"]),
        ("format=Exact", &["format XAPI-00012"]),
        ("registration=7", &["registration XAPI-00012"]),
        ("statementId=7", &["statementId XAPI-00012"]),
        ("verb=should%20fail", &["verb XAPI-00012"]),
        ("activity=no-scheme", &["activity XAPI-00012"]),
        ("since=yesterday", &["since XAPI-00012"]),
        ("until=2026-01-01T00:00:00-00:00", &["until XAPI-00012"]),
        ("cursor=xyz", &["cursor XAPI-00012"]),
        ("limit=1&limit=2", &["limit XAPI-00012"]),
        ("verb=%zz", &["verb XAPI-00012"]),
        ("verb=%ff", &["verb XAPI-00012"]),
        ("method=GET", &["method XAPI-00324"]),
        ("limit=-1&since=x&foo=1", &["since XAPI-00012", "limit XAPI-00012", "foo XAPI-00324"]),
    ];
    for (query, expected) in table {
        let answer = server.expect(get(&format!("/xapi/statements?{query}")), 400).await;
        assert_eq!(answer.faults(), expected, "query: {query}");
    }
    for agent in ["true", "not JSON", "{}", r#"{"objectType":"Group","member":[]}"#] {
        let answer = server.expect(get(&format!("/xapi/statements?agent={}", encode(agent))), 400);
        let faults = answer.await.faults();
        assert!(faults.iter().all(|fault| fault.starts_with("agent ")), "{agent}: {faults:?}");
    }
}

#[tokio::test]
async fn refuses_many_parameters_with_a_bounded_response() {
    let server = Server::new().await;
    let count_max = bounds().parameters_count_max;
    let names = (0..count_max).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&");
    // Query, faults, the last of them.
    let table = [
        (names.clone(), count_max, "XAPI-00324"),
        (format!("{names}&more=1"), 1, "XAPI-00012"),
        ("limit=1&".repeat(count_max), count_max - 1, "limit XAPI-00012"),
        ("limit=1&".repeat(1000), 1, "XAPI-00012"),
        ("%zz&".repeat(count_max), count_max, "%zz XAPI-00012"),
        ("%zz&".repeat(1000), 1, "XAPI-00012"),
    ];
    for (query, count, last) in table {
        let answer = server.expect(get(&format!("/xapi/statements?{query}")), 400).await;
        let faults = answer.faults();
        assert_eq!(faults.len(), count, "query: {query}");
        assert!(faults.last().unwrap().ends_with(last), "query: {query}");
        let is_over = answer.text().contains("limits.parameters_count_max");
        assert_eq!(is_over, count == 1, "query: {query}");
    }
}

#[tokio::test]
async fn more_continues_from_a_cursor_with_an_encoded_name() {
    let server = Server::new().await;
    for number in 1..=3 {
        store(&server, &statement(number)).await;
    }
    let first = server.expect(get("/xapi/statements?limit=1"), 200).await;
    let path = first.json()["more"].as_str().unwrap().replace("cursor=", "%63ursor=");
    let second = server.expect(get(&path), 200).await;
    let third = server.expect(get(second.json()["more"].as_str().unwrap()), 200).await;
    assert_eq!(third.json()["more"], "");
}

/// The cursor in the link to the next page.
fn cursor_in(more: &str) -> &str {
    more.split_once("cursor=").expect("a cursor").1
}

#[tokio::test]
async fn a_cursor_shows_no_position_and_is_valid_for_its_tenant_alone() {
    let World { backend, http, clock, known } = World::new(Version::V2_0_0, bounds()).await;
    let service = http.service.clone();
    let settings = || Settings {
        auth: acta_auth::Options { failures_count_max: 1000 },
        bearer: None,
        http: http.options.clone(),
    };
    let restarted = HttpParts::open(&backend, service, settings()).await.unwrap();
    let serve = |http| {
        let app = App::new(Dependencies::new(http), Vec::new());
        Server::of(app, Arc::clone(&clock), known.clone())
    };
    let (restarted, server) = (serve(restarted), serve(http));
    store_many(&server, 3).await;
    let first = server.expect(get("/xapi/statements?limit=1"), 200).await.json();
    let second = server.expect(get(first["more"].as_str().unwrap()), 200).await.json();
    let cursors = [&first, &second].map(|page| cursor_in(page["more"].as_str().unwrap()));
    assert!(cursors.iter().all(|cursor| cursor.len() == 48), "{cursors:?}");
    let equal = cursors[0].bytes().zip(cursors[1].bytes()).filter(|(one, two)| one == two);
    assert!(equal.count() < 10, "neighbours have nothing in common: {cursors:?}");
    // Another node, or the same one after a restart, goes on with it.
    let more = first["more"].as_str().unwrap();
    assert_eq!(restarted.expect(get(more), 200).await.json(), second);
    let of_other = authorization("all", 2);
    for (path, who) in [
        (more.to_owned(), of_other.as_str()),
        (format!("/xapi/statements?cursor={}", "A".repeat(48)), "all of 1"),
        ("/xapi/statements?cursor=2".to_owned(), "all of 1"),
    ] {
        let answer = server.expect(get(&path).header("authorization", who), 400).await;
        assert_eq!(answer.faults(), ["cursor XAPI-00012"], "{path}");
    }
}

#[tokio::test]
async fn only_format_and_attachments_go_with_the_id_of_a_statement() {
    let server = Server::new().await;
    store(&server, &with_id(statement(1), ID)).await;
    store(&server, &with_id(statement(2), OTHER_ID)).await;
    let voiding = json!({
        "actor": { "mbox": "mailto:ada@example.org" },
        "verb": { "id": VOIDED },
        "object": { "objectType": "StatementRef", "id": OTHER_ID },
    });
    store(&server, &voiding).await;
    let agent = encode(r#"{"mbox":"mailto:ada@example.org"}"#);
    let others = [
        format!("agent={agent}"),
        "verb=http://example.org/v".to_owned(),
        "activity=http://example.org/a".to_owned(),
        format!("registration={ID}"),
        "related_activities=true".to_owned(),
        "related_agents=true".to_owned(),
        "since=2012-06-01T19:09:13.245Z".to_owned(),
        "until=2012-06-01T19:09:13.245Z".to_owned(),
        "limit=1".to_owned(),
        "ascending=true".to_owned(),
        format!("cursor={}", "A".repeat(48)),
    ];
    for (name, id) in [("statementId", ID), ("voidedStatementId", OTHER_ID)] {
        for other in &others {
            let path = format!("/xapi/statements?{name}={id}&{other}");
            let faults = server.expect(get(&path), 400).await.faults();
            assert_eq!(faults.len(), 1, "{path}: {faults:?}");
            assert!(faults[0].ends_with("XAPI-00151"), "{path}: {faults:?}");
        }
        for other in ["format=ids", "format=canonical", "attachments=true", "attachments=false"] {
            let path = format!("/xapi/statements?{name}={id}&{other}");
            server.expect(get(&path), 200).await;
        }
    }
    let path = format!("/xapi/statements?statementId={ID}&voidedStatementId={OTHER_ID}");
    server.expect(get(&path), 400).await;
}

#[tokio::test]
async fn a_voided_statement_is_found_only_as_such() {
    let server = Server::new().await;
    store(&server, &with_id(statement(1), ID)).await;
    server.expect(get(&format!("/xapi/statements?voidedStatementId={ID}")), 404).await;
    let voiding = json!({
        "id": OTHER_ID,
        "actor": { "mbox": "mailto:ada@example.org" },
        "verb": { "id": VOIDED },
        "object": { "objectType": "StatementRef", "id": ID },
    });
    store(&server, &voiding).await;
    server.expect(get(&format!("/xapi/statements?statementId={ID}")), 404).await;
    let answer = server.expect(get(&format!("/xapi/statements?voidedStatementId={ID}")), 200).await;
    assert_eq!(answer.json()["id"], ID);
    server.expect(get(&format!("/xapi/statements?voidedStatementId={OTHER_ID}")), 404).await;
    assert_eq!(server.send(get("/xapi/statements")).await.ids(), [OTHER_ID]);
    // What targets it is found by what it says.
    let path = "/xapi/statements?activity=https%3A%2F%2Fcourse.example%2F1";
    assert_eq!(server.send(get(path)).await.ids(), [OTHER_ID]);
}

#[tokio::test]
async fn every_response_has_the_consistent_through_header() {
    let server = Server::new().await;
    let expected = || server.clock_text();
    let table = [
        get("/xapi/statements"),
        get("/xapi/statements?LIMIT=1"),
        get(&format!("/xapi/statements?statementId={ID}")),
        post("/xapi/statements").json(&statement(1)),
        post("/xapi/statements").json(&json!({})),
        get("/xapi/statements").scopes("state"),
        get("/xapi/statements").without("authorization"),
        get("/xapi/statements").without("x-experience-api-version"),
        get("/xapi/statements?attachments=true"),
        crate::server::delete("/xapi/statements"),
    ];
    for ask in table {
        let answer = server.send(ask).await;
        let through = answer.header("x-experience-api-consistent-through");
        assert_eq!(through, Some(expected().as_str()), "{}", answer.text());
    }
    let about = server.send(get("/xapi/about")).await;
    assert_eq!(about.header("x-experience-api-consistent-through"), None);
}

#[tokio::test]
async fn last_modified_is_the_latest_stored_time_as_an_http_date() {
    let server = Server::new().await;
    assert_eq!(server.send(get("/xapi/statements")).await.header("last-modified"), None);
    store_many(&server, 2).await;
    let one = server.send(get(&format!("/xapi/statements?statementId={}", id_of(1)))).await;
    let page = server.send(get("/xapi/statements?ascending=true")).await;
    assert_eq!(one.header("last-modified"), Some("Mon, 21 Sep 2026 14:13:22 GMT"));
    assert_eq!(page.header("last-modified"), Some("Mon, 21 Sep 2026 14:13:23 GMT"));
}

#[tokio::test]
async fn format_and_language_shape_the_response() {
    let server = Server::new().await;
    let mut sent = with_id(statement(1), ID);
    sent["verb"]["display"] = json!({ "en-US": "attempted", "de": "versuchte" });
    sent["object"]["definition"] = json!({ "name": { "en-US": "Course", "de": "Kurs" } });
    store(&server, &sent).await;
    let path = format!("/xapi/statements?statementId={ID}");
    let exact = server.send(get(&path)).await.json();
    assert_eq!(exact["verb"]["display"], sent["verb"]["display"]);
    let ids = server.send(get(&format!("{path}&format=ids"))).await.json();
    assert_eq!(ids["object"], json!({ "id": "https://course.example/1" }));
    assert_eq!(ids["actor"].get("name"), None);
    let ask = get(&format!("{path}&format=canonical")).header("accept-language", "de-AT, en;q=0.5");
    let canonical = server.send(ask).await.json();
    assert_eq!(canonical["verb"]["display"], json!({ "de": "versuchte" }));
    assert_eq!(canonical["object"]["definition"]["name"], json!({ "de": "Kurs" }));
    let page = server.send(get("/xapi/statements?format=ids")).await.json();
    assert_eq!(page["statements"][0]["object"], ids["object"]);
}

#[tokio::test]
async fn a_reader_of_either_version_gets_the_statement_as_stored() {
    let server = Server::new().await;
    let mut sent = with_id(statement(1), ID);
    sent["context"] = json!({
        "contextAgents": [{ "objectType": "contextAgent", "agent": { "mbox": "mailto:b@example.org" } }],
        "platform": "test",
    });
    server.expect(post("/xapi/statements").version("2.0.0").json(&sent), 200).await;
    let path = format!("/xapi/statements?statementId={ID}");
    let new = server.send(get(&path).version("2.0.0")).await.json();
    let old = server.send(get(&path)).await.json();
    assert_eq!(new["context"], sent["context"]);
    assert_eq!(new["version"], "2.0.0");
    assert_eq!(old, new);
}

#[tokio::test]
async fn a_credential_for_its_own_statements_finds_only_those() {
    let server = Server::new().await;
    store(&server, &with_id(statement(1), ID)).await;
    let content = |ask: crate::server::Ask| ask.scopes(CONTENT);
    let sent = with_id(statement(2), OTHER_ID);
    server.expect(content(post("/xapi/statements").json(&sent)), 200).await;
    assert_eq!(server.send(content(get("/xapi/statements"))).await.ids(), [OTHER_ID]);
    let path = |id: &str| format!("/xapi/statements?statementId={id}");
    server.expect(content(get(&path(OTHER_ID))), 200).await;
    server.expect(content(get(&path(ID))), 404).await;
    assert_eq!(server.send(get("/xapi/statements")).await.ids(), [OTHER_ID, ID]);
    server.expect(get("/xapi/statements").scopes("statements/write"), 403).await;
}

#[tokio::test]
async fn tenants_do_not_see_one_another() {
    let server = Server::new().await;
    store(&server, &with_id(statement(1), ID)).await;
    let other = |ask: crate::server::Ask| ask.header("authorization", &authorization("all", 2));
    server.expect(other(get(&format!("/xapi/statements?statementId={ID}"))), 404).await;
    assert_eq!(server.send(other(get("/xapi/statements"))).await.ids(), Vec::<String>::new());
    // The same id may be used by both.
    server.expect(other(post("/xapi/statements").json(&with_id(statement(2), ID))), 200).await;
}
