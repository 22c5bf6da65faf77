use proptest::prelude::*;

use super::*;
use crate::json::{self, JsonLimits, Kind, Value};
use crate::{ParseLimits, Uuid, parse_statement};

const AUTHORITY: &str = r#"{"account":{"homePage":"http://acta.example/","name":"key"}}"#;
const CORE: &str = r#""actor":{"mbox":"mailto:a@b.org"},"verb":{"id":"http://v.org/"},"object":{"id":"http://o.org/"}"#;

fn keep_as(text: &str, version: Version) -> StatementText {
    let statement = parse_statement(text.as_bytes(), version, &ParseLimits::default())
        .unwrap_or_else(|faults| panic!("{faults:?} in {text}"));
    let id = StatementId(Uuid::from_u128(0x1234_5678 << 96));
    statement.stored_text(&StoreProperties { id, authority: AUTHORITY, version })
}

/// Writes `{id}`, `{core}` and `{authority}` in full.
fn full(text: &str) -> String {
    text.replace("{id}", r#""id":"12345678-0000-0000-0000-000000000000""#)
        .replace("{core}", CORE)
        .replace("{authority}", AUTHORITY)
}

#[track_caller]
fn check(sent: &str, expected: &str) {
    let kept = keep_as(&full(sent), Version::V1_0_3);
    assert_eq!(kept.text, full(expected), "sent: {sent}");
}

#[test]
fn adds_missing_properties() {
    check("{{core}}", r#"{{id},{core},"authority":{authority},"version":"1.0.0"}"#);
    check("\n{ {core} \n}\n", "{{id}, {core} \n,\"authority\":{authority},\"version\":\"1.0.0\"}");
    let kept = keep_as(&full("{{core}}"), Version::V2_0_0);
    assert!(kept.text.ends_with(r#","version":"2.0.0"}"#), "{}", kept.text);
}

#[test]
fn keeps_properties_of_the_sender_in_place() {
    let id = r#""id" : "FD41C918-B88B-4B20-A0A5-A4C32391AAA0""#;
    let table = [
        (
            format!(r#"{{"version":"1.0.3",{{core}}, {id} }}"#),
            format!(r#"{{"version":"1.0.3",{{core}}, {id} ,"authority":{{authority}}}}"#),
        ),
        (
            format!(
                r#"{{ {id},"authority": {{"mbox":"mailto:x@y.org"}} , {{core}},"version":"1.0.0"}}"#
            ),
            format!(r#"{{ {id},"authority": {{authority}} , {{core}},"version":"1.0.0"}}"#),
        ),
    ];
    for (sent, expected) in table {
        check(&sent, &expected);
    }
}

#[test]
fn removes_stored_with_one_comma() {
    let end = r#""authority":{authority},"version":"1.0.0"}"#;
    let stored = r#""stored" : "2020-01-01T00:00:00Z""#;
    let table = [
        // First, in the middle, last; with blanks and without.
        (format!("{{{stored},{{core}}}}"), format!("{{{{id}},{{core}},{end}")),
        (format!("{{ {stored} ,\n {{core}}}}"), format!("{{{{id}}, {{core}},{end}")),
        (
            format!("{{{{core}} , {stored} , \"version\":\"1.0.0\"}}"),
            String::from("{{id},{core} , \"version\":\"1.0.0\",\"authority\":{authority}}"),
        ),
        (format!("{{{{core}},{stored}}}"), format!("{{{{id}},{{core}},{end}")),
        (format!("{{{{core}} ,\n {stored}\n}}"), format!("{{{{id}},{{core}} \n,{end}")),
        // The word alone is not the property.
        (
            String::from(r#"{{core},"result":{"response":"\"stored\":1,"}}"#),
            format!("{{{{id}},{{core}},\"result\":{{\"response\":\"\\\"stored\\\":1,\"}},{end}"),
        ),
    ];
    for (sent, expected) in table {
        check(&sent, &expected);
    }
}

#[test]
fn wraps_single_context_activities_in_arrays() {
    let one = r#"{"id":"http://c.org/"}"#;
    let sent = format!(
        r#"{{"context":{{"contextActivities":{{"parent":{one},"other":[{one}]}}}},{{core}}}}"#
    );
    let expected = format!(
        r#"{{{{id}},"context":{{"contextActivities":{{"parent":[{one}],"other":[{one}]}}}},{{core}},"authority":{{authority}},"version":"1.0.0"}}"#
    );
    check(&sent, &expected);
    let sub = CORE.replace(
        r#""object":{"id":"http://o.org/"}"#,
        &format!(
            r#""context":{{"contextActivities":{{"category": {one} ,"grouping":{one}}}}},"object":{{"objectType":"SubStatement",{CORE},"context":{{"contextActivities":{{"parent":{one}}}}}}}"#
        ),
    );
    let wrapped = sub.replace(one, &format!("[{one}]"));
    check(
        &format!("{{{sub}}}"),
        &format!(r#"{{{{id}},{wrapped},"authority":{{authority}},"version":"1.0.0"}}"#),
    );
}

#[test]
fn completes_with_the_time_of_storing() {
    let time = "2026-03-01T09:30:00.000250Z";
    assert_eq!(
        StatementText::complete("{\"a\":1}", false, time),
        format!(r#"{{"a":1,"stored":"{time}"}}"#)
    );
    assert_eq!(
        StatementText::complete("{\"a\":1}", true, time),
        format!(r#"{{"a":1,"stored":"{time}","timestamp":"{time}"}}"#)
    );
    assert!(keep_as(&full("{{core}}"), Version::V1_0_3).is_timestamp_stored);
    let dated = full(r#"{{core},"timestamp":"2013-05-18T05:32:34Z"}"#);
    assert!(!keep_as(&dated, Version::V1_0_3).is_timestamp_stored);
}

#[test]
fn converts_the_timestamps_of_2_0_to_utc() {
    let sub = r#"{"objectType":"SubStatement","actor":{"mbox":"mailto:a@b.org"},"timestamp":"2020-01-01T12:00:00+01:00","verb":{"id":"http://v.org/"},"object":{"id":"http://o.org/"}}"#;
    let sent = format!(
        r#"{{"timestamp":"2020-01-01T12:00:00.50\u002d05:00","actor":{{"mbox":"mailto:a@b.org"}},"verb":{{"id":"http://v.org/"}},"object":{sub},"result":{{"extensions":{{"http://x.org/timestamp":"2020-01-01T12:00:00+01:00"}}}}}}"#
    );
    let kept = keep_as(&sent, Version::V2_0_0).text;
    let expected = sent
        .replace(r"2020-01-01T12:00:00.50\u002d05:00", "2020-01-01T17:00:00.50Z")
        .replacen("2020-01-01T12:00:00+01:00", "2020-01-01T11:00:00Z", 1);
    assert!(kept.contains(&expected[1..expected.len() - 1]), "{kept}");
    let kept = keep_as(&sent, Version::V1_0_3).text;
    assert!(kept.contains(&sent[1..sent.len() - 1]), "{kept}");
    let in_utc = full(r#"{{core},"timestamp":"2020-01-01T12:00:00.5+00:00"}"#);
    let kept = keep_as(&in_utc, Version::V2_0_0).text;
    assert!(kept.contains(&in_utc[1..in_utc.len() - 1]), "{kept}");
}

#[test]
fn a_completed_statement_agrees_with_what_was_sent() {
    let sent =
        full(r#"{{core},"context":{"contextActivities":{"parent":{"id":"http://c.org/"}}}}"#);
    let kept = keep_as(&sent, Version::V1_0_3);
    let whole =
        StatementText::complete(&kept.text, kept.is_timestamp_stored, "2026-03-01T09:30:00Z");
    let parse = |text: &str| {
        parse_statement(text.as_bytes(), Version::V1_0_3, &ParseLimits::default()).unwrap()
    };
    for version in Version::EVERY {
        assert!(parse(&sent).fingerprint.repeats(parse(&whole).fingerprint, version));
    }
}

/// Members of a statement in any order, with any blanks, of which some may be missing.
fn any_statement() -> impl Strategy<Value = String> {
    let members = [
        r#""actor":{"mbox":"mailto:a@b.org"}"#,
        r#""verb" : {"id":"http://v.org/"}"#,
        r#""object":{"id":"http://o.org/","definition":{"name":{"en":"\u00e9, }"}}}"#,
        r#""id":"fd41c918-b88b-4b20-a0a5-a4c32391aaa0""#,
        r#""stored": "2020-01-01T00:00:00Z""#,
        r#""authority":{"mbox":"mailto:x@y.org"}"#,
        r#""version":"1.0.1""#,
        r#""timestamp":"2013-05-18T05:32:34+02:00""#,
        r#""result":{"score":{"raw":1.50}}"#,
        r#""context":{"contextActivities":{"parent":{"id":"http://p.org/"},"other":{"id":"http://q.org/"}}}"#,
    ];
    let order = Just(members.to_vec()).prop_shuffle();
    (order, 0_u16..1024, "[ \n]{0,2}", "[ \n]{0,2}").prop_map(|(order, chosen, before, after)| {
        let is_required = |member: &str| {
            ["\"actor", "\"verb", "\"object"].iter().any(|start| member.starts_with(start))
        };
        let members = order.into_iter().enumerate();
        let kept = members.filter(|(at, member)| is_required(member) || chosen >> at & 1 == 1);
        let list: Vec<_> = kept.map(|(_, member)| format!("{before}{member}{after}")).collect();
        format!("{{{}}}", list.join(","))
    })
}

fn members<'t>(root: Value<'_, 't>) -> Vec<(String, &'t str)> {
    root.members().map(|(key, value)| (key.unescaped().into_owned(), value.raw())).collect()
}

proptest! {
    #[test]
    fn the_senders_members_keep_their_order_and_bytes(sent in any_statement()) {
        let kept = keep_as(&sent, Version::V1_0_3);
        let time = "2026-03-01T09:30:00Z";
        let whole = StatementText::complete(&kept.text, kept.is_timestamp_stored, time);
        let sent_json = json::parse(sent.as_bytes(), &JsonLimits::default()).unwrap();
        let whole_json = json::parse(whole.as_bytes(), &JsonLimits::default()).unwrap();
        prop_assert_eq!(whole_json.duplicates().count(), 0);

        let found = members(whole_json.root());
        for name in ["id", "stored", "authority", "version", "timestamp"] {
            prop_assert!(whole_json.root().member(name).is_some(), "{} in {}", name, whole);
        }
        let stored = whole_json.root().member("stored").unwrap();
        prop_assert_eq!(stored.raw(), format!("\"{time}\""));
        let wrap = |text: &str| {
            text.replace(r#"{"id":"http://p.org/"}"#, r#"[{"id":"http://p.org/"}]"#)
                .replace(r#"{"id":"http://q.org/"}"#, r#"[{"id":"http://q.org/"}]"#)
        };
        let expected: Vec<_> = members(sent_json.root())
            .into_iter()
            .filter(|(key, _)| key != "stored")
            .map(|(key, raw)| {
                let raw = if key == "authority" { AUTHORITY.to_owned() } else { wrap(raw) };
                (key, raw)
            })
            .collect();
        let sent_names: Vec<_> = expected.iter().map(|(key, _)| key.clone()).collect();
        let still: Vec<_> = found
            .into_iter()
            .filter(|(key, _)| sent_names.contains(key))
            .map(|(key, raw)| (key, raw.to_owned()))
            .collect();
        prop_assert_eq!(still, expected);
        prop_assert_eq!(whole_json.root().kind(), Kind::Object);
    }
}
