//! The status of a follower, for metrics and the admin API.

use std::sync::{Mutex, MutexGuard, PoisonError};

use acta_storage::FollowerName;

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

impl FollowerWork {
    /// The name of the state in metrics and the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Following => "following",
            Self::Elsewhere => "elsewhere",
            Self::Paused => "paused",
            Self::Failing => "failing",
        }
    }
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
}

/// A follower's status, updated by its worker.
#[derive(Debug)]
pub struct Progress(Mutex<FollowerStatus>);

impl Progress {
    /// Of a follower that has not started.
    pub fn new(name: FollowerName) -> Self {
        let work = FollowerWork::Starting;
        let status = FollowerStatus { name, work, lag: 0, record_count: 0, failure_count: 0 };
        Self(Mutex::new(status))
    }

    fn lock(&self) -> MutexGuard<'_, FollowerStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The status as it is now.
    pub fn status(&self) -> FollowerStatus {
        self.lock().clone()
    }

    /// Sets its state.
    pub fn set_work(&self, work: FollowerWork) {
        let mut status = self.lock();
        status.work = work;
        if work != FollowerWork::Following && work != FollowerWork::Failing {
            status.lag = 0;
        }
    }

    /// Sets how many records it has not processed.
    pub fn set_lag(&self, lag: u64) {
        self.lock().lag = lag;
    }

    /// Counts records that it has processed.
    pub fn add_records(&self, count: u64) {
        self.lock().record_count += count;
    }

    /// Counts a failure.
    pub fn add_failure(&self) {
        let mut status = self.lock();
        status.work = FollowerWork::Failing;
        status.failure_count += 1;
    }
}
