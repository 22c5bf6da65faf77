//! Item statistics: how well the questions of a test work, as the quiz statistics of Moodle
//! define them.
//!
//! A test is a table of scores, learners by items. T is the score of a learner on the whole test,
//! x the one on an item, and R = T − x the rest score: that on all the other items. Variances and
//! covariances are those of a sample: S − 1 is the divisor, where S is the number of learners.
//! A learner who has not answered an item has the score 0 on it.
//!
//! Memory and time are linear in the number of scores, but for sorting.

mod choices;
mod interval;
mod item;
mod moments;
mod order;
mod reliability;

pub use choices::{Choices, Distractor};
pub use interval::Interval;
pub use item::{Item, ItemFlag, ItemStatistics};
pub use moments::ScoreRange;
pub use reliability::{ANSWERS_MIN, ANSWERS_STABLE, Reliability};

use crate::number::number_of;
use moments::{Moments, Scale};
use order::Order;

/// A test: the same learners on several items.
#[derive(Clone, Debug)]
pub struct Test {
    learner_count: usize,
    items: Vec<Item>,
}

/// An item does not have one score for each learner of the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the item has {scores} scores, and the test {learners} learners")]
pub struct Mismatch {
    /// How many scores the item has.
    pub scores: usize,
    /// How many learners the test has.
    pub learners: usize,
}

/// The figures of a test. Percentages are of the range of possible scores.
#[derive(Clone, Debug, PartialEq)]
pub struct TestStatistics {
    /// How many learners there are: S.
    pub learner_count: usize,
    /// The mean score, in percent.
    pub mean: Option<f64>,
    /// The median score, in percent.
    pub median: Option<f64>,
    /// The standard deviation of the scores, in percent.
    pub standard_deviation: Option<f64>,
    /// The asymmetry of the scores: k₃ / k₂^(3/2). Positive with a tail to the right.
    pub skewness: Option<f64>,
    /// How peaked they are: k₄ / k₂². 0 for a normal distribution.
    pub kurtosis: Option<f64>,
    /// The coefficient of internal consistency, in percent: Cronbach's α.
    pub internal_consistency: Option<f64>,
    /// Where it lies with a probability of 95 %.
    pub internal_consistency_interval: Option<Interval>,
    /// How much of the standard deviation is due to chance, in percent.
    pub error_ratio: Option<f64>,
    /// How far the score of a learner is off by chance, in percent.
    pub standard_error: Option<f64>,
    /// The figures of each item, in the order in which they were added.
    pub items: Vec<ItemStatistics>,
}

impl Test {
    /// A test of so many learners.
    pub fn new(learner_count: usize) -> Self {
        Self { learner_count, items: Vec::new() }
    }

    /// Adds an item.
    ///
    /// # Errors
    ///
    /// [`Mismatch`] if it has not one score for each learner.
    pub fn add(&mut self, item: Item) -> Result<(), Mismatch> {
        let (scores, learners) = (item.scores.len(), self.learner_count);
        if scores != learners {
            return Err(Mismatch { scores, learners });
        }
        self.items.push(item);
        Ok(())
    }

    /// Computes all figures. One that is not defined for these scores has no value: a deviation
    /// of one learner, a correlation with scores that are all equal.
    pub fn statistics(&self) -> TestStatistics {
        let statistics = self.statistics_unless(&|| false);
        statistics.unwrap_or_else(|| unreachable!("nobody stops it"))
    }

    /// The same; none as soon as `stop`, which is asked before each item, says so.
    pub fn statistics_unless(&self, stop: &dyn Fn() -> bool) -> Option<TestStatistics> {
        let mut totals = vec![0.0; self.learner_count];
        for item in &self.items {
            for (total, score) in totals.iter_mut().zip(&item.scores) {
                *total += score;
            }
        }
        let scale: Scale = self.items.iter().map(Item::scale).sum();
        let moments = Moments::of(&totals, scale);
        let order = Order::by(&totals);
        let statistics = self
            .items
            .iter()
            .map(|item| (!stop()).then(|| item.statistics(&totals, &order, scale)));
        let mut items: Vec<ItemStatistics> = statistics.collect::<Option<_>>()?;
        item::set_effective_weights(&mut items);
        let internal_consistency = self.internal_consistency(&moments, &items);
        let error_ratio = internal_consistency.map(|it| 100.0 * (1.0 - it / 100.0).max(0.0).sqrt());
        let standard_deviation = moments.variance.map(f64::sqrt).and_then(|it| scale.share_of(it));
        Some(TestStatistics {
            learner_count: self.learner_count,
            mean: moments.mean.and_then(|mean| scale.percent(mean)),
            median: order.median(&totals).and_then(|median| scale.percent(median)),
            standard_deviation,
            skewness: moments.skewness(),
            kurtosis: moments.kurtosis(),
            internal_consistency,
            internal_consistency_interval: internal_consistency
                .and_then(|it| Interval::of_consistency(it, self.items.len(), self.learner_count)),
            error_ratio,
            standard_error: error_ratio
                .zip(standard_deviation)
                .map(|(ratio, deviation)| ratio / 100.0 * deviation),
            items,
        })
    }

    /// 100 · P / (P − 1) · (1 − Σ V(x) / V(T)), where P is the number of items.
    fn internal_consistency(&self, test: &Moments, items: &[ItemStatistics]) -> Option<f64> {
        let of_test = test.spread()?;
        let of_items: Option<Vec<f64>> = items.iter().map(|item| item.variance).collect();
        let of_items: f64 = of_items?.iter().sum();
        let count = number_of(self.items.len());
        (self.items.len() > 1).then(|| 100.0 * count / (count - 1.0) * (1.0 - of_items / of_test))
    }
}

#[cfg(test)]
mod tests;
