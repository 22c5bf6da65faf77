//! JSON bodies of requests, and JSON views as answers.

use acta_http::edge::{Bound, Incoming};
use acta_http::problem::{FaultView, Problem};
use acta_http::reply::json;
use acta_xapi::json::BYTE_ORDER_MARK;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::caller::confirm;
use crate::problem;
use crate::state::Shared;

/// Longest body of a request, in bytes: 64 KiB.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// The body of a request, as a value of a type that refuses members it does not know
/// (`#[serde(deny_unknown_fields)]`). It is the last argument of a handler.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        read(&collect(request, shared).await?).map(Self)
    }
}

/// Reads the bytes of a body with a JSON content type.
///
/// # Errors
///
/// 413 if it is too large, 415 if it has another content type, and those of [`confirm`].
pub(super) async fn collect(request: Request, shared: &Shared) -> Result<Bytes, Problem> {
    let extensions = request.extensions().clone();
    let incoming = Incoming::from_request(request, shared).await?;
    let media_type = incoming.media_type();
    if media_type.is_none_or(|media_type| media_type.essence() != "application/json") {
        return Err(problem::not_json());
    }
    let body = incoming.collect(Bound::fixed("the body", BODY_BYTES_MAX)).await?;
    confirm(shared, &extensions).await?;
    Ok(body)
}

/// Parses exactly one JSON value.
///
/// # Errors
///
/// 400 with the pointer of the first fault.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    // serde takes an array for an object whose members come in order; a client does not.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::faulty(vec![FaultView::at("", "expected an object", "an array")]));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer_of(error.path());
        fault(&pointer, error.inner())
    })?;
    reader.end().map_err(|error| fault("", &error))?;
    Ok(value)
}

/// A problem with the message of serde, and the position as a JSON Pointer.
fn fault(pointer: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let behind = format!(" at line {line} column {column}");
    let message = text.strip_suffix(&behind).unwrap_or(&text);
    let found = format!("line {line}, column {column}");
    Problem::faulty(vec![FaultView::at(pointer, message, &found)])
}

/// A position as a JSON Pointer.
///
/// Spec: RFC 6901, 3.
fn pointer_of(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            // A variant is no step down in the text, and what is unknown names no place.
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&name);
    }
    pointer
}

/// A response whose body is a view.
pub(crate) fn view(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => json(text),
        Err(error) => {
            // Views are structures of texts and numbers, which can always be written.
            tracing::error!(%error, "a view cannot be written");
            Problem::internal().into_response()
        }
    }
}

/// A response without a body.
pub(crate) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use acta_http::problem::ProblemForm;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq, Eq)]
    #[serde(deny_unknown_fields)]
    struct Change {
        name: String,
        #[serde(default)]
        scopes: Vec<Scope>,
        limits: Option<Limits>,
    }

    #[derive(Debug, Deserialize, PartialEq, Eq)]
    #[serde(rename_all = "lowercase")]
    enum Scope {
        All,
    }

    #[derive(Debug, Deserialize, PartialEq, Eq)]
    #[serde(deny_unknown_fields)]
    struct Limits {
        #[serde(rename = "a/b")]
        bytes: u32,
    }

    #[track_caller]
    fn check(body: &str, pointer: &str, message: &str) {
        let problem = read::<Change>(&Bytes::from(body.to_owned())).expect_err(body);
        assert_eq!(problem.status.as_u16(), 400);
        let problem: serde_json::Value =
            serde_json::from_str(&problem.write(ProblemForm::Problem)).unwrap();
        let fault = &problem["faults"][0];
        assert_eq!(fault["pointer"], pointer, "{body}: {problem}");
        let found = fault["message"].as_str().unwrap();
        assert!(found.starts_with(message) && !found.contains(" at line"), "{body}: {found}");
    }

    #[test]
    fn each_fault_has_its_position() {
        let table = [
            ("", "", "EOF while parsing"),
            ("nothing", "", "expected ident"),
            (r#" ["a", []]"#, "", "expected an object"),
            ("{}", "", "missing field `name`"),
            (r#"{"name": 7}"#, "/name", "invalid type: integer `7`, expected a string"),
            (r#"{"name": null}"#, "/name", "invalid type: null"),
            (r#"{"name": "a", "nick": "b"}"#, "/nick", "unknown field `nick`, expected one of"),
            (r#"{"name": "a", "name": "b"}"#, "", "duplicate field `name`"),
            (r#"{"name": "a", "scopes": ["all", "x"]}"#, "/scopes/1", "unknown variant `x`"),
            (r#"{"name": "a", "limits": {"a/b": -1}}"#, "/limits/a~1b", "invalid value"),
            (r#"{"name": "a", "limits": {"c": 1}}"#, "/limits/c", "unknown field `c`"),
            (r#"{"name": "a"} x"#, "", "trailing characters"),
            (r#"{"name": "a",}"#, "", "trailing comma"),
        ];
        for (body, pointer, message) in table {
            check(body, pointer, message);
        }
        let deep = format!("{{\"limits\": {}", "[".repeat(100_000));
        check(&deep, "/limits/0", "invalid type");
    }

    #[test]
    fn complete_forms_are_read() {
        let body = r#" {"name": "a", "scopes": ["all"], "limits": {"a/b": 7}} "#;
        let expected = Change {
            name: "a".to_owned(),
            scopes: vec![Scope::All],
            limits: Some(Limits { bytes: 7 }),
        };
        assert_eq!(read::<Change>(&Bytes::from(body)).unwrap(), expected);
    }
}
