//! Writers on connections of their own, and a ledger of what was acknowledged.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use acta_tests::multipart::{self, Part};
use acta_tests::{Client, Server, Version, make};
use serde_json::{Value, json};

/// Statements of a batch.
pub(crate) const BATCH: usize = 25;

/// What was sent, and how much of it was acknowledged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// Ids of single statements that were acknowledged.
    pub(crate) singles: Vec<String>,
    /// Mailboxes of the actors of batches that were acknowledged: one for each batch.
    pub(crate) batches: Vec<String>,
    /// Ids and contents of statements with attachments that were acknowledged.
    pub(crate) attached: Vec<(String, Vec<u8>)>,
    /// The last number that was acknowledged in the document.
    pub(crate) count_acknowledged: u64,
    /// The last number that was sent there.
    pub(crate) count_sent: u64,
}

/// Writers at work.
pub(crate) struct Load {
    ledger: Arc<Mutex<Ledger>>,
    is_over: Arc<AtomicBool>,
    writers: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn start(server: &Server) -> Self {
        let (ledger, is_over) = (Arc::<Mutex<Ledger>>::default(), Arc::<AtomicBool>::default());
        let acts = [write_single, write_single, write_batch, write_attachment, write_document];
        let writers = acts.map(|act| {
            let client = server.client(Version::V2_0_0);
            let (ledger, is_over) = (Arc::clone(&ledger), Arc::clone(&is_over));
            thread::spawn(move || repeat(act, &client, &ledger, &is_over))
        });
        Self { ledger, is_over, writers: writers.into() }
    }

    /// What has been acknowledged until now.
    pub(crate) fn ledger(&self) -> Ledger {
        self.ledger.lock().expect("no writer panics while it notes something").clone()
    }

    /// Lets the writers finish what they are at.
    pub(crate) fn stop(self) -> Ledger {
        self.is_over.store(true, Ordering::Relaxed);
        for writer in self.writers {
            writer.join().expect("a writer ends");
        }
        self.ledger.lock().expect("no writer panics while it notes something").clone()
    }
}

fn repeat(
    act: fn(&Client, &Mutex<Ledger>),
    client: &Client,
    ledger: &Mutex<Ledger>,
    is_over: &AtomicBool,
) {
    while !is_over.load(Ordering::Relaxed) {
        act(client, ledger);
    }
}

fn note(ledger: &Mutex<Ledger>, note: impl FnOnce(&mut Ledger)) {
    note(&mut ledger.lock().expect("no writer panics while it notes something"));
}

fn write_single(client: &Client, ledger: &Mutex<Ledger>) {
    let (id, statement) = make::statement_with_id();
    client.post("/statements").json(&statement).send().expect(200);
    note(ledger, |ledger| ledger.singles.push(id));
}

fn write_batch(client: &Client, ledger: &Mutex<Ledger>) {
    let agent = make::agent();
    let batch: Vec<Value> = (0..BATCH).map(|_| make::statement_of(&agent)).collect();
    client.post("/statements").json(&json!(batch)).send().expect(200);
    let mbox = agent["mbox"].as_str().expect("a mailbox is a string").to_owned();
    note(ledger, |ledger| ledger.batches.push(mbox));
}

fn write_attachment(client: &Client, ledger: &Mutex<Ledger>) {
    let bytes = make::id().repeat(100).into_bytes();
    let (id, mut statement) = make::statement_with_id();
    let sha2 = make::sha256_hex(&bytes);
    statement["attachments"] = json!([make::attachment("text/plain", &bytes)]);
    let body = multipart::write(&[
        Part::statements(&statement.to_string()),
        Part::attachment("text/plain", &sha2, &bytes),
    ]);
    client.post("/statements").body(&multipart::content_type(), body).send().expect(200);
    note(ledger, |ledger| ledger.attached.push((id, bytes)));
}

/// The place of the one document.
pub(crate) const DOCUMENT: [(&str, &str); 3] = [
    ("activityId", "https://example.org/counted"),
    ("agent", r#"{"mbox":"mailto:counter@example.org"}"#),
    ("stateId", "count"),
];

fn write_document(client: &Client, ledger: &Mutex<Ledger>) {
    let mut count = 0;
    note(ledger, |ledger| {
        ledger.count_sent += 1;
        count = ledger.count_sent;
    });
    let call = client.post("/activities/state").queries(&DOCUMENT);
    call.json(&json!({"count": count, "again": count})).send().expect(204);
    note(ledger, |ledger| ledger.count_acknowledged = count);
}
