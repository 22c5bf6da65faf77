//! Answers compared with those of a slow and simple computation over the statements.

mod groups;
mod naive;
mod pages;
mod persons;
mod reach;
mod settings;
mod withheld;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use acta_storage::directory::TenantSettings;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::rows::batch::Batch;
use crate::tenant::Addition;
use naive::Sample;

static SETTINGS: LazyLock<TenantSettings> = LazyLock::new(TenantSettings::default);

const LIMITS: QueryLimits = QueryLimits { memory_bytes: 256 << 20, threads: 2 };

/// Far in the future, so that no period is incomplete.
const NOW: i64 = i64::MAX;

/// Facts of samples, added in pages, of which some are written to disk.
fn facts_of(samples: &[Sample], folder: &std::path::Path) -> TenantFacts {
    let mut facts = TenantFacts::open(folder, "").unwrap();
    for (number, page) in samples.chunks(7).enumerate() {
        facts.add(&addition_of(page, samples)).unwrap();
        if number % 3 == 1 {
            facts.flush().unwrap();
        }
        if number % 5 == 4 {
            // What was only in memory is read from the log again.
            facts = TenantFacts::open(folder, "").unwrap();
            let saved = facts.view().sequence;
            let stored =
                samples.iter().take_while(|it| it.sequence <= page[page.len() - 1].sequence);
            let lost: Vec<_> = stored.filter(|it| saved < it.sequence).cloned().collect();
            facts.add(&addition_of(&lost, samples)).unwrap();
        }
    }
    facts
}

/// What the follower adds of a page: what is voided is found by sequence if it is stored, and
/// otherwise awaited.
fn addition_of(page: &[Sample], samples: &[Sample]) -> Addition {
    let mut addition = Addition { batch: Batch::default(), ..Addition::default() };
    for sample in page {
        addition.batch.push(&(&sample.stored()).into());
        let target = samples.iter().find(|it| Some(it.sequence) == sample.voids);
        match target {
            Some(target) if target.sequence < sample.sequence => {
                addition.voided.push(target.sequence);
            }
            Some(target) => addition.awaited.push(target.id()),
            None => {}
        }
    }
    addition
}

fn asked(now: i64) -> Asked<'static> {
    Asked { limits: LIMITS, now, stop: &|| false, settings: &SETTINGS, reach: None }
}

#[track_caller]
fn answered(facts: &TenantFacts, question: Json) -> Answer {
    let question: Question = serde_json::from_value(question).unwrap();
    answer(facts, &question, &Arc::default(), asked(NOW)).unwrap()
}

/// The rows of an answer by the values of their dimensions, numbers rounded.
fn by_dimensions(rows: &[Vec<Json>], dimensions: usize) -> BTreeMap<String, Vec<Json>> {
    let round = |value: &Json| match value.as_f64() {
        Some(number) => json!((number * 1e6).round() / 1e6),
        None => value.clone(),
    };
    let rows = rows.iter().map(|row| {
        let (key, values) = row.split_at(dimensions);
        (Json::from(key.to_vec()).to_string(), values.iter().map(round).collect())
    });
    rows.collect()
}

fn any_condition() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        (0..4_u8).prop_map(|it| json!({"field": "verb", "is": format!("http://x.org/verb/{it}")})),
        (0..9_u8, 0..9_u8).prop_map(|(one, other)| json!({"field": "object", "in": [
            format!("http://x.org/activity/{one}"), format!("http://x.org/activity/{other}"), "http://x.org/none"]})),
        (0..6_u8).prop_map(|it| json!({"field": "grouping", "is": format!("http://x.org/activity/{it}")})),
        any::<bool>().prop_map(|it| json!({"field": "success", "is": it})),
        (0..10_u8).prop_map(|it| json!({"field": "score.scaled", "from": f64::from(it) / 10.0})),
        (0..10_u8).prop_map(|it| json!({"field": "score.scaled", "to": f64::from(it) / 10.0})),
        (1..28_u8, 1..28_u8).prop_map(|(from, to)| json!({"field": "timestamp",
            "from": format!("2026-03-{from:02}"), "to": format!("2026-04-{to:02}")})),
        any::<bool>().prop_map(|it| json!({"field": "duration", "exists": it})),
        Just(json!({"field": "object.name", "contains": "NAME 3"})),
        (0..120_u8).prop_map(|it| json!({"field": "sequence", "is": it})),
        (0..120_u8, 0..120_u8).prop_map(|(one, other)| json!({"field": "sequence", "in": [one, other]})),
        (0..120_u8, 0..120_u8).prop_map(|(from, to)| json!({"field": "sequence", "from": from, "to": to})),
        (0..3_u8).prop_map(|it| json!({"field": "result.extensions.http://x.org/e", "is": it})),
        Just(json!({"field": "result.extensions.http://x.org/e", "is": "text"})),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| json!({"and": parts})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| json!({"or": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

fn any_dimensions() -> impl Strategy<Value = Vec<Json>> {
    let all = vec![
        json!("verb"),
        json!("object"),
        json!("success"),
        json!("grouping"),
        json!("course"),
        json!("person"),
        json!("object.type"),
        json!({"field": "timestamp", "by": "day"}),
        json!({"field": "timestamp", "by": "week", "name": "week"}),
        json!({"field": "timestamp", "by": "month", "name": "month"}),
        json!({"field": "timestamp", "by": "hour_of_day", "name": "hour"}),
        json!({"field": "score.scaled", "width": 0.25, "name": "band"}),
        json!("result.extensions.http://x.org/e"),
    ];
    prop::sample::subsequence(all, 0..4).prop_shuffle()
}

fn measures() -> Json {
    json!([
        {"measure": "count"},
        {"measure": "distinct", "of": "person"},
        {"measure": "distinct", "of": "object", "where": {"field": "success", "is": true}, "name": "succeeded"},
        {"measure": "sum", "of": "duration"},
        {"measure": "mean", "of": "score.scaled"},
        {"measure": "min", "of": "score.scaled"},
        {"measure": "max", "of": "score.scaled"},
        {"measure": "median", "of": "duration"},
        {"measure": "percentile", "of": "duration", "at": 90, "name": "p90"},
        {"measure": "first", "of": "verb"},
        {"measure": "last", "of": "score.scaled", "name": "latest"},
        {"measure": "rate", "of": "success"},
        {"measure": "formula", "formula": "succeeded / count", "name": "share"},
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn rows_are_the_samples_in_the_order_of_time(
        samples in prop::collection::vec(Sample::any(), 0..60),
    ) {
        let samples = naive::numbered(samples);
        let folder = tempfile::tempdir().unwrap();
        let facts = facts_of(&samples, folder.path());
        let fields = ["verb", "success", "score.scaled", "timestamp", "parent", "stored"];
        let question = RowsQuestion {
            fields: fields.map(str::to_owned).to_vec(),
            filter: serde_json::from_value(json!({"field": "success", "exists": true})).unwrap(),
            zone: None,
        };
        let found = rows(&facts, &question, &Arc::default(), asked(NOW)).unwrap();
        let expected = naive::judged(&samples);
        prop_assert_eq!(found.count, expected.len());
        prop_assert_eq!(naive::rows_as_texts(&found), expected);
    }

    #[test]
    fn answers_as_a_slow_computation_does(
        samples in prop::collection::vec(Sample::any(), 0..120),
        condition in prop::option::of(any_condition()),
        dimensions in any_dimensions(),
        zone in prop_oneof![Just("UTC"), Just("Europe/Zurich"), Just("America/New_York")],
    ) {
        let samples = naive::numbered(samples);
        let folder = tempfile::tempdir().unwrap();
        let facts = facts_of(&samples, folder.path());
        let mut question = json!({"measures": measures(), "dimensions": dimensions, "zone": zone,
            "totals": true, "limit": 100_000});
        if let Some(condition) = &condition {
            question["where"] = condition.clone();
        }
        let found = answered(&facts, question.clone());
        let expected = naive::answer(&samples, &question);
        prop_assert_eq!(
            by_dimensions(&found.rows, dimensions.len()),
            by_dimensions(&expected, dimensions.len()),
            "{}", question
        );
        question["dimensions"] = json!([]);
        let whole = naive::answer(&samples, &question);
        prop_assert_eq!(
            by_dimensions(&[found.totals.unwrap()], 0),
            by_dimensions(&whole, 0)
        );
    }
}

/// Ten statements on as many days: the verb of each, and whether it was a success.
fn ten(folder: &std::path::Path) -> TenantFacts {
    let samples = (0..10).map(|number| Sample {
        day: number,
        verb: number % 2,
        success: Some(number < 5),
        ..Sample::default()
    });
    facts_of(&naive::numbered(samples.collect()), folder)
}

#[test]
fn computes_measures_along_periods() {
    let folder = tempfile::tempdir().unwrap();
    let found = answered(
        &ten(folder.path()),
        json!({
            "measures": [
                {"measure": "count"},
                {"measure": "running_total", "of": "count", "name": "so far"},
                {"measure": "change", "of": "count", "name": "more"},
            ],
            "dimensions": [{"field": "timestamp", "by": "week"}],
        }),
    );
    let expected = [
        json!(["2026-02-23", 1, 1, null]),
        json!(["2026-03-02", 7, 8, 6]),
        json!(["2026-03-09", 2, 10, -5]),
    ];
    assert_eq!(found.rows.into_iter().map(Json::from).collect::<Vec<_>>(), expected);
}

#[test]
fn computes_measures_of_measures_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let question = json!({
        "measures": [
            {"measure": "count"},
            {"measure": "running_total", "of": "count", "name": "so_far"},
            {"measure": "formula", "formula": "so_far / 2", "name": "half"},
            {"measure": "change", "of": "half", "name": "growth"},
        ],
        "dimensions": [{"field": "timestamp", "by": "week"}],
    });
    let found = answered(&ten(folder.path()), question);
    let growth: Vec<&Json> = found.rows.iter().map(|row| &row[4]).collect();
    assert_eq!(growth, [&Json::Null, &json!(3.5), &json!(1)]);
}

#[test]
fn orders_first_and_last_texts_as_texts() {
    let folder = tempfile::tempdir().unwrap();
    let verbs = [3, 1, 2];
    let samples = (0..).zip(verbs).map(|(day, verb)| Sample { day, verb, ..Sample::default() });
    let facts = facts_of(&naive::numbered(samples.collect()), folder.path());
    let question = json!({
        "measures": [{"measure": "first", "of": "verb", "name": "it"}],
        "dimensions": [{"field": "timestamp", "by": "day"}],
        "order": [{"by": "it", "descending": true}],
    });
    let found = answered(&facts, question);
    let verbs: Vec<_> = found.rows.iter().map(|row| row[1].as_str().unwrap()).collect();
    assert_eq!(verbs, [3, 2, 1].map(|verb| format!("http://x.org/verb/{verb}")));
}

#[test]
fn one_row_with_many_activities_cannot_take_all_memory() {
    let folder = tempfile::tempdir().unwrap();
    let many = (0..100).collect::<Vec<_>>();
    let sample = Sample { grouping: many, ..Sample::default() };
    let facts = facts_of(&naive::numbered(vec![sample]), folder.path());
    let measures = json!([{"measure": "count"}]);
    let twice = json!({"measures": measures, "dimensions": [
        "grouping", {"field": "grouping", "name": "again"}]});
    let question: Question = serde_json::from_value(twice).unwrap();
    let error = answer(&facts, &question, &Arc::default(), asked(NOW)).unwrap_err();
    let QueryError::Fault(fault) = error else { panic!("{error}") };
    assert_eq!(
        (fault.place.as_str(), fault.text.as_str()),
        ("/dimensions/1", "the same activities are a dimension before")
    );
    let rows: Vec<Sample> =
        (0..300).map(|_| Sample { grouping: (0..100).collect(), ..Sample::default() }).collect();
    let folder = tempfile::tempdir().unwrap();
    let facts = facts_of(&naive::numbered(rows), folder.path());
    let question = json!({"measures": measures, "dimensions": ["grouping", "object"]});
    assert_eq!(answered(&facts, question.clone()).rows.len(), 100);
    let question: Question = serde_json::from_value(question).unwrap();
    let limits = QueryLimits { memory_bytes: 100_000, threads: 1 };
    let refused = answer(&facts, &question, &Arc::default(), Asked { limits, ..asked(NOW) });
    assert!(matches!(refused, Err(QueryError::TooLarge(100_000))), "{refused:?}");
}

#[test]
fn refuses_answers_whose_groups_and_measures_take_too_much_memory() {
    let folder = tempfile::tempdir().unwrap();
    let samples = (0..60_u32).map(|at| Sample { activity: at, person: at, ..Sample::default() });
    let facts = facts_of(&naive::numbered(samples.collect()), folder.path());
    let mut measures = vec![json!({"measure": "count"})];
    measures.extend(
        (0..49).map(|at| json!({"measure": "formula", "formula": "count", "name": at.to_string()})),
    );
    let question = json!({"measures": measures, "dimensions": ["object"]});
    let question: Question = serde_json::from_value(question).unwrap();
    let ask = |memory_bytes| {
        let limits = QueryLimits { memory_bytes, threads: 1 };
        answer(&facts, &question, &Arc::default(), Asked { limits, ..asked(NOW) })
    };
    assert!(matches!(ask(20_000), Err(QueryError::TooLarge(20_000))));
    assert_eq!(ask(200_000).unwrap().rows.len(), 60);
}

#[test]
fn sorts_cuts_and_labels_rows() {
    let folder = tempfile::tempdir().unwrap();
    let facts = ten(folder.path());
    let question = json!({
        "measures": [{"measure": "count"}, {"measure": "rate", "of": "success"}],
        "dimensions": ["verb"],
        "order": [{"by": "rate of success"}, {"by": "verb"}],
        "limit": 1,
    });
    let found = answered(&facts, question);
    assert_eq!(found.rows, [vec![json!("http://x.org/verb/1"), json!(5), json!(0.4)]]);
    assert_eq!((found.group_count, found.fact_count, found.sequence), (2, 10, 10));
    assert_eq!(found.labels["verb"]["http://x.org/verb/1"], "Verb 1");
}

#[test]
fn marks_periods_that_are_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let facts = ten(folder.path());
    let question = json!({
        "measures": [{"measure": "count"}],
        "dimensions": [{"field": "timestamp", "by": "week"}],
        "where": {"field": "timestamp", "from": "2026-02-25"},
    });
    let question: Question = serde_json::from_value(question).unwrap();
    let now = "2026-03-10T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let found = answer(&facts, &question, &Arc::default(), asked(now)).unwrap();
    assert_eq!(found.incomplete, [0, 2]);
}

#[test]
fn periods_of_storage_are_whole_by_when_statements_were_stored() {
    let folder = tempfile::tempdir().unwrap();
    let facts = ten(folder.path());
    let found = |from: &str| {
        let question = json!({
            "measures": [{"measure": "count"}],
            "dimensions": [{"field": "stored", "by": "day"}],
            "where": {"and": [{"field": "timestamp", "from": "2026-01-01"},
                {"field": "stored", "from": from}]},
        });
        answered(&facts, question).incomplete
    };
    assert_eq!(found("2027-01-15"), [0_usize; 0]);
    assert_eq!(found("2027-01-15T01:00:00Z"), [0]);
}

#[test]
fn the_audit_records_which_fields_measures_test() {
    let question: Question = serde_json::from_value(json!({
        "measures": [{"measure": "count", "where": {"field": "person", "is": "somebody"}}],
    }))
    .unwrap();
    assert_eq!(question.measures_and_dimensions()["where"], json!(["person"]));
}

#[track_caller]
fn check_fault(question: Json, place: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let question: Question = serde_json::from_value(question).unwrap();
    let error = answer(&ten(folder.path()), &question, &Arc::default(), asked(NOW)).unwrap_err();
    let QueryError::Fault(fault) = error else { panic!("{error}") };
    assert_eq!(fault.place, place);
    assert!(fault.text.starts_with(text), "{}", fault.text);
}

#[test]
fn names_what_is_wrong_with_a_question() {
    let count = json!([{"measure": "count"}]);
    check_fault(json!({"measures": []}), "/measures", "expected 1 to 50 measures");
    check_fault(
        json!({"measures": [{"measure": "most"}]}),
        "/measures/0/measure",
        "there is no measure \"most\"",
    );
    check_fault(
        json!({"measures": [{"measure": "sum", "of": "verb"}]}),
        "/measures/0/of",
        "expected a field of numbers",
    );
    check_fault(
        json!({"measures": [{"measure": "sum", "of": "colour"}]}),
        "/measures/0/of",
        "there is no field",
    );
    check_fault(
        json!({"measures": [{"measure": "percentile", "of": "duration"}]}),
        "/measures/0/at",
        "expected a number from 0",
    );
    check_fault(
        json!({"measures": [{"measure": "count"}, {"measure": "count"}]}),
        "/measures/1",
        "the name \"count\" is there",
    );
    check_fault(
        json!({"measures": [{"measure": "count"}, {"measure": "change", "of": "count"}]}),
        "/measures/1",
        "needs exactly one dimension",
    );
    check_fault(
        json!({"measures": count, "dimensions": ["timestamp"]}),
        "/dimensions/0/by",
        "a time needs a period",
    );
    check_fault(
        json!({"measures": count, "dimensions": ["credit"]}),
        "/dimensions/0/width",
        "a number needs the width",
    );
    check_fault(json!({"measures": count, "zone": "Mars"}), "/zone", "expected a time zone");
    check_fault(json!({"measures": count, "limit": 0}), "/limit", "expected a number from 1");
    check_fault(
        json!({"measures": count, "order": [{"by": "size"}]}),
        "/order/0/by",
        "no dimension and no measure",
    );
    check_fault(
        json!({"measures": count, "where": {"field": "verb"}}),
        "/where",
        "expected exactly one of",
    );
    check_fault(
        json!({"measures": count, "where": {"and": [{"field": "verb", "is": 3}]}}),
        "/where/and/0/is",
        "expected a text",
    );
    check_fault(
        json!({"measures": count, "where": {"field": "timestamp", "from": "soon"}}),
        "/where/from",
        "expected a date",
    );
    check_fault(json!({"measures": count, "where": {}}), "/where", "expected one of \"field\"");
}

#[test]
fn names_what_is_wrong_with_measures_of_measures_and_large_questions() {
    let count = json!([{"measure": "count"}]);
    let first = json!({"measure": "first", "of": "verb", "name": "it"});
    check_fault(
        json!({"measures": [first, {"measure": "formula", "formula": "it + 1"}]}),
        "/measures/1/formula",
        "the measure \"it\" is no number",
    );
    let day = json!([{"field": "timestamp", "by": "day"}]);
    check_fault(
        json!({"measures": [first, {"measure": "change", "of": "it"}], "dimensions": day}),
        "/measures/1/of",
        "the measure \"it\" is no number",
    );
    let long = format!("count{}", " + 1".repeat(300));
    check_fault(
        json!({"measures": [{"measure": "count"}, {"measure": "formula", "formula": long}]}),
        "/measures/1/formula",
        "more than 200 parts",
    );
    let of_lists = vec![json!({"field": "grouping", "is": "nowhere"}); 101];
    let conditions = json!({"measures": count, "where": {"or": of_lists}});
    check_fault(
        conditions,
        "/where/or/100",
        "at most 100 conditions about persons, groups or lists",
    );
}

#[test]
fn stops_when_nobody_waits_or_memory_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let facts = ten(folder.path());
    let question = json!({"measures": [{"measure": "count"}], "dimensions": ["person"]});
    let question: Question = serde_json::from_value(question).unwrap();
    let stopped =
        answer(&facts, &question, &Arc::default(), Asked { stop: &|| true, ..asked(NOW) });
    assert!(matches!(stopped, Err(QueryError::Stopped)), "{stopped:?}");
    let little = QueryLimits { memory_bytes: 8, threads: 1 };
    let refused =
        answer(&facts, &question, &Arc::default(), Asked { limits: little, ..asked(NOW) });
    assert!(matches!(refused, Err(QueryError::TooLarge(8))), "{refused:?}");
}
