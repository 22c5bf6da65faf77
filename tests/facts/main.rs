//! Questions about statements, asked of the real binary on both engines.

#![expect(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "this is a test, and its numbers are small"
)]

mod analyses;
mod copies;
mod export;
mod followers;
mod groups;
mod imports;
mod persons;
mod questions;
mod reach;
mod rebuild;
mod settings;
mod sql;
mod statements;

use std::fs;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Server, Store, Version, acta, basic, make, run};
use serde_json::{Value, json};

/// How long facts may lag behind in a test, whatever else the machine does.
const WAIT_MAX: Duration = Duration::from_secs(30);

const VERBS: [&str; 2] = ["http://v.example/answered", "http://v.example/passed"];
const COURSE: &str = "http://c.example/fire";

/// A store with facts in a folder that stays when its server goes.
struct Asked {
    store: Store,
    server: Server,
}

fn start(store: &Store) -> Server {
    start_with(store, &[])
}

fn start_with(store: &Store, more: &[(&'static str, &str)]) -> Server {
    let facts = store.data().with_file_name("facts").display().to_string();
    let mut settings = store.settings();
    settings.push(("ACTA_FACTS_DIRECTORY", facts));
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Server::start_with(&store.data(), Version::V1_0_3, &settings)
}

impl Asked {
    fn new(engine: Engine) -> Self {
        let store = Store::new(engine);
        let server = start(&store);
        Self { store, server }
    }

    /// Ends the server as `kill -9` does, and starts another one.
    fn restart(&mut self) {
        self.server.kill();
        self.server = start(&self.store);
    }

    /// Stores statements, each with its own call where `alone` says so.
    fn tell(&self, statements: &[Value]) -> Vec<String> {
        self.server.client(Version::V1_0_3).store(&json!(statements))
    }

    fn facts(&self) -> Value {
        let client = self.server.client(Version::V1_0_3);
        client.call_outside("GET", "/api/v1/tenants/1/facts").send().expect(200).json()
    }

    /// The answer, once the facts have every statement.
    #[track_caller]
    fn ask(&self, question: &Value) -> Value {
        let clock = SystemClock::new();
        while self.facts()["lag"] != 0 {
            assert!(clock.elapsed() < WAIT_MAX, "the facts stay behind: {}", self.facts());
            thread::sleep(Duration::from_millis(20));
        }
        let client = self.server.client(Version::V1_0_3);
        let call = client.call_outside("POST", "/api/v1/tenants/1/query").json(question);
        call.send().expect(200).json()
    }

    #[track_caller]
    fn count(&self) -> u64 {
        let answer = self.ask(&json!({"measures": [{"measure": "count"}]}));
        answer["rows"][0][0].as_u64().expect("a count")
    }
}

/// A statement of one of ten persons about one of three activities of a course.
fn statement(number: u64) -> Value {
    let day = 1 + number % 28;
    json!({
        "id": make::id(),
        "actor": {"name": "Somebody",
            "account": {"homePage": "https://lms.example", "name": format!("p{}", number % 10)}},
        "verb": {"id": VERBS[usize::try_from(number % 2).unwrap()], "display": {"en": "did"}},
        "object": {"id": format!("http://a.example/{}", number % 3)},
        "result": {"success": number.is_multiple_of(4), "score": {"scaled": (number % 5) as f64 / 5.0}},
        "context": {"contextActivities": {"grouping": [{"id": COURSE, "definition": {
            "type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Fire safety"}}}]}},
        "timestamp": format!("2026-03-{day:02}T10:00:00Z"),
    })
}

fn answers_questions(engine: Engine) {
    let mut asked = Asked::new(engine);
    let statements: Vec<Value> = (0..200).map(statement).collect();
    asked.tell(&statements);
    let question = json!({
        "measures": [
            {"measure": "count"},
            {"measure": "distinct", "of": "person", "name": "learners"},
            {"measure": "mean", "of": "credit", "name": "mean"},
            {"measure": "rate", "of": "success", "name": "rate"},
        ],
        "dimensions": ["course", "verb"],
        "where": {"field": "timestamp", "from": "2026-03-02", "to": "2026-03-29"},
        "totals": true,
    });
    let answer = asked.ask(&question);
    // The same by another way: one statement after the other.
    let counting: Vec<u64> = (0..200).filter(|number| number % 28 != 0).collect();
    let measures = |numbers: &[u64]| {
        let count = numbers.len() as f64;
        let mut persons: Vec<u64> = numbers.iter().map(|number| number % 10).collect();
        persons.sort_unstable();
        persons.dedup();
        let mean = numbers.iter().map(|number| (number % 5) as f64 / 5.0).sum::<f64>() / count;
        let yes = numbers.iter().filter(|number| number.is_multiple_of(4)).count() as f64;
        [count, persons.len() as f64, mean, yes / count]
    };
    let rows = answer["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2, "{answer}");
    for row in rows {
        let verb = VERBS.iter().position(|verb| row[1] == *verb).expect("a verb") as u64;
        let numbers: Vec<u64> = counting.iter().copied().filter(|it| it % 2 == verb).collect();
        assert_eq!(row[0], COURSE);
        check_measures(&row.as_array().unwrap()[2..], measures(&numbers));
    }
    check_measures(answer["totals"].as_array().unwrap(), measures(&counting));
    assert_eq!(answer["labels"]["course"][COURSE], "Fire safety");
    assert_eq!(answer["fact_count"], counting.len());

    asked.restart();
    assert_eq!(asked.ask(&question)["rows"], answer["rows"], "after a restart");
    asked.server.kill();
    fs::remove_dir_all(asked.store.data().with_file_name("facts")).unwrap();
    asked.server = start(&asked.store);
    assert_eq!(asked.ask(&question)["rows"], answer["rows"], "made again");
}

#[track_caller]
fn check_measures(found: &[Value], expected: [f64; 4]) {
    for (found, expected) in found.iter().zip(expected) {
        let found = found.as_f64().expect("a number");
        assert!((found - expected).abs() < 1e-9, "{found} and {expected}");
    }
}

#[test]
fn answers_are_those_of_the_statements() {
    answers_questions(Engine::Embedded);
}

#[test]
fn answers_are_those_of_the_statements_on_postgres() {
    answers_questions(Engine::Postgres);
}

fn stops_at_full_dictionaries(engine: Engine) {
    let store = Store::new(engine);
    let server = start_with(&store, &[("ACTA_FACTS_DICTIONARY_BYTES_MAX", "1KiB")]);
    let mut asked = Asked { store, server };
    asked.tell(&(0..10).map(statement).collect::<Vec<_>>());
    let question = json!({"measures": [{"measure": "count"}]});
    assert_eq!(asked.ask(&question)["fact_count"], 10, "those that came before it was full");
    assert_eq!(asked.facts()["is_full"], true);
    asked.tell(&(10..30).map(statement).collect::<Vec<_>>());
    // What others do is not delayed, and the answer says how far it goes.
    let client = asked.server.client(Version::V1_0_3);
    let answer = client.call_outside("POST", "/api/v1/tenants/1/query").json(&question);
    assert_eq!(answer.send().expect(200).json()["sequence"], 10);
    assert_eq!(asked.facts()["lag"], 20);
    asked.restart();
    assert_eq!(asked.ask(&question)["fact_count"], 30, "with more memory");
    assert_eq!(asked.facts()["is_full"], false);
}

#[test]
fn facts_stop_where_their_dictionaries_are_full() {
    stops_at_full_dictionaries(Engine::Embedded);
}

#[test]
fn facts_stop_where_their_dictionaries_are_full_on_postgres() {
    stops_at_full_dictionaries(Engine::Postgres);
}

fn leaves_out_voided(engine: Engine) {
    let mut asked = Asked::new(engine);
    let ids = asked.tell(&(0..10).map(statement).collect::<Vec<_>>());
    assert_eq!(asked.count(), 10);
    asked.tell(&[make::voiding(&ids[3]), make::voiding(&ids[7])]);
    // The voiding statements are facts too.
    assert_eq!(asked.count(), 10);
    let of_verb =
        json!({"measures": [{"measure": "count"}], "where": {"field": "verb", "is": VERBS[1]}});
    assert_eq!(asked.ask(&of_verb)["rows"][0][0], 3);
    let later = statement(11);
    let id = later["id"].as_str().unwrap();
    asked.tell(&[make::voiding(id)]);
    asked.tell(&[later.clone(), statement(13)]);
    assert_eq!(asked.ask(&of_verb)["rows"][0][0], 4, "one was voided before it was stored");
    asked.restart();
    assert_eq!(asked.ask(&of_verb)["rows"][0][0], 4, "after a restart");
    let count = asked.count();
    let voiding = asked.tell(&[make::voiding(&ids[9])]);
    asked.tell(&[make::voiding(&voiding[0])]);
    assert_eq!(asked.count(), count + 1, "one more is voided, and what voids it stays");
}

#[test]
fn voided_statements_do_not_count() {
    leaves_out_voided(Engine::Embedded);
}

#[test]
fn voided_statements_do_not_count_on_postgres() {
    leaves_out_voided(Engine::Postgres);
}

fn counts_what_is_not_unicode(engine: Engine) {
    let mut asked = Asked::new(engine);
    let client = asked.server.client(Version::V2_0_0);
    let text = make::with_lone_surrogate(statement(0));
    client.post("/statements").json_text(&text).send().expect(200);
    asked.tell(&[statement(1)]);
    assert_eq!(asked.count(), 2);
    asked.restart();
    assert_eq!(asked.count(), 2, "after a restart");
}

#[test]
fn statements_that_are_not_unicode_count() {
    counts_what_is_not_unicode(Engine::Embedded);
}

#[test]
fn statements_that_are_not_unicode_count_on_postgres() {
    counts_what_is_not_unicode(Engine::Postgres);
}

#[test]
fn only_those_who_read_all_statements_may_ask() {
    let asked = Asked::new(Engine::Embedded);
    asked.tell(&[statement(1)]);
    let question = json!({"measures": [{"measure": "count"}]});
    let client = asked.server.client(Version::V1_0_3);
    let status = |scopes: &str| {
        let made =
            asked.store.administer(&["credential", "create", "--label", "c", "--scope", scopes]);
        let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().unwrap());
        let call = client.call_outside("POST", "/api/v1/tenants/1/query").without("Authorization");
        call.header("Authorization", &basic(key, secret)).json(&question).send().status
    };
    assert_eq!(status("statements/read"), 200);
    assert_eq!(status("all/read"), 200);
    assert_eq!(status("statements/write,statements/read/mine"), 403);
    assert_eq!(status("admin"), 403);
    let nobody = client.call_outside("POST", "/api/v1/tenants/1/query").without("Authorization");
    assert_eq!(nobody.json(&question).send().status, 401);
}

#[test]
fn facts_of_a_tenant_are_its_own_and_go_with_it() {
    let asked = Asked::new(Engine::Embedded);
    let made = asked.store.administer(&["tenant", "create", "South"]);
    let tenant = made["id"].to_string();
    let credential =
        ["credential", "create", "--label", "c", "--scope", "all", "--tenant", &tenant];
    let made = asked.store.administer(&credential);
    let [key, secret] = ["key", "secret"].map(|name| made[name].as_str().unwrap());
    let client = asked.server.client(Version::V1_0_3);
    let south = basic(key, secret);
    let call = client.post("/statements").without("Authorization").header("Authorization", &south);
    call.json(&json!([statement(1), statement(2)])).send().expect(200);
    asked.tell(&[statement(3)]);
    assert_eq!(asked.count(), 1);
    let question = json!({"measures": [{"measure": "count"}]});
    let path = format!("/api/v1/tenants/{tenant}/query");
    let of_south = || {
        let call = client.call_outside("POST", &path).without("Authorization");
        call.header("Authorization", &south).json(&question).send().expect(200).json()
    };
    let clock = SystemClock::new();
    while of_south()["rows"][0][0] != 2 {
        assert!(clock.elapsed() < WAIT_MAX);
        thread::sleep(Duration::from_millis(20));
    }
    let other = client.call_outside("POST", "/api/v1/tenants/1/query").without("Authorization");
    let refused = other.header("Authorization", &south).json(&question).send().status;
    assert!(matches!(refused, 403 | 404), "{refused}");
}

#[test]
fn a_faulty_question_is_refused_with_its_place() {
    let asked = Asked::new(Engine::Embedded);
    let client = asked.server.client(Version::V1_0_3);
    let question = json!({"measures": [{"measure": "mean", "of": "verb"}]});
    let call = client.call_outside("POST", "/api/v1/tenants/1/query").json(&question);
    let problem = call.send().expect(400).json();
    assert_eq!(problem["faults"][0]["pointer"], "/measures/0/of", "{problem}");
    let question = json!({"measures": [{"measure": "count"}], "group": "verb"});
    let call = client.call_outside("POST", "/api/v1/tenants/1/query").json(&question);
    assert!(call.send().expect(400).text().contains("unknown field `group`"));
}

#[test]
fn the_command_line_asks_a_served_store() {
    let asked = Asked::new(Engine::Embedded);
    asked.tell(&(0..8).map(statement).collect::<Vec<_>>());
    assert_eq!(asked.count(), 8);
    let query = |arguments: &[&str]| {
        let mut command = acta();
        run(command.arg("query").args(arguments).arg("--data").arg(asked.store.data()))
    };
    let shown = query(&["--by", "course", "--measure", "learners=distinct:person", "--totals"]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    assert_eq!(shown.out, "COURSE       LEARNERS\nFire safety  8\nall          8\n");
    let shown = query(&["--by", "verb", "--csv", "--where", "success=true"]);
    assert_eq!(shown.out, "verb,count\nhttp://v.example/answered,2\n");
    let refused = query(&["--by", "colour"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("there is no field \"colour\""), "{}", refused.err);
}
