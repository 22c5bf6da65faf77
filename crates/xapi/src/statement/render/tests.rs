use super::*;
use crate::json::JsonLimits;

fn known(id: &str) -> Option<String> {
    (id == "http://o.org/known").then(|| {
        r#"{"name":{"en":"Known","de":"Bekannt"},"choices":[{"id":"a","description":{"en":"A","de":"B"}}]}"#
            .to_owned()
    })
}

fn rendered(text: &str, format: Format, accepted: &str) -> String {
    let languages = Languages::parse(accepted);
    let rendering = Rendering { format, languages: &languages, definition: &known };
    let mut out = String::from("[");
    render(text, &rendering, &mut out);
    json::parse(&out.as_bytes()[1..], &JsonLimits::default())
        .unwrap_or_else(|error| panic!("{error}: {out}"));
    out.split_off(1)
}

#[track_caller]
fn check(format: Format, accepted: &str, text: &str, expected: &str) {
    assert_eq!(rendered(text, format, accepted), expected, "input: {text}");
}

#[test]
fn exact_is_a_copy() {
    let text = r#"{ "verb" : {"id":"http://v.org/","display":{"en":"v","de":"w"}},
        "context": {"contextAgents": []}, "version" :"2.0.0" }"#;
    check(Format::Exact, "de", text, text);
}

#[test]
fn ids_format_contains_only_identifiers() {
    let table = [
        (
            r#"{"actor":{"name":"Ada","mbox":"mailto:a@b.org","objectType":"Agent"},"stored":"x"}"#,
            r#"{"actor":{"mbox":"mailto:a@b.org","objectType":"Agent"},"stored":"x"}"#,
        ),
        (
            r#"{"actor":{"account":{"homePage":"h","name":"n"},"name":"Ada"}}"#,
            r#"{"actor":{"account":{"homePage":"h","name":"n"}}}"#,
        ),
        // A group with an identifier, and one that is known by its members only.
        (
            r#"{"actor":{"objectType":"Group","name":"G","openid":"o","member":[{"mbox":"m"}]}}"#,
            r#"{"actor":{"objectType":"Group","openid":"o"}}"#,
        ),
        (
            r#"{"actor":{"objectType":"Group","name":"G","member":[{"name":"A","mbox":"m"}]}}"#,
            r#"{"actor":{"objectType":"Group","member":[{"mbox":"m"}]}}"#,
        ),
        (
            r#"{"verb":{"display":{"en":"v"},"id":"v"},"object":{"objectType":"Activity","id":"a","definition":{}}}"#,
            r#"{"verb":{"id":"v"},"object":{"id":"a"}}"#,
        ),
        (
            r#"{"object":{"objectType":"Agent","name":"A","mbox":"m"},"authority":{"name":"A","mbox":"m"}}"#,
            r#"{"object":{"objectType":"Agent","mbox":"m"},"authority":{"mbox":"m"}}"#,
        ),
        (
            r#"{"object":{"objectType":"StatementRef","id":"i"}}"#,
            r#"{"object":{"objectType":"StatementRef","id":"i"}}"#,
        ),
        (
            r#"{"object":{"objectType":"SubStatement","actor":{"mbox":"m","name":"A"},"verb":{"id":"v","display":{}},"object":{"id":"a","definition":{}},"context":{"instructor":{"mbox":"m","name":"I"}}}}"#,
            r#"{"object":{"objectType":"SubStatement","actor":{"mbox":"m"},"verb":{"id":"v"},"object":{"id":"a"},"context":{"instructor":{"mbox":"m"}}}}"#,
        ),
        (
            r#"{"context":{"team":{"objectType":"Group","name":"T","mbox":"m"},"contextActivities":{"parent":[{"id":"p","definition":{}},{"id":"q","objectType":"Activity"}]},"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"m","name":"C"},"relevantTypes":["t"]}],"platform":"x"}}"#,
            r#"{"context":{"team":{"objectType":"Group","mbox":"m"},"contextActivities":{"parent":[{"id":"p"},{"id":"q"}]},"contextAgents":[{"objectType":"contextAgent","agent":{"mbox":"m"},"relevantTypes":["t"]}],"platform":"x"}}"#,
        ),
        // What identifies nobody stays.
        (
            r#"{"attachments":[{"display":{"en":"a"}}],"result":{"extensions":{"e":{"name":"n"}}}}"#,
            r#"{"attachments":[{"display":{"en":"a"}}],"result":{"extensions":{"e":{"name":"n"}}}}"#,
        ),
    ];
    for (text, expected) in table {
        check(Format::Ids, "", text, expected);
    }
}

#[test]
fn canonical_gives_one_language_each() {
    let table = [
        (
            r#"{"verb":{"id":"v","display":{"en":"v","de":"w"}},"actor":{"name":"Ada","mbox":"m"}}"#,
            r#"{"verb":{"id":"v","display":{"de":"w"}},"actor":{"name":"Ada","mbox":"m"}}"#,
        ),
        // Each map is asked by itself.
        (
            r#"{"object":{"id":"http://o.org/x","definition":{"name":{"fr":"n"},"description":{"en":"d","de-AT":"e"},"extensions":{"x":{"en":1,"de":2}},"type":"t"}}}"#,
            r#"{"object":{"id":"http://o.org/x","definition":{"name":{"fr":"n"},"description":{"de-AT":"e"},"extensions":{"x":{"en":1,"de":2}},"type":"t"}}}"#,
        ),
        (
            r#"{"object":{"id":"x","definition":{"scale":[{"id":"1","description":{"en":"a","de":"b"}},{"id":"2"}],"steps":[],"name":{}}}}"#,
            r#"{"object":{"id":"x","definition":{"scale":[{"id":"1","description":{"de":"b"}},{"id":"2"}],"steps":[],"name":{}}}}"#,
        ),
        // What the store knows takes the place of what was sent, or is added.
        (
            r#"{"object":{"definition":{"name":{"de":"Alt"}},"id":"http://o.org/known"}}"#,
            r#"{"object":{"definition":{"name":{"de":"Bekannt"},"choices":[{"id":"a","description":{"de":"B"}}]},"id":"http://o.org/known"}}"#,
        ),
        (
            r#"{"context":{"contextActivities":{"parent":[{"id":"http://o.org/known"}]}}}"#,
            r#"{"context":{"contextActivities":{"parent":[{"id":"http://o.org/known","definition":{"name":{"de":"Bekannt"},"choices":[{"id":"a","description":{"de":"B"}}]}}]}}}"#,
        ),
        (
            r#"{"object":{"objectType":"SubStatement","verb":{"display":{"de":"w","en":"v"}},"object":{"id":"http://o.org/known"}}}"#,
            r#"{"object":{"objectType":"SubStatement","verb":{"display":{"de":"w"}},"object":{"id":"http://o.org/known","definition":{"name":{"de":"Bekannt"},"choices":[{"id":"a","description":{"de":"B"}}]}}}}"#,
        ),
        // Attachments are no activities.
        (
            r#"{"attachments":[{"display":{"en":"a","de":"b"}}]}"#,
            r#"{"attachments":[{"display":{"en":"a","de":"b"}}]}"#,
        ),
    ];
    for (text, expected) in table {
        check(Format::Canonical, "de", text, expected);
    }
}

#[test]
fn lists_every_activity_once() {
    let text = r#"{
        "object": {"objectType": "SubStatement",
            "object": {"id": "http://o.org/1"},
            "context": {"contextActivities": {"other": [{"id": "http://o.org/2"}]}}},
        "context": {"contextActivities": {
            "parent": [{"id": "http://o.org/\u0033"}, {"id": "http://o.org/1"}]},
            "extensions": {"http://x.org/": {"id": "no"}}}
    }"#;
    let ids = ["http://o.org/1", "http://o.org/2", "http://o.org/3"];
    assert_eq!(activities_to_define(text), ids);
    let agent = r#"{"object":{"objectType":"Agent","mbox":"m"},"verb":{"id":"v"}}"#;
    assert!(activities_to_define(agent).is_empty());
}

#[test]
fn every_format_keeps_version_and_properties() {
    let text = r#"{"version":"2.0.0","context":{"contextAgents":[1],"contextGroups":[]},"a":1}"#;
    for format in [Format::Exact, Format::Ids, Format::Canonical] {
        check(format, "", text, text);
    }
}
