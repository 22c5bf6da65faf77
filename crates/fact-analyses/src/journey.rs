//! Journeys: what one learner has done, across all sources and identifiers.

use std::collections::{BTreeMap, BTreeSet};

use acta_analyses::{
    Achievement, AchievementKind, Attempt, CourseRecord, PeriodRecord, RecordEvent, Session, record,
};
use acta_facts::{ConditionRequest, QueryError};
use serde::Serialize;
use utoipa::ToSchema;

use super::courses::Scores;
use super::rows::calendar::{Period, time_text};
use super::rows::columns::{Columns, Texts};
use super::rows::vocabulary::VerbMeanings;
use super::rows::{FactReader, Numbers};
use super::time::micros;

/// The fields of the rows, in the order in which they are taken.
const FIELDS: [&str; 19] = [
    "timestamp",
    "duration",
    "person",
    "person.name",
    "actor",
    "platform",
    "verb",
    "verb.name",
    "object",
    "object.name",
    "object.interaction",
    "course",
    "course.name",
    "success",
    "completion",
    "score.scaled",
    "score.raw",
    "score.min",
    "score.max",
];
/// Most sessions, attempts and achievements that are listed: the latest.
const LISTED_MAX: usize = 500;
/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// What one learner has done.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct JourneyAnalysis {
    /// The first identifier of the learner, as JSON; none without a statement.
    identifier: Option<String>,
    /// The name, if one is known.
    name: Option<String>,
    /// The identifiers that statements have used.
    identifiers: Vec<UsedIdentifier>,
    /// How many statements there are.
    statements: usize,
    /// The time of the first one.
    first: Option<String>,
    /// The time of the last one.
    last: Option<String>,
    /// On how many days there was a statement.
    active_days: usize,
    /// How many sessions there were.
    session_count: usize,
    /// How many seconds they were together.
    seconds: f64,
    /// Every year with statements.
    years: Vec<YearFigures>,
    /// The courses, in the order in which they were begun.
    courses: Vec<JourneyCourse>,
    /// What was achieved, the latest first; at most 500.
    achievements: Vec<JourneyAchievement>,
    /// The attempts at what is judged or scored, the latest first; at most 500.
    attempts: Vec<JourneyAttempt>,
    /// The sessions, the latest first; at most 500.
    sessions: Vec<JourneySession>,
    /// The statements, the latest first, as many as were asked for.
    timeline: Vec<JourneyStatement>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// An identifier of a learner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsedIdentifier {
    /// The identifier, as JSON.
    identifier: String,
    /// How many statements have it.
    statements: usize,
    /// The platforms that have used it.
    platforms: Vec<String>,
}

/// A year of a learner.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct YearFigures {
    /// The year.
    year: String,
    /// How many statements there are.
    statements: usize,
    /// How many sessions there were.
    sessions: usize,
    /// How many seconds they were together.
    seconds: f64,
    /// How many courses were completed for the first time.
    courses_completed: usize,
    /// How many attempts there were.
    attempts: usize,
    /// The mean of their scores, in percent.
    mean_score: Option<f64>,
}

/// How far a learner is with a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CourseState {
    /// Enrolled, and nothing else yet.
    Enrolled,
    /// Something was done, and the course is not completed.
    Started,
    /// Completed at least once.
    Completed,
}

/// A course of a learner.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct JourneyCourse {
    /// The id of the activity.
    id: String,
    /// Its name, if it is known.
    name: Option<String>,
    /// How far the learner is.
    state: CourseState,
    /// The time of the first statement.
    first: String,
    /// The time of the last one.
    last: String,
    /// When it was completed for the first time.
    completed: Option<String>,
    /// When it was passed for the first time.
    passed: Option<String>,
    /// The highest score for the course itself, in percent.
    score: Option<f64>,
    /// How often something in it was failed.
    failures: usize,
    /// How many sessions there were.
    sessions: usize,
    /// How many seconds they were together.
    seconds: f64,
}

/// Something that was achieved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct JourneyAchievement {
    /// When it was achieved for the first time.
    time: String,
    /// `completed` or `passed`.
    kind: &'static str,
    /// The id of the activity.
    id: String,
    /// Its name, if it is known.
    name: Option<String>,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct JourneyAttempt {
    /// When it was over.
    time: String,
    /// The id of the activity.
    id: String,
    /// Its name, if it is known.
    name: Option<String>,
    /// The how many-th attempt at this activity, from 1.
    number: usize,
    /// Whether it was passed, if that is said.
    is_passed: Option<bool>,
    /// The score in percent.
    score: Option<f64>,
    /// How many seconds it took, if that is known.
    seconds: Option<f64>,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct JourneySession {
    /// When it began.
    start: String,
    /// How many seconds it was.
    seconds: f64,
    /// How many statements it has.
    statements: usize,
    /// The ids of the courses.
    courses: Vec<String>,
    /// The platforms.
    platforms: Vec<String>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct JourneyStatement {
    /// When it happened.
    time: String,
    /// The id of the verb.
    verb: Option<String>,
    /// The text of the verb, if it is known.
    verb_name: Option<String>,
    /// The id of the object.
    object: Option<String>,
    /// The name of the object, if it is known.
    object_name: Option<String>,
    /// The id of the course.
    course: Option<String>,
    /// The platform.
    platform: Option<String>,
    /// Whether it was a success, if that is said.
    success: Option<bool>,
    /// The score in percent.
    score: Option<f64>,
}

/// What is asked about a learner.
#[derive(Clone, Debug, PartialEq)]
pub struct JourneyQuestion {
    /// The condition that only the learner's statements meet.
    pub learner: ConditionRequest,
    /// Minutes without a statement that end a session.
    pub gap_minutes: u32,
    /// How many statements are wanted.
    pub limit: usize,
}

/// Follows a learner.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn analyse(
    reader: FactReader<'_>,
    question: &JourneyQuestion,
) -> Result<JourneyAnalysis, QueryError> {
    let calendar = reader.calendar()?;
    let rows = Rows::of(reader.rows(&FIELDS, vec![question.learner.clone()])?);
    let mut days = calendar.cursor();
    let days: Vec<i32> = rows.times.iter().map(|time| days.day_of(*time)).collect();
    let events: Vec<RecordEvent> =
        (0..rows.count).map(|row| rows.event(row, Period::Year.of_day(days[row]))).collect();
    let found = record(&events, i64::from(question.gap_minutes) * 60 * SECOND);
    let latest = |count: usize| count.saturating_sub(LISTED_MAX);
    let sessions = &found.sessions;
    let listed_from = latest(sessions.len());
    Ok(JourneyAnalysis {
        identifier: rows.persons.get(0).map(str::to_owned),
        name: last_of(&rows.person_names, rows.count),
        identifiers: rows.identifiers(),
        statements: rows.count,
        first: rows.times.first().map(|time| time_text(*time)),
        last: rows.times.last().map(|time| time_text(*time)),
        active_days: days.iter().collect::<BTreeSet<_>>().len(),
        session_count: sessions.len(),
        seconds: seconds(sessions.iter().map(Session::duration).sum()),
        years: found.periods.iter().map(YearFigures::from).collect(),
        courses: found.courses.iter().map(|course| rows.course(course)).collect(),
        achievements: found.achievements[latest(found.achievements.len())..]
            .iter()
            .rev()
            .map(|it| rows.achievement(it))
            .collect(),
        attempts: found.attempts[latest(found.attempts.len())..]
            .iter()
            .rev()
            .map(|it| rows.attempt(it))
            .collect(),
        sessions: sessions[listed_from..].iter().rev().map(|it| rows.session(it)).collect(),
        timeline: (0..rows.count).rev().take(question.limit).map(|it| rows.statement(it)).collect(),
        sequence: rows.sequence,
        is_rebuilding: reader.is_rebuilding(),
    })
}

/// The text of the last of so many rows that has one.
fn last_of(texts: &Texts, count: usize) -> Option<String> {
    (0..count).rev().find_map(|row| texts.get(row)).map(str::to_owned)
}

#[expect(clippy::cast_precision_loss, reason = "durations are below 2^53 microseconds")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / SECOND as f64
}

/// The rows of one learner, in the order of time.
struct Rows {
    count: usize,
    sequence: u64,
    times: Vec<i64>,
    durations: Vec<f64>,
    persons: Texts,
    person_names: Texts,
    actors: Texts,
    platforms: Texts,
    verbs: Texts,
    verb_names: Texts,
    meanings: VerbMeanings,
    objects: Texts,
    interactions: Texts,
    courses: Texts,
    successes: Vec<Option<bool>>,
    completions: Vec<Option<bool>>,
    scores: Scores,
    /// Activities by number: their ids, and their names as far as they are known.
    ids: Vec<String>,
    names: BTreeMap<u32, String>,
    object_numbers: Vec<u32>,
    course_numbers: Vec<u32>,
}

impl Rows {
    fn of(mut rows: Columns) -> Self {
        let (count, sequence) = (rows.count, rows.sequence);
        let (times, durations) = (rows.times(), rows.numbers());
        let (persons, person_names, actors) = (rows.texts(), rows.texts(), rows.texts());
        let (platforms, verbs, verb_names) = (rows.texts(), rows.texts(), rows.texts());
        let (objects, object_names, interactions) = (rows.texts(), rows.texts(), rows.texts());
        let (courses, course_names) = (rows.texts(), rows.texts());
        let (successes, completions) = (rows.flags(), rows.flags());
        let scores = Scores::of(&mut rows);
        let mut activities = Numbers::default();
        let object_numbers = activities.of(&objects.texts);
        let course_numbers = activities.of(&courses.texts);
        let mut names = BTreeMap::new();
        for row in 0..count {
            let activities_of_row = [
                (object_numbers[objects.places[row] as usize], object_names.get(row)),
                (course_numbers[courses.places[row] as usize], course_names.get(row)),
            ];
            for (number, name) in activities_of_row {
                names.extend(name.map(|name| (number, name.to_owned())));
            }
        }
        Self {
            count,
            sequence,
            times,
            durations,
            persons,
            person_names,
            actors,
            platforms,
            meanings: VerbMeanings::of(&verbs),
            verbs,
            verb_names,
            objects,
            interactions,
            courses,
            successes,
            completions,
            scores,
            ids: activities.texts(),
            names,
            object_numbers,
            course_numbers,
        }
    }

    fn event(&self, row: usize, period: i32) -> RecordEvent {
        let verb = self.verbs.places[row];
        let is_question = self.interactions.places[row] != 0;
        let stated = (self.successes[row], self.completions[row]);
        let course = Some(self.courses.places[row]).filter(|place| *place != 0);
        RecordEvent {
            time: self.times[row],
            duration: micros(self.durations[row]),
            period,
            object: self.object_numbers[self.objects.places[row] as usize],
            course: course.map(|place| self.course_numbers[place as usize]),
            score: self.scores.get(row),
            outcome: self.meanings.said(verb, stated, is_question),
            is_question: is_question || self.meanings.is_answer(verb),
            is_enrolment: self.meanings.is_enrolment(verb),
        }
    }

    fn identifiers(&self) -> Vec<UsedIdentifier> {
        let mut used: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
        for row in 0..self.count {
            if let Some(actor) = self.actors.get(row) {
                let (count, platforms) = used.entry(actor).or_default();
                *count += 1;
                platforms.extend(self.platforms.get(row));
            }
        }
        let identifier = |(identifier, (statements, platforms)): (&str, (_, BTreeSet<&str>))| {
            let platforms = platforms.into_iter().map(str::to_owned).collect();
            UsedIdentifier { identifier: identifier.to_owned(), statements, platforms }
        };
        used.into_iter().map(identifier).collect()
    }

    /// The id and the name of an activity.
    fn activity(&self, number: u32) -> (String, Option<String>) {
        (self.ids[number as usize].clone(), self.names.get(&number).cloned())
    }

    fn course(&self, course: &CourseRecord) -> JourneyCourse {
        let (id, name) = self.activity(course.course);
        JourneyCourse {
            id,
            name,
            state: match (course.completed, course.started) {
                (Some(_), _) => CourseState::Completed,
                (None, Some(_)) => CourseState::Started,
                (None, None) => CourseState::Enrolled,
            },
            first: time_text(course.first),
            last: time_text(course.last),
            completed: course.completed.map(time_text),
            passed: course.passed.map(time_text),
            score: course.score.map(|score| 100.0 * score),
            failures: course.failure_count,
            sessions: course.session_count,
            seconds: seconds(course.duration),
        }
    }

    fn achievement(&self, achievement: &Achievement) -> JourneyAchievement {
        let (id, name) = self.activity(achievement.object);
        let kind = match achievement.kind {
            AchievementKind::Completed => "completed",
            AchievementKind::Passed => "passed",
        };
        JourneyAchievement { time: time_text(achievement.time), kind, id, name }
    }

    fn attempt(&self, attempt: &Attempt) -> JourneyAttempt {
        let (id, name) = self.activity(attempt.object);
        JourneyAttempt {
            time: time_text(attempt.time),
            id,
            name,
            number: attempt.number,
            is_passed: attempt.is_passed,
            score: attempt.score.map(|score| 100.0 * score),
            seconds: Some(attempt.duration).filter(|it| 0 < *it).map(seconds),
        }
    }

    fn session(&self, session: &Session) -> JourneySession {
        let from = self.times.partition_point(|time| *time < session.start);
        let to = self.times.partition_point(|time| *time <= session.end);
        let texts = |texts: &Texts| {
            let texts: BTreeSet<&str> = (from..to).filter_map(|row| texts.get(row)).collect();
            texts.into_iter().map(str::to_owned).collect()
        };
        JourneySession {
            start: time_text(session.start),
            seconds: seconds(session.duration()),
            statements: session.event_count,
            courses: texts(&self.courses),
            platforms: texts(&self.platforms),
        }
    }

    fn statement(&self, row: usize) -> JourneyStatement {
        let text = |texts: &Texts| texts.get(row).map(str::to_owned);
        let object = self.object_numbers[self.objects.places[row] as usize];
        JourneyStatement {
            time: time_text(self.times[row]),
            verb: text(&self.verbs),
            verb_name: text(&self.verb_names),
            object: text(&self.objects),
            object_name: self.names.get(&object).cloned(),
            course: text(&self.courses),
            platform: text(&self.platforms),
            success: self.successes[row],
            score: self.scores.get(row).map(|score| 100.0 * score),
        }
    }
}

impl From<&PeriodRecord> for YearFigures {
    fn from(year: &PeriodRecord) -> Self {
        Self {
            year: Period::Year.text(year.period),
            statements: year.event_count,
            sessions: year.session_count,
            seconds: seconds(year.duration),
            courses_completed: year.courses_completed,
            attempts: year.attempt_count,
            mean_score: year.mean_score.map(|score| 100.0 * score),
        }
    }
}
