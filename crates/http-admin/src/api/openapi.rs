//! The OpenAPI document of the admin API, made from the descriptions of handlers and views, and
//! what holds for all operations.
//!
//! The document is committed as `spec/openapi/admin.json`, so that a change of the API is visible
//! in review.
//!
//! Spec: OpenAPI 3.1.

mod parameters;
mod refusals;

use std::io::Write as _;
use std::sync::LazyLock;

use acta_http::edge::{NoParams, Query, accepts_gzip};
use acta_http::reply;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::HeaderMap;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, VARY};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::resources::operations;
use crate::operations::BASE;
use refusals::{complete, problem_response};

/// The general part of the document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Acta admin API",
        description = "Administration of an Acta server: tenants, credentials, people and the \
                       audit. Request bodies are JSON of at most 64 KiB, and responses are JSON. \
                       Every error is an RFC 9457 problem and means that nothing was changed.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "server", description = "The server."),
        (name = "followers", description = "Processes that derive data from the statement log."),
        (name = "tenants", description = "Tenants, each with its own data."),
        (name = "credentials", description = "API credentials of a tenant."),
        (name = "tokens", description = "Browser tokens that replace credentials in content."),
        (name = "statements", description = "Reading statements as a person."),
        (name = "proofs", description = "Proofs that statements are unchanged."),
        (name = "facts", description = "Questions about the statements of a tenant."),
        (name = "questions", description = "Questions that are saved under a name."),
        (name = "dashboards", description = "Saved questions and key figures, side by side."),
        (name = "streams", description = "Statements and counts as server-sent events."),
        (name = "persons", description = "Learners: which identifiers are one person."),
        (name = "groups", description = "Groups of persons, which are a tree, and their members."),
        (name = "analyses", description = "Figures about questions, learners and courses."),
        (name = "audit", description = "Who did what, when and from where."),
        (name = "people", description = "People of a tenant, and invitations."),
        (name = "accounts", description = "Accounts of the server."),
        (name = "session", description = "Sign-in, sign-out and the current session."),
        (name = "account", description = "Your own account."),
        (name = "links", description = "One-time links: set-up, invitation, password reset."),
    ),
)]
struct Frame;

/// The whole document, serialised once.
static TEXT: LazyLock<String> = LazyLock::new(text);

/// The same, compressed once: anybody may ask for it, as often as they want.
static PACKED: LazyLock<Option<Vec<u8>>> = LazyLock::new(|| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(TEXT.as_bytes()).ok()?;
    encoder.finish().ok()
});

/// `GET /api/v1/openapi.json`: this document. No authentication required.
///
/// # Errors
///
/// 400 for any parameter.
pub(super) async fn get_openapi(headers: HeaderMap, Query(NoParams): Query<NoParams>) -> Response {
    let accepted: Vec<HeaderValue> = headers.get_all(ACCEPT_ENCODING).iter().cloned().collect();
    let packed = PACKED.as_deref().filter(|_| accepts_gzip(&accepted));
    let mut response = reply::json(packed.unwrap_or(TEXT.as_bytes()));
    if packed.is_some() {
        let headers = response.headers_mut();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    response
}

/// The OpenAPI document of the admin API, as it is committed.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The OpenAPI document of the admin API.
pub(super) fn document() -> Value {
    let frame = OpenApiRouter::with_openapi(Frame::openapi());
    let all = operations().fold(frame, |all, operation| all.routes(operation.routes));
    let described = all.into_openapi();
    // Texts and numbers always serialise.
    let mut document = serde_json::to_value(&described).unwrap_or_default();
    document["servers"] = json!([{ "url": BASE, "description": "This server." }]);
    document["security"] =
        json!([{ "session": [], "csrf": [] }, { "basic": [] }, { "bearer": [] }]);
    let components = &mut document["components"];
    components["securitySchemes"] = security_schemes();
    components["responses"]["Problem"] = problem_response();
    components["schemas"]["Problem"] = problem_schema();
    components["schemas"]["Fault"] = fault_schema();
    components["schemas"]["Agent"] = agent_schema();
    for operation in operations() {
        for (path, method) in operation.places() {
            let described = &mut document["paths"][path][method.as_str().to_ascii_lowercase()];
            parameters::complete(path, described);
            complete((&method, path), operation.route.gate, described);
        }
    }
    name_rests(&mut document["paths"]);
    document
}

/// Gives the rest of a path the name of a parameter, as OpenAPI has no other form for it.
fn name_rests(paths: &mut Value) {
    let Some(paths) = paths.as_object_mut() else { return };
    let rests: Vec<String> = paths.keys().filter(|path| path.contains("{*")).cloned().collect();
    for path in rests {
        if let Some(described) = paths.remove(&path) {
            paths.insert(path.replace("{*", "{"), described);
        }
    }
}

fn security_schemes() -> Value {
    json!({
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "acta-session",
            "description": "The session of a person who has signed in.",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "Required in addition to the session for every request that changes \
                            something. The request must come from a page of this server.",
        },
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "The key and the secret of a credential.",
        },
        "bearer": { "type": "http", "scheme": "bearer", "description": "An access token." },
    })
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "description": "An error (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {
                "type": "string",
                "format": "uri",
                "description": "Identifies the kind of error.",
                "examples": ["urn:acta:problem:forbidden"],
            },
            "title": { "type": "string", "description": "The reason phrase of the status." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What went wrong and how to proceed." },
            "faults": {
                "type": "array",
                "items": { "$ref": "#/components/schemas/Fault" },
                "description": "Each part of the request that must be corrected.",
            },
        },
    })
}

fn fault_schema() -> Value {
    json!({
        "type": "object",
        "description": "One part of the request that must be corrected.",
        "required": ["message", "found"],
        "properties": {
            "parameter": { "type": "string", "description": "Name of the parameter or header." },
            "pointer": {
                "type": "string",
                "format": "json-pointer",
                "description": "The position in the body (JSON Pointer, RFC 6901).",
            },
            "message": { "type": "string", "description": "What is expected." },
            "found": { "type": "string", "description": "What was sent, possibly shortened." },
        },
    })
}

/// An xAPI agent with exactly one identifier.
///
/// Spec: xAPI 1.0.3, Part Two, 2.4.2.1 and 2.4.2.3.
fn agent_schema() -> Value {
    let iri = json!({
        "type": "string",
        "pattern": "^[A-Za-z][A-Za-z0-9+.-]*:[^\\x00-\\x20<>\"{}|\\\\^`\\x7f-\\xa0\\s]+$",
    });
    let account = json!({
        "type": "object",
        "required": ["homePage", "name"],
        "properties": { "homePage": iri, "name": { "type": "string" } },
        "additionalProperties": false,
    });
    let identifiers = [
        (
            "mbox",
            json!({ "type": "string", "pattern": "^mailto:[!-?A-~]{1,100}@[!-?A-~]{1,100}$" }),
        ),
        ("mbox_sha1sum", json!({ "type": "string", "pattern": "^[0-9a-fA-F]{40}$" })),
        ("openid", iri.clone()),
        ("account", account),
    ];
    let one_of = identifiers.map(|(name, schema)| {
        json!({
            "type": "object",
            "required": [name],
            "properties": {
                "objectType": { "const": "Agent" },
                "name": { "type": "string" },
                name: schema,
            },
            "additionalProperties": false,
        })
    });
    json!({
        "description": "An xAPI agent with exactly one identifier.",
        "oneOf": one_of,
        "examples": [{ "mbox": "mailto:ada@example.org" }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every object in the document that refers to another.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(array) => array.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_operation_is_described_and_refers_to_what_is_there() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("a place in the document");
            assert!(document.pointer(pointer).is_some(), "{reference} is not there");
        }
        let mut ids = std::collections::BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap_or_default();
                assert!(ids.insert(id.to_owned()), "{method} {path}: `{id}` is not its own id");
                let is_told = |name: &str| operation[name].as_str().is_some_and(|t| !t.is_empty());
                assert!(is_told("summary") && is_told("description"), "{method} {path}");
                let tag = &operation["tags"][0];
                let tags = document["tags"].as_array().unwrap();
                assert!(tags.iter().any(|known| known["name"] == *tag), "{method} {path}: {tag}");
            }
        }
    }
}
