//! Measures: what is computed of the facts of each group.

use std::io;

use serde_json::Value as Json;

use super::field::CodeField;
use super::formula::Formula;
use super::group::CodeSet;
use super::reader::BlockReader;
use super::rows::GroupedIn;
use crate::rows::fields::{ColumnId, IntColumn};
use crate::tenant::Texts;

/// What a measure computes.
#[derive(Clone, Debug)]
pub(crate) enum MeasureKind {
    Count,
    Distinct(CodeField),
    Sum(ColumnId),
    Mean(ColumnId),
    Min(ColumnId),
    Max(ColumnId),
    /// The value below which this share of the values is, between two of them in proportion.
    Percentile(ColumnId, f64),
    First(EdgeField),
    Last(EdgeField),
    /// The share of yes among yes and no.
    Rate(CodeField),
    Formula(Formula),
    /// The sum of a measure over this period and those before.
    RunningTotal(usize),
    /// A measure less that of the period before.
    Change(usize),
}

/// A field whose first or last value is wanted.
#[derive(Clone, Debug)]
pub(crate) enum EdgeField {
    Number(ColumnId),
    Code(CodeField),
}

/// A sum with what was lost in rounding.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    rounded: f64,
    lost: f64,
    count: u64,
}

impl Sum {
    #[inline]
    fn add(&mut self, value: f64) {
        let sum = self.rounded + value;
        // What is lost is known exactly, whichever of the two is larger.
        let added = sum - self.rounded;
        self.lost += (self.rounded - (sum - added)) + (value - added);
        self.rounded = sum;
        self.count += 1;
    }

    fn merge(&mut self, other: Self) {
        let count = self.count + other.count;
        self.add(other.rounded);
        self.lost += other.lost;
        self.count = count;
    }

    fn total(self) -> Option<f64> {
        (self.count != 0).then_some(self.rounded + self.lost)
    }
}

/// The first or last value of a group so far, with its time and sequence.
type Edge = Option<((i64, i64), f64)>;

/// What is known of a measure so far, for each group.
#[derive(Clone, Debug)]
pub(crate) enum State {
    Counts(Vec<u64>),
    Sets {
        sets: Vec<CodeSet>,
        domain: usize,
        bytes: usize,
    },
    Sums(Vec<Sum>),
    Extremes {
        extremes: Vec<f64>,
        wants_less: bool,
    },
    Values {
        values: Vec<Vec<f64>>,
        count: usize,
    },
    Edges {
        edges: Vec<Edge>,
        wants_less: bool,
    },
    Shares(Vec<(u64, u64)>),
    /// It is computed of other measures.
    Nothing,
}

impl State {
    pub(crate) fn new(kind: &MeasureKind, texts: &Texts) -> Self {
        match kind {
            MeasureKind::Count => Self::Counts(Vec::new()),
            MeasureKind::Distinct(field) => {
                let domain = field.values.domain_len(texts);
                Self::Sets { sets: Vec::new(), domain, bytes: 0 }
            }
            MeasureKind::Sum(_) | MeasureKind::Mean(_) => Self::Sums(Vec::new()),
            MeasureKind::Min(_) => Self::Extremes { extremes: Vec::new(), wants_less: true },
            MeasureKind::Max(_) => Self::Extremes { extremes: Vec::new(), wants_less: false },
            MeasureKind::Percentile(..) => Self::Values { values: Vec::new(), count: 0 },
            MeasureKind::First(_) => Self::Edges { edges: Vec::new(), wants_less: true },
            MeasureKind::Last(_) => Self::Edges { edges: Vec::new(), wants_less: false },
            MeasureKind::Rate(_) => Self::Shares(Vec::new()),
            MeasureKind::Formula(_) | MeasureKind::RunningTotal(_) | MeasureKind::Change(_) => {
                Self::Nothing
            }
        }
    }

    /// Bytes of memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        match self {
            Self::Counts(counts) => 8 * counts.len(),
            Self::Sets { sets, bytes, .. } => 56 * sets.len() + bytes,
            Self::Sums(sums) => 24 * sums.len(),
            Self::Extremes { extremes, .. } => 8 * extremes.len(),
            // A vector has up to twice the room that it needs.
            Self::Values { values, count } => 24 * values.len() + 16 * count,
            Self::Edges { edges, .. } => 32 * edges.len(),
            Self::Shares(shares) => 16 * shares.len(),
            Self::Nothing => 0,
        }
    }

    /// Makes room for so many groups.
    fn grow(&mut self, count: usize) {
        match self {
            Self::Counts(counts) => counts.resize(count, 0),
            Self::Sets { sets, .. } => sets.resize(count, CodeSet::default()),
            Self::Sums(sums) => sums.resize(count, Sum::default()),
            Self::Extremes { extremes, .. } => extremes.resize(count, f64::NAN),
            Self::Values { values, .. } => values.resize(count, Vec::new()),
            Self::Edges { edges, .. } => edges.resize(count, None),
            Self::Shares(shares) => shares.resize(count, (0, 0)),
            Self::Nothing => {}
        }
    }

    /// Adds the rows of a block.
    pub(crate) fn add(
        &mut self,
        kind: &MeasureKind,
        reader: &mut BlockReader<'_>,
        grouped: &GroupedIn<'_>,
    ) -> io::Result<()> {
        self.grow(grouped.group_count());
        match (self, kind) {
            (Self::Counts(counts), _) => match grouped.len_of_one() {
                Some(count) => counts[0] += count,
                None => grouped.each(|_row, group| counts[group] += 1),
            },
            (Self::Sets { sets, domain, bytes }, MeasureKind::Distinct(field)) => {
                let codes = field.source.read(reader)?;
                let domain = *domain;
                let is_known = |row: usize| codes[row] != 0;
                grouped.each_if(is_known, |row, group| {
                    *bytes += sets[group].insert(codes[row], domain);
                });
            }
            (Self::Sums(sums), MeasureKind::Sum(column) | MeasureKind::Mean(column)) => {
                let numbers = reader.numbers(*column)?;
                let is_known = |row: usize| !numbers[row].is_nan();
                grouped.each_if(is_known, |row, group| sums[group].add(numbers[row]));
            }
            (
                Self::Extremes { extremes, wants_less },
                MeasureKind::Min(column) | MeasureKind::Max(column),
            ) => {
                let numbers = reader.numbers(*column)?;
                let wants_less = *wants_less;
                grouped.each(|row, group| {
                    extremes[group] = extreme(extremes[group], numbers[row], wants_less);
                });
            }
            (Self::Values { values, count }, MeasureKind::Percentile(column, _)) => {
                let numbers = reader.numbers(*column)?;
                let is_known = |row: usize| !numbers[row].is_nan();
                grouped.each_if(is_known, |row, group| {
                    values[group].push(numbers[row]);
                    *count += 1;
                });
            }
            (
                Self::Edges { edges, wants_less },
                MeasureKind::First(field) | MeasureKind::Last(field),
            ) => {
                let times = reader.ints(IntColumn::Timestamp)?;
                let sequences = reader.ints(IntColumn::Sequence)?;
                let value = field.read(reader)?;
                let wants_less = *wants_less;
                grouped.each(|row, group| {
                    let at = (times[row], sequences[row]);
                    let edge = value(row).map(|value| (at, value));
                    edges[group] = nearer(edges[group], edge, wants_less);
                });
            }
            (Self::Shares(shares), MeasureKind::Rate(field)) => {
                let codes = field.source.read(reader)?;
                grouped.each(|row, group| {
                    let (yes, known) = &mut shares[group];
                    *yes += u64::from(codes[row] == 2);
                    *known += u64::from(codes[row] != 0);
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds the groups of another state of the same measure, each to the group with the number in
    /// `groups`, of which there are `count`.
    pub(crate) fn merge(&mut self, other: Self, groups: &[u32], count: usize) {
        self.grow(count);
        let to = |index: usize| groups[index] as usize;
        match (self, other) {
            (Self::Counts(counts), Self::Counts(others)) => {
                others.iter().enumerate().for_each(|(index, other)| counts[to(index)] += other);
            }
            (Self::Sets { sets, domain, bytes }, Self::Sets { sets: others, .. }) => {
                for (index, other) in others.into_iter().enumerate() {
                    *bytes += sets[to(index)].merge(other, *domain);
                }
            }
            (Self::Sums(sums), Self::Sums(others)) => {
                others.iter().enumerate().for_each(|(index, other)| sums[to(index)].merge(*other));
            }
            (Self::Extremes { extremes, wants_less }, Self::Extremes { extremes: others, .. }) => {
                for (index, other) in others.into_iter().enumerate() {
                    extremes[to(index)] = extreme(extremes[to(index)], other, *wants_less);
                }
            }
            (Self::Values { values, count }, Self::Values { values: others, count: more }) => {
                for (index, mut other) in others.into_iter().enumerate() {
                    values[to(index)].append(&mut other);
                }
                *count += more;
            }
            (Self::Edges { edges, wants_less }, Self::Edges { edges: others, .. }) => {
                for (index, other) in others.into_iter().enumerate() {
                    edges[to(index)] = nearer(edges[to(index)], other, *wants_less);
                }
            }
            (Self::Shares(shares), Self::Shares(others)) => {
                for (index, (yes, known)) in others.into_iter().enumerate() {
                    shares[to(index)].0 += yes;
                    shares[to(index)].1 += known;
                }
            }
            _ => {}
        }
    }

    /// The sets of different values of so many groups.
    pub(crate) fn into_sets(mut self, count: usize) -> Vec<CodeSet> {
        self.grow(count);
        match self {
            Self::Sets { sets, .. } => sets,
            Self::Counts(_)
            | Self::Sums(_)
            | Self::Extremes { .. }
            | Self::Values { .. }
            | Self::Edges { .. }
            | Self::Shares(_)
            | Self::Nothing => Vec::new(),
        }
    }

    /// The measure of each of so many groups, as a number; none where there is none.
    #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^53 facts")]
    pub(crate) fn values(mut self, kind: &MeasureKind, count: usize) -> Vec<Option<f64>> {
        self.grow(count);
        let known = |number: f64| (!number.is_nan()).then_some(number);
        match self {
            Self::Counts(counts) => counts.into_iter().map(|it| Some(it as f64)).collect(),
            Self::Sets { sets, .. } => sets.iter().map(|set| Some(set.len() as f64)).collect(),
            Self::Sums(sums) => {
                let is_mean = matches!(kind, MeasureKind::Mean(_));
                let part = |sum: &Sum| if is_mean { sum.count as f64 } else { 1.0 };
                let value = |sum: Sum| sum.total().map(|total| total / part(&sum));
                sums.into_iter().map(value).collect()
            }
            Self::Extremes { extremes, .. } => extremes.into_iter().map(known).collect(),
            Self::Values { values, .. } => {
                let MeasureKind::Percentile(_, share) = *kind else { return vec![None; count] };
                values.into_iter().map(|values| percentile(values, share)).collect()
            }
            Self::Edges { edges, .. } => {
                edges.into_iter().map(|edge| edge.map(|(_, value)| value)).collect()
            }
            Self::Shares(shares) => {
                let share =
                    |(yes, known): (u64, u64)| (known != 0).then(|| yes as f64 / known as f64);
                shares.into_iter().map(share).collect()
            }
            Self::Nothing => vec![None; count],
        }
    }
}

impl MeasureKind {
    /// The measure that it goes along with over periods, and whether it is a running total.
    pub(crate) const fn along(&self) -> Option<(usize, bool)> {
        match self {
            Self::RunningTotal(of) => Some((*of, true)),
            Self::Change(of) => Some((*of, false)),
            Self::Count
            | Self::Distinct(_)
            | Self::Sum(_)
            | Self::Mean(_)
            | Self::Min(_)
            | Self::Max(_)
            | Self::Percentile(..)
            | Self::First(_)
            | Self::Last(_)
            | Self::Rate(_)
            | Self::Formula(_) => None,
        }
    }

    /// A value as it is written in answers.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts and codes are whole and small enough"
    )]
    pub(crate) fn json(&self, texts: &Texts, value: Option<f64>) -> Json {
        match (self, value) {
            (_, None) => Json::Null,
            (
                Self::First(EdgeField::Code(field)) | Self::Last(EdgeField::Code(field)),
                Some(code),
            ) => field.values.value(texts, code as u32),
            (_, Some(value)) if value.fract() == 0.0 && value.abs() < 9e15 => (value as i64).into(),
            (_, Some(value)) => value.into(),
        }
    }
}

impl EdgeField {
    /// The values of the rows of a block.
    fn read(&self, reader: &mut BlockReader<'_>) -> io::Result<Box<dyn Fn(usize) -> Option<f64>>> {
        Ok(match self {
            Self::Number(column) => {
                let numbers = reader.numbers(*column)?;
                Box::new(move |row| Some(numbers[row]).filter(|number| !number.is_nan()))
            }
            Self::Code(field) => {
                let codes = field.source.read(reader)?;
                Box::new(move |row| Some(codes[row]).filter(|code| *code != 0).map(f64::from))
            }
        })
    }
}

fn extreme(known: f64, other: f64, wants_less: bool) -> f64 {
    if wants_less { known.min(other) } else { known.max(other) }
}

fn nearer(known: Edge, other: Edge, wants_less: bool) -> Edge {
    match (known, other) {
        (known, None) => known,
        (None, other) => other,
        (Some(known), Some(other)) => {
            let is_nearer = if wants_less { other.0 < known.0 } else { known.0 < other.0 };
            Some(if is_nearer { other } else { known })
        }
    }
}

/// The percentile of values, between the two nearest in proportion.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "it is a place among values in memory"
)]
fn percentile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let place = share * last as f64;
    let below = (place.floor() as usize).min(last);
    let (_, lower, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let lower = *lower;
    let part = place - below as f64;
    if part <= 0.0 {
        return Some(lower);
    }
    let upper = above.iter().copied().min_by(f64::total_cmp).unwrap_or(lower);
    Some(lower + part * (upper - lower))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(percentile(values.clone(), share), expected, "{values:?} at {share}");
        }
    }

    #[test]
    fn sums_without_losing_small_numbers() {
        let mut sum = Sum::default();
        for value in [1e16, 1.0, -1e16, 1.0] {
            sum.add(value);
        }
        assert_eq!(sum.total(), Some(2.0));
    }
}
