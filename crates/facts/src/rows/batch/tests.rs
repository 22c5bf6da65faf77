//! Statements and the rows that they become.

use acta_ambient::Timestamp;
use acta_xapi::{ParseLimits, StatementId, StatementText, parse_statement};

use super::*;
use crate::rows::block::Block;
use crate::rows::fields::{CodeColumn, Domain, IntColumn};
use crate::tenant::{Attribute, Texts, encode};

fn stored(text: &str, defines: Defines) -> TransferredStatement {
    let parsed =
        parse_statement(text.as_bytes(), Version::V1_0_3, &ParseLimits::default()).unwrap();
    TransferredStatement {
        sequence: 7,
        id: StatementId(Uuid::from_u128(5)),
        stored: Timestamp::from_unix_micros(1_000),
        version: Version::V1_0_3,
        fingerprint: parsed.fingerprint,
        salt: [0; 16],
        target: parsed.target(),
        is_voiding: parsed.voids().is_some(),
        text: StatementText { text: text.to_owned(), is_timestamp_stored: false },
        defines,
    }
}

fn encoded(text: &str, defines: Defines) -> (Block, Texts) {
    let mut batch = Batch::default();
    batch.push(&(&stored(text, defines)).into());
    let mut texts = Texts::default();
    let block = encode(&batch, &mut texts);
    (block, texts)
}

const WHOLE: &str = r#"{
    "actor": {"name": "Ada", "account": {"homePage": "https://lms.example", "name": "ada"}},
    "verb": {"id": "http://v.org/passed", "display": {"de": "bestand", "en-US": "passed"}},
    "object": {"id": "http://a.org/1", "definition": {
        "name": {"fr": "Feu"}, "type": "http://t.org/quiz", "interactionType": "choice"}},
    "result": {"success": true, "completion": false, "response": "a[,]b", "duration": "PT1M30.5S",
        "score": {"raw": 3, "min": 1, "max": 5},
        "extensions": {"http://e.org/n": 2.5, "http://e.org/list": [1]}},
    "context": {"registration": "11111111-2222-4333-8444-555555555555", "platform": "App",
        "language": "en", "contextActivities": {"parent": [{"id": "http://a.org/p"}],
            "grouping": [{"id": "http://a.org/g"}, {"id": "http://a.org/h"}]},
        "extensions": {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "s1",
            "http://e.org/flag": true}},
    "timestamp": "2026-03-01T10:00:00.5+01:00",
    "authority": {"account": {"homePage": "https://lrs.example", "name": "key1"}}
}"#;

#[test]
#[expect(clippy::cognitive_complexity, reason = "every assertion counts as a branch")]
fn a_statement_becomes_a_row() {
    let (block, texts) = encoded(WHOLE, Defines::All);
    let code = |column: CodeColumn| block.codes[column.index()][0];
    let text = |column: CodeColumn| texts.of(column.domain().unwrap()).text(code(column));
    let number = |column: NumberColumn| block.numbers[column.index()][0];
    assert_eq!(
        text(CodeColumn::Actor),
        r#"{"account":{"homePage":"https://lms.example","name":"ada"}}"#
    );
    assert_eq!(text(CodeColumn::Verb), "http://v.org/passed");
    assert_eq!(text(CodeColumn::Object), "http://a.org/1");
    assert_eq!(text(CodeColumn::Platform), "App");
    assert_eq!(text(CodeColumn::Language), "en");
    assert_eq!(text(CodeColumn::Session), "s1");
    assert_eq!(text(CodeColumn::Response), "a[,]b");
    assert_eq!(text(CodeColumn::Source), "key1");
    let groupings: Vec<_> = texts
        .list(code(CodeColumn::Grouping))
        .map(|activity| texts.of(Domain::Activities).text(activity))
        .collect();
    assert_eq!(groupings, ["http://a.org/g", "http://a.org/h"]);
    assert_eq!((code(CodeColumn::Success), code(CodeColumn::Completion)), (2, 1));
    assert_eq!(code(CodeColumn::ObjectKind), ObjectKind::Activity as u32);
    let registration = texts.of(Domain::Registrations).bytes(code(CodeColumn::Registration));
    assert_eq!(registration, 0x1111_1111_2222_4333_8444_5555_5555_5555_u128.to_be_bytes());
    assert!((number(NumberColumn::Credit) - 0.5).abs() < 1e-12);
    assert!((number(NumberColumn::Duration) - 90.5).abs() < 1e-12);
    assert!(number(NumberColumn::Scaled).is_nan());
    assert_eq!(block.ints(IntColumn::Timestamp), [1_772_355_600_500_000]);
    assert_eq!(block.ints(IntColumn::Sequence), [7]);
    let extension = |place: &str| texts.of(Domain::Extensions).find(place.as_bytes());
    let number = u16::try_from(extension("result:http://e.org/n").unwrap()).unwrap();
    assert_eq!(block.extension_numbers[&number], [2.5]);
    let flag = u16::try_from(extension("context:http://e.org/flag").unwrap()).unwrap();
    assert_eq!(texts.of(Domain::Texts).text(block.extension_texts[&flag][0]), "true");
    assert_eq!(extension("result:http://e.org/list"), None);
}

#[test]
fn names_and_types_come_only_from_those_who_may_define() {
    let table = [
        (Defines::All, ["Feu", "http://t.org/quiz", "choice", "Ada", "passed"]),
        (Defines::Object, ["Feu", "http://t.org/quiz", "choice", "", "passed"]),
        (Defines::Nothing, ["", "", "", "", "passed"]),
    ];
    for (defines, expected) in table {
        let (block, texts) = encoded(WHOLE, defines);
        let of = |attribute: Attribute, column: CodeColumn| {
            let code = block.codes[column.index()][0] as usize;
            let value = texts.attribute(attribute).get(code).copied().unwrap_or_default();
            texts.of(attribute.domain()).text(value)
        };
        let found = [
            of(Attribute::ActivityName, CodeColumn::Object),
            of(Attribute::ActivityType, CodeColumn::Object),
            of(Attribute::ActivityInteraction, CodeColumn::Object),
            of(Attribute::ActorName, CodeColumn::Actor),
            of(Attribute::VerbName, CodeColumn::Verb),
        ];
        assert_eq!(found, expected, "{defines:?}");
    }
}

#[test]
fn the_one_score_is_the_best_that_is_known() {
    let table = [
        (r#"{"score":{"scaled":0.25,"raw":9,"min":0,"max":10},"success":true}"#, 0.25),
        (r#"{"score":{"raw":9,"min":0,"max":10},"success":false}"#, 0.9),
        (r#"{"score":{"raw":9},"success":false}"#, 0.0),
        (r#"{"success":true}"#, 1.0),
        (r#"{"completion":true}"#, f64::NAN),
    ];
    for (result, expected) in table {
        let text = format!(
            r#"{{"actor":{{"mbox":"mailto:a@b.org"}},"verb":{{"id":"http://v.org"}},
                "object":{{"id":"http://a.org"}},"result":{result}}}"#
        );
        let credit = encoded(&text, Defines::All).0.numbers[NumberColumn::Credit.index()][0];
        assert!(credit.total_cmp(&expected).is_eq(), "{result}: {credit}");
    }
}

#[test]
fn a_voiding_statement_names_its_target() {
    let text = r#"{"actor":{"mbox":"mailto:a@b.org"},
        "verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},
        "object":{"objectType":"StatementRef","id":"11111111-2222-4333-8444-555555555555"}}"#;
    let mut batch = Batch::default();
    batch.push(&(&stored(text, Defines::All)).into());
    batch.push_erased(8, 2_000);
    assert_eq!(batch.rows[0].voids, Some(0x1111_1111_2222_4333_8444_5555_5555_5555));
    assert_eq!(batch.rows[0].timestamp, 1_000, "without a timestamp, that of storing counts");
    assert_eq!(batch.last, Some(LastRecord { sequence: 8, id: 0, stored: 2_000 }));
}

#[test]
fn texts_are_cut_between_characters() {
    assert_eq!(cut("héllo", 2), "h");
    assert_eq!(cut("héllo", 3), "hé");
    assert_eq!(cut("h", 3), "h");
}

#[test]
fn a_name_is_that_of_the_language_or_else_english() {
    // The language, the names, and the one that is taken.
    let table = [
        ("", r#"{"fr":"Feu","en-GB":"Fire"}"#, "Fire"),
        ("", r#"{"en-GB":"Fire","EN":"Flame"}"#, "Flame"),
        ("", r#"{"fr":"Feu","de":"Feuer"}"#, "Feu"),
        ("de", r#"{"en":"Fire","DE":"Feuer"}"#, "Feuer"),
        ("de", r#"{"en":"Fire","de-CH":"Brand"}"#, "Brand"),
        ("de-AT", r#"{"en":"Fire","de-CH":"Brand","de":"Feuer"}"#, "Feuer"),
        ("de-AT", r#"{"en":"Fire","de":"Feuer","de-AT":"Glut"}"#, "Glut"),
        ("de", r#"{"fr":"Feu","den":"?","en":"Fire"}"#, "Fire"),
        ("de", r#"{"fr":"Feu"}"#, "Feu"),
    ];
    for (language, names, expected) in table {
        let text = WHOLE.replace(r#"{"fr": "Feu"}"#, names);
        let mut batch = Batch::in_language(language);
        batch.push(&(&stored(&text, Defines::All)).into());
        let found = batch.definitions.iter().map(|it| batch.text(it.name));
        assert_eq!(found.collect::<Vec<_>>(), [expected], "{language}: {names}");
    }
}
