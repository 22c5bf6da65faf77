//! A queue that tenants share.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use super::requesters::RequesterId;
use super::round_robin::RoundRobin;
use super::weights::Load;

/// Items that wait for something that tenants share, such as the time of a processor. `K` tells
/// tenants apart.
///
/// While several tenants have items that wait, each gets a share of the costs by its weight,
/// however many items it has and whatever they cost. A tenant that had nothing waiting for a while
/// gets no more for it later. Within a tenant, requesters take turns, as in [`RoundRobin`].
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
    /// After the tickets of all items.
    ticket: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    items: RoundRobin<T>,
    /// When its first item begins, or, without items, when the last one ended.
    next: u64,
}

impl<T> Waiting<T> {
    fn since(now: u64, ticket: u64) -> Self {
        Self { items: RoundRobin::after(ticket), next: now }
    }
}

impl<K, T> Default for FairQueue<K, T> {
    fn default() -> Self {
        Self { tenants: HashMap::new(), order: BTreeSet::new(), now: 0, len: 0, ticket: 0 }
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

    /// The entry of a tenant.
    fn waiting(&mut self, tenant: K) -> &mut Waiting<T> {
        let (now, ticket) = (self.now, self.ticket);
        self.tenants.entry(tenant).or_insert_with(|| Waiting::since(now, ticket))
    }

    /// Adds an item of a tenant. Returns its ticket, which no other item has.
    pub fn push(&mut self, tenant: K, load: Load, item: T) -> u64 {
        let now = self.now;
        let waiting = self.waiting(tenant);
        let is_first = waiting.items.is_empty();
        if is_first {
            waiting.next = waiting.next.max(now);
        }
        let (next, ticket) = (waiting.next, waiting.items.push(load, item));
        if is_first {
            self.order.insert((next, tenant));
        }
        self.ticket = self.ticket.max(ticket + 1);
        self.len += 1;
        ticket
    }

    /// Removes an item that does not wait any more, by its ticket, if it is still there. It costs
    /// its tenant nothing.
    pub fn remove(&mut self, tenant: K, requester: RequesterId, ticket: u64) -> Option<T> {
        let item = self.tenants.get_mut(&tenant)?.items.remove(requester, ticket)?;
        self.count_out(tenant);
        Some(item)
    }

    /// Makes room for an item of a tenant, as [`RoundRobin::displace`]: what is removed is of the
    /// same tenant, and costs it nothing.
    pub fn displace(&mut self, tenant: K, load: Load) -> Option<T> {
        let (_, item) = self.tenants.get_mut(&tenant)?.items.displace(load)?;
        self.count_out(tenant);
        Some(item)
    }

    /// Counts an item of a tenant that has gone without its turn.
    fn count_out(&mut self, tenant: K) {
        self.len -= 1;
        let Some(waiting) = self.tenants.get(&tenant).filter(|one| one.items.is_empty()) else {
            return;
        };
        self.order.remove(&(waiting.next, tenant));
        if waiting.next <= self.now {
            self.tenants.remove(&tenant);
        }
    }

    /// The item that leaves next, with its cost.
    pub fn peek(&self) -> Option<(u64, &T)> {
        let (_, tenant) = self.order.first()?;
        let (load, item) = self.tenants.get(tenant)?.items.peek()?;
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
        let (load, item) = waiting.items.pop()?;
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
        let waiting = self.waiting(tenant);
        let begin = waiting.next.max(now);
        waiting.next = begin.saturating_add(load.time());
        self.now = begin;
        self.forget_idle();
    }

    /// Adds to what a tenant has used, for an item that cost more than was said.
    pub fn charge(&mut self, tenant: K, load: Load) {
        let now = self.now;
        let waiting = self.waiting(tenant);
        let before = waiting.next;
        let next = before.max(now).saturating_add(load.time());
        waiting.next = next;
        if self.order.remove(&(before, tenant)) {
            self.order.insert((next, tenant));
        }
    }

    /// Removes all items, in no order.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + use<K, T> {
        self.len = 0;
        self.order.clear();
        let tenants = std::mem::take(&mut self.tenants);
        tenants.into_values().flat_map(|waiting| waiting.items.into_items()).map(|(_, item)| item)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use proptest::prelude::*;

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
                queue.push(A, Load { weight: weight(4), ..Load::of(cost_a) }, 'a');
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
            queue.push(A, Load { weight: hundred, ..Load::of(1) }, item);
        }
        queue.push(B, Load::of(1), 'b');
        queue.push(B, Load::of(1), 'b');
        queue.charge(A, Load { weight: hundred, ..Load::of(99) });
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

    fn of(requester: u128, cost: u64) -> Load {
        Load { requester: RequesterId::Credential(requester), ..Load::of(cost) }
    }

    #[test]
    fn requesters_of_a_tenant_take_turns_in_its_share() {
        let mut queue = FairQueue::default();
        for number in 0..10 {
            queue.push(A, of(1, 10), (A, 1, number));
            queue.push(B, of(1, 10), (B, 1, number));
        }
        queue.push(A, of(2, 10), (A, 2, 0));
        let left: Vec<_> = std::iter::from_fn(|| queue.pop()).take(6).collect();
        let expected = [(A, 1, 0), (B, 1, 0), (A, 2, 0), (B, 1, 1), (A, 1, 1), (B, 1, 2)];
        assert_eq!(left, expected);
    }

    #[test]
    fn what_is_removed_leaves_no_entry_and_costs_nothing() {
        let mut queue = FairQueue::default();
        let tickets = [queue.push(A, of(1, 1000), 'a'), queue.push(A, of(2, 1000), 'b')];
        queue.push(B, Load::of(10), 'c');
        assert_eq!(queue.remove(A, RequesterId::Credential(1), tickets[0]), Some('a'));
        assert_eq!(queue.remove(A, RequesterId::Credential(1), tickets[0]), None);
        assert!(queue.has(A));
        assert_eq!(queue.remove(A, RequesterId::Credential(2), tickets[1]), Some('b'));
        assert_eq!((queue.len(), queue.tenants.len(), queue.order.len()), (1, 1, 1));
        queue.push(A, of(1, 10), 'd');
        assert_eq!(drain_in_order(&mut queue), ['d', 'c']);
    }

    #[test]
    fn what_makes_room_is_of_the_same_tenant() {
        let mut queue = FairQueue::default();
        for number in 0..3 {
            queue.push(A, of(1, 10), ('a', number));
            queue.push(B, of(1, 1000), ('b', number));
        }
        assert_eq!(queue.displace(A, of(2, 10)), Some(('a', 2)));
        assert_eq!(queue.displace(A, of(1, 10)), None);
        assert_eq!((queue.len(), queue.displace(B + 1, of(1, 0))), (5, None));
    }

    /// Items that are pushed: the tenant, the requester, and the cost.
    fn any_items() -> impl Strategy<Value = Vec<(u32, u128, u64)>> {
        prop::collection::vec((0..3_u32, 0..3_u128, 0..50_u64), 1..100)
    }

    proptest! {
        // All items of one tenant cost the same here, so that it does not matter which one leaves.
        #[test]
        fn requesters_do_not_change_the_order_of_tenants(
            items in any_items(),
            costs in prop::array::uniform3(1..50_u64),
            pops in 0..100_usize,
        ) {
            let (mut with, mut without) = (FairQueue::default(), FairQueue::default());
            let (first, rest) = items.split_at(items.len() / 2);
            for (part, pops) in [(first, pops.min(first.len())), (rest, items.len())] {
                for (tenant, requester, _) in part {
                    let cost = costs[*tenant as usize];
                    with.push(*tenant, of(*requester, cost), *tenant);
                    without.push(*tenant, Load::of(cost), *tenant);
                }
                for _ in 0..pops {
                    prop_assert_eq!(with.pop(), without.pop());
                }
            }
            prop_assert!(with.is_empty(), "an item was kept back");
        }

        // Whatever the items cost: as long as all have items, what each has got differs by less
        // than the largest item may cost.
        #[test]
        fn tenants_that_wait_get_the_same_however_many_requesters_they_have(items in any_items()) {
            let mut queue = FairQueue::default();
            let mut left = [0_usize; 3];
            for (tenant, requester, cost) in &items {
                queue.push(*tenant, of(*requester, *cost), (*tenant, *cost));
                left[*tenant as usize] += 1;
            }
            let mut got = [0; 3];
            let present = left.map(|count| count != 0);
            while let Some((tenant, cost)) = queue.pop() {
                got[tenant as usize] += cost;
                left[tenant as usize] -= 1;
                if (0..3).any(|one| present[one] && left[one] == 0) {
                    break;
                }
                let of_present = || (0..3).filter(|one| present[*one]).map(|one| got[one]);
                let (least, most) = (of_present().min(), of_present().max());
                prop_assert!(most.unwrap() - least.unwrap() < 50);
            }
        }

        #[test]
        fn items_that_are_all_removed_leave_no_entry(
            items in any_items(),
            pops in prop_oneof![Just(0), 0..100_usize],
        ) {
            let mut queue = FairQueue::default();
            let mut tickets = Vec::new();
            for (number, (tenant, requester, cost)) in items.iter().enumerate() {
                let load = of(*requester, *cost);
                let ticket = queue.push(*tenant, load, number);
                tickets.push((*tenant, load.requester, ticket));
            }
            for _ in 0..pops {
                if let Some(number) = queue.pop() {
                    tickets[number].2 = u64::MAX;
                }
            }
            for (tenant, requester, ticket) in tickets {
                let removed = queue.remove(tenant, requester, ticket);
                prop_assert_eq!(removed.is_some(), ticket != u64::MAX);
            }
            prop_assert_eq!((queue.len(), queue.order.len()), (0, 0));
            // Of tenants, only those are remembered that have used something.
            prop_assert!(pops != 0 || queue.tenants.is_empty());
            prop_assert!(queue.tenants.values().all(|one| one.items.is_empty()));
        }
    }
}
