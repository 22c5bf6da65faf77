//! `kill -9` in the middle of a load, many times: what was acknowledged is there, and no
//! batch is there by half.
//!
//! One directory lives through all rounds. In each, writers on connections of their own
//! send single statements, batches, statements with attachments and documents, and write
//! down what was acknowledged. Then the server is killed, started again and asked for
//! everything that the ledger holds.

#![expect(clippy::expect_used, reason = "this is a test")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use acta_tests::multipart::{self, Part};
use acta_tests::server::SMALL_FILES;
use acta_tests::{Client, Server, Version, make};
use serde_json::{Value, json};

/// Rounds of one run; `TEST_ACTA_CRASH_ROUNDS` asks for more.
const ROUNDS: u64 = 20;

/// Statements of a batch.
const BATCH: usize = 25;

/// What one round sent, and whether it was acknowledged.
#[derive(Debug, Default)]
struct Ledger {
    /// Ids of single statements that were acknowledged.
    singles: Vec<String>,
    /// Actors of batches: all statements of a batch have the same.
    batches: Vec<(Value, bool)>,
    /// Ids and contents of statements with attachments that were acknowledged.
    attached: Vec<(String, Vec<u8>)>,
    /// Documents: activity, the last number acknowledged, the last number sent.
    documents: Vec<(String, u64, u64)>,
}

fn rounds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests take no configuration")]
    let asked = std::env::var("TEST_ACTA_CRASH_ROUNDS").ok();
    asked.map_or(ROUNDS, |count| count.parse().expect("TEST_ACTA_CRASH_ROUNDS is a number"))
}

fn write_singles(client: &Client, is_over: &AtomicBool) -> Ledger {
    let mut ledger = Ledger::default();
    while !is_over.load(Ordering::Relaxed) {
        let (id, statement) = make::statement_with_id();
        if let Ok(answer) = client.post("/statements").json(&statement).try_send() {
            answer.expect(200);
            ledger.singles.push(id);
        }
    }
    ledger
}

fn write_batches(client: &Client, is_over: &AtomicBool) -> Ledger {
    let mut ledger = Ledger::default();
    while !is_over.load(Ordering::Relaxed) {
        let agent = make::agent();
        let batch: Vec<Value> = (0..BATCH).map(|_| make::statement_of(&agent)).collect();
        let sent = client.post("/statements").json(&json!(batch)).try_send();
        let is_acknowledged = sent.is_ok();
        if let Ok(answer) = sent {
            answer.expect(200);
        }
        ledger.batches.push((agent, is_acknowledged));
    }
    ledger
}

fn write_attachments(client: &Client, is_over: &AtomicBool) -> Ledger {
    let mut ledger = Ledger::default();
    while !is_over.load(Ordering::Relaxed) {
        let bytes = make::id().repeat(100).into_bytes();
        let (id, mut statement) = make::statement_with_id();
        let header = make::attachment("text/plain", &bytes);
        let sha2 = make::sha256_hex(&bytes);
        statement["attachments"] = json!([header]);
        let body = multipart::write(&[
            Part::statements(&statement.to_string()),
            Part::attachment("text/plain", &sha2, &bytes),
        ]);
        let call = client.post("/statements").body(&multipart::content_type(), body);
        if let Ok(answer) = call.try_send() {
            answer.expect(200);
            ledger.attached.push((id, bytes));
        }
    }
    ledger
}

fn write_document(client: &Client, is_over: &AtomicBool) -> Ledger {
    let activity = make::activity_id();
    let agent = make::agent();
    let (mut acknowledged, mut sent) = (0, 0);
    while !is_over.load(Ordering::Relaxed) {
        sent += 1;
        let call = client.post("/activities/state").query("activityId", &activity);
        let call = call.query("agent", &agent.to_string()).query("stateId", "count");
        let body = json!({"count": sent, "again": sent});
        if let Ok(answer) = call.json(&body).try_send() {
            answer.expect(204);
            acknowledged = sent;
        } else {
            // Sending on could overtake what the dead server may have kept.
            break;
        }
    }
    let place = json!({"activity": activity, "agent": agent}).to_string();
    Ledger { documents: vec![(place, acknowledged, sent)], ..Ledger::default() }
}

/// Writes on several connections until the server dies after `lifetime`.
fn load_and_kill(server: &mut Server, lifetime: Duration) -> Ledger {
    let is_over = AtomicBool::new(false);
    let client = || server.client(Version::V2_0_0);
    let clients = [client(), client(), client(), client(), client()];
    let writers = [write_singles, write_singles, write_batches, write_attachments, write_document];
    let mut ledgers = Vec::new();
    thread::scope(|scope| {
        let is_over = &is_over;
        let running: Vec<_> = clients
            .iter()
            .zip(writers)
            .map(|(client, write)| scope.spawn(move || write(client, is_over)))
            .collect();
        thread::sleep(lifetime);
        server.kill();
        is_over.store(true, Ordering::Relaxed);
        ledgers.extend(running.into_iter().map(|writer| writer.join().expect("a writer ends")));
    });
    let mut ledger = Ledger::default();
    for part in ledgers {
        ledger.singles.extend(part.singles);
        ledger.batches.extend(part.batches);
        ledger.attached.extend(part.attached);
        ledger.documents.extend(part.documents);
    }
    ledger
}

fn check_statements(client: &Client, ledger: &Ledger) {
    for id in &ledger.singles {
        let answer = client.get("/statements").query("statementId", id).send();
        assert_eq!(answer.status, 200, "statement {id} was acknowledged");
    }
    for (agent, is_acknowledged) in &ledger.batches {
        let found = client.find(&[("agent", &agent.to_string())]).len();
        if *is_acknowledged {
            assert_eq!(found, BATCH, "the batch of {agent} was acknowledged");
        } else {
            assert!([0, BATCH].contains(&found), "{found} statements of the batch of {agent}");
        }
    }
}

fn check_attachments(client: &Client, ledger: &Ledger) {
    for (id, bytes) in &ledger.attached {
        let call = client.get("/statements").query("statementId", id);
        let answer = call.query("attachments", "true").send();
        assert_eq!(answer.status, 200, "statement {id} was acknowledged");
        let parts = multipart::read(&answer);
        assert_eq!(parts.get(1).map(|part| &part.body), Some(bytes), "the attachment of {id}");
    }
}

fn check_documents(client: &Client, ledger: &Ledger) {
    for (place, acknowledged, sent) in &ledger.documents {
        let place: Value = serde_json::from_str(place).expect("JSON");
        let activity = place["activity"].as_str().expect("an activity is a string");
        let call = client.get("/activities/state").query("activityId", activity);
        let call = call.query("agent", &place["agent"].to_string());
        let answer = call.query("stateId", "count").send();
        if answer.status == 404 {
            assert_eq!(*acknowledged, 0, "the document of {activity} was acknowledged");
            continue;
        }
        let kept = answer.expect(200).json();
        let count = kept["count"].as_u64().expect("count is a number");
        assert!((*acknowledged..=*sent).contains(&count), "{kept} of {acknowledged}..={sent}");
        assert_eq!(kept["count"], kept["again"], "a document is whole");
    }
}

fn check(server: &Server, ledger: &Ledger) {
    let client = server.client(Version::V2_0_0);
    check_statements(&client, ledger);
    check_attachments(&client, ledger);
    check_documents(&client, ledger);
}

#[test]
fn loses_nothing_acknowledged_when_killed() {
    let folder = std::env::temp_dir().join(format!("acta-crash-{}", make::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let data = folder.join("data");
    let mut ledgers: Vec<Ledger> = Vec::new();
    let mut server = Server::start_in(&data, Version::V2_0_0);
    for round in 0..rounds() {
        // Each round lives a little longer or shorter, so that death comes at any moment.
        let lifetime = Duration::from_millis(150 + round * 37 % 211);
        let ledger = load_and_kill(&mut server, lifetime);
        assert!(!ledger.singles.is_empty(), "the load must do something in {lifetime:?}");
        // In every other round files are sealed and merged all the time.
        let settings = if round % 2 == 0 { SMALL_FILES } else { &[] };
        server = Server::start_with(&data, Version::V2_0_0, settings);
        check(&server, &ledger);
        let (singles, batches) = (ledger.singles.len(), ledger.batches.len());
        println!("round {round}: {singles} statements and {batches} batches after {lifetime:?}");
        ledgers.push(ledger);
    }
    // Later crashes must not hurt what earlier rounds left.
    for ledger in &ledgers {
        check(&server, ledger);
    }
    drop(server);
    let _ = std::fs::remove_dir_all(&folder);
}
