//! What nodes were asked to store and what they answered, and the comparison with what is
//! there.

pub(crate) mod log;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::nodes::Node;
use acta_storage::{
    Batch, DocumentStore, EtagMatch, Precondition, StatementStore, StorageError, StoredStatement,
};
use acta_storage_suite::documents::{document, state_key, tag};
use acta_storage_suite::fixture::{Draft, batch, numbers};

use self::log::read_log;
use crate::nodes::TENANT;

/// What became of an act, as far as the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteOutcome {
    /// It was done.
    Acknowledged,
    /// Nothing has changed.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl WriteOutcome {
    /// Compares it with whether what was asked for is there.
    #[track_caller]
    pub(crate) fn check(self, is_there: bool, when: &dyn std::fmt::Display) {
        match self {
            Self::Acknowledged => assert!(is_there, "lost: {when}"),
            Self::Refused => assert!(!is_there, "there, though refused: {when}"),
            Self::Unknown => {}
        }
    }
}

/// What an answer says.
///
/// # Panics
///
/// On answers that a network and a database that fail are no reason for.
#[track_caller]
pub(crate) fn outcome_of<T>(answer: &Result<T, StorageError>) -> WriteOutcome {
    match answer {
        Ok(_) => WriteOutcome::Acknowledged,
        Err(StorageError::Busy { .. } | StorageError::Unavailable { .. }) => WriteOutcome::Refused,
        Err(StorageError::Io { .. }) => WriteOutcome::Unknown,
        Err(error) => panic!("an answer that there is no reason for: {error:?}"),
    }
}

/// Statements that were sent together.
#[derive(Debug)]
pub(crate) struct Sent {
    numbers: Vec<u128>,
    outcome: WriteOutcome,
}

impl Sent {
    fn batch(&self) -> Batch {
        let drafts: Vec<Draft> = self.numbers.iter().map(|number| Draft::new(*number)).collect();
        batch(&drafts.iter().collect::<Vec<_>>())
    }
}

/// Everything that a writer sent.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Vec<Sent>);

impl Ledger {
    /// Sends `count` statements that nobody has sent before. Returns what became of them.
    pub(crate) async fn append(&mut self, node: &Node, count: u64) -> WriteOutcome {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let first = NEXT.fetch_add(count, Ordering::Relaxed);
        let numbers = (first..first + count).map(u128::from).collect();
        let mut sent = Sent { numbers, outcome: WriteOutcome::Unknown };
        let answer = node.append(TENANT, sent.batch()).await;
        sent.outcome = outcome_of(&answer);
        let outcome = sent.outcome;
        self.0.push(sent);
        outcome
    }

    /// Takes over what another one holds.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many batches had this outcome.
    pub(crate) fn count(&self, outcome: WriteOutcome) -> usize {
        self.0.iter().filter(|sent| sent.outcome == outcome).count()
    }

    /// Repeats what nobody knows of, and then compares everything with what is there.
    pub(crate) async fn verify(&mut self, node: &Node) {
        self.check(&read_log(node, TENANT).await);
        for sent in self.0.iter_mut().filter(|sent| sent.outcome == WriteOutcome::Unknown) {
            node.append(TENANT, sent.batch()).await.unwrap();
            sent.outcome = WriteOutcome::Acknowledged;
        }
        self.check(&read_log(node, TENANT).await);
    }

    fn check(&self, log: &[StoredStatement]) {
        let stored: HashMap<u128, _> =
            numbers(log).into_iter().zip(log.iter().map(|one| one.stored)).collect();
        for sent in &self.0 {
            let times: Vec<_> = sent.numbers.iter().filter_map(|it| stored.get(it)).collect();
            let is_whole =
                times.len() == sent.numbers.len() && times.iter().all(|time| *time == times[0]);
            let is_right = match sent.outcome {
                WriteOutcome::Acknowledged => is_whole,
                WriteOutcome::Refused => times.is_empty(),
                WriteOutcome::Unknown => is_whole || times.is_empty(),
            };
            assert!(is_right, "{sent:?}, of which there are {}", times.len());
        }
        let sent: usize = self.0.iter().map(|sent| sent.numbers.len()).sum();
        assert!(log.len() <= sent, "there is what nobody has sent");
    }
}

/// A document in which several writers count, each on the number that it found.
#[derive(Debug)]
pub(crate) struct Counted {
    name: String,
    acknowledged_count: AtomicU64,
    unknown_count: AtomicU64,
}

impl Counted {
    /// A document of this name, in which nobody has counted.
    pub(crate) fn new(name: &str) -> Self {
        let (acknowledged_count, unknown_count) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { name: name.to_owned(), acknowledged_count, unknown_count }
    }

    /// Reads the number; none if that was not possible.
    async fn read(&self, node: &Node) -> Option<u64> {
        let found = node.find_document(TENANT, &state_key(&self.name, None)).await.ok()?;
        let text = found.map(|document| String::from_utf8(document.content.to_vec()).unwrap());
        Some(text.map_or(0, |text| text.parse().unwrap()))
    }

    /// Adds one, if nobody else does in the meantime.
    pub(crate) async fn add(&self, node: &Node) {
        let Some(number) = self.read(node).await else { return };
        let precondition = if number == 0 {
            Precondition { if_match: None, if_none_match: Some(EtagMatch::Any) }
        } else {
            let if_match = Some(EtagMatch::OneOf(vec![tag(&number.to_string())]));
            Precondition { if_match, if_none_match: None }
        };
        let (key, next) = (state_key(&self.name, None), document(&(number + 1).to_string()));
        let answer = node.replace_document(TENANT, &key, next, &precondition).await;
        if matches!(answer, Err(StorageError::PreconditionFailed)) {
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
    pub(crate) async fn check(&self, node: &Node) {
        let number = self.read(node).await.unwrap();
        let acknowledged = self.acknowledged_count.load(Ordering::Relaxed);
        let unknown = self.unknown_count.load(Ordering::Relaxed);
        let expected = acknowledged..=acknowledged + unknown;
        assert!(expected.contains(&number), "{number} is not in {expected:?}");
    }
}
