//! Requests without a valid credential are limited for each network address, and others never.

use hyper::Method;

use crate::server::{Answer, Ask, Server, ask, bounds, get};
use acta_xapi::Version;

const HERE: &str = "192.0.2.7";

async fn server(count_max: usize) -> Server {
    let bounds = acta_http::Bounds { anonymous_count_max: count_max, ..bounds() };
    Server::with(Version::V2_0_0, bounds).await
}

/// Without a credential, from [`HERE`].
fn anonymous(path: &str) -> Ask {
    get(path).without("authorization").sent_from(HERE)
}

fn check_refusal(answer: &Answer) {
    assert_eq!(answer.header("retry-after"), Some("10"));
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:acta:problem:too-many-anonymous-requests", "{problem}");
    assert!(answer.text().contains("limits.anonymous_count_max"), "{problem}");
    assert!(answer.text().contains("at most 6 requests per minute"), "{problem}");
}

#[tokio::test]
async fn requests_without_a_valid_credential_are_limited_for_each_address() {
    let server = server(6).await;
    let guess = || get("/xapi/statements").header("authorization", "Basic YTpi").sent_from(HERE);
    server.still(anonymous("/xapi/statements"), 401).await;
    server.still(guess(), 401).await;
    for (path, status) in
        [("/xapi/about", 200), ("/metrics", 200), ("/nothing", 404), ("/xapi/nothing", 404)]
    {
        server.still(anonymous(path), status).await;
    }
    check_refusal(&server.still(guess(), 429).await);
    for path in ["/xapi/statements", "/xapi/about", "/metrics", "/nothing"] {
        check_refusal(&server.still(anonymous(path), 429).await);
    }
    // Another address has its own, and one is restored each ten seconds.
    server.still(anonymous("/xapi/about").sent_from("192.0.2.8"), 200).await;
    server.clock.advance(std::time::Duration::from_secs(10));
    server.still(guess(), 401).await;
    server.still(guess(), 429).await;
}

#[tokio::test]
async fn an_address_that_sends_too_many_is_served_with_a_valid_credential() {
    let server = server(1).await;
    server.still(anonymous("/xapi/about"), 200).await;
    for _ in 0..3 {
        server.still(anonymous("/xapi/about"), 429).await;
        for path in ["/xapi/statements", "/xapi/about", "/metrics"] {
            server.still(get(path).sent_from(HERE), 200).await;
        }
        // What is forbidden or absent is no guess either.
        server.still(get("/xapi/statements").scopes("state").sent_from(HERE), 403).await;
        server.still(get("/xapi/statements?since=x").sent_from(HERE), 400).await;
    }
}

#[tokio::test]
async fn probes_and_preflight_requests_are_not_limited() {
    let server = server(1).await;
    server.still(anonymous("/xapi/about"), 200).await;
    for _ in 0..3 {
        server.still(anonymous("/health"), 200).await;
        server.still(anonymous("/ready"), 200).await;
        let preflight = ask(Method::OPTIONS, "/xapi/statements").without("authorization");
        server.still(preflight.header("origin", "https://a.example").sent_from(HERE), 204).await;
        // Nor is what comes from this machine.
        server.still(get("/xapi/about").without("authorization"), 200).await;
    }
    server.still(anonymous("/xapi/about"), 429).await;
    let metrics = server.still(get("/metrics"), 200).await.text();
    assert!(metrics.contains("acta_http_anonymous_refused_total 1\n"), "{metrics}");
}
