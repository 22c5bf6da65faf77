//! Anonymous clients that try to sign in as often as they can: the server stays small, writes
//! little, and lets others in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::server::Launch;
use acta_tests::{Client, Engine, Server, Store, Version};
use serde_json::{Value, json};

use crate::bombs::resident_kib;

/// Connections of the attacker.
const CONNECTIONS: usize = 100;

/// How long the attack lasts.
const ATTACK: Duration = Duration::from_secs(10);

/// Sign-ins of a person meanwhile.
const SIGN_INS: usize = 20;

/// What a sign-in may take at most, where people signed in before: the machine is busy with more
/// than this, and the hashes of a binary for development are slow.
const SLOWEST_MAX: Duration = Duration::from_secs(10);

/// How much lower the priority of the attacker's threads is, who has machines of its own.
const ATTACKER_NICE: i32 = 10;

/// What the server may take more in memory: the reused memory of eight hashes, and some more.
const GROWTH_KIB_MAX: u64 = 256 << 10;

/// What the store may grow by: rows and audit entries of some hundred attempts.
const STORE_BYTES_MAX: u64 = 16 << 20;

const PASSWORD: &str = "blue otters juggle at dawn";

/// Where Ada and Bob sign in from.
const OFFICE: &str = "198.51.100.9";
const HOME: &str = "192.0.2.77";

/// Signs in from an address, as a proxy reports it. Returns the status.
fn sign_in(client: &Client, from: &str, email: &str, password: &str) -> u16 {
    let body = json!({ "email": email, "password": password });
    let call = client.call_outside("POST", "/api/v1/session").without("Authorization");
    call.header("X-Forwarded-For", from).json(&body).send().status
}

/// Where an attempt of the attacker comes from: its connection, and its number there.
type AddressOf = fn(usize, usize) -> String;

/// Tries to sign in to accounts that do not exist, until it is over.
fn attack(client: &Client, connection: usize, address_of: AddressOf, is_over: &AtomicBool) {
    rustix::process::nice(ATTACKER_NICE).unwrap();
    for number in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
        let email = format!("{connection}-{number}@example.org");
        let status = sign_in(client, &address_of(connection, number), &email, "wrong password");
        assert!([401, 429, 503].contains(&status), "{status}");
    }
}

/// A server with the accounts of two people.
struct Attacked {
    store: Store,
    server: Server,
}

impl Attacked {
    fn start(engine: Engine) -> Self {
        let store = Store::new(engine);
        let mut settings = store.settings();
        settings.push(("ACTA_SERVER_TRUSTED_PROXIES", "127.0.0.1/32".to_owned()));
        // What is reserved would count as growth.
        settings.push(("ACTA_STORAGE_RESERVE_BYTES", "0".to_owned()));
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let data = store.data();
        let server = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) }.start();
        let client = server.client(Version::V2_0_0);
        for name in ["ada", "bob"] {
            let email = format!("{name}@example.org");
            let made = store.administer(&["account", "create", &email, "--name", name]);
            let accept = json!({ "token": made["token"], "password": PASSWORD });
            let call = client.call_outside("POST", "/api/v1/links/accept").without("Authorization");
            call.json(&accept).send().expect(204);
        }
        Self { store, server }
    }

    /// The bytes of everything that is stored.
    fn bytes(&self) -> u64 {
        let status: Value = self.store.administer(&["status"]);
        status["data_bytes"].as_u64().unwrap()
    }
}

/// Signs in again and again during the attack; returns how many succeeded, how long the slowest
/// took, and the most memory that the server had.
fn sign_in_meanwhile(server: &Server, client: &Client) -> (usize, Duration, u64) {
    let clock = SystemClock::new();
    let (mut accepted, mut slowest, mut peak) = (0, Duration::ZERO, 0);
    for _ in 0..SIGN_INS {
        thread::sleep(ATTACK / u32::try_from(SIGN_INS).unwrap());
        let started = clock.elapsed();
        let status = sign_in(client, OFFICE, "ada@example.org", PASSWORD);
        slowest = slowest.max(clock.elapsed().saturating_sub(started));
        accepted += usize::from(status == 200);
        peak = peak.max(resident_kib(server));
    }
    (accepted, slowest, peak)
}

fn check(engine: Engine, address_of: AddressOf) {
    let attacked = Attacked::start(engine);
    let server = &attacked.server;
    let client = server.client(Version::V2_0_0);
    assert_eq!(sign_in(&client, OFFICE, "ada@example.org", PASSWORD), 200);
    let (resident_before, bytes_before) = (resident_kib(server), attacked.bytes());

    let is_over = AtomicBool::new(false);
    let (accepted, slowest, peak, newcomer) = thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let (is_over, client) = (&is_over, server.client(Version::V2_0_0));
            scope.spawn(move || attack(&client, connection, address_of, is_over));
        }
        let (accepted, slowest, peak) = sign_in_meanwhile(server, &client);
        // Somebody who was never here before tries until it works.
        let newcomer =
            (0..100).find(|_| sign_in(&client, HOME, "bob@example.org", PASSWORD) == 200);
        is_over.store(true, Ordering::Relaxed);
        (accepted, slowest, peak, newcomer)
    });
    let grown = peak.saturating_sub(resident_before);
    let written = attacked.bytes().saturating_sub(bytes_before);
    println!(
        "{engine:?}: {accepted} of {SIGN_INS} signed in, the slowest in {} ms; a newcomer after \
         {newcomer:?} refusals; {} MiB more in memory, {} KiB more stored",
        slowest.as_millis(),
        grown >> 10,
        written >> 10
    );
    assert_eq!(accepted, SIGN_INS);
    assert!(slowest < SLOWEST_MAX, "{slowest:?}");
    assert!(newcomer.is_some(), "the newcomer was kept out");
    assert!(grown < GROWTH_KIB_MAX, "{grown} KiB");
    assert!(written < STORE_BYTES_MAX, "{written} bytes");
}

fn of_one_address(_: usize, _: usize) -> String {
    "203.0.113.7".to_owned()
}

/// Another one for each attempt, and another network for each connection.
fn of_many_addresses(connection: usize, number: usize) -> String {
    format!("10.{connection}.{}.{}", number / 250, number % 250 + 1)
}

#[test]
fn a_flood_of_sign_ins_neither_fills_memory_nor_keeps_people_out() {
    check(Engine::Embedded, of_one_address);
    check(Engine::Postgres, of_one_address);
}

#[test]
fn a_flood_of_sign_ins_from_many_addresses_neither_fills_memory_nor_keeps_people_out() {
    check(Engine::Embedded, of_many_addresses);
    check(Engine::Postgres, of_many_addresses);
}
