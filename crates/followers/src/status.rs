//! The status of a follower, for metrics and the admin API.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acta_storage::{FollowerName, StorageError};

/// The state of a follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowerWork {
    /// It has not started.
    Starting,
    /// It reads the log.
    Following,
    /// Another node does its work.
    Elsewhere,
    /// It is paused.
    Paused,
    /// It waits after a failure.
    Failing,
}

/// The status of a follower in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowerStatus {
    /// The name of the follower.
    pub name: FollowerName,
    /// Its state.
    pub work: FollowerWork,
    /// Records of all tenants that it had not processed at the last check. Known only on the
    /// node that does its work.
    pub lag: u64,
    /// Records that it has processed since the start of the process.
    pub record_count: u64,
    /// Failures since the start of the process.
    pub failure_count: u64,
    /// The last failure, until it works again.
    pub error: Option<String>,
}

/// Reads the status of followers that run in this process, also after they have stopped.
#[derive(Clone, Debug, Default)]
pub struct FollowerWatch(pub(crate) Vec<Arc<Progress>>);

impl FollowerWatch {
    /// The status of each, in the order in which they were started.
    pub fn statuses(&self) -> Vec<FollowerStatus> {
        self.0.iter().map(|progress| progress.status()).collect()
    }
}

/// A follower's status, updated by its worker.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<FollowerStatus>);

impl Progress {
    /// Of a follower that has not started.
    pub(crate) fn new(name: FollowerName) -> Self {
        let work = FollowerWork::Starting;
        let (lag, record_count, failure_count, error) = (0, 0, 0, None);
        Self(Mutex::new(FollowerStatus { name, work, lag, record_count, failure_count, error }))
    }

    fn lock(&self) -> MutexGuard<'_, FollowerStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The status as it is now.
    pub(crate) fn status(&self) -> FollowerStatus {
        self.lock().clone()
    }

    /// Sets its state.
    pub(crate) fn set_work(&self, work: FollowerWork) {
        let mut status = self.lock();
        status.work = work;
        if work != FollowerWork::Following && work != FollowerWork::Failing {
            status.lag = 0;
        }
    }

    /// Sets how many records it has not processed.
    pub(crate) fn set_lag(&self, lag: u64) {
        self.lock().lag = lag;
    }

    /// Counts records that it has processed.
    pub(crate) fn add_records(&self, count: u64) {
        self.lock().record_count += count;
    }

    /// Counts a failure.
    pub(crate) fn add_failure(&self, error: &StorageError) {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        let mut status = self.lock();
        status.work = FollowerWork::Failing;
        status.failure_count += 1;
        status.error = Some(text);
    }

    /// Notes that it works. Returns whether it did not.
    pub(crate) fn clear_error(&self) -> bool {
        self.lock().error.take().is_some()
    }
}
