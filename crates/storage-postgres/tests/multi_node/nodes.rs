//! Nodes of one store, each with connections of its own.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{SystemClock, SystemEntropy};
use acta_followers::Followers;
use acta_storage::{FollowerName, Storage};
use acta_storage_postgres::{Options, PostgresStorage};
use acta_test_postgres::{Database, Proxy};
use tokio::task::JoinSet;

/// The tenant that every store starts with.
pub(crate) const TENANT: TenantId = TenantId::FIRST;

/// How often it is looked whether something has come true.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A store of one node, and the followers that run beside it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) storage: Arc<PostgresStorage>,
    followers: Mutex<Option<Followers>>,
}

impl Node {
    /// Opens the store as `options` say.
    pub(crate) async fn open(options: &Options) -> Arc<Self> {
        let storage = PostgresStorage::open(options).await.unwrap();
        let port: Arc<dyn Storage> = Arc::<PostgresStorage>::clone(&storage);
        // With one connection it follows nothing, so that a test knows what uses that next.
        let is_following = 1 < options.connections_max;
        let followers = is_following.then(|| Followers::start(&port, Followers::built_in()));
        Arc::new(Self { storage, followers: Mutex::new(followers) })
    }

    /// Whether it keeps activities and persons now.
    pub(crate) fn leads(&self) -> bool {
        self.storage.leads(FollowerName::ENTITIES)
    }

    /// Finishes what is under way and closes all connections.
    pub(crate) async fn close(&self) {
        let followers = self.followers.lock().unwrap().take();
        if let Some(followers) = followers {
            followers.stop().await;
        }
        self.storage.close().await;
    }
}

impl Deref for Node {
    type Target = PostgresStorage;

    fn deref(&self) -> &PostgresStorage {
        &self.storage
    }
}

/// How a node on `database` is opened.
pub(crate) fn options(database: &Database) -> Options {
    let new = Options::new(&database.url(), Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    Options { connections_max: 6, ..new }
}

/// A node on `database`.
pub(crate) async fn open(database: &Database) -> Arc<Node> {
    Node::open(&options(database)).await
}

/// Three nodes on a new database.
pub(crate) async fn open_three() -> (Database, [Arc<Node>; 3]) {
    let database = Database::fresh();
    let nodes = [open(&database).await, open(&database).await, open(&database).await];
    (database, nodes)
}

/// Closes all of them.
pub(crate) async fn close(nodes: [Arc<Node>; 3]) {
    for node in nodes {
        node.close().await;
    }
}

/// A proxy before the server of `database`.
pub(crate) fn proxy(database: &Database) -> Proxy {
    let url = database.url();
    let (_, behind_user) = url.split_once('@').unwrap();
    let (server, _) = behind_user.split_once('/').unwrap();
    let server: SocketAddr = server.parse().unwrap();
    Proxy::to(server)
}

/// A node whose connections go through `proxy`.
pub(crate) async fn open_behind(proxy: &Proxy, options: &Options) -> Arc<Node> {
    let through = Options { url: proxy.url(&options.url), ..options.clone() };
    Node::open(&through).await
}

/// Something that happens beside a test.
pub(crate) struct BackgroundTask<T>(JoinSet<T>);

impl<T: Send + 'static> BackgroundTask<T> {
    /// Begins it.
    pub(crate) fn begin(act: impl Future<Output = T> + Send + 'static) -> Self {
        let mut one = JoinSet::new();
        one.spawn(act);
        Self(one)
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> T {
        self.0.join_next().await.unwrap().unwrap()
    }
}

/// Waits until something comes true that needs no more than some seconds.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_mins(1), waited).await;
    assert!(in_time.is_ok(), "waited in vain until {what}");
}
