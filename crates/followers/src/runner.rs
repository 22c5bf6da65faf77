//! The loop that runs one follower.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::directory::FollowerControl;
use acta_storage::{FollowerPosition, Storage, StorageError, lower_priority, tenant_span};
use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::reader::LogReader;
use crate::status::{FollowerWork, Progress};

/// How long a follower may take at the end to save its position and release its lease.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// How often it is checked whether the follower is paused.
const CONTROL_INTERVAL: Duration = Duration::from_secs(1);

/// The first and the longest delay after failures.
const RETRY_DELAY: Duration = Duration::from_millis(200);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(10);

const ACT: &str = "following the log";

/// A failure that has not been overcome.
#[derive(Clone, Copy, Debug)]
struct Failing {
    /// The delay before the next attempt.
    delay: Duration,
    /// When the next attempt is.
    next: Instant,
}

impl Failing {
    /// When it is overcome, unless it fails again: what was processed may still fail when it is
    /// saved.
    fn end(self) -> Instant {
        self.next + self.delay
    }
}

/// What a round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// There is more to read.
    More,
    /// Everything was processed, or is not to be processed here.
    Done,
}

/// Runs one follower.
pub(crate) struct Runner {
    storage: Arc<dyn Storage>,
    reader: Box<dyn LogReader>,
    progress: Arc<Progress>,
    /// Whether it is paused, and when that was last checked.
    control: Option<(bool, Instant)>,
    /// The tenants whose records could not be processed; `None` stands for a whole round.
    failing: HashMap<Option<TenantId>, Failing>,
}

impl Runner {
    pub(crate) fn new(
        storage: Arc<dyn Storage>,
        reader: Box<dyn LogReader>,
        progress: Arc<Progress>,
    ) -> Self {
        Self { storage, reader, progress, control: None, failing: HashMap::new() }
    }

    /// Follows until `stop` is cancelled, on a thread of its own.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (name, nice) = (self.reader.name(), self.reader.nice());
        if 0 < nice {
            lower_priority(nice);
        }
        let span =
            tracing::error_span!(parent: None, "background", work = "follower", follower = %name);
        self.run_in_span(stop).instrument(span).await;
    }

    async fn run_in_span(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(Box::pin(self.follow())).await;
        let ended = tokio::time::timeout(STOP_TIMEOUT, self.reader.end()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!(
                "the position of a follower could not be saved: it will read some records again"
            );
        }
    }

    async fn follow(&mut self) {
        // Before the first read, so that nothing is missed.
        let mut appended = self.storage.appended();
        loop {
            let begun = Instant::now();
            appended.mark_unchanged();
            match catch_panic(self.round()).await {
                Ok(Round::More) => {}
                Ok(Round::Done) => self.wait(&mut appended, begun.elapsed()).await,
                Err(error) => {
                    let next = self.fail(None, &error);
                    tokio::time::sleep_until(next).await;
                }
            }
        }
    }

    /// Waits until there may be something to do.
    async fn wait(&self, appended: &mut watch::Receiver<u64>, round_took: Duration) {
        let pace = self.storage.pace();
        tokio::time::sleep(pace.pause.max(self.reader.pause_after(round_took))).await;
        let now = Instant::now();
        let attempts = self.failing.values().flat_map(|failing| [failing.next, failing.end()]);
        let attempts = attempts.filter(|next| now < *next).map(|next| next - now);
        let soonest = attempts.chain(self.reader.next_due()).min();
        let look = pace.poll.unwrap_or(CONTROL_INTERVAL);
        let timeout = soonest.map_or(look, |soonest| look.min(soonest));
        // It makes no difference whether it was notified.
        drop(tokio::time::timeout(timeout, appended.changed()).await);
    }

    /// Processes some records of every tenant with unread ones, if that is to be done here.
    async fn round(&mut self) -> Result<Round, StorageError> {
        self.reader.maintain().await?;
        if self.is_paused().await? {
            if self.progress.status().work != FollowerWork::Paused {
                self.reader.end().await?;
                self.rest(FollowerWork::Paused);
            }
            return Ok(Round::Done);
        }
        if !self.reader.begin_round().await? {
            self.rest(FollowerWork::Elsewhere);
            return Ok(Round::Done);
        }
        let behind = self.storage.list_behind(self.reader.name()).await?;
        let is_behind = |tenant| behind.iter().any(|position| position.tenant == tenant);
        self.failing.retain(|tenant, _| tenant.is_none_or(is_behind));
        let mut lag: u64 = behind.iter().map(|position| self.lag_of(*position)).sum();
        self.progress.set_lag(lag);
        let mut round = Round::Done;
        for position in behind {
            let before = self.lag_of(position);
            // An error of one tenant does not delay the others.
            self.read(position).await;
            let after = self.lag_of(position);
            self.progress.add_records(before.saturating_sub(after));
            lag = (lag + after).saturating_sub(before);
            if 0 < after && after < before {
                round = Round::More;
            }
        }
        self.failing.remove(&None);
        self.reader.end_round(!self.failing.is_empty()).await?;
        self.progress.set_lag(lag);
        self.progress.set_work(FollowerWork::Following);
        if self.failing.is_empty() && self.progress.clear_error() {
            tracing::info!("follower recovered");
        }
        Ok(round)
    }

    /// Notes that there is nothing to do here, for a reason that `work` says.
    fn rest(&mut self, work: FollowerWork) {
        self.failing.clear();
        self.progress.clear_error();
        self.progress.set_work(work);
    }

    async fn is_paused(&mut self) -> Result<bool, StorageError> {
        if let Some((is_paused, asked)) = self.control
            && asked.elapsed() < CONTROL_INTERVAL
        {
            return Ok(is_paused);
        }
        let is_paused = FollowerControl::is_paused(&*self.storage, self.reader.name()).await?;
        self.control = Some((is_paused, Instant::now()));
        Ok(is_paused)
    }

    fn lag_of(&self, position: FollowerPosition) -> u64 {
        position.last_sequence.saturating_sub(self.reader.reached(position))
    }

    /// Processes some records of a tenant, unless that has just failed.
    async fn read(&mut self, position: FollowerPosition) {
        let tenant = position.tenant;
        let (failing, now) = (self.failing.get(&Some(tenant)).copied(), Instant::now());
        if failing.is_some_and(|failing| now < failing.next) {
            return;
        }
        let read = self.reader.read(position).instrument(tenant_span(tenant));
        match catch_panic(read).await {
            Ok(()) if failing.is_some_and(|failing| now < failing.end()) => {}
            Ok(()) => {
                self.failing.remove(&Some(tenant));
            }
            Err(error) => {
                self.fail(Some(tenant), &error);
            }
        }
    }

    /// Notes a failure, of a tenant or of a round. Returns when the next attempt is.
    fn fail(&mut self, tenant: Option<TenantId>, error: &StorageError) -> Instant {
        self.reader.forget(tenant);
        self.progress.add_failure(error);
        let last = self.failing.get(&tenant);
        if last.is_none() {
            let (cause, id): (&dyn Error, _) = (error, tenant.map(TenantId::number));
            tracing::error!(tenant.id = id, error = cause, "follower failed; retrying");
        }
        let delay = last.map_or(RETRY_DELAY, |last| RETRY_DELAY_MAX.min(last.delay * 2));
        let next = Instant::now() + delay;
        self.failing.insert(tenant, Failing { delay, next });
        next
    }
}

/// Makes an error of a panic: one on one record must not stop the follower for all others.
async fn catch_panic<T>(
    work: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    let caught = AssertUnwindSafe(work).catch_unwind().await;
    caught.unwrap_or_else(|_panic| Err(panicked()))
}

pub(crate) fn panicked() -> StorageError {
    StorageError::Io { act: ACT, source: io::Error::other("it panicked") }
}
