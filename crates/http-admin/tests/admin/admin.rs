//! The frame of the admin API: who is let in, what every answer has, and what it is made of.

use std::io::Read as _;

use acta_xapi::Version;
use bytes::Bytes;
use flate2::read::GzDecoder;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};

use crate::administered::{parts_of, server};
use crate::server::{ask, authorization, bounds, get};

/// A request that carries no credential and no version.
fn bare(method: Method, path: &str) -> crate::server::Ask {
    ask(method, path).without("authorization").without("x-experience-api-version")
}

async fn operator(method: Method, path: &str, body: &str) -> Response<Bytes> {
    let (parts, _, _) = parts_of(Version::V2_0_0, bounds()).await;
    let request = Request::builder().method(method).uri(path);
    let request = request.header("content-type", "application/json");
    parts.into_app().answer_operator(request.body(Bytes::from(body.to_owned())).unwrap()).await
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn the_operator_reads_the_server() {
    let response = operator(Method::GET, "/api/v1/server", "").await;
    assert_eq!(response.status(), 200);
    let expected = json!({
        "name": "Acta",
        "version": env!("CARGO_PKG_VERSION"),
        "engine": "embedded",
        "client_address": "local",
        "clock_jump_seconds": 0,
        "stored_ahead_seconds": 0,
    });
    assert_eq!(json_of(&response), expected);
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["cache-control"], "no-store");
    assert!(headers.get("x-experience-api-version").is_none());
    let head = operator(Method::HEAD, "/api/v1/server", "").await;
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 0));
}

#[tokio::test]
async fn unauthenticated_requests_are_refused() {
    let server = server().await;
    for asked in [
        bare(Method::GET, "/api/v1/server"),
        bare(Method::POST, "/api/v1/server").json(&json!({})),
        bare(Method::GET, "/api/v1/server").header("authorization", "Basic YTpi"),
    ] {
        let answer = server.expect(asked, 401).await;
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer "), "a browser opens no window: {challenge}");
        assert_eq!(answer.json()["type"], "urn:acta:problem:unauthenticated");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_credential_needs_a_scope_for_administration() {
    let server = server().await;
    for (scopes, status) in
        [("all", 403), ("all/read", 403), ("statements/write", 403), ("admin", 200)]
    {
        let asked = bare(Method::GET, "/api/v1/server");
        let asked = asked.header("authorization", &authorization(scopes, 1));
        let answer = server.expect(asked, status).await;
        let is_told = answer.text().contains("read-tenant");
        assert_eq!(is_told, status == 403, "{}", answer.text());
    }
}

#[tokio::test]
async fn the_operator_socket_serves_only_the_admin_api() {
    for path in ["/xapi/about", "/xapi/statements", "/health", "/metrics", "/", "/api/v1/nothing"] {
        let response = operator(Method::GET, path, "").await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(json_of(&response)["type"], "urn:acta:problem:not-found");
    }
}

#[tokio::test]
async fn methods_and_parameters_that_are_unknown_are_refused() {
    let response = operator(Method::DELETE, "/api/v1/server", "").await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    let response = operator(Method::GET, "/api/v1/server?x=1", "").await;
    assert_eq!(response.status(), 400);
    let fault = &json_of(&response)["faults"][0];
    assert_eq!(fault["parameter"], "x");
    assert!(fault.get("rule").is_none(), "it is no requirement of xAPI: {fault}");
}

#[tokio::test]
async fn pages_of_other_origins_read_nothing_and_change_nothing() {
    let server = server().await;
    let foreign = |method| {
        let asked = bare(method, "/api/v1/server").header("origin", "https://evil.example");
        asked.header("cookie", "a=b").header("host", "acta.example")
    };
    for (method, status) in [
        (Method::GET, 401),
        (Method::OPTIONS, 204),
        (Method::POST, 403),
        (Method::DELETE, 403),
        (Method::PATCH, 403),
    ] {
        let answer = server.expect(foreign(method), status).await;
        let names = answer.headers.keys().map(hyper::header::HeaderName::as_str);
        let answer: Vec<&str> = names.filter(|name| name.starts_with("access-control")).collect();
        assert!(answer.is_empty(), "{answer:?}");
    }
    let options = server.expect(foreign(Method::OPTIONS), 204).await;
    assert_eq!(options.header("allow"), Some("GET,HEAD,OPTIONS"));
    server.expect(bare(Method::OPTIONS, "/api/v1/nothing"), 404).await;
}

#[tokio::test]
async fn the_document_and_the_reference_need_no_authentication() {
    let server = server().await;
    let document = server.expect(bare(Method::GET, "/api/v1/openapi.json"), 200).await;
    assert_eq!(document.header("content-type"), Some("application/json"));
    assert_eq!(document.text(), acta_http_admin::openapi_document());
    assert_eq!(document.header("content-encoding"), None);
    let packed = bare(Method::GET, "/api/v1/openapi.json").header("accept-encoding", "gzip");
    let packed = server.expect(packed, 200).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("vary"), Some("Accept-Encoding"));
    let mut text = String::new();
    GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, acta_http_admin::openapi_document());
    for path in ["/api/v1/", "/api/v1"] {
        let page = server.expect(bare(Method::GET, path), 200).await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = page.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "style-src 'sha256-", "sandbox", "frame-ancestors"] {
            assert!(policy.contains(part) && !policy.contains("unsafe"), "{policy}");
        }
        assert!(page.text().contains("<code>/api/v1/server</code>"), "{}", page.text());
    }
}

#[test]
fn the_document_is_the_committed_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/openapi/admin.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == acta_http_admin::openapi_document(), "run `cargo xtask generate`");
}

#[tokio::test]
async fn responses_are_counted_by_resource() {
    let server = server().await;
    server.expect(bare(Method::GET, "/api/v1/server"), 401).await;
    server.expect(bare(Method::GET, "/api/v1/no/such"), 404).await;
    let metrics = server.expect(get("/metrics"), 200).await.text();
    for route in ["api/server", "api/other"] {
        assert!(metrics.contains(&format!("route=\"{route}\"")), "{route} is not in {metrics}");
    }
}
