//! What a stream sends.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Version, acta, make, run};
use serde_json::{Value, json};

use crate::subscriber::{Request, WAIT_MAX};
use crate::{Served, start};

fn statement(verb: &str, number: u64) -> Value {
    json!({
        "id": make::id(),
        "actor": {"mbox": format!("mailto:p{number}@example.org")},
        "verb": {"id": format!("http://v.example/{verb}"), "display": {"en": verb, "de": "tat"}},
        "object": {"id": format!("http://a.example/{number}")},
        "context": {"contextActivities": {"grouping": [{"id": "http://c.example/1"}]}},
    })
}

fn sends_what_is_stored(engine: Engine) {
    let served = Served::new(engine);
    let client = served.client();
    client.store(&json!([statement("before", 0)]));
    let address = served.server.address();
    let (stream, place) = Request::new("statements").query("language", "de").open(address).opened();
    assert_eq!(place, 1);
    assert!(stream.head.to_lowercase().contains("content-type: text/event-stream\r\n"));
    let mut ids = client.store(&json!([statement("did", 1), statement("did", 2)]));
    ids.extend(client.store(&statement("did", 3)));
    for (sequence, id) in (2..).zip(&ids) {
        let event = stream.statement();
        assert_eq!((event.number(), event.data["id"].as_str()), (sequence, Some(id.as_str())));
        assert_eq!(event.data["statement"], client.fetch(id));
        assert_eq!(event.data["stored"], event.data["statement"]["stored"]);
        assert_eq!(event.data["source"], acta_tests::server::KEY);
        let person = format!("p{}@example.org", sequence - 1);
        let object = format!("http://a.example/{}", sequence - 1);
        let sentence = json!({"actor": person, "verb": "tat", "object": object});
        assert_eq!(event.data["sentence"], sentence);
    }
    // From the beginning, all at once.
    let (again, place) = Request::new("statements").query("after", "0").open(address).opened();
    assert_eq!((place, again.sequences(4)), (0, vec![1, 2, 3, 4]));
    // Behind the last event, which a browser tells.
    let request = Request::new("statements").query("after", "0").header("Last-Event-ID", "3");
    let (behind, place) = request.open(address).opened();
    assert_eq!((place, behind.sequences(1)), (3, vec![4]));
    // A voided statement is left out.
    client.store(&json!([make::voiding(&ids[0])]));
    let (again, _) = Request::new("statements").query("after", "0").open(address).opened();
    assert_eq!(again.sequences(4), [1, 3, 4, 5]);
}

#[test]
fn a_stream_sends_statements_as_they_are_stored() {
    sends_what_is_stored(Engine::Embedded);
}

#[test]
fn a_stream_sends_statements_as_they_are_stored_on_postgres() {
    sends_what_is_stored(Engine::Postgres);
}

fn filters(engine: Engine) {
    let served = Served::new(engine);
    let client = served.client();
    let address = served.server.address();
    let request = Request::new("statements");
    let by_verb = request.clone().query("verb", "http://v.example/passed");
    let by_agent = request.clone().query("agent", r#"{"mbox":"mailto:p2@example.org"}"#);
    let by_course =
        request.clone().query("activity", "http://c.example/1").query("related_activities", "true");
    let by_object = request.query("activity", "http://c.example/1");
    let open = |request: &Request| request.open(address).opened().0;
    let [by_verb, by_agent, by_course, by_object] =
        [by_verb, by_agent, by_course, by_object].map(|request| open(&request));
    let statements: Vec<Value> = (1..=40)
        .map(|number| statement(if number % 4 == 0 { "passed" } else { "tried" }, number % 10))
        .collect();
    for some in statements.chunks(7) {
        client.store(&json!(some));
    }
    assert_eq!(by_verb.sequences(10), (1..=10).map(|number| 4 * number).collect::<Vec<_>>());
    assert_eq!(by_agent.sequences(4), [2, 12, 22, 32]);
    assert_eq!(by_course.sequences(40), (1..=40).collect::<Vec<_>>());
    let mut last = statement("passed", 2);
    last["object"] = json!({"id": "http://c.example/1"});
    client.store(&last);
    assert_eq!(by_object.sequences(1), [41]);
}

#[test]
fn a_stream_sends_only_what_matches_its_filters() {
    filters(Engine::Embedded);
}

#[test]
fn a_stream_sends_only_what_matches_its_filters_on_postgres() {
    filters(Engine::Postgres);
}

#[test]
fn a_stream_of_one_node_sends_what_other_nodes_store() {
    let served = Served::new(Engine::Postgres);
    let other = start(&served.store, &[]);
    let (stream, _) = Request::new("statements").open(served.server.address()).opened();
    for sequence in 1..=5 {
        other.client(acta_tests::Version::V2_0_0).store(&statement("did", sequence));
        assert_eq!(stream.sequences(1), [sequence]);
    }
}

fn summarizes(engine: Engine) {
    let served = Served::with(engine, &[("ACTA_FACTS_ENABLED", "true")]);
    let address = served.server.address();
    let stream = Request::new("summary").open(address);
    let first = stream.event();
    assert_eq!(first.name, "summary");
    let expected = json!({"statement_count": 0, "last_minute_count": 0, "last_stored": null,
        "facts": {"sequence": 0, "lag": 0}});
    assert_eq!(first.data, expected);
    let ids = served.client().store(&json!([statement("did", 1), statement("did", 2)]));
    let stored = served.client().fetch(&ids[1])["stored"].clone();
    let clock = SystemClock::new();
    loop {
        let event = stream.event();
        assert!(clock.elapsed() < WAIT_MAX, "{event:?}");
        let summary = event.data;
        if summary["facts"]["lag"] == 0 && summary["facts"]["sequence"] == 2 {
            assert_eq!(summary["statement_count"], 2);
            assert_eq!(summary["last_minute_count"], 2);
            assert_eq!(summary["last_stored"], stored);
            break;
        }
    }
}

#[test]
fn a_summary_counts_statements_and_facts() {
    summarizes(Engine::Embedded);
}

#[test]
fn a_summary_counts_statements_and_facts_on_postgres() {
    summarizes(Engine::Postgres);
}

#[test]
fn wrong_parameters_of_a_stream_are_refused() {
    let served = Served::new(Engine::Embedded);
    let address = served.server.address();
    let request = Request::new("statements");
    for wrong in [
        request.clone().query("verb", "no iri"),
        request.clone().query("after", "-1"),
        request.clone().query("since", "2026-01-01T00:00:00Z"),
        request.clone().header("Last-Event-ID", "x"),
        Request::new("summary").query("verb", "http://v.example/1"),
    ] {
        assert_eq!(wrong.open(address).status, 400, "{wrong:?}");
    }
}

#[test]
fn the_command_line_prints_statements_as_they_are_stored() {
    let served = Served::new(Engine::Embedded);
    let client = served.client();
    client.store(&statement("did", 1));
    let tail = |more: &[&str]| {
        let mut command = acta();
        command.args(["statement", "tail", "--after", "0"]).args(more);
        command.arg("--data").arg(served.store.data()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        (child, output.lines())
    };
    let (mut child, mut lines) = tail(&["--verb", "http://v.example/did"]);
    let line = lines.next().unwrap().unwrap();
    assert!(line.starts_with("1  2"), "{line}");
    assert!(line.ends_with("  p1@example.org did http://a.example/1"), "{line}");
    client.store(&json!([statement("other", 2), statement("did", 3)]));
    assert!(lines.next().unwrap().unwrap().starts_with("3  "));
    let (mut json_child, mut json_lines) = tail(&["--json"]);
    let entry: Value = serde_json::from_str(&json_lines.next().unwrap().unwrap()).unwrap();
    assert_eq!((&entry["sequence"], &entry["is_voided"]), (&json!(1), &json!(false)));
    served.server.ask_to_stop();
    let clock = SystemClock::new();
    for child in [&mut child, &mut json_child] {
        let status = loop {
            assert!(clock.elapsed() < WAIT_MAX, "the command does not end");
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(status.code(), Some(0));
    }
}

fn prints_what_is_not_unicode(engine: Engine) {
    let served = Served::new(engine);
    let client = served.server.client(Version::V2_0_0);
    let text = make::with_lone_surrogate(statement("did", 1));
    client.post("/statements").json_text(&text).send().expect(200);
    client.store(&statement("did", 2));
    let print = |more: &[&str]| {
        let mut command = acta();
        command.args(["statement", "tail", "--after", "0"]).args(more);
        command.envs(served.store.settings()).stdout(Stdio::piped());
        if engine == Engine::Embedded {
            command.arg("--data").arg(served.store.data());
        }
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let lines: Vec<String> = lines.map(Result::unwrap).take(2).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        lines
    };
    let lines = print(&[]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (number, line) in (1..).zip(lines) {
        let end = format!("  p{number}@example.org did http://a.example/{number}");
        assert!(line.starts_with(&format!("{number}  2")) && line.ends_with(&end), "{line}");
    }
    let lines = print(&["--json"]);
    assert!(lines[0].contains(r#""https://example.org/odd":"\ud800""#), "{}", lines[0]);
    let second: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!(second["sequence"], 2);
}

#[test]
fn the_command_line_prints_statements_that_are_not_unicode() {
    prints_what_is_not_unicode(Engine::Embedded);
}

#[test]
fn the_command_line_prints_statements_that_are_not_unicode_on_postgres() {
    prints_what_is_not_unicode(Engine::Postgres);
}

#[test]
fn the_command_line_does_not_wait_for_a_store_that_is_not_served() {
    let mut served = Served::new(Engine::Embedded);
    served.server.kill();
    let mut command = acta();
    command.args(["statement", "tail", "--data"]).arg(served.store.data());
    let refused = run(&mut command);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("not served"), "{}", refused.err);
}
