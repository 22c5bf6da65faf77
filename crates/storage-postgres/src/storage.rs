//! A store in a database: opening, closing and checking it.

pub(crate) mod nodes;
mod statistics;
mod transfer;

use std::sync::Arc;

use acta_ambient::Timestamp;
use acta_storage::{FairShares, Readiness, StorageError, TermHasher, Weights};
use async_trait::async_trait;
use futures_util::future::join;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::attachments::ContentStore;
use crate::database::{Database, give_back};
use crate::failure::{Failure, RETRY_AFTER};
use crate::lease::{DURATION, Lease, Leases};
use crate::statements::Statements;
use crate::types::SqlTimestamp;
use crate::{Migrate, OpenError, Options, migrations};

pub use statistics::{Connections, Statistics};

/// The name of the secret whose first bytes are the key of the terms.
const TERM_KEY_NAME: &str = "terms";

/// The latest time of a statement of any tenant.
const LATEST: &str = "SELECT max(greatest(last_stored, consistent_through)) FROM acta.counters";

/// The name of the lease of the node that removes leftover content.
const SWEEPING: &str = "sweeping";

/// A store in a database, as one of any number of nodes.
#[derive(Debug)]
pub struct PostgresStorage {
    pub(crate) database: Arc<Database>,
    /// The replica from which statements are read, if there is one.
    pub(crate) replica: Option<Arc<Database>>,
    pub(crate) hasher: TermHasher,
    pub(crate) attachments: Arc<ContentStore>,
    pub(crate) statements: Statements,
    /// Notifies followers on this node of stored statements.
    pub(crate) appended: watch::Sender<u64>,
    /// The leases of followers.
    pub(crate) leases: Leases,
    /// The lease for removing leftover content.
    pub(crate) sweeping: Arc<Lease>,
    /// By which tenants share this node.
    weights: Weights,
    /// Background tasks.
    pub(crate) tasks: TaskTracker,
    /// Stops the background tasks.
    pub(crate) stop: CancellationToken,
}

impl PostgresStorage {
    /// Opens the store, and creates or migrates its schema if that is permitted.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub async fn open(options: &Options) -> Result<Arc<Self>, OpenError> {
        let weights = Weights::default();
        let database = Arc::new(Database::shared_by(&weights, &options.url, options)?);
        match options.migrate {
            Migrate::AtStart => {
                migrations::run(&database, options).await?;
            }
            Migrate::Never => migrations::check(&database, options).await?,
        }
        let replica = options.replica_url.as_deref();
        let replica = replica.map(|url| Database::shared_by(&weights, url, options));
        let replica = replica.transpose()?.map(Arc::new);
        let hasher = Self::term_hasher(&database).await?;
        database.make_first_tenant().await?;
        let (tasks, appended) = (TaskTracker::new(), watch::Sender::new(0));
        let statements = Statements::new(
            Arc::clone(&database),
            hasher.clone(),
            tasks.clone(),
            appended.clone(),
            options,
        );
        let attachments = ContentStore::open(&database, &options.attachments).await?;
        let leases = Leases::new(&database);
        let sweeping = Arc::new(Lease::new(Arc::clone(&database), SWEEPING, DURATION));
        let storage = Self {
            database,
            replica,
            hasher,
            attachments: Arc::new(attachments),
            statements,
            appended,
            leases,
            sweeping,
            weights,
            tasks,
            stop: CancellationToken::new(),
        };
        storage.sweep_contents();
        Ok(Arc::new(storage))
    }

    /// The statistics of this node.
    pub fn statistics(&self) -> Statistics {
        let metered = self.statements.meters();
        Statistics {
            database: self.database.connections(),
            replica: self.replica.as_ref().map(|replica| replica.connections()),
            group_count: metered.groups,
            group_statement_count: metered.statements,
            waiting_count: u64::try_from(metered.waiting).unwrap_or(u64::MAX),
            stored_lead: self.statements.stored_lead().lead(self.database.clock.as_ref()),
        }
    }

    /// The time of the database, which all nodes share. Also notes the latest `stored`, for
    /// [`Statistics::stored_lead`].
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`], [`StorageError::Unavailable`] or [`StorageError::Io`].
    pub async fn read_clock(&self) -> Result<Timestamp, StorageError> {
        let read =
            self.database.run("reading the clock of the database", |connection| async move {
                let clock = connection.prepare_cached("SELECT clock_timestamp()").await?;
                let latest = connection.prepare_across(LATEST).await?;
                let (clock, latest) =
                    join(connection.query_one(&clock, &[]), connection.query_one(&latest, &[]))
                        .await;
                let SqlTimestamp(now) = clock?.try_get(0)?;
                match latest.map_err(Failure::from) {
                    Ok(row) => Ok((now, row.try_get::<_, Option<i64>>(0)?)),
                    // The clock is not that of the machine.
                    Err(Failure::MachineAway { .. }) => Ok((now, None)),
                    Err(failure) => Err(failure),
                }
            });
        let (now, last_stored) = read.await?;
        if let Some(last) = last_stored {
            let last = Timestamp::from_unix_micros(last);
            self.statements.stored_lead().note(last, self.database.clock.now());
        }
        Ok(now)
    }

    /// Finishes work in progress and closes all connections.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.attachments.finish_removals().await;
        self.database.close();
        if let Some(replica) = &self.replica {
            replica.close();
        }
    }

    /// The store's own secret: 16 bytes for the key of its terms, and 16 for its identity.
    async fn own_secret(database: &Database) -> Result<[u8; 32], StorageError> {
        let mut proposed = [0; 32];
        database.fill(&mut proposed);
        database.get_or_create_secret(TERM_KEY_NAME, proposed).await
    }

    async fn term_hasher(database: &Database) -> Result<TermHasher, StorageError> {
        let secret = Self::own_secret(database).await?;
        let (key, _) = secret.split_at(16);
        let mut term_key = [0; 16];
        term_key.copy_from_slice(key);
        Ok(TermHasher::new(term_key))
    }
}

impl Drop for PostgresStorage {
    fn drop(&mut self) {
        // Without a call of `close`, nothing is left running.
        self.stop.cancel();
    }
}

impl FairShares for PostgresStorage {
    fn weights(&self) -> &Weights {
        &self.weights
    }
}

#[async_trait]
impl Readiness for PostgresStorage {
    async fn check_ready(&self) -> Result<(), StorageError> {
        let act = "asking the database whether it takes writes";
        let connection =
            self.database.connect().await.map_err(|failure| failure.into_storage_error(act))?;
        let sql = "SELECT current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery()";
        // A node that is cut off must report that soon.
        let timeout = self.database.connect_timeout;
        let asking = async { Ok(connection.query_one(sql, &[]).await?) };
        let asked = self.database.limit_to(timeout, asking).await;
        give_back(connection, &asked);
        let is_read_only: bool =
            asked.map_err(|failure: Failure| failure.into_storage_error(act))?.get(0);
        if is_read_only {
            return Err(StorageError::Unavailable { retry_after: RETRY_AFTER });
        }
        Ok(())
    }
}
