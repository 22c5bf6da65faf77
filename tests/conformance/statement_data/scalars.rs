//! UUIDs, timestamps, language tags, extensions, versions and attachment headers.

use acta_tests::tweak::{remove, set};
use acta_tests::{Version, make, tweak::Tweak};
use serde_json::{Value, json};

use super::{accepts, accepts_at_both_levels, check, refuses, refuses_at_both_levels};
use crate::both;

#[test]
fn takes_only_uuids_in_standard_form() {
    let invalid = [
        "should fail",
        "AA97B177-9383-4934-8543-0F91A7A028368",
        "MA97B177-9383-4934-8543-0F91A7A02836",
        "AA97B177938349348543-0F91A7A02836",
        "AA97B17793834934854300F91A7A0283",
        "{AA97B177-9383-4934-8543-0F91A7A02836}",
        "urn:uuid:AA97B177-9383-4934-8543-0F91A7A02836",
        " AA97B177-9383-4934-8543-0F91A7A02836",
        "AA97B177-9383-4934-8543-0F91A7A0283",
    ];
    let values: Vec<Value> = invalid.map(Value::from).into_iter().collect();
    let values: Vec<Value> = values.into_iter().chain([json!(12345), json!({})]).collect();
    for place in ["/context/registration", "/context/statement/id"] {
        let rows: Vec<Tweak> = values.iter().map(|value| set(place, value.clone())).collect();
        refuses_at_both_levels(&rows);
    }
    let rows: Vec<Tweak> = values.iter().map(|value| set("/id", value.clone())).collect();
    refuses(make::rich_statement, &rows);
    accepts_at_both_levels(&[set("/context/registration", make::id().to_uppercase())]);
}

#[test]
fn takes_only_iso_8601_timestamps() {
    let valid = [
        "2024-02-29T12:34:56Z",
        "2024-02-29T12:34:56.7Z",
        "2024-02-29T12:34:56.123456789Z",
        "2008-09-15T15:53:00.601+00:00",
        "2023-05-04T12:00:00-05:00",
        "2023-05-04T12:00:00+05:30",
        "2099-12-31T23:59:59.999Z",
        "1969-07-20T20:17:40Z",
    ];
    accepts_at_both_levels(&valid.map(|text| set("/timestamp", text)));
    let invalid = [
        "should fail",
        "01/011/2015",
        "2008-09-15T15:53:00.601-00",
        "2008-09-15T15:53:00.601-0000",
        "2008-09-15T15:53:00.601-00:00",
        "2023-02-29T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z",
        "2024-01-32T00:00:00Z",
        "2024-01-01T25:00:00Z",
        "2024-01-01T00:61:00Z",
        "2024-01-01T00:00:00+25:00",
        "2024-01-01T00:00:00.Z",
        "yesterday",
        "1700000000",
    ];
    refuses_at_both_levels(&invalid.map(|text| set("/timestamp", text)));
    let values = [json!(1_700_000_000), json!({}), json!(["2024-02-29T12:34:56Z"])];
    refuses_at_both_levels(&values.map(|value| set("/timestamp", value)));
}

#[test]
fn refuses_a_stored_that_is_no_timestamp() {
    let values = [json!("should fail"), json!(7), json!({}), json!("2024-13-01T00:00:00Z")];
    refuses(make::rich_statement, &values.map(|value| set("/stored", value)));
    accepts(make::rich_statement, &[set("/stored", "2001-01-01T00:00:00Z")]);
}

#[test]
fn takes_only_rfc_5646_language_tags() {
    let valid = [
        "de",
        "de-DE",
        "zh-Hant",
        "sr-Latn-RS",
        "cmn",
        "es-MX",
        "es-419",
        "zh-Hans-CN",
        "ase",
        "ja",
        "fr-CA",
        "EN-us",
        "sl-rozaj-biske",
        "de-CH-1996",
        "en-x-private",
        "x-private",
        "i-klingon",
        "en-a-bbb-x-a-ccc",
        "und",
    ];
    let invalid = [
        "a12345678",
        "toolonglanguage",
        "en_US",
        "",
        "-",
        "en-",
        "-en",
        "e",
        "en--US",
        "zh-z-aaa-z-bbb-c-ccc",
        "zh-something-ccc",
        "12",
        "en-US-",
        "de DE",
    ];
    let maps = ["/verb/display", "/object/definition/name", "/object/definition/description"];
    for place in maps.into_iter().chain(["/object/definition/choices/0/description"]) {
        accepts_at_both_levels(&valid.map(|tag| set(place, json!({tag: "text"}))));
        refuses_at_both_levels(&invalid.map(|tag| set(place, json!({tag: "text"}))));
    }
    accepts_at_both_levels(&valid.map(|tag| set("/context/language", tag)));
    refuses_at_both_levels(&invalid.map(|tag| set("/context/language", tag)));
    for place in ["/attachments/0/display", "/attachments/0/description"] {
        refuses(make::rich_statement, &invalid.map(|tag| set(place, json!({tag: "text"}))));
    }
}

const EXTENSIONS: [&str; 3] =
    ["/object/definition/extensions", "/result/extensions", "/context/extensions"];

#[test]
fn takes_any_value_in_an_extension() {
    let values = [
        json!(null),
        json!(""),
        json!({}),
        json!([]),
        json!(true),
        json!(12345),
        json!("valid"),
        json!({"key": "valid", "objectType": "nonsense", "": null}),
        json!([[[null]]]),
    ];
    for place in EXTENSIONS {
        let rows = values.iter().map(|value| set(place, json!({"https://example.org/x": value})));
        accepts_at_both_levels(&rows.collect::<Vec<_>>());
        accepts_at_both_levels(&[set(place, json!({}))]);
    }
}

/// The text of a statement in whose extensions at `place` stands `extensions`, as JSON text.
fn with_extensions(place: &str, extensions: &str) -> (String, String) {
    let id = make::id();
    let mut statement = set(place, "{}").apply(&make::rich_statement());
    statement["id"] = json!(id);
    (id, statement.to_string().replacen("\"{}\"", extensions, 1))
}

#[test]
fn keeps_duplicate_keys_and_lone_surrogates_in_extension_values() {
    let values = [
        r#"{"a":1,"a":2}"#,
        r#"[{"deep":{"\u0061":1.50,"a":1.5}}]"#,
        r#"{"extensions":{"k":1,"k":1}}"#,
        r#""\ud800""#,
        r#"["\uDFFF\ud83d",{"\ud800":"\ud83d\ude00"}]"#,
    ];
    both(|client| {
        for place in EXTENSIONS {
            for value in values {
                let extensions = format!(r#"{{"https://example.org/x":{value}}}"#);
                let (id, text) = with_extensions(place, &extensions);
                for _ in 0..2 {
                    client.post("/statements").json_text(&text).send().expect(200);
                }
                for format in ["exact", "ids", "canonical"] {
                    let call = client.get("/statements").query("statementId", &id);
                    let answer = call.query("format", format).send().expect(200);
                    let kept = answer.text();
                    // As ids, an activity has no definition.
                    let is_left_out = format == "ids" && place.contains("definition");
                    assert!(is_left_out || kept.contains(value), "{value} in {kept}");
                }
                // What is said of an activity does not count for equality.
                let other = text.replace(value, "1");
                let status = if place.contains("definition") { 200 } else { 409 };
                client.post("/statements").json_text(&other).send().expect(status);
            }
        }
    });
}

#[test]
fn refuses_duplicate_keys_and_lone_surrogates_elsewhere() {
    both(|client| {
        for place in EXTENSIONS {
            for extensions in [
                r#"{"https://example.org/x":1,"https://example.org/x":1}"#,
                r#"{"https://example.org/\ud800":1}"#,
            ] {
                let (_, text) = with_extensions(place, extensions);
                client.post("/statements").json_text(&text).send().expect(400);
            }
        }
        for place in ["/result/response", "/verb/display/de", "/actor/name"] {
            let statement = set(place, "{}").apply(&make::rich_statement()).to_string();
            let text = statement.replacen("\"{}\"", r#""\ud800""#, 1);
            let answer = client.post("/statements").json_text(&text).send().expect(400);
            assert!(answer.text().contains(place), "the place is named: {}", answer.text());
        }
    });
}

#[test]
fn refuses_an_extension_whose_key_is_no_iri() {
    for place in EXTENSIONS {
        let keys = ["should fail", "", "key", "example.org/x", "http://example.org/a b"];
        refuses_at_both_levels(&keys.map(|key| set(place, json!({key: true}))));
    }
}

#[test]
fn refuses_extensions_that_are_no_object() {
    for place in EXTENSIONS {
        let values = [json!("text"), json!(7), json!([]), json!(true)];
        refuses_at_both_levels(&values.map(|value| set(place, value)));
    }
}

#[test]
fn takes_only_known_versions_of_statements() {
    both(|client| {
        let later = client.version() == Version::V2_0_0;
        let rows = [
            ("1.0", true),
            ("1.0.0", true),
            ("1.0.3", true),
            ("1.0.9", true),
            ("2.0", later),
            ("2.0.0", later),
            ("2.1.0", later),
            ("2", false),
            ("should fail", false),
            ("0.9", false),
            ("0.9.9", false),
            ("1.1.0", false),
            ("3.0.0", false),
            ("1", false),
        ];
        for (text, is_accepted) in rows {
            let statement = set("/version", text).apply(&make::rich_statement());
            check(client, &statement, is_accepted, text);
        }
    });
}

#[test]
fn requires_every_property_of_an_attachment() {
    let names = ["usageType", "display", "contentType", "length", "sha2"];
    refuses(make::rich_statement, &names.map(|name| remove(format!("/attachments/0/{name}"))));
    accepts(make::rich_statement, &[remove("/attachments/0/description")]);
}

#[test]
fn refuses_attachments_in_the_wrong_form() {
    let at = |name: &str, value: Value| set(format!("/attachments/0/{name}"), value);
    refuses(
        make::rich_statement,
        &[
            at("usageType", json!("should fail")),
            at("usageType", json!(7)),
            at("display", json!("text")),
            at("display", json!({"a12345678": "text"})),
            at("description", json!("text")),
            at("contentType", json!(7)),
            at("contentType", json!("should fail")),
            at("length", json!("27")),
            at("length", json!(27.5)),
            at("length", json!(-1)),
            at("length", json!({})),
            at("sha2", json!("should fail")),
            at("sha2", json!(7)),
            at("fileUrl", json!("should fail")),
            at("fileUrl", json!(7)),
            at("unknown", json!("x")),
            set("/attachments", json!({})),
            set("/attachments", json!("text")),
            set("/attachments/0", json!("text")),
        ],
    );
}
