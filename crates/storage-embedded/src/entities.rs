//! The follower of the log that knows activities and persons.
//!
//! Reads, in the order of the log, what statements tell, and keeps the merged definitions of
//! activities and the names of persons in the tables, together with its position in the log,
//! in one transaction. So whatever happens, each statement counts once.
//!
//! # Protocol with the engine
//!
//! A *position* is a statement's place among all statements of the store, from 0. The
//! follower's position is that of the next statement that it has not read.
//!
//! 1. Beside a request, before the log's writer: [`Told::of`] picks out of a parsed statement
//!    what it tells.
//! 2. When the log and the index are open: [`EntityFollower::start`] with the position behind
//!    the last durable statement, and with a [`ToldSource`] that reads the log again. The
//!    follower then reads whatever it has not seen by itself; nothing need be fed to it.
//! 3. In the log's writer, after a group is synced and in the index but *before* its callers
//!    are answered: [`EntityFollower::publish`] with what the group's new statements tell,
//!    in order, groups in order. It never waits: when the follower is far behind, what it is
//!    given is dropped, and it reads the log in its place.
//! 4. Reads by [`EntityStore`](acta_storage::EntityStore) wait until the follower has passed
//!    everything published before they began.
//! 5. The follower is dropped before the log's reader and the tables; it then saves its
//!    position. The source must not own the follower.
//!
//! The usual statement says of an activity what the one before said. Such statements cost a
//! look into a bounded cache of hashes and never reach the tables.

mod cache;
mod queue;
mod told;
mod worker;

use std::fmt::Debug;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, Entropy};
use acta_storage::{EntityStore, Person, StorageError};
use acta_xapi::{ActivityId, Ifi};
use async_trait::async_trait;

use crate::tables::{Tables, is_of_row};
use queue::Queue;
pub(crate) use told::Told;
use worker::Worker;

/// Reads the log again, for a follower that was not given everything.
pub(crate) trait ToldSource: Debug + Send + Sync {
    /// What the statements from position `from` on tell, in order: at most `count_max` of
    /// them, at least one if the log has any there.
    ///
    /// Only asked for positions that were published or lie before the start's end.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`].
    fn read_told(&self, from: u64, count_max: usize)
    -> Result<Vec<(TenantId, Told)>, StorageError>;
}

/// Where the follower gets time and chance from.
#[derive(Clone, Debug)]
pub(crate) struct Ambient {
    /// Tells how long changes have waited.
    pub(crate) clock: Arc<dyn Clock>,
    /// Gives the key of the hashes in the cache.
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// What bounds a follower.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Most memory of what waits, in bytes; beyond it, the log is read again instead.
    queue_bytes_max: usize,
    /// The position is saved at the latest after this, also when nothing else changed.
    save_after: Duration,
    /// How long to rest after a failure.
    rest: Duration,
}

const LIMITS: Limits = Limits {
    queue_bytes_max: 16 << 20,
    save_after: Duration::from_secs(1),
    rest: Duration::from_secs(1),
};

/// Knows activities and persons; see the module for its protocol.
#[derive(Debug)]
pub(crate) struct EntityFollower {
    tables: Arc<Tables>,
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl EntityFollower {
    /// Starts the follower's thread, which reads the log from where it last was up to `end`,
    /// the position behind the last durable statement.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`], [`StorageError::Full`] or [`StorageError::Io`] when its
    /// position cannot be read or its thread not be started.
    pub(crate) fn start(
        tables: Arc<Tables>,
        log: Arc<dyn ToldSource>,
        end: u64,
        ambient: &Ambient,
    ) -> Result<Self, StorageError> {
        Self::start_bounded((tables, log), end, ambient, LIMITS)
    }

    fn start_bounded(
        (tables, log): (Arc<Tables>, Arc<dyn ToldSource>),
        end: u64,
        ambient: &Ambient,
        limits: Limits,
    ) -> Result<Self, StorageError> {
        let mut position = match tables.entity_position() {
            Err(error) if is_of_row(&error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(error = cause, "making activities and persons anew");
                tables.forget_entities()?;
                0
            }
            position => position?,
        };
        if end < position {
            tracing::warn!(
                log.end = end,
                follower.position = position,
                "activities and persons are ahead of the log: making them anew"
            );
            tables.forget_entities()?;
            position = 0;
        }
        let queue = Arc::new(Queue::new((position, end), limits));
        let worker =
            Worker::new(Arc::clone(&queue), Arc::clone(&tables), log, (position, ambient))?;
        let thread = std::thread::Builder::new()
            .name("acta-entities".to_owned())
            .spawn(move || worker.run())
            .map_err(|source| StorageError::Io { act: "starting a follower's thread", source })?;
        Ok(Self { tables, queue, thread: Some(thread) })
    }

    /// Waits until everything published before the call can be read.
    ///
    /// # Errors
    ///
    /// Why the follower cannot go on.
    pub(crate) async fn catch_up(&self) -> Result<(), StorageError> {
        self.queue.reached_published().await
    }

    /// Takes what a group of statements tells that became durable: the first is at position
    /// `first`, the others follow without gaps. Returns at once.
    pub(crate) fn publish(&self, first: u64, told: Vec<(TenantId, Told)>) {
        self.queue.publish(first, told);
    }
}

impl Drop for EntityFollower {
    fn drop(&mut self) {
        self.queue.close();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that follows activities and persons had panicked");
        }
    }
}

#[async_trait]
impl EntityStore for EntityFollower {
    async fn find_definition(
        &self,
        tenant: TenantId,
        activity: &ActivityId,
    ) -> Result<Option<String>, StorageError> {
        self.queue.reached_published().await?;
        self.tables.find_definition(tenant, activity).await
    }

    async fn find_person(&self, tenant: TenantId, ifi: &Ifi) -> Result<Person, StorageError> {
        self.queue.reached_published().await?;
        self.tables.find_person(tenant, ifi).await
    }
}

#[cfg(test)]
mod tests;
