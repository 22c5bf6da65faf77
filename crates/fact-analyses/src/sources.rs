//! Sources: what they send, when they did last, and whether they have fallen silent.

use std::collections::BTreeMap;

use acta_analyses::silence;
use acta_facts::{Answer, ConditionRequest, QueryError};
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::calendar::{Calendar, date_text, time_text};
use super::rows::condition::{before, between, exists, is, not};
use super::rows::{FactReader, fault, measure};

/// Most sources that are listed.
const SOURCES_MAX: usize = 100;
/// Most verbs and types that are listed.
const WORDS_MAX: usize = 500;

/// The sources of statements, and the words that they use.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SourcesAnalysis {
    /// The time at which silence is measured.
    at: String,
    /// The sources: those that are silent first, then those with the most statements; at most 100.
    pub sources: Vec<SourceFigures>,
    /// The verbs in use, the most frequent first; at most 500.
    verbs: Vec<VerbFigures>,
    /// The types of activities in use, the most frequent first; at most 500.
    types: Vec<TypeFigures>,
    /// The sequence of the last statement that is taken into account.
    pub sequence: u64,
    /// Whether facts are being made, so that the figures are about a part of the statements.
    is_rebuilding: bool,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SourceFigures {
    /// The platform, credential or authority; none for statements that have none.
    pub source: Option<String>,
    /// How many statements there are.
    statements: u64,
    /// How many learners they are about.
    learners: u64,
    /// How many verbs they use.
    verbs: u64,
    /// The first day with a statement.
    first_day: String,
    /// The time of the last statement.
    pub last_seen: Option<String>,
    /// When that was stored.
    last_stored: Option<String>,
    /// On how many days there were statements.
    active_days: usize,
    /// Days between two days with statements: 95 % of the intervals are not longer. None if there
    /// are fewer than 6 such days.
    pub usual_days: Option<f64>,
    /// The longest interval.
    longest_days: Option<i32>,
    /// Days since the last one with statements.
    pub quiet_days: i32,
    /// Whether that is more than three times as long as usual.
    pub is_silent: bool,
}

/// A verb.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct VerbFigures {
    /// The id.
    pub id: String,
    /// The latest text, if one is known.
    name: Option<String>,
    /// How many statements there are.
    pub statements: u64,
    /// How many learners they are about.
    learners: u64,
}

/// A type of activities.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TypeFigures {
    /// The id; none for activities without a type.
    id: Option<String>,
    /// How many statements there are.
    statements: u64,
    /// How many activities there are.
    activities: u64,
}

/// What is asked about sources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourcesQuestion {
    /// The field that is the source.
    pub by: String,
    /// The time at which silence is measured; the present if absent.
    pub at: Option<String>,
}

/// The time of a request, or the present.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn time_of(
    at: Option<&str>,
    calendar: &Calendar,
    reader: FactReader<'_>,
) -> Result<i64, QueryError> {
    let Some(text) = at else { return Ok(reader.asked.now) };
    let time = calendar.parse_time(text);
    time.ok_or_else(|| fault("/at", "expected a date such as \"2026-03-01\", or a time"))
}

/// Computes what sources send.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn analyse(
    reader: FactReader<'_>,
    question: &SourcesQuestion,
) -> Result<SourcesAnalysis, QueryError> {
    let calendar = reader.calendar()?;
    let at = time_of(question.at.as_deref(), &calendar, reader)?;
    let sent = Sent { reader, calendar: &calendar, by: &question.by, at };
    let (sources, sequence) = sent.sources()?;
    Ok(SourcesAnalysis {
        at: time_text(at),
        sources,
        verbs: verbs(reader, vec![until(at)])?,
        types: types(reader, at)?,
        sequence,
        is_rebuilding: reader.is_rebuilding(),
    })
}

/// What sources have sent until a time.
struct Sent<'a> {
    reader: FactReader<'a>,
    calendar: &'a Calendar,
    by: &'a str,
    at: i64,
}

fn text(value: Option<&serde_json::Value>) -> Option<String> {
    value.and_then(serde_json::Value::as_str).map(str::to_owned)
}

fn count(value: Option<&serde_json::Value>) -> u64 {
    value.and_then(serde_json::Value::as_u64).unwrap_or_default()
}

fn until(at: i64) -> ConditionRequest {
    before("timestamp", at)
}

impl Sent<'_> {
    fn sources(&self) -> Result<(Vec<SourceFigures>, u64), QueryError> {
        let measures = vec![
            measure("count", "", None, "statements"),
            measure("distinct", "person", None, "learners"),
            measure("distinct", "verb", None, "verbs"),
        ];
        let totals = self.reader.count(&[self.by], measures, vec![until(self.at)])?;
        let days = self.days()?;
        let today = self.calendar.day_of(self.at);
        let mut sources = Vec::new();
        for row in &totals.rows {
            let source = text(row.first());
            let Some(days) = days.get(&source) else { continue };
            let Some(silence) = silence(days, today) else { continue };
            sources.push(SourceFigures {
                statements: count(row.get(1)),
                learners: count(row.get(2)),
                verbs: count(row.get(3)),
                first_day: days.first().map(|day| date_text(*day)).unwrap_or_default(),
                last_seen: None,
                last_stored: None,
                active_days: days.len(),
                usual_days: silence.usual,
                longest_days: silence.longest,
                quiet_days: silence.quiet,
                is_silent: silence.is_silent,
                source,
            });
        }
        sources.sort_by(|one, other| {
            let order = other.is_silent.cmp(&one.is_silent);
            order.then(other.statements.cmp(&one.statements)).then(one.source.cmp(&other.source))
        });
        sources.truncate(SOURCES_MAX);
        for source in &mut sources {
            self.reader.go_on()?;
            self.add_last(source, days.get(&source.source).and_then(|days| days.last()))?;
        }
        Ok((sources, totals.sequence))
    }

    /// The days with statements of each source, in their order.
    fn days(&self) -> Result<BTreeMap<Option<String>, Vec<i32>>, QueryError> {
        let dimensions = [self.by, "timestamp:day"];
        let count = vec![measure("count", "", None, "n")];
        let answer = self.reader.count(&dimensions, count, vec![until(self.at)])?;
        let mut days: BTreeMap<Option<String>, Vec<i32>> = BTreeMap::new();
        for row in &answer.rows {
            let day = text(row.get(1)).and_then(|day| Calendar::parse_day(&day));
            days.entry(text(row.first())).or_default().extend(day);
        }
        for days in days.values_mut() {
            days.sort_unstable();
        }
        Ok(days)
    }

    /// Looks at the last statements of a source.
    fn add_last(&self, source: &mut SourceFigures, day: Option<&i32>) -> Result<(), QueryError> {
        let Some(day) = day else { return Ok(()) };
        let of_source = match &source.source {
            Some(source) => is(self.by, source.as_str()),
            None => not(exists(self.by)),
        };
        let (from, to) = (self.calendar.start_of(*day), self.calendar.start_of(*day + 1));
        let conditions = vec![of_source, between("timestamp", from, to.min(self.at))];
        let mut rows = self.reader.rows(&["timestamp", "stored"], conditions)?;
        source.last_seen = rows.times().last().map(|time| time_text(*time));
        source.last_stored = rows.times().last().map(|time| time_text(*time));
        Ok(())
    }
}

/// The rows of an answer, the largest second value first.
fn largest_first(answer: &Answer) -> Vec<&Vec<serde_json::Value>> {
    let mut rows: Vec<_> = answer.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(count(row.get(1))));
    rows.truncate(WORDS_MAX);
    rows
}

/// The verbs in use by the statements for which conditions hold.
///
/// # Errors
///
/// Those of questions about facts: a fault of the request, too much memory, or too long.
pub fn verbs(
    reader: FactReader<'_>,
    conditions: Vec<ConditionRequest>,
) -> Result<Vec<VerbFigures>, QueryError> {
    let measures = vec![
        measure("count", "", None, "statements"),
        measure("distinct", "person", None, "learners"),
    ];
    let answer = reader.count(&["verb"], measures, conditions)?;
    let names = answer.labels.get("verb");
    let verb = |row: &Vec<serde_json::Value>| {
        let id = text(row.first())?;
        Some(VerbFigures {
            name: names.and_then(|names| names.get(&id).cloned()),
            id,
            statements: count(row.get(1)),
            learners: count(row.get(2)),
        })
    };
    Ok(largest_first(&answer).into_iter().filter_map(verb).collect())
}

fn types(reader: FactReader<'_>, at: i64) -> Result<Vec<TypeFigures>, QueryError> {
    let measures = vec![
        measure("count", "", None, "statements"),
        measure("distinct", "object", None, "activities"),
    ];
    let is_activity = is("object.kind", "Activity");
    let answer = reader.count(&["object.type"], measures, vec![until(at), is_activity])?;
    let figures = |row: &Vec<serde_json::Value>| TypeFigures {
        id: text(row.first()),
        statements: count(row.get(1)),
        activities: count(row.get(2)),
    };
    Ok(largest_first(&answer).into_iter().map(figures).collect())
}
