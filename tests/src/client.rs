//! A client that hides nothing: every header and byte of a request can be set.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use ureq::http;

use crate::Version;
use crate::server::{KEY, SECRET, basic};

/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// Speaks one version of xAPI to one server with one credential.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    address: SocketAddr,
    base: String,
    version: Version,
    headers: Vec<(String, String)>,
}

/// A request that is being put together.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    client: &'a Client,
    method: String,
    target: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as sent.
    pub body: Vec<u8>,
}

impl Client {
    /// A client of the server at `address`.
    pub fn new(address: SocketAddr, version: Version) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .timeout_global(Some(ANSWER_TIMEOUT))
            .build();
        let headers = vec![
            ("X-Experience-API-Version".to_owned(), version.as_str().to_owned()),
            ("Authorization".to_owned(), basic(KEY, SECRET)),
        ];
        let base = format!("http://{address}");
        Self { agent: config.into(), address, base, version, headers }
    }

    /// The same with a header in each request, in place of one with the same name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a header in each request.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self
    }

    /// The server that it speaks to.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The version it speaks.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// A request of any method; `path` lies below `/xapi`.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        self.call_outside(method, &format!("/xapi{path}"))
    }

    /// A request of any method; `target` is the whole path.
    pub fn call_outside(&self, method: &str, target: &str) -> Call<'_> {
        Call {
            client: self,
            method: method.to_owned(),
            target: target.to_owned(),
            query: Vec::new(),
            headers: self.headers.clone(),
            body: Vec::new(),
        }
    }

    /// A GET below `/xapi`.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    /// A HEAD below `/xapi`.
    pub fn head(&self, path: &str) -> Call<'_> {
        self.call("HEAD", path)
    }

    /// A PUT below `/xapi`.
    pub fn put(&self, path: &str) -> Call<'_> {
        self.call("PUT", path)
    }

    /// A POST below `/xapi`.
    pub fn post(&self, path: &str) -> Call<'_> {
        self.call("POST", path)
    }

    /// A DELETE below `/xapi`.
    pub fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    /// Begins a `POST` of JSON to a resource of xAPI; the caller sends the body of so many bytes.
    ///
    /// # Errors
    ///
    /// The server cannot be reached.
    pub fn begin_post(&self, path: &str, length: usize) -> std::io::Result<TcpStream> {
        let more = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        self.begin("POST", &format!("/xapi{path}"), &more)
    }

    /// Sends a GET of a whole path on a connection of its own; the caller reads the answer.
    ///
    /// # Errors
    ///
    /// The server cannot be reached.
    pub fn begin_get(&self, target: &str) -> std::io::Result<TcpStream> {
        self.begin("GET", target, "")
    }

    /// Sends the head of a request, with the lines of `more` behind those of each request.
    fn begin(&self, method: &str, target: &str, more: &str) -> std::io::Result<TcpStream> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "{more}\r\n");
        let mut socket = TcpStream::connect(self.address)?;
        socket.write_all(head.as_bytes())?;
        Ok(socket)
    }

    /// Stores one statement or an array of them, which must succeed. Returns the ids.
    #[track_caller]
    pub fn store(&self, statements: &Value) -> Vec<String> {
        let answer = self.post("/statements").json(statements).send().expect(200);
        let ids = answer.json();
        let ids = ids.as_array().expect("POST answers with an array of ids");
        ids.iter().map(|id| id.as_str().expect("an id is a string").to_owned()).collect()
    }

    /// The statement with this id, which must be there.
    #[track_caller]
    pub fn fetch(&self, id: &str) -> Value {
        self.get("/statements").query("statementId", id).send().expect(200).json()
    }

    /// The ids of the statements that a query finds, all pages, in order.
    #[track_caller]
    pub fn find(&self, query: &[(&str, &str)]) -> Vec<String> {
        let mut call = self.get("/statements");
        for (name, value) in query {
            call = call.query(name, value);
        }
        let mut ids = Vec::new();
        let mut page = call.send().expect(200).json();
        loop {
            for statement in page["statements"].as_array().expect("statements is an array") {
                ids.push(statement["id"].as_str().expect("an id is a string").to_owned());
            }
            let more = page["more"].as_str().expect("more is a string").to_owned();
            if more.is_empty() {
                return ids;
            }
            page = self.call_outside("GET", &more).send().expect(200).json();
        }
    }
}

impl Call<'_> {
    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds several query parameters.
    #[must_use]
    pub fn queries(mut self, pairs: &[(&str, &str)]) -> Self {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.query.extend(pairs);
        self
    }

    /// Sets a header, in place of one with the same name.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        let mut without = self.without(name);
        without.headers.push((name.to_owned(), value.to_owned()));
        without
    }

    /// Leaves a header out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self
    }

    /// Sets the body and its type.
    #[must_use]
    pub fn body(self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let mut typed = self.header("Content-Type", content_type);
        typed.body = bytes.into();
        typed
    }

    /// Sets the body, with no type of its own.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// Sets a JSON body, byte for byte.
    #[must_use]
    pub fn json_text(self, text: &str) -> Self {
        self.body("application/json", text)
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// What kept an answer from coming: a refused or broken connection.
    pub fn try_send(self) -> Result<Response, ureq::Error> {
        Response::read(self.run()?)
    }

    /// Sends it, and reads the head of the answer alone: an answer without a body, and what reads
    /// the body. The connection is open until that is dropped.
    ///
    /// # Errors
    ///
    /// As [`Call::try_send`].
    pub fn try_open(self) -> Result<(Response, ureq::Body), ureq::Error> {
        let (head, body) = self.run()?.into_parts();
        let response =
            Response { status: head.status.as_u16(), headers: texts(&head.headers), body: vec![] };
        Ok((response, body))
    }

    fn run(self) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let mut uri = format!("{}{}", self.client.base, self.target);
        for (index, (name, value)) in self.query.iter().enumerate() {
            uri.push(if index == 0 && !self.target.contains('?') { '?' } else { '&' });
            let _ = write!(uri, "{}={}", percent_encode(name), percent_encode(value));
        }
        let mut request = http::Request::builder().method(self.method.as_str()).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if self.body.is_empty() && self.method != "PUT" && self.method != "POST" {
            self.client.agent.run(request.body(())?)
        } else {
            self.client.agent.run(request.body(self.body)?)
        }
    }

    /// Sends it; an answer must come.
    #[track_caller]
    pub fn send(self) -> Response {
        let told = format!("{} {} {:?}", self.method, self.target, self.query);
        match self.try_send() {
            Ok(answer) => answer,
            Err(error) => panic!("no answer to {told}: {error}"),
        }
    }
}

/// Names and values of headers.
fn texts(headers: &http::HeaderMap) -> Vec<(String, String)> {
    let headers = headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    headers.collect()
}

impl Response {
    fn read(response: http::Response<ureq::Body>) -> Result<Self, ureq::Error> {
        let (status, headers) = (response.status().as_u16(), texts(response.headers()));
        let body = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Self { status, headers, body })
    }

    /// Reads the bytes of one HTTP/1.1 answer. The body is all that follows the headers.
    #[track_caller]
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end =
            end.unwrap_or_else(|| panic!("no answer in {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8_lossy(&bytes[..end]);
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        Self {
            status: status.expect("an answer begins with its status"),
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(present, _)| present.eq_ignore_ascii_case(name))?;
        Some(found.1.as_str())
    }

    /// The first header of this name, which must be there.
    #[track_caller]
    pub fn must_header(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("not JSON: {error}: {}", String::from_utf8_lossy(&self.body)),
        }
    }

    /// Itself, if the status is as expected.
    #[track_caller]
    #[expect(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "a check")]
    pub fn expect(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{body:.600}");
        self
    }
}

/// `text` with everything but RFC 3986's unreserved characters percent-encoded.
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A form body of these fields.
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| (percent_encode(name), percent_encode(value)));
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}
