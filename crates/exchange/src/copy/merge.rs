//! The logs of all tenants merged in the order in which statements were stored.
//!
//! A store may have one log for all tenants, so their statements must be imported in the order
//! of their times.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{PageLimits, Storage, StorageError, TransferredStatement};

/// Most statements of a run.
const RUN_COUNT_MAX: usize = 16_384;

/// Most bytes of text of a run of several statements. A few runs are in memory.
const RUN_BYTES_MAX: usize = 24 << 20;

/// Least number of statements of a tenant that are read at a time.
const PAGE_COUNT_MIN: usize = 32;

/// Least number of bytes of a tenant that are read at a time.
const PAGE_BYTES_MIN: usize = 32 << 10;

/// Statements of tenants in the order of their times.
pub(super) type Run = Vec<(TenantId, TransferredStatement)>;

/// Merges the logs of all tenants.
pub(super) struct Merge<'a> {
    from: &'a dyn Storage,
    lanes: Vec<Lane>,
    /// The next statement of each lane: its time and the lane's index. Lanes are in the order of
    /// tenants, so that the order of statements with the same time is always the same.
    heads: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Lanes whose next statement has not been read.
    unread: Vec<usize>,
    /// Only statements that were stored before.
    before: Option<Timestamp>,
    page: PageLimits,
}

/// The log of one tenant.
struct Lane {
    tenant: TenantId,
    after: u64,
    ahead: VecDeque<TransferredStatement>,
}

impl<'a> Merge<'a> {
    /// Reads each tenant's log after the given sequence. Tenants are in order.
    pub(super) fn new(
        from: &'a dyn Storage,
        places: Vec<(TenantId, u64)>,
        before: Option<Timestamp>,
    ) -> Self {
        let count = places.len().max(1);
        let page = PageLimits {
            count_max: (RUN_COUNT_MAX / count).max(PAGE_COUNT_MIN),
            bytes_max: (RUN_BYTES_MAX / count).max(PAGE_BYTES_MIN),
        };
        let lane = |(tenant, after)| Lane { tenant, after, ahead: VecDeque::new() };
        let lanes: Vec<Lane> = places.into_iter().map(lane).collect();
        let unread = (0..lanes.len()).collect();
        Self { from, lanes, heads: BinaryHeap::new(), unread, before, page }
    }

    /// The next statements; empty at the end.
    pub(super) async fn next_run(&mut self) -> Result<Run, StorageError> {
        let mut run = Run::new();
        let mut text_bytes = 0;
        while run.len() < RUN_COUNT_MAX && text_bytes < RUN_BYTES_MAX {
            self.read_on().await?;
            let Some(Reverse((_, index))) = self.heads.pop() else { break };
            let Some(lane) = self.lanes.get_mut(index) else { break };
            let Some(next) = lane.ahead.pop_front() else { break };
            text_bytes += next.text.text.len();
            lane.after = next.sequence;
            run.push((lane.tenant, next));
            match lane.ahead.front() {
                Some(head) => self.heads.push(Reverse((head.stored, index))),
                None => self.unread.push(index),
            }
        }
        Ok(run)
    }

    /// Reads the next statement of every lane.
    async fn read_on(&mut self) -> Result<(), StorageError> {
        while let Some(index) = self.unread.pop() {
            let Some(lane) = self.lanes.get_mut(index) else { continue };
            let page = self.from.read_statements(lane.tenant, lane.after, self.page).await?;
            let is_wanted =
                |one: &TransferredStatement| self.before.is_none_or(|before| one.stored < before);
            lane.ahead = page.into_iter().take_while(is_wanted).collect();
            if let Some(head) = lane.ahead.front() {
                self.heads.push(Reverse((head.stored, index)));
            }
        }
        Ok(())
    }
}
