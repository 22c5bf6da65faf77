//! A server that is asked to stop while one of its tenants does its worst.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use acta_tests::server::Launch;
use acta_tests::{Engine, Store, Version};

use crate::attacks::{Surface, attacks};
use crate::neighbours::{Counts, send_until, tenant};

/// How long the attack lasts before the server is asked to stop.
const ATTACK: Duration = Duration::from_secs(3);

/// What requests in progress may take then, as `limits.drain_timeout`.
const DRAIN: Duration = Duration::from_secs(5);

/// What it takes beside that, on any machine.
const STOP: Duration = Duration::from_secs(20);

fn check(engine: Engine, name: &str) {
    let attacks = attacks(Surface::Xapi);
    let attack = attacks.iter().find(|attack| attack.name == name).unwrap();
    let store = Store::new(engine);
    let drain = format!("{}s", DRAIN.as_secs());
    let mut settings = store.settings();
    settings.push(("ACTA_LIMITS_DRAIN_TIMEOUT", drain));
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let data = store.data();
    let mut server = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) }.start();
    let attacker = tenant(&store, &server, "Attacker");
    (attack.prepare)(&attacker);
    let (is_over, counts) = (AtomicBool::new(false), Counts::default());
    let ended = thread::scope(|scope| {
        for connection in 0..attack.connections {
            let (attacker, is_over) = (&attacker, &is_over);
            let shared = (is_over, &counts);
            scope.spawn(move || send_until(attack, attacker, connection, shared));
        }
        thread::sleep(ATTACK);
        server.ask_to_stop();
        let ended = server.wait(DRAIN + STOP);
        is_over.store(true, Ordering::Relaxed);
        ended
    });
    let code = ended.map(|ended| ended.code());
    assert_eq!(code, Some(Some(0)), "{}", server.log());
    // Nothing stands in the way of the next start.
    let again = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) }.start();
    let page = again.client(Version::V2_0_0).get("/statements").query("limit", "1").send();
    page.expect(200);
}

#[test]
fn a_server_stops_while_a_tenant_sends_definitions() {
    check(Engine::Embedded, "definitions of 60 KB");
}

#[test]
fn a_server_stops_while_a_tenant_sends_definitions_on_postgres() {
    check(Engine::Postgres, "definitions of 60 KB");
}

#[test]
fn a_server_stops_while_a_tenant_sends_large_batches() {
    check(Engine::Embedded, "batches of 16 MB");
}
