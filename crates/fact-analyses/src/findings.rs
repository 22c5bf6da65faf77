//! Findings: what needs attention, by fixed rules over the other analyses.

use acta_analyses::SILENT_INTERVALS;
use acta_facts::QueryError;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::courses::{CourseFigures, CoursesQuestion};
use super::help::{HelpAsked, ReasonKind};
use super::items::ItemAnalysis;
use super::items::answers::{Answers, Attempts, FIELDS};
use super::quality::Rule;
use super::rows::budget::Budget;
use super::rows::calendar::{Calendar, time_text};
use super::rows::condition::{all_of, before, between, exists, is, one_of};
use super::rows::{FactReader, Scope, measure};
use super::sources::{SourcesQuestion, time_of};
use super::time::GAP_MINUTES;
use super::{courses, help, quality, sources};

/// Courses that are looked at: those with the most learners.
const COURSES_MAX: usize = 10;
/// Fewest learners of a course or part that is looked at.
const LEARNERS_MIN: usize = 20;
/// Percent of the learners of a part that stop there, from which on that is a finding, and how
/// many times the mean of the other parts that has to be.
const STOPPED_SHARE: f64 = 20.0;
const STOPPED_TIMES: f64 = 2.0;
/// Tests that are looked at: those with the most answers, and fewest answers of one.
const TESTS_MAX: usize = 30;
const ANSWERS_MIN: u64 = 50;
/// Days before the present whose data quality is looked at.
const QUALITY_DAYS: i32 = 30;
/// Rules of data quality, and the percent of statements that are a finding if exceeded.
const QUALITY_LIMITS: [(Rule, f64); 4] = [
    (Rule::AnonymousActor, 1.0),
    (Rule::Contradiction, 0.0),
    (Rule::Duplicate, 1.0),
    (Rule::InFuture, 1.0),
];

/// What needs attention.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FindingsAnalysis {
    /// The time that the findings are of.
    at: String,
    /// What was found, in the order of the kinds.
    findings: Vec<Finding>,
    /// The courses and tests that were not looked at, because that needs too much memory.
    left_out: Vec<String>,
    /// The sequence of the last statement that is taken into account.
    sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A source has sent nothing for more than three times as long as usual: `value` days.
    SilentSource,
    /// Statements of the last 30 days break a rule of data quality: `value` percent.
    DataQuality,
    /// The key of a question may be wrong: its discrimination index is `value`.
    SuspiciousQuestion,
    /// Learners stop in one part of a course more than in others: `value` percent of them.
    DropOut,
    /// Learners of a course are stuck: `value` of them.
    StuckLearners,
}

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Finding {
    /// What was found.
    kind: FindingKind,
    /// The source, rule, question, part or course that it is about.
    subject: String,
    /// Its name, if it has one.
    name: Option<String>,
    /// What was measured.
    value: Option<f64>,
    /// The limit of the rule that it has passed.
    limit: Option<f64>,
    /// The analysis that shows more, and what it is to be asked.
    analysis: &'static str,
    /// The body of the request to that analysis.
    #[schema(value_type = Object)]
    request: Value,
}

/// A test with its answers.
#[derive(Debug)]
pub struct AnsweredTest {
    /// The id of the activity that its questions have as a parent.
    id: String,
    /// The first answer of each learner to each of its questions.
    pub answers: Answers,
}

/// What was found before the definitions of questions were known.
#[derive(Debug)]
pub struct OpenFindings {
    found: FindingsAnalysis,
    /// The tests whose questions are still to be judged.
    pub tests: Vec<AnsweredTest>,
}

/// Looks at sources, data, courses and learners, and reads the answers of tests.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn gather(reader: FactReader<'_>, at: Option<&str>) -> Result<OpenFindings, QueryError> {
    let calendar = reader.calendar()?;
    let at = time_of(at, &calendar, reader)?;
    let mut gathering =
        Gathering { reader, calendar, at, findings: Vec::new(), left_out: Vec::new() };
    let sequence = gathering.sources()?;
    gathering.quality()?;
    gathering.courses()?;
    let tests = gathering.tests()?;
    let Gathering { findings, left_out, .. } = gathering;
    let (at, is_rebuilding) = (time_text(at), reader.is_rebuilding());
    let found = FindingsAnalysis { at, findings, left_out, sequence, is_rebuilding };
    Ok(OpenFindings { found, tests })
}

impl OpenFindings {
    /// Adds what is found of the questions of a test.
    pub fn add(&mut self, test: &AnsweredTest, analysis: &ItemAnalysis) {
        for (id, name, discrimination) in analysis.suspicious() {
            self.found.findings.push(Finding {
                kind: FindingKind::SuspiciousQuestion,
                subject: id.to_owned(),
                name: name.map(str::to_owned),
                value: discrimination,
                limit: None,
                analysis: "items",
                request: json!({ "activity": test.id }),
            });
        }
    }

    /// Everything that was found.
    pub fn finish(mut self) -> FindingsAnalysis {
        self.found.findings.sort_by_key(|finding| finding.kind);
        self.found
    }
}

/// Findings that are being gathered.
struct Gathering<'a> {
    reader: FactReader<'a>,
    calendar: Calendar,
    at: i64,
    findings: Vec<Finding>,
    left_out: Vec<String>,
}

#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

impl Gathering<'_> {
    fn at(&self) -> String {
        time_text(self.at)
    }

    fn sources(&mut self) -> Result<u64, QueryError> {
        let question = SourcesQuestion { by: "platform".to_owned(), at: Some(self.at()) };
        let found = sources::analyse(self.reader, &question)?;
        let at = self.at();
        for source in found.sources.iter().filter(|source| source.is_silent) {
            self.findings.push(Finding {
                kind: FindingKind::SilentSource,
                subject: source.source.clone().unwrap_or_default(),
                name: None,
                value: Some(f64::from(source.quiet_days)),
                limit: source.usual_days.map(|usual| SILENT_INTERVALS * usual),
                analysis: "sources",
                request: json!({ "at": at }),
            });
        }
        Ok(found.sequence)
    }

    fn quality(&mut self) -> Result<(), QueryError> {
        let first = self.calendar.start_of(self.calendar.day_of(self.at) - QUALITY_DAYS);
        let recent = between("timestamp", first, self.at);
        // What is ahead of its time is later than the present.
        let ahead = recent.clone();
        let scope = Scope {
            filter: Some(all_of(
                self.reader.scope.filter.as_ref(),
                vec![one_of(vec![recent, between("stored", first, self.at)])],
            )),
            zone: self.reader.scope.zone.clone(),
        };
        let found = quality::analyse(FactReader { scope: &scope, ..self.reader })?;
        for (rule, limit) in QUALITY_LIMITS {
            let broken = found.rules.iter().find(|it| it.rule == rule);
            let Some(share) = broken.and_then(|it| it.share).filter(|share| limit < *share) else {
                continue;
            };
            self.findings.push(Finding {
                kind: FindingKind::DataQuality,
                subject: json!(rule).as_str().unwrap_or_default().to_owned(),
                name: None,
                value: Some(share),
                limit: Some(limit),
                analysis: "quality",
                request: json!({ "where": ahead }),
            });
        }
        Ok(())
    }

    fn courses(&mut self) -> Result<(), QueryError> {
        let scope = self.until_now();
        let reader = FactReader { scope: &scope, ..self.reader };
        let question = CoursesQuestion { gap_minutes: GAP_MINUTES, ..CoursesQuestion::default() };
        let all = courses::analyse(reader, &question)?;
        for course in all.courses.iter().take(COURSES_MAX) {
            self.reader.go_on()?;
            match self.course(reader, course) {
                Err(QueryError::TooLarge(_)) => self.left_out.push(course.id.clone()),
                other => other?,
            }
        }
        Ok(())
    }

    /// What happened before the present of the findings.
    fn until_now(&self) -> Scope {
        let until = vec![before("timestamp", self.at)];
        let filter = all_of(self.reader.scope.filter.as_ref(), until);
        Scope { filter: Some(filter), zone: self.reader.scope.zone.clone() }
    }

    fn course(&mut self, reader: FactReader<'_>, course: &CourseFigures) -> Result<(), QueryError> {
        if course.enrolled < LEARNERS_MIN {
            return Ok(());
        }
        let (parts, _) = courses::inside(reader, &course.id, GAP_MINUTES)?;
        let shares: Vec<f64> = parts.iter().filter_map(|part| part.stopped_share).collect();
        let sum: f64 = shares.iter().sum();
        for part in &parts {
            let Some(share) = part.stopped_share.filter(|_| LEARNERS_MIN <= part.learners) else {
                continue;
            };
            let others = (sum - share) / number(shares.len().saturating_sub(1).max(1));
            let limit = STOPPED_SHARE.max(STOPPED_TIMES * others);
            if limit < share {
                self.findings.push(Finding {
                    kind: FindingKind::DropOut,
                    subject: part.id.clone(),
                    name: part.name.clone(),
                    value: Some(share),
                    limit: Some(limit),
                    analysis: "courses",
                    request: json!({ "course": course.id }),
                });
            }
        }
        let asked =
            HelpAsked { course: course.id.clone(), at: Some(self.at()), ..HelpAsked::default() };
        let found = help::analyse(reader, &asked)?;
        let stuck = |learner: &&help::LearnerInNeed| {
            learner.reasons.iter().any(|reason| reason.kind == ReasonKind::Stuck)
        };
        let count = found.learners.iter().filter(stuck).count();
        if 0 < count {
            self.findings.push(Finding {
                kind: FindingKind::StuckLearners,
                subject: course.id.clone(),
                name: course.name.clone(),
                value: Some(number(count)),
                limit: None,
                analysis: "help",
                request: json!({ "course": course.id, "at": self.at() }),
            });
        }
        Ok(())
    }

    /// The tests with the most answers.
    fn tests(&mut self) -> Result<Vec<AnsweredTest>, QueryError> {
        let scope = self.until_now();
        let reader = FactReader { scope: &scope, ..self.reader };
        let is_answer = || {
            let results = ["response", "success", "credit"];
            vec![exists("object.interaction"), one_of(results.map(exists).to_vec())]
        };
        let counted =
            reader.count(&["parent"], vec![measure("count", "", None, "n")], is_answer())?;
        let mut tests: Vec<(u64, String)> = counted
            .rows
            .iter()
            .filter_map(|row| Some((row.get(1)?.as_u64()?, row.first()?.as_str()?.to_owned())))
            .filter(|(count, _)| ANSWERS_MIN <= *count)
            .collect();
        tests.sort_by(|one, other| other.cmp(one));
        let mut read = Vec::new();
        for (_, id) in tests.into_iter().take(TESTS_MAX) {
            reader.go_on()?;
            let mut conditions = is_answer();
            conditions.push(is("parent", id.as_str()));
            match reader.rows(&FIELDS, conditions) {
                Ok(rows) => {
                    read.push(AnsweredTest {
                        id,
                        answers: Answers::of(rows, Attempts::First, &Budget::of(reader.asked))?,
                    });
                }
                Err(QueryError::TooLarge(_)) => self.left_out.push(id),
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}
