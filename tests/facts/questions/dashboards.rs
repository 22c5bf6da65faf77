//! Dashboards: every tile has its own answer or its own problem, with the rights of who asks, on
//! both engines.

use std::fs;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock, Timestamp};
use acta_tests::{Engine, Store, acta, run};
use serde_json::{Value, json};

use super::super::groups::School;
use super::super::reach::SignedIn;
use super::super::{Asked, start_with, statement};
use super::body;

const RECENT: &str = "http://v.example/recent";

/// Three statements of the last day, and two of the day before.
fn recent() -> Vec<Value> {
    let now = SystemClock::new().now().unix_micros();
    let of = |number: u64| {
        let hours = if number < 3 { 1 } else { 36 };
        let then = Timestamp::from_unix_micros(now - hours * 3_600_000_000);
        let mut statement = statement(number);
        statement["actor"] = json!({"mbox": "mailto:bob@example.org"});
        statement["verb"] = json!({"id": RECENT});
        statement["timestamp"] = json!(then.to_string());
        statement
    };
    (0..5).map(of).collect()
}

/// Saves a question, and returns its id.
fn save(who: &SignedIn<'_>, name: &str, shared: bool, question: (&str, &Value)) -> String {
    let saved = who.call("POST", "/questions", Some(&body(name, shared, question))).expect(201);
    saved.json()["id"].as_str().expect("an id").to_owned()
}

/// The questions that tiles show, by their ids.
struct Questions {
    all: String,
    by_verb: String,
    sql: String,
    time: String,
    recent: String,
    own: String,
}

impl Questions {
    fn save(who: &SignedIn<'_>) -> Self {
        let old = json!({"not": {"field": "verb", "is": RECENT}});
        let all = json!({"measures": [{"measure": "count", "name": "n"}], "where": old});
        let mut by_verb = all.clone();
        by_verb["dimensions"] = json!(["verb"]);
        let only = json!({"field": "verb", "is": RECENT});
        let recent = json!({"measures": [{"measure": "count"},
            {"measure": "distinct", "of": "person", "name": "learners"}], "where": only});
        let sql = json!({"sql": "SELECT count(*) AS n FROM facts"});
        let time = json!({"name": "time", "request": {"by": "person"}});
        Self {
            all: save(who, "All", true, ("query", &all)),
            by_verb: save(who, "By verb", true, ("query", &by_verb)),
            sql: save(who, "In SQL", true, ("sql", &sql)),
            time: save(who, "Hours", true, ("analysis", &time)),
            recent: save(who, "Recent", true, ("query", &recent)),
            own: save(who, "Of the analyst alone", false, ("query", &all)),
        }
    }

    /// What is wrong is said with its place, and nothing is saved.
    fn check_refused(&self, who: &SignedIn<'_>) {
        let (all, gone) = (&self.all, "8e03978e-40d5-43dd-bc93-6894a57f9324");
        let kpi = |question: &str, kpi: Value| json!([{"question": question, "kpi": kpi}]);
        let table = [
            (json!(null), "/tiles"),
            (json!(vec![json!({"question": all}); 25]), "/tiles"),
            (json!([{"question": gone}]), "/tiles/0/question"),
            (json!([{"question": all}, {"question": "All"}]), "/tiles/1/question"),
            (json!([{"question": all, "colour": 1}]), "/tiles/0/colour"),
            (json!([{"question": all, "title": ""}]), "/tiles/0/title"),
            (kpi(&self.by_verb, json!({})), "/tiles/0/question"),
            (kpi(&self.time, json!({})), "/tiles/0/question"),
            (kpi(&self.sql, json!({"days": 1})), "/tiles/0/question"),
            (kpi(all, json!({"compare": true})), "/tiles/0/kpi/compare"),
            (kpi(all, json!({"direction": "left"})), "/tiles/0/kpi/direction"),
            (kpi(all, json!({"target": "8"})), "/tiles/0/kpi/target"),
        ];
        for (tiles, place) in table {
            let body = json!({"name": "refused", "tiles": tiles});
            let refused = who.call("POST", "/dashboards", Some(&body)).expect(400).json();
            assert_eq!(refused["faults"][0]["pointer"], place, "{refused}");
        }
        assert_eq!(who.call("GET", "/dashboards", None).expect(200).json()["items"], json!([]));
    }

    fn tiles(&self) -> Value {
        let Self { all, by_verb, sql, time, recent, own } = self;
        json!([
            {"question": by_verb},
            {"question": sql},
            {"question": time, "title": "Hours of learning"},
            {"question": all, "kpi": {"target": 8, "unit": "statements", "owner": "Training"}},
            {"question": all, "title": "Few", "kpi": {"target": 5, "direction": "down"}},
            {"question": recent, "kpi": {"column": "count", "days": 1, "compare": true}},
            {"question": recent, "kpi": {}},
            {"question": own},
        ])
    }
}

/// The answers of all tiles.
fn answers(who: &SignedIn<'_>, one: &str) -> Vec<Value> {
    let answer = who.call("POST", &format!("{one}/answer"), None).expect(200).json();
    assert_eq!(answer["name"], "Overview", "{answer}");
    answer["tiles"].as_array().expect("tiles").clone()
}

/// What a question answers at its own path.
fn alone(who: &SignedIn<'_>, question: &str) -> Value {
    who.call("POST", &format!("/questions/{question}/answer"), None).expect(200).json()
}

fn check_analyst(who: &SignedIn<'_>, one: &str, questions: &Questions) {
    let tiles = answers(who, one);
    assert_eq!(tiles[0]["answer"], alone(who, &questions.by_verb), "{}", tiles[0]);
    assert_eq!((&tiles[0]["title"], &tiles[0]["kind"]), (&json!("By verb"), &json!("query")));
    assert_eq!(tiles[1]["answer"]["rows"], json!([[13]]), "{}", tiles[1]);
    assert_eq!(tiles[2]["answer"], alone(who, &questions.time), "{}", tiles[2]);
    assert_eq!(tiles[2]["title"], "Hours of learning");
    let (met, few) = (&tiles[3]["kpi"], &tiles[4]["kpi"]);
    assert_eq!((&met["value"], &met["met"]), (&json!(8), &json!(true)), "{met}");
    let said = (&met["target"], &met["unit"], &met["owner"]);
    assert_eq!(said, (&json!(8), &json!("statements"), &json!("Training")));
    assert_eq!((&few["value"], &few["met"]), (&json!(8), &json!(false)), "{few}");
    let compared = &tiles[5]["kpi"];
    assert_eq!((&compared["value"], &compared["met"]), (&json!(3), &Value::Null), "{compared}");
    let before = &compared["before"];
    assert_eq!((&before["value"], &before["change"]), (&json!(2), &json!(1)), "{compared}");
    assert_eq!(before["period"]["to"], compared["period"]["from"]);
    let ambiguous = &tiles[6]["problem"];
    assert_eq!(ambiguous["type"], "urn:acta:problem:no-number", "{ambiguous}");
    assert_eq!(tiles[7]["answer"]["rows"], json!([[8]]));
}

/// An advisor gets its own share of each answer, and nothing of what it does not see.
fn check_advisor(who: &SignedIn<'_>, one: &str, questions: &Questions) -> Value {
    let tiles = answers(who, one);
    assert_eq!(tiles[0]["answer"], alone(who, &questions.by_verb));
    assert_eq!(tiles[1]["problem"]["status"], 403, "{}", tiles[1]);
    assert_eq!((&tiles[3]["kpi"]["value"], &tiles[3]["kpi"]["met"]), (&json!(2), &json!(false)));
    let hidden = &tiles[7];
    assert_eq!((&hidden["title"], &hidden["kind"]), (&Value::Null, &Value::Null), "{hidden}");
    assert_eq!(hidden["problem"]["type"], "urn:acta:problem:not-found", "{hidden}");
    let all = json!(tiles).to_string();
    assert!(!all.contains("bob") && !all.contains("Of the analyst alone"), "{all}");
    hidden["problem"].clone()
}

fn answers_tiles_with_the_rights_of_who_asks(engine: Engine) {
    let school = School::new(engine);
    school.asked.tell(&recent());
    assert_eq!(school.asked.count(), 13, "the facts are complete");
    let analyst = SignedIn::new(&school, "analyst@example.org", "analyst");
    let physics = school.group("Physics", "class", None);
    let ada = json!({"mbox": "mailto:ada@example.org"});
    let member = json!({"agent": ada, "periods": [{"until": "2026-04-01"}]});
    school.call("POST", &format!("/groups/{physics}/members"), Some(&member), 200);
    let advisor = SignedIn::invited(&school, "advisor@example.org", &physics);
    let questions = Questions::save(&analyst);
    questions.check_refused(&analyst);

    let mut wanted = json!({"name": "Overview", "shared": true, "tiles": questions.tiles()});
    let saved = analyst.call("POST", "/dashboards", Some(&wanted)).expect(201);
    assert_eq!(saved.must_header("etag"), "\"1\"");
    let saved = saved.json();
    let one = format!("/dashboards/{}", saved["id"].as_str().expect("an id"));
    assert_eq!(analyst.call("GET", &one, None).expect(200).json(), saved);
    let target = &saved["tiles"][3]["kpi"]["target"];
    assert_eq!(target.to_string(), "8", "as it was sent");
    check_analyst(&analyst, &one, &questions);
    let hidden = check_advisor(&advisor, &one, &questions);

    // A dashboard is none of the questions.
    let listed = analyst.call("GET", "/questions", None).expect(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(6), "{listed}");
    let as_question = one.replace("dashboards", "questions");
    analyst.call("GET", &as_question, None).expect(404);
    analyst.call("POST", &format!("{as_question}/answer"), None).expect(404);

    // A tile whose question is gone says the same as one that is hidden, and may stay.
    analyst.call("DELETE", &format!("/questions/{}", questions.by_verb), None).expect(204);
    let tiles = answers(&analyst, &one);
    assert_eq!(tiles[0]["problem"], hidden);
    assert_eq!(tiles[3]["kpi"]["value"], 8, "the others are answered");
    wanted["name"] = json!("Renamed");
    assert_eq!(analyst.call("PUT", &one, Some(&wanted)).status, 428);
    let changed = analyst.call_if_match("PUT", &one, &wanted, "\"1\"").expect(200);
    assert_eq!(changed.must_header("etag"), "\"2\"");
    assert_eq!(analyst.call_if_match("PUT", &one, &wanted, "\"1\"").status, 412);
    wanted["tiles"][0]["title"] = json!("Another tile of what is gone");
    let refused = analyst.call_if_match("PUT", &one, &wanted, "*").expect(400).json();
    assert_eq!(refused["faults"][0]["pointer"], "/tiles/0/question", "{refused}");

    // One that is not shared does not exist for others.
    wanted["tiles"] = json!([]);
    wanted["shared"] = json!(false);
    analyst.call_if_match("PUT", &one, &wanted, "*").expect(200);
    for (method, path) in [("GET", &one), ("POST", &format!("{one}/answer")), ("DELETE", &one)] {
        advisor.call(method, path, None).expect(404);
    }
    analyst.call("DELETE", &one, None).expect(204);
}

#[test]
fn tiles_are_answered_with_the_rights_of_who_asks() {
    answers_tiles_with_the_rights_of_who_asks(Engine::Embedded);
}

#[test]
fn tiles_are_answered_with_the_rights_of_who_asks_on_postgres() {
    answers_tiles_with_the_rights_of_who_asks(Engine::Postgres);
}

fn administers(engine: Engine) {
    let mut school = School::new(engine);
    assert_eq!(school.asked.count(), 8, "the facts are complete");
    let folder = tempfile::TempDir::new().unwrap();
    let file = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        fs::write(&path, value.to_string()).unwrap();
        path.display().to_string()
    };
    let count = file("count.json", &json!({"measures": [{"measure": "count"}]}));
    let tiles = json!([{"question": "All"}, {"question": "All", "kpi": {"target": 9}}]);
    let tiles = file("tiles.json", &json!({ "tiles": tiles }));
    let store = &school.asked.store;
    let question = store.administer(&["question", "save", "All", &count]);
    let saved = store.administer(&["dashboard", "save", "Week", &tiles, "--description", "Mine"]);
    assert_eq!(saved["tiles"][0]["question"], question["id"], "by its name: {saved}");
    assert_eq!((&saved["owner"], &saved["shared"]), (&Value::Null, &json!(true)), "{saved}");
    let listed = store.administer(&["dashboard", "list"]);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    let check = |school: &School| {
        let answer = school.asked.store.administer(&["dashboard", "answer", "Week"]);
        assert_eq!(answer["tiles"][0]["answer"]["rows"], json!([[8]]), "{answer}");
        assert_eq!(answer["tiles"][1]["kpi"]["met"], false, "{answer}");
    };
    check(&school);
    // The same without a server.
    school.asked.server.kill();
    check(&school);
    let store = &school.asked.store;
    // What is shown can be saved.
    let shown = store.administer(&["dashboard", "show", "Week"]);
    assert_eq!(shown, saved);
    let mut fewer = shown.clone();
    fewer["tiles"].as_array_mut().unwrap().pop();
    let fewer = file("fewer.json", &fewer);
    let replaced = store.administer(&["dashboard", "save", "Week", &fewer, "--replace"]);
    assert_eq!(replaced["id"], saved["id"]);
    assert_eq!(replaced["tiles"], json!([saved["tiles"][0]]));
    store.administer(&["dashboard", "remove", "Week"]);
    let mut absent = acta();
    absent.args(["dashboard", "answer", "Week"]).envs(store.settings());
    if let Engine::Embedded = engine {
        absent.arg("--data").arg(store.data());
    }
    let absent = run(&mut absent);
    assert_eq!(absent.code, Some(2), "{} {}", absent.out, absent.err);
    assert!(absent.err.contains("there is no dashboard \"Week\""), "{}", absent.err);
}

#[test]
fn the_command_line_saves_and_answers_dashboards() {
    administers(Engine::Embedded);
}

#[test]
fn the_command_line_saves_and_answers_dashboards_on_postgres() {
    administers(Engine::Postgres);
}

#[test]
fn all_tiles_together_have_the_time_of_one_question() {
    let store = Store::new(Engine::Embedded);
    let server = start_with(&store, &[("ACTA_FACTS_TIMEOUT", "2s")]);
    let asked = Asked { store, server };
    asked.tell(&[statement(1)]);
    assert_eq!(asked.count(), 1);
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    // Ends as long as there is one statement.
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                   WHERE 1 < (SELECT count(*) FROM facts)) SELECT count(*) AS n FROM n";
    fs::write(path("endless.sql"), endless).unwrap();
    let tiles = json!({"tiles": [{"question": "Endless"}, {"question": "Endless"}]});
    fs::write(path("tiles.json"), tiles.to_string()).unwrap();
    asked.store.administer(&["question", "save", "Endless", &path("endless.sql"), "--sql"]);
    asked.store.administer(&["dashboard", "save", "Slow", &path("tiles.json")]);
    let answer = || asked.store.administer(&["dashboard", "answer", "Slow"])["tiles"].clone();
    assert_eq!(answer()[1]["answer"]["rows"], json!([[1]]));
    asked.tell(&[statement(2)]);
    assert_eq!(asked.count(), 2);
    let clock = SystemClock::new();
    for tile in answer().as_array().expect("tiles") {
        assert_eq!(tile["problem"]["type"], "urn:acta:problem:question-timeout", "{tile}");
    }
    assert!(clock.elapsed() < Duration::from_secs(20), "{:?}", clock.elapsed());
}
