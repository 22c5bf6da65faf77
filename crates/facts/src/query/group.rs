//! Groups: a number for each combination of codes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Most codes that have a table instead of a map.
const TABLE_MAX: usize = 1 << 22;

/// A hasher of whole numbers. They are codes of our own, so nobody chooses them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CodeHasher(u64);

impl Hasher for CodeHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u64(&mut self, number: u64) {
        // A multiplication moves what differs upwards; the rotation brings it down again.
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(26);
    }
}

/// A map with whole numbers as keys.
pub(crate) type CodeMap<V> = HashMap<u64, V, BuildHasherDefault<CodeHasher>>;

/// Numbers of the combinations of the codes of the dimensions up to one.
#[derive(Clone, Debug)]
struct Stage {
    numbers: Numbers,
    /// The number in the stage before, and the code in this one.
    members: Vec<(u32, u32)>,
}

#[derive(Clone, Debug)]
enum Numbers {
    /// One more than the number, by the number in the stage before and the code, of which there
    /// are so many.
    Table {
        slots: Vec<u32>,
        domain: usize,
    },
    Map(CodeMap<u32>),
}

impl Stage {
    /// Gives a combination a number, unless it has one.
    #[cold]
    fn add(&mut self, before: u32, code: u32) -> u32 {
        let slot = self.numbers.slot(before, code, &self.members);
        if *slot == 0 {
            self.members.push((before, code));
            *slot = number_of(self.members.len());
        }
        *slot - 1
    }
}

impl Numbers {
    /// One more than the number of a combination; 0 if it has none yet, or if it is not in a table.
    #[inline]
    fn find(&self, before: u32, code: u32) -> u32 {
        match self {
            Self::Table { slots, domain } if (code as usize) < *domain => {
                slots.get(before as usize * domain + code as usize).copied().unwrap_or_default()
            }
            Self::Table { .. } => 0,
            Self::Map(map) => map.get(&key((before, code))).copied().unwrap_or_default(),
        }
    }

    /// The place of the number of a combination: 0 if it has none yet.
    fn slot(&mut self, before: u32, code: u32, members: &[(u32, u32)]) -> &mut u32 {
        if let Self::Table { slots, domain } = self {
            let place = before as usize * *domain + code as usize;
            if *domain <= code as usize || TABLE_MAX <= place {
                let numbers = (1..).zip(members).map(|(number, member)| (key(*member), number));
                *self = Self::Map(numbers.collect());
            } else if slots.len() <= place {
                slots.resize((before as usize + 1) * *domain, 0);
            }
        }
        match self {
            Self::Table { slots, domain } => &mut slots[before as usize * *domain + code as usize],
            Self::Map(map) => map.entry(key((before, code))).or_default(),
        }
    }
}

impl Numbers {
    /// Replaces codes of the first dimension by their numbers, as long as a table has them. Returns
    /// how many.
    fn replace_all(&self, codes: &mut [u32]) -> usize {
        let Self::Table { slots, .. } = self else { return 0 };
        let known = codes.iter_mut().map_while(|code| {
            let slot = slots.get(*code as usize).copied().unwrap_or_default();
            *code = slot.checked_sub(1)?;
            Some(())
        });
        known.count()
    }

    /// The same for combinations.
    fn replace_each(&self, before: &[u32], codes: &mut [u32]) -> usize {
        let Self::Table { slots, domain } = self else { return 0 };
        let known = before.iter().zip(codes).map_while(|(before, code)| {
            let place = *before as usize * domain + *code as usize;
            let slot = slots.get(place).copied().filter(|_| (*code as usize) < *domain);
            *code = slot.unwrap_or_default().checked_sub(1)?;
            Some(())
        });
        known.count()
    }
}

fn key((before, code): (u32, u32)) -> u64 {
    u64::from(before) << 32 | u64::from(code)
}

/// Numbers the groups in the order in which they come.
#[derive(Clone, Debug)]
pub(crate) struct Grouper {
    stages: Vec<Stage>,
}

impl Grouper {
    /// For dimensions with so many codes each.
    pub(crate) fn new(domains: &[usize]) -> Self {
        let stage = |domain: &usize| {
            let numbers = if *domain <= TABLE_MAX {
                Numbers::Table { slots: Vec::new(), domain: *domain }
            } else {
                Numbers::Map(CodeMap::default())
            };
            Stage { numbers, members: Vec::new() }
        };
        Self { stages: domains.iter().map(stage).collect() }
    }

    /// How many groups there are.
    pub(crate) fn len(&self) -> usize {
        self.stages.last().map_or(1, |stage| stage.members.len())
    }

    /// Bytes of memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        let stages = self.stages.iter().map(|stage| match &stage.numbers {
            Numbers::Table { slots, .. } => 4 * slots.len() + 8 * stage.members.len(),
            Numbers::Map(_) => 32 * stage.members.len(),
        });
        stages.sum()
    }

    /// The number of a combination: what came before, and a code of the dimension `index`.
    #[inline]
    pub(crate) fn number(&mut self, index: usize, before: u32, code: u32) -> u32 {
        let stage = &mut self.stages[index];
        match stage.numbers.find(before, code) {
            0 => stage.add(before, code),
            known => known - 1,
        }
    }

    /// Replaces codes of the first dimension by numbers of groups.
    pub(crate) fn number_all(&mut self, index: usize, codes: &mut [u32]) {
        let mut next = 0;
        while next < codes.len() {
            next += self.stages[index].numbers.replace_all(&mut codes[next..]);
            if let Some(code) = codes.get_mut(next) {
                *code = self.number(index, 0, *code);
                next += 1;
            }
        }
    }

    /// Replaces codes of the dimension `index` by numbers of groups; `before` are the numbers of
    /// the dimensions before.
    pub(crate) fn number_each(&mut self, index: usize, before: &[u32], codes: &mut [u32]) {
        let mut next = 0;
        while next < codes.len() {
            let numbers = &self.stages[index].numbers;
            next += numbers.replace_each(&before[next..], &mut codes[next..]);
            if let Some(code) = codes.get_mut(next) {
                *code = self.number(index, before[next], *code);
                next += 1;
            }
        }
    }

    /// The codes of a group.
    pub(crate) fn codes(&self, group: u32) -> Vec<u32> {
        let mut codes = vec![0; self.stages.len()];
        let mut number = group;
        for (stage, place) in self.stages.iter().zip(&mut codes).rev() {
            (number, *place) = stage.members[number as usize];
        }
        codes
    }

    /// For each dimension the code of each group.
    pub(crate) fn columns(&self) -> Vec<Vec<u32>> {
        let mut numbers: Vec<u32> = (0..number_of(self.len())).collect();
        let mut columns: Vec<Vec<u32>> = Vec::with_capacity(self.stages.len());
        for stage in self.stages.iter().rev() {
            let member = |number: &u32| stage.members[*number as usize];
            columns.push(numbers.iter().map(|number| member(number).1).collect());
            numbers = numbers.iter().map(|number| member(number).0).collect();
        }
        columns.reverse();
        columns
    }

    /// The number of the group with these codes.
    pub(crate) fn group(&mut self, codes: &[u32]) -> u32 {
        let stages = codes.iter().enumerate();
        stages.fold(0, |before, (index, code)| self.number(index, before, *code))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the number of groups is limited")]
fn number_of(length: usize) -> u32 {
    length as u32
}

/// How many times the memory of codes one by one their bits may take, since bits are faster.
const SLOTS_FOR_BITS: usize = 4;

/// A set of codes that is small while it has few.
#[derive(Clone, Debug, Default)]
pub(crate) struct CodeSet {
    /// Codes by hash with open addressing, 0 for a free slot; empty once there are bits.
    slots: Vec<u32>,
    bits: Vec<u64>,
    count: usize,
}

impl CodeSet {
    /// Adds a code other than 0 out of less than `domain`. Returns the bytes of memory that this
    /// took.
    #[inline]
    pub(crate) fn insert(&mut self, code: u32, domain: usize) -> usize {
        if !self.bits.is_empty() {
            self.insert_bit(code);
            return 0;
        }
        let before = self.memory_bytes();
        if self.slots.len() <= 2 * self.count {
            self.grow(domain);
        }
        if self.bits.is_empty() {
            self.insert_slot(code);
        } else {
            self.insert_bit(code);
        }
        self.memory_bytes() - before
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Adds those of another set. Returns the bytes of memory that this took.
    pub(crate) fn merge(&mut self, other: Self, domain: usize) -> usize {
        if self.count == 0 {
            let before = self.memory_bytes();
            *self = other;
            return self.memory_bytes().saturating_sub(before);
        }
        let before = self.memory_bytes();
        if !other.bits.is_empty() && !self.bits.is_empty() && self.bits.len() == other.bits.len() {
            self.bits.iter_mut().zip(&other.bits).for_each(|(word, other)| *word |= other);
            self.count = self.bits.iter().map(|word| word.count_ones() as usize).sum();
            return 0;
        }
        other.for_each(|code| {
            self.insert(code, domain);
        });
        self.memory_bytes() - before
    }

    fn for_each(&self, mut take: impl FnMut(u32)) {
        self.slots.iter().filter(|code| **code != 0).for_each(|code| take(*code));
        for (start, word) in (0..).step_by(64).zip(&self.bits) {
            let mut word = *word;
            while word != 0 {
                take(start + word.trailing_zeros());
                word &= word - 1;
            }
        }
    }

    /// Bytes of memory beside the set itself.
    pub(crate) fn memory_bytes(&self) -> usize {
        4 * self.slots.len() + 8 * self.bits.len()
    }

    fn insert_bit(&mut self, code: u32) {
        let index = code as usize / 64;
        if self.bits.len() <= index {
            self.bits.resize(index + 1, 0);
        }
        let bit = 1 << (code % 64);
        self.count += usize::from(self.bits[index] & bit == 0);
        self.bits[index] |= bit;
    }

    fn insert_slot(&mut self, code: u32) {
        let mask = self.slots.len() - 1;
        let mut slot = (code.wrapping_mul(0x9E37_79B9).rotate_right(15)) as usize & mask;
        while self.slots[slot] != 0 {
            if self.slots[slot] == code {
                return;
            }
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = code;
        self.count += 1;
    }

    /// Makes room, as bits if they take less.
    fn grow(&mut self, domain: usize) {
        let old = std::mem::take(&mut self.slots);
        let slots = (2 * old.len()).max(8);
        self.count = 0;
        if domain.div_ceil(64) * 8 <= slots * 4 * SLOTS_FOR_BITS {
            self.bits = vec![0; domain.div_ceil(64).max(1)];
            old.into_iter().filter(|code| *code != 0).for_each(|code| self.insert_bit(code));
        } else {
            self.slots = vec![0; slots];
            old.into_iter().filter(|code| *code != 0).for_each(|code| self.insert_slot(code));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_each_combination_once() {
        for domains in [[5, usize::MAX], [usize::MAX, 5]] {
            let mut grouper = Grouper::new(&domains);
            assert_eq!(grouper.group(&[1, 9]), 0);
            assert_eq!(grouper.group(&[2, 9]), 1);
            assert_eq!(grouper.group(&[1, 8]), 2);
            assert_eq!(grouper.group(&[1, 9]), 0);
            assert_eq!((grouper.codes(2), grouper.len()), (vec![1, 8], 3));
            assert_eq!(grouper.columns(), [[1, 2, 1], [9, 9, 8]]);
        }
        assert_eq!(Grouper::new(&[]).len(), 1);
    }

    proptest! {
        #[test]
        fn a_set_of_codes_has_each_code_once(
            codes in prop::collection::vec(1..300_u32, 0..200),
            others in prop::collection::vec(1..300_u32, 0..200),
            domain in prop_oneof![Just(300_usize), Just(1_000_000)],
        ) {
            let mut set = CodeSet::default();
            let bytes: usize = codes.iter().map(|code| set.insert(*code, domain)).sum();
            let mut known: HashSet<u32> = codes.into_iter().collect();
            prop_assert_eq!((set.len(), set.memory_bytes()), (known.len(), bytes));
            let mut other = CodeSet::default();
            for code in &others {
                other.insert(*code, domain);
            }
            set.merge(other, domain);
            known.extend(others);
            prop_assert_eq!(set.len(), known.len());
        }
    }
}
