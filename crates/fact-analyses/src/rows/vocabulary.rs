//! The words by which analyses recognise what happened: verbs and types that profiles define.

use acta_analyses::Outcome;
use acta_facts::ConditionRequest;

use super::columns::Texts;
use super::condition::{every, exists, is, is_in, not, one_of};

/// Types of activities that are courses: those of the field `course`.
pub const COURSE_TYPES: [&str; 2] = [
    "http://adlnet.gov/expapi/activities/course",
    "https://w3id.org/xapi/cmi5/activitytype/course",
];

/// Somebody was registered for something, which is not yet learning.
pub const ENROLLED: [&str; 3] = [
    "http://adlnet.gov/expapi/verbs/registered",
    "http://www.tincanapi.co.uk/verbs/enrolled_onto_learning_plan",
    "http://id.tincanapi.com/verb/unregistered",
];

/// Something was completed.
pub const COMPLETED: [&str; 4] = [
    "http://adlnet.gov/expapi/verbs/completed",
    "https://w3id.org/xapi/adl/verbs/satisfied",
    "http://activitystrea.ms/schema/1.0/complete",
    "http://activitystrea.ms/complete",
];

/// Something was passed.
pub const PASSED: [&str; 2] =
    ["http://adlnet.gov/expapi/verbs/passed", "http://adlnet.gov/expapi/verbs/mastered"];

/// Something was failed.
pub const FAILED: [&str; 1] = ["http://adlnet.gov/expapi/verbs/failed"];

/// A question was answered.
pub const ANSWERED: [&str; 1] = ["http://adlnet.gov/expapi/verbs/answered"];

/// A statement is about a question, or answers one.
pub fn is_question() -> ConditionRequest {
    one_of(vec![exists("object.interaction"), is_in("verb", &ANSWERED)])
}

/// A statement says that its object was completed.
pub fn completes() -> ConditionRequest {
    let says = one_of(vec![is("completion", true), is_in("verb", &COMPLETED)]);
    every(vec![says, not(is("completion", false))])
}

/// A statement says that its object was passed. Answers to questions are no passes.
pub fn passes() -> ConditionRequest {
    let says = one_of(vec![is("success", true), is_in("verb", &PASSED)]);
    every(vec![says, not(is("success", false)), not(is_question())])
}

/// Which verbs of some rows say what, by the place of the verb.
#[derive(Clone, Debug)]
pub struct VerbMeanings {
    completed: Vec<bool>,
    passed: Vec<bool>,
    failed: Vec<bool>,
    enrolled: Vec<bool>,
    answered: Vec<bool>,
}

impl VerbMeanings {
    /// Of the verbs of some rows.
    pub fn of(verbs: &Texts) -> Self {
        Self {
            completed: verbs.any_of(&COMPLETED),
            passed: verbs.any_of(&PASSED),
            failed: verbs.any_of(&FAILED),
            enrolled: verbs.any_of(&ENROLLED),
            answered: verbs.any_of(&ANSWERED),
        }
    }

    /// Whether a verb, by its place, is an enrolment.
    pub fn is_enrolment(&self, verb: u32) -> bool {
        self.enrolled[verb as usize]
    }

    /// Whether a verb, by its place, answers a question.
    pub fn is_answer(&self, verb: u32) -> bool {
        self.answered[verb as usize]
    }

    /// What a statement with this verb and result says, by the same rules as the conditions; of a
    /// question, nothing but that it was completed.
    pub fn said(
        &self,
        verb: u32,
        (success, completion): (Option<bool>, Option<bool>),
        is_question: bool,
    ) -> Outcome {
        let is_question = is_question || self.is_answer(verb);
        let verb = verb as usize;
        let says = |stated: Option<bool>, by_verb: bool| stated.unwrap_or(by_verb);
        Outcome {
            is_completed: says(completion, self.completed[verb]),
            is_passed: !is_question && says(success, self.passed[verb]),
            is_failed: !is_question && says(success.map(|it| !it), self.failed[verb]),
        }
    }
}
