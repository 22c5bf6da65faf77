//! What the operator of the machine does by the admin API: tenants, and the audit as a file.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, ManualClock, Timestamp};
use acta_http::App;
use acta_storage::current_requester;
use acta_xapi::Version;
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};

use crate::administered::{parts_in, parts_of};
use crate::server::{START, World, authorization, bounds};

struct Machine {
    app: App,
    clock: Arc<ManualClock>,
}

impl Machine {
    async fn new() -> Self {
        let (parts, clock, _) = parts_of(Version::V2_0_0, bounds()).await;
        Self { app: parts.into_app(), clock }
    }

    async fn send(&self, line: &str, headers: &[(&str, &str)], body: &Value) -> Response<Bytes> {
        let (method, path) = line.split_once(' ').unwrap();
        self.clock.advance(Duration::from_secs(1));
        let method: Method = method.parse().unwrap();
        let request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        let request = request.header("content-type", "application/json");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.app.answer_operator(request.body(Bytes::from(body)).unwrap()).await
    }

    /// The JSON of an answer with this status.
    async fn expect(&self, line: &str, body: Value, status: u16) -> Value {
        let answer = self.send(line, &[], &body).await;
        let text = String::from_utf8_lossy(answer.body());
        assert_eq!(answer.status(), status, "{line}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// The settings of a tenant that has set nothing.
fn usual_settings() -> Value {
    json!({
        "zone": null,
        "language": null,
        "smallest_group": null,
        "course": {
            "steps": ["parent", "grouping", "object"],
            "types": [
                "http://adlnet.gov/expapi/activities/course",
                "https://w3id.org/xapi/cmi5/activitytype/course",
            ],
        },
    })
}

#[tokio::test]
async fn a_tenant_is_created_suspended_deleted_and_restored() {
    let machine = Machine::new().await;
    let body = json!({ "name": "School", "limits": { "requests_per_second": 7 } });
    let made = machine.send("POST /tenants", &[("idempotency-key", "one")], &body).await;
    assert_eq!(
        (made.status().as_u16(), &made.headers()["location"]),
        (201, &"/api/v1/tenants/3".parse().unwrap())
    );
    let view: Value = serde_json::from_slice(made.body()).unwrap();
    let expected = json!({
        "id": 3,
        "name": "School",
        "state": "active",
        "created": view["created"],
        "since": null,
        "purge": null,
        "limits": {
            "requests_per_second": 7,
            "bytes_per_day": null,
            "statements_per_day": null,
            "weight": 1,
        },
        "audits_reads": false,
        "publishes_proof_log": false,
        "settings": usual_settings(),
    });
    assert_eq!(view, expected);
    let again = machine.send("POST /tenants", &[("idempotency-key", "one")], &body).await;
    assert_eq!((again.status().as_u16(), again.body()), (201, made.body()));
    assert_eq!(again.headers()["location"], made.headers()["location"]);
    let other = json!({ "name": "Other" });
    let other = machine.send("POST /tenants", &[("idempotency-key", "one")], &other).await;
    assert_eq!(other.status(), 422);
    let state = async |line: &str, status: u16| {
        machine.expect(line, Value::Null, status).await["state"].as_str().map(str::to_owned)
    };
    assert_eq!(state("POST /tenants/3/suspend", 200).await.as_deref(), Some("suspended"));
    assert_eq!(state("POST /tenants/3/resume", 200).await.as_deref(), Some("active"));
    assert_eq!(state("POST /tenants/3/restore", 409).await, None);
    let deleted = machine.expect("DELETE /tenants/3", Value::Null, 200).await;
    assert_eq!(deleted["state"], "deleted");
    assert!(deleted["since"].is_string() && deleted["purge"].is_string());
    assert_eq!(state("POST /tenants/3/suspend", 409).await, None);
    assert_eq!(state("POST /tenants/3/restore", 200).await.as_deref(), Some("active"));
    let limits = json!({
        "limits": { "requests_per_second": null, "bytes_per_day": 9, "weight": 4 },
    });
    let changed = machine.send("PATCH /tenants/3", &[("if-match", "*")], &limits).await;
    let view: Value = serde_json::from_slice(changed.body()).unwrap();
    let expected = json!({
        "requests_per_second": null,
        "bytes_per_day": 9,
        "statements_per_day": null,
        "weight": 4,
    });
    assert_eq!(view["limits"], expected);
    for limits in [
        json!([7, 8, 9]),
        json!({ "bytes_per_day": 0 }),
        json!({ "weight": 101 }),
        json!({ "bytes": 1 }),
        json!(7),
    ] {
        machine.expect("POST /tenants", json!({ "name": "x", "limits": limits }), 400).await;
    }
    let ids = machine.expect("GET /tenants?limit=2", Value::Null, 200).await;
    let next = ids["next"].as_str().unwrap();
    let rest =
        machine.expect(&format!("GET /tenants?limit=2&cursor={next}"), Value::Null, 200).await;
    assert_eq!((&rest["items"][0]["id"], &rest["next"]), (&json!(3), &Value::Null));
    machine.expect("GET /tenants?cursor=eA", Value::Null, 400).await;
}

/// Fills the audit of the first tenant with `count` entries.
async fn fill(machine: &Machine, count: usize) {
    for number in 0..count {
        let body = json!({ "name": format!("=name {number}") });
        let answer = machine.send("PATCH /tenants/1", &[("if-match", "*")], &body).await;
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test]
async fn the_audit_is_listed_filtered_and_verified() {
    let machine = Machine::new().await;
    fill(&machine, 210).await;
    let mut path = "GET /tenants/1/audit?limit=200".to_owned();
    let mut sequences = Vec::new();
    loop {
        let page = machine.expect(&path, Value::Null, 200).await;
        let items = page["items"].as_array().unwrap();
        sequences.extend(items.iter().map(|item| item["sequence"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("GET /tenants/1/audit?limit=200&cursor={next}");
    }
    assert_eq!(sequences, (1..=210).rev().collect::<Vec<u64>>());
    let count = async |query: &str| {
        let page = machine.expect(&format!("GET /tenants/1/audit?{query}"), Value::Null, 200).await;
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(count("who=operator&limit=200").await, 200);
    assert_eq!(count("who=server").await, 0);
    assert_eq!(count("act=tenant.&limit=3").await, 3);
    assert_eq!(count("act=tenant.made").await, 0);
    assert_eq!(count("target=tenant:1&outcome=done&limit=1").await, 1);
    assert_eq!(count("outcome=refused").await, 0);
    assert_eq!(count("until=2020-01-01T00:00:00%2B01:00").await, 0);
    assert_eq!(count("since=2020-01-01T00:00:00+01:00&limit=4").await, 4);
    for query in [
        "who=nobody",
        "outcome=maybe",
        "order=up",
        "since=yesterday",
        "act=",
        "act=%00",
        "target=a%00b",
        "cursor=eA",
        "limit=0",
        "x=1",
    ] {
        machine.expect(&format!("GET /tenants/1/audit?{query}"), Value::Null, 400).await;
    }
    let oldest = machine.expect("GET /tenants/1/audit?order=ascending&limit=1", Value::Null, 200);
    let oldest = oldest.await;
    let entry = &oldest["items"][0];
    assert_eq!((&entry["who"], &entry["from"]), (&json!("operator"), &json!("local")));
    assert_eq!(entry["detail"]["changes"]["name"]["to"], "=name 0");
    let verified = machine.expect("GET /tenants/1/audit/verify", Value::Null, 200).await;
    let page = machine.expect("GET /tenants/1/audit?limit=1", Value::Null, 200).await;
    let hash = &page["items"][0]["hash"];
    let expected = |has_noted_head| {
        json!({
            "sequence": 210,
            "hash": hash,
            "broken_at": null,
            "has_noted_head": has_noted_head,
        })
    };
    assert_eq!(verified, expected(Value::Null));
    let hash = hash.as_str().unwrap();
    for (head, has_noted_head) in [(format!("210:{hash}"), true), (format!("211:{hash}"), false)] {
        let path = format!("GET /tenants/1/audit/verify?head={head}");
        assert_eq!(machine.expect(&path, Value::Null, 200).await, expected(json!(has_noted_head)));
    }
    for head in ["", "210", &format!("210:{}", &hash[1..]), &format!("x:{hash}")] {
        let path = format!("GET /tenants/1/audit/verify?head={head}");
        machine.expect(&path, Value::Null, 400).await;
    }
}

#[tokio::test]
async fn the_audit_is_exported_as_json_lines_and_as_csv() {
    let machine = Machine::new().await;
    fill(&machine, 450).await;
    let export = async |query: &str| {
        let line = format!("GET /tenants/1/audit/export{query}");
        let answer = machine.send(&line, &[], &Value::Null).await;
        assert_eq!(answer.status(), 200, "{query}");
        let head = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let (kind, file) = (head("content-type"), head("content-disposition"));
        (kind, file, String::from_utf8(answer.body().to_vec()).unwrap())
    };
    let (kind, file, text) = export("").await;
    assert_eq!(kind, "application/jsonl");
    assert_eq!(file, "attachment; filename=\"audit-tenant-1.jsonl\"");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sequences: Vec<u64> = lines.iter().map(|line| line["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (1..=450).collect::<Vec<u64>>());
    let (kind, file, text) = export("?format=csv").await;
    assert_eq!(kind, "text/csv; charset=utf-8; header=present");
    assert_eq!(file, "attachment; filename=\"audit-tenant-1.csv\"");
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines[0], "sequence,id,at,who,from,act,target,outcome,detail,hash");
    assert_eq!(lines.len(), 452, "the head, 450 changes and the export before");
    assert!(lines[451].contains(",audit.exported,audit,done,"), "{}", lines[451]);
    let (_, _, text) = export("?act=audit.").await;
    assert_eq!(text.lines().count(), 2, "and none of itself");
    let page = machine.expect("GET /tenants/1/audit?act=audit.", Value::Null, 200).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    machine.expect("GET /tenants/1/audit/export?format=xml", Value::Null, 400).await;
    let server = machine.send("GET /audit/export?format=csv", &[], &Value::Null).await;
    assert_eq!(
        server.headers()["content-disposition"],
        "attachment; filename=\"audit-server.csv\""
    );
}

/// A clock that notes for which tenants it is read.
#[derive(Debug)]
struct NotingClock {
    clock: Arc<ManualClock>,
    readers: Mutex<Vec<Option<TenantId>>>,
}

impl NotingClock {
    fn note(&self) {
        self.readers.lock().unwrap().push(current_requester().tenant);
    }
}

impl Clock for NotingClock {
    fn now(&self) -> Timestamp {
        self.note();
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.note();
        self.clock.elapsed()
    }
}

#[tokio::test]
async fn every_page_of_an_export_is_read_for_its_tenant() {
    let clock = Arc::new(ManualClock::new(START));
    let noting = NotingClock { clock: Arc::clone(&clock), readers: Mutex::default() };
    let noting = Arc::new(noting);
    let clocks = (clock, Arc::<NotingClock>::clone(&noting) as Arc<dyn Clock>);
    let world = World::with_clock(Version::V2_0_0, bounds(), clocks).await;
    let (parts, clock, known) = parts_in(world, None).await;
    let machine = Machine { app: parts.into_app(), clock };
    fill(&machine, 450).await;
    let header = &known[&authorization("admin", 1)].header;
    let request = Request::get("/api/v1/tenants/1/audit/export").header("authorization", header);
    let response = machine.app.answer(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 200);
    noting.readers.lock().unwrap().clear();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(text.split(|byte| *byte == b'\n').count(), 451);
    // Each page after the first is read only if the credential is still valid, now.
    let readers = noting.readers.lock().unwrap().clone();
    assert!(2 <= readers.len(), "{readers:?}");
    assert!(readers.iter().all(|tenant| *tenant == Some(TenantId::FIRST)), "{readers:?}");
}

#[tokio::test]
async fn statements_are_read_page_by_page() {
    let (parts, clock, known) = parts_of(Version::V2_0_0, bounds()).await;
    let machine = Machine { app: parts.into_app(), clock };
    let header = &known[&authorization("all", 1)].header;
    let statements: Vec<Value> = (0..7).map(crate::server::statement).collect();
    let request = Request::builder().method("POST").uri("/xapi/statements");
    let request = request.header("content-type", "application/json");
    let request = request.header("authorization", header);
    let request = request.header("x-experience-api-version", "2.0.0");
    let body = axum::body::Body::from(Value::from(statements).to_string());
    assert_eq!(machine.app.answer(request.body(body).unwrap()).await.status(), 200);
    let mut path = "GET /tenants/1/statements?ascending=true&limit=3".to_owned();
    let mut ids = Vec::new();
    loop {
        let page = machine.expect(&path, Value::Null, 200).await;
        let items = page["items"].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["object"]["id"].as_str().unwrap().to_owned()));
        let id = items[0]["id"].as_str().unwrap();
        let line = format!("GET /tenants/1/statements/{id}");
        let one = machine.expect(&line, Value::Null, 200);
        assert_eq!(one.await, items[0]);
        let Some(next) = page["next"].as_str() else { break };
        path = format!("GET /tenants/1/statements?ascending=true&limit=3&cursor={next}");
    }
    let expected: Vec<String> =
        (0..7).map(|number| format!("https://course.example/{number}")).collect();
    assert_eq!(ids, expected);
    let agent = crate::server::encode(r#"{"mbox":"mailto:nobody@example.org"}"#);
    let line = format!("GET /tenants/1/statements?agent={agent}");
    let none = machine.expect(&line, Value::Null, 200);
    assert_eq!(none.await, json!({ "items": [], "next": null }));
    machine.expect("GET /tenants/1/statements?verb=x", Value::Null, 400).await;
    machine.expect("GET /tenants/1/statements/x", Value::Null, 404).await;
    let absent = format!("GET /tenants/1/statements/{}", crate::server::ID);
    machine.expect(&absent, Value::Null, 404).await;
    let other = machine.expect("GET /tenants/2/statements", Value::Null, 200).await;
    assert_eq!(other, json!({ "items": [], "next": null }));
}

#[tokio::test]
async fn a_statement_is_voided_with_a_reason() {
    let (parts, clock, known) = parts_of(Version::V2_0_0, bounds()).await;
    let machine = Machine { app: parts.into_app(), clock };
    let header = &known[&authorization("all", 1)].header;
    let request = Request::builder().method("POST").uri("/xapi/statements");
    let request = request.header("content-type", "application/json");
    let request = request.header("authorization", header);
    let request = request.header("x-experience-api-version", "2.0.0");
    let body = axum::body::Body::from(crate::server::statement(1).to_string());
    assert_eq!(machine.app.answer(request.body(body).unwrap()).await.status(), 200);
    let page = machine.expect("GET /tenants/1/statements", Value::Null, 200).await;
    let id = page["items"][0]["id"].as_str().unwrap();
    let line = format!("POST /tenants/1/statements/{id}/void");
    for body in [json!({}), json!({ "reason": "" }), json!({ "reason": "x", "by": "Ada" })] {
        machine.expect(&line, body, 400).await;
    }
    let reason = json!({ "reason": "Sent twice" });
    let voided = machine.expect(&line, reason.clone(), 201).await;
    assert_eq!(voided["voids"], id, "{voided}");
    let voiding = voided["id"].as_str().unwrap();
    let read = format!("GET /tenants/1/statements/{voiding}");
    let read = machine.expect(&read, Value::Null, 200).await;
    assert_eq!(read["object"], json!({ "objectType": "StatementRef", "id": id }));
    let page = machine.expect("GET /tenants/1/statements", Value::Null, 200).await;
    assert_eq!(page["items"], json!([read]));
    machine.expect(&line, reason.clone(), 409).await;
    machine.expect(&line.replace(id, voiding), reason.clone(), 409).await;
    machine.expect(&line.replace(id, crate::server::ID), reason.clone(), 404).await;
    machine.expect(&line.replace("/tenants/1", "/tenants/2"), reason, 404).await;
}
