//! Answers compared with those of the executor of questions, and with those of the same statement
//! in which the tables test nothing themselves.

use acta_facts::{Asked, QueryLimits, Question};
use acta_storage::directory::TenantSettings;

use super::*;

/// The rows of the answer to a question, without those that stand for nothing.
fn answered(question: Json) -> Vec<Vec<Json>> {
    let question: Question = serde_json::from_value(question).unwrap();
    let settings = TenantSettings::default();
    let limits = QueryLimits { memory_bytes: 64 << 20, threads: 2 };
    let asked = Asked { limits, now: i64::MAX, settings: &settings, reach: None, stop: &|| false };
    SIMULATED.store.answer(TENANT, &question, asked).unwrap().rows
}

/// Whether values are the same, numbers but for their last digits.
fn is_same(one: &Json, other: &Json) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1.0),
        _ => one == other,
    }
}

#[track_caller]
fn check(sql: &str, question: Json) {
    let (mut rows, mut expected) = (SIMULATED.rows(sql), answered(question));
    let key = |row: &Vec<Json>| row[0].to_string();
    rows.sort_by_key(key);
    expected.sort_by_key(key);
    assert!(!rows.is_empty(), "{sql}");
    assert_eq!(rows.len(), expected.len(), "{sql}");
    for (row, expected) in rows.iter().zip(&expected) {
        let is_same = row.iter().zip(expected).all(|(one, other)| is_same(one, other));
        assert!(is_same && row.len() == expected.len(), "{sql}: {row:?}, not {expected:?}");
    }
}

const ANSWERED: &str = "http://adlnet.gov/expapi/verbs/answered";

#[test]
fn statements_give_the_answers_of_questions() {
    let count = json!([{"measure": "count"}]);
    check("SELECT count(*) FROM facts", json!({"measures": count}));
    check(
        &format!(
            "SELECT count(*) FROM facts WHERE verb = '{ANSWERED}' AND timestamp >= '2025-06-01'"
        ),
        json!({"measures": count, "where": {"and": [
            {"field": "verb", "is": ANSWERED},
            {"field": "timestamp", "from": "2025-06-01"},
        ]}}),
    );
    check(
        "SELECT substr(timestamp, 1, 10), count(DISTINCT person), count(*) FROM facts GROUP BY 1",
        json!({"measures": [{"measure": "distinct", "of": "person"}, {"measure": "count"}],
            "dimensions": [{"field": "timestamp", "by": "day"}], "limit": 1000}),
    );
    check(
        "SELECT course, count(DISTINCT person), avg(credit), median(credit), sum(duration),
            percentile(duration, 90), avg(success)
         FROM facts WHERE course IS NOT NULL GROUP BY course",
        json!({"measures": [{"measure": "distinct", "of": "person"},
            {"measure": "mean", "of": "credit"}, {"measure": "median", "of": "credit"},
            {"measure": "sum", "of": "duration"},
            {"measure": "percentile", "of": "duration", "at": 90},
            {"measure": "rate", "of": "success"}],
            "dimensions": ["course"], "where": {"field": "course", "exists": true}}),
    );
    check(
        "SELECT object_name, count(*) FROM facts
         WHERE success = 0 AND score_scaled BETWEEN 0.1 AND 0.9 GROUP BY 1",
        json!({"measures": count, "dimensions": ["object.name"], "where": {"and": [
            {"field": "success", "is": false},
            {"field": "score.scaled", "from": 0.1, "to": 0.900_000_1},
        ]}}),
    );
    check(
        "SELECT value, count(*) FROM facts, json_each(facts.grouping) GROUP BY value",
        json!({"measures": count, "dimensions": ["grouping"],
            "where": {"field": "grouping", "exists": true}, "limit": 10_000}),
    );
}

#[test]
fn tables_test_columns_as_sqlite_does() {
    let person = SIMULATED.value("SELECT min(person) FROM facts");
    let person = person.as_str().unwrap();
    let middle = SIMULATED.value("SELECT timestamp FROM facts ORDER BY 1 LIMIT 1 OFFSET 3000");
    let middle = middle.as_str().unwrap();
    let conditions = [
        ("verb", format!("= '{ANSWERED}'")),
        ("verb", format!("IN ('{ANSWERED}', 'x', NULL)")),
        ("verb", "= 'http://nowhere.example'".to_owned()),
        ("verb", "> 'http://b'".to_owned()),
        ("verb", "= 5".to_owned()),
        ("verb", "IS NULL".to_owned()),
        ("verb", format!("= '{}' COLLATE NOCASE", ANSWERED.to_uppercase())),
        ("person", format!("= '{person}'")),
        ("person", "= (SELECT max(person) FROM persons)".to_owned()),
        ("registration", "IS NOT NULL".to_owned()),
        ("registration", "= upper('a')".to_owned()),
        ("timestamp", format!("= '{middle}'")),
        ("timestamp", format!(">= '{middle}'")),
        ("timestamp", format!("> '{middle}'")),
        ("timestamp", format!("<= '{middle}'")),
        ("timestamp", format!("< '{middle}'")),
        ("timestamp", "< '2025-03'".to_owned()),
        ("timestamp", "> 5".to_owned()),
        ("timestamp", "< NULL".to_owned()),
        ("sequence", "BETWEEN 5 AND 70".to_owned()),
        ("sequence", "> 5999.5".to_owned()),
        ("sequence", "< 9223372036854775807".to_owned()),
        ("success", "= 1".to_owned()),
        ("success", "= 0".to_owned()),
        ("success", "= 2".to_owned()),
        ("success", "= '1'".to_owned()),
        ("success", "IS NULL".to_owned()),
        ("credit", "> 0.5".to_owned()),
        ("credit", ">= 1".to_owned()),
        ("credit", "< 1".to_owned()),
        ("credit", "= 1.0".to_owned()),
        ("credit", "= '1'".to_owned()),
        ("credit", "IN (0, 1)".to_owned()),
        ("credit", "IS NOT NULL".to_owned()),
        ("duration", "<= 60".to_owned()),
        ("grouping", "IS NULL".to_owned()),
        ("context_extensions", "IS NULL".to_owned()),
    ];
    let mut found = 0;
    for (column, condition) in &conditions {
        let of = |condition: &str| {
            SIMULATED.rows(&format!("SELECT count(*), sum(sequence) FROM facts WHERE {condition}"))
        };
        let condition = format!("{column} {condition}");
        // Within a CASE, SQLite tests the column alone.
        let (rows, expected) = (of(&condition), of(&format!("CASE WHEN {condition} THEN 1 END")));
        assert_eq!(rows, expected, "{condition}");
        found += usize::from(0 < rows[0][0].as_u64().unwrap());
    }
    assert!(22 < found, "{found} conditions hold for some facts");
}

#[test]
fn parameters_narrow_as_literals_do() {
    let sql = "SELECT count(*) FROM facts WHERE verb = :verb AND timestamp >= :from";
    let rows = SIMULATED.rows_of(sql, Some(json!({"verb": ANSWERED, "from": "2025-06-01"})));
    let expected = format!(
        "SELECT count(*) FROM facts WHERE +verb = '{ANSWERED}' AND +timestamp >= '2025-06-01'"
    );
    assert_eq!(rows, SIMULATED.rows(&expected));
    assert!(0 < rows[0][0].as_u64().unwrap());
}
