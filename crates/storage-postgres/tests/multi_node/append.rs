//! Batches that several nodes append at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{ManualClock, Timestamp};
use acta_storage::{Batch, Directory, StatementStore, StorageError, TaskRequester, for_requester};
use acta_storage_postgres::Options;
use acta_storage_suite::fixture::{Draft, START, batch, id};
use acta_test_postgres::Database;
use tokio::task::JoinSet;

use crate::ledger::log::{batches_of, read_log};
use crate::nodes::{BackgroundTask, Node, TENANT, close, open_three, options};

/// A batch of the statements with these numbers.
fn batch_of(numbers: impl IntoIterator<Item = u128>) -> Batch {
    let drafts: Vec<Draft> = numbers.into_iter().map(Draft::new).collect();
    batch(&drafts.iter().collect::<Vec<_>>())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_batch_from_three_nodes_is_stored_once() {
    const COUNT: u128 = 7;
    let (_database, nodes) = open_three().await;
    for round in 0..20 {
        let mut writers = JoinSet::new();
        for writer in 0..6 {
            let node = Arc::clone(&nodes[writer % 3]);
            let first = round * COUNT;
            writers.spawn(async move {
                node.append(TENANT, batch_of(first..first + COUNT)).await.unwrap().new_count
            });
        }
        let new_count: usize = writers.join_all().await.into_iter().sum();
        assert_eq!(new_count, 7, "round {round}");
    }
    for node in &nodes {
        assert_eq!(read_log(node, TENANT).await.len(), 140);
    }
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_returns_the_same_content_for_a_contested_id() {
    let (_database, nodes) = open_three().await;
    for round in 1..=20 {
        let rival = |verb: &str| Draft::new(round).verb(verb);
        let mut rivals = JoinSet::new();
        for number in 0..6_u128 {
            let node = Arc::clone(&nodes[usize::try_from(number % 3).unwrap()]);
            let verb = format!("verb{number}");
            let (draft, beside) = (rival(&verb), Draft::new(1000 + round * 10 + number));
            rivals.spawn(async move {
                (node.append(TENANT, batch(&[&beside, &draft])).await, verb, beside.number)
            });
        }
        let (mut winners, mut refused) = (Vec::new(), Vec::new());
        for (answer, verb, beside) in rivals.join_all().await {
            match answer {
                Ok(appended) => winners.push((verb, appended)),
                Err(StorageError::Conflict(ids)) => {
                    assert_eq!(ids, [id(round)]);
                    refused.push(beside);
                }
                Err(error) => panic!("unexpected: {error:?}"),
            }
        }
        let [(verb, appended)] = &winners[..] else { panic!("round {round}: {winners:?}") };
        assert_eq!(appended.new_count, 2);
        for node in &nodes {
            let found = node.find_statement(TENANT, id(round)).await.unwrap().unwrap();
            assert_eq!(found.text, rival(verb).complete(appended.stored), "round {round}");
            for number in &refused {
                let found = node.find_statement(TENANT, id(*number)).await.unwrap();
                assert!(found.is_none(), "a refused batch left statement {number}");
            }
        }
    }
    close(nodes).await;
}

/// Three nodes whose clocks are seconds apart; the last one's is set back all the time.
async fn open_with_clocks_apart(database: &Database) -> ([Arc<Node>; 3], [Arc<ManualClock>; 3]) {
    let clock_at = |offset_micros| {
        Arc::new(ManualClock::new(Timestamp::from_unix_micros(START.unix_micros() + offset_micros)))
    };
    let clocks = [clock_at(0), clock_at(7_000_000), clock_at(-3_000_000)];
    let mut nodes = Vec::new();
    for clock in &clocks {
        let clock = Arc::<ManualClock>::clone(clock);
        let options = Options { clock, ..options(database) };
        nodes.push(Node::open(&options).await);
    }
    (nodes.try_into().unwrap(), clocks)
}

/// Lets time pass in different ways.
async fn tick(clocks: [Arc<ManualClock>; 3], is_over: Arc<AtomicBool>) {
    let [slow, fast, backwards] = clocks;
    for step in 1.. {
        slow.advance(Duration::from_micros(900));
        fast.advance(Duration::from_micros(1100));
        backwards.set(Timestamp::from_unix_micros(START.unix_micros() - step * 5_000));
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_stay_whole_and_in_order_though_clocks_differ() {
    const SIZE: u128 = 5;
    const PER_WRITER: u128 = 25;
    let database = Database::fresh();
    let (nodes, clocks) = open_with_clocks_apart(&database).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let ticking = BackgroundTask::begin(tick(clocks, Arc::clone(&is_over)));
    let mut writers = JoinSet::new();
    for writer in 0..9_u128 {
        let node = Arc::clone(&nodes[usize::try_from(writer % 3).unwrap()]);
        writers.spawn(async move {
            let mut last = None;
            for round in 0..PER_WRITER {
                let first = (writer * PER_WRITER + round) * SIZE;
                let appended = node.append(TENANT, batch_of(first..first + SIZE)).await.unwrap();
                assert_eq!(appended.new_count, 5);
                assert!(last < Some(appended.stored), "stored does not rise for one writer");
                last = Some(appended.stored);
            }
        });
    }
    writers.join_all().await;
    is_over.store(true, Ordering::Relaxed);
    ticking.end().await;
    let log = read_log(&nodes[0], TENANT).await;
    let batches = batches_of(&log);
    assert_eq!(batches.len(), 225);
    for numbers in batches {
        let first = numbers[0];
        assert_eq!(first % SIZE, 0);
        assert_eq!(numbers, (first..first + SIZE).collect::<Vec<_>>(), "batches are mixed");
    }
    for node in &nodes[1..] {
        assert_eq!(read_log(node, TENANT).await, log);
    }
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_batches_of_a_tenant_agree() {
    let (_database, nodes) = open_three().await;
    for number in 0..30_u32 {
        // Nobody has made it: its row in the counters comes with the first batch.
        let tenant = TenantId::new(1000 + number).unwrap();
        let mut writers = JoinSet::new();
        for node in &nodes {
            let node = Arc::clone(node);
            writers.spawn(async move { node.append(tenant, batch_of(1..4)).await });
        }
        let answers: Result<Vec<_>, _> = writers.join_all().await.into_iter().collect();
        let new_count: usize = answers.unwrap().iter().map(|appended| appended.new_count).sum();
        assert_eq!(new_count, 3);
    }
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tenants_get_by_with_four_connections_on_each_node() {
    let database = Database::fresh();
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let few = Options { connections_max: 4, ..options(&database) };
        nodes.push(Node::open(&few).await);
    }
    let nodes: [_; 3] = nodes.try_into().unwrap();
    let mut tenants = Vec::new();
    for number in 0..50 {
        tenants.push(nodes[0].create_tenant(&format!("tenant {number}"), START).await.unwrap());
    }
    let mut writers = JoinSet::new();
    for tenant in tenants.clone() {
        for (index, node) in nodes.iter().enumerate() {
            let node = Arc::clone(node);
            let requester = TaskRequester::of_tenant(tenant);
            writers.spawn(for_requester(requester, async move {
                for round in 0..4 {
                    let first = (index as u128 * 4 + round) * 3;
                    node.append(tenant, batch_of(first..first + 3)).await.unwrap();
                    node.consistent_through(tenant).await.unwrap();
                }
            }));
        }
    }
    writers.join_all().await;
    for tenant in tenants {
        assert_eq!(read_log(&nodes[1], tenant).await.len(), 36);
    }
    close(nodes).await;
}
