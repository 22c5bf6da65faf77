//! Anonymous clients that try to sign in as often as they can: the server stays small, writes
//! little, and lets others in.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::server::Launch;
use acta_tests::{Client, Engine, Store, Version};
use serde_json::json;

use crate::bombs::resident_kib;

/// Connections of the attacker.
const CONNECTIONS: usize = 100;

/// How long the attack lasts.
const ATTACK: Duration = Duration::from_secs(10);

/// Sign-ins of a person meanwhile.
const SIGN_INS: usize = 20;

/// What the server may take more in memory: the reused memory of eight hashes, and some more.
const GROWTH_KIB_MAX: u64 = 256 << 10;

/// What the tables may grow by: rows and audit entries of some hundred attempts.
const TABLES_BYTES_MAX: u64 = 8 << 20;

const PASSWORD: &str = "blue otters juggle at dawn";

/// Signs in from an address, as a proxy reports it. Returns the status.
fn sign_in(client: &Client, from: &str, email: &str, password: &str) -> u16 {
    let body = json!({ "email": email, "password": password });
    let call = client.call_outside("POST", "/api/v1/session").without("Authorization");
    call.header("X-Forwarded-For", from).json(&body).send().status
}

/// Tries to sign in to accounts that do not exist, until it is over.
fn attack(client: &Client, connection: usize, is_over: &AtomicBool) {
    for number in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
        let email = format!("{connection}-{number}@example.org");
        let status = sign_in(client, "203.0.113.7", &email, "wrong password");
        assert!([401, 429, 503].contains(&status), "{status}");
    }
}

#[test]
fn a_flood_of_sign_ins_neither_fills_memory_nor_keeps_people_out() {
    let store = Store::new(Engine::Embedded);
    let mut settings = store.settings();
    settings.push(("ACTA_SERVER_TRUSTED_PROXIES", "127.0.0.1/32".to_owned()));
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let data = store.data();
    let server = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) }.start();
    let client = server.client(Version::V2_0_0);
    let made = store.administer(&["account", "create", "ada@example.org", "--name", "Ada"]);
    let accept = json!({ "token": made["token"], "password": PASSWORD });
    let call = client.call_outside("POST", "/api/v1/links/accept").without("Authorization");
    call.json(&accept).send().expect(204);
    let tables = || fs::metadata(data.join("tables.sqlite")).unwrap().len();
    let (resident_before, tables_before) = (resident_kib(&server), tables());

    let (is_over, clock) = (AtomicBool::new(false), SystemClock::new());
    let (mut accepted, mut slowest, mut peak) = (0, Duration::ZERO, 0);
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let (is_over, client) = (&is_over, server.client(Version::V2_0_0));
            scope.spawn(move || attack(&client, connection, is_over));
        }
        for _ in 0..SIGN_INS {
            thread::sleep(ATTACK / u32::try_from(SIGN_INS).unwrap());
            let started = clock.elapsed();
            let status = sign_in(&client, "198.51.100.9", "ada@example.org", PASSWORD);
            slowest = slowest.max(clock.elapsed().saturating_sub(started));
            accepted += usize::from(status == 200);
            peak = peak.max(resident_kib(&server));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let (grown, written) = (peak.saturating_sub(resident_before), tables() - tables_before);
    println!(
        "{accepted} of {SIGN_INS} signed in, the slowest in {} ms; {} MiB more in memory, {} KiB \
         more in tables",
        slowest.as_millis(),
        grown >> 10,
        written >> 10
    );
    assert_eq!(accepted, SIGN_INS);
    assert!(grown < GROWTH_KIB_MAX, "{grown} KiB");
    assert!(written < TABLES_BYTES_MAX, "{written} bytes");
}
