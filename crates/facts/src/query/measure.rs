//! Measures: what is computed of the facts of each group.

mod distinct;
mod percentile;

use std::cmp::Ordering;
use std::io;

use distinct::DistinctCodes;
use percentile::ValueLists;
use serde_json::Value as Json;

use super::field::CodeField;
use super::formula::Formula;
use super::group::CodeSet;
use super::reader::{BlockReader, Decimals};
use super::rows::GroupedIn;
use crate::rows::chunk::{ColumnScale, DIGITS_MAX, DecimalScale};
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
    Percentile {
        column: ColumnId,
        share: f64,
        /// What the decimals of the column have in common.
        scale: Option<ColumnScale>,
    },
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
    /// Millionths that are to be added.
    millionths: i64,
    count: u64,
}

/// The sums of groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    sums: Vec<Sum>,
    /// The most that millionths of a group may be, without a sign.
    millionths_max: u64,
}

/// The most that millionths may become before they are added to the sums.
const MILLIONTHS_MAX: u64 = 1 << 62;

impl Sums {
    /// Adds numbers of rows to their groups.
    fn add(
        &mut self,
        column: ColumnId,
        reader: &mut BlockReader<'_>,
        grouped: &GroupedIn<'_>,
    ) -> io::Result<()> {
        if let Some(decimals) = reader.decimals(column)?
            && self.add_decimals(&decimals, grouped)
        {
            return Ok(());
        }
        let numbers = reader.numbers(column)?;
        grouped.each(|row, group| self.sums[group].add_known(numbers[row]));
        Ok(())
    }

    /// Adds decimals as whole numbers; false if they may be too large for that.
    fn add_decimals(&mut self, decimals: &Decimals, grouped: &GroupedIn<'_>) -> bool {
        let DecimalScale { min, digits, width } = decimals.scale;
        if width == 0 {
            return true;
        }
        let factor = 10_i64.pow((DIGITS_MAX - digits).into());
        let largest = min.unsigned_abs().saturating_add(1 << width);
        let largest = largest.saturating_mul(factor.unsigned_abs());
        let more = largest.saturating_mul(grouped.len() as u64);
        if MILLIONTHS_MAX <= more {
            return false;
        }
        if MILLIONTHS_MAX <= self.millionths_max + more {
            self.sums.iter_mut().for_each(Sum::add_millionths);
            self.millionths_max = 0;
        }
        self.millionths_max += more;
        let before = (min - 1) * factor;
        let stored = &decimals.stored;
        grouped.each(|row, group| {
            let sum = &mut self.sums[group];
            let is_known = stored[row] != 0;
            let millionths = before + i64::from(stored[row]) * factor;
            // Without a branch, since whether there is a number cannot be foreseen.
            sum.millionths += millionths & -i64::from(is_known);
            sum.count += u64::from(is_known);
        });
        true
    }

    fn merge(&mut self, others: &[Sum], groups: &[u32]) {
        for (other, group) in others.iter().zip(groups) {
            self.sums[*group as usize].merge(*other);
        }
    }
}

impl Sum {
    /// Adds the millionths.
    #[expect(clippy::cast_precision_loss, reason = "both parts are far less than 2^53")]
    fn add_millionths(&mut self) {
        let (count, millionths) = (self.count, std::mem::take(&mut self.millionths));
        self.add((millionths / 1_000_000) as f64);
        self.add((millionths % 1_000_000) as f64 / 1e6);
        self.count = count;
    }

    #[inline]
    fn add(&mut self, value: f64) {
        let sum = self.rounded + value;
        // What is lost is known exactly, whichever of the two is larger.
        let added = sum - self.rounded;
        self.lost += (self.rounded - (sum - added)) + (value - added);
        self.rounded = sum;
        self.count += 1;
    }

    /// Adds a number, unless it is none, without a branch, since that cannot be foreseen.
    #[inline]
    fn add_known(&mut self, value: f64) {
        let is_known = !value.is_nan();
        self.add(if is_known { value } else { 0.0 });
        self.count -= u64::from(!is_known);
    }

    fn merge(&mut self, mut other: Self) {
        self.add_millionths();
        other.add_millionths();
        let count = self.count + other.count;
        self.add(other.rounded);
        self.lost += other.lost;
        self.count = count;
    }

    fn total(mut self) -> Option<f64> {
        self.add_millionths();
        (self.count != 0).then_some(self.rounded + self.lost)
    }
}

/// The first or last value of a group so far, with its time and sequence.
type Edge = Option<((i64, i64), f64)>;

/// What is known of a measure so far, for each group.
#[derive(Clone, Debug)]
pub(crate) enum State {
    Counts(Vec<u64>),
    Distinct(DistinctCodes),
    Sums(Sums),
    Extremes {
        extremes: Vec<f64>,
        wants_less: bool,
    },
    Values(ValueLists),
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
                Self::Distinct(DistinctCodes::new(field.values.domain_len(texts)))
            }
            MeasureKind::Sum(_) | MeasureKind::Mean(_) => Self::Sums(Sums::default()),
            MeasureKind::Min(_) => Self::Extremes { extremes: Vec::new(), wants_less: true },
            MeasureKind::Max(_) => Self::Extremes { extremes: Vec::new(), wants_less: false },
            MeasureKind::Percentile { scale, .. } => Self::Values(ValueLists::new(*scale)),
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
            Self::Distinct(codes) => codes.memory_bytes(),
            Self::Sums(sums) => 32 * sums.sums.len(),
            Self::Extremes { extremes, .. } => 8 * extremes.len(),
            Self::Values(lists) => lists.memory_bytes(),
            Self::Edges { edges, .. } => 32 * edges.len(),
            Self::Shares(shares) => 16 * shares.len(),
            Self::Nothing => 0,
        }
    }

    /// Makes room for so many groups.
    fn grow(&mut self, count: usize) {
        match self {
            Self::Counts(counts) => counts.resize(count, 0),
            Self::Distinct(codes) => codes.grow(count),
            Self::Sums(sums) => sums.sums.resize(count, Sum::default()),
            Self::Extremes { extremes, .. } => extremes.resize(count, f64::NAN),
            Self::Values(lists) => lists.grow(count),
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
            (Self::Distinct(distinct), MeasureKind::Distinct(field)) => {
                distinct.add(&field.source.read(reader)?, grouped);
            }
            (Self::Sums(sums), MeasureKind::Sum(column) | MeasureKind::Mean(column)) => {
                sums.add(*column, reader, grouped)?;
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
            (Self::Values(lists), MeasureKind::Percentile { column, .. }) => {
                let decimals = reader.decimals(*column)?;
                if decimals.is_none_or(|it| !lists.add_decimals(&it, grouped)) {
                    lists.add(&reader.numbers(*column)?, grouped);
                }
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
            (Self::Distinct(codes), Self::Distinct(others)) => codes.merge(others, groups),
            (Self::Sums(sums), Self::Sums(others)) => {
                sums.merge(&others.sums, groups);
            }
            (Self::Extremes { extremes, wants_less }, Self::Extremes { extremes: others, .. }) => {
                for (index, other) in others.into_iter().enumerate() {
                    extremes[to(index)] = extreme(extremes[to(index)], other, *wants_less);
                }
            }
            (Self::Values(lists), Self::Values(others)) => lists.merge(others, groups),
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
            Self::Distinct(codes) => codes.into_sets(),
            Self::Counts(_)
            | Self::Sums(_)
            | Self::Extremes { .. }
            | Self::Values(_)
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
            Self::Distinct(codes) => {
                codes.counts().into_iter().map(|count| Some(count as f64)).collect()
            }
            Self::Sums(sums) => {
                let is_mean = matches!(kind, MeasureKind::Mean(_));
                let part = |sum: &Sum| if is_mean { sum.count as f64 } else { 1.0 };
                let value = |sum: Sum| sum.total().map(|total| total / part(&sum));
                sums.sums.into_iter().map(value).collect()
            }
            Self::Extremes { extremes, .. } => extremes.into_iter().map(known).collect(),
            Self::Values(lists) => {
                let MeasureKind::Percentile { share, .. } = *kind else { return vec![None; count] };
                lists.percentiles(share)
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
            | Self::Percentile { .. }
            | Self::First(_)
            | Self::Last(_)
            | Self::Rate(_)
            | Self::Formula(_) => None,
        }
    }

    /// The field whose values it has, if they are no numbers.
    pub(crate) const fn text_field(&self) -> Option<&CodeField> {
        match self {
            Self::First(EdgeField::Code(field)) | Self::Last(EdgeField::Code(field)) => Some(field),
            Self::First(EdgeField::Number(_))
            | Self::Last(EdgeField::Number(_))
            | Self::Count
            | Self::Distinct(_)
            | Self::Sum(_)
            | Self::Mean(_)
            | Self::Min(_)
            | Self::Max(_)
            | Self::Percentile { .. }
            | Self::Rate(_)
            | Self::Formula(_)
            | Self::RunningTotal(_)
            | Self::Change(_) => None,
        }
    }

    /// The order of two values in answers. Nothing comes last in either direction.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "codes are whole and small enough"
    )]
    pub(crate) fn compare(
        &self,
        texts: &Texts,
        (one, other): (Option<f64>, Option<f64>),
        descending: bool,
    ) -> Ordering {
        let (Some(one), Some(other)) = (one, other) else {
            return one.is_none().cmp(&other.is_none());
        };
        let order = match self.text_field() {
            Some(field) => field.values.compare(texts, one as u32, other as u32),
            None => one.total_cmp(&other),
        };
        if descending { order.reverse() } else { order }
    }

    /// A value as it is written in answers.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts and codes are whole and small enough"
    )]
    pub(crate) fn json(&self, texts: &Texts, value: Option<f64>) -> Json {
        match (self.text_field(), value) {
            (_, None) => Json::Null,
            (Some(field), Some(code)) => field.values.value(texts, code as u32),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_without_losing_small_numbers() {
        let mut sum = Sum::default();
        for value in [1e16, 1.0, -1e16, 1.0] {
            sum.add(value);
        }
        assert_eq!(sum.total(), Some(2.0));
    }
}
