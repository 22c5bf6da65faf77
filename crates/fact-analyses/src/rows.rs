//! What analyses read: rows and counts of the facts of a tenant, under the condition of a request.

pub mod budget;
pub mod calendar;
pub mod columns;
pub mod condition;
pub mod spread;
pub mod vocabulary;

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use acta_access::TenantId;
use acta_analyses::Presence;
use acta_facts::{
    Answer, Asked, ConditionRequest, DimensionField, DimensionRequest, FactStore, MeasureRequest,
    QueryError, Question, QuestionFault, RowsQuestion,
};
use acta_storage::persons::Persons;

use calendar::{Calendar, Period};
use columns::Columns;
use condition::{all_of, between, in_request};

/// Which facts an analysis is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// Which facts count; absent for all.
    pub filter: Option<ConditionRequest>,
    /// The time zone of dates; that of the tenant if absent.
    pub zone: Option<String>,
}

/// Reads the facts of one tenant for one analysis.
#[derive(Clone, Copy, Debug)]
pub struct FactReader<'a> {
    /// Where the facts are.
    pub store: &'a FactStore,
    /// Whose they are.
    pub tenant: TenantId,
    /// Which identifiers are joined.
    pub persons: &'a Arc<Persons>,
    /// What goes along with each question.
    pub asked: Asked<'a>,
    /// What the request is limited to.
    pub scope: &'a Scope,
    /// Whether facts were being made when any of them were read.
    pub is_rebuilding: &'a Cell<bool>,
}

/// Most groups of a count.
const GROUPS_MAX: usize = 100_000;
/// Bytes of memory of a row, and of each of its values, as the facts reckon them.
const ROW_BYTES: usize = 24;
const VALUE_BYTES: usize = 16;

/// A fault of a request.
pub fn fault(place: &str, text: impl Into<String>) -> QueryError {
    QueryError::Fault(QuestionFault { place: place.to_owned(), text: text.into() })
}

/// A measure of a count: what is computed, of which field, and of which facts alone.
pub fn measure(
    measure: &str,
    of: &str,
    filter: Option<ConditionRequest>,
    name: &str,
) -> MeasureRequest {
    MeasureRequest {
        measure: measure.to_owned(),
        of: Some(of.to_owned()).filter(|of| !of.is_empty()),
        filter,
        name: Some(name.to_owned()),
        ..MeasureRequest::default()
    }
}

/// A dimension, such as `verb` or `timestamp:day`.
fn dimension(text: &str) -> DimensionRequest {
    match text.split_once(':').filter(|(field, _)| *field == "timestamp") {
        Some((field, by)) => DimensionRequest::Field(DimensionField {
            field: field.to_owned(),
            by: Some(by.to_owned()),
            name: Some(text.to_owned()),
            ..DimensionField::default()
        }),
        None => DimensionRequest::Name(text.to_owned()),
    }
}

impl FactReader<'_> {
    /// The calendar of the time zone of the request.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn calendar(&self) -> Result<Calendar, QueryError> {
        let settled = self.asked.settings.zone.as_deref();
        Calendar::find(self.scope.zone.as_deref().or(settled))
            .ok_or_else(|| fault("/zone", "expected a time zone such as \"Europe/Zurich\""))
    }

    /// Whether facts were being made when any of them were read, so that the figures are about a
    /// part of the statements. It is known when everything is read.
    pub fn is_rebuilding(&self) -> bool {
        self.is_rebuilding.get()
    }

    fn note(&self, is_rebuilding: bool) {
        self.is_rebuilding.set(self.is_rebuilding.get() || is_rebuilding);
    }

    /// Whether to go on: for analyses that take long after the rows are there.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn go_on(&self) -> Result<(), QueryError> {
        if (self.asked.stop)() { Err(QueryError::Stopped) } else { Ok(()) }
    }

    /// Refuses what takes more memory than a question may: for what is kept of many pieces.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn check_memory(&self, bytes: usize) -> Result<(), QueryError> {
        let limit = self.asked.limits.memory_bytes;
        if limit < bytes { Err(QueryError::TooLarge(limit)) } else { Ok(()) }
    }

    /// Refuses figures that may be about fewer learners than the tenant shows: for analyses that do
    /// not leave those out.
    fn check_shown(&self) -> Result<(), QueryError> {
        self.asked.settings.smallest_group.map_or(Ok(()), |it| Err(QueryError::Withheld(it)))
    }

    /// The rows for which the condition of the request and all others hold, in the order in which
    /// they happened.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn rows(
        &self,
        fields: &[&str],
        others: Vec<ConditionRequest>,
    ) -> Result<Columns, QueryError> {
        self.check_shown()?;
        self.rows_of_groups(fields, others)
    }

    /// As [`FactReader::rows`], for an analysis that shows nothing of fewer learners than the
    /// tenant has chosen.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn rows_of_groups(
        &self,
        fields: &[&str],
        others: Vec<ConditionRequest>,
    ) -> Result<Columns, QueryError> {
        let question = RowsQuestion {
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            filter: Some(all_of(self.scope.filter.as_ref(), others)),
            zone: self.scope.zone.clone(),
        };
        let rows = self.store.rows_of_groups(self.tenant, &question, self.persons, self.asked);
        let rows = rows.map(Columns::from).map_err(in_request)?;
        self.note(rows.is_rebuilding);
        Ok(rows)
    }

    /// Measures by dimensions, of the facts for which the condition of the request and all others
    /// hold.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn count(
        &self,
        dimensions: &[&str],
        measures: Vec<MeasureRequest>,
        others: Vec<ConditionRequest>,
    ) -> Result<Answer, QueryError> {
        self.check_shown()?;
        let question = Question {
            measures,
            dimensions: dimensions.iter().map(|it| dimension(it)).collect(),
            filter: Some(all_of(self.scope.filter.as_ref(), others)),
            limit: Some(GROUPS_MAX),
            zone: self.scope.zone.clone(),
            ..Question::default()
        };
        let answer =
            self.store.answer_for_persons(self.tenant, &question, self.persons, self.asked);
        let answer = answer.map_err(in_request)?;
        self.note(answer.is_rebuilding);
        // Figures of some groups would pass for those of all.
        if answer.rows.len() < answer.group_count {
            return Err(QueryError::TooLarge(self.asked.limits.memory_bytes));
        }
        Ok(answer)
    }

    /// How many statements each day has, by the numbers of the days, and the sequence of the last
    /// statement among the facts.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn days(
        &self,
        others: Vec<ConditionRequest>,
    ) -> Result<(BTreeMap<i32, u64>, u64), QueryError> {
        let answer =
            self.count(&["timestamp:day"], vec![measure("count", "", None, "n")], others)?;
        let day = |row: &Vec<serde_json::Value>| {
            let day = row.first()?.as_str().and_then(Calendar::parse_day)?;
            Some((day, row.get(1)?.as_u64()?))
        };
        Ok((answer.rows.iter().filter_map(day).collect(), answer.sequence))
    }

    /// Calls `take` with the rows of some days after the other, in the order of time, as many at a
    /// time as fit into memory, until it fails. Returns the sequence of the last statement among
    /// the facts.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn each_piece(
        &self,
        fields: &[&str],
        others: &[ConditionRequest],
        mut take: impl FnMut(Columns) -> Result<(), QueryError>,
    ) -> Result<u64, QueryError> {
        let calendar = self.calendar()?;
        let row_bytes = ROW_BYTES + VALUE_BYTES * fields.len();
        let rows_max =
            u64::try_from(self.asked.limits.memory_bytes / row_bytes).unwrap_or(u64::MAX);
        let (days, sequence) = self.days(others.to_vec())?;
        for (first, last) in pieces(&days, rows_max) {
            self.go_on()?;
            let (from, to) = (calendar.start_of(first), calendar.start_of(last + 1));
            let mut conditions = others.to_vec();
            conditions.push(between("timestamp", from, to));
            take(self.rows(fields, conditions)?)?;
        }
        Ok(sequence)
    }

    /// Who was there in which period. Returns also the learners, by their numbers, and the
    /// sequence of the last statement among the facts.
    ///
    /// # Errors
    ///
    /// Those of questions about facts: a fault of the request, too much memory, or too long.
    pub fn presence(
        &self,
        period: Period,
        others: &[ConditionRequest],
    ) -> Result<(Vec<Presence>, Vec<String>, u64), QueryError> {
        let calendar = self.calendar()?;
        let mut people = Numbers::default();
        let mut presence = Vec::new();
        let sequence = self.each_piece(&["person", "timestamp"], others, |mut columns| {
            let (persons, times) = (columns.texts(), columns.times());
            let numbers = people.of(&persons.texts);
            let mut days = calendar.cursor();
            let start = presence.len();
            let known = persons.places.iter().zip(times).filter(|(place, _)| **place != 0);
            for (place, time) in known {
                let period = period.of_day(days.day_of(time));
                presence.push(Presence { person: numbers[*place as usize], period });
            }
            presence[start..].sort_unstable();
            presence.dedup();
            self.check_memory(presence.len() * size_of::<Presence>())
        })?;
        Ok((presence, people.texts(), sequence))
    }
}

/// Parts of consecutive days that have at most so many rows together, or one day.
fn pieces(days: &BTreeMap<i32, u64>, rows_max: u64) -> Vec<(i32, i32)> {
    let mut pieces: Vec<(i32, i32)> = Vec::new();
    let mut count = 0;
    for (day, rows) in days {
        count += rows;
        if let Some(piece) = pieces.last_mut().filter(|_| count <= rows_max) {
            piece.1 = *day;
        } else {
            pieces.push((*day, *day));
            count = *rows;
        }
    }
    pieces
}

/// Numbers of texts, over several pieces of rows.
#[derive(Debug, Default)]
pub struct Numbers {
    known: HashMap<String, u32>,
}

impl Numbers {
    /// The numbers of texts, in their order.
    pub fn of(&mut self, texts: &[String]) -> Vec<u32> {
        let number = |text: &String| {
            if let Some(number) = self.known.get(text) {
                return *number;
            }
            let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
            self.known.insert(text.clone(), next);
            next
        };
        texts.iter().map(number).collect()
    }

    /// Whether a text has a number.
    pub fn has(&self, text: &str) -> bool {
        self.known.contains_key(text)
    }

    /// The texts, by their numbers.
    pub fn texts(self) -> Vec<String> {
        let mut texts: Vec<(String, u32)> = self.known.into_iter().collect();
        texts.sort_unstable_by_key(|(_, number)| *number);
        texts.into_iter().map(|(text, _)| text).collect()
    }
}

#[cfg(test)]
mod tests {
    use acta_facts::{QueryLimits, TenantSettings};

    use super::*;

    #[test]
    fn figures_are_of_a_part_if_facts_were_being_made_at_any_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = FactStore::open(folder.path()).unwrap();
        let (tenant, persons) = (TenantId::FIRST, Arc::<Persons>::default());
        let (scope, settings) = (Scope::default(), TenantSettings::default());
        let limits = QueryLimits { memory_bytes: 1 << 20, threads: 1 };
        let asked = Asked { limits, now: 0, stop: &|| false, settings: &settings, reach: None };
        let noted = |read: &dyn Fn(FactReader<'_>)| {
            let is_rebuilding = Cell::new(false);
            let reader = FactReader {
                store: &store,
                tenant,
                persons: &persons,
                asked,
                scope: &scope,
                is_rebuilding: &is_rebuilding,
            };
            read(reader);
            reader.is_rebuilding()
        };
        let count = |reader: FactReader<'_>| drop(reader.days(Vec::new()).unwrap());
        let list = |reader: FactReader<'_>| drop(reader.rows(&["person"], Vec::new()).unwrap());
        assert_eq!((noted(&count), noted(&list)), (false, false));
        let count_after_another = |reader: FactReader<'_>| {
            reader.is_rebuilding.set(true);
            count(reader);
        };
        assert!(noted(&count_after_another), "a later read does not take it back");
        std::fs::create_dir(folder.path().join("1")).unwrap();
        store.rebuild(tenant);
        assert_eq!((noted(&count), noted(&list)), (true, true));
    }

    #[test]
    fn pieces_have_as_many_rows_as_fit() {
        let days = BTreeMap::from([(1, 5), (2, 4), (4, 2), (5, 20), (9, 1)]);
        assert_eq!(pieces(&days, 10), [(1, 2), (4, 4), (5, 5), (9, 9)]);
        assert_eq!(pieces(&days, 100), [(1, 9)]);
        assert_eq!(pieces(&BTreeMap::new(), 10), []);
    }

    #[test]
    fn texts_keep_their_numbers_over_pieces() {
        let mut numbers = Numbers::default();
        let of = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(numbers.of(&of(&["", "a", "b"])), [0, 1, 2]);
        assert_eq!(numbers.of(&of(&["", "c", "a"])), [0, 3, 1]);
        assert_eq!(numbers.texts(), of(&["", "a", "b", "c"]));
    }
}
