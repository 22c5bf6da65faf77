//! TLS in the server itself: versions, certificates that cannot be used, new ones while it runs,
//! and clients that never finish a handshake.

pub(crate) mod client;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use acta_tests::certificates::{Authority, openssl};
use acta_tests::server::{KEY, SECRET};
use acta_tests::{Launch, Response, Server, Version, acta, basic, make, run};
use tempfile::TempDir;
use tokio_rustls::rustls::ClientConfig;

use client::{EVERY_VERSION, TlsClient};

/// A certificate and its key.
type Pair = (String, String);

/// The name in certificates.
const NAME: &str = "DNS:localhost";

/// Longest wait for something that the server does by itself.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// A server with a certificate for `localhost`.
pub(crate) struct House {
    pub(crate) server: Server,
    authority: Authority,
    folder: TempDir,
}

impl House {
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
        put(folder.path(), &authority.sign(NAME));
        let files = files(folder.path());
        let named = [
            ("ACTA_SERVER_TLS_CERTIFICATE", files[0].to_str().unwrap()),
            ("ACTA_SERVER_TLS_KEY", files[1].to_str().unwrap()),
        ];
        let settings: Vec<_> = settings.iter().copied().chain(named).collect();
        let data = folder.path().join("data");
        let launch = Launch { settings: &settings, ..Launch::new(&data, Version::V2_0_0) };
        let server = Launch { is_ready: client::is_ready, ..launch }.start();
        Self { server, authority, folder }
    }

    /// The settings of a client that asks for HTTP/2.
    pub(crate) fn http2_config(&self) -> ClientConfig {
        client::http2_config(&self.authority.file())
    }

    pub(crate) fn client(&self) -> TlsClient {
        TlsClient::new(self.server.address(), &self.authority.file())
    }

    /// Replaces the files, each at once.
    fn put(&self, pair: &Pair) {
        put(self.folder.path(), pair);
    }

    fn hang_up(&self) {
        hang_up(&self.server);
    }

    /// Waits until new connections show another certificate than `old`, and returns it.
    #[track_caller]
    fn wait_for_another(&self, old: &[u8]) -> Vec<u8> {
        let client = self.client();
        wait_for(&self.server, "another certificate", || client.shown_certificate() != old);
        client.shown_certificate()
    }
}

fn files(folder: &Path) -> [PathBuf; 2] {
    ["server.pem", "server.key"].map(|name| folder.join(name))
}

fn put(folder: &Path, (certificate, key): &Pair) {
    for (file, text) in files(folder).iter().zip([certificate, key]) {
        let next = file.with_extension("next");
        std::fs::write(&next, text).unwrap();
        std::fs::rename(next, file).unwrap();
    }
}

fn hang_up(server: &Server) {
    let process = server.process_id().to_string();
    assert!(Command::new("kill").args(["-HUP", &process]).status().unwrap().success());
}

#[track_caller]
fn wait_for(server: &Server, what: &str, is_there: impl Fn() -> bool) {
    let clock = SystemClock::new();
    while !is_there() {
        assert!(clock.elapsed() < WAIT_MAX, "no {what}: {}", server.log());
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_server_with_a_certificate_speaks_tls_and_nothing_else() {
    let house = House::new(&[]);
    let client = house.client();
    for (version, name) in EVERY_VERSION.into_iter().zip(["TLSv1_2", "TLSv1_3"]) {
        let (address, authority) = (house.server.address(), house.authority.file());
        let client = TlsClient::with_versions(address, &authority, &[version]);
        let mut connection = client.connect().unwrap();
        assert_eq!(connection.version(), name);
        for _ in 0..2 {
            let about = connection.get("/xapi/about").unwrap().expect(200);
            assert_eq!(about.must_header("strict-transport-security"), "max-age=31536000");
        }
    }
    let mut connection = client.connect().unwrap();
    let head = format!(
        "POST /xapi/statements HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\n\
         X-Experience-API-Version: 2.0.0\r\nContent-Type: application/json\r\n",
        basic(KEY, SECRET)
    );
    let id = connection.send(&head, &make::statement().to_string()).unwrap().expect(200);
    assert!(id.json()[0].is_string(), "{}", id.text());

    // Of TLS 1.1: the version of the record, and that in the hello with a random number, no
    // session, two cipher suites and no compression.
    let mut old = vec![0x16, 3, 1, 0, 47, 1, 0, 0, 43, 3, 2];
    old.extend([7; 32]);
    old.extend([0, 0, 4, 0xc0, 0x13, 0, 0x2f, 1, 0]);
    let answer = house.server.exchange_raw(&old);
    assert!(matches!(answer[..], [0x15, .., 2, 40 | 70]), "no fatal alert: {answer:?}");
    let plain = b"GET /xapi/about HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = house.server.exchange_raw(plain);
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn a_certificate_that_cannot_be_used_prevents_the_start() {
    let (authority, folder) = (Authority::new(), TempDir::new().unwrap());
    let (certificate, key) = authority.sign(NAME);
    let (_, other_key) = authority.sign(NAME);
    std::fs::write(folder.path().join("plain.key"), &key).unwrap();
    let protect = "pkcs8 -topk8 -in plain.key -passout pass:word -out protected.key";
    openssl(folder.path(), protect);
    let protected = std::fs::read_to_string(folder.path().join("protected.key")).unwrap();
    let cut = certificate.replacen("-----END CERTIFICATE-----", "", 1);
    let table = [
        ((certificate.as_str(), other_key.as_str()), "server.key does not belong to the first"),
        ((cut.as_str(), key.as_str()), "server.pem is not valid PEM"),
        ((key.as_str(), key.as_str()), "server.pem contains no certificate: expected PEM"),
        ((certificate.as_str(), ""), "server.key contains no private key: expected PEM"),
        ((certificate.as_str(), protected.as_str()), "server.key is protected by a passphrase"),
    ];
    let [file, key_file] = files(folder.path());
    let mut both = vec![
        ("ACTA_SERVER_TLS_CERTIFICATE", file.to_str().unwrap()),
        ("ACTA_SERVER_TLS_KEY", key_file.to_str().unwrap()),
    ];
    check_refused(folder.path(), &both, &format!("cannot read {}", file.display()));
    for ((certificate, key), expected) in table {
        put(folder.path(), &(certificate.to_owned(), key.to_owned()));
        check_refused(folder.path(), &both, expected);
    }
    let missing = "server.tls_certificate is set, but server.tls_key is not";
    check_refused(folder.path(), &both[..1], missing);
    both.push(("ACTA_PUBLIC_URL", "http://lrs.example.org"));
    check_refused(folder.path(), &both, "expected https://");
    assert!(!folder.path().join("data").exists(), "a store was made");
}

#[track_caller]
fn check_refused(folder: &Path, settings: &[(&str, &str)], expected: &str) {
    let mut command = acta();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.join("data"));
    let ran = run(command.envs(settings.iter().copied()));
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains(expected), "{expected:?} is not in {}", ran.err);
}

#[test]
fn a_certificate_that_has_expired_is_used_and_reported() {
    let house = House::new(&[]);
    let old = house.client().shown_certificate();
    house.put(&house.authority.sign_expired(NAME));
    house.hang_up();
    let server = &house.server;
    wait_for(server, "warning", || server.log().contains("has expired at 2020-02-01T00:00:00"));
    let refused = house.client().connect().err().map(|error| error.to_string());
    assert!(
        refused.as_ref().is_some_and(|text| text.contains("certificate expired")),
        "{refused:?}"
    );
    house.put(&house.authority.sign(NAME));
    house.hang_up();
    wait_for(server, "valid certificate", || house.client().connect().is_ok());
    assert_ne!(house.client().shown_certificate(), old);
}

/// Seconds since 1970 at which a certificate ends that is signed now for so many days.
fn end_in_days(days: u32) -> f64 {
    const DAY_SECONDS: i64 = 24 * 3600;

    let now = SystemClock::new().now().unix_micros() / 1_000_000;
    f64::from(u32::try_from(now + i64::from(days) * DAY_SECONDS).unwrap())
}

/// The end of the certificate in use, as the metrics have it.
fn told_end(house: &House) -> f64 {
    let mut connection = house.client().connect().unwrap();
    let metrics = connection.get("/metrics").unwrap().expect(200).text().to_owned();
    let name = "acta_tls_certificate_expiry_timestamp_seconds ";
    let value = metrics.lines().find_map(|line| line.strip_prefix(name));
    value.unwrap_or_else(|| panic!("no {name}in {metrics}")).parse().unwrap()
}

#[test]
fn the_metrics_tell_when_the_certificate_in_use_ends() {
    let earliest = end_in_days(2);
    let house = House::new(&[]);
    let told = told_end(&house);
    assert!((earliest..=end_in_days(2)).contains(&told), "{told}");

    let (shown, earliest) = (house.client().shown_certificate(), end_in_days(30));
    house.put(&house.authority.sign_for_days(30, NAME));
    let latest = end_in_days(30);
    house.hang_up();
    let shown = house.wait_for_another(&shown);
    let renewed = told_end(&house);
    assert!((earliest..=latest).contains(&renewed), "{renewed}");

    // A pair that cannot be used is not in use.
    let (certificate, _) = house.authority.sign_for_days(90, NAME);
    let (_, key) = house.authority.sign(NAME);
    house.put(&(certificate, key));
    house.hang_up();
    let server = &house.server;
    wait_for(server, "warning", || server.log().contains("does not belong to the first"));
    assert_eq!((house.client().shown_certificate(), told_end(&house)), (shown, renewed));
}

/// How many requests were answered.
#[derive(Default)]
struct Counts {
    is_over: AtomicBool,
    answered: AtomicUsize,
    failed: AtomicUsize,
}

impl Counts {
    /// Sends requests one after the other until it is over.
    fn count_until_over(&self, mut send: impl FnMut() -> std::io::Result<Response>) {
        while !self.is_over.load(Ordering::Relaxed) {
            let is_answered = send().is_ok_and(|answer| answer.status == 200);
            let count = if is_answered { &self.answered } else { &self.failed };
            count.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_new_certificate_is_used_without_a_restart_and_no_request_fails() {
    let house = House::new(&[]);
    let client = house.client();
    let counts = Counts::default();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| counts.count_until_over(|| client.get("/xapi/about")));
            scope.spawn(|| {
                let mut connection = client.connect().unwrap();
                counts.count_until_over(|| connection.get("/xapi/about"));
            });
        }
        let mut shown = client.shown_certificate();
        for _ in 0..3 {
            house.put(&house.authority.sign(NAME));
            house.hang_up();
            shown = house.wait_for_another(&shown);
        }
        // One that cannot be used changes nothing.
        let (certificate, _) = house.authority.sign(NAME);
        let (_, key) = house.authority.sign(NAME);
        house.put(&(certificate, key));
        house.hang_up();
        let server = &house.server;
        wait_for(server, "warning", || server.log().contains("does not belong to the first"));
        assert_eq!(client.shown_certificate(), shown);
        // Nobody has to say that there is another.
        house.put(&house.authority.sign(NAME));
        house.wait_for_another(&shown);
        counts.is_over.store(true, Ordering::Relaxed);
    });
    let (answered, failed) = (counts.answered.into_inner(), counts.failed.into_inner());
    assert!(50 < answered, "{answered}");
    assert_eq!(failed, 0, "beside {answered}");
}

#[test]
fn clients_that_never_finish_a_handshake_hold_nobody_up_and_are_dropped() {
    let settings = [("ACTA_LIMITS_HEAD_TIMEOUT", "1s"), ("ACTA_LIMITS_CONNECTIONS_MAX", "8")];
    let house = House::new(&settings);
    let clock = SystemClock::new();
    let slow: Vec<TcpStream> = (0..24)
        .map(|index| {
            let mut stream = TcpStream::connect(house.server.address()).unwrap();
            if index % 2 == 0 {
                stream.write_all(&[0x16, 3, 1]).unwrap();
            }
            stream
        })
        .collect();
    let client = house.client();
    for _ in 0..10 {
        client.get("/xapi/about").unwrap().expect(200);
    }
    let took = clock.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    for mut stream in slow {
        stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
        let ended = stream.read(&mut [0; 16]);
        let is_closed = match &ended {
            Ok(count) => *count == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        };
        assert!(is_closed, "{ended:?}");
    }
    assert!(clock.elapsed() < took + Duration::from_secs(5), "they end by their timeout");
}
