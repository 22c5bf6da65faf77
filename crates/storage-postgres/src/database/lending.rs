//! Which operation gets the next free connection.

use std::sync::Arc;
use std::time::Duration;

use acta_ambient::Clock;
use acta_storage::{Share, Shares, Weights, current_requester};

/// What an operation is taken to cost before it is known, in microseconds.
const USUAL_COST: u64 = 500;

/// Lends connections to tenants by their weights: one that wants more than there are waits for its
/// own operations, and not others for them.
///
/// What is of no tenant comes first, as all tenants depend on it: leases, the look-up of
/// credentials, whether the node is ready. It has three quarters at most too.
#[derive(Debug)]
pub(super) struct Lending {
    shares: Shares,
    clock: Arc<dyn Clock>,
}

/// The right to a connection. What it costs its tenant is the time until this is dropped.
pub(super) struct Loan {
    share: Share,
    clock: Arc<dyn Clock>,
    since: Duration,
}

impl Lending {
    /// For `count` connections, of which a tenant may have three quarters, so that the others need
    /// not wait until a long operation ends.
    pub(super) fn new(count: usize, weights: &Weights, clock: Arc<dyn Clock>) -> Self {
        let tenant_max = count - count / 4;
        Self { shares: Shares::with_tenant_max(count, tenant_max, weights.clone()), clock }
    }

    /// Waits until the tenant of the present task may have a connection.
    pub(super) async fn lend(&self) -> Loan {
        let tenant = current_requester().tenant;
        let cost = if tenant.is_some() { USUAL_COST } else { 0 };
        let share = self.shares.acquire(tenant, cost).await;
        Loan { share, clock: Arc::clone(&self.clock), since: self.clock.elapsed() }
    }

    /// How many operations wait.
    pub(super) fn waiting_count(&self) -> usize {
        self.shares.waiting_count()
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // What is of no tenant comes first, whatever it has cost.
        if self.share.tenant().is_none() {
            return;
        }
        let time = self.clock.elapsed().saturating_sub(self.since);
        let cost = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.share.charge(cost.saturating_sub(USUAL_COST));
    }
}
