//! A network that loses everything, and one that delivers late.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acta_ambient::{Clock, SystemClock, Timestamp};
use acta_storage::{
    CursorStore, DocumentStore, Precondition, Readiness, StatementStore, StorageError,
};
use acta_storage_postgres::Options;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{Draft, batch, id};
use acta_test_postgres::{Database, Direction};
use tokio::task::JoinSet;

use crate::ledger::log::read_log;
use crate::nodes::{BackgroundTask, Node, TENANT, open, open_behind, options, proxy, until};

/// Short timeouts, and one connection, so that a test knows which one is used next.
fn short_timeouts(database: &Database) -> Options {
    Options {
        connect_timeout: Duration::from_secs(1),
        statement_timeout: Duration::from_secs(1),
        idle_timeout: Duration::from_secs(1),
        connections_max: 1,
        ..options(database)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_vanishes_in_the_middle_holds_up_the_others_for_a_moment_only() {
    let database = Database::fresh();
    let (other, proxy) = (open(&database).await, proxy(&database));
    until("the other one leads", || other.leads()).await;
    let node = open_behind(&proxy, &short_timeouts(&database)).await;
    node.append(TENANT, batch(&[&Draft::new(1)])).await.unwrap();
    // Its request arrives, the response does not, and it sends no further request.
    proxy.lose(Direction::ToClient);
    let vanished = BackgroundTask::begin({
        let node = Arc::clone(&node);
        async move { node.append(TENANT, batch(&[&Draft::new(2)])).await }
    });
    let sql = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND state = 'idle in transaction'";
    until("it has a lock", || database.sql(sql) != "0").await;
    let clock = SystemClock::new();
    other.append(TENANT, batch(&[&Draft::new(3)])).await.unwrap();
    let waited = clock.elapsed();
    assert!(waited < Duration::from_secs(4), "the lock of a vanished node was kept {waited:?}");
    proxy.heal();
    vanished.end().await.unwrap();
    assert_eq!(read_log(&other, TENANT).await.len(), 3);
    node.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_write_changes_nothing() {
    let database = Database::fresh();
    let (other, proxy) = (open(&database).await, proxy(&database));
    until("the other one leads", || other.leads()).await;
    let node = open_behind(&proxy, &short_timeouts(&database)).await;
    let key = state_key("late", None);
    let always = Precondition::default();
    for content in ["one", "two"] {
        node.replace_document(TENANT, &key, document(content), &always).await.unwrap();
    }
    proxy.hold(Direction::ToServer);
    let late = node.replace_document(TENANT, &key, document("late"), &always).await;
    assert!(late.is_err(), "{late:?}");
    other.replace_document(TENANT, &key, document("three"), &always).await.unwrap();
    // The network delivers what it still has, though nobody waits for it.
    let bytes = proxy.counts().bytes_to_server;
    proxy.heal();
    until("it is delivered", || bytes < proxy.counts().bytes_to_server).await;
    node.find_document(TENANT, &key).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let kept = other.find_document(TENANT, &key).await.unwrap().unwrap();
    assert_eq!(kept.content, "three", "an acknowledged write was lost");
    node.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_wait_for_a_database_that_is_away_are_answered_together() {
    let database = Database::fresh();
    let proxy = proxy(&database);
    let options = Options { consistent_through_age_max: Duration::ZERO, ..options(&database) };
    let node = open_behind(&proxy, &options).await;
    proxy.refuse();
    proxy.reset();
    let clock = SystemClock::new();
    let mut readers = JoinSet::new();
    for _ in 0..30 {
        let node = Arc::clone(&node);
        readers.spawn(async move { node.consistent_through(TENANT).await });
    }
    for answer in readers.join_all().await {
        assert!(matches!(answer, Err(StorageError::Unavailable { .. })), "{answer:?}");
    }
    assert!(clock.elapsed() < Duration::from_secs(10), "one waited for the other to give up");
    proxy.heal();
    node.consistent_through(TENANT).await.unwrap();
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_batch_of_a_committed_group_is_reported_as_unchanged() {
    let database = Database::fresh();
    let (other, proxy) = (open(&database).await, proxy(&database));
    until("the other one leads", || other.leads()).await;
    let one = Options { connections_max: 1, ..options(&database) };
    let node = open_behind(&proxy, &one).await;
    node.append(TENANT, batch(&[&Draft::new(1)])).await.unwrap();
    database.sql(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END'; \
         CREATE TRIGGER dawdle AFTER INSERT ON acta.statements EXECUTE FUNCTION dawdle()",
    );
    // While the first of them is stored, the others come together in a group.
    let mut writers = JoinSet::new();
    for number in 2..8 {
        let node = Arc::clone(&node);
        writers.spawn(
            async move { (number, node.append(TENANT, batch(&[&Draft::new(number)])).await) },
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let count = "SELECT count(*) FROM acta.statements";
    let is_busy = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event = 'PgSleep'";
    until("the group is being stored", || {
        database.sql(count) == "2" && database.sql(is_busy) == "1"
    })
    .await;
    // It is committed, but no response arrives, and the database cannot be reached.
    proxy.hold(Direction::ToClient);
    until("the group is committed", || database.sql(count) == "7").await;
    proxy.refuse();
    proxy.reset();
    for (number, answer) in writers.join_all().await {
        let is_there = other.find_statement(TENANT, id(number)).await.unwrap().is_some();
        let is_unchanged =
            matches!(answer, Err(StorageError::Unavailable { .. } | StorageError::Busy { .. }));
        assert!(!(is_there && is_unchanged), "statement {number} is there, and yet {answer:?}");
    }
    proxy.heal();
    node.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_soon_reports_that_it_is_not_ready() {
    let database = Database::fresh();
    let proxy = proxy(&database);
    let patient = Options { connect_timeout: Duration::from_secs(1), ..options(&database) };
    let node = open_behind(&proxy, &patient).await;
    node.check_ready().await.unwrap();
    proxy.lose(Direction::ToServer);
    let clock = SystemClock::new();
    let answer = node.check_ready().await;
    assert!(matches!(answer, Err(StorageError::Unavailable { .. })), "{answer:?}");
    let waited = clock.elapsed();
    assert!(waited < Duration::from_secs(4), "it took {waited:?}");
    proxy.heal();
    // Connections that have lost something never come back: each is given up once.
    let mut count = 0;
    while node.check_ready().await.is_err() {
        count += 1;
        assert!(count < 7, "it does not come back");
    }
    node.close().await;
}

/// The clock of the machine, until it breaks.
#[derive(Debug)]
struct BreakableClock {
    clock: SystemClock,
    is_broken: AtomicBool,
}

impl Clock for BreakableClock {
    fn now(&self) -> Timestamp {
        assert!(!self.is_broken.load(Ordering::Relaxed), "the clock is broken");
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_the_middle_of_an_append_leaves_no_transaction_to_the_next_act() {
    let database = Database::fresh();
    let other = open(&database).await;
    until("the other one leads", || other.leads()).await;
    let clock =
        Arc::new(BreakableClock { clock: SystemClock::new(), is_broken: AtomicBool::new(false) });
    let fragile = Arc::<BreakableClock>::clone(&clock);
    let one = Options { connections_max: 1, clock: fragile, ..options(&database) };
    let node = Node::open(&one).await;
    clock.is_broken.store(true, Ordering::Relaxed);
    let answer = node.append(TENANT, batch(&[&Draft::new(1)])).await;
    assert!(matches!(answer, Err(StorageError::Halted)), "{answer:?}");
    clock.is_broken.store(false, Ordering::Relaxed);
    node.save_cursor(TENANT, "reader", "here").await.unwrap();
    let kept = other.find_cursor(TENANT, "reader").await.unwrap();
    assert_eq!(kept.as_deref(), Some("here"), "it was acknowledged and is not committed");
    node.append(TENANT, batch(&[&Draft::new(1)])).await.unwrap();
    node.close().await;
    other.close().await;
}
