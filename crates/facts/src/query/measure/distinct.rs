//! Distinct codes of each group: as rows of bits while those are few, or as sets.

use crate::query::group::CodeSet;
use crate::query::rows::GroupedIn;

/// Most words of the bits of all groups together.
const WORDS_MAX: usize = 1 << 18;

/// The distinct codes of each group.
#[derive(Clone, Debug)]
pub(crate) struct DistinctCodes {
    /// Codes are less than this.
    domain: usize,
    groups: GroupCodes,
}

#[derive(Clone, Debug)]
enum GroupCodes {
    /// For each group as many words as `stride`, with a bit for each code. That of the code 0,
    /// which stands for nothing, does not count.
    Bits { words: Vec<u64>, stride: usize },
    /// Sets, and how many bytes of memory they take.
    Sets { sets: Vec<CodeSet>, bytes: usize },
}

impl DistinctCodes {
    /// Of no group yet, for codes less than `domain`.
    pub(crate) fn new(domain: usize) -> Self {
        let stride = domain.div_ceil(64).max(1);
        Self { domain, groups: GroupCodes::Bits { words: Vec::new(), stride } }
    }

    /// Makes room for so many groups.
    pub(crate) fn grow(&mut self, count: usize) {
        if let GroupCodes::Bits { words, stride } = &mut self.groups {
            if count * *stride <= WORDS_MAX {
                words.resize(count * *stride, 0);
                return;
            }
            self.groups = sets_of(words, *stride, self.domain);
        }
        if let GroupCodes::Sets { sets, .. } = &mut self.groups {
            sets.resize(count, CodeSet::default());
        }
    }

    /// Adds the codes of rows to their groups, for which there is room.
    pub(crate) fn add(&mut self, codes: &[u32], grouped: &GroupedIn<'_>) {
        let domain = self.domain;
        match &mut self.groups {
            GroupCodes::Bits { words, stride } => {
                let stride = *stride;
                grouped.each(|row, group| {
                    let code = codes[row];
                    words[group * stride + code as usize / 64] |= 1 << (code % 64);
                });
            }
            GroupCodes::Sets { sets, bytes } => {
                let is_known = |row: usize| codes[row] != 0;
                grouped.each_if(is_known, |row, group| {
                    *bytes += sets[group].insert(codes[row], domain);
                });
            }
        }
    }

    /// Adds the groups of others, each to the group with the number in `groups`, for which there is
    /// room.
    pub(crate) fn merge(&mut self, others: Self, groups: &[u32]) {
        let others = match (&mut self.groups, others.groups) {
            (GroupCodes::Bits { words, stride }, GroupCodes::Bits { words: others, .. }) => {
                for (other, group) in others.chunks(*stride).zip(groups) {
                    let start = *group as usize * *stride;
                    let own = &mut words[start..start + *stride];
                    own.iter_mut().zip(other).for_each(|(word, other)| *word |= other);
                }
                return;
            }
            (_, GroupCodes::Bits { words, stride }) => sets_of(&words, stride, self.domain),
            (_, sets) => sets,
        };
        if let GroupCodes::Bits { words, stride } = &self.groups {
            self.groups = sets_of(words, *stride, self.domain);
        }
        let GroupCodes::Sets { sets: others, .. } = others else { return };
        let GroupCodes::Sets { sets, bytes } = &mut self.groups else { return };
        for (other, group) in others.into_iter().zip(groups) {
            *bytes += sets[*group as usize].merge(other, self.domain);
        }
    }

    /// How many distinct codes each group has.
    pub(crate) fn counts(&self) -> Vec<usize> {
        match &self.groups {
            GroupCodes::Bits { words, stride } => {
                let count = |row: &[u64]| {
                    let all: u32 = row.iter().map(|word| word.count_ones()).sum();
                    all as usize - usize::from(row[0] & 1 == 1)
                };
                words.chunks(*stride).map(count).collect()
            }
            GroupCodes::Sets { sets, .. } => sets.iter().map(CodeSet::len).collect(),
        }
    }

    /// The set of each group.
    pub(crate) fn into_sets(self) -> Vec<CodeSet> {
        let sets = match self.groups {
            GroupCodes::Bits { words, stride } => sets_of(&words, stride, self.domain),
            sets @ GroupCodes::Sets { .. } => sets,
        };
        if let GroupCodes::Sets { sets, .. } = sets { sets } else { Vec::new() }
    }

    /// Bytes of memory, about.
    pub(crate) const fn memory_bytes(&self) -> usize {
        match &self.groups {
            GroupCodes::Bits { words, .. } => 8 * words.len(),
            GroupCodes::Sets { sets, bytes } => 56 * sets.len() + *bytes,
        }
    }
}

/// The same as sets.
fn sets_of(words: &[u64], stride: usize, domain: usize) -> GroupCodes {
    let mut bytes = 0;
    let set = |row: &[u64]| {
        let mut set = CodeSet::default();
        for (start, word) in (0..).step_by(64).zip(row) {
            // The code 0 stands for nothing.
            let mut rest = if start == 0 { *word & !1 } else { *word };
            while rest != 0 {
                bytes += set.insert(start + rest.trailing_zeros(), domain);
                rest &= rest - 1;
            }
        }
        set
    };
    let sets = words.chunks(stride).map(set).collect();
    GroupCodes::Sets { sets, bytes }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::query::rows::{Grouped, Groups, Rows};

    fn add(distinct: &mut DistinctCodes, rows: &[(u32, u32)], group_count: usize) {
        let (groups, codes): (Vec<u32>, Vec<u32>) = rows.iter().copied().unzip();
        let rows = Rows::All(codes.len());
        let grouped = Grouped { rows, groups: Groups::Each(groups), group_count };
        distinct.grow(group_count);
        distinct.add(&codes, &grouped.within(None));
    }

    proptest! {
        #[test]
        fn each_code_of_a_group_counts_once(
            rows in prop::collection::vec((0..3_u32, 0..200_u32), 0..300),
            later in prop::collection::vec((0..6_u32, 0..200_u32), 0..300),
            others in prop::collection::vec((0..6_u32, 0..200_u32), 0..300),
            // Bits for all, for the first three groups, and for none.
            domain in prop_oneof![Just(200), Just(4_000_000), Just(20_000_000)],
            other_domain_count in 1..7_usize,
        ) {
            let mut distinct = DistinctCodes::new(domain);
            add(&mut distinct, &rows, 3);
            let mut other = DistinctCodes::new(domain);
            let others: Vec<_> = others
                .into_iter()
                .filter(|(group, _)| (*group as usize) < other_domain_count)
                .collect();
            add(&mut other, &others, other_domain_count);
            add(&mut distinct, &later, 6);
            distinct.merge(other, &[5, 4, 3, 2, 1, 0]);
            let others = others.into_iter().map(|(group, code)| (5 - group, code));
            let all: BTreeSet<(u32, u32)> = rows.into_iter().chain(later).chain(others).collect();
            let expected: Vec<usize> = (0..6)
                .map(|group| all.iter().filter(|it| it.0 == group && it.1 != 0).count())
                .collect();
            prop_assert_eq!(distinct.counts(), expected);
        }
    }
}
