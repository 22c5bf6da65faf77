//! Questions as options of a command, and as the API takes them.

use std::str::FromStr;

use acta_facts::{COLUMNS, TableType};
use serde_json::{Map, Value, json};

/// The parts of a question.
pub(super) struct Parts<'a> {
    pub(super) measures: &'a [Measure],
    pub(super) dimensions: &'a [Dimension],
    pub(super) tests: &'a [Test],
    pub(super) order: &'a [Order],
    pub(super) limit: Option<usize>,
    pub(super) has_totals: bool,
    pub(super) zone: Option<&'a str>,
}

/// The question as the API takes it.
pub(super) fn write(parts: &Parts<'_>) -> Value {
    let measures: Vec<&Value> = parts.measures.iter().map(|measure| &measure.0).collect();
    let measures =
        if measures.is_empty() { json!([{"measure": "count"}]) } else { json!(measures) };
    let mut question = Map::new();
    question.insert("measures".to_owned(), measures);
    let mut list = |name: &str, items: Vec<&Value>| {
        if !items.is_empty() {
            question.insert(name.to_owned(), json!(items));
        }
    };
    list("dimensions", parts.dimensions.iter().map(|dimension| &dimension.0).collect());
    list("order", parts.order.iter().map(|order| &order.0).collect());
    if let Some(condition) = condition(parts.tests) {
        question.insert("where".to_owned(), condition);
    }
    if let Some(limit) = parts.limit {
        question.insert("limit".to_owned(), limit.into());
    }
    if parts.has_totals {
        question.insert("totals".to_owned(), true.into());
    }
    if let Some(zone) = parts.zone {
        question.insert("zone".to_owned(), zone.into());
    }
    Value::Object(question)
}

/// The condition that all tests hold, as the API takes it; none without tests.
pub(in super::super) fn condition(tests: &[Test]) -> Option<Value> {
    let tests: Vec<&Value> = tests.iter().map(|test| &test.0).collect();
    (!tests.is_empty()).then(|| json!({ "and": tests }))
}

/// A measure, such as `learners=distinct:person`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measure(Value);

impl FromStr for Measure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = match text.split_once('=') {
            Some((name, rest)) => (Some(name), rest),
            None => (None, text),
        };
        let (measure, rest) =
            rest.split_once(':').map_or((rest, None), |(it, rest)| (it, Some(rest)));
        let mut written = json!({ "measure": measure });
        match (measure, rest) {
            ("formula", Some(formula)) => written["formula"] = formula.into(),
            ("percentile", Some(rest)) => {
                let parts =
                    rest.rsplit_once(':').and_then(|(of, at)| Some((of, at.parse::<f64>().ok()?)));
                let (of, at) = parts.ok_or("expected percentile:FIELD:NUMBER")?;
                (written["of"], written["at"]) = (of.into(), at.into());
            }
            (_, Some(of)) => written["of"] = of.into(),
            (_, None) => {}
        }
        if let Some(name) = name {
            written["name"] = name.into();
        }
        Ok(Self(written))
    }
}

/// A dimension, such as `timestamp:day`, `credit:0.1`, `group:unit` or `group:1`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dimension(Value);

impl FromStr for Dimension {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_time = |field: &str| matches!(field, "timestamp" | "stored");
        Ok(Self(match text.rsplit_once(':') {
            Some(("group", level)) if level.parse::<usize>().is_ok() => {
                json!({"field": "group", "level": level.parse::<usize>().unwrap_or_default()})
            }
            Some(("group", kind)) => json!({"field": "group", "kind": kind}),
            Some((field, by)) if is_time(field) => json!({"field": field, "by": by}),
            // The IRI of an extension has colons of its own.
            Some((field, width)) => match width.parse::<f64>() {
                Ok(width) => json!({"field": field, "width": width}),
                Err(_) => json!(text),
            },
            None => json!(text),
        }))
    }
}

/// A test, such as `credit>=0.5`.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Test(Value);

impl FromStr for Test {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const OPERATORS: [&str; 5] = [">=", "!=", "=", "<", "~"];
        let found = OPERATORS.into_iter().filter_map(|it| Some((text.find(it)?, it)));
        // The first one that stands in the text, and the longer one of two at the same place.
        let found = found.min_by_key(|(at, operator)| (*at, usize::MAX - operator.len()));
        let (at, operator) =
            found.ok_or("expected a field and a value, such as success=true or credit>=0.5")?;
        let (field, value) = (&text[..at], &text[at + operator.len()..]);
        Ok(Self(match operator {
            "=" => json!({"field": field, "is": value_of(field, value)}),
            "!=" => json!({"not": {"field": field, "is": value_of(field, value)}}),
            ">=" => json!({"field": field, "from": value_of(field, value)}),
            "<" => json!({"field": field, "to": value_of(field, value)}),
            _ => json!({"field": field, "contains": value}),
        }))
    }
}

/// A number, true or false, where the field has such values; otherwise the text as it stands. An
/// extension may have numbers and texts: a text that looks like a number is in quotes.
fn value_of(field: &str, text: &str) -> Value {
    let is_extension = ["context.extensions.", "result.extensions."]
        .into_iter()
        .any(|start| field.starts_with(start));
    let column = field.replace('.', "_");
    let column = COLUMNS.iter().find(|known| known.name == column);
    let is_number = column.is_some_and(|known| match known.values {
        TableType::Number | TableType::Flag | TableType::Whole => true,
        TableType::Time | TableType::Text | TableType::Texts => false,
    });
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) if is_number || is_extension => value,
        Ok(value @ Value::String(_)) if is_extension => value,
        Ok(_) | Err(_) => text.into(),
    }
}

/// What rows are sorted by, with `-` before it for the largest first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order(Value);

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text.strip_prefix('-') {
            Some(name) => json!({"by": name, "descending": true}),
            None => json!({"by": text}),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_a_question() {
        let measures = [
            ("count", json!({"measure": "count"})),
            (
                "learners=distinct:person",
                json!({"measure": "distinct", "of": "person", "name": "learners"}),
            ),
            (
                "percentile:duration:90",
                json!({"measure": "percentile", "of": "duration", "at": 90.0}),
            ),
            (
                "share=formula:passed / count",
                json!({"measure": "formula", "formula": "passed / count", "name": "share"}),
            ),
        ];
        for (text, expected) in measures {
            assert_eq!(text.parse(), Ok(Measure(expected)), "{text}");
        }
        let dimensions = [
            ("verb", json!("verb")),
            ("timestamp:day", json!({"field": "timestamp", "by": "day"})),
            ("credit:0.1", json!({"field": "credit", "width": 0.1})),
            ("group", json!("group")),
            ("group:unit", json!({"field": "group", "kind": "unit"})),
            ("group:2", json!({"field": "group", "level": 2})),
            ("result.extensions.http://x.org/e", json!("result.extensions.http://x.org/e")),
        ];
        for (text, expected) in dimensions {
            assert_eq!(text.parse(), Ok(Dimension(expected)), "{text}");
        }
        let tests = [
            ("success=true", json!({"field": "success", "is": true})),
            ("verb!=http://v?a=b", json!({"not": {"field": "verb", "is": "http://v?a=b"}})),
            ("credit>=0.5", json!({"field": "credit", "from": 0.5})),
            ("timestamp<2026-07-01", json!({"field": "timestamp", "to": "2026-07-01"})),
            ("response=3", json!({"field": "response", "is": "3"})),
            ("session!=42", json!({"not": {"field": "session", "is": "42"}})),
            ("response=true", json!({"field": "response", "is": "true"})),
            ("person.unit=7", json!({"field": "person.unit", "is": "7"})),
            ("score.raw<7", json!({"field": "score.raw", "to": 7})),
            (
                "result.extensions.http://e=7",
                json!({"field": "result.extensions.http://e", "is": 7}),
            ),
            (
                "result.extensions.http://e=\"7\"",
                json!({"field": "result.extensions.http://e", "is": "7"}),
            ),
            ("object.name~fire", json!({"field": "object.name", "contains": "fire"})),
        ];
        for (text, expected) in tests {
            assert_eq!(text.parse(), Ok(Test(expected)), "{text}");
        }
        assert!("success".parse::<Test>().is_err());
        assert_eq!("-count".parse(), Ok(Order(json!({"by": "count", "descending": true}))));
    }
}
