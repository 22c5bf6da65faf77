//! An attempt at a quiz.

use super::result::{MASTERY, MASTERY_TEXT, push_duration_property, push_score, push_success};
use super::{FAILURES_MAX, FAILURES_MAX_OF_PERSISTENT, Outcome, Session};
use crate::ledger::StuckPlace;
use crate::text::push_string;
use crate::vocabulary::{Category, Verb, extension};
use crate::world::catalogue::Module;
use crate::world::question::Question;

/// How much more able a learner is after a failure.
const GAIN: f64 = 0.5;

impl Session<'_> {
    /// Answers all questions of the quiz of a module. Gives the outcome of the session, if that
    /// ends with the quiz.
    pub(super) fn attempt(&mut self, module: &Module) -> Option<Outcome> {
        let quiz = module.quiz.as_ref()?;
        let started_ms = self.now_ms;
        let (mut right, mut judged) = (0, 0);
        for question in &quiz.questions {
            let success = self.answer(question, &question.activity.relations);
            judged += i64::from(success.is_some());
            right += i64::from(success == Some(true));
        }
        if judged == 0 {
            return None;
        }
        let is_passed = 10_000 * right >= MASTERY * judged;
        push_score(&mut self.result, right, judged);
        push_success(&mut self.result, is_passed);
        push_duration_property(&mut self.result, self.now_ms - started_ms);
        self.push_id();
        self.extensions.push(',');
        self.extensions.push_str(extension::MASTERY);
        self.extensions.push_str(MASTERY_TEXT);
        let verb = if is_passed { Verb::Passed } else { Verb::Failed };
        self.record(verb, &module.activity, Category::Cmi5MoveOn);
        let counts = &mut self.recorder.ledger.modules[module.index];
        if is_passed {
            counts.passed += 1;
        } else {
            counts.failed += 1;
            if let Some(outcome) = self.fail(module) {
                return Some(outcome);
            }
        }
        self.enrolment.score.0 += right;
        self.enrolment.score.1 += judged;
        None
    }

    /// Tries again another time, gives up, or goes on without having passed.
    fn fail(&mut self, module: &Module) -> Option<Outcome> {
        self.enrolment.failures += 1;
        if self.enrolment.failures > FAILURES_MAX {
            self.note_stuck();
        }
        let is_persistent = self.world.learners[self.visit.learner].is_persistent;
        let most = if is_persistent { FAILURES_MAX_OF_PERSISTENT } else { FAILURES_MAX };
        if self.enrolment.failures < most {
            return Some(Outcome::Continues);
        }
        // Nobody drops out of a course that was completed before.
        (is_persistent && self.enrolment.is_first).then(|| self.drop_out(module))
    }

    fn note_stuck(&mut self) {
        let place = StuckPlace {
            learner: self.visit.learner,
            course: self.enrolment.course,
            module: self.enrolment.module,
            registration: self.enrolment.registration,
        };
        self.recorder.ledger.stuck.insert(place, self.enrolment.failures);
    }

    /// Answers a question. Returns whether the source takes the answer for right.
    fn answer(&mut self, question: &Question, relations: &str) -> Option<bool> {
        let asked_ms = self.now_ms;
        self.pass(24_000, 0.6);
        let learner = &self.world.learners[self.visit.learner];
        let gain = if learner.is_persistent { 0.0 } else { GAIN };
        let ability = learner.ability + gain * f64::from(self.enrolment.failures);
        let response = question.respond(ability, &mut self.recorder.random);
        let success = question.judge(response, self.now_ms);
        if let Some(index) = response {
            self.result.push_str(r#""response":"#);
            push_string(&mut self.result, &question.responses[index].text);
            self.result.push(',');
        }
        if let Some(success) = success {
            push_success(&mut self.result, success);
        }
        push_duration_property(&mut self.result, self.now_ms - asked_ms);
        self.push_id();
        let object = question.object_at(self.now_ms);
        self.record_object(Verb::Answered, object, relations, Category::None);
        self.count(question, response, success);
        success
    }

    fn count(&mut self, question: &Question, response: Option<usize>, success: Option<bool>) {
        let is_first = self.enrolment.is_first && self.enrolment.failures == 0;
        let is_success = success == Some(true);
        let is_right = response.is_some_and(|index| question.responses[index].is_right);
        let counts = &mut self.recorder.ledger.questions[question.index];
        counts.answered += 1;
        counts.successes += u64::from(is_success);
        counts.first_answered += u64::from(is_first);
        counts.first_successes += u64::from(is_first && is_success);
        counts.first_right += u64::from(is_first && is_right);
        let Some(index) = response else {
            counts.omitted += 1;
            return;
        };
        counts.responses.resize(question.responses.len(), 0);
        counts.responses[index] += 1;
    }
}
