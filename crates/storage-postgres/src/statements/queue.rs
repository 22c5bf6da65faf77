//! The queue of batches of each tenant.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{Appended, StorageError};
use tokio::sync::oneshot;
use tracing::Span;

use super::encode::EncodedStatement;
use crate::attachments::Staged;

/// Most bytes of text in the queue, for all tenants together.
const WAITING_BYTES_MAX: usize = 64 << 20;

/// Most bytes of text of a group of more than one batch.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// Most statements of a group of more than one batch.
const GROUP_STATEMENTS_MAX: usize = 2_000;

/// Bytes that a statement counts beside its text.
const STATEMENT_BYTES: usize = 320;

/// The retry delay for callers when the queue is full.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// A batch to be stored.
#[derive(Debug)]
pub(super) struct AppendJob {
    pub(super) statements: Vec<EncodedStatement>,
    pub(super) attachments: Vec<Staged>,
    /// The span of the request that brought it.
    pub(super) span: Span,
    /// The waiting caller.
    pub(super) answer: oneshot::Sender<Result<Appended, StorageError>>,
}

impl AppendJob {
    fn bytes(&self) -> usize {
        self.statements.iter().map(|statement| STATEMENT_BYTES + statement.text.len()).sum()
    }

    /// Sends the result, unless the caller was cancelled.
    pub(super) fn answer(self, answer: Result<Appended, StorageError>) {
        let _ = self.answer.send(answer);
    }
}

/// Batches that wait for a transaction.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<QueueState>);

#[derive(Debug, Default)]
struct QueueState {
    /// The batches of each tenant that has a writer.
    waiting: HashMap<TenantId, VecDeque<(usize, AppendJob)>>,
    bytes: usize,
}

/// Whether a writer must be started for the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// The tenant already has a writer.
    Waits,
    /// A writer must be started.
    Begins,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] when too much waits.
    pub(super) fn push(&self, tenant: TenantId, job: AppendJob) -> Result<Pushed, StorageError> {
        let bytes = job.bytes();
        let mut state = self.lock();
        // One batch of each tenant is accepted in any case: it may exceed the limit alone, or
        // others may fill the queue.
        let is_waiting = state.waiting.get(&tenant).is_some_and(|waiting| !waiting.is_empty());
        if WAITING_BYTES_MAX < state.bytes + bytes && is_waiting {
            return Err(StorageError::Busy { retry_after: RETRY_AFTER });
        }
        state.bytes += bytes;
        let pushed =
            if state.waiting.contains_key(&tenant) { Pushed::Waits } else { Pushed::Begins };
        state.waiting.entry(tenant).or_default().push_back((bytes, job));
        Ok(pushed)
    }

    /// Takes the batches of the next transaction. If there are none, the tenant has no writer any
    /// more.
    pub(super) fn take(&self, tenant: TenantId) -> Vec<AppendJob> {
        let mut state = self.lock();
        let mut group = Vec::new();
        let (mut bytes, mut count) = (0, 0);
        let Some(waiting) = state.waiting.get_mut(&tenant) else { return group };
        while let Some((job_bytes, job)) = waiting.front() {
            let is_over = GROUP_BYTES_MAX < bytes + job_bytes
                || GROUP_STATEMENTS_MAX < count + job.statements.len();
            if is_over && !group.is_empty() {
                break;
            }
            bytes += job_bytes;
            count += job.statements.len();
            group.extend(waiting.pop_front().map(|(_, job)| job));
        }
        if group.is_empty() {
            state.waiting.remove(&tenant);
        }
        state.bytes -= bytes;
        group
    }

    /// Drops the batches of a tenant, so that their callers are answered and the next batch starts
    /// a new writer.
    pub(super) fn forget(&self, tenant: TenantId) {
        let mut state = self.lock();
        let waiting = state.waiting.remove(&tenant).unwrap_or_default();
        state.bytes -= waiting.iter().map(|(bytes, _)| bytes).sum::<usize>();
    }

    /// How many batches wait.
    pub(super) fn count(&self) -> usize {
        self.lock().waiting.values().map(VecDeque::len).sum()
    }
}
