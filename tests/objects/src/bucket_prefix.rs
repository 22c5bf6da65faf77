//! A place for objects of one test's own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use acta_ambient::{Entropy as _, SystemEntropy};

use crate::ObjectServer;

/// The environment variable that names the shared server.
pub const SHARED: &str = "TEST_OBJECTS";

/// The bucket that every server has.
pub const BUCKET: &str = "acta";

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A key that the server knows.
#[derive(Clone, Debug)]
pub struct Key {
    /// What it is called.
    pub name: String,
    /// The secret.
    pub secret: String,
}

/// An empty place for objects.
#[derive(Clone, Debug)]
pub struct BucketPrefix {
    s3: SocketAddr,
    filer: SocketAddr,
    keys: [Key; 2],
    prefix: String,
}

impl BucketPrefix {
    /// A place on the shared server: the one that `TEST_OBJECTS` names, as
    /// `cargo xtask objects` sets it for a command, or else one that this process starts and
    /// keeps.
    pub fn fresh() -> Self {
        static SHARED_PREFIX: OnceLock<BucketPrefix> = OnceLock::new();
        let shared = SHARED_PREFIX.get_or_init(|| {
            #[expect(clippy::disallowed_methods, reason = "tests take no configuration")]
            let named = std::env::var(SHARED);
            if let Ok(named) = named {
                return Self::parse(&named).expect("the variable is set by `cargo xtask`");
            }
            let server = ObjectServer::running();
            let place = server.bucket_prefix();
            // Its reaper ends it when this process ends.
            std::mem::forget(server);
            place
        });
        Self { prefix: unique_prefix(), ..shared.clone() }
    }

    pub(crate) fn of(s3: SocketAddr, filer: SocketAddr, keys: [Key; 2]) -> Self {
        Self { s3, filer, keys, prefix: unique_prefix() }
    }

    /// The server as another process finds it in `TEST_OBJECTS`.
    pub fn shared(&self) -> String {
        let [owner, reader] = &self.keys;
        let Key { name, secret } = owner;
        format!("{} {} {name} {secret} {} {}", self.s3, self.filer, reader.name, reader.secret)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let s3 = words.next()?.parse().ok()?;
        let filer = words.next()?.parse().ok()?;
        let mut key =
            || Some(Key { name: words.next()?.to_owned(), secret: words.next()?.to_owned() });
        Some(Self::of(s3, filer, [key()?, key()?]))
    }

    /// Its address, as in `s3://acta/test-1`.
    pub fn url(&self) -> String {
        format!("s3://{BUCKET}/{}", self.prefix)
    }

    /// Where the service listens.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.s3)
    }

    /// A key that may do everything.
    pub fn owner(&self) -> &Key {
        &self.keys[0]
    }

    /// A key that may only read.
    pub fn reader(&self) -> &Key {
        &self.keys[1]
    }

    /// The names of all objects here, in order.
    pub fn objects(&self) -> Vec<String> {
        let root = format!("/buckets/{BUCKET}/{}", self.prefix);
        let mut objects = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            let (files, below) = self.list(&folder);
            objects.extend(
                files
                    .iter()
                    .filter_map(|path| path.strip_prefix(&root))
                    .map(|name| name.trim_start_matches('/').to_owned()),
            );
            folders.extend(below);
        }
        objects.sort_unstable();
        objects
    }

    /// How many uploads in parts have begun in the whole bucket and come to no end.
    pub fn unfinished_count(&self) -> usize {
        let (_, uploads) = self.list(&format!("/buckets/{BUCKET}/.uploads"));
        uploads.len()
    }

    /// Takes the content of an object away behind everybody's back.
    pub fn remove(&self, object: &str) {
        let path = format!("/buckets/{BUCKET}/{}/{object}", self.prefix);
        request(self.filer, "DELETE", &path).expect("the server removes it");
    }

    /// The files and the folders in a folder.
    fn list(&self, folder: &str) -> (Vec<String>, Vec<String>) {
        let path = format!("{folder}/?limit=10000");
        let Some(answer) = request(self.filer, "GET", &path) else { return Default::default() };
        let listed: serde_json::Value = serde_json::from_str(&answer).expect("a list in JSON");
        let entries = listed["Entries"].as_array().cloned().unwrap_or_default();
        let (folders, files): (Vec<_>, Vec<_>) =
            entries.iter().partition(|entry| 1 << 31 <= entry["Mode"].as_u64().unwrap_or(0));
        let paths = |entries: Vec<&serde_json::Value>| {
            let path = |entry: &serde_json::Value| entry["FullPath"].as_str().map(str::to_owned);
            entries.into_iter().filter_map(path).collect()
        };
        (paths(files), paths(folders))
    }
}

/// The body of what a part of the server answers; none if that is no success.
pub(crate) fn request(address: SocketAddr, method: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n\
         Content-Length: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split(' ').nth(1)?.starts_with('2').then(|| body.to_owned())
}

/// A prefix that no other test of any process takes.
fn unique_prefix() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut random = [0; 4];
    SystemEntropy.fill(&mut random);
    format!("test-{}-{count}-{:08x}", process::id(), u32::from_ne_bytes(random))
}
