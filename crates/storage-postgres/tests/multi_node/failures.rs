//! Load from three nodes while networks and the database fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acta_ambient::{Clock, Entropy, SeededEntropy, SystemClock, SystemEntropy};
use acta_storage_postgres::Options;
use acta_test_postgres::{Cluster, Database, Direction, Proxy};
use tokio::task::JoinSet;

use crate::ledger::{Counted, Ledger, WriteOutcome};
use crate::nodes::{Node, close, open_behind, options, proxy, until};

/// How long networks fail at random; `TEST_ACTA_FAULT_SECONDS` asks for more.
const FAULT_TIME: Duration = Duration::from_secs(8);

/// How long a writer waits that was refused.
const PAUSE: Duration = Duration::from_millis(10);

/// Writers on all nodes, until they are stopped.
struct Load {
    writers: JoinSet<Ledger>,
    counted: Arc<Counted>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    fn start(nodes: &[Arc<Node>; 3]) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let counted = Arc::new(Counted::new("count"));
        let mut writers = JoinSet::new();
        for node in nodes {
            for count in [1, 1, 20] {
                let (node, is_over) = (Arc::clone(node), Arc::clone(&is_over));
                writers.spawn(async move {
                    let mut ledger = Ledger::default();
                    while !is_over.load(Ordering::Relaxed) {
                        if ledger.append(&node, count).await != WriteOutcome::Acknowledged {
                            tokio::time::sleep(PAUSE).await;
                        }
                    }
                    ledger
                });
            }
            let (node, is_over) = (Arc::clone(node), Arc::clone(&is_over));
            let counted = Arc::clone(&counted);
            writers.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    counted.add(&node).await;
                    tokio::time::sleep(PAUSE).await;
                }
                Ledger::default()
            });
        }
        Self { writers, counted, is_over }
    }

    /// Ends the load, and compares what was answered to it, and to others by `ledger`, with
    /// what is there.
    async fn finish(self, nodes: &[Arc<Node>; 3], mut ledger: Ledger) {
        self.is_over.store(true, Ordering::Relaxed);
        for of_writer in self.writers.join_all().await {
            ledger.extend(of_writer);
        }
        let told = [WriteOutcome::Acknowledged, WriteOutcome::Refused, WriteOutcome::Unknown]
            .map(|outcome| format!("{} {outcome:?}", ledger.count(outcome)));
        print_report(&told.join(", "));
        for node in nodes {
            self.counted.check(node).await;
            ledger.verify(node).await;
        }
        assert!(50 < ledger.count(WriteOutcome::Acknowledged), "the load must do something");
    }
}

/// Prints what happened, for the output of a failed test.
#[expect(clippy::print_stdout, reason = "the test runner shows it")]
fn print_report(text: &str) {
    println!("{text}");
}

/// Each node goes on by itself, at the latest after `time`.
async fn all_go_on(nodes: &[Arc<Node>; 3], time: Duration) -> Ledger {
    let mut ledger = Ledger::default();
    for node in nodes {
        let clock = SystemClock::new();
        while ledger.append(node, 1).await != WriteOutcome::Acknowledged {
            assert!(clock.elapsed() < time, "a node does not go on");
            tokio::time::sleep(PAUSE).await;
        }
    }
    ledger
}

async fn check_restarts(end: fn(&mut Cluster)) {
    let mut cluster = Cluster::running(&[("fsync", "on"), ("max_connections", "60")]);
    let database = Database::fresh_on(cluster.superuser());
    let nodes = {
        let options = options(&database);
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(Node::open(&options).await);
        }
        <[_; 3]>::try_from(nodes).unwrap()
    };
    let load = Load::start(&nodes);
    let mut ledger = Ledger::default();
    for away in [0, 300, 3_000] {
        tokio::time::sleep(Duration::from_millis(400)).await;
        cluster = acta_storage::spawn_blocking(move || {
            end(&mut cluster);
            std::thread::sleep(Duration::from_millis(away));
            cluster.start();
            cluster
        })
        .await
        .unwrap();
        ledger.extend(all_go_on(&nodes, Duration::from_secs(15)).await);
    }
    load.finish(&nodes, ledger).await;
    close(nodes).await;
    drop(database);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_database_is_restarted_under_load() {
    check_restarts(Cluster::stop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_database_is_killed_under_load() {
    check_restarts(Cluster::kill).await;
}

/// Repeatable choices of a test.
struct Chance(SeededEntropy);

impl Chance {
    /// A number below `end`.
    fn below(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % end
    }

    fn direction(&self) -> Direction {
        if self.below(2) == 0 { Direction::ToServer } else { Direction::ToClient }
    }

    /// Lets a network fail in some way, or heals it. Returns a description.
    fn inject_fault(&self, proxy: &Proxy) -> String {
        let direction = self.direction();
        match self.below(10) {
            0 => {
                proxy.reset();
                "reset".to_owned()
            }
            1 => {
                proxy.hold(direction);
                format!("hold {direction:?}")
            }
            2 => {
                proxy.lose(direction);
                format!("lose {direction:?}")
            }
            3 => {
                let delay = Duration::from_millis(self.below(200));
                proxy.delay(delay);
                format!("delay {delay:?}")
            }
            4 | 5 => {
                let bytes = self.below(4_000);
                proxy.cut_after(direction, bytes);
                format!("cut {direction:?} after {bytes}")
            }
            6 => {
                proxy.refuse();
                proxy.reset();
                "refuse".to_owned()
            }
            7 => {
                proxy.reset_next();
                "reset the next".to_owned()
            }
            _ => {
                proxy.heal();
                "heal".to_owned()
            }
        }
    }
}

fn fault_time() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "tests take no configuration")]
    let asked = std::env::var("TEST_ACTA_FAULT_SECONDS").ok();
    asked.map_or(FAULT_TIME, |seconds| Duration::from_secs(seconds.parse().unwrap()))
}

fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests take no configuration")]
    let asked = std::env::var("TEST_ACTA_FAULT_SEED").ok();
    asked.map_or_else(
        || {
            let mut bytes = [0; 4];
            SystemEntropy.fill(&mut bytes);
            u32::from_le_bytes(bytes).into()
        },
        |seed| seed.parse().unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_when_networks_fail_at_random() {
    let seed = seed();
    print_report(&format!("seed {seed}"));
    let chance = Chance(SeededEntropy::new(seed));
    let database = Database::fresh();
    let proxies = [proxy(&database), proxy(&database), proxy(&database)];
    let options = Options {
        connect_timeout: Duration::from_secs(1),
        statement_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_secs(1),
        ..options(&database)
    };
    let mut nodes = Vec::new();
    for proxy in &proxies {
        nodes.push(open_behind(proxy, &options).await);
    }
    let nodes: [_; 3] = nodes.try_into().unwrap();
    let load = Load::start(&nodes);
    let clock = SystemClock::new();
    while clock.elapsed() < fault_time() {
        let which = chance.below(3);
        let how = chance.inject_fault(&proxies[usize::try_from(which).unwrap()]);
        print_report(&format!("{:?}: network {which}: {how}", clock.elapsed()));
        tokio::time::sleep(Duration::from_millis(chance.below(300))).await;
    }
    proxies.iter().for_each(Proxy::heal);
    let ledger = all_go_on(&nodes, Duration::from_mins(1)).await;
    let leads = |nodes: &[Arc<Node>]| nodes.iter().filter(|node| node.leads()).count();
    until("one of them leads", || leads(&nodes) == 1).await;
    load.finish(&nodes, ledger).await;
    close(nodes).await;
}
