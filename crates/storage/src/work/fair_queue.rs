//! A queue that tenants share.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;

use super::weights::Load;

/// Items that wait for something that tenants share, such as the time of a processor. `K` tells
/// tenants apart.
///
/// While several tenants have items that wait, each gets a share of the costs by its weight,
/// however many items it has and whatever they cost. Items of one tenant leave in the order in
/// which they came. A tenant that had nothing waiting for a while gets no more for it later.
///
/// This is start-time fair queueing: each item begins, in virtual time, where the item of its
/// tenant before it ended, or now; the one that begins first leaves first.
#[derive(Debug)]
pub struct FairQueue<K, T> {
    tenants: HashMap<K, Waiting<T>>,
    /// When the first item of each tenant with items begins.
    order: BTreeSet<(u64, K)>,
    /// When the item that left last began.
    now: u64,
    len: usize,
}

#[derive(Debug)]
struct Waiting<T> {
    items: VecDeque<(Load, T)>,
    /// When its first item begins, or, without items, when the last one ended.
    next: u64,
}

impl<T> Waiting<T> {
    fn since(now: u64) -> Self {
        Self { items: VecDeque::new(), next: now }
    }
}

impl<K, T> Default for FairQueue<K, T> {
    fn default() -> Self {
        Self { tenants: HashMap::new(), order: BTreeSet::new(), now: 0, len: 0 }
    }
}

impl<K: Copy + Eq + Hash + Ord, T> FairQueue<K, T> {
    /// Tenants without items are remembered up to this number, for what they used last.
    const IDLE_MAX: usize = 1024;

    /// The number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a tenant has items.
    pub fn has(&self, tenant: K) -> bool {
        self.tenants.get(&tenant).is_some_and(|waiting| !waiting.items.is_empty())
    }

    /// Adds an item of a tenant.
    pub fn push(&mut self, tenant: K, load: Load, item: T) {
        let now = self.now;
        let waiting = self.tenants.entry(tenant).or_insert_with(|| Waiting::since(now));
        if waiting.items.is_empty() {
            waiting.next = waiting.next.max(now);
            self.order.insert((waiting.next, tenant));
        }
        waiting.items.push_back((load, item));
        self.len += 1;
    }

    /// The item that leaves next, with its cost.
    pub fn peek(&self) -> Option<(u64, &T)> {
        let (_, tenant) = self.order.first()?;
        let (load, item) = self.tenants.get(tenant)?.items.front()?;
        Some((load.cost, item))
    }

    /// Removes the item that leaves next.
    pub fn pop(&mut self) -> Option<T> {
        self.pop_if(|_| true)
    }

    /// Removes the item that leaves next of those of the tenants that `is_served` accepts.
    pub fn pop_if(&mut self, is_served: impl Fn(K) -> bool) -> Option<T> {
        let (begin, tenant) = *self.order.iter().find(|(_, tenant)| is_served(*tenant))?;
        self.order.remove(&(begin, tenant));
        let waiting = self.tenants.get_mut(&tenant)?;
        let (load, item) = waiting.items.pop_front()?;
        self.now = self.now.max(begin);
        self.len -= 1;
        waiting.next = begin.saturating_add(load.time());
        if !waiting.items.is_empty() {
            self.order.insert((waiting.next, tenant));
        }
        self.forget_idle();
        Some(item)
    }

    fn forget_idle(&mut self) {
        if Self::IDLE_MAX < self.tenants.len() {
            let now = self.now;
            self.tenants.retain(|_, waiting| !waiting.items.is_empty() || now < waiting.next);
        }
    }

    /// Counts an item that need not wait, because nothing does.
    pub fn pass(&mut self, tenant: K, load: Load) {
        let now = self.now;
        let waiting = self.tenants.entry(tenant).or_insert_with(|| Waiting::since(now));
        self.now = waiting.next.max(now);
        waiting.next = self.now.saturating_add(load.time());
        self.forget_idle();
    }

    /// Adds to what a tenant has used, for an item that cost more than was said.
    pub fn charge(&mut self, tenant: K, load: Load) {
        let now = self.now;
        let waiting = self.tenants.entry(tenant).or_insert_with(|| Waiting::since(now));
        let before = waiting.next;
        waiting.next = before.max(now).saturating_add(load.time());
        if self.order.remove(&(before, tenant)) {
            self.order.insert((waiting.next, tenant));
        }
    }

    /// Removes all items, in no order.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + use<K, T> {
        self.len = 0;
        self.order.clear();
        let tenants = std::mem::take(&mut self.tenants);
        tenants.into_values().flat_map(|waiting| waiting.items).map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::Weight;

    const A: u32 = 1;
    const B: u32 = 7;

    fn drain_in_order<T>(queue: &mut FairQueue<u32, T>) -> Vec<T> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn items_of_one_tenant_leave_in_order() {
        let mut queue = FairQueue::default();
        for number in 0..5 {
            queue.push(A, Load::of(10 - number), number);
        }
        assert_eq!(queue.len(), 5);
        assert_eq!(drain_in_order(&mut queue), [0, 1, 2, 3, 4]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_tenant_with_one_item_passes_a_tenant_with_many() {
        let mut queue = FairQueue::default();
        for number in 0..100 {
            queue.push(A, Load::of(10), number);
        }
        assert_eq!(queue.pop(), Some(0));
        queue.push(B, Load::of(10), 1000);
        assert_eq!(queue.peek(), Some((10, &1000)));
        assert_eq!(queue.pop(), Some(1000));
        assert_eq!(queue.pop(), Some(1));
    }

    #[test]
    fn tenants_get_the_same_share_of_costs() {
        let mut queue = FairQueue::default();
        for _ in 0..30 {
            queue.push(A, Load::of(30), 'a');
        }
        for _ in 0..90 {
            queue.push(B, Load::of(10), 'b');
        }
        let left: String = std::iter::from_fn(|| queue.pop()).take(40).collect();
        assert_eq!(left.matches('a').count(), 10, "{left}");
    }

    #[test]
    fn tenants_get_shares_by_their_weights() {
        let weight = |number: u64| Weight::try_from(NonZeroU64::new(number).unwrap()).unwrap();
        // Costs of A and B, and how many of the first 50 items of both are of A, whose weight is 4.
        for (cost_a, cost_b, expected) in [(10, 10, 40), (1, 1, 40), (40, 10, 25), (10, 40, 47)] {
            let mut queue = FairQueue::default();
            for _ in 0..100 {
                queue.push(A, Load { cost: cost_a, weight: weight(4) }, 'a');
                queue.push(B, Load::of(cost_b), 'b');
            }
            let left: String = std::iter::from_fn(|| queue.pop()).take(50).collect();
            assert_eq!(left.matches('a').count(), expected, "{cost_a} and {cost_b}: {left}");
        }
    }

    #[test]
    fn what_is_charged_later_counts_by_weight_too() {
        let hundred = Weight::try_from(NonZeroU64::new(100).unwrap()).unwrap();
        let mut queue = FairQueue::default();
        for item in ['a', 'a'] {
            queue.push(A, Load { cost: 1, weight: hundred }, item);
        }
        queue.push(B, Load::of(1), 'b');
        queue.push(B, Load::of(1), 'b');
        queue.charge(A, Load { cost: 99, weight: hundred });
        queue.charge(B, Load::of(2));
        assert_eq!(drain_in_order(&mut queue), ['a', 'a', 'b', 'b']);
    }

    #[test]
    fn a_tenant_that_waited_for_nothing_saves_nothing_up() {
        let mut queue = FairQueue::default();
        for _ in 0..100 {
            queue.push(A, Load::of(10), 'a');
        }
        for _ in 0..50 {
            queue.pop();
        }
        for _ in 0..10 {
            queue.push(B, Load::of(10), 'b');
        }
        let left: String = std::iter::from_fn(|| queue.pop()).take(8).collect();
        assert_eq!(left.matches('a').count(), 4, "{left}");
    }

    #[test]
    fn what_need_not_wait_is_no_debt_for_later() {
        let mut queue = FairQueue::default();
        for _ in 0..1000 {
            queue.pass(A, Load::of(10));
        }
        for _ in 0..10 {
            queue.push(B, Load::of(10), 'b');
            queue.push(A, Load::of(10), 'a');
        }
        let left: String = std::iter::from_fn(|| queue.pop()).take(10).collect();
        assert!((4..=5).contains(&left.matches('a').count()), "{left}");
    }

    #[test]
    fn what_cost_more_than_was_said_is_charged() {
        let mut queue = FairQueue::default();
        queue.push(A, Load::of(0), 'a');
        queue.push(B, Load::of(0), 'b');
        queue.charge(A, Load::of(100));
        assert_eq!(drain_in_order(&mut queue), ['b', 'a']);
    }
}
