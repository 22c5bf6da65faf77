//! Silence: whether a source has been quiet for longer than it usually is.

use crate::number::quantile;

/// Fewest days with statements from which it is known what is usual.
pub const DAYS_KNOWN: usize = 6;
/// How many times the usual interval may pass before a source counts as silent.
pub const SILENT_INTERVALS: f64 = 3.0;

/// The share of the intervals that are usual: longer ones are holidays and failures.
const USUAL: f64 = 0.95;

/// How a source sends, in days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// The interval between two days with statements that 95 % of all are not longer than: 1 for
    /// a source that sends every day. None if there are fewer than [`DAYS_KNOWN`] such days.
    pub usual: Option<f64>,
    /// The longest interval.
    pub longest: Option<i32>,
    /// Days since the last one with statements; 0 if that is today.
    pub quiet: i32,
    /// Whether that is more than [`SILENT_INTERVALS`] times as long as usual.
    pub is_silent: bool,
}

/// Compares the days since a source has sent something with its usual interval, by the days on
/// which it has, in any order. Days after `today` do not count. None without a day.
pub fn silence(days: &[i32], today: i32) -> Option<Silence> {
    let mut days: Vec<i32> = days.iter().copied().filter(|day| *day <= today).collect();
    days.sort_unstable();
    days.dedup();
    let quiet = today.saturating_sub(*days.last()?);
    let gaps = days.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    let mut gaps: Vec<i32> = gaps.collect();
    gaps.sort_unstable();
    let sorted: Vec<f64> = gaps.iter().copied().map(f64::from).collect();
    let usual = quantile(&sorted, USUAL).filter(|_| DAYS_KNOWN <= days.len());
    let is_silent = usual.is_some_and(|usual| SILENT_INTERVALS * usual < f64::from(quiet));
    Some(Silence { usual, longest: gaps.last().copied(), quiet, is_silent })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_source_is_silent_after_three_usual_intervals() {
        let every_day: Vec<i32> = (0..100).collect();
        let at = |today| silence(&every_day, today).unwrap();
        assert_eq!((at(99).quiet, at(102).is_silent, at(103).is_silent), (0, false, true));
        assert_eq!((at(99).usual, at(99).longest), (Some(1.0), Some(1)));
        // One that rests at weekends is expected on Tuesday after a week.
        let weekdays: Vec<i32> = (0..200).filter(|day| day % 7 < 5).collect();
        let last = *weekdays.last().unwrap();
        let found = |after| silence(&weekdays, last + after).unwrap();
        assert_eq!((found(1).usual, found(9).is_silent), (Some(3.0), false));
        assert!(found(10).is_silent);
        // What is to come does not count.
        assert_eq!(silence(&every_day, 50).unwrap().quiet, 0);
    }

    #[test]
    fn nothing_is_usual_for_a_source_that_is_hardly_known() {
        let found = silence(&[1, 2, 3, 4, 5], 500).unwrap();
        assert_eq!((found.usual, found.is_silent, found.quiet), (None, false, 495));
        assert_eq!(silence(&[], 5), None);
    }

    proptest! {
        #[test]
        fn neither_order_nor_repetition_matters(days in prop::collection::vec(0..90_i32, 0..40)) {
            let mut late = days.clone();
            late.reverse();
            late.extend(days.iter().take(5));
            prop_assert_eq!(silence(&days, 100), silence(&late, 100));
        }
    }
}
