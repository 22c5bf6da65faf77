//! Validates statements in files without a store.

use std::io::{self, BufRead};

use acta_xapi::json::{self, JsonLimits, LoneSurrogates, Value};
use acta_xapi::{Fault, Faults, ParseLimits, Version, parse_statement, parse_statements};

/// The result of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Statements that were checked.
    pub statements: u64,
    /// Statements with at least one fault.
    pub faulty: u64,
}

/// Reads statements from `input` and reports each fault with its line, from 1.
///
/// The input is one JSON text (a statement or an array of them) or JSON Lines. `version`
/// selects the rules; without it, each statement's own `version` does, or 1.0.3 if it has
/// none.
///
/// # Errors
///
/// The error of reading the input.
pub fn check(
    input: &mut dyn BufRead,
    version: Option<Version>,
    report: &mut dyn FnMut(u64, &Fault),
) -> io::Result<Checked> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let limits = ParseLimits::default();
    let Ok(whole) = json::parse(&bytes, &limits.json) else {
        return Ok(check_lines(&bytes, version, report));
    };
    let versions: Vec<Version> = if whole.root().kind() == json::Kind::Array {
        whole.root().elements().map(version_of).collect()
    } else {
        vec![version_of(whole.root())]
    };
    // One text is one request, and a request of 2.0.0 may hold statements of 1.0.
    let version = version.or_else(|| versions.iter().copied().max()).unwrap_or(Version::V1_0_3);
    let count = versions.len() as u64;
    let faulty = match parse_statements(&bytes, version, &limits) {
        Ok(_) => 0,
        Err(Faults(faults)) => report_in(&whole, &faults, report),
    };
    Ok(Checked { statements: count, faulty })
}

/// Reports faults of a whole JSON text. Returns how many statements have faults.
fn report_in(whole: &json::Json<'_>, faults: &[Fault], report: &mut dyn FnMut(u64, &Fault)) -> u64 {
    let mut statements = std::collections::BTreeSet::new();
    for fault in faults {
        let offset = resolve(whole.root(), &fault.pointer).span().start;
        let line = whole.text()[..offset].matches('\n').count() as u64 + 1;
        let is_array = whole.root().kind() == json::Kind::Array;
        statements.insert(if is_array { fault.pointer.split('/').nth(1) } else { None });
        report(line, fault);
    }
    statements.len() as u64
}

/// The value at a JSON Pointer, or its nearest existing parent.
fn resolve<'a, 't>(root: Value<'a, 't>, pointer: &str) -> Value<'a, 't> {
    let mut here = root;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let index = token.parse::<usize>().ok();
        let element = index.and_then(|index| here.elements().nth(index));
        match element.or_else(|| here.member(&token)) {
            Some(child) => here = child,
            None => break,
        }
    }
    here
}

fn check_lines(
    bytes: &[u8],
    version: Option<Version>,
    report: &mut dyn FnMut(u64, &Fault),
) -> Checked {
    let (mut checked, mut number) = (Checked::default(), 0);
    for line in bytes.split(|byte| *byte == b'\n') {
        number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        checked.statements += 1;
        let version = version.unwrap_or_else(|| version_of_line(line));
        if let Err(Faults(faults)) = parse_statement(line, version, &ParseLimits::default()) {
            checked.faulty += 1;
            for fault in &faults {
                report(number, fault);
            }
        }
    }
    checked
}

/// The version of a statement's text; 1.0.3 if it cannot be determined.
pub(crate) fn version_of_line(text: &[u8]) -> Version {
    let limits = JsonLimits { lone_surrogates: LoneSurrogates::Kept, ..JsonLimits::default() };
    let parsed = json::parse(text, &limits);
    parsed.map_or(Version::V1_0_3, |json| version_of(json.root()))
}

/// The version that it states, or 2.0.0 if it has a property that exists only there: a request
/// of 2.0.0 may contain statements that state 1.0.
fn version_of(statement: Value<'_, '_>) -> Version {
    let context = statement.member("context");
    let has_news = |name| context.is_some_and(|context| context.member(name).is_some());
    if has_news("contextAgents") || has_news("contextGroups") {
        return Version::V2_0_0;
    }
    let claimed = statement.member("version").and_then(Value::as_str);
    let accepts =
        |text: &str| Version::EVERY.into_iter().find(|it| it.accepts_statement_version(text));
    claimed.and_then(|text| accepts(&text)).unwrap_or(Version::V1_0_3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"actor":{"mbox":"mailto:ada@example.org"},"verb":{"id":"http://example.org/did"},"object":{"id":"http://example.org/it"}}"#;
    const BAD: &str = r#"{"actor":{"mbox":"ada"},"verb":{"id":"http://example.org/did"},"object":{"id":"http://example.org/it"}}"#;

    fn found(text: &str) -> (Checked, Vec<(u64, String)>) {
        let mut faults = Vec::new();
        let mut report = |line, fault: &Fault| faults.push((line, fault.pointer.clone()));
        let checked = check(&mut text.as_bytes(), None, &mut report).unwrap();
        (checked, faults)
    }

    fn counts(statements: u64, faulty: u64) -> Checked {
        Checked { statements, faulty }
    }

    #[track_caller]
    fn check_found(text: &str, expected_counts: &Checked, expected: &[(u64, &str)]) {
        let (checked, found) = found(text);
        assert_eq!(&checked, expected_counts, "input: {text}");
        let places: Vec<_> = found.iter().map(|(line, place)| (*line, place.as_str())).collect();
        assert_eq!(places, expected, "input: {text}");
    }

    #[test]
    fn names_line_and_place_in_every_form() {
        check_found(GOOD, &counts(1, 0), &[]);
        check_found(BAD, &counts(1, 1), &[(1, "/actor/mbox")]);
        check_found(&format!("{GOOD}\n\n{BAD}\n{GOOD}\n"), &counts(3, 1), &[(3, "/actor/mbox")]);
        check_found(&format!("[\n{GOOD},\n{BAD}]"), &counts(2, 1), &[(3, "/1/actor/mbox")]);
        let spread = BAD.replace(",\"verb\"", ",\n\"verb\"").replace("http://example.org/it", "it");
        check_found(&spread, &counts(1, 1), &[(1, "/actor/mbox"), (2, "/object/id")]);
    }

    #[test]
    fn text_that_is_not_json_is_a_fault_of_its_line() {
        let (checked, faults) = found(&format!("{GOOD}\n{{\n"));
        assert_eq!(checked, Checked { statements: 2, faulty: 1 });
        assert_eq!(faults, [(2, String::new())]);
    }

    #[test]
    fn the_claimed_version_decides() {
        let with_groups = GOOD.replace(
            "\"object\"",
            r#""version":"2.0.0","context":{"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"mailto:bo@example.org"}}]},"object""#,
        );
        check_found(&with_groups, &counts(1, 0), &[]);
        check_found(&with_groups.replace("2.0.0", "1.0.3"), &counts(1, 0), &[]);
        let unknown = GOOD.replace("\"object\"", r#""version":"3.0.0","object""#);
        check_found(&unknown, &counts(1, 1), &[(1, "/version")]);
    }
}
