//! Courses: who is enrolled, who has begun, completed and passed, and where learners stop.

use std::collections::{BTreeMap, HashMap};

use acta_analyses::{
    CourseEvent, CourseEventKind, CourseOutcome, CoursePart, Deed, Outcome, course_outcome,
    course_parts,
};
use acta_facts::QueryError;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::budget::Budget;
use super::rows::columns::Columns;
use super::rows::condition::{exists, is, is_in, not, one_of};
use super::rows::spread::{Spread, share};
use super::rows::vocabulary::{COURSE_TYPES, ENROLLED, VerbMeanings, completes, passes};
use super::rows::{FactReader, Numbers, measure};
use super::time::{Spent, time_by};

/// Most courses that are listed.
const COURSES_MAX: usize = 1_000;
/// The fields from which [`Outcomes`] are read, in their order.
const OUTCOME_FIELDS: [&str; 10] = [
    "object",
    "person",
    "timestamp",
    "verb",
    "success",
    "completion",
    "score.scaled",
    "score.raw",
    "score.min",
    "score.max",
];

/// The courses, and how learners do in them.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CoursesAnalysis {
    /// The courses, the one with the most learners first; at most 1,000.
    pub courses: Vec<CourseFigures>,
    /// How many courses there are.
    course_count: usize,
    /// The parts of the course, in the order in which learners come to them, if one course was
    /// asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<Vec<PartFigures>>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// A course.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CourseFigures {
    /// The id of the activity.
    pub id: String,
    /// Its name, if it is known.
    pub name: Option<String>,
    /// How many statements there are in it.
    statements: u64,
    /// How many learners have a statement in it, an enrolment included.
    pub enrolled: usize,
    /// How many of them have done anything but being enrolled.
    started: usize,
    /// How many have completed the course.
    completed: usize,
    /// How many percent of those enrolled have completed it.
    completed_share: Option<f64>,
    /// How many have passed it.
    passed: usize,
    /// Days from the first enrolment to the first completion after it.
    days_to_complete: Option<Spread>,
    /// The highest score of each learner for the course itself, in percent.
    scores: Option<Spread>,
    /// How many learners have their highest score below 10 %, below 20 %, and so on; 100 % is in
    /// the last.
    score_tenths: [usize; 10],
    /// The seconds that a learner has spent on it, if time was asked for.
    seconds_per_learner: Option<Spread>,
}

/// A part of a course.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PartFigures {
    /// The id of the activity.
    pub id: String,
    /// Its name, if it is known.
    pub name: Option<String>,
    /// How many learners have done something in it.
    pub learners: usize,
    /// How many have completed it.
    completed: usize,
    /// How many have passed it.
    passed: usize,
    /// How many have failed it at least once.
    failed: usize,
    /// How many have not completed the course, and did the last thing that they have done in this
    /// part.
    stopped: usize,
    /// How many percent of its learners those are.
    pub stopped_share: Option<f64>,
}

/// What is asked about courses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoursesQuestion {
    /// The only course, whose parts are wanted too.
    pub course: Option<String>,
    /// Whether time on task is wanted for all courses; it always is for one.
    pub has_time: bool,
    /// Minutes without a statement that end a session.
    pub gap_minutes: u32,
}

/// Computes the figures of courses.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn analyse(
    reader: FactReader<'_>,
    question: &CoursesQuestion,
) -> Result<CoursesAnalysis, QueryError> {
    let (mut courses, sequence) = counts(reader, question.course.as_deref())?;
    Outcomes::read(reader, question.course.as_deref())?.add_to(&mut courses);
    let course_count = courses.len();
    let mut parts = None;
    if let Some(course) = &question.course {
        let (found, seconds) = inside(reader, course, question.gap_minutes)?;
        for figures in &mut courses {
            figures.seconds_per_learner = seconds;
        }
        parts = Some(found);
    } else if question.has_time {
        add_time(reader, question.gap_minutes, &mut courses)?;
    }
    courses.sort_by(|one, other| other.enrolled.cmp(&one.enrolled).then(one.id.cmp(&other.id)));
    courses.truncate(COURSES_MAX);
    let is_rebuilding = reader.is_rebuilding();
    Ok(CoursesAnalysis { courses, course_count, parts, sequence, is_rebuilding })
}

/// The courses with how many learners there are.
fn counts(
    reader: FactReader<'_>,
    course: Option<&str>,
) -> Result<(Vec<CourseFigures>, u64), QueryError> {
    let has_begun = not(is_in("verb", &ENROLLED));
    let measures = vec![
        measure("count", "", None, "statements"),
        measure("distinct", "person", None, "enrolled"),
        measure("distinct", "person", Some(has_begun), "started"),
    ];
    let of_course = course.map_or_else(|| exists("course"), |course| is("course", course));
    let answer = reader.count(&["course"], measures, vec![of_course])?;
    let names = answer.labels.get("course");
    let figures = |row: &Vec<serde_json::Value>| {
        let [id, statements, enrolled, started] = row.as_slice() else { return None };
        let count = |value: &serde_json::Value| {
            value.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
        };
        let id = id.as_str()?.to_owned();
        Some(CourseFigures {
            name: names.and_then(|names| names.get(&id).cloned()),
            id,
            statements: statements.as_u64().unwrap_or_default(),
            enrolled: count(enrolled),
            started: count(started),
            ..CourseFigures::default()
        })
    };
    Ok((answer.rows.iter().filter_map(figures).collect(), answer.sequence))
}

/// What statements about the courses themselves say.
#[derive(Debug, Default)]
struct Outcomes {
    people: Numbers,
    events: BTreeMap<String, Vec<CourseEvent>>,
    /// How many events there are.
    count: usize,
}

impl Outcomes {
    fn read(reader: FactReader<'_>, course: Option<&str>) -> Result<Self, QueryError> {
        let has_score = [exists("score.scaled"), exists("score.raw")];
        let mut says = vec![completes(), passes(), is_in("verb", &ENROLLED)];
        says.extend(has_score);
        let mut conditions = vec![is_in("object.type", &COURSE_TYPES), one_of(says)];
        conditions.extend(course.map(|course| is("object", course)));
        let mut outcomes = Self::default();
        reader.each_piece(&OUTCOME_FIELDS, &conditions, |rows| {
            outcomes.add(rows);
            reader.check_memory(outcomes.count * size_of::<CourseEvent>())
        })?;
        Ok(outcomes)
    }

    fn add(&mut self, mut rows: Columns) {
        let count = rows.count;
        let (objects, persons, times) = (rows.texts(), rows.texts(), rows.times());
        let (verbs, successes, completions) = (rows.texts(), rows.flags(), rows.flags());
        let scores = Scores::of(&mut rows);
        let (numbers, meanings) = (self.people.of(&persons.texts), VerbMeanings::of(&verbs));
        for row in (0..count).filter(|row| persons.places[*row] != 0) {
            let Some(object) = objects.get(row) else { continue };
            let verb = verbs.places[row];
            let said = meanings.said(verb, (successes[row], completions[row]), false);
            let kinds = [
                meanings.is_enrolment(verb).then_some(CourseEventKind::Began),
                said.is_completed.then_some(CourseEventKind::Completed),
                said.is_passed.then_some(CourseEventKind::Passed),
                scores.get(row).map(CourseEventKind::Scored),
            ];
            let (person, time) = (numbers[persons.places[row] as usize], times[row]);
            let event = |kind| CourseEvent { person, time, kind };
            if !self.events.contains_key(object) {
                self.events.insert(object.to_owned(), Vec::new());
            }
            if let Some(events) = self.events.get_mut(object) {
                let before = events.len();
                events.extend(kinds.into_iter().flatten().map(event));
                self.count += events.len() - before;
            }
        }
    }

    fn add_to(self, courses: &mut Vec<CourseFigures>) {
        let known: HashMap<String, usize> =
            courses.iter().enumerate().map(|(place, it)| (it.id.clone(), place)).collect();
        for (id, events) in self.events {
            let outcome = course_outcome(events);
            let place = known.get(&id).copied().unwrap_or_else(|| {
                courses.push(CourseFigures { id, ..CourseFigures::default() });
                courses.len() - 1
            });
            courses[place].set(&outcome);
        }
        for figures in courses {
            figures.completed_share = share(figures.completed, figures.enrolled);
        }
    }
}

impl CourseFigures {
    /// Statements about a course that is within another one belong to that one, but what they say
    /// is of the course itself.
    fn set(&mut self, outcome: &CourseOutcome) {
        self.enrolled = self.enrolled.max(outcome.learners);
        self.completed = outcome.completed;
        self.passed = outcome.passed;
        self.days_to_complete = outcome.days_to_complete.map(Spread::from);
        self.scores = outcome.scores.map(Spread::from);
        self.score_tenths = outcome.score_tenths;
    }
}

/// Scores of rows from 0 to 1. Unlike `credit`, a success alone is no score.
#[derive(Debug)]
pub struct Scores {
    scaled: Vec<f64>,
    raw: Vec<f64>,
    min: Vec<f64>,
    max: Vec<f64>,
}

impl Scores {
    /// Takes the next four columns: `score.scaled`, `score.raw`, `score.min` and `score.max`.
    pub fn of(rows: &mut Columns) -> Self {
        let (scaled, raw) = (rows.numbers(), rows.numbers());
        Self { scaled, raw, min: rows.numbers(), max: rows.numbers() }
    }

    /// The score of a row; none if there is none, or it cannot be compared with others.
    pub fn get(&self, row: usize) -> Option<f64> {
        let scaled = Some(self.scaled[row]).filter(|score| score.is_finite());
        scaled.or_else(|| {
            let (raw, min, max) = (self.raw[row], self.min[row], self.max[row]);
            let score = (raw - min) / (max - min);
            Some(score).filter(|score| score.is_finite() && min < max)
        })
    }
}

fn add_time(
    reader: FactReader<'_>,
    gap_minutes: u32,
    courses: &mut [CourseFigures],
) -> Result<(), QueryError> {
    let fields = ["course", "person", "timestamp", "duration"];
    let mut rows = reader.rows(&fields, vec![exists("course")])?;
    let values = rows.texts();
    let spent = Spent { persons: rows.texts(), times: rows.times(), durations: rows.numbers() };
    let mut seconds = HashMap::new();
    for figures in time_by(&values, &spent, gap_minutes, &mut Budget::of(reader.asked))? {
        seconds.extend(figures.value.map(|value| (value, figures.seconds_per_learner)));
    }
    for course in courses {
        course.seconds_per_learner = seconds.get(&course.id).copied().flatten();
    }
    Ok(())
}

/// The parts of a course, and the seconds of its learners.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn inside(
    reader: FactReader<'_>,
    course: &str,
    gap_minutes: u32,
) -> Result<(Vec<PartFigures>, Option<Spread>), QueryError> {
    let fields = [
        "course",
        "person",
        "timestamp",
        "duration",
        "object",
        "object.name",
        "object.interaction",
        "parent",
        "verb",
        "success",
        "completion",
    ];
    let mut rows = reader.rows(&fields, vec![is("course", course)])?;
    let count = rows.count;
    let values = rows.texts();
    let spent = Spent { persons: rows.texts(), times: rows.times(), durations: rows.numbers() };
    let seconds = time_by(&values, &spent, gap_minutes, &mut Budget::of(reader.asked))?;
    let seconds = seconds.first().and_then(|it| it.seconds_per_learner);
    let (objects, names, interactions) = (rows.texts(), rows.texts(), rows.texts());
    let (parents, verbs) = (rows.texts(), rows.texts());
    let (successes, completions) = (rows.flags(), rows.flags());
    let meanings = VerbMeanings::of(&verbs);
    let mut activities = Numbers::default();
    let (object_numbers, parent_numbers) =
        (activities.of(&objects.texts), activities.of(&parents.texts));
    let course_number = activities.of(&[course.to_owned()])[0];
    let mut known_names: HashMap<u32, String> = HashMap::new();
    let mut deeds = Vec::with_capacity(count);
    for row in (0..count).filter(|row| spent.persons.places[*row] != 0) {
        let object = object_numbers[objects.places[row] as usize];
        let is_question = interactions.places[row] != 0;
        let stated = (successes[row], completions[row]);
        let outcome = meanings.said(verbs.places[row], stated, is_question);
        let parent = Some(parents.places[row]).filter(|place| *place != 0);
        if let Some(name) = names.get(row) {
            known_names.entry(object).or_insert_with(|| name.to_owned());
        }
        deeds.push(Deed {
            time: spent.times[row],
            person: spent.persons.places[row],
            object,
            parent: parent.map(|place| parent_numbers[place as usize]),
            // A question is no part of a course.
            outcome: if is_question { Outcome::default() } else { outcome },
        });
    }
    let ids = activities.texts();
    let figures = |part: CoursePart| PartFigures {
        id: ids[part.activity as usize].clone(),
        name: known_names.get(&part.activity).cloned(),
        learners: part.learners,
        completed: part.completed,
        passed: part.passed,
        failed: part.failed,
        stopped: part.stopped,
        stopped_share: share(part.stopped, part.learners),
    };
    let parts = course_parts(&deeds, course_number).into_iter().map(figures).collect();
    Ok((parts, seconds))
}
