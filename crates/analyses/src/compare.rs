//! Comparison: whether the learners of one group differ from those of another by more than chance.

use crate::items::Interval;
use crate::number::{mean, number_of, variance};

/// Fewest learners of each group that are compared.
pub const GROUP_MIN: usize = 10;

/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// How the mean of one group differs from that of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The mean of the group less that of the other.
    pub difference: f64,
    /// Where the difference lies with a probability of 95 %. If 0 is not within, it is probably
    /// not due to chance.
    pub interval: Interval,
    /// The difference in standard deviations of both groups together (Cohen's d); none if there
    /// is no deviation.
    pub effect: Option<f64>,
}

/// Compares the values of the learners of a group with those of the others.
///
/// The interval is that of Welch, by the normal distribution. None with fewer than [`GROUP_MIN`]
/// values in one of them.
pub fn difference(group: &[f64], others: &[f64]) -> Option<Difference> {
    if group.len().min(others.len()) < GROUP_MIN {
        return None;
    }
    let difference = mean(group)? - mean(others)?;
    let (of_group, of_others) = (variance(group)?, variance(others)?);
    let (count, other_count) = (number_of(group.len()), number_of(others.len()));
    let error = (of_group / count + of_others / other_count).sqrt();
    let interval = Interval { low: difference - Z * error, high: difference + Z * error };
    let pooled =
        ((count - 1.0) * of_group + (other_count - 1.0) * of_others) / (count + other_count - 2.0);
    let effect = Some(difference / pooled.sqrt()).filter(|effect| effect.is_finite());
    Some(Difference { difference, interval, effect })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_difference_is_given_with_what_chance_can_do() {
        let group: Vec<f64> = (0..20).map(|it| f64::from(it % 2) + 3.0).collect();
        let others: Vec<f64> = (0..20).map(|it| f64::from(it % 2)).collect();
        let found = difference(&group, &others).unwrap();
        // Each has the variance 5 / 19.
        let variance: f64 = 5.0 / 19.0;
        let error = Z * (variance / 10.0).sqrt();
        assert!((found.difference - 3.0).abs() < 1e-12);
        assert!((found.interval.low - (3.0 - error)).abs() < 1e-12, "{found:?}");
        assert!((found.effect.unwrap() - 3.0 / variance.sqrt()).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn few_learners_and_equal_values_are_not_compared() {
        assert_eq!(difference(&[1.0; 9], &[1.0; 20]), None);
        let equal = difference(&[1.0; 10], &[1.0; 20]).unwrap();
        assert_eq!((equal.difference, equal.effect), (0.0, None));
    }

    proptest! {
        #[test]
        fn a_difference_turns_round_with_the_groups(
            group in prop::collection::vec(0.0..9.0_f64, 10..30),
            others in prop::collection::vec(0.0..9.0_f64, 10..30),
        ) {
            let (one, other) =
                (difference(&group, &others).unwrap(), difference(&others, &group).unwrap());
            prop_assert!((one.difference + other.difference).abs() < 1e-9);
            prop_assert!((one.interval.low + other.interval.high).abs() < 1e-9);
            prop_assert!(one.interval.low <= one.difference);
        }
    }
}
