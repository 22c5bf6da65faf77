//! Connections to the database: pooled, set up alike, given up when they are lost.

mod address;
pub(crate) mod handshake;
mod health;
mod tls;

use std::fmt::{self, Write as _};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use acta_ambient::{Clock, Entropy};
use acta_storage::StorageError;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts,
};
use futures_util::TryFutureExt;
use futures_util::future::join;
use tokio_postgres::error::SqlState;

use self::address::Address;
use self::health::Health;

use crate::failure::{Failure, Remedy};
use crate::{Connections, OpenError, Options};

/// How much longer than the database itself a node waits for the end of a statement.
const TIMEOUT_MARGIN: Duration = Duration::from_secs(2);

/// How often the same is tried on another connection.
const RECONNECT_COUNT_MAX: u32 = 6;

/// How long a database that cannot be reached is waited for.
const UNREACHABLE_WAIT_MAX: Duration = Duration::from_secs(2);

/// How often the same is tried after lost races.
const REPEAT_COUNT_MAX: u32 = 8;

/// Having waited for a lock in vain counts as so many further lost races.
const LOCK_REPEATS: u32 = 3;

/// The first wait after a failed attempt; each further one is twice as long.
const BACKOFF: Duration = Duration::from_millis(20);

/// A lock is waited for as long at most: nobody holds one for longer.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The database, and where time and chance come from.
pub(crate) struct Database {
    pool: Pool,
    /// How long an answer is waited for.
    timeout: Duration,
    /// How long a connection is waited for.
    pub(crate) connect_timeout: Duration,
    /// What it answered last.
    pub(crate) health: Health,
    entropy: Arc<dyn Entropy>,
    /// Where statements and documents get their time from.
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

/// A connection on loan from the pool.
pub(crate) struct Connection(Object);

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl Deref for Connection {
    type Target = deadpool_postgres::ClientWrapper;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A connection that an act works with.
pub(crate) type SharedConnection = Arc<Connection>;

/// Gives a connection back, unless `outcome` shows that it is of no more use.
pub(crate) fn give_back<T>(connection: SharedConnection, outcome: &Result<T, Failure>) {
    if outcome.as_ref().is_err_and(Failure::ends_connection) {
        discard(connection);
    }
}

/// Ends a connection, and with it what it was in the middle of.
pub(crate) fn discard(connection: SharedConnection) {
    if let Some(connection) = Arc::into_inner(connection) {
        drop(Object::take(connection.0));
    }
}

/// The connection of a transaction that may be given up at any point, by a panic too: the next
/// one to borrow the connection must not find itself in the middle of it. Outlives all other
/// holders.
#[derive(Debug, Default)]
pub(crate) struct OpenTransaction(Option<SharedConnection>);

impl OpenTransaction {
    /// From now on, the connection is ended if this is dropped.
    pub(crate) fn begin(&mut self, connection: SharedConnection) -> SharedConnection {
        self.0 = Some(Arc::clone(&connection));
        connection
    }

    /// The transaction has come to its end.
    pub(crate) fn end(&mut self) {
        self.0 = None;
    }
}

impl Drop for OpenTransaction {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            discard(connection);
        }
    }
}

impl Database {
    /// A pool of connections to the database at `url`. Connects to nothing yet.
    ///
    /// # Errors
    ///
    /// [`OpenError::Address`], [`OpenError::Tls`].
    pub(crate) fn new(url: &str, options: &Options) -> Result<Self, OpenError> {
        let address = Address::read(url, options)?;
        let connector = address.connector()?;
        let manager = Manager::from_config(
            address.config,
            connector,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let timeout = Some(options.connect_timeout);
        let session = session(options);
        let pool = Pool::builder(manager)
            .max_size(options.connections_max)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: timeout, create: timeout, recycle: timeout })
            .post_create(Hook::async_fn(move |client, _| {
                let session = session.clone();
                Box::pin(
                    async move { client.batch_execute(&session).await.map_err(HookError::Backend) },
                )
            }))
            .build()
            .map_err(|error| OpenError::Address { reason: error.to_string() })?;
        Ok(Self {
            pool,
            timeout: options.statement_timeout.saturating_add(TIMEOUT_MARGIN),
            connect_timeout: options.connect_timeout,
            health: Health::new(address.place, Arc::clone(&options.clock)),
            entropy: Arc::clone(&options.entropy),
            clock: Arc::clone(&options.clock),
        })
    }

    /// Takes a connection.
    ///
    /// # Errors
    ///
    /// [`Failure::Unreachable`], [`Failure::PoolExhausted`].
    pub(crate) async fn connect(&self) -> Result<SharedConnection, Failure> {
        // On the heap, as all acts have one within them.
        let connection = Box::pin(self.pool.get()).await.map_err(Failure::from);
        let connection = connection.inspect_err(|failure| self.health.note_failure(failure))?;
        Ok(Arc::new(Connection(connection)))
    }

    /// Waits for `work` on a connection as long as the database may take for it.
    ///
    /// # Errors
    ///
    /// [`Failure::Lost`] when it takes longer: the connection must be given up then.
    pub(crate) async fn limit<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.limit_to(self.timeout, work).await
    }

    /// As [`Database::limit`], for work that should take no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As [`Database::limit`].
    pub(crate) async fn limit_to<T>(
        &self,
        timeout: Duration,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let done = tokio::time::timeout(timeout, work).await;
        let done = done.unwrap_or_else(|_| Err(Failure::timed_out()));
        match &done {
            Ok(_) => self.health.note_answer(),
            Err(failure) => self.health.note_failure(failure),
        }
        done
    }

    /// Does `work` on a connection, and again as long as that is of use. What it does must be
    /// one statement of SQL, or only read, or come to the same when it is done twice.
    ///
    /// # Errors
    ///
    /// What the caller of the port is told.
    pub(crate) async fn run<T, F>(
        &self,
        act: &'static str,
        work: impl Fn(SharedConnection) -> F,
    ) -> Result<T, StorageError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        self.repeat(act, || self.run_once(&work)).await
    }

    /// Makes attempts as long as that is of use.
    ///
    /// # Errors
    ///
    /// What the caller of the port is told.
    pub(crate) async fn repeat<T, F>(
        &self,
        act: &'static str,
        attempt: impl Fn() -> F,
    ) -> Result<T, StorageError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut attempts = self.attempts(act);
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) => attempts.again(failure).await?,
            }
        }
    }

    /// As [`Database::run`], once.
    ///
    /// # Errors
    ///
    /// Why it came to nothing; after [`Failure::Lost`] nobody knows whether it did.
    pub(crate) async fn run_once<T, F>(
        &self,
        work: impl FnOnce(SharedConnection) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        // Given up in the middle, its answers would hold up a session that has the connection next.
        let mut unfinished = OpenTransaction::default();
        let connection = unfinished.begin(self.connect().await?);
        let done = self.limit(Box::pin(work(Arc::clone(&connection)))).await;
        unfinished.end();
        give_back(connection, &done);
        done
    }

    /// Does `work` in one transaction, and again as long as that is of use.
    ///
    /// # Errors
    ///
    /// What the caller of the port is told: [`StorageError::Io`] if the connection was lost
    /// at the commit, so that nobody knows whether it happened.
    pub(crate) async fn transact<T, F>(
        &self,
        act: &'static str,
        work: impl Fn(SharedConnection) -> F,
    ) -> Result<T, StorageError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        self.repeat(act, || self.transact_once(&work)).await
    }

    /// As [`Database::transact`], once.
    ///
    /// # Errors
    ///
    /// [`Failure::Unknown`] if the connection was lost at the commit; after any other,
    /// nothing has changed.
    pub(crate) async fn transact_once<T, F>(
        &self,
        work: impl FnOnce(SharedConnection) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut unfinished = OpenTransaction::default();
        let connection = unfinished.begin(self.connect().await?);
        let worked = {
            // The first statement follows without waiting for the answer.
            let begun = connection.batch_execute("BEGIN").map_err(Failure::from);
            let worked = Box::pin(work(Arc::clone(&connection)));
            self.limit(async {
                let (begun, worked) = join(begun, worked).await;
                begun.and(worked)
            })
            .await
        };
        let done = match worked {
            Ok(done) => {
                let commit = connection.batch_execute("COMMIT").map_err(Failure::from);
                let committed = self.limit(commit).await.map_err(Failure::at_commit);
                committed.inspect(|()| self.health.note_commit()).map(|()| done)
            }
            Err(failure) => Err(failure),
        };
        self.end(unfinished, connection, done).await
    }

    /// Ends a transaction: undoes it if something in it has failed, and gives its connection
    /// back unless that is of no more use.
    ///
    /// # Errors
    ///
    /// Those of `outcome`.
    pub(crate) async fn end<T>(
        &self,
        mut unfinished: OpenTransaction,
        connection: SharedConnection,
        outcome: Result<T, Failure>,
    ) -> Result<T, Failure> {
        if outcome.as_ref().is_err_and(|failure| !failure.ends_connection()) {
            let rolled_back = connection.batch_execute("ROLLBACK").map_err(Failure::from);
            if self.limit(rolled_back).await.is_err() {
                // Nobody else may hold it when it is ended.
                drop(connection);
                return outcome;
            }
        }
        unfinished.end();
        give_back(connection, &outcome);
        outcome
    }

    /// Whether it is not worth waiting for any more: requests are then refused at once.
    fn is_given_up(&self) -> bool {
        self.health.unreachable_for().is_some_and(|time| UNREACHABLE_WAIT_MAX < time)
    }

    /// Attempts of one act, to be repeated as long as that is of use.
    pub(crate) fn attempts(&self, act: &'static str) -> Attempts<'_> {
        Attempts { database: self, act, reconnect_count: 0, repeat_count: 0 }
    }

    /// Random bytes that make a number.
    pub(crate) fn random(&self) -> u128 {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        u128::from_be_bytes(bytes)
    }

    /// Fills `bytes` with random ones.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.entropy.fill(bytes);
    }

    /// How it is doing.
    pub(crate) fn connections(&self) -> Connections {
        let pool = self.pool.status();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Connections {
            connections_max: count(pool.max_size),
            connection_count: count(pool.size),
            busy_count: count(pool.size.saturating_sub(pool.available)),
            waiting_count: count(pool.waiting),
            failure_count: self.health.failure_count(),
            reconnect_count: self.health.reconnect_count(),
            repeat_count: self.health.repeat_count(),
            is_reachable: self.health.is_reachable(),
        }
    }

    /// Closes all connections.
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

/// How often an act was tried.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    database: &'a Database,
    act: &'static str,
    reconnect_count: u32,
    repeat_count: u32,
}

impl Attempts<'_> {
    /// Waits a little, if the act is worth trying once more after `failure`.
    ///
    /// # Errors
    ///
    /// What the caller of the port is told, if it is not.
    pub(crate) async fn again(&mut self, failure: Failure) -> Result<(), StorageError> {
        let (count, count_max) = match failure.remedy() {
            Remedy::Repeat => {
                self.database.health.note_repeat();
                if failure.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                    self.repeat_count += LOCK_REPEATS;
                }
                (&mut self.repeat_count, REPEAT_COUNT_MAX)
            }
            Remedy::Reconnect if self.database.is_given_up() => {
                return Err(failure.into_storage_error(self.act));
            }
            Remedy::Reconnect => {
                self.database.health.note_reconnect();
                (&mut self.reconnect_count, RECONNECT_COUNT_MAX)
            }
            Remedy::GiveUp => return Err(failure.into_storage_error(self.act)),
        };
        *count += 1;
        if count_max < *count {
            return Err(failure.into_storage_error(self.act));
        }
        let wait = BACKOFF.saturating_mul(1 << *count);
        // Between half of it and all: two that met once do not meet again.
        let share = u32::try_from(self.database.random() % 512).unwrap_or(0) + 512;
        tokio::time::sleep(wait * share / 1024).await;
        Ok(())
    }
}

/// What every connection is set to. Each statement of ours is written for an index: no plan
/// that reads whole tables is better, whatever the statistics say.
pub(crate) fn session(options: &Options) -> String {
    // Sooner than the statement as a whole: a session that waits for a lock has lost a race.
    let lock_timeout = LOCK_TIMEOUT.min(options.statement_timeout / 2);
    let settings = [
        ("statement_timeout", options.statement_timeout),
        ("lock_timeout", lock_timeout),
        ("idle_in_transaction_session_timeout", options.idle_timeout),
    ];
    let mut session = String::from(
        "SET TimeZone = 'UTC'; SET default_transaction_isolation = 'read committed'; \
         SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; \
         SET enable_mergejoin = off; SET enable_bitmapscan = off; SET enable_material = off; \
         SELECT set_config('plan_cache_mode', 'force_generic_plan', false) \
         WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus'); \
         SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') = 'off';",
    );
    for (name, time) in settings {
        // Writing to a String cannot fail.
        let _ = write!(session, " SET {name} = {};", time.as_millis());
    }
    session
}
