//! `kill -9` at random moments of everything that a server does.
//!
//! Each test has a directory that lives through all its rounds. In each round writers send
//! single statements, batches, statements with attachments and documents, and write down
//! what was acknowledged. Then the server is killed, started again and asked for everything
//! that the ledger holds; what had no answer is repeated, and is there once.

use std::thread;
use std::time::Duration;

use acta_tests::server::SMALL_FILES;
use acta_tests::{Launch, Server, Version, make};
use tempfile::TempDir;

use crate::ledger::{Ledger, WriteOutcome};
use crate::load::{RandomChoice, resolve_unanswered, write_while};
use crate::log;

/// Rounds of each of the four tests; `TEST_ACTA_CRASH_ROUNDS` asks for more.
const ROUNDS: u64 = 50;

/// When the server dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KillPoint {
    /// While it works.
    Working,
    /// While it works, and then while it starts again.
    Starting,
    /// After it was requested to stop, before it has stopped.
    Stopping,
}

fn rounds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests take no configuration")]
    let asked = std::env::var("TEST_ACTA_CRASH_ROUNDS").ok();
    asked.map_or(ROUNDS, |count| count.parse().expect("TEST_ACTA_CRASH_ROUNDS is a number"))
}

fn load_and_kill(server: &mut Server, moment: KillPoint, chance: &RandomChoice) -> Ledger {
    let lifetime = Duration::from_millis(20 + chance.below(160));
    let ledger = write_while(&server.client(Version::V2_0_0), || {
        thread::sleep(lifetime);
        if moment == KillPoint::Stopping {
            server.ask_to_stop();
            thread::sleep(Duration::from_micros(chance.below(30_000)));
        }
        server.kill();
    });
    log(&format!(
        "{} requests acknowledged and {} without an answer after {lifetime:?}",
        ledger.count(WriteOutcome::Acknowledged),
        ledger.count(WriteOutcome::Unknown)
    ));
    ledger
}

fn check(moment: KillPoint, settings: &[(&str, &str)]) {
    let seed = u64::from_str_radix(&make::id()[..8], 16).expect("an id begins with digits");
    log(&format!("seed {seed}"));
    let chance = RandomChoice::new(seed);
    let folder = TempDir::new().expect("a directory for scratch data can be made");
    let data = folder.path().join("data");
    let launch = Launch { settings, ..Launch::new(&data, Version::V2_0_0) };
    let mut ledgers: Vec<Ledger> = Vec::new();
    let mut server = launch.start();
    for _ in 0..rounds() {
        let mut ledger = load_and_kill(&mut server, moment, &chance);
        if moment == KillPoint::Starting {
            for _ in 0..=chance.below(3) {
                launch.start_and_kill(Duration::from_micros(chance.below(40_000)));
            }
        }
        server = launch.start();
        let client = server.client(Version::V2_0_0);
        ledger.check(&client);
        resolve_unanswered(&client, &mut ledger);
        ledgers.push(ledger);
    }
    // Later deaths must not hurt what earlier rounds left.
    let client = server.client(Version::V2_0_0);
    for ledger in &ledgers {
        ledger.check(&client);
    }
    let count: usize = ledgers.iter().map(Ledger::acknowledged_count).sum();
    log(&format!("{count} statements in {} rounds", ledgers.len()));
    assert!(ledgers.len() < count, "the load must do something");
}

#[test]
fn loses_nothing_when_killed_at_work() {
    check(KillPoint::Working, &[]);
}

#[test]
fn loses_nothing_when_killed_while_files_are_sealed_and_merged() {
    check(KillPoint::Working, SMALL_FILES);
}

#[test]
fn loses_nothing_when_killed_again_while_starting() {
    check(KillPoint::Starting, SMALL_FILES);
}

#[test]
fn loses_nothing_when_killed_while_stopping() {
    check(KillPoint::Stopping, SMALL_FILES);
}
