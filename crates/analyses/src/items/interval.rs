//! Confidence intervals.

use crate::number::number_of;

/// The 97.5th percentile of the normal distribution: intervals are those of 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// Where a figure lies with a probability of 95 %, if the learners were a sample of many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    /// Of a share in percent of so many: the score interval of Wilson. It is wider than needed
    /// for a mean of scores between 0 and 100.
    pub fn of_share(percent: f64, count: usize) -> Option<Self> {
        if count == 0 || !(0.0..=100.0).contains(&percent) {
            return None;
        }
        let (share, count) = (percent / 100.0, number_of(count));
        let divisor = 1.0 + Z * Z / count;
        let middle = (share + Z * Z / (2.0 * count)) / divisor;
        let spread = share * (1.0 - share) / count + Z * Z / (4.0 * count * count);
        let half = Z * spread.sqrt() / divisor;
        Some(Self { low: 100.0 * (middle - half), high: 100.0 * (middle + half) })
    }

    /// Of a correlation in percent of so many pairs: by the transformation of Fisher.
    pub fn of_correlation(percent: f64, count: usize) -> Option<Self> {
        if count < 4 {
            return None;
        }
        let middle = (percent / 100.0).clamp(-1.0, 1.0).atanh();
        let half = Z / (number_of(count) - 3.0).sqrt();
        let bound = |it: f64| 100.0 * it.tanh();
        Some(Self { low: bound(middle - half), high: bound(middle + half) })
    }

    /// Of Cronbach's α in percent: by the transformation of Bonett.
    pub(super) fn of_consistency(percent: f64, items: usize, learners: usize) -> Option<Self> {
        if items < 2 || learners < 3 || percent >= 100.0 {
            return None;
        }
        let (items, learners) = (number_of(items), number_of(learners));
        let half = Z * (2.0 * items / ((items - 1.0) * (learners - 2.0))).sqrt();
        let middle = (1.0 - percent / 100.0).ln();
        let bound = |it: f64| 100.0 * (1.0 - it.exp());
        Some(Self { low: bound(middle + half), high: bound(middle - half) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(interval: Option<Interval>, low: f64, high: f64) {
        let interval = interval.unwrap();
        let is_near = |one: f64, other: f64| (one - other).abs() < 0.005;
        assert!(is_near(interval.low, low) && is_near(interval.high, high), "{interval:?}");
    }

    #[test]
    fn intervals_agree_with_a_computation_by_hand() {
        // 8 of 10; none of 20; a correlation of 0.5 in 28 pairs.
        check(Interval::of_share(80.0, 10), 49.02, 94.33);
        check(Interval::of_share(0.0, 20), 0.0, 16.11);
        check(Interval::of_correlation(50.0, 28), 15.60, 73.58);
        assert_eq!(Interval::of_correlation(50.0, 3), None);
        assert_eq!(Interval::of_share(50.0, 0), None);
        check(Interval::of_correlation(100.0, 10), 100.0, 100.0);
    }

    #[test]
    fn the_interval_of_a_consistency_narrows_with_learners() {
        let few = Interval::of_consistency(80.0, 10, 30).unwrap();
        let many = Interval::of_consistency(80.0, 10, 3_000).unwrap();
        assert!(few.low < many.low && many.low < 80.0 && 80.0 < many.high && many.high < few.high);
        assert_eq!(Interval::of_consistency(80.0, 1, 30), None);
        assert_eq!(Interval::of_consistency(100.0, 10, 30), None);
    }
}
