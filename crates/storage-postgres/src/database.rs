//! Connections to the database: pooled, configured, and closed when they are lost.

mod address;
mod cluster;
pub(crate) mod handshake;
mod health;
mod lending;
mod machines;
mod reserve;
mod tenancy;
mod timeline;
mod tls;

use std::fmt::{self, Write as _};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acta_ambient::{Clock, Entropy};
use acta_storage::{StorageError, Weights};
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts,
};
use futures_util::TryFutureExt;
use futures_util::future::join;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;

use self::address::Address;
use self::health::Health;
use self::lending::{Lending, Loan};
use self::reserve::ReserveState;
pub(crate) use self::tenancy::Placement;

use crate::failure::{Failure, Remedy};
use crate::{Connections, OpenError, Options};

/// How much longer than the database's own timeout a node waits for a statement of SQL.
const TIMEOUT_MARGIN: Duration = Duration::from_secs(2);

/// Most attempts on other connections.
const RECONNECT_COUNT_MAX: u32 = 6;

/// How long to wait for a database that cannot be reached.
const UNREACHABLE_WAIT_MAX: Duration = Duration::from_secs(2);

/// Most attempts after lost races.
const REPEAT_COUNT_MAX: u32 = 8;

/// A lock timeout counts as so many additional lost races.
const LOCK_REPEATS: u32 = 3;

/// The first delay after a failed attempt; each further one is twice as long.
const BACKOFF: Duration = Duration::from_millis(20);

/// The lock timeout: no lock is held for longer.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// The database, with the sources of time and random bytes.
pub(crate) struct Database {
    pool: Pool,
    /// Who gets a connection of it next.
    lending: Lending,
    /// The timeout for a response.
    timeout: Duration,
    /// The timeout for getting a connection.
    pub(crate) connect_timeout: Duration,
    /// Its state by its last response.
    pub(crate) health: Health,
    /// Whether it is a cluster, as the first connection found.
    is_cluster: AtomicBool,
    /// The space for changes of administration.
    pub(crate) reserve: ReserveState,
    entropy: Arc<dyn Entropy>,
    /// The clock for times of statements and documents.
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

/// A connection borrowed from the pool.
pub(crate) struct Connection {
    // Returned before the next borrower is let in.
    borrowed: Object,
    loan: Loan,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl Deref for Connection {
    type Target = deadpool_postgres::ClientWrapper;

    fn deref(&self) -> &Self::Target {
        &self.borrowed
    }
}

impl Connection {
    /// Prepares a statement of SQL for one tenant, or for the tables that are not of tenants.
    pub(crate) async fn prepare_cached(
        &self,
        sql: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        debug_assert_eq!(tenancy::broken_rule(sql), None, "{sql}");
        self.borrowed.prepare_cached(sql).await
    }

    /// As [`Connection::prepare_cached`], of a statement that differs by placement.
    pub(crate) async fn prepare_on(
        &self,
        placement: Placement,
        sql: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        match placement {
            Placement::Together => self.borrowed.prepare_cached(sql).await,
            Placement::Distributed => self.prepare_cached(sql).await,
        }
    }

    /// Prepares a statement of SQL over all tenants. In a cluster it needs all machines, so it may
    /// not keep a tenant waiting.
    pub(crate) async fn prepare_across(
        &self,
        sql: &str,
    ) -> Result<Statement, tokio_postgres::Error> {
        self.borrowed.prepare_cached(sql).await
    }
}

/// A borrowed connection that several futures use.
pub(crate) type SharedConnection = Arc<Connection>;

/// Returns a connection to the pool, unless `outcome` shows that it cannot be used again.
pub(crate) fn give_back<T>(connection: SharedConnection, outcome: &Result<T, Failure>) {
    if outcome.as_ref().is_err_and(Failure::ends_connection) {
        discard(connection);
    }
}

/// Closes a connection, and with it its open transaction.
pub(crate) fn discard(connection: SharedConnection) {
    if let Some(connection) = Arc::into_inner(connection) {
        let Connection { borrowed, loan } = connection;
        drop(Object::take(borrowed));
        drop(loan);
    }
}

/// The connection of a transaction that may be abandoned at any point, also by a panic: the next
/// borrower of the connection must not be in the middle of it. Outlives all other holders.
#[derive(Debug, Default)]
pub(crate) struct OpenTransaction(Option<SharedConnection>);

impl OpenTransaction {
    /// From now on, the connection is closed if this is dropped.
    pub(crate) fn begin(&mut self, connection: SharedConnection) -> SharedConnection {
        self.0 = Some(Arc::clone(&connection));
        connection
    }

    /// The transaction has ended.
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
    /// A pool of connections to the database at `url`. Does not connect yet.
    ///
    /// # Errors
    ///
    /// [`OpenError::Address`], [`OpenError::Tls`].
    pub(crate) fn new(url: &str, options: &Options) -> Result<Self, OpenError> {
        Self::shared_by(&Weights::default(), url, options)
    }

    /// As [`Database::new`], for tenants with these weights.
    ///
    /// # Errors
    ///
    /// As [`Database::new`].
    pub(crate) fn shared_by(
        weights: &Weights,
        url: &str,
        options: &Options,
    ) -> Result<Self, OpenError> {
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
        let clock = Arc::clone(&options.clock);
        Ok(Self {
            pool,
            lending: Lending::new(options.connections_max, weights, clock),
            timeout: options.statement_timeout.saturating_add(TIMEOUT_MARGIN),
            connect_timeout: options.connect_timeout,
            health: Health::new(address.place, Arc::clone(&options.clock)),
            is_cluster: AtomicBool::new(false),
            reserve: ReserveState::new(options.reserve_bytes),
            entropy: Arc::clone(&options.entropy),
            clock: Arc::clone(&options.clock),
        })
    }

    /// Whether it is a cluster.
    fn is_cluster(&self) -> bool {
        self.is_cluster.load(Ordering::Relaxed)
    }

    /// Where the rows of a table are.
    pub(crate) fn placement_of(&self, table: &str) -> Placement {
        if self.is_cluster() { Placement::in_cluster(table) } else { Placement::Together }
    }

    /// Borrows a connection.
    ///
    /// # Errors
    ///
    /// [`Failure::Unreachable`], [`Failure::PoolExhausted`].
    pub(crate) async fn connect(&self) -> Result<SharedConnection, Failure> {
        // On the heap, since the future of every operation contains one.
        let connection = Box::pin(self.borrow()).await;
        connection.map(Arc::new).inspect_err(|failure| self.health.note_failure(failure))
    }

    async fn borrow(&self) -> Result<Connection, Failure> {
        let lent = tokio::time::timeout(self.connect_timeout, self.lending.lend()).await;
        let loan = lent.map_err(|_elapsed| Failure::PoolExhausted)?;
        Ok(Connection { borrowed: self.pool.get().await?, loan })
    }

    /// Waits for `work` on a connection until the database's timeout.
    ///
    /// # Errors
    ///
    /// [`Failure::Lost`] if it takes longer: the connection must then be closed.
    pub(crate) async fn limit<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.limit_to(self.timeout, work).await
    }

    /// As [`Database::limit`], with another timeout.
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
            Err(failure) => {
                self.health.note_failure(failure);
                if failure.code() == Some(&SqlState::DISK_FULL) {
                    self.reserve.note_full();
                }
            }
        }
        done
    }

    /// Does `work` on a connection and retries it while this is useful. It must be a single
    /// statement of SQL, or read-only, or idempotent.
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

    /// Repeats an attempt while this is useful.
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
    /// Why it failed; after [`Failure::Lost`] it is unknown whether it happened.
    pub(crate) async fn run_once<T, F>(
        &self,
        work: impl FnOnce(SharedConnection) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        // If it is cancelled, its pending responses would delay the next user of the connection.
        let mut unfinished = OpenTransaction::default();
        let connection = unfinished.begin(self.connect().await?);
        let done = self.limit(Box::pin(work(Arc::clone(&connection)))).await;
        unfinished.end();
        give_back(connection, &done);
        done
    }

    /// Does `work` in one transaction and retries it while this is useful.
    ///
    /// # Errors
    ///
    /// The error for the caller of the port: [`StorageError::Io`] if the connection was lost at
    /// the commit, so that it is unknown whether it happened.
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
                committed.inspect(|()| self.note_commit()).map(|()| done)
            }
            Err(failure) => Err(failure),
        };
        self.end(unfinished, connection, done).await
    }

    /// Ends a transaction: rolls it back if something in it has failed, and returns its
    /// connection unless that cannot be used again.
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
                // Nothing else may hold it when it is closed.
                drop(connection);
                return outcome;
            }
        }
        unfinished.end();
        give_back(connection, &outcome);
        outcome
    }

    /// Notes a commit. One on the reserve does not mean that there is space.
    pub(crate) fn note_commit(&self) {
        if self.reserve.is_complete() {
            self.health.note_commit();
        }
    }

    /// Whether it has been unreachable for so long that operations fail at once.
    fn is_given_up(&self) -> bool {
        self.health.unreachable_for().is_some_and(|time| UNREACHABLE_WAIT_MAX < time)
    }

    /// Whether the machine that a failure is about has been away for so long that operations on it
    /// fail at once.
    fn is_given_up_by(&self, failure: &Failure) -> bool {
        let machine = failure.machine();
        machine.is_some_and(|machine| self.health.is_machine_given_up(machine))
    }

    /// The attempts of one operation.
    pub(crate) fn attempts(&self, act: &'static str) -> Attempts<'_> {
        Attempts { database: self, act, reconnect_count: 0, repeat_count: 0 }
    }

    /// A random number.
    pub(crate) fn random(&self) -> u128 {
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        u128::from_be_bytes(bytes)
    }

    /// Fills `bytes` with random ones.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.entropy.fill(bytes);
    }

    /// The state of its connections.
    pub(crate) fn connections(&self) -> Connections {
        let pool = self.pool.status();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Connections {
            connections_max: count(pool.max_size),
            connection_count: count(pool.size),
            busy_count: count(pool.size.saturating_sub(pool.available)),
            waiting_count: count(self.lending.waiting_count()),
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

/// Counts the attempts of an operation.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    database: &'a Database,
    act: &'static str,
    reconnect_count: u32,
    repeat_count: u32,
}

impl Attempts<'_> {
    /// Waits for a delay if another attempt is useful after `failure`.
    ///
    /// # Errors
    ///
    /// The error for the caller of the port, if it is not.
    pub(crate) async fn again(&mut self, failure: Failure) -> Result<(), StorageError> {
        let (count, count_max) = match failure.remedy() {
            Remedy::Repeat => {
                self.database.health.note_repeat();
                if failure.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                    self.repeat_count += LOCK_REPEATS;
                }
                (&mut self.repeat_count, REPEAT_COUNT_MAX)
            }
            Remedy::Await if self.database.is_given_up_by(&failure) => {
                return Err(failure.into_storage_error(self.act));
            }
            Remedy::Await => (&mut self.reconnect_count, RECONNECT_COUNT_MAX),
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
        // Random between half of it and all of it, so that two rivals do not collide again.
        let share = u32::try_from(self.database.random() % 512).unwrap_or(0) + 512;
        tokio::time::sleep(wait * share / 1024).await;
        Ok(())
    }
}

/// The settings of every connection. Every statement of SQL is written for an index: plans that
/// scan whole tables are disabled, whatever the statistics are.
///
/// Long values are compressed with LZ4 if the server has it: the other method takes several times
/// as long, which is most of the time that a large statement takes, and saves a few per cent more.
pub(crate) fn session(options: &Options) -> String {
    // Shorter than the timeout of the statement: waiting for a lock means a lost race.
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
         WHERE current_setting('synchronous_commit') = 'off'; \
         SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_settings \
         WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals);",
    );
    for (name, time) in settings {
        // Writing to a String cannot fail.
        let _ = write!(session, " SET {name} = {};", time.as_millis());
    }
    session
}
