//! How a follower is doing, for whoever watches.

use std::sync::{Mutex, MutexGuard, PoisonError};

use acta_storage::FollowerName;

/// What a follower does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowerWork {
    /// It has not begun.
    Starting,
    /// It reads the log.
    Following,
    /// Another node does its work.
    Elsewhere,
    /// It was told to pause.
    Paused,
    /// It rests after a failure.
    Failing,
}

impl FollowerWork {
    /// Its name, as metrics and the admin API give it.
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

/// How a follower is doing in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowerStatus {
    /// Which one.
    pub name: FollowerName,
    /// What it does now.
    pub work: FollowerWork,
    /// Records that it had not taken when it looked last, of all tenants together. Known only
    /// where it does its work.
    pub lag: u64,
    /// Records that it has taken since the start of the process.
    pub record_count: u64,
    /// How often it has failed since the start of the process.
    pub failure_count: u64,
}

/// A follower's status, as its task changes it.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<FollowerStatus>);

impl Progress {
    pub(crate) fn new(name: FollowerName) -> Self {
        let work = FollowerWork::Starting;
        let status = FollowerStatus { name, work, lag: 0, record_count: 0, failure_count: 0 };
        Self(Mutex::new(status))
    }

    fn lock(&self) -> MutexGuard<'_, FollowerStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> FollowerStatus {
        self.lock().clone()
    }

    pub(crate) fn set_work(&self, work: FollowerWork) {
        let mut status = self.lock();
        status.work = work;
        if work != FollowerWork::Following && work != FollowerWork::Failing {
            status.lag = 0;
        }
    }

    pub(crate) fn set_lag(&self, lag: u64) {
        self.lock().lag = lag;
    }

    pub(crate) fn add_records(&self, count: u64) {
        self.lock().record_count += count;
    }

    pub(crate) fn add_failure(&self) {
        let mut status = self.lock();
        status.work = FollowerWork::Failing;
        status.failure_count += 1;
    }
}
