//! A store in a database: opened, closed and asked whether it is ready.

use std::sync::Arc;

use acta_storage::{Readiness, StorageError, TermHasher};
use async_trait::async_trait;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::attachments::ContentStore;
use crate::database::{Database, give_back};
use crate::failure::{Failure, RETRY_AFTER};
use crate::statements::Statements;
use crate::{Migrate, OpenError, Options, migrations};

/// The name of the secret whose first bytes are the key of the terms.
const TERM_KEY_NAME: &str = "terms";

/// How the connections to a database are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Most connections at a time.
    pub connections_max: u64,
    /// Connections that are open.
    pub connection_count: u64,
    /// Those of them that are in use.
    pub busy_count: u64,
    /// Acts that wait for a connection.
    pub waiting_count: u64,
    /// Acts on the database that failed, also if they went well when they were tried again.
    pub failure_count: u64,
    /// Acts that were tried again on another connection.
    pub reconnect_count: u64,
    /// Acts that were tried again after a lost race.
    pub repeat_count: u64,
    /// Whether the database could be reached when that was last tried.
    pub is_reachable: bool,
}

/// A store in a database, as one of any number of nodes.
#[derive(Debug)]
pub struct PostgresStorage {
    pub(crate) database: Arc<Database>,
    /// Where statements are read; none for where they are written.
    pub(crate) replica: Option<Arc<Database>>,
    pub(crate) hasher: TermHasher,
    pub(crate) attachments: Arc<ContentStore>,
    pub(crate) statements: Statements,
    /// Tells followers on this node that statements were stored.
    pub(crate) appended: Arc<Notify>,
    /// What runs beside the requests.
    pub(crate) tasks: TaskTracker,
    /// Ends it.
    pub(crate) stop: CancellationToken,
}

impl PostgresStorage {
    /// Opens the store, and makes its schema if there is none and that is permitted.
    ///
    /// # Errors
    ///
    /// As [`OpenError`] says.
    pub async fn open(options: &Options) -> Result<Arc<Self>, OpenError> {
        let database = Arc::new(Database::new(&options.url, options)?);
        match options.migrate {
            Migrate::AtStart => {
                migrations::run(&database, options).await?;
            }
            Migrate::Never => migrations::check(&database, options).await?,
        }
        let replica = options.replica_url.as_deref().map(|url| Database::new(url, options));
        let replica = replica.transpose()?.map(Arc::new);
        let hasher = Self::term_hasher(&database).await?;
        database.make_first_tenant().await?;
        let (tasks, appended) = (TaskTracker::new(), Arc::new(Notify::new()));
        let statements = Statements::new(
            (Arc::clone(&database), hasher.clone()),
            (tasks.clone(), Arc::clone(&appended)),
            options,
        );
        let attachments = ContentStore::open(&database, &tasks, &options.attachments).await?;
        Ok(Arc::new(Self {
            database,
            replica,
            hasher,
            attachments: Arc::new(attachments),
            statements,
            appended,
            tasks,
            stop: CancellationToken::new(),
        }))
    }

    /// How the connections are doing.
    pub fn statistics(&self) -> Statistics {
        self.database.statistics()
    }

    /// The same for the replica, if there is one.
    pub fn replica_statistics(&self) -> Option<Statistics> {
        self.replica.as_ref().map(|replica| replica.statistics())
    }

    /// Finishes what is under way and closes all connections.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.database.close();
        if let Some(replica) = &self.replica {
            replica.close();
        }
    }

    async fn term_hasher(database: &Database) -> Result<TermHasher, StorageError> {
        let mut proposed = [0; 32];
        database.fill(&mut proposed);
        let secret = database.settle_secret(TERM_KEY_NAME, proposed).await?;
        let (key, _) = secret.split_at(16);
        let mut term_key = [0; 16];
        term_key.copy_from_slice(key);
        Ok(TermHasher::new(term_key))
    }
}

#[async_trait]
impl Readiness for PostgresStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        let act = "asking the database whether it takes writes";
        let connection = self.database.connect().await.map_err(|failure| failure.tell(act))?;
        let sql = "SELECT current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery()";
        let asked = self.database.limit(async { Ok(connection.query_one(sql, &[]).await?) }).await;
        give_back(connection, &asked);
        let is_read_only: bool = asked.map_err(|failure: Failure| failure.tell(act))?.get(0);
        if is_read_only {
            return Err(StorageError::Unavailable { retry_after: RETRY_AFTER });
        }
        Ok(())
    }
}
