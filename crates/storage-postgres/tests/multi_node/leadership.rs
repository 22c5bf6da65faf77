//! Which node leads, and which comes after it.

use std::sync::Arc;

use crate::nodes::Node;
use acta_test_postgres::Database;

use crate::nodes::{open, until};

fn leader(nodes: &[Arc<Node>]) -> Option<usize> {
    let leads: Vec<bool> = nodes.iter().map(|node| node.leads()).collect();
    assert!(leads.iter().filter(|leads| **leads).count() <= 1, "two nodes lead");
    leads.iter().position(|leads| *leads)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_leads_and_another_follows_at_once_when_it_closes() {
    let database = Database::fresh();
    let mut nodes = vec![open(&database).await, open(&database).await, open(&database).await];
    while !nodes.is_empty() {
        until("a node leads", || leader(&nodes).is_some()).await;
        let closing = nodes.remove(leader(&nodes).unwrap());
        let holder = "SELECT holder FROM acta.leases";
        let before = database.sql(holder);
        closing.close().await;
        assert!(!closing.leads());
        assert_ne!(database.sql(holder), before, "it waits for the lease to expire");
    }
}

#[test]
fn another_node_takes_over_from_one_that_vanishes() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().unwrap()
    };
    let database = Database::fresh();
    let (vanishing, staying) = (runtime(), runtime());
    let first = vanishing.block_on(async {
        let first = open(&database).await;
        until("the first node leads", || first.leads()).await;
        first
    });
    staying.block_on(async {
        let second = open(&database).await;
        // Nothing of it goes on, and it tells nobody.
        vanishing.shutdown_background();
        let still_leads = first.leads();
        assert!(!(still_leads && second.leads()));
        until("the second node leads", || second.leads()).await;
        assert!(!first.leads(), "two nodes lead");
        second.close().await;
    });
}
