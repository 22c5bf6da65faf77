//! The proxy fails in every way it supports, before a server of echoes and before
//! PostgreSQL.

#![expect(clippy::unwrap_used, reason = "this is a test")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock as _, SystemClock};
use acta_test_postgres::{Cluster, Direction, Proxy, SHARED_SETTINGS, Superuser};

/// How long nothing has to arrive for it to count as held or lost.
const SILENCE: Duration = Duration::from_millis(50);

/// A server that gives back what it gets, until the test process ends.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

#[track_caller]
fn answers(mut stream: &TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
    arrives(stream, text);
}

#[track_caller]
fn arrives(mut stream: &TcpStream, text: &str) {
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(String::from_utf8(answer).unwrap(), text);
}

#[track_caller]
fn stays_silent(mut stream: &TcpStream) {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
}

#[track_caller]
fn is_reset(mut stream: &TcpStream) {
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn passes_everything_on_and_counts_it() {
    let proxy = Proxy::to(echo());
    let stream = connect(&proxy);
    let text = "statement".repeat(100_000);
    thread::scope(|scope| {
        scope.spawn(|| (&stream).write_all(text.as_bytes()).unwrap());
        arrives(&stream, &text);
    });
    assert_eq!(proxy.counts().open, 1);
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!((&stream).read(&mut [0]).unwrap(), 0, "ends of connections are passed on");
    let counts = proxy.counts();
    let bytes = text.len() as u64;
    assert_eq!((counts.bytes_to_server, counts.bytes_to_client), (bytes, bytes));
    assert_eq!((counts.connections, counts.bytes_lost), (1, 0));
}

#[test]
fn puts_itself_in_the_place_of_the_server_in_a_url() {
    let proxy = Proxy::to(echo());
    let address = proxy.address();
    for (before, after) in [
        ("postgres://u:p@127.0.0.1:1/a?b=c", format!("postgres://u:p@{address}/a?b=c")),
        ("postgres://host", format!("postgres://{address}")),
        ("http://host:1?a=b@c", format!("http://{address}?a=b@c")),
    ] {
        assert_eq!(proxy.url(before), after);
    }
}

#[test]
fn what_was_held_arrives_when_the_network_heals() {
    let proxy = Proxy::to(echo());
    for direction in [Direction::ToServer, Direction::ToClient] {
        let stream = connect(&proxy);
        answers(&stream, "before");
        proxy.hold(direction);
        (&stream).write_all(b"one").unwrap();
        stays_silent(&stream);
        (&stream).write_all(b"two").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        stays_silent(&stream);
        proxy.heal();
        arrives(&stream, "onetwo");
        assert_eq!((&stream).read(&mut [0]).unwrap(), 0);
    }
    assert_eq!(proxy.counts().bytes_lost, 0);
}

#[test]
fn what_was_lost_never_arrives() {
    let proxy = Proxy::to(echo());
    let stream = connect(&proxy);
    answers(&stream, "before");
    proxy.lose(Direction::ToClient);
    (&stream).write_all(b"gone").unwrap();
    stays_silent(&stream);
    proxy.heal();
    (&stream).write_all(b"this too").unwrap();
    stays_silent(&stream);
    assert_eq!(proxy.counts().bytes_lost, "gonethis too".len() as u64);
    answers(&connect(&proxy), "a new connection has lost nothing");
}

#[test]
fn delays_both_directions() {
    let proxy = Proxy::to(echo());
    let stream = connect(&proxy);
    answers(&stream, "before");
    proxy.delay(Duration::from_millis(40));
    let clock = SystemClock::new();
    answers(&stream, "slow");
    assert!(clock.elapsed() >= Duration::from_millis(80));
    proxy.delay(Duration::from_mins(10));
    (&stream).write_all(b"very slow").unwrap();
    stays_silent(&stream);
    proxy.heal();
    arrives(&stream, "very slow");
}

#[test]
fn resets_every_connection_there_is_at_once() {
    let proxy = Proxy::to(echo());
    let streams = [connect(&proxy), connect(&proxy), connect(&proxy)];
    for stream in &streams {
        answers(stream, "before");
    }
    // One of them waits in vain for its answer.
    proxy.hold(Direction::ToClient);
    (&streams[0]).write_all(b"held").unwrap();
    proxy.reset();
    assert_eq!(proxy.counts().open, 0);
    for stream in &streams {
        is_reset(stream);
    }
    proxy.heal();
    answers(&connect(&proxy), "after");
}

#[test]
fn resets_a_client_that_does_not_read() {
    let proxy = Proxy::to(echo());
    let stream = connect(&proxy);
    stream.set_write_timeout(Some(SILENCE)).unwrap();
    // Until every buffer on the way there and back is full.
    while (&stream).write(&[b'x'; 16_384]).is_ok() {}
    proxy.reset();
    assert_eq!(proxy.counts().open, 0);
    assert!((&stream).write(b"x").is_err());
}

#[test]
fn resets_the_next_connection_only() {
    let proxy = Proxy::to(echo());
    let stream = connect(&proxy);
    answers(&stream, "before");
    proxy.reset_next();
    is_reset(&connect(&proxy));
    answers(&connect(&proxy), "the one after it");
    answers(&stream, "the one before it");
    assert_eq!(proxy.counts().connections, 3);
}

#[test]
fn refuses_new_connections_until_it_heals() {
    let proxy = Proxy::to(echo());
    let stream = connect(&proxy);
    answers(&stream, "before");
    for _ in 0..3 {
        proxy.refuse();
        let error = TcpStream::connect(proxy.address()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        answers(&stream, "those there are stay");
        proxy.heal();
        answers(&connect(&proxy), "after");
    }
}

#[test]
fn cuts_within_what_is_sent() {
    let proxy = Proxy::to(echo());
    let (first, second) = (connect(&proxy), connect(&proxy));
    answers(&first, "before");
    answers(&second, "before");
    proxy.cut_after(Direction::ToClient, 8);
    answers(&second, "four");
    (&first).write_all(b"statement").unwrap();
    arrives(&first, "stat");
    assert_eq!((&first).read(&mut [0]).unwrap_or(0), 0);
    answers(&second, "it cuts once");
    let bytes = proxy.counts().bytes_to_server;

    proxy.cut_after(Direction::ToServer, 0);
    (&second).write_all(b"never arrives").unwrap();
    assert_eq!((&second).read(&mut [0]).unwrap_or(0), 0);
    assert_eq!(proxy.counts().bytes_to_server, bytes);
}

#[test]
fn passes_resets_on_and_resets_when_there_is_no_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::to(listener.local_addr().unwrap());
    let stream = connect(&proxy);
    (&stream).write_all(b"unread").unwrap();
    let (server, _) = listener.accept().unwrap();
    server.peek(&mut [0]).unwrap();
    // A socket that is closed with something unread is reset.
    drop(server);
    is_reset(&stream);
    drop(listener);
    is_reset(&connect(&proxy));
}

#[test]
fn its_end_resets_what_is_open() {
    let proxy = Proxy::to(echo());
    let stream = connect(&proxy);
    answers(&stream, "before");
    let address = proxy.address();
    drop(proxy);
    is_reset(&stream);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_change_with_a_lost_response_is_committed() {
    let server = Cluster::running(SHARED_SETTINGS);
    server.superuser().sql("CREATE TABLE pupil (id int)");
    let proxy = Proxy::to(server.address());
    let client = Superuser::new(&proxy.url(&server.url("postgres")));
    assert_eq!(client.sql("SELECT count(*) FROM pupil"), "0");

    let locks = "SELECT count(*) FROM pg_locks WHERE relation = 'pupil'::regclass AND granted = ";
    let becomes_one = |granted: &str| {
        while server.superuser().sql(&format!("{locks}{granted}")) != "1" {}
    };
    let error = thread::scope(|scope| {
        let lock = "BEGIN; LOCK TABLE pupil; SELECT pg_sleep(60)";
        scope.spawn(|| server.superuser().try_sql_in("postgres", lock));
        becomes_one("true");
        let insert = "INSERT INTO pupil VALUES (1)";
        let asked = scope.spawn(|| client.try_sql_in("postgres", insert));
        becomes_one("false");
        proxy.cut_after(Direction::ToClient, 0);
        let free = "SELECT pg_terminate_backend(pid) FROM pg_locks \
                    WHERE relation = 'pupil'::regclass AND granted";
        server.superuser().sql(free);
        asked.join().unwrap().unwrap_err()
    });
    assert!(error.contains("server closed the connection unexpectedly"), "{error}");
    assert_eq!(server.superuser().sql("SELECT count(*) FROM pupil"), "1");

    proxy.refuse();
    let error = client.try_sql_in("postgres", "SELECT 1").unwrap_err();
    assert!(error.contains("Connection refused"), "{error}");
}
