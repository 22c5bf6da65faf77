//! Questions to a server and what it answered, as JSON, so that a later release can be
//! asked the same.

use serde_json::{Map, Value, json};

use crate::{Response, Server, Version, make};

/// Headers of an answer that are written down.
const HEADERS: &[&str] = &["content-type", "etag", "last-modified", "x-experience-api-version"];

/// A longer body is written down as its hash.
const BODY_BYTES_MAX: usize = 200;

/// A GET below `/xapi` in this version.
pub fn question(version: Version, path: &str, query: &[(&str, &str)]) -> Value {
    json!({"version": version.as_str(), "path": path, "query": query})
}

/// Asks a question that was made by [`question`], perhaps with a `language` added.
///
/// What differs from one asking to the next is left out of the answer: the boundary of
/// parts, and where the next page is.
#[track_caller]
pub fn ask(server: &Server, question: &Value) -> Value {
    let version = text(&question["version"]).parse().expect("a version of xAPI");
    let client = server.client(version);
    let mut call = client.get(text(&question["path"]));
    for pair in question["query"].as_array().expect("pairs") {
        call = call.query(text(&pair[0]), text(&pair[1]));
    }
    if let Some(language) = question["language"].as_str() {
        call = call.header("Accept-Language", language);
    }
    write_down(&call.send())
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn write_down(answer: &Response) -> Value {
    if answer.status != 200 {
        // What is said about it may be said better.
        return json!({"status": answer.status});
    }
    let mut headers = Map::new();
    for name in HEADERS {
        if let Some(value) = answer.header(name) {
            headers.insert((*name).to_owned(), json!(value));
        }
    }
    let mut body = answer.body.clone();
    if let Some((kind, boundary)) =
        answer.header("content-type").and_then(|all| all.split_once("boundary="))
    {
        headers.insert("content-type".to_owned(), json!(format!("{kind}boundary=BOUNDARY")));
        body = replace(&body, boundary.trim_matches('"').as_bytes(), b"BOUNDARY");
    }
    if let Some(from) = body.windows(9).rposition(|window| window == b"\"more\":\"/") {
        let len = body[from + 8..].iter().position(|byte| *byte == b'"').expect("a string ends");
        body.splice(from + 8..from + 8 + len, *b"NEXT");
    }
    let body = match String::from_utf8(body) {
        Ok(text) if text.len() <= BODY_BYTES_MAX => json!(text),
        Ok(text) => json!({"sha256": make::sha256_hex(text.as_bytes())}),
        Err(other) => json!({"sha256": make::sha256_hex(other.as_bytes())}),
    };
    json!({"status": answer.status, "headers": headers, "body": body})
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = behind;
        } else {
            out.push(*first);
            rest = behind;
        }
    }
    out
}
