//! Help: which learners of a course may need somebody, by rules that can be explained.

use std::collections::{BTreeMap, BTreeSet};

use crate::courses::Outcome;
use crate::number::{mean, median, number_of, quantile};
use crate::standing::z_scores;

/// Failures of an activity in a row from which on a learner is stuck.
pub const STUCK_FAILURES: usize = 3;
/// Days without anything from which on a learner may be idle.
pub const IDLE_DAYS: i32 = 7;
/// How many times the own usual interval has to have passed, too.
pub const IDLE_INTERVALS: f64 = 3.0;
/// How far below the mean of the course a learner is behind, in standard deviations.
pub const BEHIND_Z: f64 = -1.0;

/// Fewest intervals between days from which the habit of a learner is known.
const INTERVALS_KNOWN: usize = 4;
/// The share of the intervals that are usual.
const USUAL: f64 = 0.9;
/// The usual interval if nobody's habit is known: a week.
const USUAL_DAYS: f64 = 7.0;

/// Something that a learner did in a course.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HelpEvent {
    /// The learner, as a number.
    pub person: u32,
    /// When, in microseconds since 1970.
    pub time: i64,
    /// The number of the day.
    pub day: i32,
    /// The activity, as a number; the course itself too.
    pub object: u32,
    /// What is said of the activity.
    pub outcome: Outcome,
    /// Whether the activity is a question.
    pub is_question: bool,
    /// A score from 0 to 1.
    pub score: Option<f64>,
}

/// What a learner is compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HelpMeasure {
    /// Events a week.
    Activity,
    /// Activities completed or passed a week, questions left aside.
    Progress,
    /// The mean score, questions left aside.
    Score,
    /// The share of the weeks in which there was an event.
    Regularity,
}

/// All measures, in the order of [`HelpLearner::standing`].
pub const HELP_MEASURES: [HelpMeasure; 4] =
    [HelpMeasure::Activity, HelpMeasure::Progress, HelpMeasure::Score, HelpMeasure::Regularity];

/// Why a learner may need help.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HelpReason {
    /// An activity was failed so often in a row, and neither passed nor completed since.
    Stuck {
        /// The activity.
        object: u32,
        /// How often it was failed.
        failures: usize,
    },
    /// The course should have been completed so many days ago.
    Overdue {
        /// The days.
        days: i32,
    },
    /// Nothing was done for longer than the learner usually pauses.
    Idle {
        /// The days without anything.
        days: i32,
        /// The usual interval, in days.
        usual: f64,
    },
    /// The learner is far below the others of the course.
    Behind {
        /// By what.
        measure: HelpMeasure,
        /// How many standard deviations the learner is above the mean.
        z: f64,
    },
}

impl HelpReason {
    /// How much it weighs: 3 for stuck and overdue, 2 for idle, 1 for behind.
    pub const fn points(self) -> u32 {
        match self {
            Self::Stuck { .. } | Self::Overdue { .. } => 3,
            Self::Idle { .. } => 2,
            Self::Behind { .. } => 1,
        }
    }
}

/// When learners are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelpQuestion {
    /// The course.
    pub course: u32,
    /// The day. Later events do not count.
    pub today: i32,
    /// Only learners with an event in so many days before are listed: others have left.
    pub within_days: i32,
    /// The day on which the course is to be completed, if there is one.
    pub due: Option<i32>,
}

/// A learner who may need help.
#[derive(Clone, Debug, PartialEq)]
pub struct HelpLearner {
    /// The learner.
    pub person: u32,
    /// Why.
    pub reasons: Vec<HelpReason>,
    /// The points of the reasons together.
    pub points: u32,
    /// The day of the first event.
    pub first_day: i32,
    /// The day of the last one.
    pub last_day: i32,
    /// How many activities were completed or passed.
    pub progress: usize,
    /// Standard deviations above the mean of the course, by [`HELP_MEASURES`].
    pub standing: [Option<f64>; 4],
}

/// What is known of a learner.
#[derive(Debug)]
struct Learner {
    person: u32,
    days: BTreeSet<i32>,
    event_count: usize,
    completed: Option<i32>,
    done: BTreeSet<u32>,
    scores: Vec<f64>,
    /// By activity, how often it was failed since it was passed or completed.
    failures: BTreeMap<u32, usize>,
}

/// Finds the learners of a course who may need help, by events in any order: those with the most
/// points first. Those who have completed the course are not listed, but the others are compared
/// with them too.
pub fn who_needs_help(events: &[HelpEvent], question: &HelpQuestion) -> Vec<HelpLearner> {
    let learners = learners(events, question);
    let columns = HELP_MEASURES.map(|measure| {
        let values: Vec<Option<f64>> =
            learners.iter().map(|it| it.measure(measure, question.today)).collect();
        z_scores(&values)
    });
    let mut habits: Vec<f64> = learners.iter().filter_map(Learner::usual).collect();
    let usual = median(&mut habits).unwrap_or(USUAL_DAYS);
    let listed = learners.iter().enumerate().filter(|(_, it)| it.is_listed(question));
    let found = listed.map(|(place, learner)| {
        let standing = [0, 1, 2, 3].map(|measure: usize| columns[measure][place]);
        learner.judge(question, usual, standing)
    });
    let mut found: Vec<HelpLearner> = found.filter(|it| !it.reasons.is_empty()).collect();
    found.sort_by_key(|it| (std::cmp::Reverse(it.points), it.last_day, it.person));
    found
}

fn learners(events: &[HelpEvent], question: &HelpQuestion) -> Vec<Learner> {
    let mut events: Vec<&HelpEvent> =
        events.iter().filter(|event| event.day <= question.today).collect();
    // Of equal times, a failure comes before what ends it.
    let is_end = |it: &HelpEvent| it.outcome.is_passed || it.outcome.is_completed;
    events.sort_by_key(|it| (it.time, is_end(it), it.object));
    let mut learners: BTreeMap<u32, Learner> = BTreeMap::new();
    for event in events {
        let learner = learners.entry(event.person).or_insert_with(|| Learner::new(event.person));
        learner.days.insert(event.day);
        learner.event_count += 1;
        if event.is_question {
            continue;
        }
        learner.scores.extend(event.score);
        let outcome = event.outcome;
        if outcome.is_failed {
            *learner.failures.entry(event.object).or_default() += 1;
        }
        if is_end(event) {
            learner.failures.remove(&event.object);
            learner.done.insert(event.object);
        }
        if event.object == question.course && outcome.is_completed {
            learner.completed.get_or_insert(event.day);
        }
    }
    let mut learners: Vec<Learner> = learners.into_values().collect();
    // The sum of scores is then the same, whatever the order of equal times was.
    for learner in &mut learners {
        learner.scores.sort_by(f64::total_cmp);
    }
    learners
}

impl Learner {
    const fn new(person: u32) -> Self {
        Self {
            person,
            days: BTreeSet::new(),
            event_count: 0,
            completed: None,
            done: BTreeSet::new(),
            scores: Vec::new(),
            failures: BTreeMap::new(),
        }
    }

    fn first_day(&self) -> i32 {
        self.days.first().copied().unwrap_or_default()
    }

    fn last_day(&self) -> i32 {
        self.days.last().copied().unwrap_or_default()
    }

    /// Weeks of seven days from the first day to the completion, or to today.
    fn weeks(&self, today: i32) -> f64 {
        let end = self.completed.unwrap_or(today);
        f64::from(end.saturating_sub(self.first_day()).max(0) / 7 + 1)
    }

    fn measure(&self, measure: HelpMeasure, today: i32) -> Option<f64> {
        let weeks = self.weeks(today);
        match measure {
            HelpMeasure::Activity => Some(number_of(self.event_count) / weeks),
            HelpMeasure::Progress => Some(number_of(self.done.len()) / weeks),
            HelpMeasure::Score => mean(&self.scores),
            HelpMeasure::Regularity => {
                let first = self.first_day();
                let end = self.completed.unwrap_or(today);
                let days = self.days.range(..=end);
                let active: BTreeSet<i32> = days.map(|day| (day - first) / 7).collect();
                Some(number_of(active.len()) / weeks)
            }
        }
    }

    /// The interval between two days that 90 % of the own ones are not longer than.
    fn usual(&self) -> Option<f64> {
        let days: Vec<i32> = self.days.iter().copied().collect();
        let mut gaps: Vec<f64> = days.windows(2).map(|it| f64::from(it[1] - it[0])).collect();
        gaps.sort_by(f64::total_cmp);
        quantile(&gaps, USUAL).filter(|_| INTERVALS_KNOWN <= gaps.len())
    }

    fn is_listed(&self, question: &HelpQuestion) -> bool {
        let quiet = question.today.saturating_sub(self.last_day());
        self.completed.is_none() && quiet <= question.within_days
    }

    fn judge(
        &self,
        question: &HelpQuestion,
        usual: f64,
        standing: [Option<f64>; 4],
    ) -> HelpLearner {
        let stuck = self.failures.iter().filter(|(_, failures)| STUCK_FAILURES <= **failures);
        let mut reasons: Vec<HelpReason> = stuck
            .map(|(object, failures)| HelpReason::Stuck { object: *object, failures: *failures })
            .collect();
        let late = question.due.map(|due| question.today.saturating_sub(due));
        reasons.extend(late.filter(|days| 0 < *days).map(|days| HelpReason::Overdue { days }));
        let usual = self.usual().unwrap_or(usual).max(1.0);
        let days = question.today.saturating_sub(self.last_day());
        if IDLE_DAYS <= days && IDLE_INTERVALS * usual < f64::from(days) {
            reasons.push(HelpReason::Idle { days, usual });
        }
        for (measure, z) in HELP_MEASURES.into_iter().zip(standing) {
            let behind = z.filter(|z| *z < BEHIND_Z);
            reasons.extend(behind.map(|z| HelpReason::Behind { measure, z }));
        }
        HelpLearner {
            person: self.person,
            points: reasons.iter().map(|reason| reason.points()).sum(),
            reasons,
            first_day: self.first_day(),
            last_day: self.last_day(),
            progress: self.done.len(),
            standing,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUESTION: HelpQuestion =
        HelpQuestion { course: 0, today: 100, within_days: 90, due: None };
    const FAILED: Outcome = Outcome { is_completed: false, is_passed: false, is_failed: true };
    const COMPLETED: Outcome = Outcome { is_completed: true, is_passed: false, is_failed: false };

    fn event(person: u32, day: i32, object: u32, outcome: Outcome) -> HelpEvent {
        let time = i64::from(day) * 86_400_000_000;
        HelpEvent { person, time, day, object, outcome, ..HelpEvent::default() }
    }

    fn reasons(events: &[HelpEvent], question: &HelpQuestion) -> Vec<(u32, Vec<HelpReason>)> {
        let found = who_needs_help(events, question);
        found.into_iter().map(|it| (it.person, it.reasons)).collect()
    }

    #[test]
    fn failing_again_and_again_is_being_stuck() {
        let fail = |person, day| event(person, day, 7, FAILED);
        let events = [
            fail(1, 97),
            fail(1, 98),
            fail(1, 99),
            // Passed after two.
            fail(2, 97),
            fail(2, 98),
            event(2, 99, 7, COMPLETED),
            fail(2, 100),
        ];
        let expected = [(1, vec![HelpReason::Stuck { object: 7, failures: 3 }])];
        assert_eq!(reasons(&events, &QUESTION), expected);
        let question = HelpEvent { is_question: true, ..fail(3, 99) };
        assert_eq!(reasons(&[question; 9], &QUESTION), []);
    }

    #[test]
    fn somebody_is_idle_against_the_own_habit() {
        let done = |person, day| event(person, day, 5, Outcome::default());
        // The first comes every day, the second every ten days.
        let mut events: Vec<HelpEvent> = (70..90).map(|day| done(1, day)).collect();
        events.extend([40, 50, 60, 70, 80, 90].map(|day| done(2, day)));
        let idle = |days, usual| HelpReason::Idle { days, usual };
        assert_eq!(reasons(&events, &QUESTION), [(1, vec![idle(11, 1.0)])]);
        let later = HelpQuestion { today: 125, ..QUESTION };
        let found = reasons(&events, &later);
        assert_eq!(found, [(1, vec![idle(36, 1.0)]), (2, vec![idle(35, 10.0)])]);
        // Who has left long ago is nobody's worry, and who has completed the course neither.
        assert_eq!(reasons(&events, &HelpQuestion { today: 400, ..QUESTION }), []);
        events.extend([event(1, 90, 0, COMPLETED), event(2, 90, 0, COMPLETED)]);
        assert_eq!(reasons(&events, &later), []);
    }

    #[test]
    fn a_course_that_is_not_completed_in_time_is_overdue() {
        let events = [event(1, 99, 5, Outcome::default())];
        let due = |due| HelpQuestion { due: Some(due), ..QUESTION };
        assert_eq!(reasons(&events, &due(95)), [(1, vec![HelpReason::Overdue { days: 5 }])]);
        assert_eq!(reasons(&events, &due(100)), []);
    }

    #[test]
    fn somebody_is_behind_the_others_of_the_course() {
        let scored = |person: u32, score| HelpEvent {
            score: Some(score),
            ..event(person, 99, 5, Outcome::default())
        };
        let mut events: Vec<HelpEvent> =
            (0..11).map(|person| scored(person, 0.7 + f64::from(person) / 50.0)).collect();
        events.push(scored(11, 0.1));
        let found = who_needs_help(&events, &QUESTION);
        assert_eq!((found.len(), found[0].person), (1, 11));
        let [HelpReason::Behind { measure: HelpMeasure::Score, z }] = found[0].reasons[..] else {
            panic!("{found:?}");
        };
        assert!(z < -2.0 && found[0].points == 1 && found[0].standing[2] == Some(z));
        // Nobody is compared with nine.
        assert_eq!(who_needs_help(&events[3..], &QUESTION), []);
    }

    fn events() -> impl Strategy<Value = Vec<HelpEvent>> {
        let outcome = prop_oneof![Just(Outcome::default()), Just(FAILED), Just(COMPLETED)];
        let one = (0..14_u32, 60..105_i32, 0..4_u32, outcome, prop::option::of(0..5_u32));
        let event = one.prop_map(|(person, day, object, outcome, score)| HelpEvent {
            score: score.map(|it| f64::from(it) / 4.0),
            ..event(person, day, object, outcome)
        });
        prop::collection::vec(event, 0..80)
    }

    proptest! {
        #[test]
        fn the_order_in_which_events_arrive_does_not_matter(
            events in events(), turn in 0_usize..80,
        ) {
            let mut late = events.clone();
            late.rotate_left(turn.min(events.len()));
            late.reverse();
            prop_assert_eq!(who_needs_help(&events, &QUESTION), who_needs_help(&late, &QUESTION));
        }

        #[test]
        fn what_is_to_come_changes_nothing(events in events()) {
            let past: Vec<HelpEvent> = events.iter().copied().filter(|it| it.day <= 100).collect();
            prop_assert_eq!(who_needs_help(&events, &QUESTION), who_needs_help(&past, &QUESTION));
        }

        #[test]
        fn the_most_urgent_come_first(events in events()) {
            let found = who_needs_help(&events, &QUESTION);
            prop_assert!(found.windows(2).all(|pair| pair[1].points <= pair[0].points));
            prop_assert!(found.iter().all(|it| !it.reasons.is_empty()));
        }
    }
}
