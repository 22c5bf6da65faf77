//! Lists of statements by conditions: every one once, with names in the language of the reader, on
//! both engines.

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Response, Version, acta, make, run};
use serde_json::{Value, json};

use super::{Asked, VERBS, WAIT_MAX, statement};

const PATH: &str = "/api/v1/tenants/1/statements";

impl Asked {
    fn call_for(&self, request: &Value) -> Response {
        let client = self.server.client(Version::V1_0_3);
        client.call_outside("POST", PATH).json(request).send()
    }

    #[track_caller]
    fn find(&self, request: &Value) -> Value {
        self.call_for(request).expect(200).json()
    }

    /// The ids on all pages of a request. Between two of them, something else is stored.
    #[track_caller]
    fn find_all(&self, request: &Value) -> Vec<String> {
        let (mut request, mut ids) = (request.clone(), Vec::new());
        loop {
            let page = self.find(&request);
            let items = page["items"].as_array().expect("items");
            ids.extend(items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
            let Some(next) = page["next"].as_str() else { return ids };
            request["cursor"] = json!(next);
            self.tell(&[late_statement()]);
        }
    }
}

/// A statement that none of the conditions is about.
fn late_statement() -> Value {
    json!({
        "actor": {"mbox": "mailto:late@example.org"},
        "verb": {"id": "http://v.example/late"},
        "object": {"id": "http://a.example/late"},
    })
}

/// A condition, and for which of the numbered statements it holds.
type Expected = (Value, fn(usize) -> bool);

/// Conditions that every kind of field is in.
fn conditions(ids: &[String]) -> [Expected; 8] {
    let among = json!({"field": "verb", "in": VERBS});
    let both = |condition: Value| json!({"and": [among, condition]});
    [
        (among.clone(), |_| true),
        (both(json!({"not": {"field": "verb", "is": VERBS[0]}})), |it| it % 2 == 1),
        (
            json!({"or": [{"field": "success", "is": true},
                {"field": "object", "is": "http://a.example/2"}]}),
            |it| it.is_multiple_of(4) || it % 3 == 2,
        ),
        (json!({"field": "course.name", "contains": "FIRE"}), |_| true),
        (
            json!({"and": [{"field": "person.name", "contains": "BODY"},
                {"not": {"field": "score.scaled", "to": 0.5}}]}),
            |it| 3 <= it % 5,
        ),
        (json!({"field": "sequence", "from": 10, "to": 20}), |it| (9..19).contains(&it)),
        (json!({"field": "id", "in": [ids[8], make::id(), ids[3]]}), |it| it == 3 || it == 8),
        (both(json!({"not": {"field": "id", "is": ids[0]}})), |it| it != 0),
    ]
}

fn lists_statements(engine: Engine) {
    let mut asked = Asked::new(engine);
    let ids = asked.tell(&(0..40).map(statement).collect::<Vec<_>>());
    assert_eq!(asked.count(), 40);
    for (condition, holds) in conditions(&ids) {
        let expected: Vec<&String> =
            ids.iter().enumerate().filter(|(number, _)| holds(*number)).map(|(_, id)| id).collect();
        let oldest = json!({"where": condition, "order": "oldest", "limit": 7});
        assert_eq!(asked.find_all(&oldest).iter().collect::<Vec<_>>(), expected, "{condition}");
        let newest = json!({"where": condition, "limit": 7});
        let newest = asked.find_all(&newest);
        assert_eq!(newest.iter().rev().collect::<Vec<_>>(), expected, "{condition}");
    }

    let voiding = make::voiding(&ids[39]);
    let voiding = asked.tell(&[voiding]);
    let clock = SystemClock::new();
    let of_course = json!({"where": {"field": "verb", "in": VERBS}, "limit": 1});
    while asked.find(&of_course)["items"][0]["id"] != json!(ids[38]) {
        assert!(clock.elapsed() < WAIT_MAX, "it is voided");
        thread::sleep(Duration::from_millis(20));
    }
    let mut with_voided = of_course.clone();
    with_voided["with_voided"] = json!(true);
    let item = asked.find(&with_voided)["items"][0].clone();
    assert_eq!((&item["id"], &item["is_voided"]), (&json!(ids[39]), &json!(true)));
    let found = asked.find(&json!({"where": {"field": "id", "is": voiding[0]}}));
    let expected = json!({"kind": "StatementRef", "id": ids[39], "name": null, "type": null});
    assert_eq!(found["items"][0]["object"], expected, "{found}");

    asked.restart();
    assert_eq!(asked.count(), asked.facts()["sequence"].as_u64().unwrap() - 1);
    assert_eq!(asked.find(&with_voided)["items"][0], item, "after a restart");
}

#[test]
fn pages_have_every_statement_that_meets_a_condition_once() {
    lists_statements(Engine::Embedded);
}

#[test]
fn pages_have_every_statement_that_meets_a_condition_once_on_postgres() {
    lists_statements(Engine::Postgres);
}

/// A statement that says much, with names in two languages.
fn told() -> Value {
    json!({
        "id": make::id(),
        "actor": {"mbox": "mailto:ada@example.org", "name": "Ada"},
        "verb": {"id": "http://v.example/passed", "display": {"en": "passed", "de": "bestand"}},
        "object": {"id": "http://a.example/1", "definition": {
            "type": "http://t.example/lesson", "name": {"en": "Lesson", "de-CH": "Lektion"}}},
        "result": {"success": true, "completion": false, "response": "42", "duration": "PT1.5S",
            "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10}},
        "context": {"platform": "Moodle",
            "registration": "00000000-0000-4000-8000-000000000001",
            "contextActivities": {"parent": [{"id": "http://c.example/1", "definition": {
                "type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Course"}}}]}},
        "timestamp": "2026-03-01T10:00:00Z",
    })
}

fn names_parts(engine: Engine) {
    let asked = Asked::new(engine);
    let ids = asked.tell(&[told()]);
    asked.tell(&[json!({
        "actor": {"objectType": "Group", "member": [
            {"mbox": "mailto:bob@example.org", "name": "Bob"}, {"mbox": "mailto:eve@example.org"}]},
        "verb": {"id": "http://v.example/asked"},
        "object": {"objectType": "Agent", "mbox": "mailto:ada@example.org"},
    })]);
    assert_eq!(asked.count(), 2);
    let found = asked.find(&json!({"order": "oldest", "language": "de"}));
    let [first, second] = [0, 1].map(|index| found["items"][index].clone());
    let mut expected = json!({
        "sequence": 1,
        "id": ids[0],
        "timestamp": "2026-03-01T10:00:00.000000Z",
        "is_voided": false,
        "person": {"id": "{\"mbox\":\"mailto:ada@example.org\"}", "name": "Ada"},
        "verb": {"id": "http://v.example/passed", "name": "bestand"},
        "object": {"kind": "Activity", "id": "http://a.example/1", "name": "Lektion",
            "type": "http://t.example/lesson"},
        "course": {"id": "http://c.example/1", "name": "Course"},
        "result": {"success": true, "completion": false, "duration": 1.5, "response": "42",
            "score": {"scaled": 0.5, "raw": 5.0, "min": 0.0, "max": 10.0}},
        "registration": "00000000-0000-4000-8000-000000000001",
        "platform": "Moodle",
    });
    // Which times and keys a store gives is not known.
    for name in ["stored", "source"] {
        assert!(first[name].is_string(), "{first}");
        expected[name] = first[name].clone();
    }
    // However many digits the fraction has.
    expected["timestamp"] = first["timestamp"].clone();
    let timestamp = first["timestamp"].as_str().expect("a time");
    assert!(timestamp.starts_with("2026-03-01T10:00:00"), "{timestamp}");
    assert_eq!(first, expected);
    let nobody = json!({"id": null, "name": "Bob, eve@example.org"});
    assert_eq!(second["person"], nobody, "{second}");
    assert_eq!(second["verb"], json!({"id": "http://v.example/asked", "name": null}));
    assert_eq!(second["object"]["kind"], "Agent", "{second}");
    let found = asked.find(&json!({"where": {"field": "sequence", "is": 1}}));
    assert_eq!(found["items"][0]["verb"]["name"], "passed", "in the language of the tenant");
}

#[test]
fn the_parts_of_a_sentence_have_names_in_the_language_of_the_reader() {
    names_parts(Engine::Embedded);
}

#[test]
fn the_parts_of_a_sentence_have_names_in_the_language_of_the_reader_on_postgres() {
    names_parts(Engine::Postgres);
}

#[track_caller]
fn check_fault(asked: &Asked, request: &Value, pointer: &str) {
    let problem = asked.call_for(request).expect(400).json();
    assert_eq!(problem["faults"][0]["pointer"], pointer, "{problem}");
}

#[test]
fn hostile_requests_for_statements_are_refused() {
    let asked = Asked::new(Engine::Embedded);
    asked.tell(&[statement(1)]);
    assert_eq!(asked.count(), 1);
    check_fault(&asked, &json!({"limit": 201}), "/limit");
    check_fault(&asked, &json!({"cursor": "A".repeat(60_000)}), "/cursor");
    check_fault(&asked, &json!({"cursor": ""}), "/cursor");
    check_fault(&asked, &json!({"order": "random"}), "/order");
    check_fault(&asked, &json!({"zone": "Mars"}), "/zone");
    let one = json!({"field": "id", "is": make::id()});
    check_fault(&asked, &json!({"where": {"or": vec![one; 101]}}), "/where/or/100/is");
    let one = json!({"field": "success", "is": true});
    check_fault(&asked, &json!({"where": {"or": vec![one.clone(); 500]}}), "/where/or/499");
    let deep = (0..30).fold(one.clone(), |inner, _| json!({"not": inner}));
    check_fault(&asked, &json!({"where": deep}), &format!("/where{}", "/not".repeat(17)));
    let nested = (0..200).fold(one.clone(), |inner, _| json!({"not": inner}));
    assert_eq!(asked.call_for(&json!({"where": nested})).status, 400, "too deep to be read");
    let large = json!({"where": {"or": vec![one; 5_000]}});
    assert_eq!(asked.call_for(&large).status, 413);
    assert_eq!(asked.find(&json!({}))["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_command_line_lists_statements() {
    let asked = Asked::new(Engine::Embedded);
    let ids = asked.tell(&(0..8).map(statement).collect::<Vec<_>>());
    assert_eq!(asked.count(), 8);
    let list = |arguments: &[&str]| {
        let mut command = acta();
        command.args(["statement", "list"]).args(arguments);
        run(command.arg("--data").arg(asked.store.data()))
    };
    let shown = list(&["--where", "success=true", "--limit", "1"]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", shown.out);
    assert!(lines[0].starts_with("NUMBER  STORED"), "{}", shown.out);
    assert!(lines[1].starts_with("5 ") && lines[1].ends_with("success, 0.8"), "{}", shown.out);
    let cursor = lines[2].strip_prefix("there are more: --cursor ").expect("a cursor");
    let shown = list(&["--where", "success=true", "--cursor", cursor, "--json"]);
    let page: Value = serde_json::from_str(&shown.out).expect("JSON");
    assert_eq!((&page["items"][0]["id"], &page["next"]), (&json!(ids[0]), &Value::Null));
    let of_id = format!("id={}", ids[4]);
    let shown = list(&["--where", &of_id, "--order", "oldest", "--json"]);
    let page: Value = serde_json::from_str(&shown.out).expect("JSON");
    assert_eq!(page["items"][0]["sequence"], 5, "{}", shown.out);
    assert!(list(&["--where", "id=5"]).err.contains("expected a UUID"));
}

fn voids_by_command(engine: Engine) {
    let asked = Asked::new(engine);
    let ids = asked.tell(&(0..2).map(statement).collect::<Vec<_>>());
    assert_eq!(asked.count(), 2);
    let statement = |arguments: &[&str]| {
        let mut command = acta();
        command.arg("statement").args(arguments).envs(asked.store.settings());
        if asked.store.settings().is_empty() {
            command.arg("--data").arg(asked.store.data());
        }
        run(&mut command)
    };
    let reason = "Sent twice";
    let voided = statement(&["void", &ids[0], "--tenant", "1", "--reason", reason, "--json"]);
    assert_eq!(voided.code, Some(0), "{}", voided.err);
    let answer: Value = serde_json::from_str(&voided.out).expect("JSON");
    assert_eq!(answer["voids"], json!(ids[0]));
    let voiding = answer["id"].as_str().expect("an id");
    let client = asked.server.client(Version::V1_0_3);
    client.get("/statements").query("statementId", &ids[0]).send().expect(404);
    client.get("/statements").query("voidedStatementId", &ids[0]).send().expect(200);
    let stored = client.get("/statements").query("statementId", voiding).send().expect(200).json();
    assert_eq!(stored["result"]["response"], reason, "{stored}");
    assert_eq!(stored["actor"]["account"]["name"], "operator", "{stored}");

    let shown = statement(&["void", &ids[1], "--reason", reason]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    assert!(shown.out.starts_with("voided by the statement "), "{}", shown.out);
    let nobody = make::id();
    for (id, message) in [
        (ids[0].as_str(), "the statement is already voided"),
        (voiding, "a voiding statement cannot be voided"),
        (nobody.as_str(), "not found"),
        ("5", "not found"),
    ] {
        let refused = statement(&["void", id, "--reason", reason]);
        assert_eq!(refused.code, Some(1), "{id}: {}", refused.err);
        assert!(refused.err.contains(message), "{id}: {}", refused.err);
    }
    let blank = statement(&["void", &ids[1], "--reason", " "]);
    assert!(blank.err.contains("not blank"), "{}", blank.err);
}

#[test]
fn the_command_line_voids_a_statement() {
    voids_by_command(Engine::Embedded);
}

#[test]
fn the_command_line_voids_a_statement_on_postgres() {
    voids_by_command(Engine::Postgres);
}
