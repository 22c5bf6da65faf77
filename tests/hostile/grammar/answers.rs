//! The server answers every request of the grammar in a bounded time, and none of them makes it
//! fail.

use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Engine, Server, Store, Version};

use super::{Drawn, administration_pool, pool};
use crate::attacks::{AttackerKind, status};
use crate::neighbours::{attackers, seed};

/// What one request may take, whatever else the machine does: the largest are some MB.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Sends requests one after the other. Returns what is wrong with the answers.
fn check_answers(engine: Engine, pool: &[Drawn]) -> Vec<String> {
    let store = Store::new(engine);
    let server = Server::start_on(&store, Version::V2_0_0);
    let [client, _] = attackers(AttackerKind::Administrator, &store, &server);
    let (clock, mut faults) = (SystemClock::new(), Vec::new());
    for (number, drawn) in pool.iter().enumerate() {
        let started = clock.elapsed();
        // None at all is right where the server stops reading a body that is too long.
        let status = status(drawn.call(&client));
        let took = clock.elapsed().saturating_sub(started);
        if 500 <= status || TIME_MAX < took {
            faults.push(format!("request {number} ({drawn}): {status} after {took:?}"));
        }
    }
    client.get("/statements").query("limit", "1").send().expect(200);
    faults
}

fn check(engine: Engine) {
    let seed = seed();
    let faults = [pool(seed), administration_pool(seed)].map(|pool| check_answers(engine, pool));
    let faults = faults.concat();
    assert!(faults.is_empty(), "TEST_ATTACK_SEED={seed}: {faults:#?}");
}

#[test]
fn every_request_of_the_grammar_is_answered_in_time() {
    check(Engine::Embedded);
}

#[test]
fn every_request_of_the_grammar_is_answered_in_time_on_postgres() {
    check(Engine::Postgres);
}
