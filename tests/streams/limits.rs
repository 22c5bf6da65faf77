//! Bounds of streams, slow clients, and the end of the server.

use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::{Client, Engine, make};
use serde_json::{Value, json};

use crate::Served;
use crate::subscriber::{Request, WAIT_MAX};

/// The value of a metric.
fn metric(client: &Client, name: &str) -> u64 {
    let text = client.call_outside("GET", "/metrics").send().expect(200).text().to_owned();
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    let value = line.and_then(|line| line.split(' ').nth(1)?.split('.').next()?.parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in {text}"))
}

#[track_caller]
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let clock = SystemClock::new();
    while !is_so() {
        assert!(clock.elapsed() < WAIT_MAX, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Statements of 40 KiB each.
fn large(count: usize) -> Value {
    let large = |_| {
        let mut statement = make::statement();
        statement["result"] = json!({ "response": "x".repeat(40_000) });
        statement
    };
    (0..count).map(large).collect()
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_harms_nobody() {
    let settings = [("ACTA_LIMITS_WRITE_TIMEOUT", "2s"), ("ACTA_LIMITS_RATE_BYTES_MIN", "4KiB")];
    let served = Served::with(Engine::Embedded, &settings);
    let (client, address) = (served.client(), served.server.address());
    let (reading, _) = Request::new("statements").open(address).opened();
    let stalled: Vec<_> = (0..3).map(|_| Request::new("statements").send(address)).collect();
    wait_for("four streams are open", || metric(&client, "acta_http_streams") == 4);
    for _ in 0..20 {
        client.store(&large(10));
    }
    assert_eq!(reading.sequences(200), (1..=200).collect::<Vec<_>>());
    wait_for("stalled ones are dropped", || metric(&client, "acta_http_streams") == 1);
    assert_eq!(metric(&client, "acta_http_streams_dropped_total"), 3);
    drop(stalled);
    // One that has read slowly for some time, but has read everything, stays.
    thread::sleep(Duration::from_secs(5));
    client.store(&make::statement());
    assert_eq!(reading.sequences(1), [201]);
    assert_eq!(metric(&client, "acta_http_streams_dropped_total"), 3);
    drop(reading);
    wait_for("the last one is closed", || metric(&client, "acta_http_streams") == 0);
    assert_eq!(metric(&client, "acta_http_streams_dropped_total"), 3);
}

#[test]
fn a_stream_beyond_a_bound_is_refused_until_another_ends() {
    let settings = [
        ("ACTA_LIMITS_REQUESTER_STREAMS_MAX", "2"),
        ("ACTA_LIMITS_TENANT_STREAMS_MAX", "3"),
        ("ACTA_LIMITS_STREAMS_MAX", "4"),
    ];
    let served = Served::with(Engine::Embedded, &settings);
    let address = served.server.address();
    let tenant = served.store.administer(&["tenant", "create", "South"])["id"].to_string();
    let open = |authorization: &str, tenant: &str| {
        let mut request = Request::new("statements").header("Authorization", authorization);
        request.path = request.path.replace("/tenants/1/", &format!("/tenants/{tenant}/"));
        request.open(address)
    };
    let refused = |stream: &crate::subscriber::Subscriber| {
        assert!(stream.head.to_lowercase().contains("retry-after: "), "{}", stream.head);
        stream.status == 429
    };
    let [one, two, three] = [(); 3].map(|()| served.credential("statements/read", "1").0);
    let [south, other] = [(); 2].map(|()| served.credential("all", &tenant).0);
    let first = [open(&one, "1"), open(&one, "1")];
    assert!(first.iter().all(|stream| stream.status == 200));
    assert!(refused(&open(&one, "1")), "of one requester");
    let second = open(&two, "1");
    assert_eq!(second.status, 200);
    assert!(refused(&open(&three, "1")), "of one tenant");
    let third = open(&south, &tenant);
    assert_eq!(third.status, 200);
    assert!(refused(&open(&other, &tenant)), "of the server");
    drop(first);
    wait_for("closed streams make room", || open(&three, "1").status == 200);
}

#[test]
fn streams_do_not_delay_the_end_of_a_server() {
    for engine in [Engine::Embedded, Engine::Postgres] {
        let mut served = Served::new(engine);
        let (client, address) = (served.client(), served.server.address());
        let (reading, _) = Request::new("statements").open(address).opened();
        let summary = Request::new("summary").open(address);
        assert_eq!(summary.event().name, "summary");
        let stalled = Request::new("statements").send(address);
        wait_for("three streams are open", || metric(&client, "acta_http_streams") == 3);
        for _ in 0..10 {
            client.store(&large(10));
        }
        assert_eq!(reading.sequences(100).len(), 100);
        served.server.ask_to_stop();
        assert_eq!(reading.end(), "stopping");
        assert_eq!(summary.end(), "stopping");
        let status = served.server.wait(Duration::from_secs(15)).expect("the server ends");
        assert!(status.success(), "{status} {}", served.server.log());
        drop(stalled);
    }
}

#[test]
fn a_quiet_stream_sends_comments_and_stays_open() {
    let served = Served::with(Engine::Embedded, &[("ACTA_LIMITS_IDLE_TIMEOUT", "1s")]);
    served.client().store(&make::statement());
    let address = served.server.address();
    let verb = make::verb_id();
    let request = Request::new("statements").query("verb", &verb).query("after", "0");
    let (stream, place) = request.open(address).opened();
    assert_eq!(place, 0);
    // The place behind what did not match.
    let comment = stream.next().expect("a comment");
    assert_eq!((comment.name.as_str(), comment.number()), ("", 1));
    let mut statement = make::statement();
    statement["verb"] = json!({ "id": verb });
    served.client().store(&statement);
    assert_eq!(stream.sequences(1), [2]);
}
