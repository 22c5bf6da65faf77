//! The queue of batches of each tenant, in which its requesters take turns.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{Appended, Load, RequesterId, RoundRobin, StorageError};
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
    /// Who of the tenant stores them.
    pub(super) requester: RequesterId,
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
    waiting: HashMap<TenantId, RoundRobin<(usize, AppendJob)>>,
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

impl QueueState {
    /// Makes room for a batch of so many bytes. Returns the batches that are refused for it: those
    /// of the requester of the same tenant that has most.
    fn make_room(
        &mut self,
        tenant: TenantId,
        bytes: usize,
        load: Load,
    ) -> Result<Vec<AppendJob>, StorageError> {
        let mut displaced = Vec::new();
        // One batch of each tenant is accepted in any case: it may exceed the limit alone, or
        // others may fill the queue. So is one that others have left for.
        let Some(waiting) = self.waiting.get_mut(&tenant).filter(|one| !one.is_empty()) else {
            return Ok(displaced);
        };
        while WAITING_BYTES_MAX < self.bytes + bytes
            && let Some((_, (bytes, other))) = waiting.displace(load)
        {
            self.bytes -= bytes;
            displaced.push(other);
        }
        if WAITING_BYTES_MAX < self.bytes + bytes && displaced.is_empty() {
            return Err(StorageError::Busy { retry_after: RETRY_AFTER });
        }
        Ok(displaced)
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch. When too much waits, those are refused for it that wait for a requester of the
    /// tenant that has more.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] when too much waits.
    pub(super) fn push(&self, tenant: TenantId, job: AppendJob) -> Result<Pushed, StorageError> {
        let bytes = job.bytes();
        let cost = u64::try_from(bytes).unwrap_or(u64::MAX);
        let load = Load { requester: job.requester, ..Load::of(cost) };
        let mut state = self.lock();
        let displaced = state.make_room(tenant, bytes, load)?;
        state.bytes += bytes;
        let pushed =
            if state.waiting.contains_key(&tenant) { Pushed::Waits } else { Pushed::Begins };
        state.waiting.entry(tenant).or_default().push(load, (bytes, job));
        drop(state);
        for other in displaced {
            other.answer(Err(StorageError::Busy { retry_after: RETRY_AFTER }));
        }
        Ok(pushed)
    }

    /// Takes the batches of the next transaction. If there are none, the tenant has no writer any
    /// more.
    pub(super) fn take(&self, tenant: TenantId) -> Vec<AppendJob> {
        let mut state = self.lock();
        let mut group = Vec::new();
        let (mut bytes, mut count) = (0, 0);
        let Some(waiting) = state.waiting.get_mut(&tenant) else { return group };
        while let Some((_, (job_bytes, job))) = waiting.peek() {
            let is_over = GROUP_BYTES_MAX < bytes + job_bytes
                || GROUP_STATEMENTS_MAX < count + job.statements.len();
            if is_over && !group.is_empty() {
                break;
            }
            bytes += job_bytes;
            count += job.statements.len();
            group.extend(waiting.pop().map(|(_, (_, job))| job));
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
        state.bytes -= waiting.into_items().map(|(_, (bytes, _))| bytes).sum::<usize>();
    }

    /// How many batches wait.
    pub(super) fn count(&self) -> usize {
        self.lock().waiting.values().map(RoundRobin::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use acta_storage::TermHasher;
    use acta_storage_suite::fixture::Draft;

    use super::*;

    const A: TenantId = TenantId::FIRST;

    fn other() -> TenantId {
        TenantId::new(2).unwrap()
    }

    /// A batch of so many statements that counts so many bytes.
    fn job(count: usize, bytes: usize) -> AppendJob {
        let hasher = TermHasher::new([1; 16]);
        let statement = EncodedStatement::of(&hasher, A, Draft::new(1).build(), [0; 16]);
        let short = EncodedStatement { text: String::new(), ..statement };
        let mut statements = vec![short; count];
        statements[0].text = "x".repeat(bytes - count * STATEMENT_BYTES);
        let (answer, _) = oneshot::channel();
        let attachments = Vec::new();
        let (requester, span) = (RequesterId::Unknown, Span::none());
        let job = AppendJob { statements, attachments, requester, span, answer };
        assert_eq!(job.bytes(), bytes);
        job
    }

    /// The bytes of the batches of the next group.
    fn take(queue: &Queue, tenant: TenantId) -> Vec<usize> {
        queue.take(tenant).iter().map(AppendJob::bytes).collect()
    }

    #[test]
    fn a_group_ends_by_the_bytes_of_its_batches_whatever_their_count() {
        let half = GROUP_BYTES_MAX / 2;
        let small = 2 * STATEMENT_BYTES;
        let table: [(&[usize], &[&[usize]]); 4] = [
            (&[half, half, small], &[&[half, half], &[small]]),
            (&[half, half + 1, small], &[&[half], &[half + 1, small]]),
            // A longer one is stored, alone.
            (&[small, 3 * GROUP_BYTES_MAX, small], &[&[small], &[3 * GROUP_BYTES_MAX], &[small]]),
            (&[small; 100], &[&[small; 100]]),
        ];
        for (batches, groups) in table {
            let queue = Queue::default();
            for bytes in batches {
                queue.push(A, job(1, *bytes)).unwrap();
            }
            for group in groups {
                assert_eq!(take(&queue, A), *group, "{batches:?}");
            }
            assert!(take(&queue, A).is_empty());
            assert_eq!((queue.count(), queue.lock().bytes), (0, 0));
        }
    }

    #[test]
    fn a_group_ends_by_the_statements_of_its_batches() {
        let queue = Queue::default();
        let bytes = GROUP_STATEMENTS_MAX * STATEMENT_BYTES;
        for count in [GROUP_STATEMENTS_MAX - 1, 1, 1] {
            queue.push(A, job(count, bytes)).unwrap();
        }
        assert_eq!(take(&queue, A).len(), 2);
        assert_eq!(take(&queue, A).len(), 1);
    }

    #[test]
    fn a_full_queue_takes_one_batch_of_each_tenant() {
        let queue = Queue::default();
        let is_taken = |tenant, bytes| queue.push(tenant, job(1, bytes)).ok();
        assert_eq!(is_taken(A, WAITING_BYTES_MAX - 1000), Some(Pushed::Begins));
        assert_eq!(is_taken(A, 1000), Some(Pushed::Waits));
        assert_eq!(is_taken(A, 1000), None, "it is full");
        assert_eq!(is_taken(other(), 1000), Some(Pushed::Begins));
        assert_eq!(is_taken(other(), 1000), None, "it is full");
        // The writer of the tenant has taken a batch.
        take(&queue, A);
        assert_eq!(is_taken(other(), 1000), Some(Pushed::Waits));
    }
}
