//! Answers: the groups that were found, sorted, cut, and written with their texts.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::fault::QueryError;
use super::measure::{MeasureKind, State};
use super::plan::{Measure, Plan, SortKey};
use super::run::{Asked, Found};
use super::time::Period;
use crate::query::dimension::{Dimension, DimensionKind};
use crate::tenant::{Texts, View};

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Answer {
    /// The columns of the rows: first the dimensions, then the measures.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Json>>,
    /// The measures over all rows that count, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<Vec<Json>>,
    /// The names of ids in the rows, where names are known, by the name of the column.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, BTreeMap<String, String>>,
    /// The rows, counted from 0, whose period is not over or not whole within the condition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<usize>,
    /// How many groups there are; more than the rows if the limit cut some off.
    pub group_count: usize,
    /// How many facts counted.
    pub fact_count: u64,
    /// The sequence of the last statement of the tenant that is among the facts.
    pub sequence: u64,
    /// True while the facts are being made, so that statements are missing that were stored long
    /// before the question; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_rebuilding: bool,
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it is a dimension or a measure.
    pub kind: ColumnKind,
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Part of what the row is.
    Dimension,
    /// A value of the row.
    Measure,
}

/// The groups with their measures, in columns.
struct Table {
    /// How many groups there are.
    count: usize,
    /// For each dimension the code of each group.
    codes: Vec<Vec<u32>>,
    /// For each measure the value of each group.
    values: Vec<Vec<Option<f64>>>,
}

/// Writes what was found.
///
/// # Errors
///
/// [`QueryError::TooLarge`] if that takes more memory than is asked for, [`QueryError::Stopped`] if
/// it was stopped.
pub(crate) fn write(
    plan: &Plan,
    view: &View,
    texts: &Texts,
    (found, asked): (Found, Asked<'_>),
) -> Result<Answer, QueryError> {
    let count = found.groups.len();
    let group_bytes = 4 * plan.dimensions.len() + 16 * plan.measures.len() + 8;
    if asked.limits.memory_bytes < found.memory_bytes() + count * group_bytes {
        return Err(QueryError::TooLarge(asked.limits.memory_bytes));
    }
    let check = || if (asked.stop)() { Err(QueryError::Stopped) } else { Ok(()) };
    check()?;
    let codes = found.groups.columns();
    let mut table = Table { count, codes, values: values(&plan.measures, found.states, count) };
    check()?;
    table.compute_derived(plan);
    check()?;
    let rows = table.sorted(plan, texts);
    check()?;
    let totals = plan.has_totals.then(|| {
        let values = values(&plan.measures, found.totals, 1);
        let mut totals = Table { count: 1, codes: Vec::new(), values };
        totals.compute_derived(plan);
        totals.measures(plan, texts, 0)
    });
    Ok(Answer {
        columns: columns_of(plan),
        totals,
        labels: table.labels(plan, texts, &rows),
        incomplete: table.incomplete(plan, &rows, asked.now),
        rows: rows.iter().map(|row| table.row(plan, texts, *row)).collect(),
        group_count: count,
        fact_count: found.row_count,
        sequence: view.sequence,
        is_rebuilding: false,
    })
}

fn values(measures: &[Measure], states: Vec<State>, count: usize) -> Vec<Vec<Option<f64>>> {
    let states = measures.iter().zip(states);
    states.map(|(measure, state)| state.values(&measure.kind, count)).collect()
}

/// A measure that goes along periods.
struct Along {
    measure: usize,
    /// The measure that it is of.
    of: usize,
    /// Whether it is a running total, and not a change.
    is_total: bool,
    /// The dimension that is the period.
    period: usize,
}

impl Table {
    /// Computes measures of other measures, in the order in which they were asked for: each is of
    /// measures before it.
    fn compute_derived(&mut self, plan: &Plan) {
        let period = plan.dimensions.iter().position(Dimension::is_period);
        let mut order: Vec<usize> = Vec::new();
        for (measure, Measure { kind, .. }) in plan.measures.iter().enumerate() {
            if let MeasureKind::Formula(formula) = kind {
                let value = |row: usize| formula.value(&|of| self.values[of][row]);
                self.values[measure] = (0..self.count).map(value).collect();
            }
            let period = period.filter(|period| *period < self.codes.len());
            let (Some(period), Some((of, is_total))) = (period, kind.along()) else { continue };
            if order.is_empty() {
                order.extend(0..self.count);
                order.sort_by_key(|row| self.codes[period][*row]);
            }
            self.compute_along(&Along { measure, of, is_total, period }, &order);
        }
    }

    /// Computes a measure for all groups, which `order` has in the order of their periods.
    fn compute_along(&mut self, along: &Along, order: &[usize]) {
        // By what the group is apart from its period: the last period, and its value or the total.
        let mut before: HashMap<Vec<u32>, (u32, f64)> = HashMap::new();
        for row in order.iter().copied() {
            let mut others: Vec<u32> = self.codes.iter().map(|codes| codes[row]).collect();
            let code = others.remove(along.period);
            let value = self.values[along.of][row].unwrap_or_default();
            let known = before.get(&others).copied();
            let total = value + known.map_or(0.0, |(_, total)| total);
            // A period without facts has no row and counts as 0.
            let last = |(last, value)| if last + 1 == code { value } else { 0.0 };
            let change = known.map(|known| value - last(known));
            self.values[along.measure][row] = if along.is_total { Some(total) } else { change };
            before.insert(others, (code, if along.is_total { total } else { value }));
        }
    }

    /// The groups in the order of the plan, as many as it wants.
    fn sorted(&self, plan: &Plan, texts: &Texts) -> Vec<usize> {
        let compare = |one: &usize, other: &usize| self.compare(plan, texts, (*one, *other));
        let mut rows: Vec<usize> = (0..self.count).collect();
        if plan.limit < rows.len() {
            rows.select_nth_unstable_by(plan.limit, compare);
            rows.truncate(plan.limit);
        }
        rows.sort_by(compare);
        rows
    }

    fn compare(&self, plan: &Plan, texts: &Texts, (one, other): (usize, usize)) -> Ordering {
        let keys = plan.order.iter();
        let mut orders = keys.map(|(key, descending)| match *key {
            SortKey::Measure(index) => {
                let values = &self.values[index];
                let kind = &plan.measures[index].kind;
                kind.compare(texts, (values[one], values[other]), *descending)
            }
            SortKey::Dimension(index) => {
                let codes = &self.codes[index];
                let order = plan.dimensions[index].compare(texts, codes[one], codes[other]);
                if *descending { order.reverse() } else { order }
            }
        });
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    fn row(&self, plan: &Plan, texts: &Texts, row: usize) -> Vec<Json> {
        let dimensions = plan.dimensions.iter().zip(&self.codes);
        let dimensions = dimensions.map(|(it, codes)| it.value(texts, codes[row]));
        dimensions.chain(self.measures(plan, texts, row)).collect()
    }

    fn measures(&self, plan: &Plan, texts: &Texts, row: usize) -> Vec<Json> {
        let measures = plan.measures.iter().zip(&self.values);
        measures.map(|(measure, values)| measure.kind.json(texts, values[row])).collect()
    }

    /// The names of what the codes of some groups stand for, by dimension and value.
    fn labels(
        &self,
        plan: &Plan,
        texts: &Texts,
        rows: &[usize],
    ) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut labels = BTreeMap::new();
        for (dimension, codes) in plan.dimensions.iter().zip(&self.codes) {
            let label =
                |code: u32| match (dimension.label(texts, code), dimension.value(texts, code)) {
                    (Some(name), Json::String(value)) => Some((value, name)),
                    _ => None,
                };
            let known: BTreeMap<String, String> =
                rows.iter().filter_map(|row| label(codes[*row])).collect();
            if !known.is_empty() {
                labels.insert(dimension.name.clone(), known);
            }
        }
        labels
    }

    /// The places in `rows` of the groups whose period is not over or not whole.
    fn incomplete(&self, plan: &Plan, rows: &[usize], now: i64) -> Vec<usize> {
        let condition = plan.condition.as_ref();
        let bounds = |column| condition.map_or((i64::MIN, i64::MAX), |it| it.time_bounds(column));
        let is_incomplete = |dimension: &Dimension, code: u32| {
            let DimensionKind::Time { column, period, .. } = &dimension.kind else { return false };
            let number = dimension.period(code).filter(|_| !Period::recurs(*period));
            let (from, to) = bounds(*column);
            let times = number.map(|number| [number, number + 1].map(|it| period.start(it)));
            let times = times.map(|times| times.map(|time| plan.zone.instant_of(time)));
            times.is_some_and(|[start, end]| start < from || to.min(now) < end)
        };
        let is_incomplete = |row: usize| {
            let mut dimensions = plan.dimensions.iter().zip(&self.codes);
            dimensions.any(|(dimension, codes)| is_incomplete(dimension, codes[row]))
        };
        let places = rows.iter().enumerate();
        places.filter(|(_, row)| is_incomplete(**row)).map(|(place, _)| place).collect()
    }
}

fn columns_of(plan: &Plan) -> Vec<Column> {
    let dimensions = plan.dimensions.iter().map(|it| (&it.name, ColumnKind::Dimension));
    let measures = plan.measures.iter().map(|it| (&it.name, ColumnKind::Measure));
    let columns = dimensions.chain(measures);
    columns.map(|(name, kind)| Column { name: name.clone(), kind }).collect()
}
