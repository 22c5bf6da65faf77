//! The figures of one item.

use super::choices::{Choices, Distractor};
use super::interval::Interval;
use super::moments::{Scale, ScoreRange, covariance};
use super::order::Order;
use super::reliability::{ANSWERS_STABLE, Reliability};
use crate::number::number_of;

/// A facility above this, in percent, is too easy.
const EASY: f64 = 95.0;
/// A discrimination index below this, in percent, tells good learners from others too little.
const DISCRIMINATION_MIN: f64 = 10.0;
/// A wrong option has to be chosen by so many before it may be what is right.
const RIVAL_ANSWERS_MIN: usize = 5;

/// A question of a test with the scores of all learners.
#[derive(Clone, Debug)]
pub struct Item {
    range: ScoreRange,
    pub(super) scores: Vec<f64>,
    answer_count: usize,
    /// The sum and the number of the scores of later answers.
    later: (f64, usize),
    random_guess_score: Option<f64>,
    choices: Option<Choices>,
}

impl Item {
    /// An item with the score of each learner, in the order of the test; none for those who have
    /// not answered it. A score that is no finite number counts as none.
    pub fn new(range: ScoreRange, scores: impl IntoIterator<Item = Option<f64>>) -> Self {
        let mut answer_count = 0;
        let scores = scores.into_iter().map(|score| {
            let score = score.filter(|score| score.is_finite());
            answer_count += usize::from(score.is_some());
            score.unwrap_or(0.0)
        });
        let scores = scores.collect();
        let later = (0.0, 0);
        Self { range, scores, answer_count, later, random_guess_score: None, choices: None }
    }

    /// The same with the scores of later answers of the same learners. They are part of the mean
    /// score of those who have answered, and of nothing else: they are missing where learners did
    /// not try again.
    #[must_use]
    pub fn with_later_scores(mut self, scores: impl IntoIterator<Item = f64>) -> Self {
        for score in scores.into_iter().filter(|score| score.is_finite()) {
            self.later.0 += score;
            self.later.1 += 1;
        }
        self
    }

    /// The same with the score, from 0 to 100, of somebody who chooses by chance.
    #[must_use]
    pub fn with_random_guess_score(mut self, score: Option<f64>) -> Self {
        self.random_guess_score = score;
        self
    }

    /// The same with the options that the learners chose.
    #[must_use]
    pub fn with_choices(mut self, choices: Choices) -> Self {
        self.choices = Some(choices);
        self
    }
}

/// The figures of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemStatistics {
    /// How many learners have answered it.
    pub answer_count: usize,
    /// How far the figures can be relied on, by the learners who have answered.
    pub reliability: Reliability,
    /// The mean score, in percent: 100 means that everybody was right. Who has not answered was
    /// not right.
    pub facility: Option<f64>,
    /// Where it lies with a probability of 95 %.
    pub facility_interval: Option<Interval>,
    /// The mean score of those who have answered, in percent, later answers included.
    pub facility_of_answers: Option<f64>,
    /// The standard deviation of the scores, in percent.
    pub standard_deviation: Option<f64>,
    /// The mean score of somebody who chooses by chance, in percent.
    pub random_guess_score: Option<f64>,
    /// The share of the item in the range of scores of the test, in percent.
    pub intended_weight: Option<f64>,
    /// The share of the item in how the scores of the test differ, in percent: √C(x, T) divided
    /// by the sum of all. An item whose score falls while the others rise has none: 0.
    pub effective_weight: Option<f64>,
    /// The correlation of the item with the rest score, in percent.
    pub discrimination_index: Option<f64>,
    /// Where it lies with a probability of 95 %.
    pub discrimination_interval: Option<Interval>,
    /// The discrimination in percent of the greatest one that these scores could have: the
    /// covariance of item and rest score, divided by that of both in order.
    pub discriminative_efficiency: Option<f64>,
    /// The options, in the order in which they were given.
    pub distractors: Vec<Distractor>,
    /// What to look at.
    pub flags: Vec<ItemFlag>,
    /// V(x), in points.
    pub(super) variance: Option<f64>,
    /// C(x, T), in points.
    covariance_with_test: Option<f64>,
}

/// Why an item needs a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemFlag {
    /// Good learners are wrong more often than others: the interval of the discrimination index
    /// is below 0, or a wrong option is chosen by more of the highest third than the right one,
    /// and by learners with a higher rest score.
    KeyMayBeWrong,
    /// An option was never chosen, by at least 50 who have answered.
    NeverChosen,
    /// The facility is above 95 %.
    TooEasy,
    /// The discrimination index is below 10 %.
    DoesNotDiscriminate,
}

/// Sums of products of deviations from the means.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    item: f64,
    rest: f64,
    both: f64,
}

impl Item {
    pub(super) fn scale(&self) -> Scale {
        Scale::of(self.range)
    }

    pub(super) fn statistics(&self, totals: &[f64], order: &Order, test: Scale) -> ItemStatistics {
        let scale = self.scale();
        let rest = test - scale;
        let count = number_of(self.scores.len());
        let sum: f64 = self.scores.iter().sum();
        let mean = crate::number::mean(&self.scores);
        let rest_mean = crate::number::mean(totals).zip(mean).map(|(total, item)| total - item);
        let sums = self.sums(totals, (mean.unwrap_or_default(), rest_mean.unwrap_or_default()));
        let per_degree = |sum: f64| (self.scores.len() > 1).then(|| sum / (count - 1.0));
        let (variance, both) = (per_degree(sums.item), per_degree(sums.both));
        let spreads = variance
            .and_then(|variance| scale.spread(variance))
            .zip(per_degree(sums.rest).and_then(|variance| rest.spread(variance)));
        let discrimination_index =
            spreads.zip(both).map(|((item, rest), both)| 100.0 * both / (item * rest).sqrt());
        let best = || self.best_covariance(totals, order);
        let discriminative_efficiency = spreads
            .zip(both)
            .and_then(|_| Some(100.0 * sums.both / Some(best()).filter(|best| *best > 0.0)?));
        let facility = mean.and_then(|mean| scale.percent(mean));
        let answered = self.answer_count + self.later.1;
        let mean_of_answers = (answered > 0).then(|| (sum + self.later.0) / number_of(answered));
        let reliability = Reliability::of(self.answer_count);
        let distractors = self.distractors(totals, order, rest);
        let mut statistics = ItemStatistics {
            answer_count: self.answer_count,
            reliability,
            facility,
            facility_interval: facility.and_then(|it| Interval::of_share(it, self.scores.len())),
            facility_of_answers: mean_of_answers.and_then(|mean| scale.percent(mean)),
            standard_deviation: variance.map(f64::sqrt).and_then(|it| scale.share_of(it)),
            random_guess_score: self.random_guess_score,
            intended_weight: test.share_of(scale.width()),
            effective_weight: None,
            discrimination_index,
            discrimination_interval: discrimination_index
                .and_then(|it| Interval::of_correlation(it, self.scores.len())),
            discriminative_efficiency,
            distractors,
            flags: Vec::new(),
            variance,
            covariance_with_test: variance
                .zip(both)
                .map(|(item, both)| covariance(item + both, scale, test)),
        };
        statistics.flags = statistics.find_flags();
        statistics
    }

    fn sums(&self, totals: &[f64], (mean, rest_mean): (f64, f64)) -> Sums {
        let mut sums = Sums::default();
        for (score, total) in self.scores.iter().zip(totals) {
            let (item, rest) = (score - mean, (total - score) - rest_mean);
            sums.item += item * item;
            sums.rest += rest * rest;
            sums.both += item * rest;
        }
        sums
    }

    /// The sum of products of the deviations if the best on the item were also the best on the
    /// rest.
    fn best_covariance(&self, totals: &[f64], order: &Order) -> f64 {
        // In the order of totals, the rest scores of learners with equal scores ascend, so that
        // sorting has only to merge a few ascending runs.
        let pairs = order.learners.iter().map(|learner| {
            let score = self.scores[*learner];
            (score, totals[*learner] - score)
        });
        let mut pairs: Vec<(f64, f64)> = pairs.collect();
        pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (scores, mut rests): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        rests.sort_by(f64::total_cmp);
        let mean = |values: &[f64]| crate::number::mean(values).unwrap_or_default();
        let (mean, rest_mean) = (mean(&scores), mean(&rests));
        scores.iter().zip(&rests).map(|(it, rest)| (it - mean) * (rest - rest_mean)).sum()
    }

    fn distractors(&self, totals: &[f64], order: &Order, rest: Scale) -> Vec<Distractor> {
        let rest_score = |learner: usize| totals[learner] - self.scores[learner];
        let choices = self.choices.as_ref();
        choices.map(|it| it.distractors(order, rest, rest_score)).unwrap_or_default()
    }
}

impl ItemStatistics {
    fn find_flags(&self) -> Vec<ItemFlag> {
        if self.reliability == Reliability::TooFew {
            return Vec::new();
        }
        let is_below_zero = self.discrimination_interval.is_some_and(|it| it.high < 0.0);
        let is_wrong = is_below_zero || self.has_rival();
        let is_easy = self.facility.is_some_and(|facility| EASY < facility);
        let is_weak = self.discrimination_index.is_some_and(|index| index < DISCRIMINATION_MIN);
        let has_unused = ANSWERS_STABLE <= self.answer_count
            && self.distractors.iter().any(Distractor::is_never_chosen);
        let flags = [
            (ItemFlag::KeyMayBeWrong, is_wrong),
            (ItemFlag::NeverChosen, has_unused),
            (ItemFlag::TooEasy, is_easy),
            (ItemFlag::DoesNotDiscriminate, is_weak && !is_wrong && !is_easy),
        ];
        flags.into_iter().filter(|(_, holds)| *holds).map(|(flag, _)| flag).collect()
    }

    /// Whether a wrong option does better than every right one.
    fn has_rival(&self) -> bool {
        let (keys, others): (Vec<_>, Vec<_>) = self.distractors.iter().partition(|it| it.is_key);
        let highest = keys.iter().map(|key| key.thirds[2]).max();
        let best = keys.iter().filter_map(|key| key.mean_rest_score).reduce(f64::max);
        let Some(highest) = highest else { return false };
        others.iter().any(|option| {
            let is_better =
                option.mean_rest_score.is_some_and(|mean| best.is_none_or(|it| it < mean));
            RIVAL_ANSWERS_MIN <= option.count && highest < option.thirds[2] && is_better
        })
    }
}

/// Sets what depends on all items: how much each contributes to the differences of scores.
pub(super) fn set_effective_weights(items: &mut [ItemStatistics]) {
    let root = |item: &ItemStatistics| item.covariance_with_test.map(|it| it.max(0.0).sqrt());
    let sum: f64 = items.iter().filter_map(root).sum();
    for item in items {
        item.effective_weight = root(item).filter(|_| sum > 0.0).map(|root| 100.0 * root / sum);
    }
}
