//! What all resources have in common: who asks, in which version, and how it is answered.

use std::io::Write;

use acta_xapi::Version;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use hyper::Method;
use serde_json::json;

use crate::server::{Ask, ID, Server, ask, bounds, encode, get, post, put, statement, with_id};

const RESOURCES: [&str; 6] = [
    "/xapi/statements",
    "/xapi/activities",
    "/xapi/activities/state",
    "/xapi/activities/profile",
    "/xapi/agents",
    "/xapi/agents/profile",
];

#[tokio::test]
async fn a_request_without_a_known_version_is_refused_in_the_default_version() {
    for default_version in Version::EVERY {
        let server = Server::with(default_version, bounds()).await;
        for path in RESOURCES {
            let mut asks = vec![get(path).without("x-experience-api-version")];
            for version in ["0.95", "1.1.0", "2.1.0", "3.0.0", "BAD", ""] {
                asks.push(get(path).version(version));
            }
            for ask in asks {
                let answer = server.expect(ask, 400).await;
                assert_eq!(answer.faults(), [" XAPI-00331"], "{path}");
                let version = answer.header("x-experience-api-version");
                assert_eq!(version, Some(default_version.as_str()), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_names_the_latest_patch_of_the_version_asked_for() {
    let server = Server::new().await;
    let table = [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.2", "1.0.3"),
        ("1.0.3", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
        ("2.0.1", "2.0.0"),
    ];
    for (sent, expected) in table {
        for ask in [get("/xapi/statements"), get("/xapi/statements?foo=1"), get("/xapi/agents")] {
            let answer = server.send(ask.version(sent)).await;
            assert_eq!(answer.header("x-experience-api-version"), Some(expected), "sent: {sent}");
        }
    }
}

#[tokio::test]
async fn requests_without_a_valid_credential_are_refused() {
    let server = Server::new().await;
    let sent = with_id(statement(1), ID);
    for path in RESOURCES {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE] {
            for authorization in [
                None,
                Some("Foo"),
                Some("Basic:xyz"),
                Some("Basic bm86Ym9keQ=="),
                Some("Bearer x"),
                Some(""),
            ] {
                let ask = ask(method.clone(), path).json(&sent);
                let ask = match authorization {
                    None => ask.without("authorization"),
                    Some(value) => ask.header("authorization", value),
                };
                let answer = server.expect(ask, 401).await;
                let challenge = answer.header("www-authenticate").unwrap();
                assert!(challenge.starts_with("Basic "), "{challenge}");
            }
        }
    }
    server.expect(get(&format!("/xapi/statements?statementId={ID}")), 404).await;
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let server = Server::new().await;
    server.expect(post("/xapi/statements").json(&with_id(statement(1), ID)), 200).await;
    let agent = encode(r#"{"mbox":"mailto:ada@example.org"}"#);
    let profile = format!("/xapi/agents/profile?agent={agent}&profileId=p");
    server.expect(post(&profile).json(&json!({ "a": 1 })), 204).await;
    let paths = [
        "/xapi/about".to_owned(),
        "/xapi/statements".to_owned(),
        format!("/xapi/statements?statementId={ID}"),
        "/xapi/statements?foo=1".to_owned(),
        "/xapi/activities?activityId=http://a.example".to_owned(),
        format!("/xapi/agents?agent={agent}"),
        profile,
        format!("/xapi/agents/profile?agent={agent}"),
        format!("/xapi/agents/profile?agent={agent}&profileId=none"),
        "/nothing".to_owned(),
    ];
    for path in paths {
        let got = server.send(get(&path).header("x-request-id", "one")).await;
        let head = server.send(ask(Method::HEAD, &path).header("x-request-id", "one")).await;
        assert_eq!(head.status, got.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        let length = got.body.len().to_string();
        assert_eq!(head.header("content-length"), Some(length.as_str()), "{path}");
        for name in got.headers.keys() {
            if name != "x-experience-api-consistent-through" {
                let (left, right) = (head.headers.get_all(name), got.headers.get_all(name));
                assert!(left.iter().eq(&right), "{path}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_allowed_by_default() {
    let server = Server::new().await;
    for path in RESOURCES.into_iter().chain(["/xapi/about"]) {
        let preflight = ask(Method::OPTIONS, path)
            .without("authorization")
            .without("x-experience-api-version")
            .header("origin", "https://page.example")
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "authorization,x-experience-api-version");
        let answer = server.expect(preflight, 204).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://page.example"));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert!(answer.header("access-control-allow-methods").unwrap().contains("PUT"));
        let allowed = answer.header("access-control-allow-headers").unwrap().to_ascii_lowercase();
        for name in ["authorization", "content-type", "if-match", "x-experience-api-version"] {
            assert!(allowed.contains(name), "{name} is not in {allowed}");
        }
    }
    // Answers and errors can be read.
    let table = [
        (get("/xapi/statements"), 200),
        (get("/xapi/statements?foo=1"), 400),
        (get("/xapi/statements").without("authorization"), 401),
        (get("/xapi/nothing"), 404),
        (put("/xapi/agents"), 405),
    ];
    for (ask, status) in table {
        let answer = server.expect(ask.header("origin", "null"), status).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("null"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in ["ETag", "Last-Modified", "X-Experience-API-Consistent-Through"] {
            assert!(exposed.contains(name), "{name} is not in {exposed}");
        }
        assert!(answer.headers.get_all("vary").iter().any(|value| value == "Origin"));
    }
    let answer = server.send(get("/xapi/statements")).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn problems_have_an_accepted_format() {
    let server = Server::new().await;
    let mut faulty = statement(1);
    faulty["verb"]["id"] = json!("<b>no iri</b>");
    let table = [
        (None, "application/problem+json"),
        (Some("application/json"), "application/json"),
        (Some("text/plain"), "text/plain; charset=utf-8"),
        (Some("text/html,*/*;q=0.8"), "text/html; charset=utf-8"),
    ];
    for (accept, content_type) in table {
        let ask = post("/xapi/statements").json(&faulty);
        let ask = if let Some(accept) = accept { ask.header("accept", accept) } else { ask };
        let answer = server.expect(ask, 400).await;
        assert_eq!(answer.header("content-type"), Some(content_type));
        let text = answer.text();
        assert!(text.contains("/verb/id") && text.contains("XAPI-00011"), "{text}");
        assert!(!content_type.starts_with("text/html") || !text.contains("<b>"), "{text}");
        if content_type.ends_with("json") {
            let problem = answer.json();
            assert_eq!(problem["type"], "urn:acta:problem:faults");
            assert_eq!(problem["status"], 400);
            assert_eq!(problem["title"], "Bad Request");
            let fault = &problem["faults"][0];
            assert_eq!(fault["pointer"], "/verb/id");
            for property in ["rule", "section", "message", "found"] {
                assert!(fault[property].is_string(), "{property} is not in {fault}");
            }
        }
    }
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_requests_have_a_maximum_ratio() {
    let server = Server::new().await;
    let batch: Vec<_> = (0..300).map(statement).collect();
    let text = json!(batch).to_string();
    let gzip = |ask: Ask| ask.header("content-encoding", "gzip");
    let ask = post("/xapi/statements").body("application/json", packed(text.as_bytes()));
    let ids = server.expect(gzip(ask), 200).await.json();
    assert_eq!(ids.as_array().unwrap().len(), 300);
    // In small pieces, and as two members one after the other.
    let (left, right) = text.split_at(text.len() / 2);
    let members = [packed(left.as_bytes()), packed(right.as_bytes())].concat();
    let pieces = members.chunks(7).map(<[u8]>::to_vec).collect();
    server.expect(gzip(post("/xapi/statements").pieces("application/json", pieces)), 200).await;
    // A bomb: a few kilobytes that would become far more than the bound.
    let bomb = packed(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let mut plain = GzEncoder::new(Vec::new(), Compression::none());
    plain.write_all(&vec![b' '; (1 << 20) + 1]).unwrap();
    let large = plain.finish().unwrap();
    for (body, bound) in [(bomb, "200 times"), (large, "1048576")] {
        let ask = gzip(post("/xapi/statements").body("application/json", body));
        let answer = server.expect(ask, 413).await;
        assert!(answer.text().contains(bound), "{}", answer.text());
    }
    for broken in [text.as_bytes().to_vec(), packed(text.as_bytes())[..50].to_vec()] {
        let ask = post("/xapi/statements").body("application/json", broken);
        server.expect(gzip(ask), 400).await;
    }
    let ask = post("/xapi/statements").json(&statement(1));
    server.expect(ask.header("content-encoding", "br"), 415).await;
    let ask = post("/xapi/statements").json(&statement(1));
    server.expect(ask.header("content-encoding", "identity"), 200).await;
}

#[tokio::test]
async fn a_compressed_body_without_content_is_limited() {
    let server = Server::new().await;
    // A whole gzip of nothing, again and again.
    let nothing = packed(b"");
    let count = (bounds().statements_bytes_max + (2 << 20)) / nothing.len();
    let pieces = vec![nothing.repeat(1000); count / 1000 + 1];
    let ask = post("/xapi/statements").pieces("application/json", pieces);
    let answer = server.expect(ask.header("content-encoding", "gzip"), 413).await;
    assert!(answer.text().contains("limits.statements_bytes_max"), "{}", answer.text());
}

#[tokio::test]
async fn responses_are_compressed_for_clients_that_accept_it() {
    let server = Server::new().await;
    for number in 0..3 {
        let mut sent = statement(number);
        sent["object"]["definition"] = json!({ "description": { "en": "x".repeat(60_000) } });
        server.expect(post("/xapi/statements").json(&sent), 200).await;
    }
    let unpack = |body: &[u8]| std::io::read_to_string(GzDecoder::new(body)).unwrap();
    for limit in [1, 3] {
        let path = format!("/xapi/statements?limit={limit}");
        let plain = server.send(get(&path)).await;
        assert_eq!(plain.header("content-encoding"), None);
        let answer = server.send(get(&path).header("accept-encoding", "gzip, br")).await;
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        assert!(answer.body.len() < plain.body.len() / 10);
        assert_eq!(unpack(&answer.body), plain.text());
        assert!(answer.headers.get_all("vary").iter().any(|value| value == "Accept-Encoding"));
        let refused = server.send(get(&path).header("accept-encoding", "gzip;q=0")).await;
        assert_eq!(refused.header("content-encoding"), None);
    }
    // Tiny answers and documents stay as they are.
    let small = server.send(get("/xapi/about").header("accept-encoding", "gzip")).await;
    assert_eq!(small.header("content-encoding"), None);
    let path = "/xapi/activities/profile?activityId=http://a.example&profileId=p";
    let document = format!("{{\"a\":\"{}\"}}", "x".repeat(5000));
    server.expect(post(path).body("application/json", document.clone()), 204).await;
    let answer = server.send(get(path).header("accept-encoding", "gzip")).await;
    assert_eq!((answer.header("content-encoding"), answer.text()), (None, document));
}

#[tokio::test]
async fn oversized_content_is_refused_with_the_limit() {
    let server = Server::new().await;
    let spaces = |count: usize| vec![b' '; count];
    let profile = "/xapi/activities/profile?activityId=http://a.example&profileId=p";
    let table = [
        (post("/xapi/statements").body("application/json", spaces((1 << 20) + 1)), "1048576"),
        (post("/xapi/statements").pieces("application/json", vec![spaces(1 << 19); 3]), "1048576"),
        (post(profile).body("text/plain", spaces((1 << 16) + 1)), "65536"),
        (post(profile).pieces("text/plain", vec![spaces(1 << 15); 3]), "65536"),
    ];
    for (ask, limit) in table {
        let answer = server.expect(ask, 413).await;
        assert!(answer.text().contains(limit), "{}", answer.text());
    }
    server.expect(post(profile).body("text/plain", spaces(1 << 16)), 204).await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let server = Server::new().await;
    for path in ["/", "/xapi", "/xapi/", "/xapi/nothing/", "/xapi/nothing", "/other"] {
        let answer = server.expect(get(path), 404).await;
        assert_eq!(answer.json()["type"], "urn:acta:problem:not-found");
    }
    let answer = server.expect(ask(Method::DELETE, "/xapi/statements"), 405).await;
    assert_eq!(answer.json()["status"], 405);
    server.expect(ask(Method::PATCH, "/xapi/statements"), 405).await;
}

#[tokio::test]
async fn requests_above_the_maximum_get_503() {
    let server =
        Server::with(Version::V2_0_0, acta_http::Bounds { requests_max: 0, ..bounds() }).await;
    let answer = server.expect(get("/xapi/statements"), 503).await;
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn responses_forbid_sniffing_and_caching() {
    let server = Server::new().await;
    let path = "/xapi/activities/profile?activityId=http://a.example&profileId=p";
    server.expect(post(path).body("text/html", "<script>alert(1)</script>"), 204).await;
    for path in [path, "/xapi/statements", "/xapi/statements?foo=1"] {
        let answer = server.send(get(path)).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, Some("default-src 'none'; sandbox; frame-ancestors 'none'"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(answer.header("server"), None);
    }
    assert_eq!(server.send(get(path)).await.header("content-disposition"), Some("attachment"));
    server.expect(get("/health"), 200).await;
    for path in ["/health", "/metrics", "/nothing"] {
        let answer = server.send(get(path)).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn json_documents_are_shown_inline_and_others_as_attachments() {
    let server = Server::new().await;
    let table = [
        ("application/json", None),
        ("application/json; charset=utf-8", None),
        ("text/html", Some("attachment")),
        ("image/svg+xml", Some("attachment")),
        ("application/octet-stream", Some("attachment")),
    ];
    for (number, (content_type, expected)) in table.into_iter().enumerate() {
        let path =
            format!("/xapi/activities/profile?activityId=http://a.example&profileId=p{number}");
        server.expect(post(&path).body(content_type, "{}"), 204).await;
        let answer = server.expect(get(&path), 200).await;
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.header("content-disposition"), expected, "{content_type}");
    }
}

#[tokio::test]
async fn parameters_of_the_configuration_are_ignored_on_every_resource() {
    let server = Server::new().await;
    let extra = "lang=en&utm_source=a&utm_source=b&utm_=%";
    for path in RESOURCES {
        let plain = server.send(get(path)).await;
        let ignored = server.send(get(&format!("{path}?{extra}"))).await;
        assert_eq!((ignored.status, ignored.faults()), (plain.status, plain.faults()), "{path}");
    }
    server.expect(get(&format!("/xapi/about?{extra}")), 200).await;
    let sent = with_id(statement(1), ID);
    server.expect(post("/xapi/statements?lang=en").json(&sent), 200).await;
    let form = format!("statementId={ID}&lang=de");
    let alternate = post("/xapi/statements?method=GET&utm_medium=x");
    server.expect(alternate.body("application/x-www-form-urlencoded", form), 200).await;
    for name in ["language", "Lang", "utm", "xutm_a"] {
        let answer = server.expect(get(&format!("/xapi/statements?{name}=x")), 400).await;
        assert!(answer.text().contains("xapi.ignored_parameters"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_link_to_the_next_page_may_have_one_parameter_more() {
    let bounds = acta_http::Bounds { parameters_count_max: 1, ..bounds() };
    let server = Server::with(Version::V2_0_0, bounds).await;
    for number in 1..=2 {
        server.expect(post("/xapi/statements").json(&statement(number)), 200).await;
    }
    let first = server.expect(get("/xapi/statements?limit=1"), 200).await.json();
    let second = server.expect(get(first["more"].as_str().unwrap()), 200).await;
    assert_eq!(second.json()["more"], "");
    server.expect(get("/xapi/statements?limit=1&ascending=true"), 400).await;
}

#[tokio::test]
async fn a_preflight_echoes_the_names_of_headers_that_it_asks_for() {
    let server = Server::new().await;
    let preflight = |names: &str| {
        ask(Method::OPTIONS, "/xapi/statements")
            .without("authorization")
            .header("origin", "https://page.example")
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", names)
    };
    for (asked, is_echoed) in [
        ("x-trace,b3", true),
        ("X-Trace, sentry-trace", true),
        ("", false),
        ("a b", false),
        ("a;q=1", false),
        ("a,", false),
    ] {
        let answer = server.expect(preflight(asked), 204).await;
        let allowed = answer.header("access-control-allow-headers").unwrap();
        assert!(allowed.contains("Authorization"), "{allowed}");
        assert_eq!(allowed.ends_with(&format!("traceparent, {asked}")), is_echoed, "{allowed}");
        let vary = answer
            .headers
            .get_all("vary")
            .iter()
            .any(|name| name.to_str().unwrap().contains("Access-Control-Request-Headers"));
        assert!(vary, "the answer depends on what was asked for");
    }
}

#[tokio::test]
async fn pages_of_unlisted_origins_are_refused() {
    let server = Server::for_origins(&["https://page.example", "http://other.example:8080"]).await;
    let preflight = |origin: &str| {
        ask(Method::OPTIONS, "/xapi/statements")
            .without("authorization")
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
    };
    for origin in ["https://page.example", "HTTPS://Page.example", "http://other.example:8080"] {
        for (ask, status) in [(preflight(origin), 204), (get("/xapi/statements"), 200)] {
            let answer = server.expect(ask.header("origin", origin), status).await;
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        }
    }
    let foreign =
        ["https://evil.example", "null", "https://page.example.evil", "http://page.example"];
    for origin in foreign {
        let sent = post("/xapi/statements").json(&with_id(statement(1), ID));
        for ask in [preflight(origin), get("/xapi/statements"), sent] {
            let answer = server.expect(ask.header("origin", origin), 403).await;
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{origin}");
            assert!(answer.text().contains("cors.origins"), "{}", answer.text());
        }
    }
    // Nothing was done for them; and a request without an origin is not from a page.
    server.expect(get(&format!("/xapi/statements?statementId={ID}")), 404).await;
}

#[tokio::test]
async fn repeated_wrong_secrets_get_429_and_the_right_secret_is_accepted() {
    let server = Server::new().await;
    let key = server.key_of("all").to_owned();
    let wrong = format!("Basic {}", STANDARD.encode(format!("{key}:wrong")));
    let try_it = || get("/xapi/statements").header("authorization", &wrong);
    for _ in 0..1000 {
        server.still(try_it(), 401).await;
    }
    let answer = server.still(try_it(), 429).await;
    assert!(answer.header("retry-after").is_some_and(|wait| wait.parse::<u64>().unwrap() <= 60));
    assert!(answer.text().contains("limits.failures_count_max"), "{}", answer.text());
    server.still(get("/xapi/statements"), 200).await;
}

#[tokio::test]
async fn a_request_id_is_echoed_if_it_is_harmless_and_made_otherwise() {
    let server = Server::new().await;
    let answer = server.send(get("/xapi/about").header("x-request-id", "a-1:2.3")).await;
    assert_eq!(answer.header("x-request-id"), Some("a-1:2.3"));
    let long = "x".repeat(65);
    for id in ["a b", "<x>", long.as_str()] {
        let answer = server.send(get("/xapi/about").header("x-request-id", id)).await;
        assert_ne!(answer.header("x-request-id"), Some(id));
        assert_eq!(answer.header("x-request-id").map(|made| made.contains('-')), Some(true));
    }
    let answers = [server.send(get("/xapi/about")).await, server.send(get("/health/live")).await];
    let [first, second] = answers.each_ref().map(|answer| answer.header("x-request-id"));
    assert!(first.is_some() && second.is_some() && first != second, "{first:?} {second:?}");
}
