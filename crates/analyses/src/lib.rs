//! Analyses: figures about learners, questions, courses and videos, computed from events.
//!
//! Every function is pure: it takes what happened, in any order, and returns figures. Nothing here
//! reads a clock, a file or the network, and nothing decides who may see a figure.
//! `docs/guide/analyses.md` gives the formula of each figure in words for designers and teachers.

mod compare;
mod courses;
mod funnel;
mod help;
mod interaction;
mod items;
mod number;
mod presence;
mod quality;
mod record;
mod sessions;
mod silence;
mod standing;
pub mod video;

pub use compare::{Difference, GROUP_MIN, difference};
pub use courses::{
    CourseEvent, CourseEventKind, CourseOutcome, CoursePart, Deed, Outcome, course_outcome,
    course_parts,
};
pub use funnel::{FunnelStep, StepEvent, funnel};
pub use help::{
    BEHIND_Z, HELP_MEASURES, HelpEvent, HelpLearner, HelpMeasure, HelpQuestion, HelpReason,
    IDLE_DAYS, IDLE_INTERVALS, STUCK_FAILURES, who_needs_help,
};
pub use interaction::prepared::PreparedInteraction;
pub use interaction::{
    Basis, Component, DefinitionError, Interaction, InteractionType, Judgement, Verdict,
};
pub use items::{
    ANSWERS_MIN, ANSWERS_STABLE, Choices, Distractor, Interval, Item, ItemFlag, ItemStatistics,
    Mismatch, Reliability, ScoreRange, Test, TestStatistics,
};
pub use number::{Quantiles, mean, median, quantile, quantiles, variance};
pub use presence::{ActiveDay, Cohort, DAYS_MAX, Presence, active_learners, cohorts};
pub use quality::{ReportedEvent, is_known_verb, repeated, verbs_of_one_word};
pub use record::{
    Achievement, AchievementKind, Attempt, CourseRecord, PeriodRecord, Record, RecordEvent, record,
};
pub use sessions::{Session, SessionEvent, sessions};
pub use silence::{DAYS_KNOWN, SILENT_INTERVALS, Silence, silence};
pub use standing::{PEERS_MIN, z_scores};
