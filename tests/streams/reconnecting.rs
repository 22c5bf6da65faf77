//! Streams that break: nothing is lost, and nothing comes twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use acta_tests::{Client, Engine, make};
use serde_json::json;

use crate::subscriber::{Event, Request, Subscriber};
use crate::{Served, start};

/// How often the server is killed.
const KILL_COUNT: usize = 3;

/// Statements that are read between two kills.
const STATEMENTS_BETWEEN: usize = 150;

/// Stores batches, each until it is known to be stored.
fn write(client: &Mutex<Client>, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let batch: Vec<_> = (0..5).map(|_| make::statement_with_id().1).collect();
        loop {
            let client = client.lock().unwrap().clone();
            let sent = client.post("/statements").json(&json!(batch)).try_send();
            if sent.is_ok_and(|answer| answer.status == 200) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Keeps the number and the id of a statement.
fn keep(received: &mut Vec<(u64, String)>, event: &Event) {
    if event.name == "statement" {
        received.push((event.number(), event.data["id"].as_str().unwrap().to_owned()));
    }
}

fn loses_nothing(engine: Engine) {
    let mut served = Served::new(engine);
    let client = Arc::new(Mutex::new(served.client()));
    let is_over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (client, is_over) = (Arc::clone(&client), Arc::clone(&is_over));
        thread::spawn(move || write(&client, &is_over))
    };
    let mut received = Vec::new();
    for _ in 0..KILL_COUNT {
        let stream = go_on(&served, &received);
        for _ in 0..STATEMENTS_BETWEEN {
            keep(&mut received, &stream.statement());
        }
        // While the writer writes; what was sent until then still arrives.
        served.server.kill();
        while let Some(event) = stream.next() {
            keep(&mut received, &event);
        }
        served.server = start(&served.store, &[]);
        *client.lock().unwrap() = served.client();
    }
    let stream = go_on(&served, &received);
    keep(&mut received, &stream.statement());
    is_over.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    let stored = served.client().find(&[("ascending", "true"), ("limit", "0")]);
    while received.len() < stored.len() {
        keep(&mut received, &stream.statement());
    }
    let sequences: Vec<u64> = received.iter().map(|(sequence, _)| *sequence).collect();
    assert_eq!(sequences, (1..=stored.len() as u64).collect::<Vec<_>>());
    let received: Vec<String> = received.into_iter().map(|(_, id)| id).collect();
    assert_eq!(received, stored);
}

/// Opens a stream behind what was received.
fn go_on(served: &Served, received: &[(u64, String)]) -> Subscriber {
    let last = received.last().map_or(0, |(sequence, _)| *sequence);
    let request = Request::new("statements").query("after", "0");
    let request = request.header("Last-Event-ID", &last.to_string());
    let (stream, place) = request.open(served.server.address()).opened();
    assert_eq!(place, last);
    stream
}

#[test]
fn a_stream_continues_where_it_was_although_the_server_is_killed() {
    loses_nothing(Engine::Embedded);
}

#[test]
fn a_stream_continues_where_it_was_although_the_server_is_killed_on_postgres() {
    loses_nothing(Engine::Postgres);
}

#[test]
fn a_stream_continues_on_another_node() {
    let served = Served::new(Engine::Postgres);
    let other = start(&served.store, &[]);
    let addresses = [served.server.address(), other.address()];
    let mut last = 0;
    for round in 0..10_u64 {
        served.client().store(&json!([make::statement(), make::statement()]));
        let request = Request::new("statements").header("Last-Event-ID", &last.to_string());
        let address = addresses[usize::try_from(round % 2).unwrap()];
        let (stream, place) = request.query("after", "0").open(address).opened();
        assert_eq!(place, last);
        assert_eq!(stream.sequences(2), [last + 1, last + 2]);
        last += 2;
    }
}
