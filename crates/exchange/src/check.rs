//! Validates statements in files without a store.

use std::io::{self, BufRead};

use acta_xapi::json::{self, BYTE_ORDER_MARK, JsonLimits, LoneSurrogates, Value};
use acta_xapi::{Fault, Faults, ParseLimits, Version, parse_statement, parse_statements};

use crate::reader::{InputText, StatementReader, count_line_breaks};

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
/// The input is one JSON text (a statement, an array of them, or a page of results), JSON Lines, or
/// several of these texts. `version` selects the rules; without it, each statement's own `version`
/// does, or 1.0.3 if it has none.
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
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    let limits = ParseLimits::default();
    let Ok(whole) = json::parse(bytes, &limits.json) else {
        return check_each(bytes, version, report);
    };
    let page = whole.root().member("statements").filter(|value| value.kind() == json::Kind::Array);
    let (statements, place) = match page {
        Some(statements) => (statements, "/statements"),
        None => (whole.root(), ""),
    };
    let versions: Vec<Version> = if statements.kind() == json::Kind::Array {
        statements.elements().map(version_of).collect()
    } else {
        vec![version_of(statements)]
    };
    // One text is one request, and a request of 2.0.0 may hold statements of 1.0.
    let version = version.or_else(|| versions.iter().copied().max()).unwrap_or(Version::V1_0_3);
    let count = versions.len() as u64;
    let text = &bytes[statements.span().start..statements.span().end];
    let faulty = match parse_statements(text, version, &limits) {
        Ok(_) => 0,
        Err(Faults(mut faults)) => {
            for fault in &mut faults {
                fault.pointer.insert_str(0, place);
            }
            report_in(&whole, statements, &faults, report)
        }
    };
    Ok(Checked { statements: count, faulty })
}

/// Reports faults of a whole JSON text. Returns how many of its statements have faults.
fn report_in(
    whole: &json::Json<'_>,
    statements: Value<'_, '_>,
    faults: &[Fault],
    report: &mut dyn FnMut(u64, &Fault),
) -> u64 {
    let is_array = statements.kind() == json::Kind::Array;
    let mut with_faults = std::collections::BTreeSet::new();
    for fault in faults {
        let place = resolve(whole.root(), &fault.pointer).span().start;
        let line = whole.text()[..place].matches('\n').count() as u64 + 1;
        let index = fault.pointer.split('/').find(|token| token.parse::<usize>().is_ok());
        with_faults.insert(index.filter(|_| is_array));
        report(line, fault);
    }
    with_faults.len() as u64
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

/// Checks each statement by itself.
fn check_each(
    mut bytes: &[u8],
    version: Option<Version>,
    report: &mut dyn FnMut(u64, &Fault),
) -> io::Result<Checked> {
    let mut checked = Checked::default();
    let mut reader = StatementReader::new(&mut bytes);
    while let Some(InputText { line, text }) = reader.next()? {
        checked.statements += 1;
        let version = version.unwrap_or_else(|| version_of_line(&text));
        if let Err(Faults(faults)) = parse_statement(&text, version, &ParseLimits::default()) {
            checked.faulty += 1;
            let parsed = json::parse(&text, &JsonLimits::default()).ok();
            for fault in &faults {
                let place = parsed.as_ref().map(|json| resolve(json.root(), &fault.pointer).span());
                let before = text.get(..place.map_or(0, |span| span.start)).unwrap_or_default();
                report(line + count_line_breaks(before), fault);
            }
        }
    }
    Ok(checked)
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
    fn pages_of_results_and_several_texts_are_checked() {
        let page = format!("{{\"statements\": [\n{GOOD},\n{BAD}\n], \"more\": \"\"}}");
        let fault = "/statements/1/actor/mbox";
        check_found(&page, &counts(2, 1), &[(3, fault)]);
        check_found(&format!("\u{feff}{page}"), &counts(2, 1), &[(3, fault)]);
        let spread = BAD.replace(",\"verb\"", ",\n\"verb\"").replace("http://example.org/it", "it");
        let several = format!("{spread}\n{page}\n[{GOOD}]");
        let expected = [(1, "/actor/mbox"), (2, "/object/id"), (5, "/actor/mbox")];
        check_found(&several, &counts(4, 2), &expected);
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
