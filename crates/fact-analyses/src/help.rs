//! Help: which learners of a course may need somebody.

use std::collections::HashMap;

use acta_analyses::{
    HELP_MEASURES, HelpEvent, HelpLearner, HelpMeasure, HelpQuestion, HelpReason, who_needs_help,
};
use acta_facts::QueryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::courses::Scores;
use super::rows::calendar::{Calendar, date_text};
use super::rows::columns::{Columns, Texts};
use super::rows::condition::{before, is};
use super::rows::vocabulary::VerbMeanings;
use super::rows::{FactReader, Numbers, fault};
use super::sources::time_of;

/// The fields of the rows, in the order in which they are taken.
const FIELDS: [&str; 13] = [
    "person",
    "person.name",
    "timestamp",
    "verb",
    "object",
    "object.name",
    "object.interaction",
    "success",
    "completion",
    "score.scaled",
    "score.raw",
    "score.min",
    "score.max",
];
/// Days within which a learner must have done something to be listed, if nothing is said, and at
/// most.
const WITHIN_DAYS: i32 = 90;
const WITHIN_DAYS_MAX: i32 = 3_650;
/// Most learners that are listed.
const LEARNERS_MAX: usize = 500;

/// Learners of a course who may need help.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct HelpAnalysis {
    /// The day at which learners are looked at.
    at: String,
    /// How many learners the course has.
    course_learners: usize,
    /// How many may need help.
    pub learner_count: usize,
    /// Those who may need help, the most urgent first; at most 500.
    pub learners: Vec<LearnerInNeed>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// A learner who may need help.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LearnerInNeed {
    /// The first identifier, as JSON.
    person: String,
    /// The name, if one is known.
    name: Option<String>,
    /// How urgent it is: 3 points for stuck and overdue, 2 for idle, 1 for each measure in which
    /// the learner is behind.
    points: u32,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The day of the first statement in the course.
    first_day: String,
    /// The day of the last one.
    last_day: String,
    /// How many activities were completed or passed, questions left aside.
    progress: usize,
    /// How far the learner is from the others of the course.
    standing: Vec<Standing>,
}

/// Why a learner may need help.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Reason {
    /// What the reason is.
    pub kind: ReasonKind,
    /// The activity in which the learner is stuck.
    #[serde(skip_serializing_if = "Option::is_none")]
    activity: Option<String>,
    /// Its name, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_name: Option<String>,
    /// How often it was failed in a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    failures: Option<usize>,
    /// For how many days the learner is idle, or the course overdue.
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<i32>,
    /// The usual interval of the learner, in days.
    #[serde(skip_serializing_if = "Option::is_none")]
    usual_days: Option<f64>,
    /// By what the learner is behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    measure: Option<Measure>,
    /// How many standard deviations the learner is above the mean of the course.
    #[serde(skip_serializing_if = "Option::is_none")]
    z: Option<f64>,
}

/// What the reason is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// An activity was failed three times in a row or more, and neither passed nor completed since.
    Stuck,
    /// The course should have been completed.
    Overdue,
    /// Nothing was done for a week or more, and three times as long as usual.
    Idle,
    /// More than one standard deviation below the mean of the course.
    Behind,
}

/// What learners are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Statements a week.
    Activity,
    /// Activities completed or passed a week.
    Progress,
    /// The mean score.
    Score,
    /// The share of weeks with a statement.
    Regularity,
}

/// How far a learner is from the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Standing {
    /// By what.
    measure: Measure,
    /// How many standard deviations above the mean of the course; none with fewer than 10
    /// learners.
    z: Option<f64>,
}

/// What is asked about the learners of a course.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelpAsked {
    /// The id of the course.
    pub course: String,
    /// The time that is looked at; the present if absent.
    pub at: Option<String>,
    /// How many days ago a learner may have done something last.
    pub within_days: Option<i32>,
    /// When the course is due.
    pub due: Option<String>,
}

/// Finds the learners of a course who may need help.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn analyse(reader: FactReader<'_>, asked: &HelpAsked) -> Result<HelpAnalysis, QueryError> {
    let calendar = reader.calendar()?;
    let at = time_of(asked.at.as_deref(), &calendar, reader)?;
    let within_days = asked.within_days.unwrap_or(WITHIN_DAYS);
    if !(1..=WITHIN_DAYS_MAX).contains(&within_days) {
        return Err(fault("/within_days", "expected a number from 1 to 3650"));
    }
    let day = |text: &String| {
        let day = Calendar::parse_day(text);
        day.ok_or_else(|| fault("/due", "expected a date such as \"2026-03-01\""))
    };
    let due = asked.due.as_ref().map(day).transpose()?;
    let conditions = vec![is("course", asked.course.as_str()), before("timestamp", at)];
    let rows = reader.rows(&FIELDS, conditions)?;
    let course = Course::of(rows, &asked.course, &calendar);
    reader.go_on()?;
    let today = calendar.day_of(at);
    let question = HelpQuestion { course: course.number, today, within_days, due };
    let found = who_needs_help(&course.events, &question);
    Ok(HelpAnalysis {
        at: date_text(today),
        course_learners: course.learner_count(),
        learner_count: found.len(),
        learners: found.iter().take(LEARNERS_MAX).map(|it| course.learner(it)).collect(),
        sequence: course.sequence,
        is_rebuilding: reader.is_rebuilding(),
    })
}

/// What was done in a course.
struct Course {
    number: u32,
    events: Vec<HelpEvent>,
    persons: Texts,
    /// The names of the persons, by the places of the persons.
    person_names: HashMap<u32, String>,
    activities: Vec<String>,
    activity_names: HashMap<u32, String>,
    sequence: u64,
}

impl Course {
    fn of(mut rows: Columns, course: &str, calendar: &Calendar) -> Self {
        let (count, sequence) = (rows.count, rows.sequence);
        let (persons, names, times) = (rows.texts(), rows.texts(), rows.times());
        let (verbs, objects) = (rows.texts(), rows.texts());
        let (object_names, interactions) = (rows.texts(), rows.texts());
        let (successes, completions) = (rows.flags(), rows.flags());
        let scores = Scores::of(&mut rows);
        let meanings = VerbMeanings::of(&verbs);
        let mut activities = Numbers::default();
        let numbers = activities.of(&objects.texts);
        let number = activities.of(&[course.to_owned()])[0];
        let (mut person_names, mut activity_names) = (HashMap::new(), HashMap::new());
        let mut days = calendar.cursor();
        let mut events = Vec::with_capacity(count);
        for row in (0..count).filter(|row| persons.places[*row] != 0) {
            let (person, verb) = (persons.places[row], verbs.places[row]);
            let object = numbers[objects.places[row] as usize];
            person_names.extend(names.get(row).map(|name| (person, name.to_owned())));
            activity_names.extend(object_names.get(row).map(|name| (object, name.to_owned())));
            let is_question = interactions.places[row] != 0 || meanings.is_answer(verb);
            events.push(HelpEvent {
                person,
                time: times[row],
                day: days.day_of(times[row]),
                object,
                outcome: meanings.said(verb, (successes[row], completions[row]), is_question),
                is_question,
                score: scores.get(row),
            });
        }
        let activities = activities.texts();
        Self { number, events, persons, person_names, activities, activity_names, sequence }
    }

    fn learner_count(&self) -> usize {
        let mut persons: Vec<u32> = self.events.iter().map(|event| event.person).collect();
        persons.sort_unstable();
        persons.dedup();
        persons.len()
    }

    fn learner(&self, found: &HelpLearner) -> LearnerInNeed {
        let standing = HELP_MEASURES.into_iter().zip(found.standing);
        LearnerInNeed {
            person: self.persons.texts[found.person as usize].clone(),
            name: self.person_names.get(&found.person).cloned(),
            points: found.points,
            reasons: found.reasons.iter().map(|reason| self.reason(*reason)).collect(),
            first_day: date_text(found.first_day),
            last_day: date_text(found.last_day),
            progress: found.progress,
            standing: standing.map(|(it, z)| Standing { measure: it.into(), z }).collect(),
        }
    }

    fn reason(&self, reason: HelpReason) -> Reason {
        match reason {
            HelpReason::Stuck { object, failures } => Reason {
                activity: Some(self.activities[object as usize].clone()),
                activity_name: self.activity_names.get(&object).cloned(),
                failures: Some(failures),
                ..Reason::of(ReasonKind::Stuck)
            },
            HelpReason::Overdue { days } => {
                Reason { days: Some(days), ..Reason::of(ReasonKind::Overdue) }
            }
            HelpReason::Idle { days, usual } => {
                Reason { days: Some(days), usual_days: Some(usual), ..Reason::of(ReasonKind::Idle) }
            }
            HelpReason::Behind { measure, z } => Reason {
                measure: Some(measure.into()),
                z: Some(z),
                ..Reason::of(ReasonKind::Behind)
            },
        }
    }
}

impl Reason {
    const fn of(kind: ReasonKind) -> Self {
        Self {
            kind,
            activity: None,
            activity_name: None,
            failures: None,
            days: None,
            usual_days: None,
            measure: None,
            z: None,
        }
    }
}

impl From<HelpMeasure> for Measure {
    fn from(measure: HelpMeasure) -> Self {
        match measure {
            HelpMeasure::Activity => Self::Activity,
            HelpMeasure::Progress => Self::Progress,
            HelpMeasure::Score => Self::Score,
            HelpMeasure::Regularity => Self::Regularity,
        }
    }
}
