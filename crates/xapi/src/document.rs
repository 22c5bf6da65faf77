//! State and profile documents.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::json::{self, Json, JsonLimits, Key, Kind, Value};

/// Two documents cannot be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// The stored document is not a JSON object.
    #[error("the stored document is not a JSON object")]
    StoredNotAnObject,
    /// The sent document is not a JSON object.
    #[error("the sent document is not a JSON object")]
    SentNotAnObject,
}

/// Deepest nesting of documents that can be merged. Parsing is not recursive.
pub const MERGED_DEPTH_MAX: usize = 10_000;

/// The stored object with its properties replaced by those of the sent object, one level deep.
///
/// Properties keep their text and order; new ones follow in the sender's order. If a
/// document has a property several times, the last one counts, as in most JSON parsers.
///
/// # Errors
///
/// [`MergeError`] names the document that is not a JSON object.
///
/// Spec: xAPI 1.0.3, Part Three, 2.2 (JSON procedure with requirements).
pub fn merge_documents(stored: &[u8], sent: &[u8]) -> Result<Vec<u8>, MergeError> {
    let stored_json = parse_object(stored).ok_or(MergeError::StoredNotAnObject)?;
    let sent_json = parse_object(sent).ok_or(MergeError::SentNotAnObject)?;
    let mut merged = String::with_capacity(stored.len() + sent.len());
    merged.push('{');
    for (key, value) in merge_members(stored_json.root(), sent_json.root(), |key| key) {
        push_member(&mut merged, key, value);
    }
    merged.push('}');
    Ok(merged.into_bytes())
}

fn parse_object(text: &[u8]) -> Option<Json<'_>> {
    let limits = JsonLimits { depth_max: MERGED_DEPTH_MAX, ..JsonLimits::default() };
    json::parse(text, &limits).ok().filter(|json| json.root().kind() == Kind::Object)
}

/// The members of both objects: a newer one replaces an older one with the same name, and new
/// names follow. Names are the same if they are equal after `fold`.
pub(crate) fn merge_members<'a, 't>(
    older: Value<'a, 't>,
    newer: Value<'a, 't>,
    fold: impl Fn(Cow<'t, str>) -> Cow<'t, str>,
) -> Vec<(Key<'a, 't>, Value<'a, 't>)> {
    let count = older.count() + newer.count();
    let mut places = HashMap::with_capacity(count);
    let mut members = Vec::with_capacity(count);
    for (key, value) in older.members().chain(newer.members()) {
        match places.entry(fold(key.unescaped())) {
            Entry::Occupied(place) => members[*place.get()] = (key, value),
            Entry::Vacant(place) => {
                place.insert(members.len());
                members.push((key, value));
            }
        }
    }
    members
}

/// Appends a member's text to an object that is not closed yet.
pub(crate) fn push_member(object: &mut String, key: Key<'_, '_>, value: Value<'_, '_>) {
    push_key(object, key);
    object.push_str(value.raw());
}

/// Appends a key and its colon to an object that is not closed yet.
pub(crate) fn push_key(object: &mut String, key: Key<'_, '_>) {
    if !object.ends_with('{') {
        object.push(',');
    }
    object.push_str(key.value().raw());
    object.push(':');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(stored: &str, sent: &str, expected: Result<&str, MergeError>) {
        let merged = merge_documents(stored.as_bytes(), sent.as_bytes());
        let merged = merged.map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(merged.as_deref().map_err(|e| *e), expected, "stored {stored:?}, sent {sent:?}");
    }

    #[test]
    fn sent_properties_replace_stored_ones() {
        let table = [
            (
                r#"{"x":"foo","y":"bar"}"#,
                r#"{"x":"bash","z":"faz"}"#,
                r#"{"x":"bash","y":"bar","z":"faz"}"#,
            ),
            // One level deep, and null is a value like any.
            (r#"{"a":{"b":1,"c":2}}"#, r#"{"a":{"b":3}}"#, r#"{"a":{"b":3}}"#),
            (r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":null}"#),
            ("{}", "{}", "{}"),
            ("{}", r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":1}"#, "{}", r#"{"a":1}"#),
            // Texts are kept, however they are written.
            (r#" { "n" : 1.50e1 } "#, "{\"s\":\"\\u00e9\"}\n", r#"{"n":1.50e1,"s":"\u00e9"}"#),
            (r#"{"\u0061":1,"b":[ 1, 2 ]}"#, r#"{"a":2}"#, r#"{"a":2,"b":[ 1, 2 ]}"#),
            // The last of several counts.
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"c":4,"c":5}"#, r#"{"a":3,"b":2,"c":5}"#),
        ];
        for (stored, sent, expected) in table {
            check(stored, sent, Ok(expected));
        }
    }

    #[test]
    fn reports_which_document_is_not_an_object() {
        for text in ["", "[]", "1", "null", "\"{}\"", "{", "{}x", "{\"a\":}", "\u{feff}"] {
            check(text, "{}", Err(MergeError::StoredNotAnObject));
            check("{}", text, Err(MergeError::SentNotAnObject));
        }
        assert_eq!(merge_documents(b"{}", b"\xff"), Err(MergeError::SentNotAnObject));
    }

    #[test]
    fn merges_deep_documents() {
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        check("{}", &deep(MERGED_DEPTH_MAX - 1), Ok(&deep(MERGED_DEPTH_MAX - 1)));
        check("{}", &deep(MERGED_DEPTH_MAX), Err(MergeError::SentNotAnObject));
    }

    fn any_object() -> impl Strategy<Value = String> {
        prop::collection::vec(("[a-d]", "[0-9]"), 0..6).prop_map(|members| {
            let list: Vec<_> = members.iter().map(|(k, v)| format!("\"{k}\": {v}")).collect();
            format!("{{{}}}", list.join(" ,"))
        })
    }

    fn merge(stored: &str, sent: &str) -> String {
        let merged = merge_documents(stored.as_bytes(), sent.as_bytes()).unwrap();
        String::from_utf8(merged).unwrap()
    }

    proptest! {
        #[test]
        fn merging_is_associative(a in any_object(), b in any_object(), c in any_object()) {
            prop_assert_eq!(merge(&merge(&a, &b), &c), merge(&a, &merge(&b, &c)));
        }

        #[test]
        fn merging_twice_changes_nothing(a in any_object(), b in any_object()) {
            let once = merge(&a, &b);
            prop_assert_eq!(merge(&once, &b), once.clone());
            prop_assert_eq!(merge(&once, &once), once);
        }

        #[test]
        fn merging_an_empty_object_changes_nothing(a in any_object()) {
            prop_assert_eq!(merge(&a, "{}"), merge("{}", &a));
        }
    }
}
