//! Clients that hold back: they are cut off, and keep nobody else waiting.

use std::time::Duration;

use acta_http::Bounds;
use acta_xapi::Version;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::{Server, bounds, get, post, statement};
use crate::sockets::{Running, is_closed, read, run};

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n";

const SHORT: Duration = Duration::from_millis(60);

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(10);

/// A request of the client that is known.
fn about_me(running: &Running) -> String {
    format!(
        "GET /xapi/statements?limit=1 HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\n\
         X-Experience-API-Version: 1.0.3\r\n\r\n",
        running.authorization
    )
}

async fn ask(stream: &mut TcpStream, request: &str) -> u16 {
    stream.write_all(request.as_bytes()).await.unwrap();
    read(stream).await.0
}

/// Waits for something that comes about soon.
#[track_caller]
fn wait_until(is_so: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let mut waited = Duration::ZERO;
        while !is_so().await {
            assert!(waited < LONG, "at {place}: it does not come about");
            tokio::time::sleep(SHORT).await;
            waited += SHORT;
        }
    }
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let running = run(Bounds { idle_timeout: SHORT, ..bounds() }).await;
    let mut stream = running.connect().await;
    assert_eq!(ask(&mut stream, &about_me(&running)).await, 200);
    let closed = tokio::time::timeout(LONG, is_closed(&mut stream)).await;
    assert!(closed.is_ok_and(|closed| closed));
}

#[tokio::test]
async fn a_request_head_after_an_idle_period_has_its_own_timeout() {
    let running = run(Bounds { head_timeout: SHORT, idle_timeout: LONG, ..bounds() }).await;
    let mut stream = running.connect().await;
    assert_eq!(ask(&mut stream, &about_me(&running)).await, 200);
    stream.write_all(b"GET /health HT").await.unwrap();
    let closed = tokio::time::timeout(LONG, is_closed(&mut stream)).await;
    assert!(closed.is_ok_and(|closed| closed));
}

#[tokio::test]
async fn a_slow_body_is_refused() {
    let tight = Bounds { body_timeout: 4 * SHORT, rate_bytes_min: 1_000_000, ..bounds() };
    let running = run(tight).await;
    for length in [60_000, 500_000] {
        let mut stream = running.connect().await;
        stream.write_all(running.head(length).as_bytes()).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        let trickle = async {
            // Pauses are short, and yet it would take hours.
            while writer.write_all(b" ").await.is_ok() {
                tokio::time::sleep(SHORT / 6).await;
            }
        };
        let mut answer = [0; 12];
        tokio::select! {
            read = reader.read_exact(&mut answer) => { read.unwrap(); }
            () = trickle => panic!("the connection ended without an answer"),
            () = tokio::time::sleep(LONG) => panic!("the body is still waited for"),
        }
        assert_eq!(&answer, b"HTTP/1.1 408");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() {
    let tight = Bounds { write_timeout: 3 * SHORT, document_bytes_max: 16 << 20, ..bounds() };
    let running = run(tight).await;
    let path = "/xapi/activities/profile?activityId=http://a.example&profileId=p";
    let length = 12 << 20;
    let head = running.head(length).replace("/xapi/statements", path);
    let head = head.replace("application/json", "text/plain");
    let mut writer = running.connect().await;
    writer.write_all(head.as_bytes()).await.unwrap();
    writer.write_all(&vec![b'x'; length]).await.unwrap();
    assert_eq!(read(&mut writer).await.0, 204);
    let mut stream = running.connect().await;
    let request = about_me(&running).replace("/xapi/statements?limit=1", path);
    stream.write_all(request.as_bytes()).await.unwrap();
    // Until it is cut off, the connection is open; then what was sent so far ends too early.
    wait_until(async || running.connections().await == 2).await;
    let mut got = Vec::new();
    let _ = stream.read_to_end(&mut got).await;
    assert!(got.len() < length, "{} bytes", got.len());
}

#[tokio::test]
async fn unauthenticated_connections_are_closed_first() {
    let running = run(Bounds { connections_max: 4, ..bounds() }).await;
    let mut known = running.connect().await;
    assert_eq!(ask(&mut known, &about_me(&running)).await, 200);
    let mut unauthenticated = Vec::new();
    for _ in 0..12 {
        let mut stream = running.connect().await;
        stream.write_all(b"GET /health HT").await.unwrap();
        unauthenticated.push(stream);
        let mut other = running.connect().await;
        other.write_all(HEALTH).await.unwrap();
        assert_eq!(read(&mut other).await.0, 200, "a new client is served at once");
    }
    assert_eq!(ask(&mut known, &about_me(&running)).await, 200, "who is known stays");
    assert!(is_closed(&mut unauthenticated[0]).await, "the first to come is the first to go");
}

#[tokio::test]
async fn connections_with_a_request_in_progress_stay_open() {
    let running = run(Bounds { connections_max: 1, ..bounds() }).await;
    let mut known = running.connect().await;
    assert_eq!(ask(&mut known, &about_me(&running)).await, 200);
    // It has authenticated and sends a body: it gives way only if it rests for a second.
    known.write_all(running.head(100).as_bytes()).await.unwrap();
    let mut other = running.connect().await;
    other.write_all(HEALTH).await.unwrap();
    let unanswered = tokio::time::timeout(SHORT, other.read_u8()).await;
    assert!(unanswered.is_err());
    known.write_all(&[b' '; 100]).await.unwrap();
    assert_eq!(read(&mut known).await.0, 400);
    drop(known);
    assert_eq!(read(&mut other).await.0, 200);
}

#[tokio::test]
async fn incomplete_requests_do_not_count_as_in_progress() {
    let running = run(Bounds { requests_max: 1, ..bounds() }).await;
    let mut slow = Vec::new();
    for length in [100, 100_000, 1_000_000] {
        let mut stream = running.connect().await;
        stream.write_all(format!("{}[", running.head(length)).as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let mut stream = running.connect().await;
    for _ in 0..20 {
        assert_eq!(ask(&mut stream, &about_me(&running)).await, 200);
    }
}

#[tokio::test]
async fn bodies_share_the_memory_and_further_ones_get_503() {
    let room = Bounds { memory_bytes_max: 1_400_000, ..bounds() };
    let running = run(room).await;
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = running.connect().await;
        stream.write_all(running.head(300_000).as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; 299_999]).await.unwrap();
        slow.push(stream);
    }
    wait_until(async || running.gauge("acta_http_memory_bytes").await >= 600_000.0).await;
    // 900 KB would be within the limit, but a tenant leaves a part of it to others, and so does
    // each of those who ask for it.
    let mut stream = running.connect().await;
    stream.write_all(running.head(300_000).as_bytes()).await.unwrap();
    let _ = stream.write_all(&vec![b' '; 300_000]).await;
    let (status, body) = read(&mut stream).await;
    assert_eq!(status, 503, "{body}");
    drop(slow);
    wait_until(async || running.gauge("acta_http_memory_bytes").await < 1.0).await;
    let mut stream = running.connect().await;
    stream.write_all(running.head(100_000).as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; 100_000]).await.unwrap();
    assert_eq!(read(&mut stream).await.0, 400, "there is room again");
}

#[tokio::test]
async fn bodies_of_unauthenticated_requests_are_not_stored() {
    let running = run(bounds()).await;
    let mut slow = Vec::new();
    for length in [60_000, 1_000_000] {
        let mut stream = running.connect().await;
        let head = running.head(length).replace("Basic ", "Nobody ");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; length - 1]).await.unwrap();
        slow.push(stream);
    }
    assert_eq!(read(&mut slow[1]).await.0, 401, "without waiting for all of it");
    assert!(running.gauge("acta_http_memory_bytes").await < 1.0);
    assert!(running.gauge("acta_http_anonymous_memory_bytes").await < 1.0);
}

#[tokio::test]
async fn refused_request_heads_get_a_problem() {
    let running = run(bounds()).await;
    let long = "x".repeat(bounds().head_bytes_max);
    let many = "X-A: b\r\n".repeat(101);
    let table = [
        (format!("GET /health?{long} HTTP/1.1\r\nHost: a\r\n\r\n"), 431, "16384 bytes"),
        (format!("GET /health HTTP/1.1\r\nHost: a\r\nX-Long: {long}\r\n\r\n"), 431, "16384 bytes"),
        (format!("GET /health HTTP/1.1\r\n{many}\r\n"), 431, "100 headers"),
        ("GET /health HTTP/9.9\r\n\r\n".to_owned(), 400, "not valid HTTP/1.1"),
        ("GE\0T /health HTTP/1.1\r\n\r\n".to_owned(), 400, "not valid HTTP/1.1"),
        ("GET /health HTTP/1.1\r\nBad Header: x\r\n\r\n".to_owned(), 400, "not valid HTTP/1.1"),
    ];
    for (request, expected, text) in table {
        for is_first in [true, false] {
            let mut stream = running.connect().await;
            if !is_first {
                assert_eq!(ask(&mut stream, &about_me(&running)).await, 200);
            }
            // The server may close before everything is written.
            let _ = stream.write_all(request.as_bytes()).await;
            let (status, body) = read(&mut stream).await;
            assert_eq!(status, expected, "{body}");
            assert!(body.contains("urn:acta:problem:") && body.contains(text), "{body}");
            assert!(is_closed(&mut stream).await);
        }
    }
}

#[tokio::test]
async fn stalled_clients_are_closed_when_memory_is_short() {
    let room = Bounds {
        memory_bytes_max: 32 << 20,
        document_bytes_max: 8 << 20,
        write_timeout: 6 * LONG,
        ..bounds()
    };
    let running = run(room).await;
    let path = "/xapi/activities/profile?activityId=http://a.example&profileId=p";
    let length = 8 << 20;
    let head = running.head(length).replace("/xapi/statements", path);
    let mut writer = running.connect().await;
    writer.write_all(head.replace("application/json", "text/plain").as_bytes()).await.unwrap();
    writer.write_all(&vec![b'x'; length]).await.unwrap();
    assert_eq!(read(&mut writer).await.0, 204);
    let request = about_me(&running).replace("/xapi/statements?limit=1", path);
    let mut unread = Vec::new();
    for _ in 0..6 {
        let mut stream = running.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        unread.push(stream);
    }
    // Small requests have room of their own, and large ones get it.
    let mut known = running.connect().await;
    assert_eq!(ask(&mut known, &about_me(&running)).await, 200);
    wait_until(async || {
        let mut other = running.connect().await;
        ask(&mut other, &request).await == 200
    })
    .await;
}

/// Sends most of a form without a credential in the head. The end of it does not come.
async fn begin_form(stream: &mut TcpStream) {
    const BYTES: usize = 900_000;

    let head = format!(
        "POST /xapi/statements?method=GET HTTP/1.1\r\nHost: a\r\nOrigin: https://b.example\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        BYTES + 1
    );
    // The server may refuse it before everything is written.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&vec![b'a'; BYTES]).await;
}

#[tokio::test]
async fn slow_forms_are_ended_on_connections_that_were_authenticated_before() {
    // An eighth of the memory is for forms without a credential in the head: enough for some.
    let room = Bounds { memory_bytes_max: 16 << 20, body_timeout: 6 * LONG, ..bounds() };
    let running = run(room).await;
    let mut slow = running.connect().await;
    assert_eq!(ask(&mut slow, &about_me(&running)).await, 200);
    begin_form(&mut slow).await;
    wait_until(async || running.gauge("acta_http_anonymous_memory_bytes").await >= 400_000.0).await;
    let others = tokio::sync::Mutex::new(Vec::new());
    wait_until(async || {
        let mut others = others.lock().await;
        // Far more than there is memory for, and fewer connections than there may be.
        if others.len() == 8 {
            others.clear();
        }
        let mut other = running.connect().await;
        begin_form(&mut other).await;
        others.push(other);
        tokio::time::timeout(SHORT, slow.peek(&mut [0; 1])).await.is_ok()
    })
    .await;
    // It is answered like every request, and is the last one of its connection.
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let head = answer.to_ascii_lowercase();
    for name in ["retry-after", "x-request-id", "access-control-allow-origin"] {
        assert!(head.contains(&format!("\r\n{name}: ")), "{name} in {answer}");
    }
}

#[tokio::test]
async fn the_longest_body_fits_the_least_memory() {
    // Four times the longest body is the least that the configuration takes.
    let least = Bounds { statements_bytes_max: 1 << 20, memory_bytes_max: 4 << 20, ..bounds() };
    let server = Server::with(Version::V1_0_3, least).await;
    let mut text = statement(1).to_string().into_bytes();
    text.resize(1 << 20, b' ');
    let pieces: Vec<Vec<u8>> = text.chunks(5000).map(<[u8]>::to_vec).collect();
    server.expect(post("/xapi/statements").pieces("application/json", pieces), 200).await;
    let part = [b"--b\r\nContent-Type: application/json\r\n\r\n", text.as_slice(), b"\r\n--b--"];
    let pieces = part.concat().chunks(5000).map(<[u8]>::to_vec).collect();
    let ask = post("/xapi/statements").pieces("multipart/mixed; boundary=b", pieces);
    server.expect(ask, 200).await;
    // Pages become shorter, but there are some.
    for number in 2..8 {
        let mut long = statement(number);
        long["object"]["definition"] = json!({ "description": { "en": "x".repeat(200_000) } });
        server.expect(post("/xapi/statements").json(&long), 200).await;
    }
    let page = server.expect(get("/xapi/statements?limit=5"), 200).await;
    assert!((1..5).contains(&page.ids().len()), "{}", page.ids().len());
    assert!(page.json()["more"].as_str().is_some_and(|more| !more.is_empty()));
}
