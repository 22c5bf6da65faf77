//! Analyses: figures that are computed from the rows of facts, as the API gives them.
//!
//! The formulas are in `acta-analyses`; here is which rows and counts each of them reads, within
//! the limits of a question.

pub mod activity;
pub mod compare;
pub mod courses;
pub mod findings;
pub mod funnel;
pub mod help;
pub mod items;
pub mod journey;
pub mod quality;
pub mod retention;
pub mod rows;
pub mod sources;
pub mod time;
pub mod video;
