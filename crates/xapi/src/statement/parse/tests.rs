use std::collections::BTreeSet;
use std::ops::Range;

use proptest::prelude::*;

use super::*;
use crate::json::JsonLimits;
use crate::statement::testing::{check, check_in, check_member, parsed, statement};

mod rules;

const AGENT: &str = r#"{"mbox":"mailto:a@b.org"}"#;
const ID: &str = "ec531277-b57b-4c15-8d91-d292c5b2b8f7";

fn sub_statement(members: &str) -> String {
    format!(r#"{{"objectType":"SubStatement","actor":{AGENT},"verb":{{"id":"urn:x:v"}}{members}}}"#)
}

fn places(faults: &Faults) -> Vec<(&str, Rule)> {
    faults.0.iter().map(|fault| (fault.pointer.as_str(), fault.rule)).collect()
}

fn parse_batch(body: &str) -> Result<Vec<Statement>, Faults> {
    parse_statements(body.as_bytes(), Version::V1_0_3, &ParseLimits::default())
}

#[test]
fn a_statement_has_an_actor_a_verb_and_an_object() {
    check(&[], &[]);
    check(&[("actor", "")], &[("", Rule::ActorMissing)]);
    check(&[("verb", "")], &[("", Rule::VerbMissing)]);
    check(&[("object", "")], &[("", Rule::ObjectMissing)]);
    check(
        &[("actor", ""), ("verb", ""), ("object", "")],
        &[("", Rule::ActorMissing), ("", Rule::VerbMissing), ("", Rule::ObjectMissing)],
    );
}

#[test]
fn properties_of_statements_have_their_types() {
    let table = [
        ("id", r#""EC531277-B57B-4C15-8D91-D292C5B2B8F7""#, None),
        ("id", "5", Some(Rule::StatementIdType)),
        ("id", r#""ec531277b57b4c158d91d292c5b2b8f7""#, Some(Rule::StatementId)),
        ("id", r#""""#, Some(Rule::StatementId)),
        ("id", "null", Some(Rule::Null)),
        ("timestamp", r#""2026-03-01T09:30:00+02:00""#, None),
        ("timestamp", r#""yesterday""#, Some(Rule::StatementTimestamp)),
        ("timestamp", r#""2026-03-01T09:30:00-00:00""#, Some(Rule::StatementTimestamp)),
        ("timestamp", "1772357400", Some(Rule::StatementTimestamp)),
        ("stored", r#""2026-03-01T09:30:00Z""#, None),
        ("stored", r#""yesterday""#, Some(Rule::Stored)),
        ("stored", "[]", Some(Rule::Stored)),
        ("authority", AGENT, None),
        ("authority", "[]", Some(Rule::Authority)),
        ("version", r#""1.0.0""#, None),
        ("version", r#""1.0.9""#, None),
        ("version", r#""1.1.0""#, Some(Rule::StatementVersion)),
        ("version", "1.0", Some(Rule::StatementVersion)),
        ("result", "[]", Some(Rule::DataType)),
        ("context", r#""""#, Some(Rule::DataType)),
        ("attachments", "{}", Some(Rule::Attachments)),
        ("Timestamp", r#""2026-03-01T09:30:00Z""#, Some(Rule::KeyCase)),
        ("score", "{}", Some(Rule::UnknownProperty)),
        ("objectType", r#""Statement""#, Some(Rule::UnknownProperty)),
    ];
    for (name, value, rule) in table {
        let place = format!("/{name}");
        check(&[(name, value)], rule.map(|rule| (place.as_str(), rule)).as_slice());
    }
}

#[test]
fn version_2_0_0_goes_only_with_requests_of_2_0() {
    let changes = [("version", r#""2.0.0""#)];
    check_in(Version::V2_0_0, &changes, &[]);
    check_in(Version::V1_0_3, &changes, &[("/version", Rule::StatementVersion)]);
}

#[test]
fn a_verb_is_an_iri_with_a_display() {
    check_member(
        "verb",
        &[
            (r#"{"id":"urn:x:v","display":{"en":"met","es":"encontró"}}"#, None),
            (r#"{"id":"urn:x:v","display":{}}"#, None),
            ("{}", Some(("/verb", Rule::VerbId))),
            (r#"{"id":5}"#, Some(("/verb/id", Rule::VerbId))),
            (r#"{"id":"http://a b"}"#, Some(("/verb/id", Rule::VerbId))),
            (r#"{"id":"met"}"#, Some(("/verb/id", Rule::IriScheme))),
            (r#"{"id":"urn:x:v","display":"met"}"#, Some(("/verb/display", Rule::VerbDisplay))),
            (
                r#"{"id":"urn:x:v","display":{"e":"met"}}"#,
                Some(("/verb/display/e", Rule::LanguageTag)),
            ),
            (r#"{"id":"urn:x:v","Display":{}}"#, Some(("/verb/Display", Rule::KeyCase))),
            (r#"{"id":"urn:x:v","name":{}}"#, Some(("/verb/name", Rule::UnknownProperty))),
            (r#""met""#, Some(("/verb", Rule::DataType))),
        ],
    );
}

#[test]
fn the_type_of_an_object_decides_what_it_is() {
    let reference = format!(r#"{{"objectType":"StatementRef","id":"{ID}"}}"#);
    check_member(
        "object",
        &[
            (&reference, None),
            (r#"{"objectType":"Agent","mbox":"mailto:a@b.org"}"#, None),
            (r#"{"objectType":"Group","mbox":"mailto:a@b.org"}"#, None),
            (
                r#"{"objectType":"activity","id":"urn:x:1"}"#,
                Some(("/object/objectType", Rule::ValueCase)),
            ),
            (
                r#"{"objectType":"Course","id":"urn:x:1"}"#,
                Some(("/object/objectType", Rule::ObjectType)),
            ),
            (
                r#"{"objectType":5,"id":"urn:x:1"}"#,
                Some(("/object/objectType", Rule::ObjectTypeString)),
            ),
            (r#"{"objectType":null,"id":"urn:x:1"}"#, Some(("/object/objectType", Rule::Null))),
            (r#"{"objectType":"StatementRef"}"#, Some(("/object", Rule::StatementRefId))),
            (
                r#"{"objectType":"StatementRef","id":"1"}"#,
                Some(("/object/id", Rule::StatementRefId)),
            ),
            (AGENT, Some(("/object", Rule::ActorObjectTypeMissing))),
            (
                r#"{"actor":{},"verb":{},"object":{}}"#,
                Some(("/object", Rule::StatementObjectTypeMissing)),
            ),
        ],
    );
}

#[test]
fn a_substatement_is_a_statement_without_what_a_store_sets() {
    let rows = [
        (r#","object":{"id":"urn:x:o"},"timestamp":"2026-03-01T09:30:00Z","attachments":[]"#, None),
        (r#","object":{"objectType":"Agent","mbox":"mailto:a@b.org"}"#, None),
        ("", Some(("", Rule::ObjectMissing))),
        (r#","object":{}"#, Some(("/object", Rule::ActivityId))),
        (
            r#","object":{"id":"urn:x:o"},"result":{"success":1}"#,
            Some(("/result/success", Rule::Success)),
        ),
        (
            r#","object":{"id":"urn:x:o"},"timestamp":"x""#,
            Some(("/timestamp", Rule::StatementTimestamp)),
        ),
        (r#","object":{"id":"urn:x:o"},"id":"1""#, Some(("/id", Rule::SubStatementId))),
        (r#","object":{"id":"urn:x:o"},"stored":"x""#, Some(("/stored", Rule::SubStatementStored))),
        (
            r#","object":{"id":"urn:x:o"},"version":"x""#,
            Some(("/version", Rule::SubStatementVersion)),
        ),
        (
            r#","object":{"id":"urn:x:o"},"authority":{}"#,
            Some(("/authority", Rule::SubStatementAuthority)),
        ),
        (r#","object":{"id":"urn:x:o"},"Verb":{}"#, Some(("/Verb", Rule::KeyCase))),
        (r#","object":{"id":"urn:x:o"},"score":{}"#, Some(("/score", Rule::UnknownProperty))),
    ];
    for (members, fault) in rows {
        let sub = sub_statement(members);
        let fault = fault.map(|(place, rule)| (format!("/object{place}"), rule));
        let fault = fault.as_ref().map(|(place, rule)| (place.as_str(), *rule));
        check(&[("object", &sub)], fault.as_slice());
    }
    let inner = sub_statement(r#","object":{"id":"urn:x:o"}"#);
    let nested = sub_statement(&format!(r#","object":{inner}"#));
    check(&[("object", &nested)], &[("/object/object", Rule::SubStatementNested)]);
}

#[test]
fn only_a_reference_can_be_voided() {
    let verb = format!(r#"{{"id":"{}"}}"#, Verb::VOIDED);
    let reference = format!(r#"{{"objectType":"StatementRef","id":"{ID}"}}"#);
    check(&[("verb", &verb), ("object", &reference)], &[]);
    check(&[("verb", &verb)], &[("/object", Rule::Voiding)]);
    check(&[("verb", &verb), ("object", "{}")], &[("/object", Rule::ActivityId)]);

    let voiding = parsed(&statement(&[("verb", &verb), ("object", &reference)]), Version::V1_0_3);
    assert_eq!(voiding.voids(), Some(ID.parse().unwrap()));
    let other = parsed(&statement(&[("object", &reference)]), Version::V1_0_3);
    assert_eq!(other.voids(), None);
}

#[test]
fn a_property_is_used_once() {
    check(
        &[("id", "5"), ("id", "5")],
        &[
            ("/id", Rule::DuplicateKey),
            ("/id", Rule::StatementIdType),
            ("/id", Rule::StatementIdType),
        ],
    );
    let result = r#"{"extensions":{"urn:x:e":1,"urn:x:\u0065":2}}"#;
    check(&[("result", result)], &[("/result/extensions/urn:x:e", Rule::DuplicateKey)]);
    let result = r#"{"extensions":{"urn:x:e":1},"success":true,"success":true}"#;
    check(&[("result", result)], &[("/result/success", Rule::DuplicateKey)]);
}

#[test]
fn anything_stands_inside_the_values_of_extensions() {
    let table = [
        r#"{"a":1,"\u0061":2}"#,
        r#"[[{"b":{"a":1,"a":1},"b":0}]]"#,
        r#"{"extensions":{"urn:x:f":1,"urn:x:f":1}}"#,
        r#"["\ud800",{"\udc00":"\ud83d\ude00"}]"#,
        r#""\ud800""#,
    ];
    for value in table {
        check(&[("result", &format!(r#"{{"extensions":{{"urn:x:e":{value}}}}}"#))], &[]);
    }
    let result = r#"{"response":"\ud800","extensions":{"urn:x:e":1}}"#;
    check(&[("result", result)], &[("/result/response", Rule::Json)]);
    let result = r#"{"\ud800":1}"#;
    let place = "/result/\u{fffd}\u{fffd}\u{fffd}";
    check(&[("result", result)], &[(place, Rule::Json), (place, Rule::UnknownProperty)]);
}

#[test]
fn nulls_stand_only_inside_extensions() {
    for name in ["id", "actor", "verb", "object", "result", "context", "timestamp", "stored"] {
        let place = format!("/{name}");
        check(&[(name, "null")], &[(&place, Rule::Null)]);
    }
    check(&[("result", r#"{"extensions":{"urn:x:e":null,"urn:x:f":[{"a":null}]}}"#)], &[]);
}

#[test]
fn a_text_that_is_no_json_names_line_and_column() {
    let limits = ParseLimits {
        json: JsonLimits { bytes_max: 40, depth_max: 3, ..JsonLimits::default() },
        ..ParseLimits::default()
    };
    let table: [(&[u8], Rule, &str); 6] = [
        (b"{\n  \"actor\": }", Rule::Json, "expected a value at line 2, column 12"),
        (b"", Rule::Json, "the text ends where a value was expected at line 1, column 1"),
        (b"{} {}", Rule::Json, "unexpected text behind the value at line 1, column 4"),
        (b"{\"\xff\":1}", Rule::Utf8, "not UTF-8 at line 1, column 3"),
        (b"[[[[]]]]", Rule::Depth, "nested deeper than 3 at line 1, column 4"),
        (&[b' '; 41], Rule::Size, "more than 40 bytes at line 1, column 41"),
    ];
    for (body, rule, found) in table {
        let faults = parse_statements(body, Version::V1_0_3, &limits).unwrap_err().0;
        assert_eq!(faults, [Fault::new("", rule, found)], "input: {body:?}");
        let faults = parse_statement(body, Version::V1_0_3, &limits).unwrap_err().0;
        assert_eq!(faults, [Fault::new("", rule, found)], "input: {body:?}");
    }
}

#[test]
fn a_batch_is_one_statement_or_an_array() {
    let one = statement(&[]);
    assert_eq!(parse_batch(&one).unwrap().len(), 1);
    assert_eq!(parse_batch(&format!(" [{one} , {one}]")).unwrap().len(), 2);
    assert_eq!(parse_batch("[]").unwrap().len(), 0);
    assert_eq!(places(&parse_batch("5").unwrap_err()), [("", Rule::DataType)]);
    assert_eq!(places(&parse_batch("null").unwrap_err()), [("", Rule::Null)]);
    let nested = format!("[[{one}],{one}]");
    assert_eq!(places(&parse_batch(&nested).unwrap_err()), [("/0", Rule::DataType)]);
    let array = format!("[{one}]");
    let faults = parse_statement(array.as_bytes(), Version::V1_0_3, &ParseLimits::default());
    assert_eq!(places(&faults.unwrap_err()), [("", Rule::DataType)]);
}

#[test]
fn every_fault_of_a_batch_is_reported_with_its_place() {
    let bad = statement(&[("verb", r#"{"id":"met"}"#), ("result", r#"{"success":1}"#)]);
    let good = statement(&[]);
    let faults = parse_batch(&format!("[{good},{bad},{good},5]")).unwrap_err();
    let expected = [
        ("/1/verb/id", Rule::IriScheme),
        ("/1/result/success", Rule::Success),
        ("/3", Rule::DataType),
    ];
    assert_eq!(places(&faults), expected);
    assert_eq!(faults.0[0].found, "\"met\"");
}

#[test]
fn ids_of_a_batch_differ_however_they_are_written() {
    let lower = statement(&[("id", &format!("\"{ID}\""))]);
    let upper = statement(&[("id", &format!("\"{}\"", ID.to_ascii_uppercase()))]);
    let bad = statement(&[("id", &format!("\"{ID}\"")), ("result", "5")]);
    let table = [
        (format!("[{lower},{upper}]"), vec![("/1/id", Rule::DuplicateId)]),
        (
            format!("[{bad},{lower}]"),
            vec![("/0/result", Rule::DataType), ("/1/id", Rule::DuplicateId)],
        ),
    ];
    for (body, expected) in table {
        assert_eq!(places(&parse_batch(&body).unwrap_err()), expected, "input: {body}");
    }
}

#[test]
fn batches_and_faults_are_limited() {
    let limits = ParseLimits { statements_max: 2, faults_max: 3, ..ParseLimits::default() };
    let parse = |body: &str| parse_statements(body.as_bytes(), Version::V1_0_3, &limits);
    let one = statement(&[]);
    assert_eq!(parse(&format!("[{one},{one}]")).unwrap().len(), 2);
    let faults = parse(&format!("[{one},{one},{one}]")).unwrap_err().0;
    assert_eq!(faults, [Fault::new("", Rule::BatchLength, "3 statements, where 2 are the most")]);
    let faults = parse("[{},{}]").unwrap_err();
    assert_eq!(faults.0.len(), 3, "of six: {faults:?}");
    let none = ParseLimits { faults_max: 0, ..limits };
    let faults = parse_statements(b"{}", Version::V1_0_3, &none).unwrap_err();
    assert_eq!(faults.0.len(), 1, "a refusal gives at least one reason");
}

#[test]
fn the_lists_of_one_statement_are_limited() {
    let limits =
        ParseLimits { activities_max: 2, agents_max: 2, attachments_max: 1, ..Default::default() };
    let parse = |text: &str| parse_statement(text.as_bytes(), Version::V2_0_0, &limits);
    let activity = r#"{"id":"http://example.org/a"}"#;
    let agent = r#"{"mbox":"mailto:a@example.org"}"#;
    let attachment = format!(
        r#"{{"usageType":"http://example.org/u","display":{{}},"contentType":"a/b","length":1,"sha2":"{}"}}"#,
        "0".repeat(64)
    );
    let with = |actor: &str, more: &str| {
        format!(
            r#"{{"actor":{actor},"verb":{{"id":"http://example.org/v"}},"object":{activity}{more}}}"#
        )
    };
    let group = |count: usize| {
        format!(r#"{{"objectType":"Group","member":[{}]}}"#, vec![agent; count].join(","))
    };
    let context = |parents: usize, others: usize| {
        let list = |count| vec![activity; count].join(",");
        format!(
            r#","context":{{"contextActivities":{{"parent":[{}],"other":[{}]}}}}"#,
            list(parents),
            list(others)
        )
    };
    let attachments = |count: usize| {
        format!(r#","attachments":[{}]"#, vec![attachment.as_str(); count].join(","))
    };
    let within = with(&group(2), &(context(1, 1) + &attachments(1)));
    parse(&within).unwrap();
    let other = "/context/contextActivities/other";
    let table = [
        (with(&group(3), ""), "/actor/member", Rule::AgentCount, "3 agents, where 2 are the most"),
        (
            with(agent, &context(1, 2)),
            other,
            Rule::ContextActivityCount,
            "3 context activities, where 2 are the most",
        ),
        (
            with(agent, &attachments(2)),
            "/attachments",
            Rule::AttachmentCount,
            "2 attachments, where 1 are the most",
        ),
    ];
    for (text, pointer, rule, found) in table {
        let faults = parse(&text).unwrap_err().0;
        assert_eq!(faults, [Fault::new(pointer, rule, found)], "input: {text}");
    }
    // Each statement of a batch counts for itself, and what is stored is read whatever it has.
    let batch = format!("[{within},{within}]");
    parse_statements(batch.as_bytes(), Version::V2_0_0, &limits).unwrap();
    parse_statement(with(&group(20_000), "").as_bytes(), Version::V2_0_0, &ParseLimits::STORED)
        .unwrap();
}

#[test]
fn records_the_spans_of_properties_that_the_store_sets() {
    let bare = r#"{"id":"urn:x:1"}"#;
    let context = format!(r#"{{"contextActivities":{{"other":{bare},"parent":[{bare}]}}}}"#);
    let sub = sub_statement(&format!(r#","object":{bare},"context":{context}"#));
    let members = [
        ("id", format!("\"{ID}\"")),
        ("object", sub),
        ("stored", "\"2026-03-01T09:30:00Z\"".to_owned()),
        ("context", context),
        ("version", "\"1.0.0\"".to_owned()),
        ("authority", AGENT.to_owned()),
    ];
    let changes = members.each_ref().map(|(name, value)| (*name, value.as_str()));
    let body = format!("\n[ {} , {} ]", statement(&[]), statement(&changes));
    let statement = parse_batch(&body).unwrap().pop().unwrap();
    let slice = |span: &Option<Range<usize>>| statement.text[span.clone().unwrap()].to_owned();
    assert!(statement.text.starts_with('{') && statement.text.ends_with('}'));
    assert_eq!(slice(&statement.layout.id), format!("\"{ID}\""));
    assert_eq!(slice(&statement.layout.stored), "\"stored\":\"2026-03-01T09:30:00Z\"");
    assert_eq!(slice(&statement.layout.version), "\"1.0.0\"");
    assert_eq!(slice(&statement.layout.authority), AGENT);
    let spans = &statement.layout.single_context_activities;
    assert!(spans.is_sorted_by_key(|span| span.start));
    assert_eq!(
        spans.iter().map(|span| &statement.text[span.clone()]).collect::<Vec<_>>(),
        [bare; 2]
    );
    assert_eq!(
        statement.claimed_authority.and_then(|actor| actor.ifi).map(|ifi| ifi.to_key()),
        Some(AGENT.to_owned())
    );
}

#[test]
fn names_every_actor_that_has_a_name() {
    let agent = |name: &str| format!(r#"{{"mbox":"mailto:{name}@b.org","name":"{name}"}}"#);
    let group = format!(r#"{{"objectType":"Group","name":"anonymous","member":[{}]}}"#, agent("d"));
    let object = format!(r#"{{"objectType":"Agent",{}"#, &agent("b")[1..]);
    let context = format!(r#"{{"instructor":{},"team":{group}}}"#, agent("c"));
    let sub = format!(
        r#"{{"objectType":"SubStatement","actor":{},"verb":{{"id":"urn:x:v"}},"object":{object},
            "context":{context}}}"#,
        agent("e")
    );
    let text = statement(&[("actor", &agent("a")), ("object", &sub), ("context", &context)]);
    let statement = parsed(&text, Version::V1_0_3);
    let names: Vec<&str> = statement.named_actors().iter().map(|(_, name)| *name).collect();
    assert_eq!(names, ["a", "c", "d", "e", "b", "c", "d"]);
}

/// Statements of a real installation, of which some break rules of the specification: the
/// places of their faults, with how many lines have each.
#[test]
fn distinguishes_valid_from_invalid_statements_of_open_edx() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/statements/openedx.jsonl");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: there is no {path}");
        return;
    };
    let (mut good_count, mut bad) = (0, std::collections::BTreeMap::new());
    for line in text.lines() {
        match parse_statement(line.as_bytes(), Version::V1_0_3, &ParseLimits::default()) {
            Ok(statement) => {
                assert_eq!(statement.text(), line);
                good_count += 1;
            }
            Err(faults) => {
                assert_eq!(faults.0.len(), 1, "{faults:?}");
                *bad.entry((faults.0[0].pointer.clone(), faults.0[0].rule)).or_insert(0) += 1;
            }
        }
    }
    let expected = [
        ("/context/contextActivities/grouping/0/id", Rule::IriScheme, 6),
        ("/context/contextActivities/parent/0/objectType", Rule::ContextActivity, 13),
        ("/object", Rule::ActivityId, 1),
        ("/object/objectType", Rule::ObjectType, 4),
    ];
    let bad: Vec<_> =
        bad.iter().map(|((place, rule), count)| (place.as_str(), *rule, *count)).collect();
    assert_eq!(bad, expected);
    assert_eq!(good_count, 66);
}

/// Members that may stand in a statement in any order.
fn whole_statement() -> Vec<(&'static str, &'static str)> {
    vec![
        ("id", r#""ec531277-b57b-4c15-8d91-d292c5b2b8f7""#),
        ("actor", r#"{"objectType":"Group","member":[{"mbox":"mailto:a@b.org","name":"a"}]}"#),
        ("verb", r#"{"id":"urn:x:v","display":{"en":"met"}}"#),
        ("object", r#"{"id":"urn:x:o","definition":{"interactionType":"other"}}"#),
        ("result", r#"{"score":{"raw":1,"max":1},"extensions":{"urn:x:e":null}}"#),
        ("context", r#"{"platform":"web","contextActivities":{"parent":{"id":"urn:x:p"}}}"#),
        ("timestamp", r#""2026-03-01T09:30:00Z""#),
        ("stored", r#""2026-03-01T09:30:00Z""#),
        ("authority", r#"{"mbox":"mailto:a@b.org"}"#),
        ("version", r#""1.0.0""#),
    ]
}

proptest! {
    #[test]
    fn the_order_of_properties_does_not_matter(
        members in Just(whole_statement()).prop_shuffle(),
        blank in "[ \n\t]{0,3}",
    ) {
        let joined: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("{blank}\"{name}\"{blank}:{blank}{value}{blank}"))
            .collect();
        let text = format!("{{{}}}", joined.join(","));
        let shuffled = parsed(&text, Version::V1_0_3);
        let plain = parsed(&statement(&whole_statement()), Version::V1_0_3);
        prop_assert_eq!(shuffled.text(), text.as_str());
        prop_assert_eq!(shuffled.id, plain.id);
        prop_assert_eq!(shuffled.actor, plain.actor);
        prop_assert_eq!(shuffled.verb, plain.verb);
        prop_assert_eq!(shuffled.result, plain.result);
        prop_assert_eq!(shuffled.timestamp, plain.timestamp);
        prop_assert_eq!(shuffled.claimed_authority, plain.claimed_authority);
        let span = shuffled.layout.stored.clone().unwrap();
        prop_assert!(text[span].starts_with("\"stored\""));
    }

    #[test]
    fn a_damaged_statement_is_read_or_refused_for_a_reason(
        at in any::<prop::sample::Index>(),
        length in 0_usize..8,
        put in r#"[\PC]{0,4}|null|\{\}|\[\]|"x""#,
    ) {
        let text = statement(&whole_statement());
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        let damaged = format!("{}{put}{}", &text[..start], &text[end..]);
        for version in Version::EVERY {
            match parse_statement(damaged.as_bytes(), version, &ParseLimits::default()) {
                Ok(statement) => prop_assert_eq!(statement.text(), damaged.trim()),
                Err(faults) => prop_assert!(!faults.0.is_empty()),
            }
        }
    }
}
