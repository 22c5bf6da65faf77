//! Percentiles: the values of each group, as counts or as whole numbers where they are decimals.

use crate::query::reader::Decimals;
use crate::query::rows::GroupedIn;
use crate::rows::chunk::ColumnScale;

/// Most counts of all groups together.
const COUNTS_MAX: usize = 1 << 20;

/// The values of each group.
#[derive(Clone, Debug)]
pub(crate) struct ValueLists {
    /// What the codes of decimals stand for.
    scale: Option<ColumnScale>,
    groups: GroupValues,
}

#[derive(Clone, Debug)]
enum GroupValues {
    /// For each group, how often each code comes. What comes for the code 0, which stands for
    /// nothing, does not count.
    Counts(Vec<u32>),
    /// The codes, and how many there are.
    Codes { lists: Vec<Vec<u32>>, count: usize },
    /// The values themselves, and how many there are.
    Numbers { lists: Vec<Vec<f64>>, count: usize },
}

impl ValueLists {
    /// Of no group yet, for a column with these decimals, if it has decimals.
    pub(crate) const fn new(scale: Option<ColumnScale>) -> Self {
        let groups = match scale {
            Some(_) => GroupValues::Counts(Vec::new()),
            None => GroupValues::Numbers { lists: Vec::new(), count: 0 },
        };
        Self { scale, groups }
    }

    /// Makes room for so many groups.
    pub(crate) fn grow(&mut self, group_count: usize) {
        if let (GroupValues::Counts(counts), Some(scale)) = (&mut self.groups, self.scale) {
            let stride = stride_of(scale);
            if stride.saturating_mul(group_count) <= COUNTS_MAX {
                counts.resize(stride * group_count, 0);
                return;
            }
            self.list_codes(scale);
        }
        match &mut self.groups {
            GroupValues::Counts(_) => {}
            GroupValues::Codes { lists, .. } => lists.resize(group_count, Vec::new()),
            GroupValues::Numbers { lists, .. } => lists.resize(group_count, Vec::new()),
        }
    }

    /// Adds the numbers of rows to their groups, for which there is room. What is not a number does
    /// not count.
    pub(crate) fn add(&mut self, numbers: &[f64], grouped: &GroupedIn<'_>) {
        self.list_numbers();
        let GroupValues::Numbers { lists, count } = &mut self.groups else { return };
        let is_known = |row: usize| !numbers[row].is_nan();
        grouped.each_if(is_known, |row, group| {
            lists[group].push(numbers[row]);
            *count += 1;
        });
    }

    /// As [`ValueLists::add`], for decimals; false if they do not have those of the column.
    pub(crate) fn add_decimals(&mut self, decimals: &Decimals, grouped: &GroupedIn<'_>) -> bool {
        let part = self.scale.and_then(|scale| Some((scale, scale.part(decimals.scale)?)));
        let Some((scale, (factor, first))) = part else { return false };
        let stored = &decimals.stored;
        let code = |row: usize| {
            let code = stored[row].wrapping_mul(factor).wrapping_add(first);
            // Without a branch, since whether there is a number cannot be foreseen.
            code & u32::from(stored[row] == 0).wrapping_sub(1)
        };
        match &mut self.groups {
            GroupValues::Counts(counts) => {
                let stride = stride_of(scale);
                grouped.each(|row, group| counts[group * stride + code(row) as usize] += 1);
            }
            GroupValues::Codes { lists, count } => {
                let is_known = |row: usize| stored[row] != 0;
                grouped.each_if(is_known, |row, group| {
                    lists[group].push(code(row));
                    *count += 1;
                });
            }
            GroupValues::Numbers { .. } => return false,
        }
        true
    }

    /// Adds the groups of others, each to the group with the number in `groups`, for which there is
    /// room.
    pub(crate) fn merge(&mut self, mut others: Self, groups: &[u32]) {
        self.join_kinds(&mut others);
        match (&mut self.groups, others.groups) {
            (GroupValues::Counts(counts), GroupValues::Counts(others)) => {
                let stride = self.scale.map_or(1, stride_of);
                for (other, group) in others.chunks(stride).zip(groups) {
                    let start = *group as usize * stride;
                    let own = &mut counts[start..start + stride];
                    own.iter_mut().zip(other).for_each(|(count, other)| *count += other);
                }
            }
            (
                GroupValues::Codes { lists, count },
                GroupValues::Codes { lists: others, count: more },
            ) => {
                append(lists, others, groups);
                *count += more;
            }
            (
                GroupValues::Numbers { lists, count },
                GroupValues::Numbers { lists: others, count: more },
            ) => {
                append(lists, others, groups);
                *count += more;
            }
            _ => {}
        }
    }

    /// Brings both to the same kind, that of the one which says least of its values.
    fn join_kinds(&mut self, other: &mut Self) {
        let (own, others) = (&self.groups, &other.groups);
        let is = |kind: fn(&GroupValues) -> bool| kind(own) || kind(others);
        let has_numbers = is(|groups| matches!(groups, GroupValues::Numbers { .. }));
        let has_codes = is(|groups| matches!(groups, GroupValues::Codes { .. }));
        for lists in [self, other] {
            match lists.scale {
                Some(scale) if has_codes => lists.list_codes(scale),
                Some(_) | None => {}
            }
            if has_numbers {
                lists.list_numbers();
            }
        }
    }

    /// Bytes of memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        match &self.groups {
            GroupValues::Counts(counts) => 4 * counts.len(),
            // A vector has up to twice the room that it needs.
            GroupValues::Codes { lists, count } => 24 * lists.len() + 8 * count,
            GroupValues::Numbers { lists, count } => 24 * lists.len() + 16 * count,
        }
    }

    /// The value of each group below which this share of its values is, between two of them in
    /// proportion; none for a group without values.
    pub(crate) fn percentiles(self, share: f64) -> Vec<Option<f64>> {
        let number = |code: u32| self.scale.map_or(f64::NAN, |scale| scale.number(code));
        let with_numbers =
            |(lower, upper, part): (u32, u32, f64)| between(number(lower), number(upper), part);
        match self.groups {
            GroupValues::Counts(counts) => {
                let rows = counts.chunks(self.scale.map_or(1, stride_of));
                rows.map(|row| percentile_of_counts(row, share).map(with_numbers)).collect()
            }
            GroupValues::Codes { lists, .. } => {
                let found = lists.into_iter().map(|codes| percentile(codes, share, u32::cmp));
                found.map(|it| it.map(with_numbers)).collect()
            }
            GroupValues::Numbers { lists, .. } => {
                let found = lists.into_iter().map(|it| percentile(it, share, f64::total_cmp));
                let between = |(lower, upper, part)| between(lower, upper, part);
                found.map(|it| it.map(between)).collect()
            }
        }
    }

    /// Goes over to codes.
    #[cold]
    fn list_codes(&mut self, scale: ColumnScale) {
        let GroupValues::Counts(counts) = &self.groups else { return };
        let mut all = 0;
        let list = |row: &[u32]| {
            let codes = (0..).zip(row).skip(1);
            let codes = codes.flat_map(|(code, count)| std::iter::repeat_n(code, *count as usize));
            let codes: Vec<u32> = codes.collect();
            all += codes.len();
            codes
        };
        let lists = counts.chunks(stride_of(scale)).map(list).collect();
        self.groups = GroupValues::Codes { lists, count: all };
    }

    /// Goes over to numbers.
    fn list_numbers(&mut self) {
        let Some(scale) = self.scale.take() else { return };
        self.list_codes(scale);
        if let GroupValues::Codes { lists, count } = &self.groups {
            let list = |codes: &Vec<u32>| codes.iter().map(|code| scale.number(*code)).collect();
            let (lists, count) = (lists.iter().map(list).collect(), *count);
            self.groups = GroupValues::Numbers { lists, count };
        }
    }
}

/// How many codes there are, with 0 for nothing.
const fn stride_of(scale: ColumnScale) -> usize {
    scale.count as usize + 1
}

fn append<T: Clone>(lists: &mut [Vec<T>], others: Vec<Vec<T>>, groups: &[u32]) {
    for (other, group) in others.into_iter().zip(groups) {
        lists[*group as usize].extend(other);
    }
}

/// The place among so many sorted values that has this share of them below it, and how far it is
/// on the way to the next.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "it is a place among values in memory"
)]
fn place_of(count: usize, share: f64) -> Option<(usize, f64)> {
    let last = count.checked_sub(1)?;
    let place = share * last as f64;
    let below = (place.floor() as usize).min(last);
    Some((below, place - below as f64))
}

fn between(lower: f64, upper: f64, part: f64) -> f64 {
    if part <= 0.0 { lower } else { lower + part * (upper - lower) }
}

/// The two values that a percentile is between, and how far it is from the first to the second.
fn percentile<T: Copy>(
    mut values: Vec<T>,
    share: f64,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Option<(T, T, f64)> {
    let (below, part) = place_of(values.len(), share)?;
    let (_, lower, above) = values.select_nth_unstable_by(below, &compare);
    let lower = *lower;
    Some((lower, above.iter().copied().min_by(compare).unwrap_or(lower), part))
}

/// The same of codes by how often they come.
fn percentile_of_counts(row: &[u32], share: f64) -> Option<(u32, u32, f64)> {
    let codes = || (0..).zip(row).skip(1).filter(|(_, count)| **count != 0);
    let total: usize = codes().map(|(_, count)| *count as usize).sum();
    let (below, part) = place_of(total, share)?;
    let mut end = 0;
    let mut ends = codes().map(|(code, count)| {
        end += *count as usize;
        (code, end)
    });
    let (lower, end) = ends.find(|(_, end)| below < *end)?;
    let upper = if below + 1 < end { None } else { ends.next() };
    Some((lower, upper.map_or(lower, |(code, _)| code), part))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use proptest::prelude::*;

    use super::*;
    use crate::query::rows::{Grouped, Groups, Rows};
    use crate::rows::chunk::DecimalScale;

    const SCALE: ColumnScale = ColumnScale { min: -40, digits: 2, count: 200 };

    fn grouped(groups: Vec<u32>) -> Grouped {
        Grouped { rows: Rows::All(groups.len()), groups: Groups::Each(groups), group_count: 3 }
    }

    /// Blocks of tenths from -0.4 on, 0 for nothing.
    type Blocks = Vec<Vec<(u32, u32)>>;

    fn any_blocks() -> impl Strategy<Value = Blocks> {
        prop::collection::vec(prop::collection::vec((0..3_u32, 0..16_u32), 0..50), 0..5)
    }

    fn number(tenth: u32) -> f64 {
        DecimalScale { min: -4, digits: 1, width: 4 }.number(tenth)
    }

    /// Adds blocks as decimals, and from one of them on as numbers.
    fn lists_of(scale: Option<ColumnScale>, blocks: &Blocks, numbers_from: usize) -> ValueLists {
        let mut lists = ValueLists::new(scale);
        lists.grow(3);
        for (index, block) in blocks.iter().enumerate() {
            let (groups, tenths): (Vec<u32>, Vec<u32>) = block.iter().copied().unzip();
            let grouped = grouped(groups);
            let numbers: Vec<f64> = tenths.iter().map(|tenth| number(*tenth)).collect();
            let scale = DecimalScale { min: -4, digits: 1, width: 4 };
            let decimals = Decimals { stored: Rc::new(tenths), scale };
            let is_decimal = index < numbers_from;
            if !is_decimal || !lists.add_decimals(&decimals, &grouped.within(None)) {
                lists.add(&numbers, &grouped.within(None));
            }
        }
        lists
    }

    proptest! {
        #[test]
        fn counts_codes_and_numbers_have_the_same_percentiles(
            blocks in any_blocks(),
            others in any_blocks(),
            share in 0.0..=1.0,
            (numbers_from, others_from) in (0..6_usize, 0..6_usize),
            codes_only in any::<bool>(),
        ) {
            let mut lists = lists_of(Some(SCALE), &blocks, numbers_from);
            if codes_only && lists.scale.is_some() {
                lists.list_codes(SCALE);
            }
            lists.merge(lists_of(Some(SCALE), &others, others_from), &[2, 0, 1]);
            let found = lists.percentiles(share);
            let moved = |group: u32| [2, 0, 1][group as usize];
            let others = others.iter().flatten().map(|(group, it)| (moved(*group), *it));
            let all: Vec<(u32, u32)> = blocks.iter().flatten().copied().chain(others).collect();
            for (group, found) in (0..).zip(found) {
                let of_group = all.iter().filter(|(it, tenth)| *it == group && *tenth != 0);
                let numbers = of_group.map(|(_, tenth)| number(*tenth)).collect();
                let expected = percentile(numbers, share, f64::total_cmp);
                let expected = expected.map(|(lower, upper, part)| between(lower, upper, part));
                prop_assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
            }
        }
    }

    #[test]
    fn finds_percentiles_between_values() {
        let table = [
            (vec![], 0.5, None),
            (vec![4.0], 0.9, Some(4.0)),
            (vec![3.0, 1.0, 2.0], 0.5, Some(2.0)),
            (vec![4.0, 1.0, 2.0, 3.0], 0.5, Some(2.5)),
            (vec![4.0, 1.0, 2.0, 3.0], 0.0, Some(1.0)),
            (vec![4.0, 1.0, 2.0, 3.0], 1.0, Some(4.0)),
            (vec![10.0, 20.0, 30.0], 0.25, Some(15.0)),
        ];
        for (values, share, expected) in table {
            let mut lists = ValueLists::new(None);
            lists.grow(3);
            lists.add(&values, &grouped(vec![1; values.len()]).within(None));
            assert_eq!(lists.percentiles(share), [None, expected, None], "{values:?} at {share}");
        }
    }

    #[test]
    fn many_counts_become_lists() {
        let mut lists = ValueLists::new(Some(SCALE));
        lists.grow(COUNTS_MAX / 300);
        assert!(matches!(lists.groups, GroupValues::Counts(_)));
        lists.grow(COUNTS_MAX / 100);
        assert!(matches!(lists.groups, GroupValues::Codes { .. }));
    }
}
