//! The bounded queue before the writer.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_statement_log::dictionary::Codec;
use acta_statement_log::record::EncodedRecord;
use acta_storage::{Appended, FairQueue, Load, RequesterId, StorageError, Weights};
use tokio::sync::oneshot;
use tracing::Span;

use crate::attachments::Staged;

/// How long a caller should wait when the queue is full.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Bytes that a statement counts beside its packed text.
const STATEMENT_BYTES: usize = 320;

/// What the writer does for a term in the time in which it writes so many bytes.
const TERM_COST: usize = 64;

/// What the writer does for a reference to another statement in the time in which it writes so many
/// bytes: it looks the other one up, and those that it refers to.
const TARGET_COST: usize = 8 << 10;

/// What the writer does for an attachment in the time in which it writes so many bytes.
const ATTACHMENT_COST: usize = 64 << 10;

/// A batch on its way to the writer.
#[derive(Debug)]
pub(crate) struct Job {
    /// The tenant that stores them.
    pub(crate) tenant: TenantId,
    /// Who of the tenant stores them.
    pub(crate) requester: RequesterId,
    /// The statements, in order.
    pub(crate) statements: Vec<EncodedRecord>,
    /// How the texts are packed.
    pub(crate) codec: Arc<Codec>,
    /// Attachments that came with them.
    pub(crate) attachments: Vec<Staged>,
    /// The span of the request.
    pub(crate) span: Span,
    /// Where the caller waits for the result.
    pub(crate) answer: Answer,
}

/// Statements of another store on their way to the writer, with sequences and times.
#[derive(Debug)]
pub(crate) struct ImportBatch {
    /// The statements, in order.
    pub(crate) statements: Vec<EncodedRecord>,
    /// How the texts are packed.
    pub(crate) codec: Arc<Codec>,
    /// Where the caller waits for the result.
    pub(crate) answer: oneshot::Sender<Result<(), StorageError>>,
}

/// Where the part of the log ends to which nothing is appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    /// The number of the first segment behind it.
    pub(crate) next: u32,
    /// The position of the first statement behind it.
    pub(crate) end: u64,
}

/// The end of the log, for those who change what stands before it while nothing is written.
pub(crate) trait ExclusiveLog {
    /// Ends the newest segment, unless nothing stands in it, so that nothing is appended any
    /// more to what is there; forgets what was gathered for a dictionary. Returns what begins
    /// there: a run of the index will begin with that position too.
    ///
    /// From now on texts are packed with `codec`, if one is given.
    ///
    /// # Errors
    ///
    /// Nothing can be appended from then on.
    fn seal(&mut self, codec: Option<Arc<Codec>>) -> Result<Sealed, StorageError>;

    /// Appends records of one tenant, as they are but for their places and times.
    ///
    /// # Errors
    ///
    /// As for every append.
    #[cfg(test)]
    fn append_records(&mut self, records: Vec<EncodedRecord>) -> Result<(), StorageError>;
}

/// What is done by the writer between two groups, so that nothing is written meanwhile.
pub(crate) type Act = Box<dyn FnOnce(&mut dyn ExclusiveLog) -> Result<(), StorageError> + Send>;

/// An act on its way to the writer.
pub(crate) struct ExclusiveAct {
    /// What is done. The engine halts if it fails.
    pub(crate) act: Act,
    /// The span of the caller.
    pub(crate) span: Span,
    /// Where the caller waits for the result.
    pub(crate) answer: oneshot::Sender<Result<(), StorageError>>,
}

impl fmt::Debug for ExclusiveAct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExclusiveAct").finish_non_exhaustive()
    }
}

/// What waits for the writer.
#[derive(Debug)]
pub(crate) enum Work {
    /// A batch, to be numbered and stored.
    Batch(Job),
    /// Statements to be stored as they are numbered.
    Import(ImportBatch),
    /// Something to be done while nothing is written.
    Exclusive(ExclusiveAct),
}

/// What the writer does next.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Batches that are written together.
    Group(Vec<Job>),
    /// Statements that are written alone.
    Import(ImportBatch),
    /// Something to be done while nothing is written.
    Exclusive(ExclusiveAct),
}

/// Where the caller of an append waits for the result.
pub(crate) type Answer = oneshot::Sender<Result<Appended, StorageError>>;

impl Job {
    /// Answers with an error.
    pub(crate) fn refuse(self, error: StorageError) {
        // The caller may have gone.
        let _ = self.answer.send(Err(error));
    }

    /// How long the writer is busy with it, as the bytes that it could write in that time.
    fn cost(&self, bytes: usize) -> u64 {
        let entries = || self.statements.iter().map(|record| &record.entry);
        let terms: usize = entries().map(|entry| entry.shared_terms.len()).sum();
        let targets = entries().filter(|entry| entry.target.is_some()).count();
        let cost = bytes
            + TERM_COST * terms
            + TARGET_COST * targets
            + ATTACHMENT_COST * self.attachments.len();
        u64::try_from(cost).unwrap_or(u64::MAX)
    }
}

impl Work {
    fn refuse(self, error: StorageError) {
        match self {
            Self::Batch(job) => job.refuse(error),
            // The caller may have gone.
            Self::Import(import) => drop(import.answer.send(Err(error))),
            Self::Exclusive(exclusive) => drop(exclusive.answer.send(Err(error))),
        }
    }

    fn statements(&self) -> &[EncodedRecord] {
        match self {
            Self::Batch(job) => &job.statements,
            Self::Import(import) => &import.statements,
            Self::Exclusive(_) => &[],
        }
    }

    fn bytes(&self) -> usize {
        bytes_of(self.statements())
    }
}

fn bytes_of(statements: &[EncodedRecord]) -> usize {
    let bytes = |record: &EncodedRecord| {
        let received = record.received.as_ref();
        let facts = received.map_or(0, |received| received.entity_facts.heap_bytes());
        STATEMENT_BYTES + record.text_bytes() + facts
    };
    statements.iter().map(bytes).sum()
}

/// How much may wait, and how much goes into one write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    /// Most bytes that wait.
    pub(crate) bytes: usize,
    /// Most statements that wait.
    pub(crate) statements: usize,
    /// Most that a group of more than one batch costs, in bytes that are written meanwhile.
    pub(crate) group_cost: u64,
}

/// What waits for the writer. Tenants share its time, and within a tenant requesters take turns;
/// what is done alone goes first.
#[derive(Debug)]
pub(crate) struct Queue {
    limits: QueueLimits,
    weights: Weights,
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Debug, Default)]
struct State {
    batches: FairQueue<TenantId, (usize, Job)>,
    alone: VecDeque<Work>,
    bytes: usize,
    statements: usize,
    end: Option<QueueEnd>,
}

/// Why nothing is taken any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QueueEnd {
    Closed,
    Halted,
}

impl State {
    /// Whether so much more is too much.
    fn is_over(&self, limits: &QueueLimits, bytes: usize, statements: usize) -> bool {
        limits.bytes < self.bytes + bytes || limits.statements < self.statements + statements
    }

    /// Makes room for work of so many bytes and statements. Returns the batches that are refused
    /// for it: those of the requester of the same tenant that has most.
    fn make_room(
        &mut self,
        limits: &QueueLimits,
        work: &Work,
        (load, bytes, statements): (Load, usize, usize),
    ) -> Result<Vec<Job>, StorageError> {
        let mut displaced = Vec::new();
        let is_next_of_many = match work {
            Work::Batch(job) => {
                while self.is_over(limits, bytes, statements)
                    && let Some((bytes, other)) = self.batches.displace(job.tenant, load)
                {
                    self.bytes -= bytes;
                    self.statements -= other.statements.len();
                    displaced.push(other);
                }
                // One batch of each tenant passes in any case: it may be too large by itself, or
                // others may fill the queue. So does one that others have left for.
                self.batches.has(job.tenant) && displaced.is_empty()
            }
            Work::Import(_) => !self.alone.is_empty(),
            Work::Exclusive(_) => false,
        };
        if is_next_of_many && self.is_over(limits, bytes, statements) {
            return Err(StorageError::Busy { retry_after: RETRY_AFTER });
        }
        Ok(displaced)
    }
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new(limits: QueueLimits, weights: Weights) -> Self {
        Self { limits, weights, state: Mutex::default(), ready: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a batch costs, for whom.
    fn load_of(&self, work: &Work, bytes: usize) -> Load {
        match work {
            Work::Batch(job) => {
                let (weight, requester) = (self.weights.of(job.tenant), job.requester);
                Load { cost: job.cost(bytes), weight, requester }
            }
            // They do not wait for those of others.
            Work::Import(_) | Work::Exclusive(_) => Load::of(0),
        }
    }

    /// Adds a batch. When too much waits, those are refused for it that wait for a requester of its
    /// tenant that has more.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] when too much waits, [`StorageError::Halted`] after the end.
    pub(crate) fn push(&self, work: Work) -> Result<(), StorageError> {
        let (bytes, count) = (work.bytes(), work.statements().len());
        let load = self.load_of(&work, bytes);
        let mut state = self.lock();
        if state.end.is_some() {
            return Err(StorageError::Halted);
        }
        let displaced = state.make_room(&self.limits, &work, (load, bytes, count))?;
        match work {
            Work::Batch(job) => {
                state.batches.push(job.tenant, load, (bytes, job));
            }
            Work::Import(_) | Work::Exclusive(_) => state.alone.push_back(work),
        }
        state.bytes += bytes;
        state.statements += count;
        drop(state);
        self.ready.notify_one();
        for job in displaced {
            job.refuse(StorageError::Busy { retry_after: RETRY_AFTER });
        }
        Ok(())
    }

    /// Waits for work and takes what is written next; none when the queue has ended and is
    /// empty. A group is short, so that no tenant waits long for what others wrote.
    pub(crate) fn take(&self) -> Option<Taken> {
        let mut state = self.lock();
        while state.batches.is_empty() && state.alone.is_empty() {
            if state.end.is_some() {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(work) = state.alone.pop_front() {
            state.bytes -= work.bytes();
            state.statements -= work.statements().len();
            return Some(match work {
                Work::Batch(job) => Taken::Group(vec![job]),
                Work::Import(import) => Taken::Import(import),
                Work::Exclusive(exclusive) => Taken::Exclusive(exclusive),
            });
        }
        let (mut group, mut group_cost) = (Vec::new(), 0);
        while let Some((cost, _)) = state.batches.peek() {
            group_cost += cost;
            if !group.is_empty() && self.limits.group_cost < group_cost {
                break;
            }
            let Some((bytes, job)) = state.batches.pop() else { break };
            state.bytes -= bytes;
            state.statements -= job.statements.len();
            group.push(job);
        }
        Some(Taken::Group(group))
    }

    /// Takes no more; what waits is still written.
    pub(crate) fn close(&self) {
        self.lock().end.get_or_insert(QueueEnd::Closed);
        self.ready.notify_all();
    }

    /// Takes no more for good, and refuses what waits.
    pub(crate) fn halt(&self) {
        let waiting = {
            let mut state = self.lock();
            state.end = Some(QueueEnd::Halted);
            (state.bytes, state.statements) = (0, 0);
            (state.batches.drain(), std::mem::take(&mut state.alone))
        };
        let (batches, alone) = waiting;
        for (_, job) in batches {
            job.refuse(StorageError::Halted);
        }
        for work in alone {
            work.refuse(StorageError::Halted);
        }
        self.ready.notify_all();
    }

    /// Whether nothing is taken any more.
    pub(crate) fn is_ended(&self) -> bool {
        self.lock().end.is_some()
    }

    /// Whether the engine has halted.
    pub(crate) fn is_halted(&self) -> bool {
        self.lock().end == Some(QueueEnd::Halted)
    }

    /// How many statements wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().statements
    }
}

#[cfg(test)]
mod tests {
    use acta_statement_log::entry::IndexEntry;
    use acta_statement_log::record::Content;

    use super::*;

    const STATEMENTS_MAX: usize = 10;

    fn queue() -> Queue {
        let limits =
            QueueLimits { bytes: usize::MAX, statements: STATEMENTS_MAX, group_cost: u64::MAX };
        Queue::new(limits, Weights::default())
    }

    /// A batch of so many statements, and where its caller waits.
    fn batch(
        requester: u128,
        count: usize,
    ) -> (Work, oneshot::Receiver<Result<Appended, StorageError>>) {
        let record = || {
            let (entry, content) = (IndexEntry::removed(0, 0), Content::Removed);
            EncodedRecord { entry, content, received: None }
        };
        let (answer, appended) = oneshot::channel();
        let job = Job {
            tenant: TenantId::FIRST,
            requester: RequesterId::Credential(requester),
            statements: (0..count).map(|_| record()).collect(),
            codec: Arc::new(Codec::new(&[])),
            attachments: Vec::new(),
            span: Span::none(),
            answer,
        };
        (Work::Batch(job), appended)
    }

    /// The requesters of all that waits, in the order in which it is written.
    fn taken(queue: &Queue) -> Vec<RequesterId> {
        let Some(Taken::Group(jobs)) = queue.take() else { panic!("batches wait") };
        jobs.iter().map(|job| job.requester).collect()
    }

    #[test]
    fn a_full_queue_refuses_the_requester_with_most() {
        let queue = queue();
        let mut busy = Vec::new();
        for _ in 0..5 {
            let (work, appended) = batch(1, 2);
            queue.push(work).unwrap();
            busy.push(appended);
        }
        let (work, _appended) = batch(1, 1);
        assert!(matches!(queue.push(work), Err(StorageError::Busy { .. })));
        let (work, mut other) = batch(2, 3);
        queue.push(work).unwrap();
        assert_eq!(queue.waiting(), 9);
        let mut refused = busy.iter_mut().map(oneshot::Receiver::try_recv);
        assert!(refused.by_ref().take(3).all(|answer| answer.is_err()), "these wait");
        assert!(refused.all(|answer| matches!(answer, Ok(Err(StorageError::Busy { .. })))));
        assert!(other.try_recv().is_err(), "it waits");
        // It has most itself if it had more.
        let (work, _appended) = batch(2, 4);
        assert!(matches!(queue.push(work), Err(StorageError::Busy { .. })));
        assert_eq!(taken(&queue), [1, 2, 1, 1].map(RequesterId::Credential));
        assert_eq!(queue.waiting(), 0);
    }
}
