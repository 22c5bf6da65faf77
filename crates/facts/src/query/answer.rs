//! Answers: the groups that were found, sorted, cut, and written with their texts.

pub(super) mod withheld;

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
use withheld::{MeasureBits, Verdicts};

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
    /// How many groups there are, without those that are withheld; more than the rows if the limit
    /// cut some off.
    pub group_count: usize,
    /// How many facts counted; 0 if that is withheld.
    pub fact_count: u64,
    /// What is withheld, since it is about too few learners; absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
    /// The sequence of the last statement of the tenant that is among the facts.
    pub sequence: u64,
    /// True while the facts are being made, so that statements are missing that were stored long
    /// before the question; absent otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_rebuilding: bool,
}

/// What of an answer is withheld, since it is about too few learners, or since it would tell of
/// too few if it was compared with the rest of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Withheld {
    /// The smallest group of learners that the tenant shows.
    pub smallest_group: u32,
    /// Whether rows are left out. How many is not said.
    pub rows: bool,
    /// The cells that are null since their values are withheld: each the number of its row and that
    /// of its column, from 0.
    #[schema(value_type = Vec<Vec<usize>>)]
    pub cells: Vec<[usize; 2]>,
    /// The measures whose totals are withheld, by their numbers from 0.
    pub totals: Vec<usize>,
    /// Whether `fact_count` is withheld.
    pub fact_count: bool,
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
    /// For each group the measures whose values are withheld.
    withheld: Vec<MeasureBits>,
}

fn has(bits: MeasureBits, index: usize) -> bool {
    bits >> index & 1 == 1
}

impl Withheld {
    const fn has_any(&self) -> bool {
        self.rows || self.fact_count || !self.cells.is_empty() || !self.totals.is_empty()
    }
}

/// Writes what was found, as far as it is shown; all of it without verdicts.
///
/// # Errors
///
/// [`QueryError::TooLarge`] if that takes more memory than is asked for, [`QueryError::Stopped`] if
/// it was stopped.
pub(crate) fn write(
    plan: &Plan,
    view: &View,
    texts: &Texts,
    (found, verdicts, asked): (Found, Option<&Verdicts>, Asked<'_>),
) -> Result<Answer, QueryError> {
    let count = found.groups.len();
    let group_bytes = 4 * plan.dimensions.len() + 16 * plan.measures.len() + 16;
    if asked.limits.memory_bytes < found.memory_bytes() + count * group_bytes {
        return Err(QueryError::TooLarge(asked.limits.memory_bytes));
    }
    let check = || if (asked.stop)() { Err(QueryError::Stopped) } else { Ok(()) };
    check()?;
    let mut table = Table::of(found.groups.columns(), count);
    table.values = values(&plan.measures, found.states, count);
    // What is left out has a part in totals that run along it.
    let is_shown = verdicts.map(|verdicts| table.withhold_by(verdicts));
    check()?;
    table.compute_derived(plan);
    check()?;
    let mut rows: Vec<usize> = (0..count).collect();
    if let Some(is_shown) = is_shown {
        rows.retain(|row| is_shown[*row]);
    }
    let group_count = rows.len();
    table.sort(plan, texts, &mut rows);
    check()?;
    let totals = plan.has_totals.then(|| {
        let mut totals = Table::of(Vec::new(), 1);
        totals.values = values(&plan.measures, found.totals, 1);
        totals.withhold(0, verdicts.map_or(0, Verdicts::withheld_of_totals));
        totals.compute_derived(plan);
        totals
    });
    let has_count = verdicts.is_none_or(|it| it.has_total);
    let withheld = verdicts.map(|verdicts| Withheld {
        smallest_group: verdicts.smallest_group,
        rows: group_count < count,
        cells: table.withheld_cells(plan, &rows),
        totals: totals.iter().flat_map(|totals| totals.withheld_measures(plan, 0)).collect(),
        fact_count: !has_count,
    });
    Ok(Answer {
        columns: columns_of(plan),
        totals: totals.map(|totals| totals.measures(plan, texts, 0)),
        withheld: withheld.filter(Withheld::has_any),
        labels: table.labels(plan, texts, &rows),
        incomplete: table.incomplete(plan, &rows, asked.now),
        rows: rows.iter().map(|row| table.row(plan, texts, *row)).collect(),
        group_count,
        fact_count: if has_count { found.row_count } else { 0 },
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

/// The period before, with its value or the total up to it.
#[derive(Clone, Copy)]
struct Last {
    code: u32,
    value: f64,
    is_withheld: bool,
}

impl Table {
    /// Of so many groups with these codes, without values.
    fn of(codes: Vec<Vec<u32>>, count: usize) -> Self {
        Self { count, codes, values: Vec::new(), withheld: vec![0; count] }
    }

    /// Withholds what the verdicts say. Returns which groups are shown at all.
    fn withhold_by(&mut self, verdicts: &Verdicts) -> Vec<bool> {
        let withheld = |row: usize| {
            let codes: Vec<u32> = self.codes.iter().map(|codes| codes[row]).collect();
            verdicts.withheld(&codes)
        };
        let withheld: Vec<Option<MeasureBits>> = (0..self.count).map(withheld).collect();
        for (row, withheld) in withheld.iter().enumerate() {
            self.withhold(row, withheld.unwrap_or(!0));
        }
        withheld.iter().map(Option::is_some).collect()
    }

    /// Withholds measures of a group.
    fn withhold(&mut self, row: usize, measures: MeasureBits) {
        self.withheld[row] |= measures;
        let values = self.values.iter_mut().enumerate();
        values
            .filter(|(index, _)| has(measures, *index))
            .for_each(|(_, values)| values[row] = None);
    }

    fn withheld_measures(&self, plan: &Plan, row: usize) -> Vec<usize> {
        (0..plan.measures.len()).filter(|measure| has(self.withheld[row], *measure)).collect()
    }

    /// The cells of rows that are withheld: the number of the row and that of the column.
    fn withheld_cells(&self, plan: &Plan, rows: &[usize]) -> Vec<[usize; 2]> {
        let first = plan.dimensions.len();
        let cells = rows.iter().enumerate().flat_map(|(number, row)| {
            let measures = self.withheld_measures(plan, *row).into_iter();
            measures.map(move |measure| [number, first + measure])
        });
        cells.collect()
    }

    /// Computes measures of other measures, in the order in which they were asked for: each is of
    /// measures before it.
    fn compute_derived(&mut self, plan: &Plan) {
        let period = plan.dimensions.iter().position(Dimension::is_period);
        let mut order: Vec<usize> = Vec::new();
        for (measure, Measure { kind, .. }) in plan.measures.iter().enumerate() {
            if let MeasureKind::Formula(formula) = kind {
                let value = |row: usize| formula.value(&|of| self.values[of][row]);
                self.values[measure] = (0..self.count).map(value).collect();
                self.withhold_computed(measure, formula.measures());
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
        // By what the group is apart from its period.
        let mut before: HashMap<Vec<u32>, Last> = HashMap::new();
        for row in order.iter().copied() {
            let mut others: Vec<u32> = self.codes.iter().map(|codes| codes[row]).collect();
            let code = others.remove(along.period);
            let value = self.values[along.of][row].unwrap_or_default();
            let known = before.get(&others).copied();
            let total = value + known.map_or(0.0, |last| last.value);
            // A period without facts has no row and counts as 0.
            let last = known.filter(|last| last.code + 1 == code);
            let change = known.map(|_| value - last.map_or(0.0, |last| last.value));
            self.values[along.measure][row] = if along.is_total { Some(total) } else { change };
            let part_of = if along.is_total { known } else { last };
            let is_part_withheld = part_of.is_some_and(|last| last.is_withheld);
            let is_own_withheld = has(self.withheld[row], along.of);
            if is_own_withheld || is_part_withheld {
                self.withhold(row, 1 << along.measure);
            }
            let value = if along.is_total { total } else { value };
            let is_withheld = is_own_withheld || along.is_total && is_part_withheld;
            before.insert(others, Last { code, value, is_withheld });
        }
    }

    /// Withholds a measure where one of those is withheld that it is computed of.
    fn withhold_computed(&mut self, measure: usize, of: MeasureBits) {
        for row in 0..self.count {
            if (self.withheld[row] & (of | 1 << measure)) != 0 {
                self.withhold(row, 1 << measure);
            }
        }
    }

    /// Brings groups into the order of the plan, and leaves as many as it wants.
    fn sort(&self, plan: &Plan, texts: &Texts, rows: &mut Vec<usize>) {
        let compare = |one: &usize, other: &usize| self.compare(plan, texts, (*one, *other));
        if plan.limit < rows.len() {
            rows.select_nth_unstable_by(plan.limit, compare);
            rows.truncate(plan.limit);
        }
        rows.sort_by(compare);
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
