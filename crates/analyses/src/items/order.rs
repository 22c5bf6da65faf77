//! Learners in the order of their scores.

/// The learners from the lowest total score to the highest.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) learners: Vec<usize>,
    /// The third that each learner is in, from 0 for the lowest; by learner.
    pub(super) thirds: Vec<u8>,
}

impl Order {
    pub(super) fn by(totals: &[f64]) -> Self {
        let mut learners: Vec<usize> = (0..totals.len()).collect();
        learners.sort_by(|one, other| totals[*one].total_cmp(&totals[*other]));
        let mut thirds = vec![0; totals.len()];
        let mut start = 0;
        // Learners with equal scores are in one third: that of the middle of their places.
        for group in learners.chunk_by(|one, other| totals[*one].total_cmp(&totals[*other]).is_eq())
        {
            let doubled_middle = 2 * start + group.len();
            let third = (3 * doubled_middle / (2 * totals.len())).min(2);
            let third = [0, 1, 2][third];
            for learner in group {
                thirds[*learner] = third;
            }
            start += group.len();
        }
        Self { learners, thirds }
    }

    pub(super) fn median(&self, totals: &[f64]) -> Option<f64> {
        let middle = self.learners.len() / 2;
        let above = totals[*self.learners.get(middle)?];
        let is_odd = self.learners.len() % 2 == 1;
        Some(if is_odd { above } else { f64::midpoint(totals[self.learners[middle - 1]], above) })
    }
}
