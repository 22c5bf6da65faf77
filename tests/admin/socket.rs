//! What is said over the control socket, byte for byte.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use acta_tests::{Response, Server, Version};

/// Sends `request` as it is over the socket in `data` and reads until the server closes it.
pub(crate) fn exchange(data: &Path, request: &str) -> Response {
    let mut stream = UnixStream::connect(data.join("control.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    Response::parse(&answer)
}

fn get(data: &Path, path: &str) -> Response {
    exchange(data, &format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
}

#[test]
fn the_admin_api_alone_is_served_without_credentials() {
    let server = Server::start(Version::V2_0_0);
    let told = get(server.data(), "/api/v1/server").expect(200).json();
    assert_eq!((&told["engine"], &told["client_address"]), (&"embedded".into(), &"local".into()));
    for path in ["/xapi/about", "/xapi/statements", "/health", "/ready", "/metrics"] {
        let problem = get(server.data(), path).expect(404).json();
        assert_eq!(problem["type"], "urn:acta:problem:not-found", "{path}");
    }
}

#[test]
fn network_requests_are_never_authenticated_as_the_operator() {
    let server = Server::start(Version::V2_0_0);
    let client = server.client(Version::V2_0_0);
    for (name, value) in [
        ("X-Forwarded-For", "local"),
        ("Forwarded", "for=local"),
        ("Host", "localhost"),
        ("X-Request-Id", "local"),
    ] {
        let marked = || client.call_outside("GET", "/api/v1/server").header(name, value);
        marked().without("Authorization").send().expect(401);
        // The credential of a tenant is known, and may do nothing here.
        marked().send().expect(403);
    }
}

#[test]
fn limits_apply_on_the_socket_too() {
    let server = Server::start(Version::V2_0_0);
    let long = "x".repeat(64 << 10);
    get(server.data(), &format!("/api/v1/{long}")).expect(431);
    exchange(server.data(), "nonsense\r\n\r\n").expect(400);
    let twice = "GET /api/v1/server HTTP/1.1\r\nHost: a\r\n\r\n\
                 GET /api/v1/server HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let both = exchange(server.data(), twice).expect(200);
    assert!(both.text().contains("HTTP/1.1 200"), "a connection serves several requests");
}

#[test]
fn a_stopping_server_closes_idle_sockets_and_removes_its_socket() {
    let mut server = Server::start(Version::V2_0_0);
    let path = server.data().join("control.sock");
    let mut idle = UnixStream::connect(&path).unwrap();
    idle.write_all(b"GET /api/v1/server HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    // It is answered before the server stops.
    idle.read_exact(&mut [0; 12]).unwrap();
    server.ask_to_stop();
    let ended = server.wait(Duration::from_secs(20)).unwrap();
    assert!(ended.success(), "{}", server.log());
    assert!(!path.exists());
}
