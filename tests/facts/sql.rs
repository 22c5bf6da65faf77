//! Statements in SQL, asked of the real binary on both engines.

use super::*;

impl Asked {
    #[track_caller]
    fn sql(&self, body: &Value, status: u16) -> acta_tests::Response {
        let client = self.server.client(Version::V1_0_3);
        client.call_outside("POST", "/api/v1/tenants/1/sql").json(body).send().expect(status)
    }
}

fn answers_statements(engine: Engine) {
    let mut asked = Asked::new(engine);
    asked.tell(&(0..100).map(statement).collect::<Vec<_>>());
    let count = asked.count();
    let sql = "SELECT verb, count(DISTINCT person) AS learners, round(avg(credit), 6) AS mean
        FROM facts WHERE timestamp >= :from AND verb = :verb GROUP BY verb";
    let parameters = json!({"from": "2026-03-02", "verb": VERBS[0]});
    let answer = asked.sql(&json!({"sql": sql, "parameters": parameters}), 200).json();
    assert_eq!(answer["columns"], json!(["verb", "learners", "mean"]));
    let counting = (0..100_u64).filter(|number| number % 28 != 0 && number % 2 == 0);
    let credits: Vec<f64> = counting.map(|number| (number % 5) as f64 / 5.0).collect();
    let mean = credits.iter().sum::<f64>() / credits.len() as f64;
    let row = answer["rows"][0].as_array().expect("a row");
    assert_eq!((&row[0], &row[1]), (&json!(VERBS[0]), &json!(5)), "{answer}");
    assert!((row[2].as_f64().expect("a number") - mean).abs() < 1e-5, "{answer}, not {mean}");
    assert_eq!((&answer["sequence"], &answer["is_rebuilding"]), (&json!(count), &json!(false)));

    let csv = json!({"sql": "SELECT count(*) AS n, 'a,b' AS t FROM facts", "format": "csv"});
    let answer = asked.sql(&csv, 200);
    assert_eq!(answer.must_header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.text(), "n,t\r\n100,\"a,b\"\r\n");

    let refused = [
        ("SELECT colour FROM facts", 400, "no such column: colour"),
        ("SELECT * FROM sqlite_schema", 400, "is not available here"),
        ("SELECT 1 FROM facts a, facts b, facts c", 422, "more than 100000 rows"),
    ];
    for (sql, status, text) in refused {
        let problem = asked.sql(&json!({"sql": sql}), status).text().to_owned();
        assert!(problem.contains(text), "{sql}: {problem}");
    }

    asked.server.kill();
    let answer = asked.store.administer(&["sql", "SELECT count(*) FROM facts"]);
    assert_eq!(answer["rows"], json!([[100]]), "without a server");
    asked.server = start(&asked.store);
    asked.store.administer(&["tenant", "settings", "1", "--smallest-group", "5"]);
    let problem = asked.sql(&json!({"sql": "SELECT 1"}), 403).text().to_owned();
    assert!(problem.contains("nobody can tell which those are in SQL"), "{problem}");
}

#[test]
fn statements_in_sql_are_answered() {
    answers_statements(Engine::Embedded);
}

#[test]
fn statements_in_sql_are_answered_on_postgres() {
    answers_statements(Engine::Postgres);
}

#[test]
fn statements_without_an_end_are_stopped_and_others_are_stored() {
    let store = Store::new(Engine::Embedded);
    let server = start_with(&store, &[("ACTA_FACTS_TIMEOUT", "1s")]);
    let asked = Asked { store, server };
    asked.tell(&(0..10).map(statement).collect::<Vec<_>>());
    let endless =
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT sum(x) FROM c";
    thread::scope(|scope| {
        let clock = SystemClock::new();
        let stopped = scope.spawn(|| asked.sql(&json!({"sql": endless}), 503).text().to_owned());
        asked.tell(&(10..20).map(statement).collect::<Vec<_>>());
        let text = stopped.join().expect("a response");
        assert!(text.contains("question-timeout"), "{text}");
        assert!(clock.elapsed() < WAIT_MAX, "{:?}", clock.elapsed());
    });
    let series = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)";
    let hungry = format!("{series} SELECT DISTINCT x || 'x' AS y FROM c ORDER BY -x");
    let status = asked.server.client(Version::V1_0_3);
    let call = status.call_outside("POST", "/api/v1/tenants/1/sql").json(&json!({"sql": hungry}));
    assert!([422, 503].contains(&call.send().status), "too much memory or time");
    assert_eq!(asked.count(), 20, "the server goes on");
}
