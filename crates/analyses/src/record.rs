//! Records: what one learner has done over time, from whichever sources and by whichever
//! identifiers.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::courses::Outcome;
use crate::number::mean;
use crate::sessions::{Session, SessionEvent, sessions};

/// Something that a learner did. Times and durations are microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RecordEvent {
    /// When, since 1970.
    pub time: i64,
    /// How long it had taken by then; 0 if that is not known.
    pub duration: i64,
    /// The number of the day, the year, or another period.
    pub period: i32,
    /// The activity, as a number.
    pub object: u32,
    /// The course, as the number of its activity.
    pub course: Option<u32>,
    /// A score from 0 to 1.
    pub score: Option<f64>,
    /// What is said of the activity.
    pub outcome: Outcome,
    /// Whether the activity is a question.
    pub is_question: bool,
    /// Whether the learner was only enrolled.
    pub is_enrolment: bool,
}

/// What a learner has done in a course.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CourseRecord {
    /// The course.
    pub course: u32,
    /// How many events there are.
    pub event_count: usize,
    /// The time of the first event.
    pub first: i64,
    /// The time of the last one.
    pub last: i64,
    /// The time of the first event that is no enrolment.
    pub started: Option<i64>,
    /// When the course itself was completed for the first time.
    pub completed: Option<i64>,
    /// When the course itself was passed for the first time.
    pub passed: Option<i64>,
    /// The highest score for the course itself.
    pub score: Option<f64>,
    /// How often something in it was failed, questions left aside.
    pub failure_count: usize,
    /// How many sessions there were.
    pub session_count: usize,
    /// How long they were together, in microseconds.
    pub duration: i64,
}

/// An activity that was judged or scored, questions left aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attempt {
    /// The activity.
    pub object: u32,
    /// The how many-th attempt of the learner at it, from 1.
    pub number: usize,
    /// When it was over.
    pub time: i64,
    /// Whether it was passed, if that is said.
    pub is_passed: Option<bool>,
    /// The score from 0 to 1.
    pub score: Option<f64>,
    /// How long it took; 0 if that is not known.
    pub duration: i64,
}

/// What was achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AchievementKind {
    /// An activity was completed.
    Completed,
    /// An activity was passed.
    Passed,
}

/// That an activity was completed or passed for the first time, questions left aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Achievement {
    /// When.
    pub time: i64,
    /// The activity.
    pub object: u32,
    /// What was achieved.
    pub kind: AchievementKind,
}

/// A period of a learner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PeriodRecord {
    /// The number of the period.
    pub period: i32,
    /// How many events there are.
    pub event_count: usize,
    /// How many sessions.
    pub session_count: usize,
    /// How long they were together, in microseconds.
    pub duration: i64,
    /// How many courses were completed for the first time.
    pub courses_completed: usize,
    /// How many attempts there are.
    pub attempt_count: usize,
    /// The mean of their scores, from 0 to 1.
    pub mean_score: Option<f64>,
}

/// The record of one learner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The sessions, in the order of time.
    pub sessions: Vec<Session>,
    /// The courses, in the order in which they were begun.
    pub courses: Vec<CourseRecord>,
    /// The attempts, in the order of time.
    pub attempts: Vec<Attempt>,
    /// What was achieved, in the order of time.
    pub achievements: Vec<Achievement>,
    /// The periods with events, in their order.
    pub periods: Vec<PeriodRecord>,
}

/// Computes the record of one learner, by events in any order. A session ends after `gap`
/// microseconds without an event.
pub fn record(events: &[RecordEvent], gap: i64) -> Record {
    let mut events = events.to_vec();
    events.sort_by(in_order);
    let courses = course_records(&events, gap);
    let attempts = attempts(&events);
    Record {
        sessions: sessions(events.iter().map(event_of), gap),
        periods: periods(&events, &courses, gap),
        achievements: achievements(&events),
        courses,
        attempts,
    }
}

/// By time; what else differs only makes the order the same however events arrive.
fn in_order(one: &RecordEvent, other: &RecordEvent) -> Ordering {
    let key = |it: &RecordEvent| (it.time, it.object, it.duration, it.outcome, it.course);
    let score = |it: &RecordEvent| it.score.unwrap_or(-1.0);
    let order = key(one).cmp(&key(other)).then(score(one).total_cmp(&score(other)));
    order.then(one.is_question.cmp(&other.is_question))
}

fn event_of(event: &RecordEvent) -> SessionEvent {
    SessionEvent { time: event.time, duration: event.duration }
}

fn is_attempt(event: &RecordEvent) -> bool {
    let is_judged = event.outcome.is_passed || event.outcome.is_failed;
    !event.is_question && (is_judged || event.score.is_some())
}

fn total(sessions: &[Session]) -> i64 {
    sessions.iter().map(Session::duration).sum()
}

/// Of events in the order of time.
fn course_records(events: &[RecordEvent], gap: i64) -> Vec<CourseRecord> {
    let mut courses: BTreeMap<u32, (CourseRecord, Vec<SessionEvent>)> = BTreeMap::new();
    for event in events {
        let Some(course) = event.course else { continue };
        let (record, moments) = courses.entry(course).or_insert_with(|| {
            (CourseRecord { course, first: event.time, ..CourseRecord::default() }, Vec::new())
        });
        moments.push(event_of(event));
        record.event_count += 1;
        record.last = event.time;
        if !event.is_enrolment {
            record.started.get_or_insert(event.time);
        }
        record.failure_count += usize::from(event.outcome.is_failed && !event.is_question);
        if event.object != course {
            continue;
        }
        if event.outcome.is_completed {
            record.completed.get_or_insert(event.time);
        }
        if event.outcome.is_passed {
            record.passed.get_or_insert(event.time);
        }
        let known = record.score.unwrap_or(f64::NEG_INFINITY);
        record.score = event.score.map(|score| score.max(known)).or(record.score);
    }
    let mut found: Vec<CourseRecord> = courses
        .into_values()
        .map(|(record, moments)| {
            let sessions = sessions(moments, gap);
            let duration = total(&sessions);
            CourseRecord { session_count: sessions.len(), duration, ..record }
        })
        .collect();
    found.sort_by_key(|record| (record.first, record.course));
    found
}

/// Of events in the order of time.
fn attempts(events: &[RecordEvent]) -> Vec<Attempt> {
    let mut numbers: BTreeMap<u32, usize> = BTreeMap::new();
    let attempt = |event: &RecordEvent| {
        let number = numbers.entry(event.object).or_default();
        *number += 1;
        let is_judged = event.outcome.is_passed || event.outcome.is_failed;
        Attempt {
            object: event.object,
            number: *number,
            time: event.time,
            is_passed: is_judged.then_some(event.outcome.is_passed),
            score: event.score,
            duration: event.duration,
        }
    };
    events.iter().filter(|event| is_attempt(event)).map(attempt).collect()
}

/// Of events in the order of time.
fn achievements(events: &[RecordEvent]) -> Vec<Achievement> {
    let mut first: BTreeMap<(u32, AchievementKind), i64> = BTreeMap::new();
    for event in events.iter().filter(|event| !event.is_question) {
        let kinds = [
            event.outcome.is_completed.then_some(AchievementKind::Completed),
            event.outcome.is_passed.then_some(AchievementKind::Passed),
        ];
        for kind in kinds.into_iter().flatten() {
            first.entry((event.object, kind)).or_insert(event.time);
        }
    }
    let achievement = |((object, kind), time)| Achievement { time, object, kind };
    let mut found: Vec<Achievement> = first.into_iter().map(achievement).collect();
    found.sort_unstable();
    found
}

/// A session that crosses the end of a period is one in each.
fn periods(events: &[RecordEvent], courses: &[CourseRecord], gap: i64) -> Vec<PeriodRecord> {
    let mut by_period: BTreeMap<i32, Vec<&RecordEvent>> = BTreeMap::new();
    for event in events {
        by_period.entry(event.period).or_default().push(event);
    }
    let period = |(period, events): (i32, Vec<&RecordEvent>)| {
        let sessions = sessions(events.iter().map(|event| event_of(event)), gap);
        let attempts = || events.iter().filter(|event| is_attempt(event));
        let scores: Vec<f64> = attempts().filter_map(|event| event.score).collect();
        let is_completed = |course: &&CourseRecord| {
            let completes = |event: &&&RecordEvent| {
                event.object == course.course
                    && event.outcome.is_completed
                    && Some(event.time) == course.completed
            };
            events.iter().any(|event| completes(&event))
        };
        PeriodRecord {
            period,
            event_count: events.len(),
            session_count: sessions.len(),
            duration: total(&sessions),
            courses_completed: courses.iter().filter(is_completed).count(),
            attempt_count: attempts().count(),
            mean_score: mean(&scores),
        }
    };
    by_period.into_iter().map(period).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASSED: Outcome = Outcome { is_completed: false, is_passed: true, is_failed: false };
    const FAILED: Outcome = Outcome { is_completed: false, is_passed: false, is_failed: true };
    const COMPLETED: Outcome = Outcome { is_completed: true, is_passed: false, is_failed: false };

    /// An event of a course with the number 0.
    fn event(time: i64, object: u32, outcome: Outcome) -> RecordEvent {
        let period = i32::try_from(time / 100).unwrap();
        RecordEvent { time, period, object, course: Some(0), outcome, ..RecordEvent::default() }
    }

    #[test]
    fn a_record_says_what_was_begun_tried_and_achieved() {
        let events = [
            RecordEvent { score: Some(0.75), ..event(130, 0, COMPLETED) },
            RecordEvent { score: Some(0.25), ..event(20, 1, FAILED) },
            RecordEvent { is_enrolment: true, ..event(10, 0, Outcome::default()) },
            RecordEvent { score: Some(0.5), duration: 5, ..event(110, 1, PASSED) },
            event(140, 0, COMPLETED),
            RecordEvent { is_question: true, ..event(115, 2, FAILED) },
        ];
        let found = record(&events, 30);
        let course = found.courses[0];
        assert_eq!((course.first, course.started, course.last), (10, Some(20), 140));
        assert_eq!((course.completed, course.passed, course.score), (Some(130), None, Some(0.75)));
        assert_eq!((course.failure_count, course.session_count, course.duration), (1, 2, 45));
        let attempts: Vec<_> =
            found.attempts.iter().map(|it| (it.object, it.number, it.is_passed)).collect();
        assert_eq!(attempts, [(1, 1, Some(false)), (1, 2, Some(true)), (0, 1, None)]);
        let achieved: Vec<_> = found.achievements.iter().map(|it| (it.time, it.object)).collect();
        assert_eq!(achieved, [(110, 1), (130, 0)]);
        let years: Vec<_> = found
            .periods
            .iter()
            .map(|it| (it.period, it.courses_completed, it.attempt_count, it.mean_score))
            .collect();
        assert_eq!(years, [(0, 0, 1, Some(0.25)), (1, 1, 2, Some(0.625))]);
        assert_eq!(record(&[], 30), Record::default());
    }

    fn events() -> impl Strategy<Value = Vec<RecordEvent>> {
        let outcome =
            prop_oneof![Just(Outcome::default()), Just(PASSED), Just(FAILED), Just(COMPLETED)];
        let one = (0..400_i64, 0..4_u32, outcome, prop::option::of(0..5_u32), any::<bool>());
        let event = one.prop_map(|(time, object, outcome, score, is_question)| RecordEvent {
            score: score.map(|it| f64::from(it) / 4.0),
            is_question,
            ..event(time, object, outcome)
        });
        prop::collection::vec(event, 0..40)
    }

    proptest! {
        #[test]
        fn the_order_in_which_events_arrive_does_not_matter(
            events in events(), turn in 0_usize..40,
        ) {
            let mut late = events.clone();
            late.rotate_left(turn.min(events.len()));
            late.reverse();
            prop_assert_eq!(record(&events, 30), record(&late, 30));
        }

        #[test]
        fn no_event_is_lost_between_periods_sessions_and_courses(events in events()) {
            let found = record(&events, 30);
            let of_periods: usize = found.periods.iter().map(|it| it.event_count).sum();
            let of_courses: usize = found.courses.iter().map(|it| it.event_count).sum();
            let of_sessions: usize = found.sessions.iter().map(|it| it.event_count).sum();
            prop_assert_eq!(
                [of_periods, of_courses, of_sessions], [events.len(); 3]
            );
            let attempts: usize = found.periods.iter().map(|it| it.attempt_count).sum();
            prop_assert_eq!(attempts, found.attempts.len());
            let completed: usize = found.periods.iter().map(|it| it.courses_completed).sum();
            prop_assert_eq!(
                completed, found.courses.iter().filter(|it| it.completed.is_some()).count()
            );
        }

        #[test]
        fn joining_two_identifiers_is_the_record_of_all_their_events(
            one in events(), other in events(),
        ) {
            let joined: Vec<RecordEvent> = one.iter().chain(&other).copied().collect();
            let found = record(&joined, 30);
            let counts = [&one, &other].map(|events| record(events, 30).attempts.len());
            prop_assert_eq!(found.attempts.len(), counts.iter().sum::<usize>());
            // Split again, each is as it was.
            let split: Vec<RecordEvent> = joined[..one.len()].to_vec();
            prop_assert_eq!(record(&split, 30), record(&one, 30));
        }
    }
}
