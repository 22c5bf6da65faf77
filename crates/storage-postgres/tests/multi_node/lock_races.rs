//! Races that a node loses to others who hold locks.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{
    DocumentStore, DocumentWrite, Precondition, StatementStore, StorageError, TaskRequester,
    for_requester,
};
use acta_storage_postgres::Options;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{Draft, batch};
use acta_test_postgres::Database;
use tokio::task::JoinSet;

use crate::ledger::log::read_log;
use crate::nodes::{Node, TENANT, open, options, until};

/// Runs a transaction of `sql` in a session of its own beside `act`, which begins once the
/// session sleeps.
async fn beside<T>(database: &Database, sql: &str, act: impl AsyncFnOnce() -> T) -> T {
    let (superuser, name) = (database.superuser().clone(), database.name().to_owned());
    let sql = format!("BEGIN; {sql}; COMMIT");
    let session = thread::spawn(move || superuser.sql_in(&name, &sql));
    let sleeping = "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event = 'PgSleep'";
    until("the session sleeps", || database.sql(sleeping) == "1").await;
    let done = act().await;
    session.join().unwrap();
    done
}

/// From now on, inserting statements fails with `state` as often as `count` says.
fn fail_inserts(database: &Database, state: &str, count: u32) {
    database.sql(&format!(
        "CREATE SEQUENCE failures; \
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF nextval('failures') <= {count} THEN RAISE SQLSTATE '{state}'; END IF; \
         RETURN NULL; END $$; \
         CREATE TRIGGER fail AFTER INSERT ON acta.statements EXECUTE FUNCTION fail()"
    ));
}

async fn append(node: &Arc<Node>, number: u128) -> Result<usize, StorageError> {
    let appended = node.append(TENANT, batch(&[&Draft::new(number)])).await?;
    Ok(appended.new_count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_race_is_run_again() {
    // A lock is waited for less often: each time takes long.
    for (state, count) in [("40001", 3), ("40P01", 3), ("55P03", 2)] {
        let database = Database::fresh();
        let node = open(&database).await;
        fail_inserts(&database, state, count);
        assert_eq!(append(&node, 1).await.unwrap(), 1, "{state}");
        assert!(u64::from(count) <= node.statistics().database.repeat_count, "{state}");
        assert_eq!(read_log(&node, TENANT).await.len(), 1);
        node.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_is_lost_for_good_leaves_nothing_behind() {
    let database = Database::fresh();
    let node = open(&database).await;
    fail_inserts(&database, "40001", 1_000);
    let answer = append(&node, 1).await;
    assert!(matches!(answer, Err(StorageError::Busy { .. })), "{answer:?}");
    assert_eq!(read_log(&node, TENANT).await.len(), 0);
    database.sql("DROP TRIGGER fail ON acta.statements");
    assert_eq!(append(&node, 1).await.unwrap(), 1);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_held_for_long_is_waited_for_again() {
    let database = Database::fresh();
    let short_timeouts =
        Options { statement_timeout: Duration::from_millis(600), ..options(&database) };
    let node = Node::open(&short_timeouts).await;
    let counter = "SELECT FROM acta.counters FOR UPDATE; SELECT pg_sleep(1.5)";
    let stored = beside(&database, counter, async || append(&node, 1).await).await;
    assert_eq!(stored.unwrap(), 1);
    assert!(1 <= node.statistics().database.repeat_count);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_has_changed_nothing() {
    let database = Database::fresh();
    let short_timeouts =
        Options { statement_timeout: Duration::from_millis(300), ..options(&database) };
    let node = Node::open(&short_timeouts).await;
    database.sql(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_sleep(2); RETURN NULL; END'; \
         CREATE TRIGGER dawdle AFTER INSERT ON acta.statements EXECUTE FUNCTION dawdle()",
    );
    let answer = append(&node, 1).await;
    assert!(matches!(answer, Err(StorageError::Busy { .. })), "{answer:?}");
    assert_eq!(read_log(&node, TENANT).await.len(), 0);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loser_of_a_deadlock_retries() {
    let database = Database::fresh();
    let node = open(&database).await;
    let (key, always) = (state_key("contended", None), Precondition::default());
    node.replace_document(TENANT, &key, document("content"), &always).await.unwrap();
    // The session has the document and then wants the place; the session that removes has the place
    // and then wants the document, and has waited for longer when it is noticed.
    let contending = "SELECT FROM acta.documents FOR UPDATE; SELECT pg_sleep(0.5); \
         SELECT FROM acta.document_places FOR UPDATE";
    let removed =
        beside(&database, contending, async || node.remove_document(TENANT, &key, &always).await)
            .await;
    assert_eq!(removed.unwrap(), DocumentWrite::Replaced);
    assert!(1 <= node.statistics().database.repeat_count, "there was no deadlock");
    assert!(node.find_document(TENANT, &key).await.unwrap().is_none());
    node.close().await;
}

/// Sleeps for some seconds while it holds the rows of all documents.
const HOLD_DOCUMENTS: &str = "SELECT FROM acta.documents FOR UPDATE; SELECT pg_sleep(6)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_gets_a_connection_while_another_waits_with_all_that_it_may_have() {
    let database = Database::fresh();
    let few = Options {
        connections_max: 4,
        connect_timeout: Duration::from_secs(10),
        ..options(&database)
    };
    let node = Node::open(&few).await;
    let (key, always) = (state_key("contended", None), Precondition::default());
    node.replace_document(TENANT, &key, document("old"), &always).await.unwrap();
    let other = TaskRequester::of_tenant(TenantId::new(2).unwrap());
    beside(&database, HOLD_DOCUMENTS, async || {
        let mut writers = JoinSet::new();
        for _ in 0..12 {
            let (node, key, always) = (Arc::clone(&node), key.clone(), always.clone());
            writers.spawn(for_requester(TaskRequester::of_tenant(TENANT), async move {
                node.replace_document(TENANT, &key, document("new"), &always).await
            }));
        }
        until("the writers wait", || 4 < node.statistics().database.waiting_count).await;
        let found = for_requester(other, node.find_document(TENANT, &key)).await;
        assert_eq!(&found.unwrap().unwrap().content[..], b"old");
        writers.join_all().await;
    })
    .await;
    node.close().await;
}
