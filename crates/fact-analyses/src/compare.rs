//! Comparison of groups of learners.

use std::collections::BTreeMap;

use acta_analyses::{Session, SessionEvent, difference, mean, quantiles, sessions};
use acta_facts::QueryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::courses::Scores;
use super::rows::FactReader;
use super::rows::columns::Columns;
use super::rows::spread::{Bounds, Spread, share};
use super::rows::vocabulary::{COURSE_TYPES, VerbMeanings};
use super::time::{micros, seconds};

/// The fields of the rows, in the order in which they are taken.
pub const FIELDS: [&str; 12] = [
    "person",
    "timestamp",
    "duration",
    "verb",
    "object.type",
    "object.interaction",
    "success",
    "completion",
    "score.scaled",
    "score.raw",
    "score.min",
    "score.max",
];

/// How groups of learners differ.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CompareAnalysis {
    /// Minutes without a statement that end a session.
    gap_minutes: u32,
    /// The groups, in the order of the request.
    groups: Vec<GroupFigures>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// A group of learners.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GroupFigures {
    /// Its name.
    name: String,
    /// How many learners there are.
    learners: usize,
    /// How many of them have completed a course.
    completed: usize,
    /// How many percent those are.
    completed_share: Option<f64>,
    /// How many have passed something.
    passed: usize,
    /// How many have failed something.
    failed: usize,
    /// Statements of a learner.
    statements: Measured,
    /// Days on which a learner was active.
    active_days: Measured,
    /// Seconds of a learner in sessions.
    seconds: Measured,
    /// The mean score of a learner, in percent.
    score: Measured,
}

/// A figure of the learners of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Measured {
    /// The mean of the learners.
    mean: Option<f64>,
    /// How they are spread.
    spread: Option<Spread>,
    /// How much higher the mean is than that of the first group; none for the first group itself,
    /// and if one of them has fewer than 10 learners with a value.
    difference: Option<f64>,
    /// Where that difference lies with a probability of 95 %.
    difference_interval: Option<Bounds>,
    /// The difference in standard deviations (Cohen's d).
    effect: Option<f64>,
}

/// What is known of one learner.
#[derive(Debug, Default)]
struct Learner {
    events: Vec<SessionEvent>,
    days: Vec<i32>,
    scores: Vec<f64>,
    has_completed: bool,
    has_passed: bool,
    has_failed: bool,
}

/// The learners of a group.
#[derive(Debug)]
pub struct Group {
    name: String,
    learners: Vec<Learner>,
}

/// The values of the learners of a group.
#[derive(Debug, Default)]
struct Values {
    statements: Vec<f64>,
    active_days: Vec<f64>,
    seconds: Vec<f64>,
    score: Vec<f64>,
}

impl Group {
    /// Reads the learners of a group from its rows.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn of(name: String, mut rows: Columns, reader: FactReader<'_>) -> Result<Self, QueryError> {
        let count = rows.count;
        let (persons, times, durations) = (rows.texts(), rows.times(), rows.numbers());
        let (verbs, types, interactions) = (rows.texts(), rows.texts(), rows.texts());
        let (successes, completions) = (rows.flags(), rows.flags());
        let scores = Scores::of(&mut rows);
        let (meanings, is_course) = (VerbMeanings::of(&verbs), types.any_of(&COURSE_TYPES));
        let calendar = reader.calendar()?;
        let mut days = calendar.cursor();
        let mut learners: BTreeMap<u32, Learner> = BTreeMap::new();
        for row in (0..count).filter(|row| persons.places[*row] != 0) {
            let learner = learners.entry(persons.places[row]).or_default();
            learner
                .events
                .push(SessionEvent { time: times[row], duration: micros(durations[row]) });
            let day = days.day_of(times[row]);
            if learner.days.last() != Some(&day) {
                learner.days.push(day);
            }
            let verb = verbs.places[row];
            let is_question = interactions.places[row] != 0 || meanings.is_answer(verb);
            let said = meanings.said(verb, (successes[row], completions[row]), is_question);
            learner.has_completed |= said.is_completed && is_course[types.places[row] as usize];
            learner.has_passed |= said.is_passed;
            learner.has_failed |= said.is_failed;
            learner.scores.extend(scores.get(row).filter(|_| !is_question));
        }
        Ok(Self { name, learners: learners.into_values().collect() })
    }

    fn values(&self, gap_minutes: u32) -> Values {
        let gap = i64::from(gap_minutes) * 60_000_000;
        let mut values = Values::default();
        for learner in &self.learners {
            values.statements.push(count_of(learner.events.len()));
            values.active_days.push(count_of(learner.days.len()));
            let own = sessions(learner.events.iter().copied(), gap);
            values.seconds.push(own.iter().map(|session: &Session| seconds(session)).sum());
            values.score.extend(mean(&learner.scores).map(|score| 100.0 * score));
        }
        values
    }

    fn figures(self, own: &Values, base: Option<&Values>) -> GroupFigures {
        let count = |is: fn(&&Learner) -> bool| self.learners.iter().filter(is).count();
        let completed = count(|learner| learner.has_completed);
        let of = |field: fn(&Values) -> &Vec<f64>| Measured::of(field(own), base.map(field));
        GroupFigures {
            learners: self.learners.len(),
            completed,
            completed_share: share(completed, self.learners.len()),
            passed: count(|learner| learner.has_passed),
            failed: count(|learner| learner.has_failed),
            statements: of(|it| &it.statements),
            active_days: of(|it| &it.active_days),
            seconds: of(|it| &it.seconds),
            score: of(|it| &it.score),
            name: self.name,
        }
    }
}

impl Measured {
    fn of(values: &[f64], base: Option<&Vec<f64>>) -> Self {
        let found = base.and_then(|base| difference(values, base));
        Self {
            mean: mean(values),
            spread: quantiles(values.iter().copied()).map(Spread::from),
            difference: found.map(|it| it.difference),
            difference_interval: found.map(|it| Bounds::from(it.interval)),
            effect: found.and_then(|it| it.effect),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn count_of(count: usize) -> f64 {
    count as f64
}

/// Compares groups with the first one. `reader` has read them.
pub fn analyse(
    reader: FactReader<'_>,
    groups: Vec<Group>,
    gap_minutes: u32,
    sequence: u64,
) -> CompareAnalysis {
    let values: Vec<Values> = groups.iter().map(|group| group.values(gap_minutes)).collect();
    let groups = groups.into_iter().enumerate();
    let groups = groups.map(|(place, group)| {
        let base = values.first().filter(|_| place != 0);
        group.figures(&values[place], base)
    });
    let is_rebuilding = reader.is_rebuilding();
    CompareAnalysis { gap_minutes, groups: groups.collect(), sequence, is_rebuilding }
}
