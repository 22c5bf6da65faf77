//! Options and who chose them.

use super::moments::Scale;
use super::order::Order;
use crate::number::number_of;

/// The options of an item, and which learners chose which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// For each option, whether it is right.
    pub keys: Vec<bool>,
    /// Pairs of a learner and an option, by their places; one learner may have several options.
    /// Each pair comes once for each answer that counts.
    pub chosen: Vec<(u32, u32)>,
    /// How many answers chose anything, options that are not among these included.
    pub chooser_count: usize,
}

/// An option.
#[derive(Clone, Debug, PartialEq)]
pub struct Distractor {
    /// Whether it is right.
    pub is_key: bool,
    /// How many learners chose it, or how many answers if several of a learner count.
    pub count: usize,
    /// How many of those who chose anything, in percent.
    pub share: Option<f64>,
    /// The mean rest score of those who chose it, in percent.
    pub mean_rest_score: Option<f64>,
    /// How many of the lowest, the middle and the highest third of learners chose it, by the
    /// score of the test. Learners with equal scores are in one third.
    pub thirds: [usize; 3],
}

impl Distractor {
    /// Whether it is wrong and nobody chose it.
    pub fn is_never_chosen(&self) -> bool {
        !self.is_key && self.count == 0
    }
}

impl Choices {
    /// Counts who chose what. `rest` is the scale of the rest score of each learner.
    pub(super) fn distractors(
        &self,
        order: &Order,
        rest: Scale,
        rest_score: impl Fn(usize) -> f64,
    ) -> Vec<Distractor> {
        let mut sums = vec![0.0; self.keys.len()];
        let empty = |is_key: &bool| Distractor {
            is_key: *is_key,
            count: 0,
            share: None,
            mean_rest_score: None,
            thirds: [0; 3],
        };
        let mut distractors: Vec<Distractor> = self.keys.iter().map(empty).collect();
        for &(learner, option) in &self.chosen {
            let (learner, option) = (learner as usize, option as usize);
            let (Some(found), Some(third)) =
                (distractors.get_mut(option), order.thirds.get(learner))
            else {
                continue;
            };
            found.count += 1;
            found.thirds[usize::from(*third)] += 1;
            sums[option] += rest_score(learner);
        }
        for (distractor, sum) in distractors.iter_mut().zip(sums) {
            let count = number_of(distractor.count);
            let everybody = number_of(self.chooser_count);
            distractor.share = (0 < self.chooser_count).then(|| 100.0 * count / everybody);
            distractor.mean_rest_score =
                (distractor.count > 0).then(|| sum / count).and_then(|mean| rest.percent(mean));
        }
        distractors
    }
}
