//! The truth that the statements were made from, to compare answers with.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::date::Date;

/// What the statements were made from, and what is in them.
///
/// Counts are of everything that [`Simulation`](crate::Simulation) has made so far: complete
/// when it has no more statements. A statement that is voided counts in `statements` and
/// `voided` and nowhere else; the statement that voids it counts like any other.
/// Days are those of `timestamp` in UTC, which is off if the clock of the source is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// The seed.
    pub seed: u64,
    /// The version of the statements.
    pub version: &'static str,
    /// The first day of the period.
    pub first_day: Date,
    /// How many days the period has. Statements may also arrive after it, and clocks that are
    /// wrong may put them before it.
    pub period_days: u32,
    /// How many statements there are.
    pub statements: u64,
    /// The ids of the statements that are voided.
    pub voided: Vec<String>,
    /// The number of statements by the IRI of the verb.
    pub verbs: BTreeMap<&'static str, u64>,
    /// Every day with statements.
    pub days: Vec<DayTruth>,
    /// The systems that send statements.
    pub sources: Vec<SourceTruth>,
    /// The organisation: a tree of groups, parents first.
    pub groups: Vec<GroupTruth>,
    /// Everybody who learns.
    pub learners: Vec<LearnerTruth>,
    /// The courses.
    pub courses: Vec<CourseTruth>,
    /// Learners who have failed a module more than three times in one enrolment, by learner.
    pub stuck: Vec<StuckTruth>,
}

/// A day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayTruth {
    /// The day.
    pub date: Date,
    /// Its statements.
    pub statements: u64,
    /// The learners with a statement on it.
    pub learners: u64,
    /// The identifiers of learners in its statements: more than `learners` if a learner has used
    /// two.
    pub identifiers: u64,
}

/// A system that sends statements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceTruth {
    /// `context.platform` of its statements.
    pub platform: &'static str,
    /// How far its clock is ahead, in milliseconds; negative if it is behind.
    pub clock_skew_ms: i64,
    /// How many statements it has sent.
    pub statements: u64,
    /// How many of them arrive more than an hour late.
    pub late_statements: u64,
    /// The latest `timestamp` among them, as RFC 3339 in UTC.
    pub last_timestamp: Option<String>,
    /// The day from which on it sends nothing any more.
    pub silent_since: Option<Date>,
}

/// A group of the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupTruth {
    /// The name of its account, which is the identifier of `context.team`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The `id` of the group that it is a part of.
    pub parent: Option<String>,
    /// Who leads it.
    pub manager: Identifier,
}

/// An identifier of a person, as statements have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Identifier {
    /// A mailbox, as in `mailto:ada@example.org`.
    Mbox(String),
    /// An account.
    Account {
        /// The system that the account is at.
        home_page: String,
        /// The name of the account.
        name: String,
    },
}

/// A learner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearnerTruth {
    /// The name.
    pub name: String,
    /// All identifiers: one or two.
    pub identifiers: Vec<Identifier>,
    /// The ability θ of the two-parameter logistic model.
    pub ability: f64,
    /// The groups, by date; the first from the day on which the learner joined.
    pub memberships: Vec<Membership>,
    /// The first day on which the learner does not learn any more.
    pub left_on: Option<Date>,
    /// How many statements the learner has made.
    pub statements: u64,
    /// How many courses the learner has registered for, the same one again included.
    pub enrolled: u32,
    /// How many of these were completed.
    pub completed: u32,
}

/// That a learner belongs to a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The `id` of the group.
    pub group: String,
    /// The first day of it. It lasts until the next membership.
    pub since: Date,
}

/// A course.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CourseTruth {
    /// The id of the activity.
    pub id: String,
    /// The name.
    pub name: String,
    /// The language.
    pub language: &'static str,
    /// How often somebody registered for it.
    pub enrolled: u64,
    /// How many of the enrolments have begun with a session.
    pub started: u64,
    /// How many of them were completed.
    pub completed: u64,
    /// How many of them have ended before that; the modules say where.
    pub dropped: u64,
    /// How many different learners have a statement in it, or about itself.
    pub learners: u64,
    /// How many statements are in it, or about itself.
    pub statements: u64,
    /// Its modules, in order.
    pub modules: Vec<ModuleTruth>,
}

/// A module of a course.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModuleTruth {
    /// The id of the activity.
    pub id: String,
    /// The probability to stop here for good, for those who have not completed the course before.
    pub drop_rate: f64,
    /// How many enrolments have begun it.
    pub started: u64,
    /// How many have completed it.
    pub completed: u64,
    /// How many have begun it as their last, and have stopped.
    pub dropped: u64,
    /// How many statements `passed` it has.
    pub passed: u64,
    /// How many statements `failed` it has.
    pub failed: u64,
    /// Its video.
    pub video: Option<VideoTruth>,
    /// The id of its quiz.
    pub quiz: Option<String>,
    /// The questions of the quiz, in order.
    pub questions: Vec<QuestionTruth>,
}

/// A video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VideoTruth {
    /// The id of the activity.
    pub id: String,
    /// Its length, in milliseconds.
    pub length_ms: i64,
    /// How often it was opened.
    pub views: u64,
    /// How many of the views have covered 95 % of it.
    pub completed: u64,
    /// How much of it was seen, added up over the views, without what a view has seen twice; in
    /// milliseconds.
    pub distinct_ms: i64,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuestionTruth {
    /// The id of the activity.
    pub id: String,
    /// The interaction type.
    pub interaction_type: &'static str,
    /// Whether there is no right response, as in a survey.
    pub is_survey: bool,
    /// The difficulty b of the two-parameter logistic model.
    pub difficulty: f64,
    /// The discrimination a of the same model.
    pub discrimination: f64,
    /// Whether the key in the definition is wrong, so that right responses are marked as wrong.
    pub key_is_wrong: bool,
    /// When a wrong key was corrected, as RFC 3339 in UTC.
    pub key_corrected_at: Option<String>,
    /// How many statements answer it, those without a response included.
    pub answered: u64,
    /// How many of them have `success`.
    pub successes: u64,
    /// How many of them have no response.
    pub omitted: u64,
    /// How many of them are the first answer of their learner.
    pub first_answered: u64,
    /// How many of those have `success`.
    pub first_successes: u64,
    /// How many of those are right in truth, whatever the key says: these follow the model,
    /// except that [`OMISSION_RATE`] of all answers are without a response.
    pub first_right: u64,
    /// What is answered.
    pub responses: Vec<ResponseTruth>,
}

/// The probability that an answer is without a response, which counts as wrong.
pub const OMISSION_RATE: f64 = 0.01;

/// A response to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResponseTruth {
    /// The value of `response`.
    pub response: String,
    /// Whether it is right in truth.
    pub is_right: bool,
    /// Whether the first key takes it for right.
    pub is_keyed: bool,
    /// How often it was given.
    pub count: u64,
}

/// A learner who is stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StuckTruth {
    /// The index of the learner.
    pub learner: usize,
    /// The id of the module.
    pub module: String,
    /// How often it was failed in one enrolment.
    pub failures: u32,
}
