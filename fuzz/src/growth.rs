//! Long inputs: time and memory grow no faster than they do.
//!
//! A unit is repeated until the input is as long as limits allow or nearly so. What takes
//! time in proportion to the square of the length then takes minutes, and the engine notices.

use std::sync::OnceLock;

use acta_http::multipart::{Boundary, Limits, Reader};
use acta_xapi::{
    Format, Languages, ParseLimits, Rendering, StatementId, StoreProperties, Uuid, Version,
    check_signature, merge_definitions, merge_documents, parse_statement, parse_statements, render,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_MATCH,
    IF_NONE_MATCH,
};
use hyper::{HeaderMap, Method};

use crate::input::{split_choice, split_parts, version_of};
use crate::memory::bounded;
use crate::request::{FuzzRequest, TestServer, runtime};

/// Bytes of a body.
const BODY_BYTES: usize = 256 << 10;

/// Bytes of a head: what the server reads of one at most.
const HEAD_BYTES: usize = 60 << 10;

/// What is repeated where.
type Check = fn(&[u8]);

const CHECKS: [(usize, Check); 10] = [
    (BODY_BYTES, check_statements),
    (BODY_BYTES, check_documents),
    (BODY_BYTES, check_definitions),
    (BODY_BYTES, check_payload),
    (BODY_BYTES, check_parts),
    (BODY_BYTES, check_form),
    (HEAD_BYTES, check_parameters),
    (HEAD_BYTES, check_headers),
    (HEAD_BYTES, check_languages),
    (HEAD_BYTES, check_part_headers),
];

/// A beginning, a unit that is repeated, and an end.
pub fn growth(input: &[u8]) {
    let (choice, rest) = split_choice(input);
    let (bytes, check) = CHECKS[usize::from(choice) % CHECKS.len()];
    let [start, unit, end] = split_parts(rest);
    let mut text = start.to_vec();
    if !unit.is_empty() {
        text.extend(unit.iter().copied().cycle().take(bytes / unit.len() * unit.len()));
    }
    text.extend_from_slice(end);
    // Made before, since its routes are no matter of the input.
    server();
    bounded(text.len(), || check(&text));
}

fn check_statements(text: &[u8]) {
    for version in [version_of(0), version_of(1)] {
        let Ok(statements) = parse_statements(text, version, &ParseLimits::default()) else {
            continue;
        };
        for statement in &statements {
            let id = StatementId(Uuid::from_u128(7));
            let kept = statement.stored_text(&StoreProperties { id, authority: "{}", version });
            for format in [Format::Ids, Format::Canonical] {
                let languages = Languages::parse("en-GB, fr;q=0.5");
                let definition = |_: &str| None;
                let rendering =
                    Rendering { format, languages: &languages, definition: &definition };
                render(&kept.text, &rendering, &mut String::new());
            }
        }
    }
}

fn check_documents(text: &[u8]) {
    // Whether they merge does not matter here.
    let _ = merge_documents(text, b"{}");
    let _ = merge_documents(b"{}", text);
    let _ = merge_documents(text, text);
}

fn check_definitions(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else { return };
    merge_definitions(Some("{}"), text);
    merge_definitions(Some(text), r#"{"name":{"en":"a"},"extensions":{}}"#);
    merge_definitions(Some(text), &format!("{text} "));
}

fn check_payload(text: &[u8]) {
    let statement =
        r#"{"actor":{"mbox":"mailto:a@b.c"},"verb":{"id":"http://v"},"object":{"id":"http://o"}}"#;
    let statement = parse_statement(statement.as_bytes(), Version::V2_0_0, &ParseLimits::default());
    let statement = statement.expect("the statement is valid");
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#);
    let text = URL_SAFE_NO_PAD.encode(text);
    for jws in [format!("{header}.{text}.AAAA"), format!("{text}.{header}.AAAA")] {
        // Whether it holds does not matter here.
        let _ = check_signature(&statement, Version::V2_0_0, jws.as_bytes());
    }
}

fn check_parts(body: &[u8]) {
    read_parts(body, 1);
    read_parts(body, 8192);
}

fn check_part_headers(block: &[u8]) {
    let body = [b"--b\r\n", block, b"\r\n\r\n\r\n--b--"].concat();
    read_parts(&body, 64);
}

fn read_parts(body: &[u8], piece_bytes: usize) {
    let limits = Limits { parts_max: 1000, header_bytes_max: 8 << 10 };
    let mut reader = Reader::new(&Boundary::new("b").expect("is a boundary"), limits);
    for piece in body.chunks(piece_bytes) {
        reader.push(piece);
        while let Some(event) = reader.next_event().transpose() {
            if event.is_err() {
                return;
            }
        }
    }
}

fn check_languages(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let (header, tags) = text.split_once('\n').unwrap_or((&text, "en\nfr-FR\nde-AT-1996"));
    let languages = Languages::parse(header);
    // As many as a statement of some length has.
    for _ in 0..1000 {
        languages.choose(tags.split('\n').take(50));
    }
}

fn check_form(form: &[u8]) {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    for method in ["GET", "POST"] {
        let target = format!("/xapi/statements?method={method}");
        answer(Method::POST, &target, headers.clone(), Bytes::copy_from_slice(form));
    }
}

fn check_parameters(query: &[u8]) {
    let Ok(query) = str::from_utf8(query) else { return };
    for path in ["statements", "activities/state", "agents", "agents/profile"] {
        answer(Method::GET, &format!("/xapi/{path}?{query}"), HeaderMap::new(), Bytes::new());
    }
}

fn check_headers(text: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(text) else { return };
    for name in [
        ACCEPT,
        ACCEPT_ENCODING,
        ACCEPT_LANGUAGE,
        AUTHORIZATION,
        CONTENT_TYPE,
        IF_MATCH,
        IF_NONE_MATCH,
    ] {
        let headers = HeaderMap::from_iter([(name, value.clone())]);
        let target = "/xapi/activities/profile?activityId=http://a&profileId=b";
        answer(Method::POST, target, headers.clone(), Bytes::from_static(b"{}"));
        answer(Method::POST, "/xapi/statements", headers, Bytes::from_static(b"[]"));
    }
}

fn answer(method: Method, target: &str, mut headers: HeaderMap, body: Bytes) {
    let Ok(uri) = target.parse() else { return };
    let basic = HeaderValue::from_static(crate::request::BASIC);
    headers.entry(AUTHORIZATION).or_insert(basic);
    headers.insert(crate::request::VERSION_HEADER, HeaderValue::from_static("1.0.3"));
    runtime().block_on(server().check(FuzzRequest { method, uri, headers, body }));
}

/// The server that all requests are put to.
fn server() -> &'static TestServer {
    static FACE: OnceLock<TestServer> = OnceLock::new();
    FACE.get_or_init(|| runtime().block_on(TestServer::new()))
}
