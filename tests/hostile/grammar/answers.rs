//! The server answers every request of the grammar in a bounded time, as it should: what is valid
//! is stored, what is refused for now says until when, and none of them makes it fail.

use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Client, Engine, Server, Store, Version};

use super::{Drawn, administration_pool, pool};
use crate::attacks::AttackerKind;
use crate::neighbours::{attackers, seed};

/// What one request may take, whatever else the machine does: the largest are some MB.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Sends a request, once more if the server had just closed the connection that it was sent on,
/// as it does behind a body that it does not read.
fn send(drawn: &Drawn, client: &Client) -> u16 {
    match drawn.send(client) {
        0 if !drawn.expects(0) => drawn.send(client),
        status => status,
    }
}

/// Sends requests one after the other. Returns what is wrong with the answers.
fn check_answers(engine: Engine, pool: &[Drawn]) -> Vec<String> {
    let store = Store::new(engine);
    let server = Server::start_on(&store, Version::V2_0_0);
    let [client, _] = attackers(AttackerKind::Administrator, &store, &server);
    let (clock, mut faults) = (SystemClock::new(), Vec::new());
    for (number, drawn) in pool.iter().enumerate() {
        let started = clock.elapsed();
        let status = send(drawn, &client);
        let took = clock.elapsed().saturating_sub(started);
        if !drawn.expects(status) || TIME_MAX < took {
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
