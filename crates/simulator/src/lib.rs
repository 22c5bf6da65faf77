//! Believable learning data of years, from a seed, with the truth that it was made from.
//!
//! A [`Simulation`] gives statements as JSON text in the order in which they arrive. They come
//! from an organisation with groups and managers, whose members take courses: they register,
//! open units in sessions by cmi5, read, watch videos by the xAPI video profile, answer
//! questions of known difficulty, pass, fail, try again, complete, or stop. Some have two
//! identifiers, some keys are wrong, some clocks too, some statements arrive late, some are
//! voided, and one source falls silent. [`Truth`] says all of that, to compare answers with.
//!
//! The same [`Config`] gives the same bytes on every platform and in every release; a change of
//! that is for the changelog. Pure: no clock, file, socket, log or async.

mod calendar;
mod config;
mod date;
mod enrolment;
mod ledger;
mod queue;
mod random;
mod recorder;
mod session;
mod simulation;
mod text;
mod truth;
mod vocabulary;
mod world;

pub use config::{Config, ConfigError};
pub use date::{Date, NotADate};
pub use simulation::Simulation;
pub use truth::{
    CourseTruth, DayTruth, GroupTruth, Identifier, LearnerTruth, Membership, ModuleTruth,
    OMISSION_RATE, QuestionTruth, ResponseTruth, SourceTruth, StuckTruth, Truth, VideoTruth,
};
