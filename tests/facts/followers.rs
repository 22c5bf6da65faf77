//! The follower that makes facts, controlled as the other followers are.

use std::fs;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Version, acta, run};
use serde_json::{Value, json};

use crate::{Asked, WAIT_MAX, statement};

/// How long facts are watched that do not change.
const WATCH_TIME: Duration = Duration::from_millis(300);

impl Asked {
    /// The follower of facts, in the list of all.
    fn follower(&self) -> Value {
        let listed = self.store.administer(&["follower", "list"]);
        let followers = listed["items"].as_array().expect("followers");
        followers.iter().find(|it| it["name"] == "facts").expect("facts are listed").clone()
    }

    /// A metric of the follower of facts.
    fn metric(&self, name: &str) -> f64 {
        let client = self.server.client(Version::V1_0_3);
        let answer = client.call_outside("GET", "/metrics").send().expect(200);
        let text = answer.text();
        let start = format!("{name}{{follower=\"facts\"}} ");
        let value = text.lines().find_map(|line| line.strip_prefix(start.as_str()));
        value.expect("a metric").parse().expect("a number")
    }

    #[track_caller]
    fn wait_until_it_runs(&self, running: f64) {
        let clock = SystemClock::new();
        while self.metric("acta_follower_running").total_cmp(&running).is_ne() {
            assert!(clock.elapsed() < WAIT_MAX, "the follower of facts does not change");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn pauses_and_catches_up(engine: Engine) {
    let mut asked = Asked::new(engine);
    asked.tell(&(0..3).map(statement).collect::<Vec<_>>());
    assert_eq!(asked.count(), 3);
    assert_eq!(asked.follower()["is_paused"], false);
    let paused = asked.store.administer(&["follower", "pause", "facts"]);
    assert_eq!(paused["is_paused"], true);
    asked.wait_until_it_runs(0.0);
    asked.tell(&(3..8).map(statement).collect::<Vec<_>>());
    thread::sleep(WATCH_TIME);
    assert_eq!(asked.facts()["lag"], 5);
    let question = json!({"measures": [{"measure": "count"}]});
    let ask = |asked: &Asked| {
        let client = asked.server.client(Version::V1_0_3);
        client
            .call_outside("POST", "/api/v1/tenants/1/query")
            .json(&question)
            .send()
            .expect(200)
            .json()
    };
    let answer = ask(&asked);
    assert_eq!((&answer["fact_count"], &answer["sequence"]), (&json!(3), &json!(3)), "{answer}");
    // A command beside a database does not know the facts of its servers.
    let lag = if engine == Engine::Postgres { json!(null) } else { json!(5) };
    assert_eq!(asked.follower()["lag"], lag);
    asked.restart();
    thread::sleep(WATCH_TIME);
    assert_eq!(asked.follower()["is_paused"], true, "after a restart");
    let answer = ask(&asked);
    assert_eq!(answer["is_rebuilding"], true, "what was only in memory is missing: {answer}");
    asked.store.administer(&["follower", "resume", "facts"]);
    assert_eq!(asked.count(), 8);
    assert!(ask(&asked)["is_rebuilding"].is_null());
    asked.wait_until_it_runs(1.0);
    assert!(8.0 <= asked.metric("acta_follower_statements_total"));
}

#[test]
fn paused_facts_stand_still_until_they_are_resumed() {
    pauses_and_catches_up(Engine::Embedded);
}

#[test]
fn paused_facts_stand_still_until_they_are_resumed_on_postgres() {
    pauses_and_catches_up(Engine::Postgres);
}

#[test]
fn facts_are_rebuilt_as_the_data_of_any_follower() {
    let mut asked = Asked::new(Engine::Embedded);
    asked.tell(&(0..8).map(statement).collect::<Vec<_>>());
    assert_eq!(asked.count(), 8);
    let rebuilt = asked.store.administer(&["follower", "rebuild", "facts"]);
    assert_eq!(rebuilt["name"], "facts");
    assert_eq!(asked.count(), 8);
    asked.server.kill();
    let command =
        |arguments: &[&str]| run(acta().args(arguments).arg("--data").arg(asked.store.data()));
    // Without a server, the command makes them before it ends.
    let listed = command(&["follower", "rebuild", "facts", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).expect("JSON");
    assert_eq!(
        (&listed["items"][1]["name"], &listed["items"][1]["lag"]),
        (&json!("facts"), &json!(0))
    );
    // They are not made behind the back of somebody who has paused them.
    assert_eq!(command(&["follower", "pause", "facts"]).code, Some(0));
    fs::remove_dir_all(asked.store.data().join("facts")).expect("the facts can be removed");
    let refused = command(&["query"]);
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    assert!(refused.err.contains("acta follower resume facts"), "{}", refused.err);
    assert_eq!(command(&["follower", "resume", "facts"]).code, Some(0));
    let shown = command(&["query", "--measure", "learners=distinct:person"]);
    assert_eq!(shown.out, "LEARNERS\n8\n", "{}", shown.err);
}
