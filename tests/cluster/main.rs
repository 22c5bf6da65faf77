//! Three servers on one database, under load, while everything between and below them fails.
//! What was acknowledged is there once, whichever of them is asked.

#![expect(clippy::expect_used, reason = "this is a test")]

#[path = "../crash/ledger.rs"]
mod ledger;
mod load;
mod node;

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_test_postgres::{Cluster, Database, Direction, Proxy};
use serde_json::Value;

use crate::ledger::{Ledger, WriteOutcome};
use crate::load::{Counter, resolve_unanswered, write_while};
use crate::node::Node;

/// How long a server may take to notice that it is cut off, or that it no longer is.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(15);

/// Most statements that are compared word for word.
const COMPARED_COUNT_MAX: usize = 60;

/// Prints what happened, for the output of a failed test.
#[expect(clippy::print_stdout, reason = "the test runner shows it")]
fn log(text: &str) {
    println!("{text}");
}

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let clock = SystemClock::new();
    while !is_so() {
        assert!(clock.elapsed() < NOTICE_TIMEOUT, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Three servers, each with a network of its own to one database.
struct ThreeNodes {
    nodes: [Node; 3],
    proxies: [Proxy; 3],
    database: Database,
    cluster: Cluster,
}

impl ThreeNodes {
    fn start() -> Self {
        let cluster = Cluster::running(&[("fsync", "on")]);
        let database = Database::fresh_on(cluster.superuser());
        let proxies = [(); 3].map(|()| Proxy::to(cluster.address()));
        let urls = [0, 1, 2].map(|index: usize| proxies[index].url(&database.url()));
        // All at once: one of them makes the schema.
        let nodes = thread::scope(|scope| {
            let starting = urls.map(|url| scope.spawn(move || Node::start(&url)));
            starting.map(|node| node.join().expect("a server starts"))
        });
        Self { nodes, proxies, database, cluster }
    }

    /// One thing after the other fails.
    fn fail(&mut self) {
        let Self { nodes, proxies, cluster, .. } = self;
        let pause = || thread::sleep(Duration::from_millis(400));
        pause();
        log("a server is killed");
        nodes[0].restart();
        pause();
        log("a server is cut off");
        proxies[1].lose(Direction::ToClient);
        until("the server that is cut off is not ready", || nodes[1].ready() == 503);
        proxies[1].heal();
        until("it is ready again", || nodes[1].ready() == 200);
        log("connections are reset");
        for _ in 0..5 {
            proxies[2].reset();
            thread::sleep(Duration::from_millis(50));
        }
        log("a network is slow");
        proxies[0].delay(Duration::from_millis(200));
        thread::sleep(Duration::from_secs(1));
        proxies[0].heal();
        log("the database is restarted");
        cluster.restart();
        pause();
        log("the database is killed");
        cluster.kill();
        until("a server without a database is not ready", || nodes[2].ready() == 503);
        cluster.start();
        for node in &*nodes {
            until("every server goes on by itself", || node.ready() == 200);
        }
        pause();
    }

    /// Whichever server is asked, the answer is the same.
    fn check(&self, ledger: &mut Ledger, counter: &Counter) {
        let clients = [0, 1, 2].map(|index: usize| self.nodes[index].client());
        ledger.check(&clients[0]);
        resolve_unanswered(&clients[1], ledger);
        ledger.check(&clients[2]);
        let acknowledged = ledger.sent.iter().filter(|it| it.outcome == WriteOutcome::Acknowledged);
        for id in acknowledged.flat_map(|sent| &sent.ids).take(COMPARED_COUNT_MAX) {
            let [one, other, third] = [0, 1, 2].map(|index: usize| clients[index].fetch(id));
            assert!(one == other && other == third, "{one}\n{other}\n{third}");
        }
        let [one, other, third] = [0, 1, 2].map(|index: usize| clients[index].find(&[]));
        assert!(one == other && other == third, "the servers give different lists");
        for client in &clients {
            counter.check(client);
        }
    }

    fn check_leader(&self) {
        let sql =
            "SELECT count(DISTINCT holder) FROM acta.leases WHERE clock_timestamp() < expires";
        until("one server leads", || self.database.sql(sql) == "1");
        let behind = "SELECT count(*) FROM acta.counters c LEFT JOIN acta.followers f \
             ON f.tenant_id = c.tenant_id WHERE coalesce(f.sequence, 0) < c.last_sequence";
        until("it has read everything", || self.database.sql(behind) == "0");
    }
}

#[test]
fn no_failure_loses_or_duplicates_a_statement() {
    let mut three = ThreeNodes::start();
    let counter = Counter::new();
    let clients = three.nodes.each_ref().map(Node::current);
    let mut ledger = write_while(&clients, &counter, || three.fail());
    let count = |outcome| ledger.count(outcome);
    log(&format!(
        "{} acknowledged, {} refused, {} unknown",
        count(WriteOutcome::Acknowledged),
        count(WriteOutcome::Refused),
        count(WriteOutcome::Unknown)
    ));
    assert!(100 < ledger.acknowledged_count(), "the load must do something");
    three.check(&mut ledger, &counter);
    three.check_leader();
}

#[test]
fn a_late_server_returns_statements_of_the_others() {
    let database = Database::fresh();
    let first = Node::start(&database.url());
    let ids = first.client().store(&Value::Array(vec![acta_tests::make::statement(); 3]));
    let second = Node::start(&database.url());
    for id in &ids {
        assert_eq!(second.client().fetch(id), first.client().fetch(id));
    }
}
