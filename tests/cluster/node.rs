//! A server that is killed and started again on the same database.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use acta_tests::{Client, Launch, Server, Version};
use tempfile::TempDir;

/// How long a server waits for a connection, and for a statement of SQL: not long, as a test
/// has to wait for as long.
const TIMEOUTS: [(&str, &str); 2] =
    [("ACTA_STORAGE_CONNECT_TIMEOUT", "1s"), ("ACTA_STORAGE_STATEMENT_TIMEOUT", "4s")];

/// A client of whatever server runs now in one place: each start has a port of its own.
#[derive(Clone, Debug)]
pub(crate) struct CurrentClient(Arc<Mutex<Client>>);

impl CurrentClient {
    /// The client of the server that runs now.
    pub(crate) fn client(&self) -> Client {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One of several servers on a database.
#[derive(Debug)]
pub(crate) struct Node {
    url: String,
    data: PathBuf,
    server: Server,
    current: CurrentClient,
    _scratch: TempDir,
}

impl Node {
    /// A server on the database at `url`.
    pub(crate) fn start(url: &str) -> Self {
        let scratch = TempDir::new().expect("a directory for scratch data can be made");
        let data = scratch.path().join("data");
        let server = launch(url, &data);
        let current = CurrentClient(Arc::new(Mutex::new(server.client(Version::V2_0_0))));
        Self { url: url.to_owned(), data, server, current, _scratch: scratch }
    }

    /// Kills it and starts another one in its place.
    pub(crate) fn restart(&mut self) {
        self.server.kill();
        self.server = launch(&self.url, &self.data);
        let client = self.server.client(Version::V2_0_0);
        *self.current.0.lock().unwrap_or_else(PoisonError::into_inner) = client;
    }

    /// A client of whatever server runs here.
    pub(crate) fn current(&self) -> CurrentClient {
        self.current.clone()
    }

    /// A client of the server that runs now.
    pub(crate) fn client(&self) -> Client {
        self.current.client()
    }

    /// The status of `/ready`.
    pub(crate) fn ready(&self) -> u16 {
        self.client().call_outside("GET", "/ready").send().status
    }
}

fn launch(url: &str, data: &std::path::Path) -> Server {
    let mut settings = vec![("ACTA_STORAGE_URL", url)];
    settings.extend(TIMEOUTS);
    Launch { settings: &settings, ..Launch::new(data, Version::V2_0_0) }.start()
}
