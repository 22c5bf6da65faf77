//! The runtime of followers: readers of the statement log that derive something from it.
//!
//! A [`Follower`] says what it makes of records. Everything else is done here, once for all
//! of them: reading each tenant's log in order, holding the lease so that one node does the
//! work, saving positions together with effects, resting after failures, isolating panics,
//! pausing, starting anew and telling how far behind each one is.
//!
//! See [`acta_storage::Feed`] for what engines promise, and `CONTRIBUTING.md` for how another
//! follower is added.

mod entities;
mod status;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{FeedRecord, FollowerName, Storage, StorageError, StoreEffects};
use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use entities::EntityFollower;
use status::Progress;
pub use status::{FollowerStatus, FollowerWork};
use worker::Worker;

/// How long a follower may take to save its position and leave its lease at the end.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Derives something from the statement log.
#[async_trait]
pub trait Follower: Send + Sync + 'static {
    /// The name under which its positions are kept. Never changes.
    fn name(&self) -> FollowerName;

    /// Takes records of a tenant, in order, behind those it has taken before, and returns what
    /// changes in the store together with its position.
    ///
    /// What it changes outside of the store it does here, before the position is saved: so it
    /// may be given the same records again, and must then do nothing twice. Records that begin
    /// with sequence 1 start a tenant anew: what it has made of that tenant before is to be
    /// replaced.
    ///
    /// # Errors
    ///
    /// Why the records could not be taken. They are given again after a rest.
    async fn apply(
        &mut self,
        tenant: TenantId,
        records: &[FeedRecord],
    ) -> Result<StoreEffects, StorageError>;

    /// Forgets what it remembers of records taken: they may not have been saved, or another
    /// node has gone on from there.
    fn forget(&mut self);
}

/// The followers that run beside a server.
#[derive(Debug)]
pub struct Followers {
    progress: Vec<Arc<Progress>>,
    tasks: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Followers {
    /// Starts followers on a store, each in a task of its own.
    pub fn start(storage: &Arc<dyn Storage>, followers: Vec<Box<dyn Follower>>) -> Self {
        let stop = CancellationToken::new();
        let (mut progress, mut tasks) = (Vec::new(), Vec::new());
        for follower in followers {
            let of_follower = Arc::new(Progress::new(follower.name()));
            progress.push(Arc::clone(&of_follower));
            let worker = Worker::new(Arc::clone(storage), follower, of_follower);
            tasks.push(tokio::spawn(worker.run(stop.clone())));
        }
        Self { progress, tasks, stop }
    }

    /// The followers of every server: those whose effects are inside the store.
    pub fn built_in() -> Vec<Box<dyn Follower>> {
        vec![Box::new(EntityFollower::default())]
    }

    /// How the followers of this process are doing, in the order in which they were started.
    pub fn statuses(&self) -> Vec<FollowerStatus> {
        self.progress.iter().map(|progress| progress.status()).collect()
    }

    /// Tells how they are doing, also after this value has gone.
    pub fn watch(&self) -> impl Fn() -> Vec<FollowerStatus> + Send + Sync + 'static {
        let progress = self.progress.clone();
        move || progress.iter().map(|progress| progress.status()).collect()
    }

    /// Saves how far they have come, leaves their work to other nodes, and ends them.
    pub async fn stop(mut self) {
        self.stop.cancel();
        for task in std::mem::take(&mut self.tasks) {
            if task.await.is_err() {
                tracing::error!("a follower had panicked while it ended");
            }
        }
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        // Who does not wait for them leaves nothing running.
        self.stop.cancel();
    }
}
