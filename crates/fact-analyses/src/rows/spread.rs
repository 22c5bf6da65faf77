//! How values are spread, as the API gives it.

use acta_analyses::{Interval, Quantiles};
use serde::Serialize;
use utoipa::ToSchema;

/// Percentiles of values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Spread {
    /// How many values there are.
    count: usize,
    /// 10 % of the values are below.
    p10: f64,
    /// 25 % of the values are below.
    p25: f64,
    /// Half of the values are below.
    median: f64,
    /// 75 % of the values are below.
    p75: f64,
    /// 90 % of the values are below.
    p90: f64,
}

impl From<Quantiles> for Spread {
    fn from(it: Quantiles) -> Self {
        Self {
            count: it.count,
            p10: it.tenth,
            p25: it.quarter,
            median: it.median,
            p75: it.three_quarters,
            p90: it.nine_tenths,
        }
    }
}

/// Where a figure lies with a probability of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Bounds {
    /// The lower bound.
    low: f64,
    /// The upper bound.
    high: f64,
}

impl From<Interval> for Bounds {
    fn from(it: Interval) -> Self {
        Self { low: it.low, high: it.high }
    }
}

/// How many percent a part is of a whole; none of nothing.
pub fn share(part: usize, whole: usize) -> Option<f64> {
    share_of(part as u64, whole as u64)
}

/// As [`share`], of counts of statements.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
pub fn share_of(part: u64, whole: u64) -> Option<f64> {
    (whole != 0).then(|| 100.0 * part as f64 / whole as f64)
}
