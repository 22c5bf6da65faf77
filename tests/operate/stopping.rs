//! Signals: what a server does before it stops, and that SIGHUP does not stop it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Response, Server, Version};
use tempfile::TempDir;

/// How long the server still accepts connections.
const DELAY: Duration = Duration::from_secs(1);

/// Longest wait for something that the server does by itself.
const WAIT_MAX: Duration = Duration::from_secs(10);

fn status_of(server: &Server, path: &str) -> u16 {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    server.send_raw(request.as_bytes()).status
}

#[test]
fn a_server_that_is_asked_to_stop_says_so_before_it_accepts_no_more() {
    let folder = TempDir::new().unwrap();
    let settings = [("ACTA_SERVER_DRAIN_DELAY", "1s")];
    let data = folder.path().join("data");
    let mut server = Server::start_with(&data, Version::V2_0_0, &settings);
    assert_eq!(status_of(&server, "/ready"), 200);
    let clock = SystemClock::new();
    server.ask_to_stop();
    while status_of(&server, "/ready") != 503 {
        assert!(clock.elapsed() < DELAY, "{}", server.log());
    }
    for path in ["/xapi/about", "/health"] {
        assert_eq!(status_of(&server, path), 200, "{path}");
    }
    let ended = server.wait(WAIT_MAX).and_then(|status| status.code());
    assert_eq!(ended, Some(0), "{}", server.log());
    assert!(DELAY <= clock.elapsed(), "{:?}", clock.elapsed());
}

#[test]
fn a_server_that_accepts_no_more_connections_answers_on_open_ones_and_closes_them() {
    let folder = TempDir::new().unwrap();
    let settings = [("ACTA_SERVER_DRAIN_DELAY", "100ms")];
    let data = folder.path().join("data");
    let mut server = Server::start_with(&data, Version::V2_0_0, &settings);
    let request = b"HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut kept = TcpStream::connect(server.address()).unwrap();
    kept.set_read_timeout(Some(WAIT_MAX)).unwrap();
    kept.write_all(request).unwrap();
    let mut first = Vec::new();
    while !first.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 1024];
        let count = kept.read(&mut piece).unwrap();
        assert_ne!(count, 0, "closed after {first:?}");
        first.extend_from_slice(&piece[..count]);
    }
    assert_eq!(Response::parse(&first).header("connection"), None);
    server.ask_to_stop();
    let clock = SystemClock::new();
    while TcpStream::connect(server.address()).is_ok() {
        assert!(clock.elapsed() < WAIT_MAX, "{}", server.log());
    }
    kept.write_all(request).unwrap();
    let mut last = Vec::new();
    kept.read_to_end(&mut last).unwrap();
    let last = Response::parse(&last).expect(200);
    assert_eq!(last.must_header("connection"), "close");
    let ended = server.wait(WAIT_MAX).and_then(|status| status.code());
    assert_eq!(ended, Some(0), "{}", server.log());
}

#[test]
fn sighup_does_not_stop_a_server() {
    let server = Server::start(Version::V2_0_0);
    let process = server.process_id().to_string();
    assert!(Command::new("kill").args(["-HUP", &process]).status().unwrap().success());
    let clock = SystemClock::new();
    while !server.log().contains("received SIGHUP") {
        assert!(clock.elapsed() < WAIT_MAX, "{}", server.log());
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(status_of(&server, "/ready"), 200);
}
