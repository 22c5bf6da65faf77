//! JSON by itself: what is accepted, and objects merged into one another.

use std::collections::BTreeSet;

use acta_xapi::json::{
    self, BYTE_ORDER_MARK, JsonErrorKind, JsonLimits, Kind, Value, write_string,
};
use acta_xapi::{MergeError, merge_definitions, merge_documents};
use serde_json::Value as Tree;

use crate::input::{split_choice, split_parts};
use crate::memory::bounded;

/// One text, or two that are merged as documents or as definitions.
pub fn json(input: &[u8]) {
    let (choice, rest) = split_choice(input);
    bounded(rest.len(), || match choice % 3 {
        0 => check_text(rest),
        1 => check_documents(split_parts(rest)),
        _ => check_definitions(split_parts(rest)),
    });
}

/// Accepts what another reader of JSON accepts, and reads the same in it.
fn check_text(bytes: &[u8]) {
    let parsed = json::parse(bytes, &JsonLimits::default());
    // The other reader knows no byte order mark.
    let plain = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let known = serde_json::from_slice::<Tree>(plain);
    match (&parsed, &known) {
        (Ok(json), Ok(tree)) => {
            check_places(json.root());
            if json.duplicates().next().is_none() {
                assert_eq!(tree_of(json.root()), without_numbers(tree.clone()));
            }
        }
        (Err(error), Err(_)) => {
            assert!(error.offset <= bytes.len() && 0 < error.line && 0 < error.column);
        }
        // The other reader has no room for some numbers.
        (Ok(_), Err(error)) => assert!(error.to_string().starts_with("number out of range")),
        (Err(error), Ok(_)) => {
            assert!(matches!(error.kind, JsonErrorKind::TooDeep(_)), "refused: {error}");
        }
    }
}

fn check_places(value: Value<'_, '_>) {
    let text = value.json().text();
    assert_eq!(&text[value.span()], value.raw());
    let alone = json::parse(value.raw().as_bytes(), &JsonLimits::STORED);
    assert_eq!(alone.expect("a part of JSON is JSON").root().kind(), value.kind());
    if let Some(text) = value.as_str() {
        let mut written = String::new();
        write_string(&mut written, &text);
        let again = json::parse(written.as_bytes(), &JsonLimits::STORED).expect("is a string");
        assert_eq!(again.root().as_str(), Some(text));
    }
    // The first member stands for all: each part is parsed again.
    if let Some((_, member)) = value.members().next() {
        check_places(member);
    }
    if let Some(element) = value.elements().next() {
        check_places(element);
    }
}

/// The tree of a value, but for its numbers, which are texts here and doubles there.
fn tree_of(value: Value<'_, '_>) -> Tree {
    match value.kind() {
        Kind::Null | Kind::Number => Tree::Null,
        Kind::True | Kind::False => Tree::Bool(value.as_bool() == Some(true)),
        Kind::String => Tree::String(value.as_str().unwrap_or_default().into_owned()),
        Kind::Array => value.elements().map(tree_of).collect(),
        Kind::Object => value
            .members()
            .map(|(key, member)| (key.unescaped().into_owned(), tree_of(member)))
            .collect(),
    }
}

fn without_numbers(tree: Tree) -> Tree {
    match tree {
        Tree::Number(_) => Tree::Null,
        Tree::Array(elements) => elements.into_iter().map(without_numbers).collect(),
        Tree::Object(members) => {
            members.into_iter().map(|(key, value)| (key, without_numbers(value))).collect()
        }
        plain @ (Tree::Null | Tree::Bool(_) | Tree::String(_)) => plain,
    }
}

fn object(bytes: &[u8]) -> Option<serde_json::Map<String, Tree>> {
    serde_json::from_slice(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)).ok()
}

/// The sent members over the stored ones, whatever their order.
fn check_documents([stored, sent]: [&[u8]; 2]) {
    let merged = merge_documents(stored, sent);
    let (Some(mut expected), Some(newer)) = (object(stored), object(sent)) else {
        return check_refusal(merged, stored, sent);
    };
    let merged = merged.expect("two objects merge");
    expected.extend(newer);
    assert_eq!(object(&merged), Some(expected));
    assert_eq!(merge_documents(&merged, sent), Ok(merged.clone()), "merging twice changes more");
}

fn check_refusal(merged: Result<Vec<u8>, MergeError>, stored: &[u8], sent: &[u8]) {
    let is_object = |bytes| {
        let limits = JsonLimits { depth_max: 10_000, ..JsonLimits::default() };
        json::parse(bytes, &limits).is_ok_and(|json| json.root().kind() == Kind::Object)
    };
    let expected = match (is_object(stored), is_object(sent)) {
        (false, _) => Err(MergeError::StoredNotAnObject),
        (true, false) => Err(MergeError::SentNotAnObject),
        (true, true) => Ok(()),
    };
    assert_eq!(merged.map(|_| ()), expected);
}

/// Properties that one kind of interaction takes from another.
const INTERACTION: [&str; 6] =
    ["correctResponsesPattern", "choices", "scale", "source", "target", "steps"];

/// Whether it is an object whose keys differ in more than case: languages that do not are
/// united only when a second definition arrives.
fn is_map(tree: &Tree) -> bool {
    let keys = tree.as_object().map(|map| map.keys().map(|key| key.to_ascii_lowercase()));
    keys.is_some_and(|mut keys| {
        let mut seen = BTreeSet::new();
        keys.all(|key| seen.insert(key))
    })
}

fn has_duplicates(text: &str) -> bool {
    let json = json::parse(text.as_bytes(), &JsonLimits::STORED).expect("another reader took it");
    json.duplicates().next().is_some()
}

/// Nothing is lost but what belonged to another interaction, and nothing is invented.
fn check_definitions([known, newer]: [&[u8]; 2]) {
    let (Ok(known), Ok(newer)) = (str::from_utf8(known), str::from_utf8(newer)) else { return };
    assert_eq!(merge_definitions(None, newer), newer);
    assert_eq!(merge_definitions(Some(newer), newer), newer);
    let merged = merge_definitions(Some(known), newer);
    let trees = (object(known.as_bytes()), object(newer.as_bytes()));
    let (Some(known_tree), Some(newer_tree)) = trees else { return };
    let is_valid = |text, tree: &serde_json::Map<String, Tree>| {
        let mut maps =
            ["name", "description", "extensions"].into_iter().filter_map(|name| tree.get(name));
        !has_duplicates(text) && maps.all(is_map)
    };
    if !is_valid(known, &known_tree) || !is_valid(newer, &newer_tree) {
        // Definitions are those of statements, where that would be a fault.
        return;
    }
    let merged_tree = object(merged.as_bytes()).expect("two objects merge");
    let keys = |tree: &serde_json::Map<String, Tree>| tree.keys().cloned().collect::<BTreeSet<_>>();
    let all = &keys(&known_tree) | &keys(&newer_tree);
    for key in &all {
        let is_interaction = INTERACTION.contains(&key.as_str());
        let is_there = merged_tree.contains_key(key);
        assert!(is_there || (is_interaction && !newer_tree.contains_key(key)), "{key:?} is lost");
    }
    assert!(keys(&merged_tree).is_subset(&all));
    let twice = merge_definitions(Some(&merged), newer);
    assert_eq!(object(twice.as_bytes()), Some(merged_tree), "merging twice changes more");
}
