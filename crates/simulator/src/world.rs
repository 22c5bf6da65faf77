//! What is there before anybody learns: people, courses and systems.

pub(crate) mod activity;
pub(crate) mod catalogue;
mod interaction;
mod names;
mod organisation;
pub(crate) mod question;
pub(crate) mod source;

use crate::config::Config;
use crate::random::Random;
use catalogue::Catalogue;
use organisation::{Group, Learner};
use source::Source;

/// Everything that does not change while people learn.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) groups: Vec<Group>,
    /// In the order in which they join.
    pub(crate) learners: Vec<Learner>,
    pub(crate) catalogue: Catalogue,
    pub(crate) sources: [Source; 5],
    /// The value of `actor` in statements that void others.
    pub(crate) administrator: String,
}

impl World {
    /// Makes a world for a period from `start_ms` to `end_ms`. People and courses are of streams
    /// of their own, so that more of the one are not others of the other.
    pub(crate) fn new(config: &Config, start_ms: i64, end_ms: i64) -> Self {
        let mut of_people = Random::new(config.seed, 1);
        let mut of_courses = Random::new(config.seed, 2);
        let groups = organisation::groups(config.learners, &mut of_people);
        let learners = organisation::learners(config, &groups, &mut of_people);
        // Wrong keys are corrected in the fourth sixth of the period.
        let correction_ms = start_ms + (end_ms - start_ms) * 6 / 10;
        Self {
            groups,
            learners,
            catalogue: Catalogue::new(config, correction_ms, &mut of_courses),
            sources: source::sources(start_ms, end_ms),
            administrator: organisation::staff("Data Steward", "data-steward").1,
        }
    }
}
