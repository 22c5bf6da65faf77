//! Bodies of requests that are large, or cost much.

use std::fmt::Write as _;

use acta_tests::{Client, make, multipart, sign};
use serde_json::{Value, json};

pub(crate) fn list(count: usize, one: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0..count {
        let comma = if number == 0 { "" } else { "," };
        write!(text, "{comma}{}", one(number)).unwrap();
    }
    text
}

/// A statement with these members beside verb and, if there is none, object and actor.
pub(crate) fn statement(more: &str) -> String {
    let actor = if more.contains("\"actor\":") {
        ""
    } else {
        r#""actor":{"mbox":"mailto:ada@example.org"},"#
    };
    let object = if more.contains("\"object\":") {
        ""
    } else {
        r#""object":{"id":"http://example.org/a"},"#
    };
    format!(r#"{{{actor}{object}"verb":{{"id":"http://example.org/v"}}{more}}}"#)
}

pub(crate) fn post(client: &Client, text: &str, status: u16) -> usize {
    client.post("/statements").json_text(text).send().expect(status);
    text.len()
}

pub(crate) fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

pub(crate) fn reference(number: usize, target: usize) -> String {
    let target = id(target);
    let object = format!(r#","object":{{"objectType":"StatementRef","id":"{target}"}}"#);
    statement(&format!(r#"{object},"id":"{}""#, id(number)))
}

/// The body of a request for a statement with these texts as attachments.
pub(crate) fn with_attachments(texts: impl Iterator<Item = String>) -> Vec<u8> {
    let contents: Vec<Vec<u8>> = texts.map(String::into_bytes).collect();
    let attachments: Vec<Value> =
        contents.iter().map(|content| make::attachment("text/plain", content)).collect();
    let mut value = make::statement();
    value["attachments"] = json!(attachments);
    let first = multipart::Part::statements(&value.to_string());
    let others = contents.iter().map(|content| {
        multipart::Part::attachment("text/plain", &make::sha256_hex(content), content)
    });
    let parts: Vec<multipart::Part> = std::iter::once(first).chain(others).collect();
    multipart::write(&parts)
}

/// A statement with a response of so many bytes that is signed, and its signature.
pub(crate) fn signed(bytes: usize) -> (Value, String) {
    let (signature, attachment, mut signed) = sign_response(bytes);
    signed["attachments"] = json!([attachment]);
    (signed, signature)
}

/// A signature of a statement with a response of so many bytes, and the attachment that names it.
pub(crate) fn signature(bytes: usize) -> (String, Value) {
    let (signature, attachment, _) = sign_response(bytes);
    (signature, attachment)
}

fn sign_response(bytes: usize) -> (String, Value, Value) {
    let mut signed = make::statement();
    signed["result"] = json!({ "response": "x".repeat(bytes) });
    let signature = sign::jws("RS256", sign::Certificate::Absent, signed.to_string().as_bytes());
    let attachment = sign::attachment(&signature);
    (signature, attachment, signed)
}

/// The body of a request for statements that name this signature.
pub(crate) fn with_signature(statements: &str, signature: &str) -> Vec<u8> {
    let content = signature.as_bytes();
    multipart::write(&[
        multipart::Part::statements(statements),
        multipart::Part::attachment(
            "application/octet-stream",
            &make::sha256_hex(content),
            content,
        ),
    ])
}
