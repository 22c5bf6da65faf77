//! Standing: how far a learner is from the others of the same course.

use crate::number::{mean, variance};

/// Fewest others that somebody is compared with.
pub const PEERS_MIN: usize = 10;

/// How many standard deviations a value is above the mean of all; negative below it.
///
/// One value for each learner; none for those without one, who have no standing either. Nobody
/// has one if there are fewer than [`PEERS_MIN`] values or all are equal.
pub fn z_scores(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let known: Vec<f64> = values.iter().copied().flatten().filter(|it| it.is_finite()).collect();
    let deviation = variance(&known).map(f64::sqrt).filter(|_| PEERS_MIN <= known.len());
    let scale = mean(&known).zip(deviation).filter(|(mean, deviation)| {
        // Less is due to rounding.
        *deviation > 1e-12 * mean.abs().max(f64::MIN_POSITIVE)
    });
    let score = |value: &Option<f64>| {
        let (mean, deviation) = scale?;
        value.filter(|it| it.is_finite()).map(|value| (value - mean) / deviation)
    };
    values.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_distance_from_the_mean_in_deviations() {
        let mut values: Vec<Option<f64>> = (1..=9).map(|it| Some(f64::from(it))).collect();
        values.extend([None, Some(15.0)]);
        let found = z_scores(&values);
        // The mean is 6, the variance 18.
        let expected = 9.0 / (50.0_f64 / 3.0).sqrt();
        assert!((found[10].unwrap() - expected).abs() < 1e-12, "{found:?}");
        assert_eq!((found[5], found[9]), (Some(0.0), None));
    }

    #[test]
    fn nobody_is_compared_with_too_few_or_with_equals() {
        assert_eq!(z_scores(&[Some(1.0), Some(2.0)]), [None, None]);
        assert_eq!(z_scores(&[Some(0.1); 12]), [None; 12]);
        assert_eq!(z_scores(&[]), []);
    }
}
