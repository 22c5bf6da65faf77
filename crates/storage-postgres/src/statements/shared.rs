//! The state that the writers of all tenants share.

use std::sync::Arc;

use acta_ambient::LeadWatch;
use acta_storage::TermHasher;
use tokio::sync::watch;

use super::consistent_through::ConsistentThrough;
use super::meters::Meters;
use super::queue::Queue;
use crate::database::Database;

/// The state that all writers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) database: Arc<Database>,
    pub(super) hasher: TermHasher,
    pub(super) consistent_through: ConsistentThrough,
    pub(super) meters: Meters,
    /// How far the latest `stored` of any tenant is ahead of the clock.
    pub(super) stored_lead: LeadWatch,
    /// Notifies followers on this node of new statements.
    pub(super) appended: watch::Sender<u64>,
    pub(super) queue: Queue,
}
