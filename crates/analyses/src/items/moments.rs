//! Moments of scores, and the scale that they are on.

use std::iter::Sum;
use std::ops::Sub;

use crate::number::number_of;

/// The lowest and the highest possible score of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
}

impl ScoreRange {
    /// From wrong to right.
    pub const UNIT: Self = Self { min: 0.0, max: 1.0 };
}

/// A standard deviation that is smaller than this part of the scale is due to rounding.
const ROUNDING: f64 = 1e-10;

/// A covariance that is smaller than this part of both scales is due to rounding.
const COVARIANCE_ROUNDING: f64 = 1e-13;

/// The possible scores of an item or of several of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scale {
    min: f64,
    max: f64,
}

impl Scale {
    pub(super) fn of(range: ScoreRange) -> Self {
        Self { min: range.min, max: range.max }
    }

    pub(super) fn width(self) -> f64 {
        self.max - self.min
    }

    /// Where a score is, in percent; none if there is only one possible score.
    pub(super) fn percent(self, score: f64) -> Option<f64> {
        self.share_of(score - self.min)
    }

    /// How much a difference of scores is, in percent.
    pub(super) fn share_of(self, difference: f64) -> Option<f64> {
        (self.width() > 0.0).then(|| 100.0 * difference / self.width())
    }

    /// A variance; none if it is so small that all scores are equal.
    pub(super) fn spread(self, variance: f64) -> Option<f64> {
        (variance.sqrt() > ROUNDING * self.width().max(f64::MIN_POSITIVE)).then_some(variance)
    }
}

/// A covariance of scores on two scales, or 0 if it is so small that it is due to rounding.
pub(super) fn covariance(value: f64, one: Scale, other: Scale) -> f64 {
    let least = COVARIANCE_ROUNDING * (one.width() * other.width()).abs();
    if value.abs() <= least { 0.0 } else { value }
}

impl Sum for Scale {
    fn sum<I: Iterator<Item = Self>>(scales: I) -> Self {
        scales.fold(Self::default(), |sum, scale| Self {
            min: sum.min + scale.min,
            max: sum.max + scale.max,
        })
    }
}

impl Sub for Scale {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { min: self.min - other.min, max: self.max - other.max }
    }
}

/// Moments of the scores of a test.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    count: f64,
    scale: Scale,
    pub(super) mean: Option<f64>,
    /// With the number of scores less 1 as divisor: also the k-statistic k₂.
    pub(super) variance: Option<f64>,
    /// Central moments, with the number of scores as divisor.
    second: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    pub(super) fn of(scores: &[f64], scale: Scale) -> Self {
        let count = number_of(scores.len());
        let mean = crate::number::mean(scores);
        let (mut second, mut third, mut fourth) = (0.0, 0.0, 0.0);
        for score in scores {
            let deviation = score - mean.unwrap_or_default();
            let square = deviation * deviation;
            second += square;
            third += square * deviation;
            fourth += square * square;
        }
        let variance = (scores.len() > 1).then(|| second / (count - 1.0));
        let [second, third, fourth] = [second, third, fourth].map(|sum| sum / count);
        Self { count, scale, mean, variance, second, third, fourth }
    }

    /// The variance; none if all scores are equal.
    pub(super) fn spread(&self) -> Option<f64> {
        self.variance.and_then(|variance| self.scale.spread(variance))
    }

    /// k₃ / k₂^(3/2), with k₃ = S² m₃ / ((S−1)(S−2)).
    pub(super) fn skewness(&self) -> Option<f64> {
        let (s, k2) = (self.count, self.spread()?);
        let k3 = s * s * self.third / ((s - 1.0) * (s - 2.0));
        (s > 2.0).then(|| k3 / k2.powf(1.5))
    }

    /// k₄ / k₂², with k₄ = S² ((S+1) m₄ − 3 (S−1) m₂²) / ((S−1)(S−2)(S−3)).
    pub(super) fn kurtosis(&self) -> Option<f64> {
        let (s, k2) = (self.count, self.spread()?);
        let inner = (s + 1.0) * self.fourth - 3.0 * (s - 1.0) * self.second * self.second;
        let k4 = s * s * inner / ((s - 1.0) * (s - 2.0) * (s - 3.0));
        (s > 3.0).then(|| k4 / (k2 * k2))
    }
}
