//! Permits that tenants share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use tokio::sync::oneshot;

use super::fair_queue::FairQueue;
use super::requesters::{RequesterId, current_requester};
use super::weights::{Load, Weight, Weights};

/// A number of permits. A caller that finds none waits, and those that wait get them by
/// [`FairQueue`]: no tenant waits for all that another one wants, and no requester of a tenant for
/// all that another one of it wants. What is of no tenant counts as one tenant.
#[derive(Clone)]
pub struct Shares {
    state: Arc<Mutex<State>>,
    weights: Weights,
}

struct State {
    free: usize,
    /// Most permits of one tenant at a time.
    tenant_max: usize,
    held: HashMap<Option<TenantId>, usize>,
    waiting: FairQueue<Option<TenantId>, (Option<TenantId>, oneshot::Sender<Share>)>,
}

/// A caller that waits for a permit. If it goes away, nothing of it is left.
struct Waiter<'a> {
    shares: &'a Shares,
    tenant: Option<TenantId>,
    requester: RequesterId,
    ticket: u64,
    receiver: oneshot::Receiver<Share>,
}

/// A permit of [`Shares`]. It is given back when this is dropped.
pub struct Share {
    /// Where it goes back to.
    shares: Option<Shares>,
    tenant: Option<TenantId>,
}

impl fmt::Debug for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Shares")
            .field("free", &state.free)
            .field("waiting", &state.waiting.len())
            .finish()
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl Shares {
    /// So many permits, all of which one tenant may hold.
    pub fn new(count: usize, weights: Weights) -> Self {
        Self::with_tenant_max(count, count, weights)
    }

    /// So many permits, of which one tenant may hold `tenant_max`: for work that may take long, so
    /// that others need not wait until it ends.
    pub fn with_tenant_max(count: usize, tenant_max: usize, weights: Weights) -> Self {
        let (held, waiting) = (HashMap::new(), FairQueue::default());
        let tenant_max = tenant_max.max(1);
        let state = State { free: count, tenant_max, held, waiting };
        Self { state: Arc::new(Mutex::new(state)), weights }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a permit for work of this cost, in any unit that all use, for the requester of the
    /// present task.
    pub async fn acquire(&self, tenant: impl Into<Option<TenantId>>, cost: u64) -> Share {
        let tenant = tenant.into();
        let load = self.load(tenant, cost);
        let mut waiter = {
            let mut state = self.lock();
            // Those that wait while a permit is free have as many as they may.
            if state.free != 0 && state.may_hold(tenant) {
                state.hold(tenant);
                state.waiting.pass(tenant, load);
                return self.share(tenant);
            }
            let (sender, receiver) = oneshot::channel();
            let ticket = state.waiting.push(tenant, load, (tenant, sender));
            Waiter { shares: self, tenant, requester: load.requester, ticket, receiver }
        };
        // The sender is only dropped with the queue, and that lives as long as `self`.
        (&mut waiter.receiver).await.unwrap_or(Share { shares: None, tenant })
    }

    /// How many callers wait for a permit.
    pub fn waiting_count(&self) -> usize {
        self.lock().waiting.len()
    }

    fn load(&self, tenant: Option<TenantId>, cost: u64) -> Load {
        let weight = tenant.map_or(Weight::ONE, |tenant| self.weights.of(tenant));
        Load { cost, weight, requester: current_requester().id }
    }

    fn share(&self, tenant: Option<TenantId>) -> Share {
        Share { shares: Some(self.clone()), tenant }
    }

    /// Takes a permit back, and gives those that are free to those that wait.
    fn release(&self, tenant: Option<TenantId>) {
        self.lock().release(tenant);
        loop {
            let next = self.lock().next();
            let Some((tenant, sender)) = next else { return };
            if let Err(mut share) = sender.send(self.share(tenant)) {
                // The caller that waited has gone: it goes to the next one.
                share.shares = None;
                self.lock().release(tenant);
            }
        }
    }
}

impl State {
    fn may_hold(&self, tenant: Option<TenantId>) -> bool {
        self.held.get(&tenant).is_none_or(|held| *held < self.tenant_max)
    }

    fn hold(&mut self, tenant: Option<TenantId>) {
        self.free -= 1;
        *self.held.entry(tenant).or_default() += 1;
    }

    fn release(&mut self, tenant: Option<TenantId>) {
        self.free += 1;
        if let Entry::Occupied(mut held) = self.held.entry(tenant) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }

    /// The caller that gets a free permit, which it holds from now on.
    fn next(&mut self) -> Option<(Option<TenantId>, oneshot::Sender<Share>)> {
        if self.free == 0 {
            return None;
        }
        let Self { waiting, held, tenant_max, .. } = self;
        let may_hold = |tenant| held.get(&tenant).is_none_or(|held| *held < *tenant_max);
        let (tenant, sender) = waiting.pop_if(may_hold)?;
        self.hold(tenant);
        Some((tenant, sender))
    }
}

impl Share {
    /// The tenant that has it; `None` for what is of no tenant.
    pub const fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }

    /// Counts more work of the tenant than was said when this was acquired.
    pub fn charge(&self, cost: u64) {
        if let Some(shares) = &self.shares {
            let load = shares.load(self.tenant, cost);
            shares.lock().waiting.charge(self.tenant, load);
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        // It does not wait any more if it was given a permit.
        let removed = self.shares.lock().waiting.remove(self.tenant, self.requester, self.ticket);
        drop(removed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(shares) = self.shares.take() {
            shares.release(self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::num::NonZeroU64;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::work::requesters::{TaskRequester, for_requester};

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn take(shares: &Shares, tenant: TenantId) -> Option<Share> {
        match poll(pin!(shares.acquire(tenant, 1))) {
            Poll::Ready(share) => Some(share),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_permit_is_given_to_the_tenant_that_used_least() {
        let (busy, other) = (TenantId::FIRST, TenantId::new(2).unwrap());
        let shares = Shares::new(1, Weights::default());
        let first = take(&shares, busy).unwrap();
        let (mut second, mut third) =
            (Box::pin(shares.acquire(busy, 1)), Box::pin(shares.acquire(other, 1)));
        assert!(poll(second.as_mut()).is_pending());
        assert!(poll(third.as_mut()).is_pending());
        drop(first);
        assert!(poll(second.as_mut()).is_pending());
        let Poll::Ready(share) = poll(third.as_mut()) else { panic!("the other tenant is next") };
        drop(share);
        assert!(poll(second.as_mut()).is_ready());
    }

    /// Gives a permit back, if it has been given. Returns the tenant that had it.
    fn give_back(given: Poll<Share>) -> Option<TenantId> {
        match given {
            Poll::Ready(share) => share.tenant,
            Poll::Pending => None,
        }
    }

    /// The tenants that get the next `count` permits, each of which is given back at once, while
    /// both always want one.
    fn next_tenants(shares: &Shares, both: [TenantId; 2], count: usize) -> Vec<TenantId> {
        let held = take(shares, both[1]).unwrap();
        let wanted = std::iter::repeat_n(both, 2 * count).flatten();
        let mut waiting: Vec<_> =
            wanted.map(|tenant| Box::pin(shares.acquire(tenant, 10))).collect();
        assert!(waiting.iter_mut().all(|one| poll(one.as_mut()).is_pending()));
        drop(held);
        let next = || {
            let mut all = waiting.iter_mut().enumerate();
            let (index, tenant) =
                all.find_map(|(index, one)| Some((index, give_back(poll(one.as_mut()))?)))?;
            drop(waiting.remove(index));
            Some(tenant)
        };
        std::iter::from_fn(next).take(count).collect()
    }

    #[test]
    fn permits_are_given_by_weight_from_the_moment_it_is_set() {
        let both = [TenantId::FIRST, TenantId::new(2).unwrap()];
        let weights = Weights::default();
        let shares = Shares::new(1, weights.clone());
        let count = || {
            let next = next_tenants(&shares, both, 50);
            next.iter().filter(|tenant| **tenant == both[0]).count()
        };
        assert!((24..=26).contains(&count()));
        weights.set(both[0], Weight::try_from(NonZeroU64::new(4).unwrap()).unwrap());
        assert!((39..=41).contains(&count()));
    }

    #[test]
    fn a_tenant_leaves_permits_to_others() {
        let (busy, other) = (TenantId::FIRST, TenantId::new(2).unwrap());
        let shares = Shares::with_tenant_max(2, 1, Weights::default());
        let first = take(&shares, busy).unwrap();
        let mut second = Box::pin(shares.acquire(busy, 1));
        assert!(poll(second.as_mut()).is_pending());
        let third = take(&shares, other).unwrap();
        drop(third);
        assert!(poll(second.as_mut()).is_pending());
        drop(first);
        assert!(poll(second.as_mut()).is_ready());
        assert!(take(&shares, other).is_some());
    }

    #[test]
    fn a_waiter_that_goes_away_takes_no_permit_along() {
        let shares = Shares::new(1, Weights::default());
        let first = take(&shares, TenantId::FIRST).unwrap();
        // Neither one that still waits, nor one that was given the permit and did not see it.
        assert!(take(&shares, TenantId::FIRST).is_none());
        let mut given = Box::pin(shares.acquire(TenantId::FIRST, 1));
        assert!(poll(given.as_mut()).is_pending());
        drop(first);
        drop(given);
        assert!(take(&shares, TenantId::FIRST).is_some());
    }

    /// Waits for a permit as a requester.
    async fn acquire_for(shares: &Shares, requester: u128) -> Share {
        let acquiring = shares.acquire(TenantId::FIRST, 10);
        let id = RequesterId::Credential(requester);
        for_requester(TaskRequester { tenant: Some(TenantId::FIRST), id }, acquiring).await
    }

    #[test]
    fn a_permit_is_given_to_the_requesters_of_a_tenant_in_turn() {
        let shares = Shares::new(1, Weights::default());
        let mut first = take(&shares, TenantId::FIRST);
        let mut waiting: Vec<_> = [1, 1, 1, 2, 1, 2, 3]
            .map(|requester| (requester, Box::pin(acquire_for(&shares, requester))))
            .into();
        assert!(waiting.iter_mut().all(|(_, one)| poll(one.as_mut()).is_pending()));
        let mut order = Vec::new();
        while first.take().is_some() && !waiting.is_empty() {
            let is_given = |(_, share): &(usize, Poll<Share>)| share.is_ready();
            let mut polled = waiting.iter_mut().map(|(_, one)| poll(one.as_mut())).enumerate();
            let Some((index, Poll::Ready(share))) = polled.find(is_given) else {
                panic!("a permit was kept back");
            };
            order.push(waiting.remove(index).0);
            first = Some(share);
        }
        assert_eq!(order, [1, 2, 3, 1, 2, 1, 1]);
    }

    #[test]
    fn what_is_of_no_tenant_shares_as_one() {
        let shares = Shares::new(1, Weights::default());
        let first = take(&shares, TenantId::FIRST).unwrap();
        let mut second = Box::pin(shares.acquire(TenantId::FIRST, 1));
        let mut third = Box::pin(shares.acquire(None, 1));
        assert!(poll(second.as_mut()).is_pending());
        assert!(poll(third.as_mut()).is_pending());
        drop(first);
        assert!(poll(third.as_mut()).is_ready());
        assert!(poll(second.as_mut()).is_ready());
    }

    #[test]
    fn callers_that_go_away_leave_no_entry_and_others_get_their_turn() {
        let shares = Shares::new(1, Weights::default());
        let first = take(&shares, TenantId::FIRST).unwrap();
        let mut gone: Vec<_> =
            (0..100).map(|number| Box::pin(acquire_for(&shares, number % 7))).collect();
        assert!(gone.iter_mut().all(|one| poll(one.as_mut()).is_pending()));
        let mut last = Box::pin(acquire_for(&shares, 8));
        assert!(poll(last.as_mut()).is_pending());
        assert_eq!(shares.lock().waiting.len(), 101);
        drop(gone);
        assert_eq!(shares.lock().waiting.len(), 1);
        drop(first);
        assert!(poll(last.as_mut()).is_ready());
        drop(last);
        let state = shares.lock();
        assert!(state.waiting.is_empty() && state.held.is_empty());
        assert_eq!(state.free, 1);
    }
}
