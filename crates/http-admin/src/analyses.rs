//! Analyses: figures that are computed from the rows of facts, as the API gives them.

pub(crate) mod answers;
pub(crate) mod budget;
pub(crate) mod condition;
pub(crate) mod funnel;
pub(crate) mod items;
pub(crate) mod options;
pub(crate) mod spread;
pub(crate) mod time;
