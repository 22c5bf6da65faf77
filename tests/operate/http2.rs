//! HTTP/2, over TLS and without: the same answers and limits as over HTTP/1.1, and clients that
//! mean harm.

pub(crate) mod client;

use std::pin::pin;
use std::time::Duration;

use acta_tests::{Server, Version, make};
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture};
use h2::{Reason, SendStream};
use tempfile::TempDir;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};

use crate::tls::House;
use client::{Http2, request};

/// Longest wait for something that the server does by itself.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// A server with these settings, and its directory.
fn start(settings: &[(&str, &str)]) -> (Server, TempDir) {
    let folder = TempDir::new().unwrap();
    let server = Server::start_with(&folder.path().join("data"), Version::V2_0_0, settings);
    (server, folder)
}

/// Checks that a connection serves xAPI, several requests at a time.
async fn check_serves(connection: &Http2) {
    let about = connection.get("/xapi/about").await.unwrap();
    assert_eq!(about.status, 200);
    assert_eq!(about.headers["x-experience-api-version"], "2.0.0");
    let mut post = request("POST", "/xapi/statements");
    post.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
    let batch: Vec<_> = (0..200).map(|_| make::statement()).collect();
    let body = serde_json::to_vec(&batch).unwrap();
    assert_eq!(connection.send(post, Some(body)).await.unwrap().status, 200);
    // A response that is larger than the window of the client.
    let page = "/xapi/statements?limit=200";
    let pages = tokio::join!(
        connection.get(page),
        connection.get(page),
        connection.get("/nothing"),
        connection.get(page)
    );
    let statuses = [&pages.0, &pages.1, &pages.2, &pages.3].map(|page| {
        let page = page.as_ref().unwrap();
        (page.status, 65_535 < page.body.len())
    });
    assert_eq!(statuses, [(200, true), (200, true), (404, false), (200, true)]);
}

#[tokio::test]
async fn http2_is_spoken_over_tls_and_to_clients_that_begin_with_it() {
    let (server, _folder) = start(&[]);
    check_serves(&Http2::plain(server.address()).await).await;
    let house = House::new(&[]);
    let secure = Http2::secure(house.server.address(), house.http2_config()).await;
    check_serves(&secure).await;
    let about = secure.get("/xapi/about").await.unwrap();
    assert!(about.headers.contains_key("strict-transport-security"), "{about:?}");
}

#[tokio::test]
async fn http2_can_be_disabled() {
    let (server, _folder) = start(&[("ACTA_SERVER_HTTP2", "false")]);
    let answer = server.exchange_raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(answer.is_empty(), "not just closed: {}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn requests_over_http2_have_the_limits_of_http1() {
    let settings = [
        ("ACTA_LIMITS_BODY_TIMEOUT", "300ms"),
        ("ACTA_LIMITS_HEAD_BYTES_MAX", "8KiB"),
        ("ACTA_LIMITS_STATEMENTS_BYTES_MAX", "16KiB"),
    ];
    let (server, _folder) = start(&settings);
    let connection = Http2::plain(server.address()).await;

    let mut other_host = request("GET", "/xapi/about");
    other_host.headers_mut().insert(HOST, "other.example".parse().unwrap());
    assert_eq!(connection.status(other_host).await.unwrap(), 400);
    let mut same_host = request("GET", "/xapi/about");
    same_host.headers_mut().insert(HOST, "localhost".parse().unwrap());
    assert_eq!(connection.status(same_host).await.unwrap(), 200);

    let mut many = request("GET", "/xapi/about");
    for index in 0..101 {
        let name = HeaderName::try_from(format!("x-{index}")).unwrap();
        many.headers_mut().insert(name, "1".parse().unwrap());
    }
    assert_eq!(connection.status(many).await.unwrap(), 431);
    let mut large = request("GET", "/xapi/about");
    large.headers_mut().insert("x-large", "a".repeat(9000).parse().unwrap());
    assert_eq!(connection.status(large).await.unwrap(), 431);

    let mut post = request("POST", "/xapi/statements");
    post.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
    let too_large = connection.send(post.clone(), Some(vec![b' '; 17 << 10])).await.unwrap();
    assert_eq!(too_large.status, 413);
    // The body never comes, and others are served meanwhile.
    let mut sender = connection.ready().await.unwrap();
    let (response, _stream) = sender.send_request(post, false).unwrap();
    let (slow, other) = tokio::join!(response, connection.get("/xapi/about"));
    assert_eq!(other.unwrap().status, 200);
    assert_eq!(slow.unwrap().status().as_u16(), 408);
}

/// Begins a request whose body does not come, and cancels it.
async fn cancel_one(connection: &Http2) -> Result<(), h2::Error> {
    let mut sender = connection.ready().await?;
    let (_response, mut stream) =
        sender.send_request(request("POST", "/xapi/statements"), false)?;
    // The frames are sent by another task, and a request that is not sent yet never would be.
    tokio::task::yield_now().await;
    stream.send_reset(Reason::CANCEL);
    tokio::task::yield_now().await;
    Ok(())
}

#[tokio::test]
async fn a_client_that_cancels_one_request_after_the_other_is_cut_off() {
    let (server, _folder) = start(&[]);
    let (attacker, other) =
        tokio::join!(Http2::plain(server.address()), Http2::plain(server.address()));
    let attack = async { while cancel_one(&attacker).await.is_ok() {} };
    let ended = tokio::time::timeout(WAIT_MAX, attack).await;
    assert!(ended.is_ok(), "it goes on");
    for _ in 0..10 {
        assert_eq!(other.get("/xapi/about").await.unwrap().status, 200);
    }
    // One that cancels now and then is served on.
    for _ in 0..300 {
        cancel_one(&other).await.unwrap();
        assert_eq!(other.get("/xapi/about").await.unwrap().status, 200);
    }
}

/// Begins a form without a credential in the head, of which the end does not come.
async fn begin_form(connection: &Http2) -> (ResponseFuture, SendStream<Bytes>) {
    const SENT_BYTES: usize = 900_000;

    let mut form = request("POST", "/xapi/statements?method=GET");
    form.headers_mut().remove(AUTHORIZATION);
    form.headers_mut().remove("x-experience-api-version");
    let urlencoded = "application/x-www-form-urlencoded".parse().unwrap();
    form.headers_mut().insert(CONTENT_TYPE, urlencoded);
    form.headers_mut().insert(ORIGIN, "https://page.example".parse().unwrap());
    let mut sender = connection.ready().await.unwrap();
    let (response, mut stream) = sender.send_request(form, false).unwrap();
    stream.send_data(vec![b'a'; SENT_BYTES].into(), false).unwrap();
    (response, stream)
}

/// Waits until unauthenticated requests hold as much memory as a form of [`begin_form`].
async fn wait_for_form(connection: &Http2) {
    const HELD_BYTES_MIN: f64 = 900_000.0;

    loop {
        let metrics = connection.get("/metrics").await.unwrap();
        let text = String::from_utf8(metrics.body).unwrap();
        let name = "acta_http_anonymous_memory_bytes ";
        let held = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        if HELD_BYTES_MIN <= held.parse().unwrap() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Begins forms until one of them is not refused because memory is short.
async fn begin_forms(connection: &Http2) {
    loop {
        let (refused, _form) = begin_form(connection).await;
        if refused.await.unwrap().status().as_u16() != 503 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_slow_form_without_a_credential_ends_and_others_on_its_connection_go_on() {
    // An eighth of the memory is for such forms: enough for one.
    let settings = [
        ("ACTA_LIMITS_MEMORY_BYTES_MAX", "16MiB"),
        ("ACTA_LIMITS_STATEMENTS_BYTES_MAX", "4MiB"),
        ("ACTA_LIMITS_DOCUMENT_BYTES_MAX", "4MiB"),
        ("ACTA_LIMITS_BODY_TIMEOUT", "2m"),
    ];
    let (server, _folder) = start(&settings);
    let connection = Http2::plain(server.address()).await;
    // As behind a proxy, others have been authenticated on the connection.
    let mut post = request("POST", "/xapi/statements");
    post.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
    let mut sender = connection.ready().await.unwrap();
    let (stored, mut stream) = sender.send_request(post, false).unwrap();
    let mut statement = Bytes::from(serde_json::to_vec(&make::statement()).unwrap());
    stream.send_data(statement.split_to(20), false).unwrap();
    assert_eq!(connection.get("/xapi/statements?limit=1").await.unwrap().status, 200);

    let (slow, _form) = begin_form(&connection).await;
    let mut slow = pin!(slow);
    let filled = tokio::time::timeout(WAIT_MAX, wait_for_form(&connection)).await;
    assert!(filled.is_ok(), "the form does not arrive");
    let ended = async {
        tokio::select! {
            biased;
            ended = slow.as_mut() => ended.unwrap(),
            () = begin_forms(&connection) => panic!("there is memory for two"),
        }
    };
    let ended = tokio::time::timeout(WAIT_MAX, ended).await;
    let ended = ended.unwrap_or_else(|_| panic!("it goes on: {}", server.log()));
    assert_eq!(ended.status().as_u16(), 503);
    // It is answered like every request: pages can read why, and the log names it.
    assert!(ended.headers().contains_key("access-control-allow-origin"), "{:?}", ended.headers());
    let id = ended.headers()["x-request-id"].to_str().unwrap();
    let log = server.log();
    let is_named = |line: &str| line.contains(id) && line.contains("503");
    assert!(log.lines().any(is_named), "{id} in {log}");
    stream.send_data(statement, true).unwrap();
    assert_eq!(stored.await.unwrap().status().as_u16(), 200);
}

#[tokio::test]
async fn a_client_that_does_not_read_over_http2_is_dropped() {
    let (server, _folder) = start(&[("ACTA_LIMITS_WRITE_TIMEOUT", "500ms")]);
    let mut settings = Builder::new();
    let connection = Http2::plain_with(server.address(), settings.initial_window_size(1)).await;
    let mut sender = connection.ready().await.unwrap();
    let (response, _stream) = sender.send_request(request("GET", "/xapi/about"), true).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    // Its body is there, but nobody takes it.
    let ended = tokio::time::timeout(WAIT_MAX, connection.ended()).await;
    assert!(ended.is_ok(), "it waits for ever");
    drop(response);
}

#[tokio::test]
async fn connections_with_http2_that_rest_are_ended_and_lose_no_request() {
    let settings = [("ACTA_LIMITS_IDLE_TIMEOUT", "500ms"), ("ACTA_LIMITS_HEAD_TIMEOUT", "300ms")];
    let (server, _folder) = start(&settings);
    let (used, unused) =
        tokio::join!(Http2::plain(server.address()), Http2::plain(server.address()));
    assert_eq!(used.get("/xapi/about").await.unwrap().status, 200);
    let ended = tokio::time::timeout(WAIT_MAX, used.ended()).await.expect("it is ended");
    assert!(ended.is_ok(), "the client is told before: {ended:?}");
    let ended = tokio::time::timeout(WAIT_MAX, unused.ended()).await.expect("it is ended");
    assert!(ended.is_ok(), "the client is told before: {ended:?}");
}

#[tokio::test]
async fn a_server_that_stops_answers_the_requests_of_http2_in_progress() {
    let (mut server, _folder) = start(&[]);
    let connection = Http2::plain(server.address()).await;
    let mut post = request("POST", "/xapi/statements");
    post.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
    let mut sender = connection.ready().await.unwrap();
    let (response, mut stream) = sender.send_request(post, false).unwrap();
    assert_eq!(connection.get("/xapi/about").await.unwrap().status, 200);
    server.ask_to_stop();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let statement = serde_json::to_vec(&make::statement()).unwrap();
    stream.send_data(statement.into(), true).unwrap();
    assert_eq!(response.await.unwrap().status().as_u16(), 200);
    drop((sender, stream, connection));
    tokio::task::yield_now().await;
    let ended = server.wait(WAIT_MAX).and_then(|status| status.code());
    assert_eq!(ended, Some(0), "{}", server.log());
}
