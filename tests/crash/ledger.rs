//! What was sent and what was acknowledged, and the comparison with what is there.

use acta_tests::{Client, multipart};
use serde_json::Value;

/// What became of a request, as far as its sender knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteOutcome {
    /// It was answered with success.
    Acknowledged,
    /// It was answered with "nothing was stored".
    Refused,
    /// No answer came, or one that leaves it open.
    Unknown,
}

/// One request with statements.
#[derive(Debug)]
pub(crate) struct SentBatch {
    /// The actor, whom no other request names.
    pub(crate) agent: Value,
    pub(crate) ids: Vec<String>,
    /// The content of the attachment, which every statement of the request has.
    pub(crate) content: Option<Vec<u8>>,
    pub(crate) outcome: WriteOutcome,
}

/// One document that is written again and again with a number that grows.
#[derive(Debug)]
pub(crate) struct NumberedDocument {
    pub(crate) activity: String,
    pub(crate) agent: Value,
    /// The last number that was acknowledged; 0 for none.
    pub(crate) acknowledged: u64,
    /// The last number that may have been written.
    pub(crate) sent: u64,
}

/// Everything that writers did.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) sent: Vec<SentBatch>,
    pub(crate) documents: Vec<NumberedDocument>,
}

impl Ledger {
    /// Takes over what another one holds.
    pub(crate) fn extend(&mut self, other: Self) {
        self.sent.extend(other.sent);
        self.documents.extend(other.documents);
    }

    /// How many statements were acknowledged.
    pub(crate) fn acknowledged_count(&self) -> usize {
        let acknowledged =
            self.sent.iter().filter(|sent| sent.outcome == WriteOutcome::Acknowledged);
        acknowledged.map(|sent| sent.ids.len()).sum()
    }

    /// How many requests had this outcome.
    pub(crate) fn count(&self, outcome: WriteOutcome) -> usize {
        self.sent.iter().filter(|sent| sent.outcome == outcome).count()
    }

    /// Asks for everything and compares.
    pub(crate) fn check(&self, client: &Client) {
        for sent in &self.sent {
            sent.check(client);
        }
        for document in &self.documents {
            document.check(client);
        }
    }
}

impl SentBatch {
    fn check(&self, client: &Client) {
        let mut found = client.find(&[("agent", &self.agent.to_string())]);
        found.sort_unstable();
        let mut ids = self.ids.clone();
        ids.sort_unstable();
        let is_whole = found == ids;
        let is_right = match self.outcome {
            WriteOutcome::Acknowledged => is_whole,
            WriteOutcome::Refused => found.is_empty(),
            WriteOutcome::Unknown => is_whole || found.is_empty(),
        };
        assert!(is_right, "{:?}: sent {ids:?}, found {found:?}", self.outcome);
        let Some(first) = found.first() else { return };
        assert_eq!(client.fetch(first)["actor"], self.agent, "statement {first}");
        if let Some(content) = &self.content {
            let call = client.get("/statements").query("statementId", first);
            let answer = call.query("attachments", "true").send().expect(200);
            let parts = multipart::read(&answer);
            assert_eq!(parts.get(1).map(|part| &part.body), Some(content), "of {first}");
        }
    }
}

impl NumberedDocument {
    fn check(&self, client: &Client) {
        let call = client.get("/activities/state").query("activityId", &self.activity);
        let call = call.query("agent", &self.agent.to_string());
        let answer = call.query("stateId", "count").send();
        if answer.status == 404 {
            assert_eq!(self.acknowledged, 0, "the document of {} was written", self.activity);
            return;
        }
        let kept = answer.expect(200).json();
        let count = kept["count"].as_u64().expect("count is a number");
        let expected = self.acknowledged..=self.sent;
        assert!(expected.contains(&count), "{kept}, expected {expected:?}");
        assert_eq!(kept["count"], kept["again"], "a document is whole");
    }
}
