//! A hot standby answers queries without returning less.

use acta_storage::{StatementQuery, StatementStore, TransferSource};
use acta_storage_postgres::Options;
use acta_storage_suite::fixture::{Draft, batch, everything, numbers, verb};
use acta_test_postgres::{Cluster, Database, SHARED_SETTINGS};

use crate::nodes::{Node, TENANT, options, until};

/// The statements with a verb, newest first: found by the index.
async fn completed(node: &Node) -> Vec<u128> {
    let query = StatementQuery { verb: Some(verb("completed")), ..everything() };
    numbers(&node.query_statements(TENANT, &query).await.unwrap().statements)
}

async fn append(node: &Node, number: u128) {
    node.append(TENANT, batch(&[&Draft::new(number)])).await.unwrap();
}

/// How often a server was asked for postings.
fn asked_count(server: &Cluster) -> usize {
    server.log().matches("acta.postings").count()
}

#[tokio::test]
async fn a_promoted_standby_has_another_timeline() {
    let primary = Cluster::running(SHARED_SETTINGS);
    let database = Database::fresh_on(primary.superuser());
    let node = Node::open(&options(&database)).await;
    let standby = Cluster::standby_of(&primary, SHARED_SETTINGS);
    assert_eq!(node.read_timeline().await.unwrap(), Some(1));
    node.close().await;
    standby.superuser().sql("SELECT pg_promote()");
    let url = standby.url(database.name());
    let node = Node::open(&Options { url, ..options(&database) }).await;
    assert_eq!(node.read_timeline().await.unwrap(), Some(2));
    node.close().await;
}

#[tokio::test]
async fn a_role_that_may_not_read_the_timeline_has_none() {
    let server = Cluster::running(SHARED_SETTINGS);
    let database = Database::fresh_on(server.superuser());
    database.sql(&format!(
        "CREATE ROLE ada LOGIN PASSWORD 'hunter2'; ALTER DATABASE {} OWNER TO ada; \
         REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn) FROM public",
        database.name()
    ));
    let url = format!("postgres://ada:hunter2@{}/{}", server.address(), database.name());
    let node = Node::open(&Options { url, ..options(&database) }).await;
    assert_eq!(node.read_timeline().await.unwrap(), None);
    append(&node, 1).await;
    assert_eq!(node.read_timeline().await.unwrap(), None);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_answers_once_it_has_caught_up_and_is_never_missed() {
    let primary = Cluster::running(SHARED_SETTINGS);
    let database = Database::fresh_on(primary.superuser());
    let logged = [SHARED_SETTINGS, &[("log_statement", "all")]].concat();
    let mut standby = Cluster::standby_of(&primary, &logged);
    let replica_url = Some(standby.url(database.name()));
    let with_replica = Options { replica_url, ..options(&database) };
    let node = Node::open(&with_replica).await;

    append(&node, 1).await;
    let has_caught_up = || {
        let sql = "SELECT last_sequence FROM acta.counters WHERE tenant_id = 1";
        standby.superuser().try_sql_in(database.name(), sql).is_ok_and(|count| count == "1")
    };
    until("the replica has caught up", has_caught_up).await;
    assert_eq!(completed(&node).await, [1]);
    assert_ne!(asked_count(&standby), 0, "the replica was asked");

    // It stands still: what is acknowledged is found all the same.
    standby.superuser().sql("SELECT pg_wal_replay_pause()");
    let asked_before = asked_count(&standby);
    for number in 2..=5 {
        append(&node, number).await;
        assert_eq!(completed(&node).await.first(), Some(&number));
    }
    assert_eq!(asked_count(&standby), asked_before, "it has not come so far");

    standby.stop();
    for _ in 0..20 {
        assert_eq!(completed(&node).await, [5, 4, 3, 2, 1]);
    }
    assert!(node.statistics().replica.is_some_and(|replica| !replica.is_reachable));
    node.close().await;
}
