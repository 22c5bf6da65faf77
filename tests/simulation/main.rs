//! Histories of a store on a simulated disk that loses what was not synced.
//!
//! The engine runs as it is, in this process; only its [`Disk`](acta_storage_embedded::Disk)
//! is simulated, and SQLite's files with it (`vfs`). The disk (`world`) knows of each file
//! what was written and what was synced, and of each directory which names were. It does what
//! a real one may do:
//!
//! - When the power goes, what was not synced is lost, kept, torn at any byte, or kept in some
//!   sectors only; a file may be longer without its data; and files and names are independent
//!   of each other.
//! - A call fails, with or without having done its work, or writes a part of what it should.
//! - After a failed sync the data may still be waiting, or be gone, or be readable without
//!   ever becoming durable.
//! - It fills up, and gets room again.
//!
//! Two ledgers (`ledger`, `tables`) hold what was sent and what was answered. After every
//! start the store must hold just that:
//!
//! - Everything acknowledged is there, with the same text and the same `stored`.
//! - A batch that was in flight, or was answered that its fate is unknown, is there whole or
//!   not at all, and nothing else is there. What was answered with `Full` is not there.
//! - Sequences have no gaps, and `stored` times rise.
//! - Every query, id, definition and name is answered as by the model engine, and every
//!   attachment of a stored batch can be read.
//! - Documents, cursors, credentials, tenants and the audit are what a history of all
//!   acknowledged writes and any of the unknown ones makes of them.
//! - What could be read after a start survives the next loss of power.
//! - The store opens. Neither a loss of power nor a failing call is ever taken for damage.
//!
//! `purging` removes a tenant of which the ledgers know nothing, with one fault at each call.
//! `exhaustive` puts one fault at each call of a short history. `random` makes histories from
//! seeds, with faults at any place, at every so manyth call, and during recovery too. A seed
//! gives the same acts and faults each time, but the engine's threads may take turns in another
//! order, so a seed that failed may have to be tried more than once.
//!
//! - `TEST_ACTA_SIM_SEEDS=1000` lives through so many random histories.
//! - `TEST_ACTA_SIM_SEED=7` runs one, and prints every step.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::sync::Mutex;

use tokio::runtime::{Builder, Runtime};

mod disk;
mod exhaustive;
mod ledger;
mod named;
mod purge;
mod random;
mod reserve;
mod simulation;
mod tables;
mod trace;
mod vfs;
mod world;

/// Histories at the same time. They wait for their threads more than they calculate.
const THREADS: usize = 4;

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Does something for each of `subjects`, several at a time.
fn in_parallel<S: Send, R: Send>(subjects: Vec<S>, act: impl Fn(S) -> R + Sync) -> Vec<R> {
    let subjects = Mutex::new(subjects.into_iter());
    let results = Mutex::new(Vec::new());
    let next = || subjects.lock().unwrap().next();
    let work = || {
        while let Some(subject) = next() {
            let result = act(subject);
            results.lock().unwrap().push(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    results.into_inner().unwrap()
}

/// Tells what was tried when it fails.
struct PrintOnPanic(String);

impl Drop for PrintOnPanic {
    #[expect(clippy::print_stdout, reason = "it must be seen how to repeat a failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("failed: {}", self.0);
        }
    }
}
