//! Writers on every server, each with a ledger, and one number that all of them count up.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use acta_tests::{Call, Client, Response, make};
use serde_json::{Value, json};

use crate::ledger::{Ledger, SentBatch, WriteOutcome};
use crate::node::CurrentClient;

/// Statements of a batch.
const BATCH: usize = 10;

/// How long a writer waits between two requests: all of them are read again in the end.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs writers on all servers while `act` goes on, and returns what they did.
pub(crate) fn write_while(
    nodes: &[CurrentClient; 3],
    counter: &Counter,
    act: impl FnOnce(),
) -> Ledger {
    let is_over = AtomicBool::new(false);
    let mut ledger = Ledger::default();
    thread::scope(|scope| {
        let is_over = &is_over;
        let mut running = Vec::new();
        for node in nodes {
            for count in [1, BATCH] {
                running.push(scope.spawn(move || write(node, is_over, count)));
            }
            scope.spawn(move || counter.add_until(node, is_over));
        }
        act();
        is_over.store(true, Ordering::Relaxed);
        for writer in running {
            ledger.extend(writer.join().expect("a writer ends"));
        }
    });
    ledger
}

/// Repeats every request whose outcome is unknown, as clients do, until it is acknowledged.
pub(crate) fn resolve_unanswered(client: &Client, ledger: &mut Ledger) {
    for sent in ledger.sent.iter_mut().filter(|sent| sent.outcome == WriteOutcome::Unknown) {
        post(client, sent).send().expect(200);
        sent.outcome = WriteOutcome::Acknowledged;
    }
}

/// What an answer says: 503 that nothing was done, 500 that nobody knows.
fn outcome_of(answer: &Result<Response, impl std::fmt::Display>) -> WriteOutcome {
    match answer {
        Ok(answer) => match answer.status {
            200 | 204 => WriteOutcome::Acknowledged,
            503 => WriteOutcome::Refused,
            500 => WriteOutcome::Unknown,
            _ => panic!("an answer that a writer has no reason for: {answer:?}"),
        },
        Err(_) => WriteOutcome::Unknown,
    }
}

fn post<'c>(client: &'c Client, sent: &SentBatch) -> Call<'c> {
    let statements = sent.ids.iter().map(|id| {
        let mut statement = make::statement_of(&sent.agent);
        statement["id"] = json!(id);
        // The same whenever it is sent, so that a repeat of it is one.
        statement["verb"] = json!({"id": "https://example.org/verbs/tried"});
        statement["object"] = json!({"id": "https://example.org/activities/it"});
        statement["timestamp"] = json!("2026-01-02T03:04:05Z");
        statement
    });
    client.post("/statements").json(&Value::Array(statements.collect()))
}

fn write(node: &CurrentClient, is_over: &AtomicBool, count: usize) -> Ledger {
    let mut ledger = Ledger::default();
    while !is_over.load(Ordering::Relaxed) {
        let ids = (0..count).map(|_| make::id()).collect();
        let mut sent =
            SentBatch { agent: make::agent(), ids, content: None, outcome: WriteOutcome::Unknown };
        sent.outcome = outcome_of(&post(&node.client(), &sent).try_send());
        ledger.sent.push(sent);
        thread::sleep(PAUSE);
    }
    ledger
}

/// A number in a document, on which everybody counts who finds it unchanged.
#[derive(Debug)]
pub(crate) struct Counter {
    activity: String,
    agent: Value,
    acknowledged_count: AtomicU64,
    unknown_count: AtomicU64,
}

impl Counter {
    /// A document of its own, in which nobody has counted.
    pub(crate) fn new() -> Self {
        let (acknowledged_count, unknown_count) = (AtomicU64::new(0), AtomicU64::new(0));
        let (activity, agent) = (make::activity_id(), make::agent());
        Self { activity, agent, acknowledged_count, unknown_count }
    }

    fn call<'c>(&self, call: Call<'c>) -> Call<'c> {
        let call = call.query("activityId", &self.activity).query("stateId", "count");
        call.query("agent", &self.agent.to_string())
    }

    fn add_until(&self, node: &CurrentClient, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            self.add(&node.client());
            thread::sleep(PAUSE);
        }
    }

    fn add(&self, client: &Client) {
        let Ok(found) = self.call(client.get("/activities/state")).try_send() else { return };
        let put = self.call(client.put("/activities/state"));
        let (put, number) = match found.status {
            200 => {
                let number = found.json()["count"].as_u64().expect("count is a number");
                (put.header("If-Match", found.must_header("etag")), number)
            }
            404 => (put.header("If-None-Match", "*"), 0),
            _ => return,
        };
        let answer = put.json(&json!({"count": number + 1})).try_send();
        if answer.as_ref().is_ok_and(|answer| answer.status == 412) {
            return;
        }
        let count = match outcome_of(&answer) {
            WriteOutcome::Acknowledged => &self.acknowledged_count,
            WriteOutcome::Unknown => &self.unknown_count,
            WriteOutcome::Refused => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// The number is that of the writes that were acknowledged, and of some that nobody
    /// knows of.
    pub(crate) fn check(&self, client: &Client) {
        let found = self.call(client.get("/activities/state")).send().expect(200).json();
        let number = found["count"].as_u64().expect("count is a number");
        let acknowledged = self.acknowledged_count.load(Ordering::Relaxed);
        let unknown = self.unknown_count.load(Ordering::Relaxed);
        let expected = acknowledged..=acknowledged + unknown;
        assert!(expected.contains(&number), "{number} is not in {expected:?}");
        assert!(10 < acknowledged, "the load must do something");
    }
}
