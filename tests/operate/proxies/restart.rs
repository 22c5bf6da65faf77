//! Two nodes on one database behind every proxy, restarted one after the other under load.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Launch, Server, Store, Version};
use tempfile::TempDir;

use super::load::Load;
use super::page::{Setup, pause_between_nodes, replaced, settings_of_acta};
use super::program::{Kind, Proxy};

/// How many clients a proxy has, and how many requests it passes on meanwhile at least.
const fn work_of(kind: Kind) -> (usize, usize) {
    match kind {
        Kind::Nginx => (6, 10_000),
        Kind::Caddy | Kind::HaProxy => (2, 1_000),
    }
}

/// Longest time in which so many requests are answered.
const WORK_MAX: Duration = Duration::from_mins(5);

/// Longest time in which a node stops: the delay, and what is in progress.
const STOP_MAX: Duration = Duration::from_secs(20);

/// One of two nodes, which starts again where it was.
struct Node {
    data: PathBuf,
    settings: Vec<(&'static str, String)>,
    server: Server,
}

impl Node {
    fn start(name: &str, folder: &Path, store: &Store) -> Self {
        let keys = settings_of_acta(Setup::TwoNodes);
        let keys =
            replaced(&keys, "trusted_proxies = \"10.0.0.10\"", "trusted_proxies = \"127.0.0.1\"");
        let file = folder.join(format!("{name}.toml"));
        std::fs::write(&file, keys).unwrap();
        let mut settings = store.settings();
        settings.push(("ACTA_CONFIG", file.display().to_string()));
        let data = folder.join(name);
        let server = launch(&data, &settings, None);
        Self { data, settings, server }
    }

    /// Stops it with a signal, and starts it again.
    fn restart(&mut self) {
        self.server.ask_to_stop();
        let ended = self.server.wait(STOP_MAX).and_then(|status| status.code());
        assert_eq!(ended, Some(0), "{}", self.server.log());
        let address = self.server.address();
        self.server = launch(&self.data, &self.settings, Some(address));
    }
}

/// Starts a node, where one before it listened if there was one.
fn launch(data: &Path, settings: &[(&'static str, String)], before: Option<SocketAddr>) -> Server {
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let launch = Launch { settings: &settings, ..Launch::new(data, Version::V2_0_0) };
    before.map_or_else(|| launch.start(), |address| launch.start_at(address))
}

/// Ends the clients, also when the test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Restarts both nodes while clients of every proxy send requests.
fn restart_under_load(nodes: &mut [Node; 2], proxies: &[Proxy]) -> Vec<Load> {
    let loads: Vec<Load> = proxies.iter().map(|_| Load::default()).collect();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _over = Over(&is_over);
        for (load, proxy) in loads.iter().zip(proxies) {
            let (client, is_over) = (proxy.client(), &is_over);
            for _ in 0..work_of(proxy.kind()).0 {
                let client = client.clone();
                scope.spawn(move || load.send_until(&client, is_over));
            }
        }
        let [first, second] = nodes;
        first.restart();
        thread::sleep(pause_between_nodes());
        second.restart();
        let is_enough = |(load, proxy): (&Load, &Proxy)| {
            work_of(proxy.kind()).1 <= load.answered() || !load.failures().is_empty()
        };
        let clock = SystemClock::new();
        while !loads.iter().zip(proxies).all(is_enough) && clock.elapsed() < WORK_MAX {
            thread::sleep(Duration::from_millis(20));
        }
    });
    loads
}

#[test]
fn a_rolling_restart_behind_every_proxy_fails_no_request() {
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| kind.is_installed()).collect();
    let (store, folder) = (Store::new(Engine::Postgres), TempDir::new().unwrap());
    let mut nodes = ["first", "second"].map(|name| Node::start(name, folder.path(), &store));
    let addresses = nodes.each_ref().map(|node| node.server.address());
    let start = |kind| Proxy::start(kind, Setup::TwoNodes, &addresses);
    let proxies: Vec<Proxy> = kinds.into_iter().map(start).collect();
    let loads = restart_under_load(&mut nodes, &proxies);
    for (load, proxy) in loads.iter().zip(&proxies) {
        let (kind, failures, answered) = (proxy.kind(), load.failures(), load.answered());
        assert!(failures.is_empty(), "{kind:?}: {failures:?} beside {answered}: {}", proxy.log());
        assert!(work_of(kind).1 <= answered, "{kind:?} has passed on {answered} only");
    }
    let client = nodes[0].server.client(Version::V2_0_0);
    let kept: HashSet<String> =
        client.find(&[("limit", "1000"), ("format", "ids")]).into_iter().collect();
    for load in &loads {
        let acknowledged = load.acknowledged();
        let lost: Vec<&String> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "{lost:?} of {}", acknowledged.len());
    }
}
