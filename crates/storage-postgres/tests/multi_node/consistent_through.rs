//! The consistent-through time of nodes while others append.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use acta_ambient::Timestamp;
use acta_storage::{Order, StatementQuery, StatementStore};
use acta_storage_postgres::Options;
use acta_storage_suite::fixture::{Draft, batch, everything, numbers};
use acta_test_postgres::{Database, Direction, Proxy};
use tokio::task::JoinSet;

use crate::nodes::{BackgroundTask, Node, TENANT, close, open_behind, options, proxy};

/// Three nodes, each behind a proxy of its own.
async fn open_three_behind(database: &Database, options: &Options) -> ([Arc<Node>; 3], [Proxy; 3]) {
    let proxies = [proxy(database), proxy(database), proxy(database)];
    let mut nodes = Vec::new();
    for proxy in &proxies {
        nodes.push(open_behind(proxy, options).await);
    }
    (nodes.try_into().unwrap(), proxies)
}

/// Whether some transaction holds a tenant's counter and waits for its node.
fn has_one_in_flight(database: &Database) -> bool {
    let sql = "SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid) \
         WHERE a.datname = current_database() AND a.state = 'idle in transaction' \
         AND l.relation = 'acta.counters'::regclass AND l.mode = 'RowExclusiveLock'";
    database.sql(sql) != "0"
}

async fn consistent_through(node: &Node) -> Timestamp {
    node.consistent_through(TENANT).await.unwrap()
}

/// The numbers of all statements stored before `moment`, as `node` finds them now.
async fn find_before(node: &Node, moment: Timestamp) -> Vec<u128> {
    let until_nanos = Some(i128::from(moment.unix_micros()) * 1000 - 1);
    let order = Order::Ascending;
    let query = StatementQuery { until_nanos, order, count_max: 10_000, ..everything() };
    numbers(&node.query_statements(TENANT, &query).await.unwrap().statements)
}

/// Begins to append on `node` and holds it up between its lock and its commit.
async fn hold_append(
    database: &Database,
    proxy: &Proxy,
    node: &Arc<Node>,
) -> BackgroundTask<Timestamp> {
    static NUMBER: AtomicU32 = AtomicU32::new(100);
    loop {
        let draft = Draft::new(NUMBER.fetch_add(1, Ordering::Relaxed).into());
        proxy.hold(Direction::ToClient);
        let node = Arc::clone(node);
        let held = BackgroundTask::begin(async move {
            node.append(TENANT, batch(&[&draft])).await.unwrap().stored
        });
        for _ in 0..20 {
            if has_one_in_flight(database) {
                return held;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // It needs a new connection, or one on which it has prepared nothing yet.
        proxy.heal();
        held.end().await;
    }
}

async fn check_one_in_flight(consistent_through_age_max: Duration) {
    let database = Database::fresh();
    let options = Options { consistent_through_age_max, ..options(&database) };
    let (nodes, proxies) = open_three_behind(&database, &options).await;
    for round in 0..6 {
        let held = hold_append(&database, &proxies[0], &nodes[0]).await;
        let mut watermarks = Vec::new();
        for look in 0..6 {
            watermarks.push((look % 2, consistent_through(&nodes[1 + look % 2]).await));
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        proxies[0].heal();
        let stored = held.end().await;
        for (node, through) in watermarks {
            assert!(
                through <= stored,
                "round {round}: node {node} consistent through {through}, {stored}"
            );
        }
        // Nothing is in flight any more.
        tokio::time::sleep(consistent_through_age_max + Duration::from_millis(2)).await;
        for node in &nodes {
            assert!(
                stored < consistent_through(node).await,
                "round {round}: what is stored is not covered"
            );
        }
    }
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consistent_through_excludes_batches_in_flight_on_other_nodes() {
    check_one_in_flight(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cached_consistent_through_excludes_batches_in_flight() {
    check_one_in_flight(Duration::from_millis(100)).await;
}

async fn check_beside_writers(consistent_through_age_max: Duration) {
    let database = Database::fresh();
    let options = Options { consistent_through_age_max, ..options(&database) };
    let (nodes, proxies) = open_three_behind(&database, &options).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..6_usize {
        let (node, is_over) = (Arc::clone(&nodes[writer % 3]), Arc::clone(&is_over));
        writers.spawn(async move {
            let mut number = (writer as u128) << 32;
            while !is_over.load(Ordering::Relaxed) {
                number += 1;
                node.append(TENANT, batch(&[&Draft::new(number)])).await.unwrap();
                // Reading everything again and again must not come to take long.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    }
    let mut observed: Vec<(Timestamp, Vec<u128>)> = Vec::new();
    let mut last = [None; 3];
    for look in 0..60_usize {
        if look % 5 == 0 {
            // One node after the other becomes slow in the middle of its transactions.
            proxies[(look / 5 + 2) % 3].heal();
            proxies[look / 5 % 3].delay(Duration::from_millis(15));
        }
        let by = look % 3;
        let through = consistent_through(&nodes[by]).await;
        assert!(last[by] <= Some(through), "node {by} went back in time");
        last[by] = Some(through);
        observed.push((through, find_before(&nodes[(look / 3) % 3], through).await));
    }
    is_over.store(true, Ordering::Relaxed);
    writers.join_all().await;
    proxies.iter().for_each(Proxy::heal);
    assert!(nodes[0].count_statements(TENANT).await.unwrap() > 60, "the load must do something");
    for (through, found) in observed {
        let now = find_before(&nodes[0], through).await;
        assert_eq!(
            found, now,
            "a statement appeared before {through}, which it was consistent through"
        );
    }
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consistent_through_of_one_node_holds_on_all_nodes() {
    check_beside_writers(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recent_consistent_through_holds_on_all_nodes() {
    check_beside_writers(Duration::from_millis(100)).await;
}
