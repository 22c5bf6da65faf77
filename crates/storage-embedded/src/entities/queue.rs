//! Between the log's writer, the follower's thread and those who wait for it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::StorageError;
use tokio::sync::watch;

use super::Limits;
use super::told::Told;

/// What a group of durable statements tells.
#[derive(Debug)]
pub(super) struct Group {
    /// The position of the first statement.
    pub(super) first: u64,
    /// What each tells.
    pub(super) told: Vec<(TenantId, Told)>,
    size_bytes: usize,
}

impl Group {
    fn new(first: u64, told: Vec<(TenantId, Told)>) -> Self {
        let size_bytes = told.iter().map(|(_, told)| told.size_bytes()).sum();
        Self { first, told, size_bytes }
    }

    fn end(&self) -> u64 {
        self.first + self.told.len() as u64
    }
}

/// What the follower does next.
#[derive(Debug)]
pub(super) enum Step {
    /// Read this group, which begins at or before its position.
    Take(Group),
    /// Read the log from its position up to this one.
    ReadLog(u64),
    /// Write what it has: somebody waits for it, or nothing happened for a while.
    Flush,
    /// End.
    Close,
}

#[derive(Debug)]
struct State {
    groups: VecDeque<Group>,
    size_bytes: usize,
    /// The position behind everything published.
    published: u64,
    /// The furthest position that somebody waits for.
    wanted: u64,
    is_closing: bool,
}

/// How far the follower has come, for those who wait.
#[derive(Debug)]
struct Progress {
    /// Everything before this position can be read in the tables.
    reached: u64,
    failure_count: u64,
    failure: Option<Arc<StorageError>>,
    /// Nothing more will be reached.
    is_stopped: bool,
}

/// The follower's inbox.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    progress: watch::Sender<Progress>,
    limits: Limits,
}

impl Queue {
    /// An empty queue before a follower that has come to `reached` in a log up to `published`.
    pub(super) fn new((reached, published): (u64, u64), limits: Limits) -> Self {
        let groups = VecDeque::new();
        let state = State { groups, size_bytes: 0, published, wanted: 0, is_closing: false };
        let progress = Progress { reached, failure_count: 0, failure: None, is_stopped: false };
        Self {
            state: Mutex::new(state),
            wake: Condvar::new(),
            progress: watch::Sender::new(progress),
            limits,
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn publish(&self, first: u64, told: Vec<(TenantId, Told)>) {
        let group = Group::new(first, told);
        let mut state = self.lock();
        state.published = state.published.max(group.end());
        if state.size_bytes + group.size_bytes <= self.limits.queue_bytes_max {
            state.size_bytes += group.size_bytes;
            state.groups.push_back(group);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Ends the follower once it has read what is queued.
    pub(super) fn close(&self) {
        self.lock().is_closing = true;
        self.wake.notify_one();
    }

    /// Waits until everything published before the call can be read.
    pub(super) async fn reached_published(&self) -> Result<(), StorageError> {
        let mut progress = self.progress.subscribe();
        let failure_count = progress.borrow_and_update().failure_count;
        let target = {
            let mut state = self.lock();
            let target = state.published;
            if target <= self.progress.borrow().reached {
                return Ok(());
            }
            state.wanted = state.wanted.max(target);
            target
        };
        self.wake.notify_one();
        let settled = progress
            .wait_for(|now| {
                target <= now.reached || now.failure_count != failure_count || now.is_stopped
            })
            .await
            .map_err(|_closed| StorageError::Halted)?;
        match &settled.failure {
            _ if target <= settled.reached => Ok(()),
            Some(failure) => Err(failure.repeated()),
            None => Err(StorageError::Halted),
        }
    }

    /// Waits for something to do for a follower at `position`, at most for `patience`.
    pub(super) fn next(&self, position: u64, patience: Option<Duration>) -> Step {
        let mut state = self.lock();
        loop {
            if let Some(step) = self.step(&mut state, position) {
                return step;
            }
            let Some(patience) = patience else {
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let waited = self.wake.wait_timeout(state, patience);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            if timeout.timed_out() {
                return Step::Flush;
            }
            state = woken;
        }
    }

    fn step(&self, state: &mut State, position: u64) -> Option<Step> {
        let reached = self.progress.borrow().reached;
        if reached < state.wanted && state.wanted <= position {
            return Some(Step::Flush);
        }
        // What the log was read for in the meantime is not needed any more.
        while state.groups.front().is_some_and(|group| group.end() <= position) {
            state.pop();
        }
        match state.groups.front().map(|group| group.first) {
            Some(first) if first <= position => state.pop().map(Step::Take),
            Some(_) | None if state.is_closing => Some(Step::Close),
            Some(first) => Some(Step::ReadLog(first)),
            None if position < state.published => Some(Step::ReadLog(state.published)),
            None => None,
        }
    }

    /// Tells those who wait that everything before `position` can be read.
    pub(super) fn reach(&self, position: u64) {
        self.progress.send_if_modified(|progress| {
            let is_news = progress.reached < position || progress.failure.is_some();
            progress.reached = progress.reached.max(position);
            progress.failure = None;
            is_news
        });
    }

    /// Tells those who wait that nothing more will be reached.
    pub(super) fn stop(&self) {
        self.progress.send_modify(|progress| progress.is_stopped = true);
    }

    /// Tells those who wait that the follower failed, and rests for a while.
    pub(super) fn fail(&self, error: StorageError) {
        self.progress.send_modify(|progress| {
            progress.failure_count += 1;
            progress.failure = Some(Arc::new(error));
        });
        let state = self.lock();
        let resting =
            self.wake.wait_timeout_while(state, self.limits.rest, |state| !state.is_closing);
        drop(resting);
    }
}

impl State {
    fn pop(&mut self) -> Option<Group> {
        let group = self.groups.pop_front()?;
        self.size_bytes -= group.size_bytes;
        Some(group)
    }
}
