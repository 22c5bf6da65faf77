//! What the writers of all tenants share.

use std::sync::Arc;

use acta_storage::TermHasher;
use tokio::sync::watch;

use super::consistent_through::ConsistentThrough;
use super::meters::Meters;
use super::queue::Queue;
use crate::database::Database;

/// What the writers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) database: Arc<Database>,
    pub(super) hasher: TermHasher,
    pub(super) consistent_through: ConsistentThrough,
    pub(super) meters: Meters,
    /// Tells followers on this node that there is something to read.
    pub(super) appended: watch::Sender<u64>,
    pub(super) queue: Queue,
}
