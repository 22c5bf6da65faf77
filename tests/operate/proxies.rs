//! The page about nginx, Caddy and `HAProxy`: its configurations are taken from it and run in front
//! of one server, and of two that are restarted one after the other.

mod load;
mod one_server;
mod page;
mod program;
mod restart;

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};

/// Longest wait for something that a program does by itself.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Waits until something is so; `tell` says what is known if it does not happen.
#[track_caller]
fn wait_until(what: &str, tell: impl Fn() -> String, is_so: impl Fn() -> bool) {
    let clock = SystemClock::new();
    while !is_so() {
        assert!(clock.elapsed() < WAIT_MAX, "waited in vain until {what}: {}", tell());
        thread::sleep(Duration::from_millis(20));
    }
}
