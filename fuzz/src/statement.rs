//! Statements: parsed, kept, compared and given back.

use std::collections::BTreeSet;
use std::fmt::Write;

use acta_xapi::json::{self, Json, JsonLimits, Kind, LoneSurrogates, Value};
use acta_xapi::{
    Fault, Faults, Format, Languages, Object, ParseLimits, Rendering, Statement, StatementId,
    StatementText, StoreProperties, Uuid, Version, activities_to_define, parse_statement,
    parse_statements, render,
};

use crate::input::{split_choice, version_of};
use crate::memory::bounded;

const AUTHORITY: &str = r#"{"account":{"homePage":"https://example.org","name":"fuzz"}}"#;
const STORED: &str = "2026-03-01T09:30:00.000250Z";

/// A definition that differs from whatever a sender says.
const KNOWN: &str =
    r#"{"name":{"de":"Bekannt","en-US":"Known"},"extensions":{"https://example.org/x":[null]}}"#;

/// Most statements of a batch that are looked into.
const EXAMINED_MAX: usize = 3;

/// One statement or a batch, in either version.
pub fn statement(input: &[u8]) {
    let (choice, text) = split_choice(input);
    let version = version_of(choice);
    // What is compared with is up to six times as long, with every character escaped.
    bounded(8 * text.len(), || check(text, version));
}

fn check(text: &[u8], version: Version) {
    let limits = ParseLimits::default();
    let parsed = parse_statements(text, version, &limits);
    // Places are of the text as it was read: lone surrogates are refused one by one.
    let kept = JsonLimits { lone_surrogates: LoneSurrogates::Kept, ..limits.json };
    let json = json::parse(text, &kept).ok();
    match &parsed {
        Err(faults) => check_faults(json.as_ref(), faults, &limits),
        Ok(statements) => {
            let json = json.as_ref().expect("what is accepted is JSON");
            check_parts(json.root(), statements, version);
            for statement in statements.iter().take(EXAMINED_MAX) {
                check_statement(statement, version);
            }
        }
    }
    if let Some(json) = &json {
        check_other_writing(json.root(), &parsed, version);
    }
}

/// Every fault has a place that exists.
fn check_faults(json: Option<&Json<'_>>, faults: &Faults, limits: &ParseLimits) {
    assert!(!faults.0.is_empty() && faults.0.len() <= limits.faults_max);
    for fault in &faults.0 {
        assert!(fault.found.chars().count() <= Fault::FOUND_CHARS_MAX);
        let exists = match json {
            Some(json) => exists(json.root(), &fault.pointer),
            None => fault.pointer.is_empty(),
        };
        assert!(exists, "a fault at {:?}, which is not there", fault.pointer);
    }
}

fn exists(root: Value<'_, '_>, pointer: &str) -> bool {
    let mut places = vec![root];
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let is_meant = |key: &str| key.chars().take(200).eq(token.chars());
        let members = places.iter().flat_map(|place| place.members());
        let mut next: Vec<_> =
            members.filter(|(key, _)| is_meant(&key.unescaped())).map(|(_, at)| at).collect();
        let index = token.parse::<usize>();
        next.extend(
            index.iter().flat_map(|at| places.iter().filter_map(|p| p.elements().nth(*at))),
        );
        places = next;
    }
    !places.is_empty()
}

/// A statement is the same in a batch and alone.
fn check_parts(root: Value<'_, '_>, statements: &[Statement], version: Version) {
    let limits = ParseLimits::default();
    let elements: Vec<_> =
        if root.kind() == Kind::Array { root.elements().collect() } else { vec![root] };
    assert_eq!(elements.len(), statements.len());
    for (element, statement) in elements.iter().zip(statements).take(EXAMINED_MAX) {
        assert_eq!(element.raw(), statement.text());
        let alone = parse_statement(element.raw().as_bytes(), version, &limits);
        let alone = alone.expect("what is accepted in a batch is accepted alone");
        assert_eq!(alone.fingerprint, statement.fingerprint);
    }
}

fn check_statement(statement: &Statement, version: Version) {
    let id = StatementId(Uuid::from_u128(7));
    let kept = statement.stored_text(&StoreProperties { id, authority: AUTHORITY, version });
    let complete = StatementText::complete(&kept.text, kept.is_timestamp_stored, STORED);
    let again = reparse(&complete, version);
    check_same(statement, &again);
    assert_eq!(again.id, statement.id.or(Some(id)));
    if !kept.is_timestamp_stored {
        let kept_again = again.stored_text(&StoreProperties { id, authority: AUTHORITY, version });
        assert_eq!(kept_again, kept, "what is kept is kept as it is");
    }
    for format in [Format::Exact, Format::Ids, Format::Canonical] {
        check_rendering(&complete, version, format);
    }
}

fn reparse(text: &str, version: Version) -> Statement {
    let parsed = parse_statement(text.as_bytes(), version, &ParseLimits::default());
    parsed.unwrap_or_else(|faults| panic!("{text}\nis refused: {:?}", faults.0))
}

/// What counts is the same, whatever a store has added.
fn check_same(sent: &Statement, kept: &Statement) {
    for version in Version::EVERY {
        assert!(sent.fingerprint.repeats(kept.fingerprint, version));
        assert!(kept.fingerprint.repeats(sent.fingerprint, version));
    }
    assert_eq!((&sent.actor, &sent.verb), (&kept.actor, &kept.verb));
    assert_eq!(sent.result, kept.result);
    assert_eq!(sent.attachments, kept.attachments);
    assert_eq!(sent.voids(), kept.voids());
    assert_eq!(sent.definitions(), kept.definitions());
    assert_eq!(sent.named_actors(), kept.named_actors());
    if let (Object::StatementRef(sent), Object::StatementRef(kept)) = (&sent.object, &kept.object) {
        assert_eq!(sent, kept);
    }
}

fn check_rendering(complete: &str, version: Version, format: Format) {
    let languages = Languages::parse("en-GB, fr;q=0.5, *;q=0.1");
    let definition = |id: &str| (id.len() % 2 == 1).then(|| KNOWN.to_owned());
    let rendering = Rendering { format, languages: &languages, definition: &definition };
    let mut rendered = String::new();
    render(complete, &rendering, &mut rendered);
    let again = reparse(&rendered, version);
    assert_eq!(activities_to_define(complete), activities_to_define(&rendered));
    if format == Format::Exact {
        assert_eq!(rendered, complete);
    }
    if format != Format::Ids {
        let known = reparse(complete, version);
        assert_eq!(again.fingerprint, known.fingerprint, "{format:?} says something else");
    }
    let mut twice = String::new();
    render(&rendered, &rendering, &mut twice);
    assert_eq!(twice, rendered, "{format:?} of {format:?} differs");
}

/// Order of members and escapes make no difference.
fn check_other_writing(
    root: Value<'_, '_>,
    parsed: &Result<Vec<Statement>, Faults>,
    version: Version,
) {
    let mut other = String::new();
    write_otherwise(root, &mut other);
    let other = parse_statements(other.as_bytes(), version, &ParseLimits::default());
    match (parsed, other) {
        (Ok(ones), Ok(others)) => {
            for (one, other) in ones.iter().zip(&others) {
                assert_eq!(one.fingerprint, other.fingerprint);
                assert_eq!((one.id, &one.actor), (other.id, &other.actor));
            }
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(faults)) => panic!("refused when written otherwise: {:?}", faults.0),
        (Err(faults), Ok(_)) => panic!("accepted when written otherwise: {:?}", faults.0),
    }
}

/// The same JSON with its members in reverse order and all characters escaped.
fn write_otherwise(value: Value<'_, '_>, out: &mut String) {
    match value.kind() {
        Kind::Object => {
            let mut members: Vec<_> = value.members().collect();
            // The order of members with the same key counts.
            let keys: BTreeSet<_> = members.iter().map(|(key, _)| key.value().bytes()).collect();
            if keys.len() == members.len() {
                members.reverse();
            }
            out.push('{');
            for (index, (key, member)) in members.into_iter().enumerate() {
                out.push_str(if index == 0 { "\n" } else { " ," });
                write_string(key.value(), out);
                out.push_str(" :\t");
                write_otherwise(member, out);
            }
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            for (index, element) in value.elements().enumerate() {
                out.push_str(if index == 0 { "\r" } else { ", " });
                write_otherwise(element, out);
            }
            out.push(']');
        }
        Kind::String => write_string(value, out),
        Kind::Null | Kind::True | Kind::False | Kind::Number => out.push_str(value.raw()),
    }
}

/// A lone surrogate can be written in one way only.
fn write_string(value: Value<'_, '_>, out: &mut String) {
    let bytes = value.bytes().unwrap_or_default();
    match str::from_utf8(&bytes) {
        Ok(text) => write_escaped(text, out),
        Err(_) => out.push_str(value.raw()),
    }
}

fn write_escaped(text: &str, out: &mut String) {
    out.push('"');
    for unit in text.encode_utf16() {
        write!(out, "\\u{unit:04X}").expect("a string takes everything");
    }
    out.push('"');
}
