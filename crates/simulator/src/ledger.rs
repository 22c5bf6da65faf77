//! Counts of what was made.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::date::{Date, HOUR_MS};
use crate::text::{push_timestamp, push_uuid};
use crate::truth::{
    CourseTruth, DayTruth, LearnerTruth, ModuleTruth, QuestionTruth, ResponseTruth, SourceTruth,
    StuckTruth, Truth, VideoTruth,
};
use crate::vocabulary::Verb;
use crate::world::World;
use crate::world::catalogue::{Course, Module};
use crate::world::question::Question;

/// Days before the first one on which a clock that is wrong may put a statement.
const DAYS_BEFORE: i64 = 2;

/// Counts of what was made.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    first_day: Date,
    /// All statements.
    pub(crate) statements: u64,
    /// The bits of the ids of voided statements.
    pub(crate) voided: Vec<[u64; 2]>,
    verbs: [u64; Verb::ALL.len()],
    days: Vec<DayCounts>,
    sources: Vec<SourceCounts>,
    pub(crate) learners: Vec<LearnerCounts>,
    pub(crate) courses: Vec<CourseCounts>,
    pub(crate) modules: Vec<ModuleCounts>,
    pub(crate) questions: Vec<QuestionCounts>,
    /// How often those who are stuck have failed.
    pub(crate) stuck: BTreeMap<StuckPlace, u32>,
}

#[derive(Clone, Debug, Default)]
struct DayCounts {
    statements: u64,
    learners: u64,
    identifiers: u64,
}

#[derive(Clone, Debug, Default)]
struct SourceCounts {
    statements: u64,
    late: u64,
    last_ms: Option<i64>,
}

/// Counts of a learner.
#[derive(Clone, Debug, Default)]
pub(crate) struct LearnerCounts {
    statements: u64,
    pub(crate) enrolled: u32,
    pub(crate) completed: u32,
    /// By identifier.
    seen: [RecentDays; 2],
}

/// The days of the last two months on which an identifier was used.
#[derive(Clone, Copy, Debug, Default)]
struct RecentDays {
    latest: i64,
    /// Bit 0 is the latest day, bit 1 the one before.
    bits: u64,
}

/// Counts of a course.
#[derive(Clone, Debug, Default)]
pub(crate) struct CourseCounts {
    pub(crate) enrolled: u64,
    pub(crate) started: u64,
    pub(crate) completed: u64,
    pub(crate) dropped: u64,
    pub(crate) learners: u64,
    statements: u64,
}

/// Counts of a module and its video.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModuleCounts {
    pub(crate) started: u64,
    pub(crate) completed: u64,
    pub(crate) dropped: u64,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) views: u64,
    pub(crate) views_completed: u64,
    pub(crate) distinct_ms: i64,
}

/// Counts of a question.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuestionCounts {
    pub(crate) answered: u64,
    pub(crate) successes: u64,
    pub(crate) omitted: u64,
    pub(crate) first_answered: u64,
    pub(crate) first_successes: u64,
    pub(crate) first_right: u64,
    pub(crate) responses: Vec<u64>,
}

/// Where a learner is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StuckPlace {
    pub(crate) learner: usize,
    pub(crate) course: usize,
    pub(crate) module: usize,
    pub(crate) registration: [u64; 2],
}

/// A statement as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) verb: Verb,
    pub(crate) source: Option<usize>,
    /// The learner, and the index of the identifier.
    pub(crate) actor: Option<(usize, usize)>,
    pub(crate) course: Option<usize>,
    /// What the statement has as its `timestamp`.
    pub(crate) timestamp_ms: i64,
    pub(crate) delay_ms: i64,
}

impl RecentDays {
    /// Whether the day is seen for the first time, of days that are at most 63 days back.
    fn add(&mut self, day: i64) -> bool {
        let bit = self.bit(day);
        let is_new = self.bits & bit == 0;
        self.bits |= bit;
        is_new
    }

    fn has(&mut self, day: i64) -> bool {
        let bit = self.bit(day);
        self.bits & bit != 0
    }

    /// The bit of a day, to which all others are moved.
    fn bit(&mut self, day: i64) -> u64 {
        let ahead = day - self.latest;
        if ahead > 0 {
            let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.bits = self.bits.checked_shl(ahead).unwrap_or(0);
            self.latest = day;
        }
        u32::try_from(self.latest - day).ok().and_then(|back| 1_u64.checked_shl(back)).unwrap_or(0)
    }
}

impl Ledger {
    pub(crate) fn new(config: &Config, world: &World) -> Self {
        let catalogue = &world.catalogue;
        Self {
            first_day: config.first_day,
            statements: 0,
            voided: Vec::new(),
            verbs: [0; Verb::ALL.len()],
            days: Vec::new(),
            sources: vec![SourceCounts::default(); world.sources.len()],
            learners: vec![LearnerCounts::default(); world.learners.len()],
            courses: vec![CourseCounts::default(); catalogue.courses.len()],
            modules: vec![ModuleCounts::default(); catalogue.module_count],
            questions: vec![QuestionCounts::default(); catalogue.question_count],
            stuck: BTreeMap::new(),
        }
    }

    /// Counts a statement that is not voided.
    pub(crate) fn add(&mut self, entry: Entry) {
        self.statements += 1;
        self.verbs[entry.verb as usize] += 1;
        let day = Date::of_unix_ms(entry.timestamp_ms).days_since(self.first_day) + DAYS_BEFORE;
        let index = usize::try_from(day).unwrap_or(0);
        if self.days.len() <= index {
            self.days.resize(index + 1, DayCounts::default());
        }
        let counts = &mut self.days[index];
        counts.statements += 1;
        if let Some((learner, identifier)) = entry.actor {
            let learner = &mut self.learners[learner];
            learner.statements += 1;
            if learner.seen[identifier].add(day) {
                counts.identifiers += 1;
                counts.learners += u64::from(!learner.seen[1 - identifier].has(day));
            }
        }
        if let Some(course) = entry.course {
            self.courses[course].statements += 1;
        }
        if let Some(source) = entry.source {
            let source = &mut self.sources[source];
            source.statements += 1;
            source.late += u64::from(entry.delay_ms > HOUR_MS);
            source.last_ms = source.last_ms.max(Some(entry.timestamp_ms));
        }
    }

    /// Counts a statement that is voided.
    pub(crate) fn add_voided(&mut self, id: [u64; 2]) {
        self.statements += 1;
        self.voided.push(id);
    }

    /// The truth about a world and what was made of it.
    pub(crate) fn truth(&self, config: &Config, world: &World) -> Truth {
        Truth {
            seed: config.seed,
            version: config.version.as_str(),
            first_day: config.first_day,
            period_days: config.days,
            statements: self.statements,
            voided: self.voided.iter().map(|id| uuid(*id)).collect(),
            verbs: self.verb_truth(),
            days: self.day_truth(),
            sources: self.source_truth(world),
            groups: world.groups.iter().map(|group| group.truth.clone()).collect(),
            learners: self.learner_truth(config, world),
            courses: self.course_truth(world),
            stuck: self.stuck_truth(world),
        }
    }

    fn verb_truth(&self) -> BTreeMap<&'static str, u64> {
        let counted = Verb::ALL.iter().zip(self.verbs).filter(|(_, count)| *count > 0);
        counted.map(|(verb, count)| (verb.parts().0, count)).collect()
    }

    fn day_truth(&self) -> Vec<DayTruth> {
        let counted = (-DAYS_BEFORE..).zip(&self.days).filter(|(_, day)| day.statements > 0);
        let truth = counted.map(|(offset, day)| DayTruth {
            date: self.first_day.plus_days(offset),
            statements: day.statements,
            learners: day.learners,
            identifiers: day.identifiers,
        });
        truth.collect()
    }

    fn source_truth(&self, world: &World) -> Vec<SourceTruth> {
        let truth = world.sources.iter().zip(&self.sources).map(|(source, counts)| SourceTruth {
            platform: source.platform,
            clock_skew_ms: source.skew_ms,
            statements: counts.statements,
            late_statements: counts.late,
            last_timestamp: counts.last_ms.map(timestamp),
            silent_since: source.silent_since.map(Date::of_unix_ms),
        });
        truth.collect()
    }

    fn learner_truth(&self, config: &Config, world: &World) -> Vec<LearnerTruth> {
        let truth = world.learners.iter().zip(&self.learners).map(|(learner, counts)| {
            let left_on = learner.left_day.map(|day| config.first_day.plus_days(i64::from(day)));
            LearnerTruth {
                name: learner.name.clone(),
                identifiers: learner.identifiers.clone(),
                ability: learner.ability,
                memberships: learner.memberships(config, &world.groups),
                left_on,
                statements: counts.statements,
                enrolled: counts.enrolled,
                completed: counts.completed,
            }
        });
        truth.collect()
    }

    fn course_truth(&self, world: &World) -> Vec<CourseTruth> {
        let courses = world.catalogue.courses.iter().zip(&self.courses);
        let truth = courses.map(|(course, counts): (&Course, _)| CourseTruth {
            id: course.activity.id.clone(),
            name: course.name.clone(),
            language: course.language,
            enrolled: counts.enrolled,
            started: counts.started,
            completed: counts.completed,
            dropped: counts.dropped,
            learners: counts.learners,
            statements: counts.statements,
            modules: course.modules.iter().map(|module| self.module_truth(module)).collect(),
        });
        truth.collect()
    }

    fn module_truth(&self, module: &Module) -> ModuleTruth {
        let counts = &self.modules[module.index];
        let questions = module.quiz.iter().flat_map(|quiz| &quiz.questions);
        ModuleTruth {
            id: module.activity.id.clone(),
            drop_rate: module.drop_rate,
            started: counts.started,
            completed: counts.completed,
            dropped: counts.dropped,
            passed: counts.passed,
            failed: counts.failed,
            video: module.video.as_ref().map(|video| VideoTruth {
                id: video.activity.id.clone(),
                length_ms: video.length_ms,
                views: counts.views,
                completed: counts.views_completed,
                distinct_ms: counts.distinct_ms,
            }),
            quiz: module.quiz.as_ref().map(|quiz| quiz.activity.id.clone()),
            questions: questions.map(|question| self.question_truth(question)).collect(),
        }
    }

    fn question_truth(&self, question: &Question) -> QuestionTruth {
        let counts = &self.questions[question.index];
        let responses =
            question.responses.iter().enumerate().map(|(index, response)| ResponseTruth {
                response: response.text.clone(),
                is_right: response.is_right,
                is_keyed: response.is_keyed,
                count: counts.responses.get(index).copied().unwrap_or(0),
            });
        QuestionTruth {
            id: question.activity.id.clone(),
            interaction_type: question.interaction_type,
            is_survey: question.is_survey,
            difficulty: question.difficulty,
            discrimination: question.discrimination,
            key_is_wrong: question.key_is_wrong,
            key_corrected_at: question.correction.as_ref().map(|(time, _)| timestamp(*time)),
            answered: counts.answered,
            successes: counts.successes,
            omitted: counts.omitted,
            first_answered: counts.first_answered,
            first_successes: counts.first_successes,
            first_right: counts.first_right,
            responses: responses.collect(),
        }
    }

    fn stuck_truth(&self, world: &World) -> Vec<StuckTruth> {
        let truth = self.stuck.iter().map(|(place, failures)| {
            let module = &world.catalogue.courses[place.course].modules[place.module];
            StuckTruth {
                learner: place.learner,
                module: module.activity.id.clone(),
                failures: *failures,
            }
        });
        truth.collect()
    }
}

fn uuid(bits: [u64; 2]) -> String {
    let mut text = String::new();
    push_uuid(&mut text, bits);
    text
}

fn timestamp(time_ms: i64) -> String {
    let mut text = String::new();
    push_timestamp(&mut text, time_ms, 0);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_days_count_each_day_once_in_any_order() {
        let mut days = RecentDays::default();
        let added = [2, 2, 3, 1, 3, 2, 1, 100, 100, 99, 40].map(|day| days.add(day));
        let expected = [true, false, true, true, false, false, false, true, false, true, true];
        assert_eq!(added, expected);
        assert!(days.has(99) && !days.has(98) && !days.has(101));
    }
}
