//! Writers on connections of their own, each with a ledger.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use acta_ambient::{Entropy, SeededEntropy};
use acta_tests::multipart::{self, Part};
use acta_tests::{Call, Client, Response, make};
use serde_json::{Value, json};

use crate::ledger::{Ledger, NumberedDocument, SentBatch, WriteOutcome};

/// Statements of a batch.
const BATCH: usize = 25;

/// How long a writer waits that was refused.
const PAUSE: Duration = Duration::from_millis(5);

/// Repeatable choices of a test.
#[derive(Debug)]
pub(crate) struct RandomChoice(SeededEntropy);

impl RandomChoice {
    /// The same seed gives the same choices.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }
}

/// Runs every kind of writer while `act` goes on, and returns what they did.
pub(crate) fn write_while(client: &Client, act: impl FnOnce()) -> Ledger {
    let is_over = AtomicBool::new(false);
    let writers = [write_singles, write_singles, write_batches, write_attachments, write_document];
    let mut ledger = Ledger::default();
    thread::scope(|scope| {
        let is_over = &is_over;
        let start =
            |write: fn(&Client, &AtomicBool) -> Ledger| scope.spawn(move || write(client, is_over));
        let running = writers.map(start);
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
    let unknown = ledger.sent.iter_mut().filter(|sent| sent.outcome == WriteOutcome::Unknown);
    for sent in unknown {
        post(client, sent).send().expect(200);
        sent.outcome = WriteOutcome::Acknowledged;
    }
}

fn outcome_of(answer: &Result<Response, impl std::fmt::Display>) -> WriteOutcome {
    match answer {
        Ok(answer) => match answer.status {
            200 | 204 => WriteOutcome::Acknowledged,
            507 => WriteOutcome::Refused,
            500 | 503 => WriteOutcome::Unknown,
            _ => panic!("an answer that a writer has no reason for: {answer:?}"),
        },
        Err(_) => WriteOutcome::Unknown,
    }
}

fn statement(sent: &SentBatch, id: &str) -> Value {
    let mut statement = make::statement_of(&sent.agent);
    statement["id"] = json!(id);
    // The same whenever it is sent, so that a repeat of it is one.
    statement["verb"] = json!({"id": "https://example.org/verbs/tried"});
    statement["object"] = json!({"id": "https://example.org/activities/it"});
    statement["timestamp"] = json!("2026-01-02T03:04:05Z");
    if let Some(content) = &sent.content {
        statement["attachments"] = json!([make::attachment("text/plain", content)]);
    }
    statement
}

fn post<'c>(client: &'c Client, sent: &SentBatch) -> Call<'c> {
    let statements: Vec<Value> = sent.ids.iter().map(|id| statement(sent, id)).collect();
    let statements = json!(statements);
    let call = client.post("/statements");
    let Some(content) = &sent.content else { return call.json(&statements) };
    let parts = [
        Part::statements(&statements.to_string()),
        Part::attachment("text/plain", &make::sha256_hex(content), content),
    ];
    call.body(&multipart::content_type(), multipart::write(&parts))
}

fn write(client: &Client, is_over: &AtomicBool, draw: impl Fn() -> SentBatch) -> Ledger {
    let mut ledger = Ledger::default();
    while !is_over.load(Ordering::Relaxed) {
        let mut sent = draw();
        let answer = post(client, &sent).try_send();
        sent.outcome = outcome_of(&answer);
        let outcome = sent.outcome;
        ledger.sent.push(sent);
        match (answer, outcome) {
            (Ok(_), WriteOutcome::Acknowledged) => {}
            (Ok(_), WriteOutcome::Refused | WriteOutcome::Unknown) => thread::sleep(PAUSE),
            // The server is dead.
            (Err(_), _) => break,
        }
    }
    ledger
}

fn draw(count: usize) -> SentBatch {
    let ids = (0..count).map(|_| make::id()).collect();
    SentBatch { agent: make::agent(), ids, content: None, outcome: WriteOutcome::Unknown }
}

fn write_singles(client: &Client, is_over: &AtomicBool) -> Ledger {
    write(client, is_over, || draw(1))
}

fn write_batches(client: &Client, is_over: &AtomicBool) -> Ledger {
    write(client, is_over, || draw(BATCH))
}

fn write_attachments(client: &Client, is_over: &AtomicBool) -> Ledger {
    let content = || Some(make::id().repeat(100).into_bytes());
    write(client, is_over, || SentBatch { content: content(), ..draw(1) })
}

fn write_document(client: &Client, is_over: &AtomicBool) -> Ledger {
    let (activity, agent) = (make::activity_id(), make::agent());
    let mut counted = NumberedDocument { activity, agent, acknowledged: 0, sent: 0 };
    while !is_over.load(Ordering::Relaxed) {
        let number = counted.sent + 1;
        let call = client.post("/activities/state").query("activityId", &counted.activity);
        let call = call.query("agent", &counted.agent.to_string()).query("stateId", "count");
        let sent = call.json(&json!({"count": number, "again": number})).try_send();
        match outcome_of(&sent) {
            WriteOutcome::Acknowledged => (counted.acknowledged, counted.sent) = (number, number),
            WriteOutcome::Refused => {}
            WriteOutcome::Unknown => {
                counted.sent = number;
                // Sending on could overtake what a dead server may have kept.
                break;
            }
        }
    }
    Ledger { documents: vec![counted], ..Ledger::default() }
}
