//! The runtime of followers: readers of the statement log that derive something from it.
//!
//! A [`Follower`] turns records into effects. Everything else is done here for all of them:
//! reading each tenant's log in order, holding the lease so that one node does the work, saving
//! positions together with effects, retrying after failures, isolating panics, pausing,
//! rebuilding and reporting the lag of each one. A follower that keeps its positions with its data
//! on each node is a [`LogReader`]: it reads the log by itself, and the rest is the same.
//!
//! See [`acta_storage::Feed`] for the guarantees of engines, and `CONTRIBUTING.md` for how to
//! add a follower.

mod entities;
mod follower;
mod reader;
mod runner;
mod status;
mod store_reader;

use std::sync::Arc;

use acta_storage::{FollowerName, Storage};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use entities::EntityFollower;
pub use follower::Follower;
pub use reader::{LogReader, NodePositions};
use runner::Runner;
use status::Progress;
pub use status::{FollowerStatus, FollowerWatch, FollowerWork};
use store_reader::StoreReader;

/// The followers that run in a server.
#[derive(Debug, Default)]
pub struct Followers {
    watch: FollowerWatch,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Followers {
    /// The followers of servers. Only [`FollowerName::ENTITIES`] has its positions in the store.
    pub const NAMES: [FollowerName; 3] =
        [FollowerName::ENTITIES, FollowerName::FACTS, FollowerName::PROOF];

    /// Starts followers on a store, each on a thread of its own, so that their work delays no
    /// request.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, or if no thread can be started.
    pub fn start(storage: &Arc<dyn Storage>, followers: Vec<Box<dyn Follower>>) -> Self {
        let mut started = Self::default();
        for follower in followers {
            let reader = StoreReader::new(Arc::clone(storage), follower, started.tasks.clone());
            started.add(storage, Box::new(reader));
        }
        started
    }

    /// Starts one more.
    ///
    /// # Panics
    ///
    /// As [`Followers::start`].
    pub fn add(&mut self, storage: &Arc<dyn Storage>, reader: Box<dyn LogReader>) {
        let name = reader.name();
        let progress = Arc::new(Progress::new(name));
        self.watch.0.push(Arc::clone(&progress));
        let runner = Runner::new(Arc::clone(storage), reader, progress);
        let (runtime, token, stop) = (Handle::current(), self.tasks.token(), self.stop.clone());
        let follow = move || {
            runtime.block_on(runner.run(stop));
            drop(token);
        };
        let started = std::thread::Builder::new().name(format!("acta-{name}")).spawn(follow);
        assert!(started.is_ok(), "a follower has a thread");
    }

    /// The followers of every server whose effects are inside the store.
    pub fn built_in() -> Vec<Box<dyn Follower>> {
        vec![Box::new(EntityFollower::default())]
    }

    /// The status of the followers of this process, in the order in which they were started.
    pub fn statuses(&self) -> Vec<FollowerStatus> {
        self.watch.statuses()
    }

    /// Reads their status, also after this value was dropped.
    pub fn watch(&self) -> FollowerWatch {
        self.watch.clone()
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
