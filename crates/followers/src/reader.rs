//! A follower together with its positions: what the runtime runs.

use std::fmt;
use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{FollowerName, FollowerPosition, StorageError};
use async_trait::async_trait;

/// Reads the logs of tenants, and knows how far it has read them.
///
/// The runtime makes one of each [`Follower`](crate::Follower), whose positions are in the store,
/// so that one node runs it at a time. A follower whose data is on each node implements this
/// itself: it keeps its positions with its data, and every node runs it.
#[async_trait]
pub trait LogReader: Send + 'static {
    /// The name of the follower.
    fn name(&self) -> FollowerName;

    /// How much lower the priority of its thread is than that of requests, from 0 to 19.
    fn nice(&self) -> i32 {
        0
    }

    /// Does what has to be done also while it is paused. Called before each round.
    ///
    /// # Errors
    ///
    /// Why that failed. The round begins again after a delay.
    async fn maintain(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    /// Begins a round. Returns whether this node is to do the work.
    ///
    /// # Errors
    ///
    /// As [`LogReader::maintain`].
    async fn begin_round(&mut self) -> Result<bool, StorageError> {
        Ok(true)
    }

    /// The sequence of the last record that needs no more work, where `position` is what the
    /// store says.
    fn reached(&self, position: FollowerPosition) -> u64;

    /// Processes some of the next records of a tenant.
    ///
    /// # Errors
    ///
    /// Why they could not be processed. They come again after a delay, while those of other
    /// tenants are processed.
    async fn read(&mut self, position: FollowerPosition) -> Result<(), StorageError>;

    /// Ends a round, in which all tenants were read if none `has_failed`.
    ///
    /// # Errors
    ///
    /// As [`LogReader::maintain`].
    async fn end_round(&mut self, has_failed: bool) -> Result<(), StorageError>;

    /// Drops its state in memory about a tenant, or about all, after a failure or a panic.
    fn forget(&mut self, _tenant: Option<TenantId>) {}

    /// The shortest pause after a round.
    fn pause_after(&self, _round_took: Duration) -> Duration {
        Duration::ZERO
    }

    /// How soon a round is due although nothing was stored.
    fn next_due(&self) -> Option<Duration> {
        None
    }

    /// Saves what is not saved: it is paused or ends.
    ///
    /// # Errors
    ///
    /// What could not be saved.
    async fn end(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}

/// The positions of a follower on this node, for a follower that every node runs.
pub trait NodePositions: fmt::Debug + Send + Sync {
    /// The name of the follower.
    fn name(&self) -> FollowerName;

    /// The sequence of the last record of a tenant that needs no more work.
    fn reached(&self, tenant: TenantId) -> u64;

    /// Drops what it has derived here of all tenants, so that it is derived again.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`].
    fn rebuild(&self) -> Result<(), StorageError>;
}
