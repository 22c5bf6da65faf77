//! A server of one's own.

use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use acta_ambient::{Clock as _, Entropy as _, SystemClock, SystemEntropy};
use acta_test_postgres::{Reaper, free_address};

use crate::bucket_prefix::{BUCKET, Key, request};
use crate::{BucketPrefix, program};

/// Longest wait for a server to take content.
const WAIT_TIMEOUT: Duration = Duration::from_mins(1);

/// How often it is looked whether it does.
const WAIT_INTERVAL: Duration = Duration::from_millis(20);

/// How often other ports are tried when some are taken.
const START_COUNT_MAX: u32 = 5;

/// A server with a directory, ports and keys of its own. It goes when this is dropped.
#[derive(Debug)]
pub struct ObjectServer {
    directory: PathBuf,
    ports: Ports,
    keys: [Key; 2],
    server: Option<Child>,
    reaper: Reaper,
}

/// Where its parts listen, each for requests and for the other parts.
#[derive(Clone, Copy, Debug)]
struct Ports {
    master: [SocketAddr; 2],
    volume: [SocketAddr; 2],
    filer: [SocketAddr; 2],
    s3: [SocketAddr; 2],
}

impl Ports {
    fn free() -> Self {
        let pair = || [free_address(), free_address()];
        Self { master: pair(), volume: pair(), filer: pair(), s3: pair() }
    }

    fn named(self) -> [(&'static str, [SocketAddr; 2]); 4] {
        let Self { master, volume, filer, s3 } = self;
        [("master", master), ("volume", volume), ("filer", filer), ("s3", s3)]
    }

    /// What the parts leave outside of their directory.
    fn sockets(self) -> impl Iterator<Item = PathBuf> {
        self.named().into_iter().map(|(name, [_, inner])| {
            Path::new("/tmp").join(format!("seaweedfs-{name}-grpc-{}.sock", inner.port()))
        })
    }
}

impl ObjectServer {
    /// A server that takes content into one bucket.
    pub fn running() -> Self {
        let mut starts_left = START_COUNT_MAX;
        loop {
            let mut server = Self::stopped();
            if server.starts() {
                return server;
            }
            starts_left -= 1;
            assert!(0 < starts_left, "no object storage started: {}", server.log());
        }
    }

    fn stopped() -> Self {
        let scratch = tempfile::Builder::new().prefix("acta-objects-").tempdir();
        let directory = scratch.expect("a directory for scratch data can be made").keep();
        let ports = Ports::free();
        let mut left = vec![directory.clone()];
        left.extend(ports.sockets());
        let reaper = Reaper::of_all(&left);
        let keys = [Key::random("owner"), Key::random("reader")];
        Self { directory, ports, keys, server: None, reaper }
    }

    /// Starts it again, on its ports and with what it holds.
    pub fn start(&mut self) {
        assert!(self.starts(), "object storage did not start again: {}", self.log());
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        self.reaper.watch(None);
        if let Some(mut server) = self.server.take() {
            server.kill().expect("a child can be killed");
            server.wait().expect("a child can be waited for");
        }
    }

    /// An empty place in its bucket.
    pub fn bucket_prefix(&self) -> BucketPrefix {
        BucketPrefix::of(self.ports.s3[0], self.ports.filer[0], self.keys.clone())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Whether it takes content before it ends or the time is up.
    fn starts(&mut self) -> bool {
        let mut child = self.spawn();
        self.reaper.watch(Some(child.id()));
        let clock = SystemClock::new();
        let is_ready = loop {
            let has_ended = child.try_wait().expect("a child can be asked").is_some();
            if has_ended || WAIT_TIMEOUT < clock.elapsed() {
                break false;
            }
            if self.is_ready() {
                break true;
            }
            thread::sleep(WAIT_INTERVAL);
        };
        self.server = Some(child);
        is_ready
    }

    fn is_ready(&self) -> bool {
        let assigned = request(self.ports.master[0], "GET", "/dir/assign");
        if !assigned.is_some_and(|answer| answer.contains("\"fid\"")) {
            return false;
        }
        let (filer, bucket) = (self.ports.filer[0], format!("/buckets/{BUCKET}/"));
        // It fails if the bucket is there already.
        let _ = request(filer, "POST", &bucket);
        request(filer, "GET", &bucket).is_some()
            && request(self.ports.s3[0], "GET", "/healthz").is_some()
    }

    fn spawn(&self) -> Child {
        let program = program();
        assert!(program.is_file(), "no {}: run `cargo xtask objects`", program.display());
        let configuration = self.directory.join("keys.json");
        fs::write(&configuration, identities(&self.keys)).expect("a file can be written");
        let log = OpenOptions::new().create(true).append(true).open(self.directory.join("log"));
        let log = log.expect("a log can be opened");
        let mut command = Command::new(program);
        command.args(["-logtostderr=true", "server", "-filer", "-s3", "-ip=127.0.0.1"]);
        command.args(["-ip.bind=127.0.0.1", "-master.telemetry=false", "-s3.iam=false"]);
        command.args(["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false"]);
        command.args(["-master.volumeSizeLimitMB=256", "-volume.max=32"]);
        command.arg(format!("-dir={}", self.directory.display()));
        command.arg(format!("-s3.config={}", configuration.display()));
        for name in ["filer", "s3"] {
            let socket = self.directory.join(name);
            command.arg(format!("-{name}.localSocket={}", socket.display()));
        }
        for (name, [port, inner]) in self.ports.named() {
            command.arg(format!("-{name}.port={}", port.port()));
            command.arg(format!("-{name}.port.grpc={}", inner.port()));
        }
        command.current_dir(&self.directory).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(log);
        command.spawn().expect("object storage can be started")
    }
}

impl Drop for ObjectServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The keys as the server reads them: the first may do everything, the second only read.
fn identities([owner, reader]: &[Key; 2]) -> String {
    let identity = |key: &Key, actions: &[&str]| {
        serde_json::json!({
            "name": key.name,
            "credentials": [{"accessKey": key.name, "secretKey": key.secret}],
            "actions": actions,
        })
    };
    let owner = identity(owner, &["Admin", "Read", "Write", "List", "Tagging"]);
    let reader = identity(reader, &["Read", "List"]);
    serde_json::json!({ "identities": [owner, reader] }).to_string()
}

impl Key {
    fn random(name: &str) -> Self {
        let mut random = [0; 16];
        SystemEntropy.fill(&mut random);
        Self { name: name.to_owned(), secret: format!("{:032x}", u128::from_ne_bytes(random)) }
    }
}
