//! Analyses: figures that are computed from the rows of facts, as the API gives them.

pub(crate) mod activity;
pub(crate) mod budget;
pub(crate) mod compare;
pub(crate) mod courses;
pub(crate) mod findings;
pub(crate) mod funnel;
pub(crate) mod help;
pub(crate) mod items;
pub(crate) mod journey;
pub(crate) mod quality;
pub(crate) mod retention;
pub(crate) mod rows;
pub(crate) mod sources;
pub(crate) mod spread;
pub(crate) mod time;
pub(crate) mod video;

use std::num::NonZeroU32;

/// Whether figures about so many learners are withheld.
pub(crate) fn is_small(learners: usize, smallest: Option<NonZeroU32>) -> bool {
    let smallest = smallest.and_then(|it| usize::try_from(it.get()).ok()).unwrap_or_default();
    (1..smallest).contains(&learners)
}
