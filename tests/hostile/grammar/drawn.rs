//! A request that was drawn, and the answers to it.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use acta_tests::{Call, Client};

use crate::attacks::{status, status_of_head};

/// Stands in a body for a number that is another one each time the request is sent, in eight
/// hexadecimal digits.
pub(super) const FRESH: &str = "freshnum";

/// The answers to requests to xAPI of which most are faulty in some way; 0 for none at all, which
/// is right where the server stops reading a body that is too long.
pub(super) const OF_XAPI: &[u16] = &[0, 200, 204, 400, 404, 409, 411, 412, 413, 414, 415, 431];

/// The same of the admin API.
pub(super) const OF_ADMINISTRATION: &[u16] =
    &[0, 200, 201, 204, 400, 403, 404, 405, 409, 412, 413, 414, 415, 422, 428, 429, 431, 503];

/// The answer to statements that are all valid.
pub(super) const STORED: &[u16] = &[200];

/// The answers to any request in a crowd: what is refused for now.
const FOR_NOW: &[u16] = &[0, 408, 429, 503];

/// What is added to the status of an answer that a request must not have.
const WRONG: u16 = 1_000;

/// How long a client stays at a stream before it goes away.
const STREAM: Duration = Duration::from_millis(20);

/// The next fresh number.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A request that was drawn.
#[derive(Debug)]
pub(crate) struct Drawn {
    method: &'static str,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    /// Headers of each request of the client that are left out.
    left_out: Vec<&'static str>,
    /// What is between fresh numbers.
    body: Vec<Vec<u8>>,
    /// The statuses of right answers.
    answers: &'static [u16],
    /// Whether the answer goes on until the client leaves.
    is_stream: bool,
}

impl Drawn {
    pub(super) fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            left_out: Vec::new(),
            body: Vec::new(),
            answers: OF_XAPI,
            is_stream: false,
        }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn without(mut self, name: &'static str) -> Self {
        self.left_out.push(name);
        self
    }

    pub(super) fn body(mut self, content_type: impl Into<String>, body: Vec<u8>) -> Self {
        self.body = vec![body];
        self.header("Content-Type", content_type)
    }

    /// A body of JSON with numbers that are fresh each time.
    pub(super) fn fresh_body(mut self, body: &str) -> Self {
        self.body = body.split(FRESH).map(|part| part.as_bytes().to_vec()).collect();
        self.header("Content-Type", "application/json")
    }

    /// The statuses of right answers.
    pub(super) fn answered(mut self, answers: &'static [u16]) -> Self {
        self.answers = answers;
        self
    }

    /// The answer goes on until the client leaves.
    pub(super) fn streamed(mut self) -> Self {
        self.is_stream = true;
        self
    }

    fn call<'a>(&self, client: &'a Client) -> Call<'a> {
        let mut call = client.call_outside(self.method, &self.path);
        for (name, value) in &self.query {
            call = call.query(name, value);
        }
        for name in &self.left_out {
            call = call.without(name);
        }
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        if self.body.is_empty() {
            return call;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        call.bytes(self.body.join(format!("{number:08x}").as_bytes()))
    }

    /// Sends it, and returns the status of the answer; 0 if there is none.
    pub(crate) fn send(&self, client: &Client) -> u16 {
        if !self.is_stream {
            return status(self.call(client));
        }
        let (status, open) = status_of_head(self.call(client));
        if status == 200 {
            thread::sleep(STREAM);
        }
        drop(open);
        status
    }

    /// Whether an answer to it is right, if nobody else asks for anything.
    pub(crate) fn expects(&self, status: u16) -> bool {
        self.answers.contains(&status)
    }

    /// Sends it from a crowd. The status is beyond all others if the answer is wrong.
    pub(crate) fn send_from_crowd(&self, client: &Client) -> u16 {
        let status = self.send(client);
        if self.expects(status) || FOR_NOW.contains(&status) { status } else { WRONG + status }
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: usize = self.body.iter().map(Vec::len).sum();
        write!(f, "{} {}, {bytes} bytes, expects {:?}", self.method, self.path, self.answers)
    }
}
