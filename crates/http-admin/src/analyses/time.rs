//! Time on task: how long learners work, by their sessions.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use acta_analyses::{Moment, Session, quantiles, sessions};
use acta_facts::{FactRows, QueryError, RowColumn};
use serde::Serialize;
use utoipa::ToSchema;

use super::budget::Budget;
use super::is_small;
use super::spread::Spread;

/// Bytes of memory of a learner, beside those of what the learner did.
const LEARNER_BYTES: usize = 100;

/// Microseconds of a second.
const SECOND: f64 = 1e6;

/// How long learners work.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct TimeAnalysis {
    /// Minutes without a statement that end a session.
    gap_minutes: u32,
    /// Each value of the field, the one with the most time first.
    rows: Vec<TimeFigures>,
    /// Whether rows are left out, since they are about fewer learners than the tenant shows; absent
    /// otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    withheld: bool,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// The time for one value of the field.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct TimeFigures {
    /// The value; none for statements without one.
    value: Option<String>,
    /// How many learners there are.
    learners: usize,
    /// How many sessions they have had.
    sessions: usize,
    /// The seconds of all sessions together.
    seconds: f64,
    /// The seconds of a session.
    seconds_per_session: Option<Spread>,
    /// The seconds of a learner.
    seconds_per_learner: Option<Spread>,
}

/// Computes the time by the values of a field, from rows with the field, `person`, `timestamp` and
/// `duration`.
///
/// # Errors
///
/// Those of [`Budget`].
pub(crate) fn analyse(
    rows: FactRows,
    gap_minutes: u32,
    budget: &mut Budget<'_>,
) -> Result<TimeAnalysis, QueryError> {
    let gap = i64::from(gap_minutes) * 60_000_000;
    let FactRows { columns, count, sequence, is_rebuilding } = rows;
    let columns: Result<[RowColumn; 4], _> = columns.try_into();
    let Ok(
        [
            RowColumn::Texts { places: values, texts },
            RowColumn::Texts { places: persons, .. },
            RowColumn::Times(times),
            RowColumn::Numbers(durations),
        ],
    ) = columns
    else {
        let rows = Vec::new();
        return Ok(TimeAnalysis { gap_minutes, rows, withheld: false, sequence, is_rebuilding });
    };
    let mut events: BTreeMap<u32, BTreeMap<u32, Vec<Moment>>> = BTreeMap::new();
    for row in (0..count).filter(|row| persons[*row] != 0) {
        budget.check_at(row)?;
        let moment = Moment { time: times[row], duration: micros(durations[row]) };
        let learners = events.entry(values[row]).or_default();
        let moments = learners.entry(persons[row]).or_default();
        let is_new = moments.is_empty();
        moments.push(moment);
        budget.take(1, size_of::<Moment>() + if is_new { LEARNER_BYTES } else { 0 })?;
    }
    let figures = |(value, learners): (u32, BTreeMap<u32, Vec<Moment>>)| {
        let by_learner: Vec<Vec<f64>> = learners
            .into_values()
            .map(|events| sessions(events, gap).iter().map(seconds).collect())
            .collect();
        let all = by_learner.iter().flatten().copied();
        let sums = by_learner.iter().map(|sessions| sessions.iter().sum::<f64>());
        TimeFigures {
            value: Some(texts[value as usize].clone()).filter(|_| value != 0),
            learners: by_learner.len(),
            sessions: by_learner.iter().map(Vec::len).sum(),
            seconds: sums.clone().sum(),
            seconds_per_session: quantiles(all).map(Spread::from),
            seconds_per_learner: quantiles(sums).map(Spread::from),
        }
    };
    let mut rows: Vec<TimeFigures> = Vec::with_capacity(events.len());
    for of_value in events {
        budget.check()?;
        rows.push(figures(of_value));
    }
    rows.sort_by(|one, other| {
        other.seconds.total_cmp(&one.seconds).then_with(|| one.value.cmp(&other.value))
    });
    Ok(TimeAnalysis { gap_minutes, rows, withheld: false, sequence, is_rebuilding })
}

impl TimeAnalysis {
    /// Without the rows that are about fewer learners than the smallest group. There is no total
    /// that tells of them.
    pub(crate) fn without_small(mut self, smallest: Option<NonZeroU32>) -> Self {
        let count = self.rows.len();
        self.rows.retain(|row| !is_small(row.learners, smallest));
        self.withheld = self.rows.len() < count;
        self
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations are below 2^53 microseconds")]
fn seconds(session: &Session) -> f64 {
    session.duration() as f64 / SECOND
}

/// A duration in microseconds; 0 if it is not known.
#[expect(clippy::cast_possible_truncation, reason = "a cast from a number saturates")]
fn micros(seconds: f64) -> i64 {
    if seconds.is_finite() { (seconds * SECOND) as i64 } else { 0 }
}
