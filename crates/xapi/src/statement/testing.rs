//! Statements for tests: a valid one with some members changed.

use crate::{ParseLimits, Rule, Statement, Version, parse_statement};

const MEMBERS: [(&str, &str); 3] = [
    ("actor", r#"{"mbox":"mailto:ada@example.org"}"#),
    ("verb", r#"{"id":"http://example.org/verbs/met"}"#),
    ("object", r#"{"id":"http://example.org/activities/1"}"#),
];

/// A statement whose members are those of a valid one, but for `changes`: a member with an
/// empty text is left out.
pub(crate) fn statement(changes: &[(&str, &str)]) -> String {
    let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
    let kept = MEMBERS.iter().filter(|(name, _)| !is_changed(name));
    let members: Vec<String> = kept
        .chain(changes)
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Parses a statement that has to be valid.
#[track_caller]
pub(crate) fn parsed(text: &str, version: Version) -> Statement {
    match parse_statement(text.as_bytes(), version, &ParseLimits::default()) {
        Ok(statement) => statement,
        Err(faults) => panic!("{text}\nis refused in {version:?}: {faults:?}"),
    }
}

/// Checks the places and rules of all faults of a statement in one version.
#[track_caller]
pub(crate) fn check_in(version: Version, changes: &[(&str, &str)], expected: &[(&str, Rule)]) {
    let text = statement(changes);
    let found = match parse_statement(text.as_bytes(), version, &ParseLimits::default()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0,
    };
    let found: Vec<(&str, Rule)> =
        found.iter().map(|fault| (fault.pointer.as_str(), fault.rule)).collect();
    assert_eq!(found, expected, "in {version:?}: {text}");
}

/// Checks the places and rules of all faults of a statement, alike in every version.
#[track_caller]
pub(crate) fn check(changes: &[(&str, &str)], expected: &[(&str, Rule)]) {
    for version in Version::EVERY {
        check_in(version, changes, expected);
    }
}

/// Checks one member of a statement: what stands there, and the fault if there is to be one.
#[track_caller]
pub(crate) fn check_member(name: &str, rows: &[(&str, Option<(&str, Rule)>)]) {
    for (value, expected) in rows {
        check(&[(name, value)], expected.as_slice());
    }
}
