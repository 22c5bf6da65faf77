//! Time on task: how long learners work, by their sessions.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use acta_analyses::{Session, SessionEvent, quantiles, sessions};
use acta_facts::QueryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::budget::Budget;
use super::rows::budget::is_small;
use super::rows::columns::{Columns, Texts};
use super::rows::fault;
use super::rows::spread::Spread;

/// Bytes of memory of a learner, beside those of what the learner did.
const LEARNER_BYTES: usize = 100;

/// Minutes without a statement that end a session, if nothing is said, and at most.
pub const GAP_MINUTES: u32 = 30;
const GAP_MINUTES_MAX: u32 = 24 * 60;

/// The minutes without a statement that end a session, of a request.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn gap_minutes(requested: Option<u32>) -> Result<u32, QueryError> {
    let gap = requested.unwrap_or(GAP_MINUTES);
    if !(1..=GAP_MINUTES_MAX).contains(&gap) {
        return Err(fault("/gap_minutes", "expected a number from 1 to 1440"));
    }
    Ok(gap)
}

/// Microseconds of a second.
const SECOND: f64 = 1e6;

/// How long learners work.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TimeAnalysis {
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
pub struct TimeFigures {
    /// The value; none for statements without one.
    pub value: Option<String>,
    /// How many learners there are.
    learners: usize,
    /// How many sessions they have had.
    sessions: usize,
    /// The seconds of all sessions together.
    seconds: f64,
    /// The seconds of a session.
    seconds_per_session: Option<Spread>,
    /// The seconds of a learner.
    pub seconds_per_learner: Option<Spread>,
}

/// What time is computed from: rows with who did something, when it was over, and how long it took.
#[derive(Debug)]
pub struct Spent {
    /// Who did something.
    pub persons: Texts,
    /// When it was over, in microseconds since 1970.
    pub times: Vec<i64>,
    /// Seconds; not a number where it is not known.
    pub durations: Vec<f64>,
}

/// Computes the time by the values of a field, from rows with the field, `person`, `timestamp` and
/// `duration`.
///
/// # Errors
///
/// Those of [`Budget`].
pub fn analyse(
    mut rows: Columns,
    gap_minutes: u32,
    budget: &mut Budget<'_>,
) -> Result<TimeAnalysis, QueryError> {
    let values = rows.texts();
    let spent = Spent { persons: rows.texts(), times: rows.times(), durations: rows.numbers() };
    let mut figures = time_by(&values, &spent, gap_minutes, budget)?;
    figures.sort_by(|one, other| {
        other.seconds.total_cmp(&one.seconds).then_with(|| one.value.cmp(&other.value))
    });
    let Columns { sequence, is_rebuilding, .. } = rows;
    Ok(TimeAnalysis { gap_minutes, rows: figures, withheld: false, sequence, is_rebuilding })
}

/// The time for each of the values, in no order.
///
/// # Errors
///
/// Those of [`Budget`].
pub fn time_by(
    values: &Texts,
    spent: &Spent,
    gap_minutes: u32,
    budget: &mut Budget<'_>,
) -> Result<Vec<TimeFigures>, QueryError> {
    let gap = i64::from(gap_minutes) * 60_000_000;
    let Spent { persons, times, durations } = spent;
    let mut events: BTreeMap<u32, BTreeMap<u32, Vec<SessionEvent>>> = BTreeMap::new();
    for row in (0..times.len()).filter(|row| persons.places[*row] != 0) {
        budget.check_at(row)?;
        let moment = SessionEvent { time: times[row], duration: micros(durations[row]) };
        let learners = events.entry(values.places[row]).or_default();
        let moments = learners.entry(persons.places[row]).or_default();
        let is_new = moments.is_empty();
        moments.push(moment);
        budget.take(1, size_of::<SessionEvent>() + if is_new { LEARNER_BYTES } else { 0 })?;
    }
    let figures = |(value, learners): (u32, BTreeMap<u32, Vec<SessionEvent>>)| {
        let by_learner: Vec<Vec<f64>> = learners
            .into_values()
            .map(|events| sessions(events, gap).iter().map(seconds).collect())
            .collect();
        let all = by_learner.iter().flatten().copied();
        let sums = by_learner.iter().map(|sessions| sessions.iter().sum::<f64>());
        TimeFigures {
            value: Some(values.texts[value as usize].clone()).filter(|_| value != 0),
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
    Ok(rows)
}

impl TimeAnalysis {
    /// Without the rows that are about fewer learners than the smallest group. There is no total
    /// that tells of them.
    #[must_use]
    pub fn without_small(mut self, smallest: Option<NonZeroU32>) -> Self {
        let count = self.rows.len();
        self.rows.retain(|row| !is_small(row.learners, smallest));
        self.withheld = self.rows.len() < count;
        self
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations are below 2^53 microseconds")]
/// How long a session was, in seconds.
pub fn seconds(session: &Session) -> f64 {
    session.duration() as f64 / SECOND
}

/// A duration in microseconds; 0 if it is not known.
#[expect(clippy::cast_possible_truncation, reason = "a cast from a number saturates")]
pub fn micros(seconds: f64) -> i64 {
    if seconds.is_finite() { (seconds * SECOND) as i64 } else { 0 }
}
