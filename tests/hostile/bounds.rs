//! Every bound that a key sets: at it a request passes, over it the refusal names the bound
//! and the key.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use acta_tests::client::form;
use acta_tests::multipart::{self, Part};
use acta_tests::server::{KEY, SECRET, basic, exchange_raw};
use acta_tests::{Call, Client, Response, Server, Version, acta, make, run};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Small bounds, so that each is easily reached and none hides another.
const SMALL: &[(&str, &str)] = &[
    ("limits.statements_bytes_max", "16KiB"),
    ("limits.statements_count_max", "3"),
    ("limits.statement_bytes_max", "4KiB"),
    ("limits.activities_count_max", "4"),
    ("limits.agents_count_max", "4"),
    ("limits.attachments_count_max", "4"),
    ("limits.json_depth_max", "10"),
    ("limits.json_values_max", "300"),
    ("limits.faults_count_max", "5"),
    ("limits.attachment_bytes_max", "2KiB"),
    ("limits.signature_bytes_max", "512"),
    ("limits.multipart_bytes_max", "24KiB"),
    ("limits.multipart_parts_max", "4"),
    ("limits.part_head_bytes_max", "1KiB"),
    ("limits.document_bytes_max", "4KiB"),
    ("limits.documents_count_max", "3"),
    ("limits.document_id_bytes_max", "64"),
    ("limits.head_bytes_max", "8KiB"),
    ("limits.url_bytes_max", "1KiB"),
    ("limits.parameters_count_max", "8"),
    ("limits.anonymous_bytes_max", "2KiB"),
    ("limits.failures_count_max", "3"),
];

/// Bounds that need others to be wide, or that no refusal reports.
const TESTED_APART: &[&str] =
    &["limits.unpacked_ratio_max", "limits.faults_count_max", "limits.anonymous_count_max"];

/// Bounds of what an administrator creates.
const OF_TENANTS: &[&str] = &["tenants.credentials_max", "tenants.invitations_max"];

/// Bounds of accounts, which need people: `tests/use_cases` tests them on every engine.
const OF_ACCOUNTS: &[&str] = &[
    "accounts.sessions_max",
    "accounts.identities_max",
    "tenants.people_max",
    "tenants.accounts_max",
    "tenants.questions_max",
];

/// Bounds of pages, and those that show only among many clients or in time: `crates/http`
/// tests them one by one (`hostile.rs`), `crowds` all together, and `tests/streams` those of
/// streams.
const NO_REFUSAL: &[&str] = &[
    "limits.page_count_max",
    "limits.page_bytes_max",
    "limits.memory_bytes_max",
    "limits.connections_max",
    "limits.requests_max",
    "limits.streams_max",
    "limits.tenant_streams_max",
    "limits.requester_streams_max",
    "limits.head_timeout",
    "limits.idle_timeout",
    "limits.body_timeout",
    "limits.write_timeout",
    "limits.rate_bytes_min",
    "limits.drain_timeout",
];

/// Starts a server with these settings, by the names of their keys.
fn start(data: &Path, settings: &[(&str, &str)]) -> Server {
    let variable = |key: &str| {
        let found = acta_config::KEYS.iter().find(|known| known.name == key);
        found.unwrap_or_else(|| panic!("there is no key {key}")).variable()
    };
    let named: Vec<(String, &str)> =
        settings.iter().map(|(key, value)| (variable(key), *value)).collect();
    let pairs: Vec<(&str, &str)> =
        named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    Server::start_with(data, Version::V1_0_3, &pairs)
}

/// Sends something of a size: as large as the bound, or larger by one.
type Send = fn(&Client, usize) -> Response;

/// A key, the size of its bound, what is sent, the answers at and over the bound, and the
/// bound in the text.
type Row = (&'static str, usize, Send, u16, u16, &'static str);

const TABLE: &[Row] = &[
    ("limits.statements_bytes_max", 16 << 10, padded_statements, 200, 413, "16384 bytes"),
    ("limits.statements_count_max", 3, batch, 200, 400, "3 are the most"),
    ("limits.statement_bytes_max", 4 << 10, long_statement, 200, 413, "4096 bytes"),
    ("limits.activities_count_max", 4, context_activities, 200, 400, "4 are the most"),
    ("limits.agents_count_max", 4, members, 200, 400, "4 are the most"),
    ("limits.attachments_count_max", 4, linked_attachments, 200, 400, "4 are the most"),
    ("limits.json_depth_max", 10, deep_statement, 200, 400, "deeper than 10"),
    ("limits.json_values_max", 300, wide_statement, 200, 400, "more than 300 values"),
    ("limits.attachment_bytes_max", 2 << 10, attachment, 200, 413, "2048 bytes"),
    // A signature that is read does not hold.
    ("limits.signature_bytes_max", 512, signature, 400, 413, "512 bytes"),
    ("limits.multipart_bytes_max", 24 << 10, long_multipart, 200, 413, "24576 bytes"),
    ("limits.multipart_parts_max", 4, parts, 200, 413, "4 parts"),
    ("limits.part_head_bytes_max", 1 << 10, long_part_head, 200, 431, "1024 bytes"),
    ("limits.document_bytes_max", 4 << 10, document, 204, 413, "4096 bytes"),
    ("limits.documents_count_max", 3, documents, 204, 400, "3 documents"),
    ("limits.document_id_bytes_max", 64, document_id, 204, 400, "64 bytes"),
    ("limits.head_bytes_max", 8 << 10, head, 200, 431, "8192 bytes"),
    ("limits.url_bytes_max", 1 << 10, url, 200, 414, "1024 bytes"),
    ("limits.url_bytes_max", 1 << 10, form_url, 200, 414, "1024 bytes"),
    ("limits.parameters_count_max", 8, parameters, 200, 400, "8 parameters"),
    ("limits.anonymous_bytes_max", 2 << 10, anonymous_form, 200, 413, "2048 bytes"),
    ("limits.failures_count_max", 3, wrong_secrets, 401, 429, "at most 3 per minute"),
];

#[test]
fn at_each_bound_requests_pass_and_over_it_the_refusal_names_it() {
    let scratch = TempDir::new().unwrap();
    let server = start(&scratch.path().join("data"), SMALL);
    let client = server.client(Version::V1_0_3);
    for (key, size, send, at, over, text) in TABLE {
        let answer = send(&client, *size);
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, *at, "{key} at {size}: {body}");
        assert!(!body.contains(key), "{key} at {size}: {body}");
        let answer = send(&client, size + 1);
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, *over, "{key} over {size}: {body}");
        assert!(body.contains(key) && body.contains(text), "{key} over {size}: {body}");
        assert!(body.contains("urn:acta:problem:"), "{body}");
    }
    // Who was refused was neither locked out nor harmed.
    client.get("/statements").send().expect(200);
}

#[test]
fn every_key_of_a_limit_is_tested() {
    let tested = TABLE.iter().map(|row| row.0);
    let apart = [TESTED_APART, OF_TENANTS, OF_ACCOUNTS, NO_REFUSAL].into_iter().flatten().copied();
    let tested: BTreeSet<&str> = tested.chain(apart).collect();
    let of_clients = ["limits.", "tenants.", "accounts."];
    let is_limit = |key: &&acta_config::Key| {
        key.answer.is_some() && of_clients.iter().any(|prefix| key.name.starts_with(prefix))
    };
    let keys = acta_config::KEYS.iter().filter(is_limit);
    let keys: BTreeSet<&str> = keys.map(|key| key.name).collect();
    assert_eq!(tested, keys);
}

#[test]
fn the_key_limits_the_number_of_reported_faults() {
    let scratch = TempDir::new().unwrap();
    let server = start(&scratch.path().join("data"), SMALL);
    let client = server.client(Version::V1_0_3);
    for (count, told) in [(4, 4), (5, 5), (6, 5)] {
        let mut statement = make::statement();
        for number in 0..count {
            statement[format!("unknown{number}")] = json!(1);
        }
        let problem = client.post("/statements").json(&statement).send().expect(400).json();
        assert_eq!(problem["faults"].as_array().unwrap().len(), told, "{problem}");
    }
}

/// The problem that a statement with these attachments gets.
fn problem_of(client: &Client, attachments: Vec<Value>, parts: &[Part]) -> Value {
    let mut statement = make::statement();
    statement["attachments"] = attachments.into();
    let first = Part::statements(&statement.to_string());
    let body =
        multipart::write(&std::iter::once(first).chain(parts.iter().cloned()).collect::<Vec<_>>());
    send_parts(client, body).expect(400).json()
}

#[test]
fn the_key_limits_the_number_of_reported_faults_of_attachments() {
    let scratch = TempDir::new().unwrap();
    let settings = [("limits.faults_count_max", "5"), ("limits.attachments_count_max", "1000")];
    let server = start(&scratch.path().join("data"), &settings);
    let client = server.client(Version::V1_0_3);
    let content = |number: usize| number.to_string().into_bytes();
    for (count, reported) in [(4, 4), (5, 5), (6, 5), (900, 5)] {
        // No part has the content.
        let missing =
            (0..count).map(|number| make::attachment("text/plain", &content(number))).collect();
        // Each part has other content than its hash says.
        let named = |number| make::attachment("text/plain", &content(number));
        let damaged: Vec<Part> = (0..count)
            .map(|number| Part::attachment("text/plain", &make::sha256_hex(&content(number)), b"x"))
            .collect();
        let parts: Vec<Part> = (0..count)
            .map(|number| {
                let content = content(number);
                Part::attachment("text/plain", &make::sha256_hex(&content), &content)
            })
            .collect();
        // No statement names them.
        let unnamed = problem_of(&client, Vec::new(), &parts);
        let missing = problem_of(&client, missing, &[]);
        let damaged = problem_of(&client, (0..count).map(named).collect(), &damaged);
        for (name, problem) in [("unnamed", unnamed), ("missing", missing), ("damaged", damaged)] {
            let faults = problem["faults"].as_array().unwrap().len();
            // An answer may stop at the first fault of its kind, and has no more than the limit.
            assert!((1..=reported).contains(&faults), "{name}, {count}: {problem}");
        }
    }
}

#[test]
fn the_keys_limit_the_number_of_credentials_and_invitations() {
    let scratch = TempDir::new().unwrap();
    let data = scratch.path().join("data");
    let server =
        start(&data, &[("tenants.credentials_max", "4"), ("tenants.invitations_max", "2")]);
    let mut create = acta();
    create.args(["credential", "create", "--label", "a", "--scope", "admin", "--json", "--data"]);
    let created: Value = serde_json::from_str(&run(create.arg(&data)).out).unwrap();
    let (key, secret) = (created["key"].as_str().unwrap(), created["secret"].as_str().unwrap());
    let client = server.client(Version::V1_0_3).with("Authorization", &basic(key, secret));
    let new = |noun: &str, number: usize| match noun {
        "credentials" => json!({ "label": "LMS", "scopes": ["statements/write"] }),
        _ => json!({ "email": format!("a{number}@example.org"), "role": "viewer" }),
    };
    // That of the server and that of the administrator are there already.
    let table = [
        ("credentials", 4, "the maximum of 4 credentials"),
        ("invitations", 2, "the maximum of 2 open invitations"),
    ];
    for (noun, count_max, text) in table {
        let path = format!("/api/v1/tenants/1/{noun}");
        let create = |number| client.call_outside("POST", &path).json(&new(noun, number)).send();
        create(1).expect(201);
        create(2).expect(201);
        let problem = create(3).expect(409).json();
        assert_eq!(problem["type"], "urn:acta:problem:limit-reached", "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(text), "{detail}");
        assert!(detail.contains(&format!("tenants.{noun}_max")), "{detail}");
        let known = client.call_outside("GET", &path).send().expect(200).json();
        assert_eq!(known["items"].as_array().unwrap().len(), count_max, "{known}");
    }
}

/// The answer to a request that an address sends, as a proxy reports it.
fn ask_from(client: &Client, from: &str, path: &str) -> Response {
    let call = client.call_outside("GET", path).without("Authorization");
    call.header("X-Forwarded-For", from).send()
}

#[test]
fn the_key_limits_requests_without_a_valid_credential_and_no_others() {
    let scratch = TempDir::new().unwrap();
    let settings =
        [("limits.anonymous_count_max", "20"), ("server.trusted_proxies", "127.0.0.1/32")];
    let server = start(&scratch.path().join("data"), &settings);
    let client = server.client(Version::V1_0_3);
    let (here, elsewhere) = ("198.51.100.7", "198.51.100.8");
    let wrong = basic(KEY, "a guess");
    let guess = || {
        let call = client.get("/statements").header("Authorization", &wrong);
        call.header("X-Forwarded-For", here).send()
    };
    // A part of a minute may pass meanwhile, in which some are restored: one every three seconds.
    let open = ["/xapi/about", "/signin", "/nothing", "/api/v1/session"];
    let asked = open.iter().cycle().take(16).map(|path| ask_from(&client, here, path).status);
    assert!(!asked.collect::<Vec<_>>().contains(&429));
    for _ in 0..4 {
        guess().expect(401);
    }
    let until_refused = (0..20).map(|_| guess()).find(|answer| answer.status == 429);
    let refused = until_refused.expect("the address is refused");
    assert!((1..=3).contains(&refused.header("Retry-After").unwrap().parse::<u64>().unwrap()));
    let problem = refused.json();
    assert_eq!(problem["type"], "urn:acta:problem:too-many-anonymous-requests", "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("at most 20") && detail.contains("limits.anonymous_count_max"));
    // No path of these is served to it, and what it is refused does not count.
    for path in open {
        let statuses: Vec<u16> = (0..3).map(|_| ask_from(&client, here, path).status).collect();
        assert!(statuses.contains(&429), "{path}: {statuses:?}");
    }
    // Who sends a valid credential from there is served, as often as it likes.
    let known = |path: &str| client.call_outside("GET", path).header("X-Forwarded-For", here);
    for _ in 0..30 {
        known("/xapi/statements").header("X-Experience-API-Version", "1.0.3").send().expect(200);
        known("/xapi/about").send().expect(200);
    }
    // So are probes, files, what browsers ask before they send, and other addresses.
    for path in ["/health", "/ready"] {
        ask_from(&client, here, path).expect(200);
    }
    for path in ["/", "/icon.svg"] {
        assert_ne!(ask_from(&client, here, path).status, 429, "{path}");
    }
    let preflight = client.call_outside("OPTIONS", "/xapi/statements").without("Authorization");
    preflight.header("X-Forwarded-For", here).send().expect(204);
    ask_from(&client, elsewhere, "/xapi/about").expect(200);
    let metrics = known("/metrics").send().expect(200);
    let line =
        metrics.text().lines().find(|line| line.starts_with("acta_http_anonymous_refused_total "));
    let count: u64 = line.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(5 <= count, "{count}");
}

#[test]
fn packed_bodies_may_grow_so_many_times() {
    let scratch = TempDir::new().unwrap();
    let server = start(&scratch.path().join("data"), &[("limits.unpacked_ratio_max", "4")]);
    let client = server.client(Version::V1_0_3);
    let send = |level, length| {
        let mut encoder = GzEncoder::new(Vec::new(), level);
        let mut text = make::statement().to_string().into_bytes();
        text.resize(length, b' ');
        encoder.write_all(&text).unwrap();
        let body = encoder.finish().unwrap();
        let call = client.post("/statements").body("application/json", body);
        call.header("Content-Encoding", "gzip").send()
    };
    send(Compression::best(), 1 << 20).expect(200);
    send(Compression::none(), 2 << 20).expect(200);
    let refused = send(Compression::best(), 2 << 20).expect(413);
    assert!(refused.text().contains("4 times"), "{}", refused.text());
    assert!(refused.text().contains("limits.unpacked_ratio_max"), "{}", refused.text());
}

#[test]
fn pages_end_where_the_keys_say() {
    let scratch = TempDir::new().unwrap();
    let settings = [("limits.page_count_max", "4"), ("limits.page_bytes_max", "8KiB")];
    let server = start(&scratch.path().join("data"), &settings);
    let client = server.client(Version::V1_0_3);
    for _ in 0..6 {
        client.store(&make::statement());
    }
    let count = |limit: &str| {
        let page = client.get("/statements").query("limit", limit).send().expect(200).json();
        page["statements"].as_array().unwrap().len()
    };
    assert_eq!((count("4"), count("5"), count("0")), (4, 4, 4));
    for _ in 0..3 {
        client.store(&padded(make::statement(), 6 << 10));
    }
    assert_eq!(count("4"), 2, "a page ends once it holds 8 KiB");
}

/// A statement of exactly so many bytes.
fn padded(mut statement: Value, bytes: usize) -> Value {
    statement["result"] = json!({ "response": "" });
    let missing = bytes - statement.to_string().len();
    statement["result"]["response"] = json!("x".repeat(missing));
    statement
}

fn statement_text() -> String {
    make::statement().to_string()
}

fn padded_statements(client: &Client, bytes: usize) -> Response {
    let mut text = statement_text();
    text.push_str(&" ".repeat(bytes - text.len()));
    client.post("/statements").json_text(&text).send()
}

fn context_activities(client: &Client, count: usize) -> Response {
    let mut statement = make::statement();
    let activities: Vec<Value> = (0..count).map(|_| json!({ "id": make::activity_id() })).collect();
    statement["context"] = json!({ "contextActivities": { "other": activities } });
    client.post("/statements").json(&statement).send()
}

fn members(client: &Client, count: usize) -> Response {
    let members: Vec<Value> = (0..count).map(|_| make::agent()).collect();
    let group = json!({ "objectType": "Group", "member": members });
    client.post("/statements").json(&make::statement_of(&group)).send()
}

/// Attachments whose content is elsewhere.
fn linked_attachments(client: &Client, count: usize) -> Response {
    let attachment = |number: usize| {
        let mut attachment = make::attachment("text/plain", number.to_string().as_bytes());
        attachment["fileUrl"] = json!("https://example.org/file");
        attachment
    };
    let mut statement = make::statement();
    statement["attachments"] = (0..count).map(attachment).collect();
    client.post("/statements").json(&statement).send()
}

fn batch(client: &Client, count: usize) -> Response {
    let statements: Vec<Value> = (0..count).map(|_| make::statement()).collect();
    client.post("/statements").json(&json!(statements)).send()
}

fn long_statement(client: &Client, bytes: usize) -> Response {
    client.post("/statements").json(&padded(make::statement(), bytes)).send()
}

fn with_extension(value: Value) -> Value {
    let mut statement = make::statement();
    statement["result"] = json!({ "extensions": { "http://example.org/x": null } });
    statement["result"]["extensions"]["http://example.org/x"] = value;
    statement
}

fn deep_statement(client: &Client, depth: usize) -> Response {
    // Statement, result and extensions are three.
    let inner = (3..depth).fold(json!(1), |inner, _| json!([inner]));
    client.post("/statements").json(&with_extension(inner)).send()
}

fn wide_statement(client: &Client, count: usize) -> Response {
    let missing = count - count_values(&with_extension(json!([])));
    client.post("/statements").json(&with_extension(json!(vec![1; missing]))).send()
}

/// Values and keys.
fn count_values(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(count_values).sum::<usize>(),
        Value::Object(members) => {
            1 + members.values().map(|member| 1 + count_values(member)).sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

fn send_parts(client: &Client, body: Vec<u8>) -> Response {
    client.post("/statements").body(&multipart::content_type(), body).send()
}

/// A statement with attachments of these contents, and their parts.
fn statement_and_parts(contents: &[Vec<u8>]) -> Vec<Part> {
    let mut statement = make::statement();
    let attachments = contents.iter().map(|bytes| make::attachment("text/plain", bytes));
    statement["attachments"] = attachments.collect();
    let part = |bytes: &Vec<u8>| {
        Part::attachment("text/plain", &make::sha256_hex(bytes), bytes.as_slice())
    };
    let statements = Part::statements(&statement.to_string());
    [statements].into_iter().chain(contents.iter().map(part)).collect()
}

fn attachment(client: &Client, bytes: usize) -> Response {
    send_parts(client, multipart::write(&statement_and_parts(&[vec![b'x'; bytes]])))
}

fn signature(client: &Client, bytes: usize) -> Response {
    let content = vec![b'x'; bytes];
    let mut attachment = make::attachment("application/octet-stream", &content);
    attachment["usageType"] = json!("http://adlnet.gov/expapi/attachments/signature");
    let mut statement = make::statement();
    statement["attachments"] = json!([attachment]);
    let part = Part::attachment("application/octet-stream", &make::sha256_hex(&content), &content);
    send_parts(client, multipart::write(&[Part::statements(&statement.to_string()), part]))
}

fn long_multipart(client: &Client, bytes: usize) -> Response {
    let mut body = multipart::write(&statement_and_parts(&[b"content".to_vec()]));
    // What follows the last delimiter is passed over, but counts.
    body.resize(bytes, b' ');
    send_parts(client, body)
}

fn parts(client: &Client, count: usize) -> Response {
    let contents: Vec<Vec<u8>> = (1..count).map(|number| number.to_string().into()).collect();
    send_parts(client, multipart::write(&statement_and_parts(&contents)))
}

fn long_part_head(client: &Client, bytes: usize) -> Response {
    let mut parts = statement_and_parts(&[b"content".to_vec()]);
    let lines = |part: &Part| -> usize {
        part.headers.iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum()
    };
    let missing = bytes - lines(&parts[1]) - "X-Padding: \r\n".len();
    parts[1] = parts[1].clone().with("X-Padding", &"x".repeat(missing));
    send_parts(client, multipart::write(&parts))
}

fn put_profile(client: &Client, id: &str, content: Vec<u8>) -> Response {
    put_profile_of(client, &make::activity_id(), id, content)
}

fn put_profile_of(client: &Client, activity: &str, id: &str, content: Vec<u8>) -> Response {
    let call = client.post("/activities/profile").query("activityId", activity);
    call.query("profileId", id).body("text/plain", content).send()
}

fn document(client: &Client, bytes: usize) -> Response {
    put_profile(client, "p", vec![b'x'; bytes])
}

fn documents(client: &Client, count: usize) -> Response {
    let activity = make::activity_id();
    let put = |number: usize| put_profile_of(client, &activity, &number.to_string(), b"x".to_vec());
    for number in 1..count {
        put(number).expect(204);
    }
    put(count)
}

fn document_id(client: &Client, bytes: usize) -> Response {
    put_profile(client, &"x".repeat(bytes), b"x".to_vec())
}

fn head(client: &Client, bytes: usize) -> Response {
    let head = |padding: &str| {
        format!(
            "GET /xapi/about HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-A: {padding}\r\n\r\n"
        )
    };
    let missing = bytes - head("").len();
    Response::parse(&exchange_raw(client.address(), head(&"x".repeat(missing)).as_bytes()))
}

fn url(client: &Client, bytes: usize) -> Response {
    let target = "/xapi/statements?verb=http://example.org/";
    let missing = bytes - target.len();
    client.call_outside("GET", &format!("{target}{}", "x".repeat(missing))).send()
}

fn form_url(client: &Client, bytes: usize) -> Response {
    let missing = bytes - "/xapi/statements?verb=http://example.org/".len();
    let body = format!("verb=http://example.org/{}", "x".repeat(missing));
    alternate(client, "GET").body("application/x-www-form-urlencoded", body).send()
}

fn alternate<'a>(client: &'a Client, method: &str) -> Call<'a> {
    client.call_outside("POST", &format!("/xapi/statements?method={method}"))
}

fn parameters(client: &Client, count: usize) -> Response {
    let agent = make::agent().to_string();
    let known = [
        ("agent", agent.as_str()),
        ("verb", "http://example.org/v"),
        ("activity", "http://example.org/a"),
        ("registration", "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"),
        ("related_activities", "true"),
        ("related_agents", "true"),
        ("since", "2026-01-01T00:00:00Z"),
        ("until", "2026-01-01T00:00:00Z"),
        ("ascending", "true"),
    ];
    client.get("/statements").queries(&known[..count]).send()
}

fn anonymous_form(client: &Client, bytes: usize) -> Response {
    let authorization = basic(KEY, SECRET);
    let fields = [("Authorization", authorization.as_str()), ("content", &statement_text())];
    let mut body = form(&fields);
    // Blanks behind the JSON text.
    body.push_str(&"+".repeat(bytes - body.len()));
    let call = alternate(client, "POST").without("Authorization");
    call.body("application/x-www-form-urlencoded", body).send()
}

fn wrong_secrets(client: &Client, count: usize) -> Response {
    let key = format!("unknown-{count}");
    let wrong = || client.get("/statements").header("Authorization", &basic(&key, "wrong")).send();
    for _ in 1..count {
        wrong().expect(401);
    }
    wrong()
}
