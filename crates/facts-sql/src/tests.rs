//! Statements over simulated facts: their answers, and the ends of those that would never end.

mod answers;
mod hostile;
mod tables;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use acta_access::{Defines, TenantId};
use acta_ambient::{Clock, SystemClock, Timestamp};
use acta_facts::{CourseRule, FactStore, Rows, SourceStatement};
use acta_simulator::{Config, Simulation};
use acta_storage::persons::Persons;
use acta_xapi::{StatementId, Uuid, Version};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::{SqlError, SqlFormat, SqlLimits, SqlParameters, SqlQuestion, ask};

const TENANT: TenantId = TenantId::FIRST;

/// Facts of one tenant.
struct World {
    store: FactStore,
    persons: Arc<Persons>,
    limits: SqlLimits,
    timeout: Duration,
    _folder: TempDir,
}

/// The same simulated facts for all tests, in a segment and in memory.
static SIMULATED: LazyLock<World> = LazyLock::new(|| {
    let config = Config {
        seed: 7,
        first_day: "2025-01-01".parse().unwrap(),
        days: 400,
        statements: 6_000,
        learners: 40,
        courses: 3,
        version: Version::V1_0_3,
    };
    let mut simulation = Simulation::new(config).unwrap();
    let (mut texts, mut text) = (Vec::new(), String::new());
    while simulation.next_into(&mut text) {
        texts.push(std::mem::take(&mut text));
    }
    let world = World::new();
    let (on_disk, in_memory) = texts.split_at(4_000);
    world.add(1, on_disk);
    world.store.flush(TENANT).unwrap();
    world.add(4_001, in_memory);
    world
});

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FactStore::open(&folder.path().join("facts")).unwrap();
        let limits =
            SqlLimits { memory_bytes: 32 << 20, rows_max: 10_000, answer_bytes_max: 4 << 20 };
        let timeout = Duration::from_mins(1);
        Self { store, persons: Arc::default(), limits, timeout, _folder: folder }
    }

    /// Adds statements in the order of the log, the first with a sequence.
    fn add<T: AsRef<str>>(&self, sequence: u64, texts: &[T]) {
        let statements = (sequence..).zip(texts).map(|(sequence, text)| {
            let text = text.as_ref();
            let parsed: Json = serde_json::from_str(text).unwrap();
            let id: Uuid = match parsed["id"].as_str() {
                Some(id) => id.parse().unwrap(),
                None => Uuid::from_u128(sequence.into()),
            };
            let is_voiding = parsed["verb"]["id"] == "http://adlnet.gov/expapi/verbs/voided";
            let voids = parsed["object"]["id"].as_str().filter(|_| is_voiding);
            SourceStatement {
                sequence,
                id: StatementId(id),
                stored: Timestamp::from_unix_micros(
                    1_767_225_600_000_000 + sequence.cast_signed() * 1_000_000,
                ),
                version: Version::V1_0_3,
                text,
                voids: voids.map(|id| StatementId(id.parse().unwrap())),
                defines: Defines::All,
            }
        });
        self.store.append(TENANT, Rows::of(statements)).unwrap();
    }

    fn ask(&self, question: &SqlQuestion) -> Result<Vec<u8>, SqlError> {
        let table = self.store.table(TENANT, &CourseRule::default(), &self.persons);
        let (clock, timeout) = (SystemClock::new(), self.timeout);
        let stop = Arc::new(move || timeout < clock.elapsed());
        ask(table, question, &self.limits, stop)
    }

    /// The rows of the answer to a statement with parameters.
    #[track_caller]
    fn rows_of(&self, sql: &str, parameters: Option<Json>) -> Vec<Vec<Json>> {
        let parameters = parameters.map(|it| serde_json::from_value::<SqlParameters>(it).unwrap());
        let question = SqlQuestion { sql: sql.to_owned(), parameters, format: SqlFormat::Json };
        let answer = self.ask(&question).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let answer: Json = serde_json::from_slice(&answer).unwrap();
        serde_json::from_value(answer["rows"].clone()).unwrap()
    }

    #[track_caller]
    fn rows(&self, sql: &str) -> Vec<Vec<Json>> {
        self.rows_of(sql, None)
    }

    /// The only value of an answer.
    #[track_caller]
    fn value(&self, sql: &str) -> Json {
        let rows = self.rows(sql);
        assert_eq!((rows.len(), rows[0].len()), (1, 1), "{sql}");
        rows[0][0].clone()
    }

    /// The text of the error of a statement.
    #[track_caller]
    fn refused(&self, sql: &str) -> SqlError {
        let question =
            SqlQuestion { sql: sql.to_owned(), parameters: None, format: SqlFormat::Json };
        let answer =
            self.ask(&question).map(|answer| String::from_utf8_lossy(&answer).into_owned());
        answer.err().unwrap_or_else(|| panic!("{sql} has an answer"))
    }
}

#[test]
fn an_answer_is_written_in_both_forms() {
    let question = |format| SqlQuestion {
        sql: "SELECT count(*) AS statements, ?1 AS word FROM facts WHERE sequence < ?2".to_owned(),
        parameters: Some(SqlParameters::List(vec![json!("a,b"), json!(3)])),
        format,
    };
    let csv = SIMULATED.ask(&question(SqlFormat::Csv)).unwrap();
    assert_eq!(String::from_utf8(csv).unwrap(), "statements,word\r\n2,\"a,b\"\r\n");
    let json: Json =
        serde_json::from_slice(&SIMULATED.ask(&question(SqlFormat::Json)).unwrap()).unwrap();
    let expected = json!({
        "columns": ["statements", "word"],
        "rows": [[2, "a,b"]],
        "sequence": 6_000,
        "is_rebuilding": false,
    });
    assert_eq!(json, expected);
}

#[test]
fn parameters_are_bound_and_each_has_a_value() {
    let world = &*SIMULATED;
    let sql = "SELECT :a, @b, $c, typeof(:d), :e";
    let named = json!({"a": "x' OR 1", "b": true, "c": 0.5, "d": null, "e": 9});
    let expected = vec![json!("x' OR 1"), json!(1), json!(0.5), json!("null"), json!(9)];
    assert_eq!(world.rows_of(sql, Some(named)), [expected]);
    let table = [
        ("SELECT ?", None, "the parameter ?1 has no value in \"parameters\""),
        ("SELECT :a", Some(json!({"b": 1})), "the parameter :a has no value in \"parameters\""),
        (
            "SELECT ?",
            Some(json!([[1]])),
            "the parameter ?1 is no text, number, true, false or null",
        ),
        ("SELECT ?", Some(json!([1, 2])), "there are 2 parameters, but the statement has 1"),
    ];
    for (sql, parameters, expected) in table {
        let parameters = parameters.map(|it| serde_json::from_value(it).unwrap());
        let question = SqlQuestion { sql: sql.to_owned(), parameters, format: SqlFormat::Json };
        assert_eq!(world.ask(&question).unwrap_err().to_string(), expected, "{sql}");
    }
}
