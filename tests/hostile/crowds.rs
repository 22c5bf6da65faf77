//! Thousands of connections that hold back, and one client that works on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::server::{KEY, SECRET, basic};
use acta_tests::{Client, Server, Version, make};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;

use crate::bombs::resident_kib;

/// Connections that hold back.
const CROWD: usize = 3000;

/// Requests of the client that works on.
const REQUESTS: usize = 200;

/// What 99 of 100 of its requests must stay below, on any machine.
const SLOWEST: Duration = Duration::from_secs(2);

/// Settings of the server: as by default but for the memory, so that its bound is near.
const SETTINGS: &[(&str, &str)] = &[("ACTA_LIMITS_MEMORY_BYTES_MAX", "256MiB")];

/// What the server may have in memory, in KiB: its budget, and 256 MiB for itself.
const RESIDENT_KIB_MAX: u64 = (256 + 256) << 10;

/// Asks for as many open files as there may be. The server inherits it.
fn raise_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// Who holds back, and in which way.
struct SlowClients<'a> {
    /// What each sends at first.
    opening: &'a [u8],
    /// What each sends again and again, a little at a time.
    trickle: &'a [u8],
}

/// The median and the 99th percentile of the times that requests take.
fn work(client: &Client) -> (Duration, Duration) {
    let clock = SystemClock::new();
    let mut times = Vec::new();
    for number in 0..REQUESTS {
        let started = clock.elapsed();
        if number % 2 == 0 {
            client.post("/statements").json(&make::statement()).send().expect(200);
        } else {
            client.get("/statements").query("limit", "10").send().expect(200);
        }
        times.push(clock.elapsed().saturating_sub(started));
    }
    times.sort_unstable();
    (times[REQUESTS / 2], times[REQUESTS * 99 / 100])
}

fn open(server: &Server, opening: &[u8]) -> Vec<TcpStream> {
    let mut streams = Vec::with_capacity(CROWD);
    for _ in 0..CROWD {
        let Ok(mut stream) = TcpStream::connect(server.address()) else { continue };
        stream.set_nonblocking(true).unwrap();
        // A client that is refused or disconnected counts too.
        let _ = stream.write(opening);
        streams.push(stream);
    }
    streams
}

/// Sends a little on each connection, again and again.
fn trickle(streams: &[TcpStream], bytes: &[u8], is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        for mut stream in streams {
            let _ = stream.write(bytes);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// Measures alone, then with slow clients.
fn measure(name: &str, settings: &[(&str, &str)], slow_clients: &SlowClients<'_>) {
    raise_files();
    let scratch = TempDir::new().unwrap();
    let server = start(&scratch.path().join("data"), settings);
    let client = server.client(Version::V1_0_3);
    let (median, slow) = work(&client);
    let streams = open(&server, slow_clients.opening);
    assert!(CROWD * 9 / 10 < streams.len(), "{} connections", streams.len());
    let is_over = AtomicBool::new(false);
    let (crowded_median, crowded_slow) = thread::scope(|scope| {
        scope.spawn(|| trickle(&streams, slow_clients.trickle, &is_over));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&client)));
        is_over.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let resident = resident_kib(&server);
    println!(
        "{name}: p50 {median:?}, p99 {slow:?} alone; p50 {crowded_median:?}, p99 {crowded_slow:?} \
         among {}; {} MiB",
        streams.len(),
        resident >> 10
    );
    assert!(crowded_slow < SLOWEST, "{name}: {crowded_slow:?}");
    assert!(resident < RESIDENT_KIB_MAX, "{name}: {resident} KiB");
}

fn start(data: &Path, settings: &[(&str, &str)]) -> Server {
    Server::start_with(data, Version::V1_0_3, &[SETTINGS, settings].concat())
}

fn post(authorization: &str, target: &str, length: usize) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n\
         X-Experience-API-Version: 1.0.3\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

#[test]
fn half_sent_heads_delay_no_other_client() {
    let opening = b"GET /xapi/statements HTTP/1.1\r\nHost: a\r\nX-A: ";
    measure("half-sent heads", &[], &SlowClients { opening, trickle: b"" });
}

#[test]
fn trickling_heads_delay_no_other_client_with_few_connections() {
    let few = [("ACTA_LIMITS_CONNECTIONS_MAX", "500")];
    let opening = b"GET /xapi/statements HTTP/1.1\r\nHost: a\r\nX-A: ";
    measure("trickling heads, 500 connections", &few, &SlowClients { opening, trickle: b"a" });
}

#[test]
fn half_sent_bodies_delay_no_other_client() {
    let opening = post(&basic(KEY, SECRET), "/xapi/statements", 60_000) + &" ".repeat(30_000);
    let slow_clients = SlowClients { opening: opening.as_bytes(), trickle: b" " };
    let few = [("ACTA_LIMITS_REQUESTS_MAX", "4")];
    measure("half-sent bodies, 4 requests at a time", &few, &slow_clients);
}

#[test]
fn half_sent_unauthenticated_bodies_delay_no_other_client() {
    let opening = post("Basic bm86Ym9keQ==", "/xapi/statements", 60_000) + &" ".repeat(30_000);
    let slow_clients = SlowClients { opening: opening.as_bytes(), trickle: b" " };
    measure("half-sent unauthenticated bodies", &[], &slow_clients);
    let target = "/xapi/statements?method=POST";
    let opening = post("Basic bm86Ym9keQ==", target, 1_000_000) + &" ".repeat(200_000);
    let opening = opening.replace("application/json", "application/x-www-form-urlencoded");
    let slow_clients = SlowClients { opening: opening.as_bytes(), trickle: b" " };
    measure("half-sent unauthenticated forms", &[], &slow_clients);
}

#[test]
fn half_sent_sign_ins_delay_no_other_client() {
    // Together they are more than all bodies may be.
    let little =
        [("ACTA_LIMITS_STATEMENTS_BYTES_MAX", "16MiB"), ("ACTA_LIMITS_MEMORY_BYTES_MAX", "64MiB")];
    let head = "POST /api/v1/session HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                Content-Length: 60000\r\n\r\n";
    let opening = format!("{head}{}", " ".repeat(50_000));
    let slow_clients = SlowClients { opening: opening.as_bytes(), trickle: b" " };
    measure("half-sent sign-ins", &little, &slow_clients);
}

#[test]
fn unread_responses_delay_no_other_client() {
    raise_files();
    let scratch = TempDir::new().unwrap();
    let server = start(&scratch.path().join("data"), &[]);
    let client = server.client(Version::V1_0_3);
    let (median, slow) = work(&client);
    let path = "/activities/profile";
    let place = [("activityId", "http://example.org/large"), ("profileId", "p")];
    let call = client.post(path).queries(&place).body("text/plain", vec![b'x'; 4 << 20]);
    call.send().expect(204);
    let request = format!(
        "GET /xapi{path}?activityId=http://example.org/large&profileId=p HTTP/1.1\r\nHost: a\r\n\
         Authorization: {}\r\nX-Experience-API-Version: 1.0.3\r\n\r\n",
        basic(KEY, SECRET)
    );
    let streams: Vec<TcpStream> =
        open(&server, request.as_bytes()).into_iter().take(CROWD).collect();
    let (crowded_median, crowded_slow) = work(&client);
    let resident = resident_kib(&server);
    println!(
        "unread answers: p50 {median:?}, p99 {slow:?} alone; p50 {crowded_median:?}, p99 \
         {crowded_slow:?} among {}; {} MiB",
        streams.len(),
        resident >> 10
    );
    assert!(crowded_slow < SLOWEST, "{crowded_slow:?}");
    assert!(resident < RESIDENT_KIB_MAX, "{resident} KiB");
}

#[test]
fn idle_connections_delay_no_other_client_with_few_connections() {
    raise_files();
    let scratch = TempDir::new().unwrap();
    let server = start(&scratch.path().join("data"), &[("ACTA_LIMITS_CONNECTIONS_MAX", "200")]);
    let client = server.client(Version::V1_0_3);
    let streams = open(&server, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
    let (median, slow) = work(&client);
    println!("idle connections: p50 {median:?}, p99 {slow:?} among {}", streams.len());
    assert!(slow < SLOWEST, "{slow:?}");
    let mut open_count = 0;
    for mut stream in &streams {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let mut rest = Vec::new();
        let is_open = stream.read_to_end(&mut rest).is_err_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        });
        open_count += usize::from(is_open);
    }
    assert!(open_count <= 200, "{open_count} connections are open");
}
