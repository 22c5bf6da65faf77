//! What holds for every property: presence, type, case, names, nulls, duplicates.

use acta_tests::tweak::{is_language, is_language_map, places, remove, rename, set};
use acta_tests::{make, tweak::Tweak};
use serde_json::{Value, json};

use super::{check, refuses, refuses_at_both_levels, with_substatement};
use crate::both;

#[test]
fn takes_a_statement_that_uses_everything() {
    both(|client| {
        check(client, &make::rich_statement(), true, "rich");
        check(client, &with_substatement(), true, "with a substatement");
    });
}

#[test]
fn requires_an_actor() {
    refuses_at_both_levels(&[remove("/actor")]);
}

#[test]
fn requires_a_verb() {
    refuses_at_both_levels(&[remove("/verb")]);
}

#[test]
fn requires_an_object() {
    refuses_at_both_levels(&[remove("/object")]);
}

#[test]
fn refuses_null_everywhere_but_in_extensions() {
    let tweak = |place: &String| set(place.as_str(), Value::Null);
    let of = |base: Value| places(&base).iter().map(tweak).collect::<Vec<_>>();
    refuses(make::rich_statement, &of(make::rich_statement()));
    refuses(with_substatement, &of(with_substatement()));
}

#[test]
fn refuses_empty_objects_where_something_is_required() {
    let empty = |pointer| set(pointer, json!({}));
    refuses_at_both_levels(&[
        empty("/actor"),
        empty("/verb"),
        empty("/object"),
        empty("/context/team"),
        empty("/context/instructor"),
        empty("/context/statement"),
        empty("/context/contextActivities/parent"),
    ]);
    refuses(make::rich_statement, &[empty("/attachments/0"), empty("/actor/account")]);
}

/// A value of another type than `value`, looking alike where that is possible.
fn of_another_type(value: &Value) -> Vec<Value> {
    match value {
        Value::String(_) => vec![json!(12345), json!({"key": "value"}), json!([]), json!(true)],
        Value::Number(number) => vec![json!(number.to_string()), json!({}), json!(false)],
        Value::Bool(truth) => vec![json!(truth.to_string()), json!(1), json!({})],
        Value::Array(_) => vec![json!("text"), json!(7), json!({"key": "value"})],
        Value::Object(_) => vec![json!("text"), json!(7), json!(["text"])],
        Value::Null => Vec::new(),
    }
}

fn wrong_types(base: &Value) -> Vec<Tweak> {
    let mut tweaks = Vec::new();
    for place in places(base) {
        for wrong in of_another_type(base.pointer(&place).expect("places are there")) {
            tweaks.push(set(place.as_str(), wrong));
        }
    }
    tweaks
}

#[test]
fn refuses_a_value_of_the_wrong_type_everywhere() {
    refuses(make::rich_statement, &wrong_types(&make::rich_statement()));
    refuses(with_substatement, &wrong_types(&with_substatement()));
}

/// The places whose last step is the name of a property that the specification gives.
fn properties(base: &Value) -> Vec<String> {
    let mut found = places(base);
    found.retain(|place| {
        let name = place.rsplit('/').next().expect("rsplit gives one");
        name.parse::<usize>().is_err() && !is_language(place)
    });
    found
}

#[test]
fn refuses_a_property_in_another_case() {
    let other_case = |place: &String| {
        let name = place.rsplit('/').next().expect("rsplit gives one");
        let first = name[..1].to_uppercase();
        rename(place.as_str(), format!("{first}{}", &name[1..]))
    };
    let of = |base: Value| properties(&base).iter().map(other_case).collect::<Vec<_>>();
    refuses(make::rich_statement, &of(make::rich_statement()));
    refuses(with_substatement, &of(with_substatement()));
}

#[test]
fn refuses_a_property_that_the_specification_does_not_know() {
    let of = |base: Value| {
        let mut tweaks = vec![set("/unknown", "x"), set("/actors", json!([]))];
        for place in places(&base) {
            let value = base.pointer(&place).expect("places are there");
            let is_free = place.ends_with("/extensions") || is_language_map(&place, value);
            if value.is_object() && !is_free {
                tweaks.push(set(format!("{place}/unknown"), "x"));
            }
        }
        tweaks
    };
    refuses(make::rich_statement, &of(make::rich_statement()));
    refuses(with_substatement, &of(with_substatement()));
}

#[test]
fn refuses_an_enumerated_value_in_another_case() {
    refuses_at_both_levels(&[
        set("/actor/objectType", "group"),
        set("/actor/objectType", "GROUP"),
        set("/actor/member/0/objectType", "agent"),
        set("/object/objectType", "activity"),
        set("/object/definition/interactionType", "Choice"),
        set("/object/definition/interactionType", "CHOICE"),
        set("/context/team/objectType", "group"),
        set("/context/statement/objectType", "statementRef"),
        set("/context/contextActivities/parent/0/objectType", "activity"),
        rename("/context/contextActivities/parent", "Parent"),
    ]);
    refuses(
        with_substatement,
        &[set("/object/objectType", "substatement"), set("/object/objectType", "Substatement")],
    );
}

#[test]
fn refuses_an_empty_string_where_a_format_is_required() {
    refuses_at_both_levels(&[
        set("/actor/account/homePage", ""),
        set("/actor/objectType", ""),
        set("/actor/member/0/mbox", ""),
        set("/actor/member/1/openid", ""),
        set("/verb/id", ""),
        set("/object/id", ""),
        set("/object/objectType", ""),
        set("/object/definition/type", ""),
        set("/object/definition/moreInfo", ""),
        set("/object/definition/interactionType", ""),
        set("/context/registration", ""),
        set("/context/language", ""),
        set("/context/statement/id", ""),
        set("/result/duration", ""),
        set("/timestamp", ""),
    ]);
    refuses(
        make::rich_statement,
        &[
            set("/id", ""),
            set("/version", ""),
            set("/attachments/0/usageType", ""),
            set("/attachments/0/contentType", ""),
            set("/attachments/0/sha2", ""),
            set("/attachments/0/fileUrl", ""),
        ],
    );
}

#[test]
fn refuses_an_iri_without_a_scheme() {
    let places = [
        "/actor/account/homePage",
        "/actor/member/1/openid",
        "/verb/id",
        "/object/id",
        "/object/definition/type",
        "/object/definition/moreInfo",
        "/context/contextActivities/parent/0/id",
    ];
    let bare = ["should fail", "example.org/path", "/path", "//example.org/path", "#part"];
    let rows = places.iter().flat_map(|place| bare.map(|iri| set(*place, iri)));
    refuses_at_both_levels(&rows.collect::<Vec<_>>());
    let places = ["/attachments/0/usageType", "/attachments/0/fileUrl"];
    let rows = places.iter().flat_map(|place| bare.map(|iri| set(*place, iri)));
    refuses(make::rich_statement, &rows.collect::<Vec<_>>());
}

/// `base` as text, with the first property of the object at `pointer` written twice.
fn with_duplicate(base: &Value, pointer: &str) -> Option<String> {
    let object = base.pointer(pointer)?.as_object()?;
    let (name, value) = object.iter().next()?;
    let start = format!("{{{}:{value},", json!(name));
    let doubled = base.pointer(pointer)?.to_string().replacen('{', &start, 1);
    if pointer.is_empty() {
        return Some(doubled);
    }
    let mark = json!("here goes the doubled one");
    let marked = set(pointer, mark.clone()).apply(base).to_string();
    Some(marked.replace(&mark.to_string(), &doubled))
}

#[test]
fn refuses_a_property_that_occurs_twice() {
    both(|client| {
        let base = with_substatement();
        let inside = places(&base);
        for place in std::iter::once(String::new()).chain(inside) {
            // The values of extensions may be anything.
            let is_in_extension =
                place.split_once("/extensions/").is_some_and(|(_, rest)| !rest.is_empty());
            let Some(text) = with_duplicate(&base, &place).filter(|_| !is_in_extension) else {
                continue;
            };
            let answer = client.post("/statements").json_text(&text).send();
            assert_eq!(answer.status, 400, "two equal names in {place:?}: {text}");
        }
        // The same name, told by an escape.
        let text = base.to_string().replacen('{', "{\"\\u0061ctor\":{},", 1);
        client.post("/statements").json_text(&text).send().expect(400);
    });
}

#[test]
fn refuses_what_is_no_statement() {
    both(|client| {
        let whole = make::statement().to_string();
        let half = whole[..whole.len() / 2].to_owned();
        let trailing = format!("{whole},");
        let two = format!("{whole}{whole}");
        let texts = ["", " ", "null", "true", "1", "\"text\"", "[1]", "[[]]", "[null]", "{}"];
        for text in texts.into_iter().chain([half.as_str(), &trailing, &two]) {
            let answer = client.post("/statements").json_text(text).send();
            assert_eq!(answer.status, 400, "sent {text:?}");
        }
    });
}
