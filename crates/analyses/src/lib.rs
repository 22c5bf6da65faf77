//! Analyses: figures about learners, questions, courses and videos, computed from events.
//!
//! Every function is pure: it takes what happened, in any order, and returns figures. Nothing here
//! reads a clock, a file or the network, and nothing decides who may see a figure.
//! `docs/guide/analyses.md` gives the formula of each figure in words for designers and teachers.

mod funnel;
mod interaction;
mod items;
mod number;
mod presence;
mod sessions;
mod standing;
pub mod video;

pub use funnel::{FunnelStep, StepEvent, funnel};
pub use interaction::{
    Basis, Component, DefinitionError, Interaction, InteractionType, Judgement,
    PreparedInteraction, Verdict,
};
pub use items::{
    ANSWERS_MIN, ANSWERS_STABLE, Choices, Distractor, Interval, Item, ItemFlag, ItemStatistics,
    Mismatch, Reliability, ScoreRange, Test, TestStatistics,
};
pub use number::{Quantiles, mean, median, quantile, quantiles, variance};
pub use presence::{ActiveDay, Cohort, DAYS_MAX, Presence, active_learners, cohorts};
pub use sessions::{Moment, Session, sessions};
pub use standing::{PEERS_MIN, z_scores};
