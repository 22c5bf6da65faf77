//! The one thread that writes to the tables.
//!
//! It gathers the writes that are queued into one transaction, so that many share one sync,
//! and answers each after the commit. Each write stands in a savepoint of its own: when one
//! is refused, the others are stored all the same. After a failure of the device no further
//! write is taken.

use std::fmt;
use std::thread::JoinHandle;

use acta_storage::{StorageError, group_span};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

use crate::tables::failure::{RETRY_AFTER, failed, is_fatal};

/// Most writes that share one transaction.
const GROUP_MAX: usize = 256;

/// Most writes that wait.
const QUEUE_MAX: usize = 4096;

/// Hands writes to the thread that does them.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn QueuedWrite>>>,
    thread: Option<JoinHandle<()>>,
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
    pub(crate) fn start(connection: Connection) -> Result<Self, StorageError> {
        let (queue, writes) = mpsc::channel(QUEUE_MAX);
        let mut group = Group { connection, is_halted: false };
        let thread = std::thread::Builder::new()
            .name("acta-tables".to_owned())
            .spawn(move || group.serve(writes))
            .map_err(|source| StorageError::Io { act: "starting the tables' thread", source })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Does `act` in a transaction. Durable once `Ok`; undone if `act` returns an error.
    pub(crate) async fn write<F, T>(&self, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        // A caller that went away does not wait for the answer.
        self.enqueue(act, false, move |result| drop(caller.send(result)))?;
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
        self.enqueue(act, true, move |result| drop(caller.send(result)))?;
        answer.await.unwrap_or(Err(StorageError::Halted))
    }

    /// As [`Writer::write`], for callers that may block.
    pub(crate) fn write_blocking<F, T>(&self, act: F) -> Result<T, StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
    {
        let (caller, answer) = std::sync::mpsc::channel();
        self.enqueue(act, false, move |result| drop(caller.send(result)))?;
        answer.recv().unwrap_or(Err(StorageError::Halted))
    }

    fn enqueue<F, T, A>(&self, act: F, is_alone: bool, answer: A) -> Result<(), StorageError>
    where
        F: FnOnce(&Connection) -> Result<T, StorageError> + Send + 'static,
        T: Send + 'static,
        A: FnOnce(Result<T, StorageError>) + Send + 'static,
    {
        let span = Span::current();
        let write = Waiting { act: Some(act), result: None, answer, span, is_alone };
        let queue = self.queue.as_ref().ok_or(StorageError::Halted)?;
        queue.try_send(Box::new(write)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StorageError::Busy { retry_after: RETRY_AFTER },
            mpsc::error::TrySendError::Closed(_) => StorageError::Halted,
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without a sender the thread ends once it has done what is queued.
        self.queue = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the tables had panicked");
        }
    }
}

/// Writes that share a transaction.
struct Group {
    connection: Connection,
    is_halted: bool,
}

impl Group {
    fn serve(&mut self, mut queue: mpsc::Receiver<Box<dyn QueuedWrite>>) {
        while let Some(first) = queue.blocking_recv() {
            let mut next = Some(first);
            let mut writes = Vec::new();
            while let Some(write) = next.take_if(|write| !write.is_alone()) {
                writes.push(write);
                next = (writes.len() < GROUP_MAX).then(|| queue.try_recv().ok()).flatten();
            }
            self.run_together(writes);
            if let Some(alone) = next {
                self.run_alone(alone);
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
            // SQLite undoes the whole transaction by itself when the device fails or is full:
            // then the writes before this one are gone too.
            if self.connection.is_autocommit() || is_fatal(error) {
                return Err(write.take_error().unwrap_or(StorageError::Halted));
            }
            self.execute("ROLLBACK TO one", "undoing a write to the tables")?;
        }
        self.execute("RELEASE one", "writing the tables")
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
