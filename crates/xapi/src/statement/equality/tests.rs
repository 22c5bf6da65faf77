use proptest::prelude::*;

use super::*;
use crate::json::{self, JsonLimits};

fn fingerprint(text: &str) -> Fingerprint {
    Fingerprint::of(json::parse(text.as_bytes(), &JsonLimits::default()).unwrap().root())
}

/// A statement with everything in it, from which the tests take variants.
const WHOLE: &str = r#"{
  "id": "fd41c918-b88b-4b20-a0a5-a4c32391aaa0",
  "actor": {"objectType": "Group", "name": "Team", "mbox": "mailto:Team@example.org", "member": [
    {"name": "Ada", "account": {"homePage": "http://example.org", "name": "ada"}},
    {"objectType": "Agent", "mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}
  ]},
  "verb": {"id": "http://example.org/did", "display": {"en": "did"}},
  "object": {
    "objectType": "SubStatement",
    "actor": {"openid": "http://ada.example.org/"},
    "verb": {"id": "http://example.org/will", "display": {"en": "will"}},
    "object": {"id": "http://example.org/x", "definition": {"name": {"en": "X"}}},
    "timestamp": "2020-01-01T00:00:00Z"
  },
  "result": {"score": {"scaled": 0.5, "raw": 10}, "duration": "PT1.50S", "response": "a",
    "extensions": {"http://example.org/e": [1, {"a": null, "b": [true, false]}]}},
  "context": {
    "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
    "contextActivities": {"parent": {"id": "http://example.org/p"}, "other": [
      {"id": "http://example.org/o1"}, {"id": "http://example.org/o2"}]},
    "contextAgents": [{"objectType": "contextAgent", "agent": {"mbox": "mailto:i@example.org"}}],
    "statement": {"objectType": "StatementRef", "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"},
    "language": "en-US"
  },
  "timestamp": "2013-05-18T05:32:34.804Z",
  "attachments": [{"usageType": "http://example.org/u"}]
}"#;

#[track_caller]
fn variant(from: &str, to: &str) -> Fingerprint {
    assert_eq!(WHOLE.matches(from).count(), 1, "one place to replace: {from}");
    fingerprint(&WHOLE.replace(from, to))
}

#[track_caller]
fn check_same(from: &str, to: &str) {
    assert_eq!(variant(from, to), fingerprint(WHOLE), "{from} -> {to}");
}

#[track_caller]
fn check_different(from: &str, to: &str) {
    for version in Version::EVERY {
        assert!(!variant(from, to).repeats(fingerprint(WHOLE), version), "{from} -> {to}");
    }
}

#[test]
fn properties_set_by_the_store_do_not_count() {
    check_same(r#""id": "fd41c918-b88b-4b20-a0a5-a4c32391aaa0","#, "");
    check_same("fd41c918-b88b-4b20-a0a5-a4c32391aaa0", "fd41c918-b88b-4b20-a0a5-a4c32391aaa1");
    let set = r#""stored": "2020-01-01T00:00:00Z", "version": "1.0.0", "authority": {}, "verb""#;
    let from = r#""verb": {"id": "http://example.org/did""#;
    check_same(from, &from.replace("\"verb\"", set));
}

#[test]
fn attachments_displays_and_definitions_do_not_count() {
    check_same(r#"[{"usageType": "http://example.org/u"}]"#, "[]");
    check_same(r#", "display": {"en": "did"}"#, "");
    check_same(r#"{"en": "will"}"#, r#"{"de": "wird"}"#);
    check_same(r#", "definition": {"name": {"en": "X"}}"#, "");
}

#[test]
fn other_ways_of_writing_one_value_do_not_count() {
    let table = [
        // Escapes, numbers, blanks.
        (r#""response": "a""#, r#""re\u0073ponse"   :   "\u0061""#),
        ("0.5", "5e-1"),
        ("0.5", "0.50E+0"),
        (r#""raw": 10"#, r#""raw": 1.0e1"#),
        ("[1, {", "[1.00, {"),
        // Case where it has no meaning.
        ("Team@example.org", "Team@EXAMPLE.org"),
        ("ebd31e95054c018b10727ccffd2ef2ec3a016ee9", "EBD31E95054C018B10727CCFFD2EF2EC3A016EE9"),
        ("ec531277-b57b-4c15-8d91-d292c5b2b8f7", "EC531277-B57B-4C15-8D91-D292C5B2B8F7"),
        ("6690e6c9-3ef0-4ed3-8b37-7f3964730bee", "6690E6C9-3EF0-4ED3-8B37-7F3964730BEE"),
        ("\"en-US\"", "\"EN-us\""),
        // Points in time.
        ("2013-05-18T05:32:34.804Z", "2013-05-18T07:32:34.8040+02:00"),
        ("2020-01-01T00:00:00Z", "2019-12-31T19:00-05"),
        // Durations to a hundredth of a second.
        ("PT1.50S", "PT1.5S"),
        ("PT1.50S", "PT1.509S"),
        // Types that go without saying.
        (r#"{"objectType": "Agent", "mbox_sha1sum""#, r#"{"mbox_sha1sum""#),
        (r#"{"openid""#, r#"{"objectType": "Agent", "openid""#),
        (
            r#"{"id": "http://example.org/x""#,
            r#"{"objectType":"Activity","id":"http://example.org/x""#,
        ),
        (
            r#"{"id": "http://example.org/p"}"#,
            r#"{"objectType":"Activity","id":"http://example.org/p"}"#,
        ),
        // One alone and an array of one.
        (r#"{"id": "http://example.org/p"}"#, r#"[{"id": "http://example.org/p"}]"#),
        // Order of properties.
        (r#""scaled": 0.5, "raw": 10"#, r#""raw": 10, "scaled": 0.5"#),
        (r#""a": null, "b": [true, false]"#, r#""b": [true, false], "a": null"#),
    ];
    for (from, to) in table {
        check_same(from, to);
    }
}

#[test]
fn the_order_of_group_members_does_not_count() {
    let ada = r#"{"name": "Ada", "account": {"homePage": "http://example.org", "name": "ada"}}"#;
    let other =
        r#"{"objectType": "Agent", "mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"}"#;
    let swapped = WHOLE.replace(ada, "?").replace(other, ada).replace('?', other);
    assert_ne!(swapped, WHOLE);
    assert_eq!(fingerprint(&swapped), fingerprint(WHOLE));
    check_different(ada, &format!("{ada}, {ada}"));
}

#[test]
fn everything_else_counts() {
    let table = [
        ("Team@example.org", "team@example.org"),
        (r#""name": "Ada""#, r#""name": "ada""#),
        (r#""name": "ada""#, r#""name": "Ada""#),
        ("http://example.org/did", "http://example.org/DID"),
        ("http://example.org/will", "http://example.org/would"),
        ("http://example.org/x", "http://example.org/y"),
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:01Z"),
        ("0.5", "0.25"),
        ("0.5", "-0.5"),
        ("0.5", "5"),
        (r#""raw": 10"#, r#""raw": 100"#),
        ("PT1.50S", "PT1.51S"),
        ("PT1.50S", "PT0M1.50S"),
        (r#""response": "a""#, r#""response": "A""#),
        ("[true, false]", "[false, true]"),
        ("null", "0"),
        (r#""a": null, "#, ""),
        (
            r#"{"id": "http://example.org/o1"}, {"id": "http://example.org/o2"}"#,
            r#"{"id": "http://example.org/o2"}, {"id": "http://example.org/o1"}"#,
        ),
        (r#""parent""#, r#""grouping""#),
        ("mailto:i@example.org", "mailto:j@example.org"),
        (r#""objectType": "Group", "#, ""),
        ("ec531277-b57b-4c15-8d91-d292c5b2b8f7", "ec531277-b57b-4c15-8d91-d292c5b2b8f8"),
        (r#""language": "en-US""#, r#""platform": "en-US""#),
    ];
    for (from, to) in table {
        check_different(from, to);
    }
}

#[test]
fn a_timestamp_counts_in_1_0_3_if_both_statements_have_one() {
    let without = variant(r#""timestamp": "2013-05-18T05:32:34.804Z","#, "");
    let other = variant("2013-05-18T05:32:34.804Z", "2013-05-18T05:32:34.805Z");
    let whole = fingerprint(WHOLE);
    for version in Version::EVERY {
        assert!(without.repeats(whole, version) && whole.repeats(without, version));
        assert!(without.repeats(other, version) && without.repeats(without, version));
    }
    assert!(!whole.repeats(other, Version::V1_0_3) && !other.repeats(whole, Version::V1_0_3));
    assert!(whole.repeats(other, Version::V2_0_0) && other.repeats(whole, Version::V2_0_0));
    assert_ne!(without, whole);
    // Not so in a substatement, which is part of the object.
    check_different(",\n    \"timestamp\": \"2020-01-01T00:00:00Z\"", "");
}

#[test]
fn types_of_objects_are_distinguished() {
    let object = |object: &str| {
        fingerprint(&format!(
            r#"{{"actor":{{"openid":"http://a.b/"}},"verb":{{"id":"http://v/"}},"object":{object}}}"#
        ))
    };
    let agent = object(r#"{"objectType":"Agent","openid":"http://c.d/"}"#);
    let group = object(r#"{"objectType":"Group","openid":"http://c.d/"}"#);
    let id = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee";
    let reference = object(&format!(r#"{{"objectType":"StatementRef","id":"{id}"}}"#));
    let activity = object(&format!(r#"{{"objectType":"Activity","id":"{id}"}}"#));
    assert_ne!(agent, group);
    assert_ne!(reference, activity);
    assert_eq!(activity, object(&format!(r#"{{"id":"{id}"}}"#)));
}

#[test]
fn numbers_count_by_their_value() {
    let number = |number: &str| fingerprint(&format!(r#"{{"result":{{"extensions":{number}}}}}"#));
    let equal = [
        vec!["0", "-0", "0.0", "0e5", "-0.00E-9"],
        vec!["1", "1.0", "1e0", "10e-1", "0.01e2"],
        vec!["100", "1e2", "1.00e+2", "100.0"],
        vec!["-12.5", "-125e-1", "-0.125e2"],
        vec!["1e99999999999999999999"],
        vec!["2e99999999999999999999"],
        vec!["9007199254740993"],
        vec!["9007199254740992"],
    ];
    for (index, row) in equal.iter().enumerate() {
        for text in row {
            assert_eq!(number(text), number(row[0]), "{text} and {}", row[0]);
        }
        for other in equal.iter().skip(index + 1) {
            assert_ne!(number(row[0]), number(other[0]), "{} and {}", row[0], other[0]);
        }
    }
}

#[test]
fn tells_lone_surrogates_and_duplicate_keys_apart() {
    let limits = JsonLimits::STORED;
    let of = |value: &str| {
        let text = format!(r#"{{"result":{{"extensions":{{"http://x.org/":{value}}}}}}}"#);
        Fingerprint::of(json::parse(text.as_bytes(), &limits).unwrap().root())
    };
    assert_eq!(of(r#""\uD800""#), of(r#""\ud800""#));
    assert_ne!(of(r#""\ud800""#), of(r#""\ud801""#));
    assert_ne!(of(r#""\ud800""#), of(r#""\ufffd""#));
    assert_ne!(of(r#"{"\ud800":1}"#), of(r#"{"\ud801":1}"#));
    assert_ne!(of(r#"{"a":1,"a":2}"#), of(r#"{"a":2,"a":1}"#));
    assert_ne!(of(r#"{"a":1,"a":2}"#), of(r#"{"a":2}"#));
    assert_eq!(of(r#"{"a":1,"b":0,"a":2}"#), of(r#"{"b":0,"a":1,"a":2}"#));
}

/// JSON text of anything, with its members' order and escapes drawn at random.
fn any_json() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Raw("null")),
        Just(Tree::Raw("true")),
        Just(Tree::Raw("12.5")),
        "[a-c\"\\\\é]{0,3}".prop_map(Tree::Text),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::Array),
            prop::collection::btree_map("[a-c]{0,2}", inner, 0..4).prop_map(Tree::Object),
        ]
    })
}

#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Raw(&'static str),
    Text(String),
    Array(Vec<Tree>),
    Object(std::collections::BTreeMap<String, Tree>),
}

fn write_text(out: &mut String, text: &str, is_escaped: bool) {
    if is_escaped {
        out.push('"');
        out.extend(text.encode_utf16().map(|unit| format!("\\u{unit:04x}")));
        out.push('"');
    } else {
        json::write_string(out, text);
    }
}

/// Writes `tree` plainly, or backwards, with escapes and blanks.
fn write_tree(out: &mut String, tree: &Tree, is_odd: bool) {
    let comma = if is_odd { " ,\n" } else { "," };
    match tree {
        Tree::Raw(raw) => out.push_str(raw),
        Tree::Text(text) => write_text(out, text, is_odd),
        Tree::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { comma } else { "" });
                write_tree(out, element, is_odd);
            }
            out.push(']');
        }
        Tree::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            if is_odd {
                members.reverse();
            }
            out.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if index > 0 { comma } else { "" });
                write_text(out, key, is_odd);
                out.push(':');
                write_tree(out, value, is_odd);
            }
            out.push('}');
        }
    }
}

fn statement_with(tree: &Tree, is_odd: bool) -> Fingerprint {
    let mut extensions = String::new();
    write_tree(&mut extensions, tree, is_odd);
    fingerprint(&format!(r#"{{"result":{{"extensions":{extensions}}}}}"#))
}

proptest! {
    #[test]
    fn order_escapes_and_blanks_never_count(tree in any_json()) {
        prop_assert_eq!(statement_with(&tree, true), statement_with(&tree, false));
    }

    #[test]
    fn different_contents_have_different_fingerprints(a in any_json(), b in any_json()) {
        prop_assert_eq!(statement_with(&a, false) == statement_with(&b, false), a == b);
    }
}

/// Stores keep fingerprints on disk: another value here is another format there.
#[test]
fn the_fingerprint_of_a_statement_never_changes() {
    let bits = u128::from_be_bytes(fingerprint(WHOLE).0);
    assert_eq!(format!("{bits:032x}"), "99e06b5a17e9d2c629b57ee0af4ed57d");
}
