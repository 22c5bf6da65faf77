//! What a tenant has set for questions: its time zone, and what courses are.

use acta_access::Defines;
use acta_ambient::Timestamp;
use acta_storage::directory::CourseRule;
use acta_xapi::{StatementId, Uuid, Version};

use super::*;
use crate::rows::batch::SourceStatement;

/// Facts of statements, each by its object and the members of `contextActivities`.
fn facts_of_contexts(folder: &std::path::Path, statements: &[(&str, &str)]) -> TenantFacts {
    let facts = TenantFacts::open(folder, "").unwrap();
    let mut addition = Addition::default();
    for (sequence, (object, context)) in (1..).zip(statements) {
        let text = format!(
            r#"{{"actor":{{"mbox":"mailto:a@x.org"}},"verb":{{"id":"http://v.org/v"}},
            "object":{object},"context":{{"contextActivities":{{{context}}}}},
            "timestamp":"2026-03-01T22:30:00Z"}}"#
        );
        addition.batch.push(&SourceStatement {
            sequence,
            id: StatementId(Uuid::from_u128(sequence.into())),
            stored: Timestamp::from_unix_micros(0),
            version: Version::V2_0_0,
            text: &text,
            voids: None,
            defines: Defines::All,
        });
    }
    facts.add(&addition).unwrap();
    facts
}

fn values(facts: &TenantFacts, settings: &TenantSettings, question: Json) -> Vec<Json> {
    let question: Question = serde_json::from_value(question).unwrap();
    let asked = Asked { settings, ..asked(NOW) };
    let answer = answer(facts, &question, &Arc::default(), asked).unwrap();
    answer.rows.into_iter().map(|mut row| row.swap_remove(0)).collect()
}

const COURSE: &str = r#"{"id":"http://a.org/course","definition":
    {"type":"http://adlnet.gov/expapi/activities/course"}}"#;
const OWN: &str = r#"{"id":"http://a.org/own","definition":{"type":"http://t.org/own"}}"#;
const PLAIN: &str = r#"{"id":"http://a.org/plain"}"#;
const AGENT: &str = r#"{"objectType":"Agent","mbox":"mailto:b@x.org"}"#;

#[test]
fn the_course_is_what_the_first_step_finds() {
    let folder = tempfile::tempdir().unwrap();
    let parent = format!(r#""parent":[{PLAIN},{OWN}]"#);
    let grouping = format!(r#""grouping":[{OWN},{COURSE}]"#);
    let both = format!("{parent},{grouping}");
    let category = format!(r#""category":[{PLAIN}]"#);
    let statements = [
        (PLAIN, parent.as_str()),
        (PLAIN, &grouping),
        (PLAIN, &both),
        (COURSE, &category),
        (AGENT, ""),
    ];
    let facts = facts_of_contexts(folder.path(), &statements);
    let own = "http://t.org/own";
    let usual = CourseRule::USUAL_TYPES[0];
    // The steps, the types, and the course of each statement.
    let table = [
        ("parent grouping object", usual, ["", "course", "course", "course", ""]),
        ("parent grouping object", own, ["own", "own", "own", "", ""]),
        ("grouping parent", own, ["own", "own", "own", "", ""]),
        ("parent any_parent object", usual, ["plain", "", "plain", "course", ""]),
        ("category any_category", own, ["", "", "", "plain", ""]),
        ("grouping any_object", usual, ["plain", "course", "course", "course", ""]),
        ("other any_other", own, ["", "", "", "", ""]),
    ];
    for (steps, types, expected) in table {
        let steps = steps.split(' ').map(|step| step.parse().unwrap()).collect();
        let course = CourseRule::new(steps, vec![types.to_owned()]).unwrap();
        let rule = format!("{course:?}");
        let settings = TenantSettings { course, ..TenantSettings::default() };
        let question = RowsQuestion { fields: vec!["course".to_owned()], ..Default::default() };
        let asked = Asked { settings: &settings, ..asked(NOW) };
        let rows = rows(&facts, &question, &Arc::default(), asked).unwrap();
        let RowColumn::Texts { places, texts } = &rows.columns[0] else { panic!("{rule}") };
        let names = places
            .iter()
            .map(|place| texts[*place as usize].strip_prefix("http://a.org/").unwrap_or_default());
        assert_eq!(names.collect::<Vec<_>>(), expected, "{rule}");
    }
}

#[test]
fn a_question_without_a_zone_is_about_that_of_the_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let facts = facts_of_contexts(folder.path(), &[(PLAIN, "")]);
    let question = |zone: Option<&str>| {
        json!({"measures": [{"measure": "count"}], "zone": zone,
            "dimensions": [{"field": "timestamp", "by": "day"}],
            "where": {"field": "timestamp", "from": "2026-03-01"}})
    };
    let zone = Some("Asia/Tokyo".to_owned());
    let settings = TenantSettings { zone, ..TenantSettings::default() };
    assert_eq!(values(&facts, &TenantSettings::default(), question(None)), ["2026-03-01"]);
    assert_eq!(values(&facts, &settings, question(None)), ["2026-03-02"]);
    assert_eq!(values(&facts, &settings, question(Some("Europe/Zurich"))), ["2026-03-01"]);
}
