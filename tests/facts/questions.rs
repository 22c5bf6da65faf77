//! Saved questions: refused as they are when they are asked, and answered with the rights of who
//! asks, on both engines.

mod dashboards;

use std::fs;

use acta_tests::{Engine, acta, run};
use serde_json::{Value, json};

use super::groups::School;
use super::reach::SignedIn;

/// A question, a statement in SQL and an analysis, each with the path that it is asked at, too.
fn questions() -> [(&'static str, Value, &'static str); 3] {
    let count = json!({"measures": [{"measure": "count", "name": "n"}], "dimensions": ["person"]});
    let sql = json!({"sql": "SELECT count(*) AS n FROM facts"});
    [
        ("query", count, "/query"),
        ("sql", sql, "/sql"),
        ("analysis", json!({"name": "time", "request": {"by": "person"}}), "/analyses/time"),
    ]
}

fn body(name: &str, shared: bool, (member, question): (&str, &Value)) -> Value {
    let mut body = json!({"name": name, "shared": shared});
    body[member] = question.clone();
    body
}

/// Everything that would be refused when it is asked is refused in the same way, at its place.
fn check_refused(analyst: &SignedIn<'_>) {
    let count = json!({"measures": [{"measure": "count"}]});
    let table = [
        (json!({}), ""),
        (json!({"query": count, "sql": {"sql": "SELECT 1"}}), ""),
        (json!({"query": {"measures": []}}), "/query/measures"),
        (json!({"query": {"measures": [{"measure": 1}]}}), "/query/measures/0/measure"),
        (json!({"query": {"measures": [{"measure": "sum", "of": "verb"}]}}), "/query/measures/0"),
        (json!({"query": {"measures": [{"measure": "count"}], "limit": 0}}), "/query/limit"),
        (json!({"query": {"measures": [{"measure": "count"}], "zone": "Mars"}}), "/query/zone"),
        (json!({"sql": {"sql": "SELECT colour FROM facts"}}), "/sql/sql"),
        (json!({"sql": {"sql": "SELECT 1", "format": "csv"}}), "/sql/format"),
        (json!({"analysis": {"name": "luck", "request": {}}}), "/analysis/name"),
        (json!({"analysis": {"name": "time", "request": {"by": 1}}}), "/analysis/request/by"),
        (
            json!({"analysis": {"name": "funnel", "request": {"steps": []}}}),
            "/analysis/request/steps",
        ),
        (json!({"query": count, "colour": 1}), "/colour"),
    ];
    for (question, place) in table {
        let mut body = question.clone();
        body["name"] = json!("refused");
        let refused = analyst.call("POST", "/questions", Some(&body)).expect(400).json();
        let found = refused["faults"][0]["pointer"].as_str().expect("a place");
        assert!(found.starts_with(place), "{question}: {refused}");
    }
    assert_eq!(analyst.call("GET", "/questions", None).expect(200).json()["items"], json!([]));
}

/// Those who ask.
struct Requesters<'s> {
    analyst: SignedIn<'s>,
    advisor: SignedIn<'s>,
    learner: SignedIn<'s>,
}

impl Requesters<'_> {
    /// A shared question is answered as its path does, for each who asks.
    fn check_answers(&self, answer: &str, (member, question, path): (&str, &Value, &str)) {
        let asked = if member == "analysis" { &question["request"] } else { question };
        for who in [&self.analyst, &self.advisor, &self.learner] {
            let expected = who.call("POST", path, Some(asked));
            let found = who.call("POST", answer, None);
            assert_eq!(found.status, expected.status, "{member}: {}", found.text());
            if expected.status == 200 {
                assert_eq!(found.json(), expected.json(), "{member}");
            }
        }
        // SQL reaches all of the tenant.
        let status = if member == "sql" { 403 } else { 200 };
        let reached = self.advisor.call("POST", answer, None).expect(status);
        assert!(!reached.text().contains("bob"), "{}", reached.text());
    }

    /// Of one that is not shared, nobody but the owner sees anything.
    fn check_hidden(&self, one: &str, answer: &str) {
        for (method, path) in [("GET", one), ("POST", answer), ("DELETE", one)] {
            let refused = self.advisor.call(method, path, None).expect(404).json();
            assert_eq!(refused["type"], "urn:acta:problem:not-found", "{refused}");
        }
        let listed = self.advisor.call("GET", "/questions", None).expect(200).json();
        assert_eq!(listed["items"], json!([]));
        self.analyst.call("POST", answer, None).expect(200);
    }

    fn check(&self, (member, question, path): (&str, &Value, &str)) {
        let analyst = &self.analyst;
        let name = format!("about {member}");
        let saved = body(&name, true, (member, question));
        let saved = analyst.call("POST", "/questions", Some(&saved)).expect(201);
        assert_eq!(saved.must_header("etag"), "\"1\"");
        let saved = saved.json();
        assert_eq!((&saved["kind"], &saved["shared"]), (&json!(member), &json!(true)), "{saved}");
        let one = format!("/questions/{}", saved["id"].as_str().expect("an id"));
        let answer = format!("{one}/answer");
        assert_eq!(analyst.call("GET", &one, None).expect(200).json(), saved);
        self.check_answers(&answer, (member, question, path));

        let own = body(&name, false, (member, question));
        assert_eq!(analyst.call("PUT", &one, Some(&own)).status, 428);
        let changed = analyst.call_if_match("PUT", &one, &own, "\"1\"").expect(200);
        assert_eq!(changed.must_header("etag"), "\"2\"");
        assert_eq!(analyst.call_if_match("PUT", &one, &own, "\"1\"").status, 412);
        self.check_hidden(&one, &answer);
        analyst.call("DELETE", &one, None).expect(204);
    }
}

fn answers_with_the_rights_of_who_asks(engine: Engine) {
    let school = School::new(engine);
    let all = json!({"measures": [{"measure": "count"}]});
    assert_eq!(school.asked.ask(&all)["rows"][0][0], 8, "the facts are complete");
    let analyst = SignedIn::new(&school, "analyst@example.org", "analyst");
    check_refused(&analyst);
    // An advisor of a class that Ada is in until before April.
    let physics = school.group("Physics", "class", None);
    let ada = json!({"mbox": "mailto:ada@example.org"});
    let member = json!({"agent": ada, "periods": [{"until": "2026-04-01"}]});
    school.call("POST", &format!("/groups/{physics}/members"), Some(&member), 200);
    let advisor = SignedIn::invited(&school, "advisor@example.org", &physics);
    let learner = SignedIn::new(&school, "ada@example.org", "learner");
    let requesters = Requesters { analyst, advisor, learner };
    for (member, question, path) in questions() {
        requesters.check((member, &question, path));
    }
    // An advisor saves what it may ask, a learner nothing.
    let [(query, count, _), (sql, statement, _), _] = questions();
    let own = body("own", false, (query, &count));
    requesters.advisor.call("POST", "/questions", Some(&own)).expect(201);
    assert_eq!(requesters.learner.call("POST", "/questions", Some(&own)).status, 403);
    let in_sql = body("in SQL", false, (sql, &statement));
    assert_eq!(requesters.advisor.call("POST", "/questions", Some(&in_sql)).status, 403);
}

#[test]
fn saved_questions_are_answered_with_the_rights_of_who_asks() {
    answers_with_the_rights_of_who_asks(Engine::Embedded);
}

#[test]
fn saved_questions_are_answered_with_the_rights_of_who_asks_on_postgres() {
    answers_with_the_rights_of_who_asks(Engine::Postgres);
}

fn administers(engine: Engine) {
    let mut school = School::new(engine);
    let all = json!({"measures": [{"measure": "count"}]});
    assert_eq!(school.asked.ask(&all)["rows"][0][0], 8, "the facts are complete");
    let folder = tempfile::TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let query = file("query.json", &all.to_string());
    let sql = file("query.sql", "SELECT count(*) AS n FROM facts");
    let time = file("time.json", r#"{"by":"person"}"#);
    let store = &school.asked.store;
    let saved = store.administer(&["question", "save", "All", &query, "--description", "How much"]);
    assert_eq!((&saved["name"], &saved["owner"]), (&json!("All"), &Value::Null), "{saved}");
    assert_eq!((&saved["query"], &saved["shared"]), (&all, &json!(true)), "{saved}");
    store.administer(&["question", "save", "In SQL", &sql, "--sql"]);
    store.administer(&["question", "save", "Hours", &time, "--analysis", "time"]);
    let listed = store.administer(&["question", "list"]);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(3), "{listed}");
    let check = |school: &School| {
        let store = &school.asked.store;
        let run = |name: &str| store.administer(&["question", "run", name]);
        assert_eq!(run("All")["rows"], json!([[8]]));
        assert_eq!(run(saved["id"].as_str().unwrap())["rows"], json!([[8]]), "by its id");
        assert_eq!(run("In SQL")["rows"], json!([[8]]));
        assert!(run("Hours").to_string().contains("ada@example.org"));
    };
    check(&school);
    // The same without a server.
    school.asked.server.kill();
    check(&school);
    let store = &school.asked.store;
    let by_verb = json!({"measures": [{"measure": "count"}], "dimensions": ["verb"]});
    let query = file("query.json", &by_verb.to_string());
    let replaced = store.administer(&["question", "save", "All", &query, "--replace"]);
    assert_eq!((&replaced["id"], &replaced["query"]), (&saved["id"], &by_verb));
    assert_eq!(store.administer(&["question", "show", "All"]), replaced);
    store.administer(&["question", "remove", "Hours"]);
    let mut absent = acta();
    absent.args(["question", "run", "Hours"]).envs(store.settings());
    if let Engine::Embedded = engine {
        absent.arg("--data").arg(store.data());
    }
    let absent = run(&mut absent);
    assert_eq!(absent.code, Some(2), "{} {}", absent.out, absent.err);
    assert!(absent.err.contains("there is no saved question \"Hours\""), "{}", absent.err);
}

#[test]
fn the_command_line_saves_and_answers_questions() {
    administers(Engine::Embedded);
}

#[test]
fn the_command_line_saves_and_answers_questions_on_postgres() {
    administers(Engine::Postgres);
}
