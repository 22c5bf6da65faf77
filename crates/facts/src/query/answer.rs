//! Answers: the groups that were found, sorted, cut, and written with their texts.

pub(super) mod withheld;

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::condition::Condition;
use super::measure::{MeasureKind, State};
use super::plan::{Measure, Plan, SortKey};
use super::run::Found;
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

/// A group with its measures.
struct Row {
    codes: Vec<u32>,
    values: Vec<Option<f64>>,
    /// The measures whose values are withheld.
    withheld: MeasureBits,
}

impl Row {
    fn new(
        codes: Vec<u32>,
        values: impl Iterator<Item = Option<f64>>,
        withheld: MeasureBits,
    ) -> Self {
        let value = |(index, value): (usize, Option<f64>)| value.filter(|_| !has(withheld, index));
        Self { codes, values: values.enumerate().map(value).collect(), withheld }
    }

    fn withholds(&self, measure: usize) -> bool {
        has(self.withheld, measure)
    }

    fn withhold(&mut self, measure: usize) {
        self.values[measure] = None;
        self.withheld |= 1 << measure;
    }
}

fn has(bits: MeasureBits, index: usize) -> bool {
    bits >> index & 1 == 1
}

/// What an answer is written of.
#[derive(Clone, Copy)]
pub(crate) struct Writing<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) view: &'a View,
    pub(crate) texts: &'a Texts,
    /// The present in microseconds since 1970.
    pub(crate) now: i64,
}

/// Writes what was found, as far as it is shown; all of it without verdicts.
pub(crate) fn write(writing: Writing<'_>, found: Found, verdicts: Option<&Verdicts>) -> Answer {
    let Writing { plan, view, texts, now } = writing;
    let group_count = found.groups.len();
    let columns = measure_values(&plan.measures, found.states, group_count);
    let numbers = 0..u32::try_from(group_count).unwrap_or(u32::MAX);
    let mut rows: Vec<Row> = numbers
        .map(|group| {
            let values = columns.iter().map(|column| column[group as usize]);
            let codes = found.groups.codes(group);
            let withheld = verdicts.map_or(0, |it| it.withheld(&codes).unwrap_or(!0));
            Row::new(codes, values, withheld)
        })
        .collect();
    compute_derived(plan, &mut rows);
    // Not before: what is left out has a part in totals that run along it.
    rows.retain(|row| verdicts.is_none_or(|it| it.withheld(&row.codes).is_some()));
    let left_out_count = group_count - rows.len();
    let group_count = rows.len();
    sort(plan, texts, &mut rows);
    rows.truncate(plan.limit);
    let totals = plan.has_totals.then(|| {
        let columns = measure_values(&plan.measures, found.totals, 1);
        let values = columns.into_iter().map(|mut column| column.pop().flatten());
        let withheld = verdicts.map_or(0, Verdicts::withheld_of_totals);
        let mut row = Row::new(Vec::new(), values, withheld);
        compute_formulas(plan, std::slice::from_mut(&mut row));
        row
    });
    let has_count = verdicts.is_none_or(|it| it.has_total);
    let withheld = verdicts.map(|verdicts| Withheld {
        smallest_group: verdicts.smallest_group,
        rows: 0 < left_out_count,
        cells: withheld_cells(plan, &rows),
        totals: totals.as_ref().map(|row| withheld_measures(plan, row)).unwrap_or_default(),
        fact_count: !has_count,
    });
    Answer {
        columns: columns_of(plan),
        totals: totals.map(|row| measure_json(plan, texts, &row)),
        withheld: withheld.filter(Withheld::has_any),
        labels: labels(plan, texts, &rows),
        incomplete: incomplete(plan, &rows, now),
        rows: rows.iter().map(|row| row_json(plan, texts, row)).collect(),
        group_count,
        fact_count: if has_count { found.row_count } else { 0 },
        sequence: view.sequence,
        is_rebuilding: false,
    }
}

impl Withheld {
    const fn has_any(&self) -> bool {
        self.rows || self.fact_count || !self.cells.is_empty() || !self.totals.is_empty()
    }
}

fn withheld_measures(plan: &Plan, row: &Row) -> Vec<usize> {
    (0..plan.measures.len()).filter(|measure| row.withholds(*measure)).collect()
}

fn withheld_cells(plan: &Plan, rows: &[Row]) -> Vec<[usize; 2]> {
    let first = plan.dimensions.len();
    let of_row = |(number, row): (usize, &Row)| {
        let measures = withheld_measures(plan, row).into_iter();
        measures.map(move |measure| [number, first + measure])
    };
    rows.iter().enumerate().flat_map(of_row).collect()
}

fn measure_values(measures: &[Measure], states: Vec<State>, count: usize) -> Vec<Vec<Option<f64>>> {
    let states = measures.iter().zip(states);
    states.map(|(measure, state)| state.values(&measure.kind, count)).collect()
}

/// Computes measures of other measures, in the order in which they were asked for.
fn compute_derived(plan: &Plan, rows: &mut [Row]) {
    compute_formulas(plan, rows);
    let Some(period) = plan.dimensions.iter().position(Dimension::is_period) else { return };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_unstable_by(|one, other| rows[*one].codes[period].cmp(&rows[*other].codes[period]));
    for (index, measure) in plan.measures.iter().enumerate() {
        let Some((of, is_total)) = measure.kind.along() else { continue };
        let along = Along { measure: index, of, is_total, period };
        along.compute(&order, rows);
    }
    compute_formulas(plan, rows);
}

/// The period before, with its value or the total up to it.
#[derive(Clone, Copy)]
struct Last {
    code: u32,
    value: f64,
    is_withheld: bool,
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

impl Along {
    /// Computes it for all rows, which `order` has in the order of their periods.
    fn compute(&self, order: &[usize], rows: &mut [Row]) {
        // By what the row is apart from its period.
        let mut before: HashMap<Vec<u32>, Last> = HashMap::new();
        for row in order.iter().copied() {
            let row = &mut rows[row];
            let mut others = row.codes.clone();
            let code = others.remove(self.period);
            let value = row.values[self.of].unwrap_or_default();
            let known = before.get(&others).copied();
            let total = value + known.map_or(0.0, |last| last.value);
            // A period without facts has no row and counts as 0.
            let last = known.filter(|last| last.code + 1 == code);
            let change = known.map(|_| value - last.map_or(0.0, |last| last.value));
            row.values[self.measure] = if self.is_total { Some(total) } else { change };
            let part_of = if self.is_total { known } else { last };
            let is_part_withheld = part_of.is_some_and(|last| last.is_withheld);
            let is_own_withheld = row.withholds(self.of);
            if is_own_withheld || is_part_withheld {
                row.withhold(self.measure);
            }
            let value = if self.is_total { total } else { value };
            let is_withheld = is_own_withheld || self.is_total && is_part_withheld;
            before.insert(others, Last { code, value, is_withheld });
        }
    }
}

fn compute_formulas(plan: &Plan, rows: &mut [Row]) {
    for (index, measure) in plan.measures.iter().enumerate() {
        let MeasureKind::Formula(formula) = &measure.kind else { continue };
        for row in rows.iter_mut() {
            row.values[index] = formula.value(&|of| row.values[of]);
            if row.withheld & formula.measures() != 0 {
                row.withhold(index);
            }
        }
    }
}

fn sort(plan: &Plan, texts: &Texts, rows: &mut [Row]) {
    rows.sort_by(|one, other| {
        let keys = plan.order.iter();
        let mut orders = keys.map(|(key, descending)| match *key {
            SortKey::Measure(index) => {
                by_value(one.values[index], other.values[index], *descending)
            }
            SortKey::Dimension(index) => {
                let codes = (one.codes[index], other.codes[index]);
                let order = by_code(&plan.dimensions[index], texts, codes);
                if *descending { order.reverse() } else { order }
            }
        });
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
}

fn by_code(dimension: &Dimension, texts: &Texts, (one, other): (u32, u32)) -> Ordering {
    if one == other || dimension.is_numeric() {
        return one.cmp(&other);
    }
    let text = |code| dimension.value(texts, code).to_string();
    text(one).cmp(&text(other))
}

/// Groups without a value come last in either order.
fn by_value(one: Option<f64>, other: Option<f64>, descending: bool) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if descending => other.total_cmp(&one),
        (Some(one), Some(other)) => one.total_cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn columns_of(plan: &Plan) -> Vec<Column> {
    let dimensions = plan.dimensions.iter().map(|it| (&it.name, ColumnKind::Dimension));
    let measures = plan.measures.iter().map(|it| (&it.name, ColumnKind::Measure));
    let columns = dimensions.chain(measures);
    columns.map(|(name, kind)| Column { name: name.clone(), kind }).collect()
}

fn row_json(plan: &Plan, texts: &Texts, row: &Row) -> Vec<Json> {
    let dimensions = plan.dimensions.iter().zip(&row.codes);
    let mut cells: Vec<Json> = dimensions.map(|(it, code)| it.value(texts, *code)).collect();
    cells.append(&mut measure_json(plan, texts, row));
    cells
}

fn measure_json(plan: &Plan, texts: &Texts, row: &Row) -> Vec<Json> {
    let measures = plan.measures.iter().zip(&row.values);
    measures.map(|(measure, value)| measure.kind.json(texts, *value)).collect()
}

fn labels(plan: &Plan, texts: &Texts, rows: &[Row]) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    for (index, dimension) in plan.dimensions.iter().enumerate() {
        let mut known = BTreeMap::new();
        for code in rows.iter().map(|row| row.codes[index]) {
            if let Some(name) = dimension.label(texts, code)
                && let Json::String(value) = dimension.value(texts, code)
            {
                known.insert(value, name);
            }
        }
        if !known.is_empty() {
            labels.insert(dimension.name.clone(), known);
        }
    }
    labels
}

fn incomplete(plan: &Plan, rows: &[Row], now: i64) -> Vec<usize> {
    let bounds = plan.condition.as_ref().map_or((i64::MIN, i64::MAX), Condition::time_bounds);
    let (from, to) = (bounds.0, bounds.1.min(now));
    let is_incomplete = |row: &Row| {
        plan.dimensions.iter().zip(&row.codes).any(|(dimension, code)| {
            let DimensionKind::Time { period, .. } = &dimension.kind else { return false };
            let number = dimension.period(*code).filter(|_| !Period::recurs(*period));
            number.is_some_and(|number| {
                let start = plan.zone.instant_of(period.start(number));
                let end = plan.zone.instant_of(period.start(number + 1));
                start < from || to < end
            })
        })
    };
    rows.iter().enumerate().filter(|(_, row)| is_incomplete(row)).map(|(index, _)| index).collect()
}
