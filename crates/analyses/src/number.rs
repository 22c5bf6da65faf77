//! Means, variances and quantiles.

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
pub(crate) fn number_of(count: usize) -> f64 {
    count as f64
}

/// The mean; none of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / number_of(values.len()))
}

/// The variance of a sample, with the number of values less 1 as divisor; none of fewer than two.
pub fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| squares / number_of(values.len() - 1))
}

/// The median; none of nothing. The values may be in any order.
pub fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    quantile(values, 0.5)
}

/// The value below which a share of the values is, from 0 to 1, of values in ascending order;
/// between two values in proportion. None of nothing.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * number_of(last);
    let before = floor_index(place).min(last);
    let after = (before + 1).min(last);
    let part = place - number_of(before);
    Some(sorted[before] + part * (sorted[after] - sorted[before]))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the place is not negative, and not beyond the last index"
)]
fn floor_index(place: f64) -> usize {
    place.floor() as usize
}

/// How values are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles {
    /// How many values there are.
    pub count: usize,
    /// The value that 10 % are below.
    pub tenth: f64,
    /// The value that 25 % are below.
    pub quarter: f64,
    /// The value that half are below.
    pub median: f64,
    /// The value that 75 % are below.
    pub three_quarters: f64,
    /// The value that 90 % are below.
    pub nine_tenths: f64,
}

/// How values in any order are spread; none of nothing. Values that are no numbers do not count.
pub fn quantiles(values: impl IntoIterator<Item = f64>) -> Option<Quantiles> {
    let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(Quantiles {
        count: sorted.len(),
        tenth: quantile(&sorted, 0.10)?,
        quarter: quantile(&sorted, 0.25)?,
        median: quantile(&sorted, 0.50)?,
        three_quarters: quantile(&sorted, 0.75)?,
        nine_tenths: quantile(&sorted, 0.90)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_two_values_in_proportion() {
        let spread = quantiles([4.0, 1.0, f64::NAN, 3.0, 2.0]).unwrap();
        let found = (spread.count, spread.tenth, spread.quarter, spread.median);
        assert_eq!(found, (4, 1.3, 1.75, 2.5));
        assert_eq!((spread.three_quarters, spread.nine_tenths), (3.25, 3.7));
        assert_eq!((quantiles([]), median(&mut [])), (None, None));
        assert_eq!(quantile(&[7.0], 0.9), Some(7.0));
    }

    #[test]
    fn a_variance_needs_two_values() {
        assert_eq!((variance(&[1.0]), variance(&[1.0, 3.0])), (None, Some(2.0)));
    }
}
