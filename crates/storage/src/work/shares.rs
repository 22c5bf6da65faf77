//! Permits that tenants share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use acta_access::TenantId;
use tokio::sync::oneshot;

use super::fair_queue::FairQueue;

/// A number of permits. A caller that finds none waits, and those that wait get them by
/// [`FairQueue`]: no tenant waits for all that another one wants.
#[derive(Clone)]
pub struct Shares {
    state: Arc<Mutex<State>>,
}

struct State {
    free: usize,
    /// Most permits of one tenant at a time.
    tenant_max: usize,
    held: HashMap<TenantId, usize>,
    waiting: FairQueue<TenantId, (TenantId, oneshot::Sender<Share>)>,
}

/// A permit of [`Shares`]. It is given back when this is dropped.
pub struct Share {
    /// Where it goes back to.
    shares: Option<Shares>,
    tenant: TenantId,
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
    pub fn new(count: usize) -> Self {
        Self::with_tenant_max(count, count)
    }

    /// So many permits, of which one tenant may hold `tenant_max`: for work that may take long, so
    /// that others need not wait until it ends.
    pub fn with_tenant_max(count: usize, tenant_max: usize) -> Self {
        let (held, waiting) = (HashMap::new(), FairQueue::default());
        let tenant_max = tenant_max.max(1);
        Self { state: Arc::new(Mutex::new(State { free: count, tenant_max, held, waiting })) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a permit for work of this cost, in any unit that all use.
    pub async fn acquire(&self, tenant: TenantId, cost: u64) -> Share {
        let receiver = {
            let mut state = self.lock();
            // Those that wait while a permit is free have as many as they may.
            if state.free != 0 && state.may_hold(tenant) {
                state.hold(tenant);
                state.waiting.pass(tenant, cost);
                return self.share(tenant);
            }
            let (sender, receiver) = oneshot::channel();
            state.waiting.push(tenant, cost, (tenant, sender));
            receiver
        };
        // The sender is only dropped with the queue, and that lives as long as `self`.
        receiver.await.unwrap_or(Share { shares: None, tenant })
    }

    fn share(&self, tenant: TenantId) -> Share {
        Share { shares: Some(self.clone()), tenant }
    }

    /// Takes a permit back, and gives those that are free to those that wait.
    fn release(&self, tenant: TenantId) {
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
    fn may_hold(&self, tenant: TenantId) -> bool {
        self.held.get(&tenant).is_none_or(|held| *held < self.tenant_max)
    }

    fn hold(&mut self, tenant: TenantId) {
        self.free -= 1;
        *self.held.entry(tenant).or_default() += 1;
    }

    fn release(&mut self, tenant: TenantId) {
        self.free += 1;
        if let Entry::Occupied(mut held) = self.held.entry(tenant) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }

    /// The caller that gets a free permit, which it holds from now on.
    fn next(&mut self) -> Option<(TenantId, oneshot::Sender<Share>)> {
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
    /// Counts more work of the tenant than was said when this was acquired.
    pub fn charge(&self, cost: u64) {
        if let Some(shares) = &self.shares {
            shares.lock().waiting.charge(self.tenant, cost);
        }
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
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

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
        let shares = Shares::new(1);
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

    #[test]
    fn a_tenant_leaves_permits_to_others() {
        let (busy, other) = (TenantId::FIRST, TenantId::new(2).unwrap());
        let shares = Shares::with_tenant_max(2, 1);
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
        let shares = Shares::new(1);
        let first = take(&shares, TenantId::FIRST).unwrap();
        // Neither one that still waits, nor one that was given the permit and did not see it.
        assert!(take(&shares, TenantId::FIRST).is_none());
        let mut given = Box::pin(shares.acquire(TenantId::FIRST, 1));
        assert!(poll(given.as_mut()).is_pending());
        drop(first);
        drop(given);
        assert!(take(&shares, TenantId::FIRST).is_some());
    }
}
