//! Headers, versions, methods, credentials, errors and everything else on the wire.

use acta_tests::client::form;
use acta_tests::server::{KEY, SECRET, basic};
use acta_tests::{Client, Response, Server, Store, Version, make};
use serde_json::{Value, json};

use crate::{both, engine, shared};

const VERSION: &str = "X-Experience-API-Version";
const CONSISTENT_THROUGH: &str = "X-Experience-API-Consistent-Through";

/// Each resource with a query that it answers.
fn resources() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let agent = || ("agent", make::agent().to_string());
    let activity = || ("activityId", make::activity_id());
    vec![
        ("/statements", vec![agent()]),
        ("/activities/state", vec![agent(), activity()]),
        ("/activities/profile", vec![activity()]),
        ("/agents/profile", vec![agent()]),
        ("/agents", vec![agent()]),
        ("/activities", vec![activity()]),
        ("/about", vec![]),
    ]
}

fn ask(client: &Client, method: &str, path: &str, query: &[(&str, String)]) -> Response {
    let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    client.call(method, path).queries(&query).send()
}

#[test]
fn answers_head_like_get_without_a_body() {
    both(|client| {
        for (path, query) in resources() {
            let get = ask(client, "GET", path, &query);
            let head = ask(client, "HEAD", path, &query);
            assert_eq!(head.status, 200, "HEAD {path}");
            assert!(head.body.is_empty(), "HEAD {path}");
            for name in ["content-type", "x-experience-api-version"] {
                assert_eq!(head.header(name), get.header(name), "{name} of HEAD {path}");
            }
        }
        let id = client.store(&make::statement()).remove(0);
        let get = client.get("/statements").query("statementId", &id).send().expect(200);
        let head = client.head("/statements").query("statementId", &id).send().expect(200);
        for name in ["content-type", "content-length", "last-modified", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{name}");
        }
        client.head("/statements").query("statementId", &make::id()).send().expect(404);
        client.head("/statements").query("limit", "-1").send().expect(400);
    });
}

#[test]
fn sends_no_bytes_after_the_headers_of_head() {
    let id = shared().client(Version::V2_0_0).store(&make::statement()).remove(0);
    let head = format!(
        "HEAD /xapi/statements?statementId={id} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         {VERSION}: 2.0.0\r\nAuthorization: {}\r\n\r\n",
        basic(KEY, SECRET)
    );
    let answer = shared().send_raw(head.as_bytes()).expect(200);
    assert_eq!(answer.body, b"");
}

#[test]
fn has_every_resource_of_the_specification() {
    both(|client| {
        for (path, query) in resources() {
            ask(client, "GET", path, &query).expect(200);
        }
        let answer = client.get("/nothing").send();
        assert_eq!(answer.status, 404);
        for (method, path) in [
            ("DELETE", "/statements"),
            ("PUT", "/agents"),
            ("POST", "/about"),
            ("PATCH", "/agents"),
        ] {
            let answer = client.call(method, path).send();
            assert!([400, 405].contains(&answer.status), "{method} {path}: {}", answer.status);
        }
    });
}

#[test]
fn sends_its_version_with_every_answer() {
    both(|client| {
        let expected = client.version().as_str();
        for (path, query) in resources() {
            let answer = ask(client, "GET", path, &query);
            assert_eq!(answer.header(VERSION), Some(expected), "{path}");
        }
        let answers = [
            client.get("/statements").query("statementId", &make::id()).send().expect(404),
            client.get("/statements").query("limit", "-1").send().expect(400),
            client.post("/statements").json(&json!({})).send().expect(400),
            client.get("/statements").without("Authorization").send().expect(401),
            client.get("/nothing").send().expect(404),
        ];
        for answer in answers {
            assert_eq!(answer.header(VERSION), Some(expected), "status {}", answer.status);
        }
    });
}

#[test]
fn takes_patch_versions_and_answers_with_the_latest() {
    let rows = [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.1", "1.0.3"),
        ("1.0.2", "1.0.3"),
        ("1.0.3", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
    ];
    let client = shared().client(Version::V1_0_3);
    for (sent, expected) in rows {
        let answer = client.post("/statements").json(&make::statement()).header(VERSION, sent);
        assert_eq!(answer.send().expect(200).header(VERSION), Some(expected), "{sent}");
    }
}

#[test]
fn refuses_other_versions() {
    let client = shared().client(Version::V1_0_3);
    for version in ["0.9", "0.95", "1.1.0", "2.1.0", "3.0", "1", "2", "", "latest", "1.0.x"] {
        for (path, query) in resources() {
            if path != "/about" {
                let query: Vec<_> = query.iter().map(|(n, v)| (*n, v.as_str())).collect();
                let call = client.get(path).queries(&query).header(VERSION, version);
                let answer = call.send();
                assert_eq!(answer.status, 400, "{version:?} at {path}");
                assert!(answer.header(VERSION).is_some(), "{version:?} at {path}");
                assert!(!answer.body.is_empty(), "the problem is described");
            }
        }
    }
}

#[test]
fn refuses_requests_without_a_version() {
    for default in Version::EVERY {
        let (store, own);
        let server = match default {
            Version::V1_0_3 => shared(),
            Version::V2_0_0 => {
                store = Store::new(engine());
                own = Server::start_on(&store, default);
                &own
            }
        };
        let client = server.client(default);
        let call = client.post("/statements").json(&make::statement()).without(VERSION);
        let answer = call.send().expect(400);
        assert_eq!(answer.header(VERSION), Some(default.as_str()), "the default version");
        for (path, query) in resources() {
            let query: Vec<_> = query.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let answer = client.get(path).queries(&query).without(VERSION).send();
            assert_eq!(answer.status, if path == "/about" { 200 } else { 400 }, "{path}");
        }
    }
}

#[test]
fn requires_a_credential() {
    both(|client| {
        let refused = [
            None,
            Some("Foo".to_owned()),
            Some("Basic".to_owned()),
            Some("Basic !!!".to_owned()),
            Some("Basic bm9jb2xvbg==".to_owned()),
            Some(basic(KEY, "wrong")),
            Some(basic("nobody", SECRET)),
            Some(basic("", "")),
            Some(basic(KEY, "")),
            Some("Bearer abc".to_owned()),
            Some("Digest username=\"x\"".to_owned()),
        ];
        for authorization in refused {
            for (path, query) in resources() {
                if path == "/about" {
                    continue;
                }
                let query: Vec<_> = query.iter().map(|(n, v)| (*n, v.as_str())).collect();
                let mut call = client.get(path).queries(&query).without("Authorization");
                if let Some(value) = &authorization {
                    call = call.header("Authorization", value);
                }
                let answer = call.send();
                assert_eq!(answer.status, 401, "{authorization:?} at {path}");
                let challenge = answer.must_header("www-authenticate").to_lowercase();
                assert!(challenge.starts_with("basic"), "{challenge}");
            }
        }
    });
}

#[test]
fn stores_nothing_without_a_credential() {
    both(|client| {
        let (id, statement) = make::statement_with_id();
        let call = client.post("/statements").json(&statement).without("Authorization");
        call.send().expect(401);
        client.get("/statements").query("statementId", &id).send().expect(404);
    });
}

#[test]
fn takes_basic_authentication_in_any_case() {
    both(|client| {
        let value = basic(KEY, SECRET).replacen("Basic", "basic", 1);
        client
            .get("/statements")
            .query("limit", "1")
            .header("Authorization", &value)
            .send()
            .expect(200);
    });
}

#[test]
fn refuses_unknown_parameters_and_those_in_another_case() {
    both(|client| {
        for (path, query) in resources() {
            let mut unknown = query.clone();
            unknown.push(("unknown", "x".to_owned()));
            assert_eq!(ask(client, "GET", path, &unknown).status, 400, "unknown at {path}");
        }
        let names = [
            ("StatementId", make::id()),
            ("statementID", make::id()),
            ("VoidedStatementId", make::id()),
            ("Agent", make::agent().to_string()),
            ("Verb", make::verb_id()),
            ("Activity", make::activity_id()),
            ("Registration", make::id()),
            ("Related_activities", "true".to_owned()),
            ("Related_agents", "true".to_owned()),
            ("Since", "2024-01-01T00:00:00Z".to_owned()),
            ("Until", "2024-01-01T00:00:00Z".to_owned()),
            ("Limit", "1".to_owned()),
            ("Format", "exact".to_owned()),
            ("Attachments", "false".to_owned()),
            ("Ascending", "true".to_owned()),
        ];
        for (name, value) in &names {
            let answer = client.get("/statements").query(name, value).send();
            assert_eq!(answer.status, 400, "{name}");
        }
        let post = client.post("/statements").query("statementId", &make::id());
        post.json(&make::statement()).send().expect(400);
    });
}

#[test]
fn takes_repeated_slashes_for_one_and_ignores_a_last_one() {
    both(|client| {
        for (path, query) in resources() {
            let folded = ask(client, "GET", path, &query);
            for sent in [format!("/{path}"), format!("{path}/"), path.replace('/', "//") + "//"] {
                let found = ask(client, "GET", &sent, &query);
                assert_eq!((found.status, &found.body), (folded.status, &folded.body), "{sent}");
            }
        }
        // As content writes it that appends `/activities/state` to an endpoint with a slash.
        let agent = make::agent().to_string();
        let query = [("activityId", make::activity_id()), ("agent", agent)];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        let call = |method| {
            let call = client.call(method, "//activities//state/").queries(&query);
            call.query("stateId", "LMS.LaunchData")
        };
        call("PUT").json(&json!({"n": 1})).send().expect(204);
        assert_eq!(call("GET").send().expect(200).json(), json!({"n": 1}));
        call("DELETE").send().expect(204);
        client.call("POST", "//statements").json(&make::statement()).send().expect(200);
        for path in ["//nothing", "/activities//states"] {
            client.get(path).send().expect(404);
        }
    });
}

#[test]
fn names_the_setting_for_parameters_that_are_unknown() {
    both(|client| {
        let answer = client.get("/statements").query("lang", "en").send().expect(400);
        assert!(answer.text().contains("xapi.ignored_parameters"), "{}", answer.text());
    });
}

#[test]
fn refuses_a_parameter_that_is_given_twice() {
    both(|client| {
        for value in ["1", "2"] {
            let call = client.get("/statements").query("limit", "1").query("limit", value);
            call.send().expect(400);
        }
    });
}

#[test]
fn sends_consistent_through_with_every_answer_of_statements() {
    both(|client| {
        let id = client.store(&make::statement()).remove(0);
        let answers = [
            client.get("/statements").query("limit", "1").send().expect(200),
            client.get("/statements").query("statementId", &id).send().expect(200),
            client.get("/statements").query("statementId", &make::id()).send().expect(404),
            client.get("/statements").query("limit", "-1").send().expect(400),
            client.get("/statements").without(VERSION).send().expect(400),
            client.get("/statements").without("Authorization").send().expect(401),
            client.head("/statements").query("limit", "1").send().expect(200),
            client.post("/statements").json(&make::statement()).send().expect(200),
            client.post("/statements").json(&json!({})).send().expect(400),
        ];
        for answer in answers {
            let through = answer.must_header(CONSISTENT_THROUGH);
            let is_date = through.len() > 20 && through.ends_with('Z') && &through[10..11] == "T";
            assert!(is_date, "ISO 8601 with a fraction: {through} at {}", answer.status);
        }
    });
}

#[test]
fn consistent_through_covers_every_returned_statement() {
    both(|client| {
        for _ in 0..20 {
            let id = client.store(&make::statement()).remove(0);
            let answer = client.get("/statements").query("limit", "1").send().expect(200);
            let through = answer.must_header(CONSISTENT_THROUGH).to_owned();
            let newest = answer.json()["statements"][0]["stored"].clone();
            let stored = newest.as_str().expect("stored is a string");
            assert!(stored[..23] <= through[..23], "{stored} after {through}, {id}");
        }
    });
}

#[test]
fn understands_the_alternate_syntax_of_1_0_3() {
    let client = shared().client(Version::V1_0_3);
    let (id, statement) = make::statement_with_id();
    let send = |method: &str, path: &str, fields: &[(&str, &str)]| {
        let call = client.post(path).query("method", method).without(VERSION);
        let call = call.without("Authorization");
        let mut all = fields.to_vec();
        let authorization = basic(KEY, SECRET);
        all.extend([(VERSION, "1.0.3"), ("Authorization", &authorization)]);
        call.body("application/x-www-form-urlencoded", form(&all)).send()
    };
    let text = statement.to_string();
    send(
        "PUT",
        "/statements",
        &[("statementId", &id), ("content", &text), ("Content-Type", "application/json")],
    )
    .expect(204);
    let got = send("GET", "/statements", &[("statementId", &id)]).expect(200);
    assert_eq!(got.json()["id"], json!(id));
    let posted = send("POST", "/statements", &[("content", &make::statement().to_string())]);
    assert_eq!(posted.expect(200).json().as_array().map(Vec::len), Some(1));
    let got = send("GET", "/statements", &[("limit", "1"), ("agent", &make::agent().to_string())]);
    assert_eq!(got.expect(200).json()["statements"], json!([]));

    let activity = make::activity_id();
    let agent = make::agent().to_string();
    let state = [("activityId", activity.as_str()), ("agent", &agent), ("stateId", "ü&=+ %")];
    let content = [("content", "a=1&b=ü+%"), ("Content-Type", "text/plain")];
    send("PUT", "/activities/state", &[&state[..], &content].concat()).expect(204);
    let got = send("GET", "/activities/state", &state).expect(200);
    assert_eq!((got.text(), got.must_header("content-type")), ("a=1&b=ü+%", "text/plain"));
    let outdated = [&state[..], &content, &[("If-Match", "\"other\"")]].concat();
    send("PUT", "/activities/state", &outdated).expect(412);
    send("DELETE", "/activities/state", &state).expect(204);
    send("GET", "/activities/state", &state).expect(404);
}

#[test]
fn refuses_the_alternate_syntax_in_the_wrong_form() {
    let client = shared().client(Version::V1_0_3);
    let typed = "application/x-www-form-urlencoded";
    let (id, statement) = make::statement_with_id();
    let text = statement.to_string();
    let whole = form(&[("statementId", &id), ("content", &text)]);
    let post = |method: &str| client.post("/statements").query("method", method);
    post("PUT").query("statementId", &id).body(typed, whole.clone()).send().expect(400);
    post("PUT").body(typed, form(&[("statementId", &id)])).send().expect(400);
    post("PUT").body(typed, text.clone()).send().expect(400);
    let old = form(&[("statementId", &id), ("content", &text), (VERSION, "0.8")]);
    post("PUT").body(typed, old).send().expect(400);
    post("PATCH").body(typed, whole.clone()).send().expect(400);
    let put = client.put("/statements").query("method", "POST");
    put.body(typed, whole.clone()).send().expect(400);
    client.get("/statements").query("statementId", &id).send().expect(404);
    post("PUT").body(typed, whole).send().expect(204);
}

#[test]
fn has_no_alternate_syntax_in_2_0() {
    let client = shared().client(Version::V2_0_0);
    let typed = "application/x-www-form-urlencoded";
    let (id, statement) = make::statement_with_id();
    let whole = form(&[("statementId", &id), ("content", &statement.to_string())]);
    for method in ["PUT", "POST", "GET"] {
        let call = client.post("/statements").query("method", method);
        call.body(typed, whole.clone()).send().expect(400);
    }
    client.get("/statements").query("statementId", &id).send().expect(404);
}

#[test]
fn explains_errors_in_the_form_that_is_asked_for() {
    both(|client| {
        let mut faulty = make::statement();
        faulty["verb"]["id"] = json!("no iri");
        let send = |accept: &str| {
            let call = client.post("/statements").json(&faulty).header("Accept", accept);
            call.send().expect(400)
        };
        for accept in ["application/json", "application/problem+json", "*/*"] {
            let answer = send(accept);
            let content_type = answer.must_header("content-type");
            assert!(content_type.contains("json"), "{accept}: {content_type}");
            assert!(answer.json()["status"] == 400, "{}", answer.text());
            assert!(answer.text().contains("/verb/id"), "the place: {}", answer.text());
            assert!(answer.text().contains("XAPI-"), "the rule: {}", answer.text());
        }
        let answer = send("text/plain");
        assert!(answer.must_header("content-type").starts_with("text/plain"));
        assert!(answer.text().contains("/verb/id"), "the place: {}", answer.text());
    });
}

#[test]
fn refuses_bodies_that_are_too_large() {
    for (path, version) in [("/statements", "1.0.3"), ("/statements", "2.0.0")] {
        let request = format!(
            "POST /xapi{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{VERSION}: {version}\r\n\
             Authorization: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n[",
            basic(KEY, SECRET),
            100_u64 << 30,
        );
        shared().send_raw(request.as_bytes()).expect(413);
    }
}

#[test]
fn answers_browsers_on_other_sites() {
    both(|client| {
        let origin = "https://content.example.org";
        let preflight = client.call("OPTIONS", "/statements").header("Origin", origin);
        let preflight = preflight.without("Authorization").without(VERSION);
        let preflight = preflight.header("Access-Control-Request-Method", "PUT");
        // The last one is of a page, not of xAPI.
        let wanted = "authorization, content-type, x-experience-api-version, if-match, x-trace";
        let answer = preflight.header("Access-Control-Request-Headers", wanted).send();
        assert!([200, 204].contains(&answer.status), "{}", answer.status);
        assert_eq!(answer.must_header("access-control-allow-origin"), origin);
        let methods = answer.must_header("access-control-allow-methods").to_uppercase();
        for method in ["GET", "HEAD", "PUT", "POST", "DELETE"] {
            assert!(methods.contains(method), "{method} in {methods}");
        }
        let allowed = answer.must_header("access-control-allow-headers").to_lowercase();
        for name in wanted.split(", ") {
            assert!(allowed.contains(name), "{name} in {allowed}");
        }
        let call = client.get("/statements").query("limit", "1").header("Origin", origin);
        let answer = call.send().expect(200);
        assert_eq!(answer.must_header("access-control-allow-origin"), origin);
        assert!(answer.must_header("vary").to_lowercase().contains("origin"));
        let exposed = answer.must_header("access-control-expose-headers").to_lowercase();
        for name in ["etag", "last-modified", "x-experience-api-version"] {
            assert!(exposed.contains(name), "{name} in {exposed}");
        }
        assert!(exposed.contains("x-experience-api-consistent-through"), "{exposed}");
        let call = client.get("/statements").query("limit", "-1").header("Origin", origin);
        let answer = call.send().expect(400);
        assert_eq!(answer.must_header("access-control-allow-origin"), origin, "errors too");
    });
}

#[test]
fn reads_and_writes_utf_8() {
    both(|client| {
        let mut statement = make::statement();
        let text = "Grüße, Ελλάδα, 学習, 😀, \u{0}\u{7f}\u{2028}";
        statement["verb"]["display"] = json!({"de": text});
        let id = client.store(&statement).remove(0);
        assert_eq!(client.fetch(&id)["verb"]["display"]["de"], text);
        let broken =
            b"{\"actor\":{\"mbox\":\"mailto:\xff@example.org\"},\"verb\":{\"id\":\"a:b\"}}";
        let call = client.post("/statements").body("application/json", broken.to_vec());
        call.send().expect(400);
    });
}

#[test]
fn compresses_answers_and_reads_compressed_requests() {
    use std::io::{Read, Write};
    both(|client| {
        let batch: Vec<Value> = (0..50).map(|_| make::rich_statement()).collect();
        let text = Value::from(batch).to_string();
        let fast = flate2::Compression::fast();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), fast);
        encoder.write_all(text.as_bytes()).expect("a vector takes all");
        let packed = encoder.finish().expect("a vector takes all");
        let call = client.post("/statements").body("application/json", packed);
        let ids = call.header("Content-Encoding", "gzip").send().expect(200).json();
        assert_eq!(ids.as_array().map(Vec::len), Some(50));
        let call = client.get("/statements").query("limit", "50");
        let answer = call.header("Accept-Encoding", "gzip").send().expect(200);
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        let mut plain = String::new();
        let mut decoder = flate2::read::GzDecoder::new(answer.body.as_slice());
        decoder.read_to_string(&mut plain).expect("the answer is gzip");
        let result: Value = serde_json::from_str(&plain).expect("JSON");
        assert!(!result["statements"].as_array().expect("an array").is_empty());
        let plain = client.get("/statements").query("limit", "1").send().expect(200);
        assert_eq!(plain.header("content-encoding"), None);
    });
}

#[test]
fn reports_its_health() {
    let client = shared().client(Version::V2_0_0);
    for path in ["/health", "/ready", "/metrics"] {
        let call = client.call_outside("GET", path).without("Authorization").without(VERSION);
        let answer = call.send().expect(200);
        assert!(!answer.body.is_empty() || path != "/metrics");
    }
    let metrics = client.call_outside("GET", "/metrics").send().expect(200);
    assert!(metrics.text().contains("# TYPE "), "Prometheus text: {:.200}", metrics.text());
}

#[test]
fn requires_one_host() {
    let send = |version: &str, hosts: &str| {
        let request = format!("GET /xapi/about HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
        shared().send_raw(request.as_bytes()).status
    };
    assert_eq!(send("1.1", "Host: lrs.example\r\n"), 200);
    assert_eq!(send("1.0", ""), 200);
    for hosts in ["", "Host: a\r\nHost: a\r\n", "Host: a\r\nHost: b\r\n", "Host: a/b\r\n"] {
        assert_eq!(send("1.1", hosts), 400, "{hosts:?}");
    }
}
