//! Retention: how many learners of those who came for the first time together come again.

use acta_analyses::{Cohort, cohorts};
use acta_facts::QueryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::FactReader;
use super::rows::calendar::Period;
use super::rows::condition::before;
use super::rows::spread::share;

/// Most cohorts that are listed: the latest.
const COHORTS_MAX: usize = 120;

/// How many learners come again.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RetentionAnalysis {
    /// What the periods are.
    period: Period,
    /// The cohorts, in the order of time: the latest 120.
    cohorts: Vec<CohortFigures>,
    /// All cohorts together: how many percent of the learners were active in the first period,
    /// the one after it, and so on; of those whose cohort is old enough.
    retention: Vec<Option<f64>>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// Learners who were active for the first time in the same period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CohortFigures {
    /// The period.
    period: String,
    /// How many learners there are.
    learners: usize,
    /// How many of them were active in the first period, the one after it, and so on; the last
    /// one may not be over yet.
    active: Vec<usize>,
    /// The same in percent.
    retention: Vec<Option<f64>>,
}

/// Computes how many learners come again, in periods up to the present one.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn analyse(reader: FactReader<'_>, period: Period) -> Result<RetentionAnalysis, QueryError> {
    // A clock that is ahead makes no period in the future.
    let until = [before("timestamp", reader.asked.now)];
    let (presence, _, sequence) = reader.presence(period, &until)?;
    let mut found = cohorts(&presence);
    let length = found.iter().map(|cohort| cohort.active.len()).max().unwrap_or_default();
    let retention = (0..length).map(|after| together(&found, after)).take(COHORTS_MAX).collect();
    let listed = found.split_off(found.len().saturating_sub(COHORTS_MAX));
    let figures = |cohort: Cohort| CohortFigures {
        period: period.text(cohort.period),
        learners: cohort.size,
        retention: (0..cohort.active.len()).map(|after| cohort.retention(after)).collect(),
        active: cohort.active,
    };
    let cohorts = listed.into_iter().map(figures).collect();
    let is_rebuilding = reader.is_rebuilding();
    Ok(RetentionAnalysis { period, cohorts, retention, sequence, is_rebuilding })
}

/// How many percent of the learners of all cohorts that are so old were active so many periods
/// after the first.
fn together(cohorts: &[Cohort], after: usize) -> Option<f64> {
    let old = || cohorts.iter().filter(|cohort| after < cohort.active.len());
    let active = old().map(|cohort| cohort.active[after]).sum();
    share(active, old().map(|cohort| cohort.size).sum())
}
