//! A server on a socket of the machine: whose requests come over it, and who may open it.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::server::{KEY, SECRET};
use acta_tests::{Response, acta, basic, make, run};
use h2::client::Builder;
use tempfile::TempDir;

use crate::http2::client::Http2;

/// Longest wait for something that the server does by itself.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// A server on a socket. It is killed when this is dropped.
struct OnSocket {
    child: Child,
    socket: PathBuf,
    log: PathBuf,
}

impl OnSocket {
    /// Starts one on the socket `acta.sock` of a folder, and waits until it is ready.
    fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let (socket, log) = (folder.join("acta.sock"), folder.join("log"));
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = serve(folder, &socket);
        command.env("ACTA_SEED_KEY", KEY).env("ACTA_SEED_SECRET", SECRET);
        command.envs(settings.iter().copied());
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let server = Self { child: command.spawn().unwrap(), socket, log };
        server.wait_for("answer", || server.ask("GET", "/ready", "", "").status == 200);
        server
    }

    /// The response to a request with these further lines in its head; the status is 0 if there is
    /// none.
    fn ask(&self, method: &str, path: &str, head: &str, body: &str) -> Response {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: lrs.example.org\r\nConnection: close\r\n\
             X-Experience-API-Version: 2.0.0\r\nContent-Length: {length}\r\n{head}\r\n{body}"
        );
        let mut answer = Vec::new();
        if let Ok(mut stream) = UnixStream::connect(&self.socket) {
            stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let _ = stream.read_to_end(&mut answer);
        }
        if answer.is_empty() {
            answer.extend(b"HTTP/1.1 0 none\r\n\r\n");
        }
        Response::parse(&answer)
    }

    /// The status of a request without a credential, for a client that a proxy says it has.
    fn status_for(&self, client: Option<&str>) -> u16 {
        let head = client.map(|client| format!("X-Forwarded-For: {client}\r\n"));
        self.ask("GET", "/xapi/about", &head.unwrap_or_default(), "").status
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    #[track_caller]
    fn wait_for(&self, what: &str, is_there: impl Fn() -> bool) {
        let clock = SystemClock::new();
        while !is_there() {
            assert!(clock.elapsed() < WAIT_MAX, "no {what}: {}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for OnSocket {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The command of a server with its store in a folder.
fn serve(folder: &Path, socket: &Path) -> Command {
    let mut command = acta();
    let listen = format!("unix:{}", socket.display());
    command.args(["serve", "--listen", &listen, "--data"]).arg(folder.join("data"));
    command
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_server_on_a_socket_serves_xapi_over_both_versions_of_http() {
    let folder = TempDir::new().unwrap();
    let server = OnSocket::start(folder.path(), &[]);
    let head =
        format!("Authorization: {}\r\nContent-Type: application/json\r\n", basic(KEY, SECRET));
    let body = make::statement().to_string();
    let id = server.ask("POST", "/xapi/statements", &head, &body).expect(200);
    assert!(id.json()[0].is_string(), "{}", id.text());
    let stream = tokio::net::UnixStream::connect(&server.socket).await.unwrap();
    let second = Http2::over(stream, &Builder::new()).await;
    assert_eq!(second.get("/xapi/statements?limit=1").await.unwrap().status, 200);
    assert_eq!(mode(&server.socket), 0o660);
}

#[test]
fn clients_behind_a_socket_are_limited_and_logged_by_the_address_that_the_proxy_names() {
    let folder = TempDir::new().unwrap();
    let settings = [("ACTA_LIMITS_ANONYMOUS_COUNT_MAX", "3"), ("ACTA_LOG_CLIENT_ADDRESS", "full")];
    let server = OnSocket::start(folder.path(), &settings);
    // Those without an address are one client, and no other.
    for client in [Some("192.0.2.1"), Some("192.0.2.2"), None] {
        let statuses = [(); 4].map(|()| server.status_for(client));
        assert_eq!(statuses, [200, 200, 200, 429], "{client:?}");
    }
    for (line, logged) in [("X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"), ("", "unix")] {
        let head = format!("Authorization: {}\r\n{line}", basic(KEY, SECRET));
        server.ask("GET", "/xapi/statements?limit=x", &head, "").expect(400);
        let expected = format!("\"client.address\":\"{logged}\"");
        server.wait_for(&expected, || server.log().contains(&expected));
    }
}

#[test]
fn a_socket_that_nobody_listens_on_is_replaced_and_any_other_file_stays() {
    let folder = TempDir::new().unwrap();
    let mut server = OnSocket::start(folder.path(), &[]);
    server.kill();
    assert!(server.socket.exists(), "a process that is killed leaves it");
    let mut server = OnSocket::start(folder.path(), &[("ACTA_SERVER_SOCKET_MODE", "0600")]);
    assert_eq!(mode(&server.socket), 0o600);

    let other = TempDir::new().unwrap();
    let second = run(&mut serve(other.path(), &server.socket));
    assert_eq!(second.code, Some(2), "{}", second.err);
    let refusal = "another process listens on this socket";
    assert!(second.err.contains(refusal), "{}", second.err);
    assert!(second.err.contains(server.socket.to_str().unwrap()), "{}", second.err);
    assert!(!other.path().join("data").exists(), "a store was made");
    assert_eq!(server.status_for(None), 200);

    let process = server.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0), "{}", server.log());
    assert!(!server.socket.exists(), "a server removes its socket");

    std::fs::write(&server.socket, "precious").unwrap();
    std::fs::set_permissions(&server.socket, Permissions::from_mode(0o644)).unwrap();
    let refused = run(&mut serve(other.path(), &server.socket));
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("exists and is not a socket"), "{}", refused.err);
    let there = std::fs::symlink_metadata(&server.socket).unwrap();
    assert!(!there.file_type().is_socket());
    assert_eq!(std::fs::read_to_string(&server.socket).unwrap(), "precious");
}
