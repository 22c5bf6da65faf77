//! The bounded queue before the writer.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{Appended, StorageError};
use tokio::sync::oneshot;

use super::dictionary::Codec;
use super::record::Prepared;
use crate::attachments::Staged;

/// How long a caller is told to wait when the queue is full.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Bytes that a statement counts beside its packed text.
const STATEMENT_BYTES: usize = 320;

/// A batch on its way to the writer.
#[derive(Debug)]
pub(crate) struct Job {
    /// Whose.
    pub(crate) tenant: TenantId,
    /// What.
    pub(crate) statements: Vec<Prepared>,
    /// How the texts are packed.
    pub(crate) codec: Arc<Codec>,
    /// What came along.
    pub(crate) attachments: Vec<Staged>,
    /// Who waits.
    pub(crate) answer: Answer,
}

/// Where the one who appended waits for what became of it.
pub(crate) type Answer = oneshot::Sender<Result<Appended, StorageError>>;

impl Job {
    /// Answers with an error.
    pub(crate) fn refuse(self, error: StorageError) {
        // The caller may have gone.
        let _ = self.answer.send(Err(error));
    }

    fn bytes(&self) -> usize {
        self.statements.iter().map(|statement| STATEMENT_BYTES + statement.text.len()).sum()
    }
}

/// How much may wait, and how much goes into one write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    /// Most bytes that wait.
    pub(crate) bytes: usize,
    /// Most statements that wait.
    pub(crate) statements: usize,
    /// Most bytes of a group of more than one batch.
    pub(crate) group_bytes: usize,
}

/// Batches that wait for the writer.
#[derive(Debug)]
pub(crate) struct Queue {
    limits: QueueLimits,
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<(usize, Job)>,
    bytes: usize,
    statements: usize,
    end: Option<End>,
}

/// Why nothing is taken any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Closed,
    Halted,
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self { limits, state: Mutex::default(), ready: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] when too much waits, [`StorageError::Halted`] after the end.
    pub(crate) fn push(&self, job: Job) -> Result<(), StorageError> {
        let (bytes, count) = (job.bytes(), job.statements.len());
        let mut state = self.lock();
        if state.end.is_some() {
            return Err(StorageError::Halted);
        }
        let is_over = self.limits.bytes < state.bytes + bytes
            || self.limits.statements < state.statements + count;
        // A batch that is too large by itself must pass some time.
        if is_over && !state.jobs.is_empty() {
            return Err(StorageError::Busy { retry_after: RETRY_AFTER });
        }
        state.bytes += bytes;
        state.statements += count;
        state.jobs.push_back((bytes, job));
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// Waits for batches and moves those of the next write into `group`, which is empty.
    /// Returns `false` when the queue has ended and is empty.
    pub(crate) fn take(&self, group: &mut Vec<Job>) -> bool {
        let mut state = self.lock();
        while state.jobs.is_empty() {
            if state.end.is_some() {
                return false;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut group_bytes = 0;
        while let Some((bytes, job)) = state.jobs.pop_front() {
            if !group.is_empty() && self.limits.group_bytes < group_bytes + bytes {
                state.jobs.push_front((bytes, job));
                break;
            }
            group_bytes += bytes;
            state.bytes -= bytes;
            state.statements -= job.statements.len();
            group.push(job);
        }
        true
    }

    /// Takes no more; what waits is still written.
    pub(crate) fn close(&self) {
        self.lock().end.get_or_insert(End::Closed);
        self.ready.notify_all();
    }

    /// Takes no more for good, and refuses what waits.
    pub(crate) fn halt(&self) {
        let jobs = {
            let mut state = self.lock();
            state.end = Some(End::Halted);
            (state.bytes, state.statements) = (0, 0);
            std::mem::take(&mut state.jobs)
        };
        for (_, job) in jobs {
            job.refuse(StorageError::Halted);
        }
        self.ready.notify_all();
    }

    /// Whether the engine has halted.
    pub(crate) fn is_halted(&self) -> bool {
        self.lock().end == Some(End::Halted)
    }

    /// How many statements wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().statements
    }
}
