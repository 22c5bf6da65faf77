//! The one thread that writes to the tables.
//!
//! It gathers the writes that are queued into one transaction, so that many share one sync,
//! and answers each after the commit. Tenants share its time, and within a tenant requesters take
//! turns. Each of several writes stands in a
//! savepoint of its own: when one is refused, the others are stored all the same. After a failure
//! of the device no further write is taken.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use acta_access::TenantId;
use acta_storage::{FairQueue, Load, StorageError, Weight, Weights, current_requester, group_span};
use rusqlite::Connection;
use tokio::sync::oneshot;
use tracing::Span;

use crate::tables::failure::{RETRY_AFTER, failed, is_fatal};

/// Most writes that share one transaction.
const GROUP_MAX: usize = 256;

/// Most that the writes of one transaction cost, if there are several: bytes, or what takes as long
/// as to write so many bytes.
const GROUP_COST_MAX: u64 = 2 << 20;

/// Most writes that wait.
const QUEUE_MAX: usize = 4096;

/// Who a write is for, and what it costs: bytes, or what takes as long as to write so many bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriteShare {
    /// The tenant; none for what is of no tenant alone, which together counts as one.
    pub(crate) tenant: Option<TenantId>,
    /// The cost.
    pub(crate) cost: u64,
}

impl WriteShare {
    /// What a write of some rows costs.
    const ROWS_COST: u64 = 4 << 10;

    /// Of no tenant alone.
    pub(crate) const COMMON: Self = Self { tenant: None, cost: Self::ROWS_COST };

    /// Of a tenant that writes so many bytes.
    pub(crate) fn of(tenant: TenantId, bytes: usize) -> Self {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Self { tenant: Some(tenant), cost: Self::ROWS_COST.saturating_add(bytes) }
    }
}

/// Hands writes to the thread that does them.
pub(crate) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

/// Writes that wait.
#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    ready: Condvar,
    weights: Weights,
}

#[derive(Default)]
struct QueueState {
    waiting: FairQueue<Option<TenantId>, Box<dyn QueuedWrite>>,
    is_closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, share: WriteShare, write: Box<dyn QueuedWrite>) -> Result<(), StorageError> {
        let WriteShare { tenant, cost } = share;
        let weight = tenant.map_or(Weight::ONE, |tenant| self.weights.of(tenant));
        let load = Load { cost, weight, requester: current_requester().id };
        let mut state = self.lock();
        if state.is_closed {
            return Err(StorageError::Halted);
        }
        let mut displaced = None;
        if QUEUE_MAX <= state.waiting.len() && state.waiting.has(tenant) {
            // A requester with more that waits is refused instead.
            displaced = state.waiting.displace(tenant, load);
            if displaced.is_none() {
                return Err(StorageError::Busy { retry_after: RETRY_AFTER });
            }
        }
        state.waiting.push(tenant, load, write);
        drop(state);
        self.ready.notify_one();
        if let Some(other) = displaced {
            other.answer(Some(StorageError::Busy { retry_after: RETRY_AFTER }));
        }
        Ok(())
    }

    /// Waits for the writes of the next transaction, or for one that is done alone; none when the
    /// queue is closed and empty.
    fn take(&self) -> Option<Vec<Box<dyn QueuedWrite>>> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.is_closed {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut writes, mut group_cost) = (Vec::new(), 0_u64);
        while let Some((cost, next)) = state.waiting.peek() {
            group_cost = group_cost.saturating_add(cost);
            let is_over = GROUP_COST_MAX < group_cost || GROUP_MAX <= writes.len();
            if !writes.is_empty() && (next.is_alone() || is_over) {
                break;
            }
            let is_alone = next.is_alone();
            writes.extend(state.waiting.pop());
            if is_alone {
                break;
            }
        }
        Some(writes)
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.ready.notify_all();
    }
}

/// Closes the queue when the thread ends, also by a panic: nobody waits for it in vain.
struct CloseAtEnd(Arc<Queue>);

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        self.0.close();
        // Callers are answered when what they wait for is dropped.
        drop(self.0.lock().waiting.drain().collect::<Vec<_>>());
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// A write that waits for its turn, then for the commit.
trait QueuedWrite: Send {
    /// Whether it is done outside of a transaction, alone.
    fn is_alone(&self) -> bool;

    /// The span of the caller.
    fn span(&self) -> &Span;

    /// Does the write and keeps its result.
    fn run(&mut self, connection: &Connection);

    /// Why the write was refused, if it was.
    fn error(&self) -> Option<&StorageError>;

    /// The same, given away.
    fn take_error(&mut self) -> Option<StorageError>;

    /// Gives the kept result to the caller, or `failure` in its place.
    fn answer(self: Box<Self>, failure: Option<StorageError>);
}

struct Waiting<F, T, A> {
    act: Option<F>,
    result: Option<Result<T, StorageError>>,
    answer: A,
    span: Span,
    is_alone: bool,
}

impl<F, T, A> QueuedWrite for Waiting<F, T, A>
where
    F: FnOnce(&Connection) -> Result<T, StorageError> + Send,
    T: Send,
    A: FnOnce(Result<T, StorageError>) + Send,
{
    fn is_alone(&self) -> bool {
        self.is_alone
    }

    fn span(&self) -> &Span {
        &self.span
    }

    fn run(&mut self, connection: &Connection) {
        let act = self.act.take();
        self.result = self.span.in_scope(|| act.map(|act| act(connection)));
    }

    fn error(&self) -> Option<&StorageError> {
        self.result.as_ref()?.as_ref().err()
    }

    fn take_error(&mut self) -> Option<StorageError> {
        self.result.take()?.err()
    }

    fn answer(self: Box<Self>, failure: Option<StorageError>) {
        let result = failure.map(Err).or(self.result).unwrap_or(Err(StorageError::Halted));
        (self.answer)(result);
    }
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(connection: Connection, weights: Weights) -> Result<Self, StorageError> {
        let queue = Arc::new(Queue { weights, ..Queue::default() });
        let of_thread = CloseAtEnd(Arc::clone(&queue));
        let mut group = Group { connection, is_halted: false };
        let thread = std::thread::Builder::new()
            .name("acta-tables".to_owned())
            .spawn(move || group.serve(&of_thread.0))
            .map_err(|source| StorageError::Io { act: "starting the tables' thread", source })?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Does `act` in a transaction. Durable once `Ok`; undone if `act` returns an error.
    pub(crate) async fn write<F, T>(&self, share: WriteShare, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        // A caller that went away does not wait for the answer.
        self.enqueue(share, act, false, move |result| drop(caller.send(result)))?;
        answer.await.unwrap_or(Err(StorageError::Halted))
    }

    /// Does `act` outside of a transaction, with nothing beside it.
    pub(crate) async fn write_alone<F, T>(&self, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        // A caller that went away does not wait for the answer.
        self.enqueue(WriteShare::COMMON, act, true, move |result| drop(caller.send(result)))?;
        answer.await.unwrap_or(Err(StorageError::Halted))
    }

    /// As [`Writer::write`], for callers that may block.
    pub(crate) fn write_blocking<F, T>(&self, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = std::sync::mpsc::channel();
        self.enqueue(WriteShare::COMMON, act, false, move |result| drop(caller.send(result)))?;
        answer.recv().unwrap_or(Err(StorageError::Halted))
    }

    fn enqueue<F, T, A>(
        &self,
        share: WriteShare,
        act: F,
        is_alone: bool,
        answer: A,
    ) -> Result<(), StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
        A: FnOnce(Result<T, StorageError>) + Send + 'static,
    {
        let span = Span::current();
        let write = Waiting { act: Some(act), result: None, answer, span, is_alone };
        self.queue.push(share, Box::new(write))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread ends once it has done what is queued.
        self.queue.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the tables had panicked");
        }
    }
}

/// The error of a write that failed.
fn taken(write: &mut dyn QueuedWrite) -> StorageError {
    write.take_error().unwrap_or(StorageError::Halted)
}

/// Writes that share a transaction.
struct Group {
    connection: Connection,
    is_halted: bool,
}

impl Group {
    fn serve(&mut self, queue: &Queue) {
        while let Some(mut writes) = queue.take() {
            match writes.pop_if(|write| write.is_alone()) {
                Some(alone) => self.run_alone(alone),
                None => self.run_together(writes),
            }
        }
    }

    fn run_together(&mut self, mut writes: Vec<Box<dyn QueuedWrite>>) {
        if writes.is_empty() {
            return;
        }
        let span = group_span("tables", writes.iter().map(|write| write.span()));
        let failure = span.in_scope(|| self.commit(&mut writes)).err();
        for write in writes {
            write.answer(failure.as_ref().map(StorageError::repeated));
        }
    }

    fn run_alone(&mut self, mut write: Box<dyn QueuedWrite>) {
        if self.is_halted {
            return write.answer(Some(StorageError::Halted));
        }
        let span = write.span().clone();
        let _entered = span.enter();
        write.run(&self.connection);
        if let Some(error) = write.error() {
            self.give_up(error);
        }
        let failure = self.is_halted.then_some(StorageError::Halted);
        write.answer(failure);
    }

    /// Does all writes in one transaction. After an error none of them has happened, or, when
    /// it says that the tables have halted, it is unknown.
    fn commit(&mut self, writes: &mut [Box<dyn QueuedWrite>]) -> Result<(), StorageError> {
        if self.is_halted {
            return Err(StorageError::Halted);
        }
        let outcome = self.transact(writes);
        if let Err(error) = &outcome {
            self.give_up(error);
        }
        outcome.map_err(|error| match error {
            // Told in the log; the caller can only wait for the restart.
            StorageError::Io { .. } if self.is_halted => StorageError::Halted,
            StorageError::Io { .. }
            | StorageError::Conflict(_)
            | StorageError::TooMany { .. }
            | StorageError::TooLarge { .. }
            | StorageError::PreconditionFailed
            | StorageError::Busy { .. }
            | StorageError::Unavailable { .. }
            | StorageError::Full
            | StorageError::Corrupt { .. }
            | StorageError::Halted => error,
        })
    }

    fn transact(&mut self, writes: &mut [Box<dyn QueuedWrite>]) -> Result<(), StorageError> {
        self.execute("BEGIN IMMEDIATE", "starting to write the tables")?;
        // A savepoint has a copy made of each page that changes.
        if let [write] = writes {
            write.run(&self.connection);
            return match write.error() {
                Some(error) if self.is_lost(error) => Err(taken(write.as_mut())),
                Some(_) => self.execute("ROLLBACK", "undoing a write to the tables"),
                None => self.execute("COMMIT", "syncing the tables"),
            };
        }
        for write in writes {
            self.run(write.as_mut())?;
        }
        self.execute("COMMIT", "syncing the tables")
    }

    /// Does one write, or undoes it. An error means that the transaction is lost.
    fn run(&self, write: &mut dyn QueuedWrite) -> Result<(), StorageError> {
        self.execute("SAVEPOINT one", "writing the tables")?;
        write.run(&self.connection);
        if let Some(error) = write.error() {
            if self.is_lost(error) {
                return Err(taken(write));
            }
            self.execute("ROLLBACK TO one", "undoing a write to the tables")?;
        }
        self.execute("RELEASE one", "writing the tables")
    }

    /// Whether the transaction is lost after an error of a write: SQLite undoes all of it by itself
    /// when the device fails or is full.
    fn is_lost(&self, error: &StorageError) -> bool {
        self.connection.is_autocommit() || is_fatal(error)
    }

    fn execute(&self, sql: &str, act: &'static str) -> Result<(), StorageError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed(act))?;
        statement.execute([]).map(|_| ()).map_err(failed(act))
    }

    fn give_up(&mut self, error: &StorageError) {
        let is_undone = self.connection.is_autocommit()
            || self.execute("ROLLBACK", "undoing writes to the tables").is_ok();
        if is_fatal(error) || !is_undone {
            self.is_halted = true;
            let cause: &dyn std::error::Error = error;
            tracing::error!(error = cause, "the tables take no more writes: restart to recover");
        }
    }
}

#[cfg(test)]
mod tests {
    use acta_storage::{RequesterId, TaskRequester, for_requester};

    use super::*;

    type Answered = std::sync::mpsc::Receiver<Result<(), StorageError>>;

    /// Queues a write of a requester that nobody does.
    async fn push(queue: &Queue, requester: u128) -> (Result<(), StorageError>, Answered) {
        let (caller, answered) = std::sync::mpsc::channel();
        let write = Waiting {
            act: Some(|_: &Connection| Ok(())),
            result: None,
            answer: move |result| drop(caller.send(result)),
            span: Span::none(),
            is_alone: false,
        };
        let share = WriteShare::of(TenantId::FIRST, 1);
        let pushing = async { queue.push(share, Box::new(write)) };
        let id = RequesterId::Credential(requester);
        let requester = TaskRequester { tenant: Some(TenantId::FIRST), id };
        (for_requester(requester, pushing).await, answered)
    }

    #[tokio::test]
    async fn a_full_queue_refuses_the_requester_with_most() {
        let queue = Queue::default();
        let mut busy = Vec::new();
        for _ in 0..QUEUE_MAX {
            let (pushed, answered) = push(&queue, 1).await;
            pushed.unwrap();
            busy.push(answered);
        }
        assert!(matches!(push(&queue, 1).await.0, Err(StorageError::Busy { .. })));
        let (pushed, other) = push(&queue, 2).await;
        pushed.unwrap();
        assert_eq!(queue.lock().waiting.len(), QUEUE_MAX);
        let newest = busy.pop().unwrap();
        assert!(matches!(newest.try_recv(), Ok(Err(StorageError::Busy { .. }))));
        assert!(busy.iter().all(|one| one.try_recv().is_err()), "these wait");
        assert!(other.try_recv().is_err(), "it waits");
    }
}
