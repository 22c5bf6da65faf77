//! A queue that the requesters of one tenant share.

use std::collections::{BTreeMap, BTreeSet};

use super::requesters::RequesterId;
use super::weights::Load;

/// Items that wait, of any number of requesters.
///
/// Requesters take turns, and one item leaves in each: nobody waits for more than one item of each
/// other requester, however many those have. Items of one requester leave in the order in which
/// they came. Only requesters with items are in memory.
#[derive(Debug)]
pub struct RoundRobin<T> {
    requesters: BTreeMap<RequesterId, Waiting<T>>,
    /// The turns of all requesters, of which the first comes next.
    turns: BTreeMap<u64, RequesterId>,
    /// What the items of each requester cost together.
    costs: BTreeSet<(u64, RequesterId)>,
    /// The number of the next ticket or turn.
    next: u64,
    len: usize,
}

/// The items of one requester, by ticket.
#[derive(Debug)]
struct Waiting<T> {
    items: BTreeMap<u64, (Load, T)>,
    turn: u64,
    cost: u64,
}

impl<T> Default for RoundRobin<T> {
    fn default() -> Self {
        Self::after(0)
    }
}

impl<T> RoundRobin<T> {
    /// A queue without items, whose tickets are at least `ticket`.
    pub(super) fn after(ticket: u64) -> Self {
        let (requesters, turns, costs) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { requesters, turns, costs, next: ticket, len: 0 }
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds an item. Returns its ticket, which no other item has.
    pub fn push(&mut self, load: Load, item: T) -> u64 {
        let (ticket, requester) = (self.next_number(), load.requester);
        if !self.requesters.contains_key(&requester) {
            let turn = self.next_number();
            self.turns.insert(turn, requester);
            let waiting = Waiting { items: BTreeMap::new(), turn, cost: 0 };
            self.requesters.insert(requester, waiting);
        }
        if let Some(waiting) = self.requesters.get_mut(&requester) {
            self.costs.remove(&(waiting.cost, requester));
            waiting.cost = waiting.cost.saturating_add(load.cost);
            self.costs.insert((waiting.cost, requester));
            waiting.items.insert(ticket, (load, item));
            self.len += 1;
        }
        ticket
    }

    fn next_number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// The item that leaves next.
    pub fn peek(&self) -> Option<(Load, &T)> {
        let (_, requester) = self.turns.first_key_value()?;
        let (_, (load, item)) = self.requesters.get(requester)?.items.first_key_value()?;
        Some((*load, item))
    }

    /// Removes the item that leaves next.
    pub fn pop(&mut self) -> Option<(Load, T)> {
        let (_, requester) = self.turns.pop_first()?;
        let turn = self.next_number();
        if let Some(waiting) = self.requesters.get_mut(&requester) {
            waiting.turn = turn;
            self.turns.insert(turn, requester);
        }
        self.take(requester, |items| Some(items.pop_first()?.1))
    }

    /// Removes the item with this ticket, if it is still there.
    pub(super) fn remove(&mut self, requester: RequesterId, ticket: u64) -> Option<T> {
        self.take(requester, |items| items.remove(&ticket)).map(|(_, item)| item)
    }

    /// Makes room for an item: removes the newest item of the requester whose items cost most, if
    /// those of the requester of `load` cost less, together with it.
    pub fn displace(&mut self, load: Load) -> Option<(Load, T)> {
        let (most, requester) = *self.costs.last()?;
        let own = self.requesters.get(&load.requester).map_or(0, |waiting| waiting.cost);
        if requester == load.requester || most <= own.saturating_add(load.cost) {
            return None;
        }
        self.take(requester, |items| Some(items.pop_last()?.1))
    }

    fn take(
        &mut self,
        requester: RequesterId,
        take: impl FnOnce(&mut BTreeMap<u64, (Load, T)>) -> Option<(Load, T)>,
    ) -> Option<(Load, T)> {
        let waiting = self.requesters.get_mut(&requester)?;
        let (load, item) = take(&mut waiting.items)?;
        self.len -= 1;
        self.costs.remove(&(waiting.cost, requester));
        waiting.cost = waiting.cost.saturating_sub(load.cost);
        if waiting.items.is_empty() {
            self.turns.remove(&waiting.turn);
            self.requesters.remove(&requester);
        } else {
            self.costs.insert((waiting.cost, requester));
        }
        Some((load, item))
    }

    /// All items, in no order.
    pub fn into_items(self) -> impl Iterator<Item = (Load, T)> {
        self.requesters.into_values().flat_map(|waiting| waiting.items.into_values())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUESTERS: [RequesterId; 4] = [
        RequesterId::Unknown,
        RequesterId::Credential(1),
        RequesterId::Credential(2),
        RequesterId::Account(1),
    ];

    fn load(requester: usize, cost: u64) -> Load {
        Load { requester: REQUESTERS[requester], ..Load::of(cost) }
    }

    /// What happens to a queue.
    #[derive(Clone, Copy, Debug)]
    enum Act {
        Push {
            requester: usize,
            cost: u64,
        },
        Pop,
        /// Removes one of the items that are there, or were.
        Remove {
            index: usize,
        },
        Displace {
            requester: usize,
            cost: u64,
        },
    }

    fn any_acts() -> impl Strategy<Value = Vec<Act>> {
        let requester = || 0..REQUESTERS.len();
        let push = (requester(), 0..100_u64);
        let displace = (requester(), 0..100_u64);
        let act = prop_oneof![
            4 => push.prop_map(|(requester, cost)| Act::Push { requester, cost }),
            3 => Just(Act::Pop),
            1 => any::<usize>().prop_map(|index| Act::Remove { index }),
            1 => displace.prop_map(|(requester, cost)| Act::Displace { requester, cost }),
        ];
        prop::collection::vec(act, 0..200)
    }

    /// An item: what it costs, and the ticket that it had.
    type Item = (Load, u64);

    /// A queue, and what is known of it without its order.
    #[derive(Default)]
    struct Bench {
        queue: RoundRobin<usize>,
        /// The items that wait, by number, in the order in which they came.
        waiting: BTreeMap<usize, Item>,
        pushed: Vec<Item>,
        /// How often each requester was served while another one waited.
        served: BTreeMap<(RequesterId, RequesterId), usize>,
    }

    impl Bench {
        fn has(&self, requester: RequesterId) -> bool {
            self.waiting.values().any(|(load, _)| load.requester == requester)
        }

        fn cost_of(&self, requester: RequesterId) -> u64 {
            let own = self.waiting.values().filter(|(load, _)| load.requester == requester);
            own.map(|(load, _)| load.cost).sum()
        }

        fn push(&mut self, load: Load) {
            let number = self.pushed.len();
            let item = (load, self.queue.push(load, number));
            self.pushed.push(item);
            self.waiting.insert(number, item);
        }

        fn pop(&mut self) {
            let expected = self.queue.peek().map(|(load, number)| (load, *number));
            let popped = self.queue.pop();
            assert_eq!(popped, expected);
            let Some((load, number)) = popped else {
                assert!(self.waiting.is_empty(), "an item was kept back");
                return;
            };
            let mut own =
                self.waiting.iter().filter(|(_, (one, _))| one.requester == load.requester);
            assert_eq!(own.next().map(|(number, _)| *number), Some(number), "out of order");
            self.waiting.remove(&number);
            // Its own wait begins again, and each other one has waited for one more of its turns.
            self.served.retain(|(waiting, _), _| *waiting != load.requester);
            let others = REQUESTERS.into_iter().filter(|other| *other != load.requester);
            let waiting: Vec<RequesterId> = others.filter(|other| self.has(*other)).collect();
            for other in waiting {
                let turns = self.served.entry((other, load.requester)).or_default();
                *turns += 1;
                assert_eq!(*turns, 1, "{other:?} waited again for {:?}", load.requester);
            }
        }

        fn remove(&mut self, index: usize) {
            let Some(number) = index.checked_rem(self.pushed.len()) else { return };
            let (load, ticket) = self.pushed[number];
            let expected = self.waiting.remove(&number).map(|_| number);
            assert_eq!(self.queue.remove(load.requester, ticket), expected);
        }

        fn displace(&mut self, load: Load) {
            let own = self.cost_of(load.requester) + load.cost;
            let others = REQUESTERS.map(|one| self.cost_of(one));
            let most = others.into_iter().max().unwrap_or_default();
            match self.queue.displace(load) {
                Some((displaced, number)) => {
                    assert_eq!(self.cost_of(displaced.requester), most);
                    assert!(own < most && displaced.requester != load.requester);
                    let of_it = |(one, _): &Item| one.requester == displaced.requester;
                    let newest = self.waiting.iter().rfind(|(_, item)| of_it(item));
                    assert_eq!(newest.map(|(number, _)| *number), Some(number));
                    self.waiting.remove(&number);
                }
                None => assert!(most <= own),
            }
        }

        /// Only what waits is in memory.
        fn check(&mut self) {
            assert_eq!(self.queue.len(), self.waiting.len());
            assert_eq!(self.queue.is_empty(), self.waiting.is_empty());
            let waiting = REQUESTERS.iter().filter(|one| self.has(**one)).count();
            let RoundRobin { requesters, turns, costs, .. } = &self.queue;
            assert_eq!([requesters.len(), turns.len(), costs.len()], [waiting; 3]);
            let gone: Vec<RequesterId> =
                REQUESTERS.into_iter().filter(|one| !self.has(*one)).collect();
            self.served.retain(|(waiting, _), _| !gone.contains(waiting));
        }
    }

    proptest! {
        #[test]
        fn nobody_waits_for_more_than_one_turn_of_each_other(acts in any_acts()) {
            let mut bench = Bench::default();
            for act in acts {
                match act {
                    Act::Push { requester, cost } => bench.push(load(requester, cost)),
                    Act::Pop => bench.pop(),
                    Act::Remove { index } => bench.remove(index),
                    Act::Displace { requester, cost } => bench.displace(load(requester, cost)),
                }
                bench.check();
            }
            while !bench.waiting.is_empty() {
                bench.pop();
                bench.check();
            }
        }
    }

    #[test]
    fn a_requester_with_one_item_passes_one_with_many() {
        let mut queue = RoundRobin::default();
        for number in 0..100 {
            queue.push(load(1, 10), number);
        }
        assert_eq!(queue.pop(), Some((load(1, 10), 0)));
        queue.push(load(2, 10), 1000);
        // A turn of the first one is due: it waited before.
        let left = [(); 4].map(|()| queue.pop().map(|(_, item)| item));
        assert_eq!(left, [Some(1), Some(1000), Some(2), Some(3)]);
    }

    #[test]
    fn room_is_made_by_the_requester_with_most() {
        let mut queue = RoundRobin::default();
        for number in 0..3 {
            queue.push(load(1, 10), number);
        }
        queue.push(load(2, 5), 10);
        assert_eq!(queue.displace(load(1, 1)), None, "it has most itself");
        assert_eq!(queue.displace(load(3, 30)), None, "it would have as much");
        assert_eq!(queue.displace(load(2, 5)), Some((load(1, 10), 2)));
        assert_eq!(queue.displace(load(2, 5)), Some((load(1, 10), 1)));
        assert_eq!(queue.displace(load(2, 5)), None);
        let items: Vec<usize> = queue.into_items().map(|(_, item)| item).collect();
        assert_eq!(items, [0, 10]);
    }

    #[test]
    fn a_ticket_of_an_item_that_left_removes_no_other() {
        let mut queue = RoundRobin::default();
        let ticket = queue.push(load(1, 1), 'a');
        queue.pop();
        queue.push(load(1, 1), 'b');
        assert_eq!(queue.remove(REQUESTERS[1], ticket), None);
        let mut later = RoundRobin::after(ticket + 1);
        later.push(load(1, 1), 'c');
        assert_eq!((later.remove(REQUESTERS[1], ticket), later.len()), (None, 1));
    }
}
