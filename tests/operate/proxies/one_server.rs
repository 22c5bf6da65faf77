//! One server behind each proxy: what passes through it, and where it comes from.

use std::net::SocketAddr;
use std::sync::Arc;

use acta_tests::client::percent_encode;
use acta_tests::multipart::{self, Part};
use acta_tests::server::{KEY, SECRET};
use acta_tests::{Launch, Server, Version, basic, make};
use h2::client::Builder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;
use ureq::http::Request;

use super::page::{Setup, settings_of_acta};
use super::program::{Kind, Proxy};
use super::{WAIT_MAX, wait_until};
use crate::http2::client::{Answer, Http2, request};

/// The address of the client, which is another one than that of the proxy.
const CLIENT: &str = "127.0.0.2:0";

/// Bytes of a body that proxies refuse unless they are told otherwise.
const LARGE_BYTES: usize = 6 << 20;

/// A server with the keys of the page, and a proxy in front of it.
struct House {
    proxy: Proxy,
    server: Server,
    _folder: TempDir,
}

impl House {
    fn start(kind: Kind) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("acta.toml");
        std::fs::write(&file, settings_of_acta(Setup::OneServer)).unwrap();
        let settings =
            [("ACTA_CONFIG", file.to_str().unwrap()), ("ACTA_LOG_CLIENT_ADDRESS", "full")];
        let data = folder.path().join("data");
        let server = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) }.start();
        let proxy = Proxy::start(kind, Setup::OneServer, &[server.address()]);
        Self { proxy, server, _folder: folder }
    }

    /// A connection with HTTP/2 from [`CLIENT`].
    async fn connect(&self) -> Http2 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(CLIENT.parse::<SocketAddr>().unwrap()).unwrap();
        let socket = socket.connect(self.proxy.address()).await.unwrap();
        let connector = TlsConnector::from(Arc::new(self.proxy.http2_config()));
        let stream = connector.connect("localhost".try_into().unwrap(), socket).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        Http2::over(stream, &Builder::new()).await
    }

    /// A request to the proxy, with these further headers.
    fn request(&self, method: &str, path: &str, headers: &[(&'static str, &str)]) -> Request<()> {
        let mut request = request(method, path);
        let port = self.proxy.address().port();
        *request.uri_mut() = format!("https://localhost:{port}{path}").parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        request
    }

    async fn get(&self, connection: &Http2, path: &str) -> Answer {
        connection.send(self.request("GET", path, &[]), None).await.unwrap()
    }

    async fn post(&self, connection: &Http2, content_type: &str, body: Vec<u8>) -> Answer {
        let request = self.request("POST", "/xapi/statements", &[("content-type", content_type)]);
        connection.send(request, Some(body)).await.unwrap()
    }

    async fn check_statements(&self, connection: &Http2) {
        let (id, statement) = make::statement_with_id();
        let stored =
            self.post(connection, "application/json", statement.to_string().into_bytes()).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        assert!(stored.headers.contains_key("strict-transport-security"), "{stored:?}");
        let found = self.get(connection, &path_of(&id)).await;
        assert_eq!(found.status, 200, "{found:?}");
        assert_eq!(serde_json::from_slice::<Value>(&found.body).unwrap()["id"], json!(id));
    }

    async fn check_large_bodies(&self, connection: &Http2) {
        let (id, mut statement) = make::statement_with_id();
        statement["result"] = json!({"response": "a".repeat(LARGE_BYTES)});
        let stored =
            self.post(connection, "application/json", statement.to_string().into_bytes()).await;
        assert_eq!(stored.status, 200, "{}", self.proxy.log());
        let found = self.get(connection, &path_of(&id)).await;
        assert!(LARGE_BYTES < found.body.len(), "{} of {}", found.body.len(), found.status);
    }

    async fn check_attachments(&self, connection: &Http2) {
        let (id, mut statement) = make::statement_with_id();
        let contents: Vec<Vec<u8>> = (1..4).map(|byte| vec![byte; 1 << 20]).collect();
        let attachments = contents.iter().map(|bytes| make::attachment("audio/ogg", bytes));
        statement["attachments"] = attachments.collect();
        let mut parts = vec![Part::statements(&statement.to_string())];
        parts.extend(
            contents
                .iter()
                .map(|bytes| Part::attachment("audio/ogg", &make::sha256_hex(bytes), bytes)),
        );
        let body = multipart::write(&parts);
        let stored = self.post(connection, &multipart::content_type(), body).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        let found = self.get(connection, &format!("{}&attachments=true", path_of(&id))).await;
        assert!(3 << 20 < found.body.len(), "{} of {}", found.body.len(), found.status);
    }

    /// A statement comes over an open stream, of which the response has not ended.
    async fn check_stream(&self, connection: &Http2) {
        let path = "/api/v1/tenants/1/stream/statements";
        let mut sender = connection.ready().await.unwrap();
        let (response, _) = sender.send_request(self.request("GET", path, &[]), true).unwrap();
        let (head, mut body) = response.await.unwrap().into_parts();
        assert_eq!(head.status.as_u16(), 200);
        let (id, statement) = make::statement_with_id();
        let stored =
            self.post(connection, "application/json", statement.to_string().into_bytes()).await;
        assert_eq!(stored.status, 200, "{stored:?}");
        let mut received = String::new();
        let delivered = async {
            while !received.contains(&id) {
                let piece = body.data().await.unwrap().unwrap();
                received.push_str(&String::from_utf8_lossy(&piece));
            }
        };
        let delivered = tokio::time::timeout(WAIT_MAX, delivered).await;
        assert!(delivered.is_ok(), "{id} is not in {received}");
    }

    /// The server knows where a request comes from, whatever the client says.
    async fn check_address(&self, connection: &Http2) {
        let forged = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        let request = self.request("GET", "/xapi/statements?limit=many", &forged);
        assert_eq!(connection.status(request).await.unwrap(), 400);
        let line = self.server.logged("GET statements was refused");
        assert_eq!(line["client.address"], "127.0.0.2", "{line}");
    }

    /// HTTP/1.1 is spoken too, and connections to the server are kept.
    fn check_kept_connections(&self) {
        let mut connection = self.proxy.client().connect().unwrap();
        for _ in 0..20 {
            let head = format!(
                "GET /xapi/statements?limit=1 HTTP/1.1\r\nHost: localhost\r\n\
                 Authorization: {}\r\nX-Experience-API-Version: 2.0.0\r\n",
                basic(KEY, SECRET)
            );
            connection.send(&head, "").unwrap().expect(200);
        }
        let client = self.server.client(Version::V2_0_0);
        let metric = "\nacta_http_connections ";
        let count = || {
            let metrics = client.call_outside("GET", "/metrics").send().expect(200);
            let (_, rest) = metrics.text().split_once(metric).unwrap();
            rest.lines().next().unwrap().parse::<u32>().unwrap()
        };
        // That of this question, and those of the proxy, which has nothing to pass on.
        let is_kept = || (2..10).contains(&count());
        wait_until("connections are kept", || format!("{} connections", count()), is_kept);
    }
}

fn path_of(id: &str) -> String {
    format!("/xapi/statements?statementId={}", percent_encode(id))
}

async fn check(kind: Kind) {
    if !kind.is_installed() {
        return;
    }
    let house = House::start(kind);
    let connection = house.connect().await;
    house.check_statements(&connection).await;
    house.check_large_bodies(&connection).await;
    house.check_attachments(&connection).await;
    house.check_stream(&connection).await;
    house.check_address(&connection).await;
    house.check_kept_connections();
}

#[tokio::test]
async fn nginx_serves_clients_of_one_server() {
    check(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_serves_clients_of_one_server() {
    check(Kind::Caddy).await;
}

#[tokio::test]
async fn haproxy_serves_clients_of_one_server() {
    check(Kind::HaProxy).await;
}
