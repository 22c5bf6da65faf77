//! Merges the definitions of an activity from several statements.

use std::borrow::Cow;

use crate::document::{merge_members, push_key, push_member};
use crate::json::{self, Json, JsonLimits, Kind, Value};

/// The definition that results when `newer` arrives for an activity with the definition
/// `stored`.
///
/// Both are JSON objects that have passed validation. Languages of names and descriptions
/// and extensions are merged, and newer values replace older ones; every other property is
/// replaced. If the type of the interaction changes, the properties of the old type are removed.
///
/// Spec: xAPI 1.0.3, Part Two, 2.4.4.1 (LRS requirements on activity definitions).
pub fn merge_definitions(stored: Option<&str>, newer: &str) -> String {
    let Some(stored) = stored.filter(|stored| *stored != newer) else { return newer.to_owned() };
    let (Some(stored_json), Some(newer_json)) = (parse_object(stored), parse_object(newer)) else {
        return newer.to_owned();
    };
    let (stored_root, newer_root) = (stored_json.root(), newer_json.root());
    let is_other_interaction = is_other_interaction(stored_root, newer_root);
    let mut merged = String::with_capacity(stored.len() + newer.len());
    merged.push('{');
    for (key, value) in stored_root.members() {
        let name = key.unescaped();
        match newer_root.member(&name) {
            None if is_other_interaction && INTERACTION.contains(&&*name) => {}
            None => push_member(&mut merged, key, value),
            Some(newer_value) => match &*name {
                "name" | "description" => {
                    push_key(&mut merged, key);
                    // Language tags are the same in any case.
                    let fold = |tag: Cow<'_, str>| Cow::Owned(tag.to_ascii_lowercase());
                    push_merged(&mut merged, value, newer_value, fold);
                }
                "extensions" => {
                    push_key(&mut merged, key);
                    push_merged(&mut merged, value, newer_value, |iri| iri);
                }
                _ => push_member(&mut merged, key, newer_value),
            },
        }
    }
    for (key, value) in newer_root.members() {
        if stored_root.member(&key.unescaped()).is_none() {
            push_member(&mut merged, key, value);
        }
    }
    merged.push('}');
    merged
}

/// The properties that describe an interaction.
const INTERACTION: [&str; 7] =
    ["interactionType", "correctResponsesPattern", "choices", "scale", "source", "target", "steps"];

fn is_other_interaction(stored: Value<'_, '_>, newer: Value<'_, '_>) -> bool {
    let interaction_type = |value: Value<'_, '_>| {
        value.member("interactionType").and_then(Value::as_str).map(Cow::into_owned)
    };
    interaction_type(newer).is_some_and(|newer| interaction_type(stored) != Some(newer))
}

fn parse_object(text: &str) -> Option<Json<'_>> {
    let limits = JsonLimits { depth_max: usize::MAX, ..JsonLimits::default() };
    json::parse(text.as_bytes(), &limits).ok().filter(|json| json.root().kind() == Kind::Object)
}

fn push_merged<'a, 't>(
    merged: &mut String,
    stored: Value<'a, 't>,
    newer: Value<'a, 't>,
    fold: impl Fn(Cow<'t, str>) -> Cow<'t, str>,
) {
    merged.push('{');
    for (key, value) in merge_members(stored, newer, fold) {
        push_member(merged, key, value);
    }
    merged.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(stored: &str, newer: &str, expected: &str) {
        let merged = merge_definitions(Some(stored), newer);
        assert_eq!(merged, expected, "stored {stored}, newer {newer}");
    }

    #[test]
    fn unites_languages_and_extensions() {
        let table = [
            (
                r#"{"name":{"en":"A","de":"B"},"type":"http://t.org/1"}"#,
                r#"{"name":{"en":"C","fr":"D"}}"#,
                r#"{"name":{"en":"C","de":"B","fr":"D"},"type":"http://t.org/1"}"#,
            ),
            // One language in two spellings is one language.
            (
                r#"{"description":{"en-US":"A"}}"#,
                r#"{"description":{"en-us":"B"}}"#,
                r#"{"description":{"en-us":"B"}}"#,
            ),
            (
                r#"{"extensions":{"http://x.org/a":{"k":1},"http://x.org/b":2}}"#,
                r#"{"extensions":{"http://x.org/a":{"l":1.0},"http://x.org/A":3}}"#,
                r#"{"extensions":{"http://x.org/a":{"l":1.0},"http://x.org/b":2,"http://x.org/A":3}}"#,
            ),
        ];
        for (stored, newer, expected) in table {
            check(stored, newer, expected);
        }
    }

    #[test]
    fn replaces_everything_else() {
        let table = [
            (
                r#"{"type":"http://t.org/1","moreInfo":"http://m.org/1"}"#,
                r#"{"type":"http://t.org/2"}"#,
                r#"{"type":"http://t.org/2","moreInfo":"http://m.org/1"}"#,
            ),
            (
                r#"{"interactionType":"choice","choices":[{"id":"a"}],"correctResponsesPattern":["a"]}"#,
                r#"{"choices":[{"id":"b"}]}"#,
                r#"{"interactionType":"choice","choices":[{"id":"b"}],"correctResponsesPattern":["a"]}"#,
            ),
            // Another type of interaction: nothing of the former one stays.
            (
                r#"{"name":{"en":"A"},"interactionType":"choice","choices":[{"id":"a"}],"correctResponsesPattern":["a"]}"#,
                r#"{"interactionType":"likert","scale":[]}"#,
                r#"{"name":{"en":"A"},"interactionType":"likert","scale":[]}"#,
            ),
            (r#"{"type":"http://t.org/1"}"#, "{}", r#"{"type":"http://t.org/1"}"#),
        ];
        for (stored, newer, expected) in table {
            check(stored, newer, expected);
        }
    }

    #[test]
    fn the_first_definition_is_taken_as_it_is() {
        let newer = r#"{ "name": {"en": "A"} }"#;
        assert_eq!(merge_definitions(None, newer), newer);
        assert_eq!(merge_definitions(Some("damaged"), newer), newer);
    }

    fn any_definition() -> impl Strategy<Value = String> {
        let languages = prop::collection::btree_map("(en|de|fr)", "[a-c]", 0..3);
        (languages.clone(), languages, "[a-c]?").prop_map(|(name, description, more)| {
            let map = |map: std::collections::BTreeMap<String, String>| {
                let list: Vec<_> = map.iter().map(|(k, v)| format!("\"{k}\":\"{v}\"")).collect();
                format!("{{{}}}", list.join(","))
            };
            format!(
                "{{\"name\":{},\"description\":{},\"moreInfo\":\"http://{more}/\"}}",
                map(name),
                map(description)
            )
        })
    }

    proptest! {
        #[test]
        fn merging_a_definition_twice_changes_nothing(
            a in any_definition(), b in any_definition(),
        ) {
            let once = merge_definitions(Some(&a), &b);
            prop_assert_eq!(merge_definitions(Some(&once), &b), once);
        }

        #[test]
        fn merging_is_associative(
            a in any_definition(),
            b in any_definition(),
            c in any_definition()
        ) {
            let left = merge_definitions(Some(&merge_definitions(Some(&a), &b)), &c);
            let right = merge_definitions(Some(&a), &merge_definitions(Some(&b), &c));
            prop_assert_eq!(left, right);
        }
    }
}
