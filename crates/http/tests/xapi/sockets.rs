//! Connections: kept, bounded, and ended in good order.

use std::net::SocketAddr;
use std::time::Duration;

use acta_http::{App, Bounds, Dependencies, ServeError, serve};
use acta_xapi::Version;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::server::{World, authorization, bounds, statement};

pub(crate) struct Running {
    address: SocketAddr,
    pub(crate) authorization: String,
    shutdown: CancellationToken,
    served: JoinHandle<Result<(), ServeError>>,
}

pub(crate) async fn run(bounds: Bounds) -> Running {
    let World { http, known, .. } = World::new(Version::V2_0_0, bounds).await;
    let app = App::new(Dependencies::new(http), Vec::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let tracker = tokio_util::task::TaskTracker::new();
    let served = tracker.spawn(serve(listener, app, shutdown.clone()));
    let authorization = known[&authorization("all", 1)].header.clone();
    Running { address, authorization, shutdown, served }
}

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What `/metrics` says of one gauge.
    pub(crate) async fn gauge(&self, name: &str) -> f64 {
        let mut stream = self.connect().await;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let (_, text) = read(&mut stream).await;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }

    /// How many connections are open, with the one that asks.
    pub(crate) async fn connections(&self) -> usize {
        self.gauge("acta_http_connections").await.to_string().parse().unwrap()
    }

    /// The head of a POST of a body of this length.
    pub(crate) fn head(&self, length: usize) -> String {
        format!(
            "POST /xapi/statements HTTP/1.1\r\nHost: a\r\nAuthorization: {}\r\n\
             X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n",
            self.authorization
        )
    }
}

/// Reads one answer: its status and its body.
pub(crate) async fn read(stream: &mut TcpStream) -> (u16, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    (status, String::from_utf8(body).unwrap())
}

/// Whether the other side has closed, without a further answer.
pub(crate) async fn is_closed(stream: &mut TcpStream) -> bool {
    stream.read(&mut [0; 1]).await.unwrap_or(0) == 0
}

#[tokio::test]
async fn a_connection_serves_many_requests_refused_ones_too() {
    let running = run(bounds()).await;
    let mut stream = running.connect().await;
    let body = statement(1).to_string();
    for _ in 0..2 {
        let anonymous = running.head(body.len()).replace("Basic ", "Nobody ");
        stream.write_all(format!("{anonymous}{body}").as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream).await.0, 401);
        stream.write_all(format!("{}{body}", running.head(body.len())).as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream).await.0, 200);
    }
    running.shutdown.cancel();
    assert!(is_closed(&mut stream).await, "an idle connection ends with the server");
    running.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn shutdown_waits_for_requests_in_progress() {
    let running = run(bounds()).await;
    let mut stream = running.connect().await;
    let body = json!([statement(1)]).to_string();
    let (first, second) = body.split_at(10);
    stream.write_all(format!("{}{first}", running.head(body.len())).as_bytes()).await.unwrap();
    // The connection is accepted for sure once another one, opened later, was answered.
    let mut other = running.connect().await;
    other.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut other).await.0, 200);
    running.shutdown.cancel();
    assert!(is_closed(&mut other).await);
    assert!(!running.served.is_finished());
    stream.write_all(second.as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await.0, 200);
    assert!(is_closed(&mut stream).await);
    running.served.await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn requests_in_progress_are_aborted_after_the_drain_timeout() {
    let short = Duration::from_millis(50);
    let running = run(Bounds { drain_timeout: short, ..bounds() }).await;
    let mut stream = running.connect().await;
    stream.write_all(running.head(100).as_bytes()).await.unwrap();
    let mut other = running.connect().await;
    other.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut other).await.0, 200);
    running.shutdown.cancel();
    let result = running.served.await.unwrap();
    assert!(matches!(result, Err(ServeError::Drain(waited)) if waited == short), "{result:?}");
}

#[tokio::test]
async fn slow_heads_and_bodies_are_refused() {
    let short = Duration::from_millis(50);
    let running = run(Bounds { head_timeout: short, body_timeout: short, ..bounds() }).await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET /health HTTP/1.1\r\nHo").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
    for length in [100, 100_000] {
        let mut stream = running.connect().await;
        stream.write_all(format!("{}[", running.head(length)).as_bytes()).await.unwrap();
        let (status, body) = read(&mut stream).await;
        assert_eq!(status, 408, "{body}");
    }
}

#[tokio::test]
async fn heads_are_bounded() {
    let running = run(bounds()).await;
    let mut stream = running.connect().await;
    let long = "x".repeat(bounds().head_bytes_max + 1);
    let head = format!("GET /health?{long} HTTP/1.1\r\nHost: a\r\n\r\n");
    // The server may close before everything is written.
    let _ = stream.write_all(head.as_bytes()).await;
    assert_eq!(read(&mut stream).await.0, 431);
}

#[tokio::test]
async fn a_client_that_still_sends_can_read_the_error() {
    let running = run(bounds()).await;
    for head in [running.head(8 << 20), running.head(8 << 20).replace("Basic ", "Nobody ")] {
        let mut stream = running.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; 8 << 20]).await.unwrap();
        let status = read(&mut stream).await.0;
        assert_eq!(status, if head.contains("Nobody") { 401 } else { 413 });
        assert!(is_closed(&mut stream).await);
    }
}
