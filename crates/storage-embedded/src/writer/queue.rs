//! The bounded queue before the writer.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acta_access::TenantId;
use acta_statement_log::dictionary::Codec;
use acta_statement_log::record::EncodedRecord;
use acta_storage::{Appended, StorageError};
use tokio::sync::oneshot;
use tracing::Span;

use crate::attachments::Staged;

/// How long a caller should wait when the queue is full.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Bytes that a statement counts beside its packed text.
const STATEMENT_BYTES: usize = 320;

/// A batch on its way to the writer.
#[derive(Debug)]
pub(crate) struct Job {
    /// The tenant that stores them.
    pub(crate) tenant: TenantId,
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
        let bytes = |record: &EncodedRecord| {
            let received = record.received.as_ref();
            let facts = received.map_or(0, |received| received.entity_facts.heap_bytes());
            STATEMENT_BYTES + record.text_bytes() + facts
        };
        self.statements().iter().map(bytes).sum()
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
    waiting: VecDeque<(usize, Work)>,
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
    pub(crate) fn push(&self, work: Work) -> Result<(), StorageError> {
        let (bytes, count) = (work.bytes(), work.statements().len());
        let mut state = self.lock();
        if state.end.is_some() {
            return Err(StorageError::Halted);
        }
        let is_over = self.limits.bytes < state.bytes + bytes
            || self.limits.statements < state.statements + count;
        // A batch that is too large by itself must pass some time.
        if is_over && !state.waiting.is_empty() && !matches!(work, Work::Exclusive(_)) {
            return Err(StorageError::Busy { retry_after: RETRY_AFTER });
        }
        state.bytes += bytes;
        state.statements += count;
        state.waiting.push_back((bytes, work));
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// Waits for work and takes what is written next; none when the queue has ended and is
    /// empty.
    pub(crate) fn take(&self) -> Option<Taken> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.end.is_some() {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut group, mut group_bytes) = (Vec::new(), 0);
        while let Some((bytes, work)) = state.waiting.pop_front() {
            let is_next = group.is_empty()
                || matches!(work, Work::Batch(_)) && group_bytes + bytes <= self.limits.group_bytes;
            if !is_next {
                state.waiting.push_front((bytes, work));
                break;
            }
            group_bytes += bytes;
            state.bytes -= bytes;
            state.statements -= work.statements().len();
            match work {
                Work::Batch(job) => group.push(job),
                Work::Import(import) => return Some(Taken::Import(import)),
                Work::Exclusive(exclusive) => return Some(Taken::Exclusive(exclusive)),
            }
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
            std::mem::take(&mut state.waiting)
        };
        for (_, work) in waiting {
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
