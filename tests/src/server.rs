//! The binary as a child process, on its own directory and port.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock, SystemClock};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use crate::freshness::{check_freshness, source_list};
use crate::{Client, Engine, Response, Store, Version, engine};

/// The key of the credential that every server is seeded with.
pub const KEY: &str = "blackbox";

/// The secret of that credential.
pub const SECRET: &str = "a secret: with a colon";

/// Settings under which the log and the index begin new files all the time.
pub const SMALL_FILES: &[(&str, &str)] =
    &[("ACTA_STORAGE_SEGMENT_BYTES", "512KiB"), ("ACTA_STORAGE_RUN_ENTRIES", "200")];

/// Longest wait for a server to answer `/ready`.
const READY_TIMEOUT: Duration = Duration::from_secs(20);

/// How often another port is tried when one was taken in the meantime.
const START_COUNT_MAX: u32 = 5;

/// A running server. It is killed when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    data: PathBuf,
    scratch: Option<TempDir>,
}

impl Server {
    /// A server on an empty directory of its own.
    pub fn start(default_version: Version) -> Self {
        let scratch = TempDir::new().expect("a directory for scratch data can be made");
        let mut server = Self::start_in(&scratch.path().join("data"), default_version);
        server.scratch = Some(scratch);
        server
    }

    /// A server on `data`, which stays when the server goes.
    pub fn start_in(data: &Path, default_version: Version) -> Self {
        Self::start_with(data, default_version, &[])
    }

    /// A server on `store`, which stays when the server goes.
    pub fn start_on(store: &Store, default_version: Version) -> Self {
        let settings = store.settings();
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Self::start_with(&store.data(), default_version, &settings)
    }

    /// A server on `data` with further environment variables.
    pub fn start_with(data: &Path, default_version: Version, settings: &[(&str, &str)]) -> Self {
        Launch { settings, ..Launch::new(data, default_version) }.start()
    }

    /// A client that speaks `version` with the seeded credential.
    pub fn client(&self, version: Version) -> Client {
        Client::new(self.address, version)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its data lies.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// The first line of the log whose message has this text, as JSON.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn logged(&self, text: &str) -> Value {
        let log = self.log();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let found = lines.find(|line| line["message"].as_str().unwrap_or_default().contains(text));
        assert!(found.is_some(), "no line says {text:?}: {log}");
        found.unwrap_or_default()
    }

    /// What it has logged, and the servers on the same directory before it.
    pub fn log(&self) -> String {
        log_of(&self.data)
    }

    /// Sends `request` as it is on a fresh connection and reads until the server closes it.
    pub fn send_raw(&self, request: &[u8]) -> Response {
        Response::parse(&self.exchange_raw(request))
    }

    /// Like [`Server::send_raw`], without reading an answer into it.
    pub fn exchange_raw(&self, request: &[u8]) -> Vec<u8> {
        exchange_raw(self.address, request)
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop with SIGTERM.
    pub fn ask_to_stop(&self) {
        let process = self.child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &process]).status();
        assert!(status.is_ok_and(|status| status.success()), "SIGTERM can be sent");
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self, timeout: Duration) -> Option<ExitStatus> {
        let clock = SystemClock::new();
        while clock.elapsed() < timeout {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }
}

/// How a server is started.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// Its directory.
    pub data: &'a Path,
    /// The version named in answers to requests that name none.
    pub default_version: Version,
    /// Further environment variables.
    pub settings: &'a [(&'a str, &'a str)],
    /// A command that becomes the server in the end, such as `nsenter` and its arguments;
    /// empty for none.
    pub through: &'a [String],
    /// Whether a server at an address answers that it is ready.
    pub is_ready: fn(SocketAddr) -> bool,
}

impl<'a> Launch<'a> {
    /// Without anything special.
    pub const fn new(data: &'a Path, default_version: Version) -> Self {
        let is_ready = answers_ready;
        Self { data, default_version, settings: &[], through: &[], is_ready }
    }

    /// Starts it and waits until it is ready.
    pub fn start(&self) -> Server {
        let started = (0..START_COUNT_MAX).find_map(|_| self.try_start(free_address()));
        started.unwrap_or_else(|| panic!("no server became ready: {}", log_of(self.data)))
    }

    /// Starts it where a server before it listened, and waits until it is ready.
    pub fn start_at(&self, address: SocketAddr) -> Server {
        let started = self.try_start(address);
        started.unwrap_or_else(|| panic!("no server became ready: {}", log_of(self.data)))
    }

    fn try_start(&self, address: SocketAddr) -> Option<Server> {
        let mut child = self.command(address).spawn().expect("the binary can be started");
        let is_ready = self.is_ready(&mut child, address);
        is_ready.then(|| Server { child, address, data: self.data.to_owned(), scratch: None })
    }

    /// Starts it and kills it after `lifetime`, ready or not.
    pub fn start_and_kill(&self, lifetime: Duration) {
        let mut child = self.command(free_address()).spawn().expect("the binary can be started");
        thread::sleep(lifetime);
        let _ = child.kill();
        let _ = child.wait();
    }

    fn is_ready(&self, child: &mut Child, address: SocketAddr) -> bool {
        let clock = SystemClock::new();
        while clock.elapsed() < READY_TIMEOUT {
            if child.try_wait().expect("the child can be asked").is_some() {
                return false;
            }
            if (self.is_ready)(address) {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        let _ = child.wait();
        false
    }

    fn command(&self, address: SocketAddr) -> Command {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log_path(self.data));
        let log = log.expect("a log file can be made");
        let mut command = match self.through {
            [] => acta(),
            [program, arguments @ ..] => {
                let mut command = clean(Command::new(program));
                command.args(arguments).arg(binary());
                command
            }
        };
        command.arg("serve");
        if self.settings.iter().any(|(name, _)| name.starts_with(engine::URL_VARIABLE)) {
            // The working directory is that of all tests.
            command.env("ACTA_SECRETS_DIR", self.data.parent().unwrap_or(self.data));
        } else {
            command.arg("--data").arg(self.data);
        }
        command.args(["--listen", &address.to_string()]);
        command.args(["--default-version", self.default_version.as_str()]);
        command.env("ACTA_SEED_KEY", KEY).env("ACTA_SEED_SECRET", SECRET);
        command.envs(self.settings.iter().copied());
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        // Only a dead server leaves its directory alone.
        drop(self.scratch.take());
    }
}

/// Sends `request` as it is on a fresh connection and reads until the server closes it.
pub fn exchange_raw(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("the server accepts connections");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// The value of `Authorization` for a key and a secret.
pub fn basic(key: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{key}:{secret}")))
}

/// The server on the embedded engine that all tests of one test binary share; see
/// [`shared_on`].
pub fn shared() -> &'static Server {
    shared_on(Engine::Embedded)
}

/// Ends a server and removes its data and its database when its input ends.
const REAP: &str = r#"read -r _; kill -9 "$1"; rm -rf "$2"
if [ -n "$3" ]; then psql --quiet --dbname "$3" --command "$4"; fi"#;

/// The server that all tests of one test binary share, which all name the same engine; its
/// default version is 1.0.3, its files are small.
///
/// A static is never dropped, so a shell holds a pipe from this process: when the pipe
/// closes, however this process ended, the shell kills the server and removes its data.
pub fn shared_on(engine: Engine) -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| {
        let store = Store::new(engine);
        let settings = store.settings();
        let database = settings.iter().map(|(name, value)| (*name, value.as_str()));
        let settings: Vec<(&str, &str)> = SMALL_FILES.iter().copied().chain(database).collect();
        let server = Server::start_with(&store.data(), Version::V1_0_3, &settings);
        let kept = store.keep();
        let (maintenance, removal) = kept.database();
        let mut reaper = Command::new("sh");
        reaper.args(["-c", REAP, "reaper"]);
        reaper.arg(server.process_id().to_string()).arg(kept.directory());
        reaper.args([maintenance, removal]).stdin(Stdio::piped());
        reaper.stdout(Stdio::null()).stderr(Stdio::null());
        let reaper = reaper.spawn().expect("a shell can be started");
        std::mem::forget(reaper);
        server
    })
}

/// A command of the binary, free of what the surroundings set for another store.
pub fn acta() -> Command {
    clean(Command::new(binary()))
}

fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ACTA_") {
            command.env_remove(name);
        }
    }
    // An `acta.toml` of the person who runs the tests must not be found.
    command.current_dir(std::env::temp_dir());
    command
}

/// The binary: `TEST_ACTA_BINARY`, or the one that cargo built beside this test.
///
/// One that is older than its sources is refused. Only a named binary without a list of its
/// sources, such as an installed release, is taken as it is.
fn binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(find_binary).clone()
}

fn find_binary() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tests take no configuration")]
    let named = std::env::var("TEST_ACTA_BINARY").map(PathBuf::from).ok();
    if let Some(binary) = named.as_ref().filter(|binary| !source_list(binary).exists()) {
        return binary.clone();
    }
    let binary = named.unwrap_or_else(binary_beside_this_test);
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests are in a checkout");
    if let Err(error) = check_freshness(&binary, checkout) {
        let profile = if binary.parent().is_some_and(|folder| folder.ends_with("release")) {
            " --release"
        } else {
            ""
        };
        panic!("{error}: run `cargo build -p acta-cli{profile}`");
    }
    binary
}

fn binary_beside_this_test() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    profile.join("acta")
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("a bound socket has an address")
}

fn log_path(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".log");
    PathBuf::from(name)
}

/// Everything that the servers on `data` have logged.
fn log_of(data: &Path) -> String {
    std::fs::read_to_string(log_path(data)).unwrap_or_default()
}

fn answers_ready(address: SocketAddr) -> bool {
    let request = format!("GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
    let mut answer = Vec::new();
    let sent = stream.write_all(request.as_bytes());
    let _ = stream.read_to_end(&mut answer);
    sent.is_ok() && answer.starts_with(b"HTTP/1.1 200")
}
