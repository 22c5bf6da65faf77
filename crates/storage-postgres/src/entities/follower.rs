//! The task that reads what statements tell and writes it down, on the node that leads.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use acta_storage::StorageError;
use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::FOLLOWER;
use super::cache::Cache;
use super::changes::Changes;
use super::told::{Span, read_page};
use crate::database::Database;
use crate::failure::Failure;
use crate::lease::Lease;

/// How often it looks for statements that other nodes have stored.
const POLL: Duration = Duration::from_millis(200);

/// The least time between two looks: so that what is stored bit by bit is read in one go.
const PAUSE: Duration = Duration::from_millis(100);

/// How many times as long as a look took it rests at least: the more tenants there are, the
/// longer a look takes.
const PAUSE_FACTOR: u32 = 4;

/// The longest rest after failures.
const REST_MAX: Duration = Duration::from_secs(10);

/// How long a lease may take to be given up at the end.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

const BEHIND: &str = "SELECT c.tenant_id, coalesce(f.sequence, 0), c.last_sequence \
     FROM acta.counters c LEFT JOIN acta.followers f \
     ON f.tenant_id = c.tenant_id AND f.name = $1 \
     WHERE coalesce(f.sequence, 0) < c.last_sequence";

const ACT: &str = "bringing activities and persons up to date";

/// What a look at the statements came to.
enum Round {
    /// There is more to read.
    More,
    /// Everything was read, or another node does it.
    Done,
}

/// Keeps activities and persons up to date.
#[derive(Debug)]
pub(super) struct Follower {
    database: Arc<Database>,
    lease: Arc<Lease>,
    /// Tells that there may be something to read.
    wake: Arc<Notify>,
    cache: Cache,
    /// How far it has read each tenant's statements. What the cache has heard holds as long
    /// as nobody else goes on from there.
    left_at: HashMap<i32, i64>,
}

impl Follower {
    pub(super) fn new(database: Arc<Database>, lease: Arc<Lease>, wake: Arc<Notify>) -> Self {
        let (cache, left_at) = (Cache::default(), HashMap::new());
        Self { database, lease, wake, cache, left_at }
    }

    /// Follows until `stop` is cancelled.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(Box::pin(self.follow())).await;
        // Another node takes over at once.
        let released = tokio::time::timeout(RELEASE_TIMEOUT, self.lease.release()).await;
        if !matches!(released, Ok(Ok(()))) {
            tracing::warn!(lease = FOLLOWER, "a lease could not be released: it will expire");
        }
    }

    async fn follow(&mut self) {
        let mut rest: Option<Duration> = None;
        loop {
            let begun = Instant::now();
            // A statement that makes it panic must not end it for all the others.
            let round = AssertUnwindSafe(self.round()).catch_unwind().await;
            let round = round.unwrap_or_else(|_| Err(panicked()));
            if rest.is_some() && round.is_ok() {
                tracing::info!("activities and persons can be brought up to date again");
            }
            match round {
                Ok(Round::More) => rest = None,
                Ok(Round::Done) => {
                    rest = None;
                    tokio::time::sleep(PAUSE.max(begun.elapsed() * PAUSE_FACTOR)).await;
                    // Whether it was woken makes no difference.
                    drop(tokio::time::timeout(POLL, self.wake.notified()).await);
                }
                Err(failure) => {
                    let wait = self.fail(failure, rest);
                    rest = Some(wait);
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// Notes a failure after a rest that came to nothing, if there was one. Returns how long
    /// to rest now.
    fn fail(&mut self, failure: Failure, rest: Option<Duration>) -> Duration {
        self.forget();
        let Some(rest) = rest else {
            let error = failure.tell(ACT);
            tracing::error!(
                error = &error as &dyn Error,
                "activities and persons cannot be brought up to date"
            );
            return POLL;
        };
        REST_MAX.min(rest * 2)
    }

    /// Reads a page of every tenant that has something to read, if this node leads.
    async fn round(&mut self) -> Result<Round, Failure> {
        if !self.lease.hold().await? {
            return Ok(Round::Done);
        }
        let behind = self.database.run_once(|connection| async move {
            let behind = connection.prepare_cached(BEHIND).await?;
            Ok(connection.query(&behind, &[&FOLLOWER]).await?)
        });
        let (mut round, mut failed) = (Round::Done, None);
        for row in behind.await? {
            let span = Span { tenant: row.get(0), after: row.get(1), until: row.get(2) };
            if !self.lease.hold().await? {
                return Ok(Round::Done);
            }
            match self.read(span).await {
                Ok(reached) if reached < span.until => round = Round::More,
                Ok(_) => {}
                // What is wrong with one tenant does not hold up the others.
                Err(failure) => {
                    self.forget();
                    failed = Some(failure);
                }
            }
        }
        failed.map_or(Ok(round), Err)
    }

    /// Reads a page of a tenant's statements. Returns how far that is.
    async fn read(&mut self, span: Span) -> Result<i64, Failure> {
        let left_at = self.left_at.insert(span.tenant, span.after);
        if left_at.is_some_and(|left_at| left_at != span.after) {
            self.forget();
        }
        let (cache, mut changes) = (&mut self.cache, Changes::default());
        let reached = read_page(&self.database, span, |fact| {
            if cache.note(span.tenant, fact) {
                changes.add(fact);
            }
        });
        let reached = reached.await?;
        let read = Span { until: reached, ..span };
        if changes.write(&self.database, read).await? {
            self.left_at.insert(span.tenant, reached);
        } else {
            self.forget();
        }
        Ok(reached)
    }

    /// Forgets what it has heard: it may not have been written, or not be the last any more.
    fn forget(&mut self) {
        self.cache.clear();
        self.left_at.clear();
    }
}

fn panicked() -> Failure {
    StorageError::Io { act: ACT, source: io::Error::other("it panicked") }.into()
}

/// Does a page of the follower's work, whoever leads. Returns whether nobody else did.
///
/// # Errors
///
/// As [`Failure`] says.
pub(super) async fn help(database: &Database, span: Span) -> Result<bool, Failure> {
    let mut changes = Changes::default();
    let reached = read_page(database, span, |fact| changes.add(fact)).await?;
    changes.write(database, Span { until: reached, ..span }).await
}
