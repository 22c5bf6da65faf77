//! `multipart/mixed`, written and read by hand.

use crate::Response;

/// One part: its headers and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Names and values, as sent.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Vec<u8>,
}

/// A boundary that stands in no body of the tests.
pub const BOUNDARY: &str = "----a-boundary-of-the-tests";

/// The `Content-Type` of a body written by [`write()`].
pub fn content_type() -> String {
    format!("multipart/mixed; boundary=\"{BOUNDARY}\"")
}

impl Part {
    /// The first part of a request: statements.
    pub fn statements(json: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self { headers, body: json.as_bytes().to_vec() }
    }

    /// A part with the data of an attachment.
    pub fn attachment(content_type: &str, sha2: &str, bytes: &[u8]) -> Self {
        let headers = [
            ("Content-Type", content_type),
            ("Content-Transfer-Encoding", "binary"),
            ("X-Experience-API-Hash", sha2),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { headers: headers.to_vec(), body: bytes.to_vec() }
    }

    /// The same with a header set.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        let mut part = self.without(name);
        part.headers.push((name.to_owned(), value.to_owned()));
        part
    }

    /// The same without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(present, _)| present.eq_ignore_ascii_case(name))?;
        Some(found.1.as_str())
    }
}

/// The parts as one body.
pub fn write(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{BOUNDARY}\r\n").as_bytes());
        for (name, value) in &part.headers {
            body.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(&part.body);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// The parts of an answer of type `multipart/mixed`.
#[track_caller]
pub fn read(answer: &Response) -> Vec<Part> {
    let content_type = answer.must_header("content-type");
    assert!(content_type.starts_with("multipart/mixed"), "{content_type}");
    let (_, boundary) = content_type.split_once("boundary=").expect("a boundary is named");
    let boundary = boundary.split(';').next().expect("split gives one").trim().trim_matches('"');
    let delimiter = format!("\r\n--{boundary}");
    let mut rest = [b"\r\n", answer.body.as_slice()].concat();
    let mut parts = Vec::new();
    let mut is_first = true;
    loop {
        let at = find(&rest, delimiter.as_bytes()).expect("a delimiter follows each part");
        if !is_first {
            parts.push(read_part(&rest[..at]));
        }
        is_first = false;
        rest.drain(..at + delimiter.len());
        if rest.starts_with(b"--") {
            return parts;
        }
        let line = find(&rest, b"\r\n").expect("a delimiter ends its line");
        rest.drain(..line);
    }
}

fn read_part(bytes: &[u8]) -> Part {
    let end = find(bytes, b"\r\n\r\n").expect("a blank line ends the headers of a part");
    let head = std::str::from_utf8(&bytes[..end]).expect("headers are text");
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let headers = lines.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    Part { headers: headers.collect(), body: bytes[end + 4..].to_vec() }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
