//! A node that is cut off after any number of bytes.

use std::sync::Arc;

use acta_storage::{
    DocumentStore, DocumentWrite, EtagMatch, Precondition, StatementStore, StorageError,
};
use acta_storage_postgres::Options;
use acta_storage_suite::documents::{document, state_key, tag};
use acta_storage_suite::fixture::{Draft, batch, id};
use acta_test_postgres::{Database, Direction, Proxy};

use crate::ledger::log::read_log;
use crate::ledger::{WriteOutcome, outcome_of};
use crate::nodes::{Node, TENANT, open, open_behind, options, proxy, until};

/// A node that is cut off, and one that is not.
pub(crate) struct Cut {
    pub(crate) node: Arc<Node>,
    pub(crate) other: Arc<Node>,
    pub(crate) proxy: Proxy,
    _database: Database,
}

impl Cut {
    pub(crate) async fn open() -> Self {
        let database = Database::fresh();
        let proxy = proxy(&database);
        let other = open(&database).await;
        // It leads, so that what the node behind the proxy sends is nothing but the act.
        until("the other one leads", || other.leads()).await;
        let one = Options { connections_max: 1, ..options(&database) };
        let node = open_behind(&proxy, &one).await;
        Self { node, other, proxy, _database: database }
    }

    pub(crate) async fn close(self) {
        self.node.close().await;
        self.other.close().await;
    }

    async fn has(&self, number: u128) -> bool {
        self.other.find_statement(TENANT, id(number)).await.unwrap().is_some()
    }
}

/// How many bytes go in `direction` while `act` is done without anything going wrong.
pub(crate) async fn measure(cut: &Cut, direction: Direction, act: impl AsyncFn(u128)) -> u64 {
    let bytes = || match direction {
        Direction::ToServer => cut.proxy.counts().bytes_to_server,
        Direction::ToClient => cut.proxy.counts().bytes_to_client,
    };
    // The first time, statements are prepared.
    act(1).await;
    let before = bytes();
    act(2).await;
    bytes() - before
}

async fn check_appends(direction: Direction, step: u64) {
    let cut = Cut::open().await;
    let drafts = |number| [Draft::new(number), Draft::new(number + 1)];
    let append = async |number| {
        let [one, two] = drafts(number * 2);
        cut.node.append(TENANT, batch(&[&one, &two])).await
    };
    let bytes = measure(&cut, direction, async |number| {
        append(number).await.unwrap();
    })
    .await;
    let mut number = 2;
    let mut done_count = 0;
    for after in (0..bytes + step).step_by(usize::try_from(step).unwrap()) {
        number += 1;
        cut.proxy.cut_after(direction, after);
        let answer = append(number).await;
        cut.proxy.heal();
        let outcome = outcome_of(&answer);
        let is_there = cut.has(number * 2).await;
        outcome.check(is_there, &format_args!("cut after {after}"));
        done_count += u64::from(outcome == WriteOutcome::Acknowledged);
        let repeated = append(number).await.unwrap();
        assert!(
            outcome != WriteOutcome::Acknowledged || repeated.new_count == 0,
            "cut after {after}"
        );
    }
    assert_eq!(read_log(&cut.other, TENANT).await.len() as u128, number * 2);
    assert_eq!(u128::from(done_count), number - 2, "a repeat of its own must come through");
    cut.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_stored_once_wherever_the_request_is_cut() {
    check_appends(Direction::ToServer, 13).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_stored_once_wherever_the_response_is_cut() {
    check_appends(Direction::ToClient, 7).await;
}

/// Writes a number into a document, if it holds the one before.
async fn count_to(node: &Node, number: u128) -> Result<DocumentWrite, StorageError> {
    let before = (number - 1).to_string();
    let precondition = if number == 1 {
        Precondition { if_match: None, if_none_match: Some(EtagMatch::Any) }
    } else {
        let if_match = Some(EtagMatch::OneOf(vec![tag(&before)]));
        Precondition { if_match, if_none_match: None }
    };
    let document = document(&number.to_string());
    node.replace_document(TENANT, &state_key("count", None), document, &precondition).await
}

async fn counted(node: &Node) -> u128 {
    let found = node.find_document(TENANT, &state_key("count", None)).await.unwrap();
    std::str::from_utf8(&found.unwrap().content).unwrap().parse().unwrap()
}

async fn check_updates(direction: Direction, step: u64) {
    let cut = Cut::open().await;
    let bytes = measure(&cut, direction, async |number| {
        count_to(&cut.node, number).await.unwrap();
    })
    .await;
    let mut number = 2;
    for after in (0..bytes + step).step_by(usize::try_from(step).unwrap()) {
        number += 1;
        cut.proxy.cut_after(direction, after);
        let answer = count_to(&cut.node, number).await;
        cut.proxy.heal();
        let now = counted(&cut.other).await;
        match outcome_of(&answer) {
            WriteOutcome::Acknowledged => assert_eq!(now, number, "lost, cut after {after}"),
            WriteOutcome::Refused => assert_eq!(now, number - 1, "kept, cut after {after}"),
            WriteOutcome::Unknown => {
                assert!((number - 1..=number).contains(&now), "{now} {number}");
            }
        }
        number = now;
    }
    cut.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_written_or_not_wherever_the_request_is_cut() {
    check_updates(Direction::ToServer, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_written_or_not_wherever_the_response_is_cut() {
    check_updates(Direction::ToClient, 3).await;
}

async fn check_creations(direction: Direction, step: u64) {
    let cut = Cut::open().await;
    let create = async |number: u128| {
        let precondition = Precondition { if_match: None, if_none_match: Some(EtagMatch::Any) };
        let key = state_key(&number.to_string(), None);
        cut.node.replace_document(TENANT, &key, document("content"), &precondition).await
    };
    let bytes = measure(&cut, direction, async |number| {
        create(number).await.unwrap();
    })
    .await;
    let mut number = 2;
    for after in (0..bytes + step).step_by(usize::try_from(step).unwrap()) {
        number += 1;
        cut.proxy.cut_after(direction, after);
        let answer = create(number).await;
        cut.proxy.heal();
        let key = state_key(&number.to_string(), None);
        let is_there = cut.other.find_document(TENANT, &key).await.unwrap().is_some();
        outcome_of(&answer).check(is_there, &format_args!("cut after {after}"));
    }
    cut.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_created_or_not_wherever_the_request_is_cut() {
    check_creations(Direction::ToServer, 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_is_created_or_not_wherever_the_response_is_cut() {
    check_creations(Direction::ToClient, 5).await;
}
