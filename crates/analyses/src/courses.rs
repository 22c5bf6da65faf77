//! Courses: who completed and passed, how long that took, which scores were reached, and in which
//! part of a course learners stop.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::number::{Quantiles, number_of, quantiles};

/// Something that a statement says of a learner and a course.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CourseEvent {
    /// The learner, as a number.
    pub person: u32,
    /// When, in microseconds since 1970.
    pub time: i64,
    /// What it says.
    pub kind: CourseEventKind,
}

/// What a statement says of a learner and a course.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CourseEventKind {
    /// The learner was enrolled, or was there for the first time.
    Began,
    /// The course was completed.
    Completed,
    /// The course was passed.
    Passed,
    /// A score was reached, from 0 to 1.
    Scored(f64),
}

/// What learners have reached in a course.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CourseOutcome {
    /// How many learners have an event.
    pub learners: usize,
    /// How many learners have completed the course.
    pub completed: usize,
    /// How many learners have passed it.
    pub passed: usize,
    /// Days from the beginning to the first completion after it, of those who have both.
    pub days_to_complete: Option<Quantiles>,
    /// The highest scores of the learners, in percent.
    pub scores: Option<Quantiles>,
    /// How many learners have their highest score in each tenth: below 10 %, below 20 %, and so
    /// on; 100 % belongs to the last.
    pub score_tenths: [usize; 10],
}

/// Microseconds of a day.
const DAY: f64 = 86_400e6;

/// What one learner has reached.
#[derive(Clone, Debug, Default)]
struct Reached {
    began: Option<i64>,
    completions: Vec<i64>,
    is_passed: bool,
    score: Option<f64>,
}

/// Computes what learners have reached in a course, by events in any order.
pub fn course_outcome(events: impl IntoIterator<Item = CourseEvent>) -> CourseOutcome {
    let mut people: BTreeMap<u32, Reached> = BTreeMap::new();
    for event in events {
        let reached = people.entry(event.person).or_default();
        match event.kind {
            CourseEventKind::Began => {
                reached.began = Some(reached.began.map_or(event.time, |it| it.min(event.time)));
            }
            CourseEventKind::Completed => reached.completions.push(event.time),
            CourseEventKind::Passed => reached.is_passed = true,
            CourseEventKind::Scored(score) if score.is_finite() => {
                reached.score = Some(reached.score.map_or(score, |it| it.max(score)));
            }
            CourseEventKind::Scored(_) => {}
        }
    }
    let count = |is: fn(&&Reached) -> bool| people.values().filter(is).count();
    let scores = || people.values().filter_map(|reached| reached.score).map(|it| 100.0 * it);
    let mut score_tenths = [0; 10];
    scores().for_each(|score| score_tenths[tenth(score)] += 1);
    CourseOutcome {
        learners: people.len(),
        completed: count(|reached| !reached.completions.is_empty()),
        passed: count(|reached| reached.is_passed),
        days_to_complete: quantiles(people.values().filter_map(Reached::days_to_complete)),
        scores: quantiles(scores()),
        score_tenths,
    }
}

impl Reached {
    fn days_to_complete(&self) -> Option<f64> {
        let began = self.began?;
        let completed = self.completions.iter().filter(|it| began <= **it).min()?;
        Some(days_between(began, *completed))
    }
}

#[expect(clippy::cast_precision_loss, reason = "differences of times are below 2^53")]
fn days_between(earlier: i64, later: i64) -> f64 {
    later.saturating_sub(earlier) as f64 / DAY
}

/// The tenth that a score in percent is in.
fn tenth(score: f64) -> usize {
    (1..10_usize).take_while(|tenth| 10.0 * number_of(*tenth) <= score).count()
}

/// What a statement says of its activity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// It was completed.
    pub is_completed: bool,
    /// It was passed.
    pub is_passed: bool,
    /// It was failed.
    pub is_failed: bool,
}

impl Outcome {
    /// Whether it says anything.
    pub const fn is_any(self) -> bool {
        self.is_completed || self.is_passed || self.is_failed
    }
}

/// That a learner did something in a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deed {
    /// When, in microseconds since 1970.
    pub time: i64,
    /// The learner, as a number.
    pub person: u32,
    /// The activity, as a number; the course itself too.
    pub object: u32,
    /// The activity that it is a part of, if that is known.
    pub parent: Option<u32>,
    /// What is said of the activity.
    pub outcome: Outcome,
}

/// A part of a course: an activity that somebody has completed, passed or failed, and that is not
/// within another such part.
#[derive(Clone, Debug, PartialEq)]
pub struct CoursePart {
    /// The activity.
    pub activity: u32,
    /// How many learners have done something in it.
    pub learners: usize,
    /// How many learners have completed it.
    pub completed: usize,
    /// How many learners have passed it.
    pub passed: usize,
    /// How many learners have failed it at least once.
    pub failed: usize,
    /// How many learners have not completed the course, and did the last thing that they have
    /// done in a part in this one.
    pub stopped: usize,
}

/// Most activities from a question to the part of the course that it is in.
const DEPTH_MAX: usize = 8;

/// Divides what was done in a course into its parts, in the order in which learners come to them:
/// by the median place that they have among the parts of a learner. The deeds may be in any order.
pub fn course_parts(deeds: &[Deed], course: u32) -> Vec<CoursePart> {
    let mut deeds = deeds.to_vec();
    deeds.sort_unstable();
    let parts = Parts::of(&deeds, course);
    let mut learners: HashMap<u32, Learner> = HashMap::new();
    for deed in &deeds {
        let learner = learners.entry(deed.person).or_default();
        if deed.object == course {
            learner.has_completed |= deed.outcome.is_completed;
            continue;
        }
        let Some(part) = parts.part_of(deed.object) else { continue };
        learner.last = Some(part);
        if !learner.order.contains(&part) {
            learner.order.push(part);
        }
        // What is completed within a part does not complete it.
        if deed.object == part {
            let done = learner.done.entry(part).or_default();
            done.is_completed |= deed.outcome.is_completed;
            done.is_passed |= deed.outcome.is_passed;
            done.is_failed |= deed.outcome.is_failed;
        }
    }
    let mut figures: HashMap<u32, (CoursePart, Vec<f64>)> = HashMap::new();
    for learner in learners.values() {
        for (place, activity) in learner.order.iter().enumerate() {
            let (part, places) = figures
                .entry(*activity)
                .or_insert_with(|| (CoursePart::empty(*activity), Vec::new()));
            let done = learner.done.get(activity).copied().unwrap_or_default();
            part.learners += 1;
            part.completed += usize::from(done.is_completed);
            part.passed += usize::from(done.is_passed);
            part.failed += usize::from(done.is_failed);
            part.stopped += usize::from(!learner.has_completed && learner.last == Some(*activity));
            places.push(number_of(place));
        }
    }
    let mut found: Vec<(f64, CoursePart)> = figures
        .into_values()
        .map(|(part, mut places)| (crate::number::median(&mut places).unwrap_or_default(), part))
        .collect();
    // Of equal places, the one that more learners have come to is the earlier one.
    found.sort_by(|one, other| {
        let order = one.0.total_cmp(&other.0).then(other.1.learners.cmp(&one.1.learners));
        order.then(one.1.activity.cmp(&other.1.activity))
    });
    found.into_iter().map(|(_, part)| part).collect()
}

impl CoursePart {
    fn empty(activity: u32) -> Self {
        Self { activity, learners: 0, completed: 0, passed: 0, failed: 0, stopped: 0 }
    }
}

/// What a learner has done in the parts of a course.
#[derive(Clone, Debug, Default)]
struct Learner {
    has_completed: bool,
    last: Option<u32>,
    /// In the order in which they were begun.
    order: Vec<u32>,
    /// What is said of each.
    done: HashMap<u32, Outcome>,
}

/// Which activities are parts, and in which of them others are.
#[derive(Debug)]
struct Parts {
    course: u32,
    parents: HashMap<u32, u32>,
    completable: HashSet<u32>,
}

impl Parts {
    /// Of deeds in the order of time: the latest parent of an activity counts.
    fn of(deeds: &[Deed], course: u32) -> Self {
        let mut parents = HashMap::new();
        let mut completable = HashSet::new();
        for deed in deeds.iter().filter(|deed| deed.object != course) {
            parents.extend(deed.parent.map(|parent| (deed.object, parent)));
            if deed.outcome.is_any() {
                completable.insert(deed.object);
            }
        }
        Self { course, parents, completable }
    }

    /// The part that an activity is or is in: the outermost one below the course.
    fn part_of(&self, activity: u32) -> Option<u32> {
        let chain = std::iter::successors(Some(activity), |it| self.parents.get(it).copied());
        let below = chain.take(DEPTH_MAX).take_while(|it| *it != self.course);
        below.filter(|it| self.completable.contains(it)).last()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MICROS: i64 = 86_400_000_000;

    fn event(person: u32, day: i64, kind: CourseEventKind) -> CourseEvent {
        CourseEvent { person, time: day * DAY_MICROS, kind }
    }

    #[test]
    fn an_outcome_counts_learners_once() {
        use CourseEventKind::{Began, Completed, Passed, Scored};
        let events = [
            event(1, 10, Began),
            event(1, 2, Began),
            event(1, 5, Completed),
            event(1, 9, Completed),
            event(1, 5, Scored(0.4)),
            event(1, 9, Scored(1.0)),
            event(2, 3, Began),
            event(2, 1, Completed),
            event(2, 1, Passed),
            event(2, 1, Scored(0.1)),
            event(3, 3, Began),
            event(3, 3, Scored(f64::NAN)),
        ];
        let found = course_outcome(events);
        assert_eq!((found.learners, found.completed, found.passed), (3, 2, 1));
        // The second has completed before the beginning that is known.
        let days = found.days_to_complete.unwrap();
        assert_eq!((days.count, days.median), (1, 3.0));
        assert_eq!(found.scores.map(|it| it.median), Some(55.0));
        assert_eq!(found.score_tenths, [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(course_outcome([]), CourseOutcome::default());
    }

    /// A learner, an activity, its parent, and whether it was completed.
    fn deed(person: u32, time: i64, object: u32, of: (Option<u32>, bool)) -> Deed {
        let (parent, is_completed) = of;
        let outcome = Outcome { is_completed, ..Outcome::default() };
        Deed { time, person, object, parent, outcome }
    }

    #[test]
    fn learners_stop_in_the_part_that_they_did_last() {
        let (course, first, second, video) = (0, 1, 2, 3);
        let deeds = [
            deed(1, 1, first, (Some(course), true)),
            deed(1, 2, video, (Some(second), true)),
            deed(1, 3, second, (Some(course), true)),
            deed(1, 4, course, (None, true)),
            deed(2, 1, first, (Some(course), true)),
            deed(2, 2, video, (Some(second), false)),
            deed(3, 5, first, (Some(course), false)),
            // A page that nobody completes is in no part.
            deed(3, 6, 9, (Some(course), false)),
        ];
        let found = course_parts(&deeds, course);
        let shown: Vec<_> =
            found.iter().map(|it| (it.activity, it.learners, it.completed, it.stopped)).collect();
        assert_eq!(shown, [(first, 3, 2, 1), (second, 2, 1, 1)]);
    }

    #[test]
    fn activities_that_are_parts_of_each_other_end_the_search() {
        let deeds = [deed(1, 1, 1, (Some(2), true)), deed(1, 2, 2, (Some(1), true))];
        assert_eq!(course_parts(&deeds, 0).iter().map(|it| it.learners).sum::<usize>(), 2);
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let one = (0..6_u32, 0..40_i64, 0..7_u32, any::<(bool, bool)>());
        let deed = one.prop_map(|(person, time, object, (is_completed, is_passed))| Deed {
            time,
            person,
            object,
            parent: object.checked_sub(1).map(|it| it / 2),
            outcome: Outcome { is_completed, is_passed, is_failed: false },
        });
        prop::collection::vec(deed, 0..60)
    }

    fn events() -> impl Strategy<Value = Vec<CourseEvent>> {
        let kind = prop_oneof![
            Just(CourseEventKind::Began),
            Just(CourseEventKind::Completed),
            Just(CourseEventKind::Passed),
            (0..=100_u32).prop_map(|score| CourseEventKind::Scored(f64::from(score) / 100.0)),
        ];
        let one = (0..6_u32, 0..40_i64, kind);
        prop::collection::vec(one.prop_map(|(who, day, kind)| event(who, day, kind)), 0..60)
    }

    proptest! {
        #[test]
        fn the_order_in_which_events_arrive_does_not_matter(
            events in events(), deeds in deeds(), turn in 0_usize..60,
        ) {
            let mut late = events.clone();
            late.rotate_left(turn.min(events.len()));
            late.reverse();
            prop_assert_eq!(course_outcome(events), course_outcome(late));
            let mut late = deeds.clone();
            late.rotate_left(turn.min(deeds.len()));
            late.reverse();
            prop_assert_eq!(course_parts(&deeds, 0), course_parts(&late, 0));
        }

        #[test]
        fn every_learner_without_completion_stops_in_at_most_one_part(deeds in deeds()) {
            let found = course_parts(&deeds, 0);
            let all: HashSet<u32> = deeds.iter().map(|it| it.person).collect();
            let course = deeds.iter().filter(|it| it.object == 0 && it.outcome.is_completed);
            let completed: HashSet<u32> = course.map(|it| it.person).collect();
            let stopped: usize = found.iter().map(|it| it.stopped).sum();
            prop_assert!(stopped <= all.difference(&completed).count());
            let fits = |it: &CoursePart| {
                let counts = [it.completed, it.passed, it.failed, it.stopped];
                counts.into_iter().all(|count| count <= it.learners)
            };
            prop_assert!(found.iter().all(fits));
        }

        #[test]
        fn voiding_takes_away_what_one_learner_did_alone(events in events()) {
            let mut rest = events.clone();
            rest.retain(|event| event.person != 0);
            let own: Vec<_> = events.iter().copied().filter(|event| event.person == 0).collect();
            let (all, without, alone) =
                (course_outcome(events), course_outcome(rest), course_outcome(own));
            prop_assert_eq!(all.completed, without.completed + alone.completed);
            prop_assert_eq!(all.passed, without.passed + alone.passed);
            prop_assert_eq!(all.learners, without.learners + alone.learners);
            let sum = |of: &CourseOutcome| of.score_tenths.iter().sum::<usize>();
            prop_assert_eq!(sum(&all), sum(&without) + sum(&alone));
        }
    }
}
