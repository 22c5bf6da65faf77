//! The runtime of followers: readers of the statement log that derive something from it.
//!
//! A [`Follower`] turns records into effects. Everything else is done here for all of them:
//! reading each tenant's log in order, holding the lease so that one node does the work, saving
//! positions together with effects, retrying after failures, isolating panics, pausing,
//! rebuilding and reporting the lag of each one.
//!
//! See [`acta_storage::Feed`] for the guarantees of engines, and `CONTRIBUTING.md` for how to
//! add a follower.

mod entities;
mod follower;
mod status;
mod worker;

use std::sync::Arc;

use acta_storage::{FollowerName, Storage};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use entities::EntityFollower;
pub use follower::Follower;
pub use status::{FollowerStatus, FollowerWork, Progress};
use worker::Worker;

/// The followers that run in a server.
#[derive(Debug)]
pub struct Followers {
    progress: Vec<Arc<Progress>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Followers {
    /// Starts followers on a store, each on a thread of its own, so that their work delays no
    /// request.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, or if no thread can be started.
    pub fn start(storage: &Arc<dyn Storage>, followers: Vec<Box<dyn Follower>>) -> Self {
        let stop = CancellationToken::new();
        let (mut progress, tasks) = (Vec::new(), TaskTracker::new());
        for follower in followers {
            let of_follower = Arc::new(Progress::new(follower.name()));
            progress.push(Arc::clone(&of_follower));
            let worker =
                Worker::new(Arc::clone(storage), follower, Arc::clone(&of_follower), tasks.clone());
            let name = format!("acta-{}", of_follower.status().name);
            let (runtime, token, stop) = (Handle::current(), tasks.token(), stop.clone());
            let follow = move || {
                runtime.block_on(worker.run(stop));
                drop(token);
            };
            let started = std::thread::Builder::new().name(name).spawn(follow);
            assert!(started.is_ok(), "a follower has a thread");
        }
        Self { progress, tasks, stop }
    }

    /// The followers of every server: those whose effects are inside the store.
    pub fn built_in() -> Vec<Box<dyn Follower>> {
        vec![Box::new(EntityFollower::default())]
    }

    /// The names of [`Followers::built_in`].
    pub fn names() -> Vec<FollowerName> {
        Self::built_in().iter().map(|follower| follower.name()).collect()
    }

    /// The status of the followers of this process, in the order in which they were started.
    pub fn statuses(&self) -> Vec<FollowerStatus> {
        self.progress.iter().map(|progress| progress.status()).collect()
    }

    /// Returns a function that reads their status, also after this value was dropped.
    pub fn watch(&self) -> impl Fn() -> Vec<FollowerStatus> + Send + Sync + 'static {
        let progress = self.progress.clone();
        move || progress.iter().map(|progress| progress.status()).collect()
    }

    /// Saves their positions, releases their leases and stops them.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        // Without a call of `stop`, they end as well.
        self.stop.cancel();
    }
}
