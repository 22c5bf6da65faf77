//! Conditions: which facts count.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use acta_storage::directory::GroupId;
use serde_json::Value as Json;

use super::fault::QuestionFault;
use super::field::{CodeField, CodeSource, Field, GroupSets, Known, Values};
use super::reader::{BlockReader, Decimals};
use super::request::ConditionRequest;
use super::rows::{CodeBits, Mask};
use super::time::{Zone, parse_time};
use crate::rows::fields::{CodeColumn, ColumnId, Domain, IntColumn};

/// Deepest nesting of conditions.
const DEPTH_MAX: usize = 16;
/// Most conditions of a question, all parts counted.
const COUNT_MAX: usize = 500;
/// Most conditions of a question that look at every text of a dictionary.
const CONTAINS_MAX: usize = 10;
/// Most conditions that look at every list of activities, every actor, or every group.
const SCANS_MAX: usize = 100;
/// What the number of a statement is tested by.
const WHOLE_EXPECTED: &str = "expected a whole number";
/// Most values of one condition.
const VALUES_MAX: usize = 5_000;

/// A condition that has been understood.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Codes {
        source: CodeSource,
        codes: CodeBits,
    },
    /// From the first to before the second.
    Ints {
        column: IntColumn,
        from: i64,
        to: i64,
    },
    Numbers {
        column: ColumnId,
        from: f64,
        to: Bound,
    },
}

/// Where numbers end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    Before(f64),
    UpTo(f64),
}

impl Bound {
    /// Whether a number is not beyond it.
    fn admits(self, number: f64) -> bool {
        match self {
            Self::Before(end) => number < end,
            Self::UpTo(end) => number <= end,
        }
    }
}

/// What rows of a block count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    All,
    None,
    Some(Mask),
}

/// Understands conditions.
pub(crate) struct ConditionReader<'t> {
    pub(crate) known: Known<'t>,
    pub(crate) zone: &'t Zone,
    count: usize,
    /// How many of them look at every text.
    contains_count: usize,
    /// How many of them look at every list of activities, every actor, or every group.
    scan_count: usize,
}

impl<'t> ConditionReader<'t> {
    pub(crate) const fn new(known: Known<'t>, zone: &'t Zone) -> Self {
        Self { known, zone, count: 0, contains_count: 0, scan_count: 0 }
    }

    pub(crate) fn read(
        &mut self,
        request: &ConditionRequest,
        place: &str,
        depth: usize,
    ) -> Result<Condition, QuestionFault> {
        self.count += 1;
        if DEPTH_MAX < depth || COUNT_MAX < self.count {
            let text = format!("at most {COUNT_MAX} conditions, nested at most {DEPTH_MAX} deep");
            return Err(QuestionFault::new(place, text));
        }
        let mut parts = |parts: &[ConditionRequest], name: &str| {
            let parts = parts.iter().enumerate();
            let each =
                |(index, part)| self.read(part, &format!("{place}/{name}/{index}"), depth + 1);
            parts.map(each).collect::<Result<Vec<_>, _>>()
        };
        match request {
            ConditionRequest { and: Some(and), or: None, not: None, field: None, .. } => {
                Ok(Condition::And(parts(and, "and")?))
            }
            ConditionRequest { or: Some(or), and: None, not: None, field: None, .. } => {
                Ok(Condition::Or(parts(or, "or")?))
            }
            ConditionRequest { not: Some(not), and: None, or: None, field: None, .. } => {
                let inner = self.read(not, &format!("{place}/not"), depth + 1)?;
                Ok(Condition::Not(Box::new(inner)))
            }
            ConditionRequest { field: Some(name), and: None, or: None, not: None, .. } => {
                let field = Field::find(name, self.known, &format!("{place}/field"))?;
                self.count_scan(&field, place)?;
                let condition = self.read_test(&field, request, place)?;
                self.known.memo.charge(condition.memory_bytes(), place)?;
                Ok(condition)
            }
            _ => Err(QuestionFault::new(
                place,
                "expected one of \"field\", \"and\", \"or\", \"not\"",
            )),
        }
    }

    fn count_scan(&mut self, field: &Field, place: &str) -> Result<(), QuestionFault> {
        let is_scan = match field {
            Field::List(_) | Field::Groups(_) => true,
            Field::Code(field) => matches!(field.values, Values::Person(_)),
            Field::Number(_) | Field::Time(_) | Field::Sequence | Field::Extension { .. } => false,
        };
        self.scan_count += usize::from(is_scan);
        if SCANS_MAX < self.scan_count {
            let text = format!("at most {SCANS_MAX} conditions about persons, groups or lists");
            return Err(QuestionFault::new(place, text));
        }
        Ok(())
    }

    fn read_test(
        &mut self,
        field: &Field,
        request: &ConditionRequest,
        place: &str,
    ) -> Result<Condition, QuestionFault> {
        let ConditionRequest { is, one_of, from, to, contains, exists, .. } = request;
        match (is, one_of, from.is_some() || to.is_some(), contains, exists) {
            (Some(value), None, false, None, None) => {
                self.equal(field, std::slice::from_ref(value), &format!("{place}/is"))
            }
            (None, Some(values), false, None, None) => {
                if VALUES_MAX < values.len() {
                    let text = format!("at most {VALUES_MAX} values");
                    return Err(QuestionFault::new(format!("{place}/in"), text));
                }
                self.equal(field, values, &format!("{place}/in"))
            }
            (None, None, true, None, None) => self.between(field, request, place),
            (None, None, false, Some(text), None) => {
                self.contains(field, text, &format!("{place}/contains"))
            }
            (None, None, false, None, Some(exists)) => {
                let condition = Self::exists(field);
                Ok(if *exists { condition } else { Condition::Not(Box::new(condition)) })
            }
            _ => Err(QuestionFault::new(
                place,
                "expected exactly one of \"is\", \"in\", \"contains\", \"exists\", or \"from\" and \"to\"",
            )),
        }
    }

    fn equal(
        &self,
        field: &Field,
        values: &[Json],
        place: &str,
    ) -> Result<Condition, QuestionFault> {
        let fault = |text: &str| QuestionFault::new(place, text);
        match field {
            Field::Code(field) => self.codes(field, values).map_err(fault),
            Field::List(column) => {
                let mut activities = CodeBits::default();
                for value in values {
                    let found = Values::Text(Domain::Activities).find(self.known.texts, value);
                    found.map_err(fault)?.into_iter().for_each(|code| activities.insert(code));
                }
                Ok(self.lists(*column, |code| activities.has(code)))
            }
            Field::Groups(Some(sets)) => {
                let found = values.iter().map(|value| sets.find(value)).collect::<Result<_, _>>();
                let found: Vec<_> = found.map_err(fault)?;
                Ok(groups(sets, &found.into_iter().flatten().collect()))
            }
            Field::Groups(None) => Ok(Condition::nothing()),
            Field::Number(column) => numbers(*column, values).map_err(fault),
            Field::Time(_) => Err(fault("a time is tested by \"from\" and \"to\"")),
            Field::Sequence => sequences(values).map_err(fault),
            Field::Extension { text, number } => {
                let (numeric, other): (Vec<Json>, Vec<Json>) =
                    values.iter().cloned().partition(Json::is_number);
                let as_text = |value: Json| {
                    let flag = value.as_bool().map(|is_true| is_true.to_string().into());
                    flag.unwrap_or(value)
                };
                let other: Vec<Json> = other.into_iter().map(as_text).collect();
                let texts = self.codes(text, &other).map_err(fault)?;
                Ok(Condition::Or(vec![texts, numbers(*number, &numeric).map_err(fault)?]))
            }
        }
    }

    fn codes(&self, field: &CodeField, values: &[Json]) -> Result<Condition, &'static str> {
        let mut codes = CodeBits::default();
        for value in values {
            if let Some(code) = field.values.find(self.known.texts, value)? {
                codes.insert(code);
            }
        }
        Ok(Condition::of_codes(field, codes))
    }

    /// The rows whose list has an activity that passes.
    fn lists(&self, column: ColumnId, passes: impl Fn(u32) -> bool) -> Condition {
        let lists = 1..=self.known.texts.of(Domain::Lists).len();
        let codes = lists.filter(|list| self.known.texts.list(*list).any(&passes)).collect();
        Condition::Codes { source: CodeSource::Column(column), codes }
    }

    fn between(
        &self,
        field: &Field,
        request: &ConditionRequest,
        place: &str,
    ) -> Result<Condition, QuestionFault> {
        let bound = |value: &Option<Json>, name: &str| {
            let at = format!("{place}/{name}");
            value.as_ref().map(|value| (value.clone(), at))
        };
        let (from, to) = (bound(&request.from, "from"), bound(&request.to, "to"));
        match field {
            Field::Time(column) => {
                let time = |(value, at)| self.time(&value, at);
                let from = from.map(time).transpose()?.unwrap_or(i64::MIN);
                let to = to.map(time).transpose()?.unwrap_or(i64::MAX);
                Ok(Condition::Ints { column: *column, from, to })
            }
            Field::Sequence => {
                let whole = |(value, at): (Json, String)| {
                    value.as_i64().ok_or_else(|| QuestionFault::new(at, WHOLE_EXPECTED))
                };
                let from = from.map(whole).transpose()?.unwrap_or(i64::MIN);
                let to = to.map(whole).transpose()?.unwrap_or(i64::MAX);
                Ok(Condition::sequences(from, to))
            }
            Field::Number(column) | Field::Extension { number: column, .. } => {
                let number = |(value, at): (Json, String)| {
                    value.as_f64().ok_or_else(|| QuestionFault::new(at, "expected a number"))
                };
                let from = from.map(number).transpose()?.unwrap_or(f64::NEG_INFINITY);
                let to =
                    to.map(number).transpose()?.map_or(Bound::UpTo(f64::INFINITY), Bound::Before);
                Ok(Condition::Numbers { column: *column, from, to })
            }
            Field::Code(_) | Field::List(_) | Field::Groups(_) => {
                Err(QuestionFault::new(place, "\"from\" and \"to\" test times and numbers"))
            }
        }
    }

    fn time(&self, value: &Json, place: String) -> Result<i64, QuestionFault> {
        let time = value.as_str().and_then(|text| parse_time(text, self.zone));
        let expected = "expected a date such as 2026-03-01 or a time of RFC 3339";
        time.ok_or_else(|| QuestionFault::new(place, expected))
    }

    fn contains(
        &mut self,
        field: &Field,
        text: &str,
        place: &str,
    ) -> Result<Condition, QuestionFault> {
        self.contains_count += 1;
        if CONTAINS_MAX < self.contains_count {
            let text = format!("at most {CONTAINS_MAX} conditions with \"contains\"");
            return Err(QuestionFault::new(place, text));
        }
        let wanted = text.to_lowercase();
        let has = |domain: Domain, code: u32| {
            self.known.texts.of(domain).text(code).to_lowercase().contains(&wanted)
        };
        let of_texts = |field: &CodeField| {
            let (texts, values) = (self.known.texts, &field.values);
            if !values.is_text() {
                return None;
            }
            let count = u32::try_from(values.domain_len(texts)).unwrap_or(u32::MAX);
            let codes = (1..count).filter(|code| values.contains(texts, *code, &wanted)).collect();
            Some(Condition::Codes { source: field.source.clone(), codes })
        };
        let found = match field {
            Field::Code(field) | Field::Extension { text: field, .. } => of_texts(field),
            Field::List(column) => Some(self.lists(*column, |code| has(Domain::Activities, code))),
            Field::Groups(Some(sets)) => Some(groups(sets, &sets.named(text))),
            Field::Groups(None) => Some(Condition::nothing()),
            Field::Number(_) | Field::Time(_) | Field::Sequence => None,
        };
        found.ok_or_else(|| QuestionFault::new(place, "\"contains\" tests texts"))
    }

    fn exists(field: &Field) -> Condition {
        match field {
            Field::Code(field) => Condition::any_code(&field.source),
            Field::List(column) => Condition::any_code(&CodeSource::Column(*column)),
            Field::Groups(Some(sets)) => Condition::any_code(&CodeSource::Groups(Arc::clone(sets))),
            Field::Groups(None) => Condition::nothing(),
            Field::Number(column) => Condition::any_number(*column),
            Field::Time(column) => {
                Condition::Ints { column: *column, from: i64::MIN, to: i64::MAX }
            }
            Field::Sequence => Condition::sequences(i64::MIN, i64::MAX),
            Field::Extension { text, number } => {
                let any_text = Condition::any_code(&text.source);
                Condition::Or(vec![any_text, Condition::any_number(*number)])
            }
        }
    }
}

fn numbers(column: ColumnId, values: &[Json]) -> Result<Condition, &'static str> {
    let each = values.iter().map(|value| {
        let number = value.as_f64().ok_or("expected a number")?;
        Ok(Condition::Numbers { column, from: number, to: Bound::UpTo(number) })
    });
    Ok(Condition::Or(each.collect::<Result<_, &'static str>>()?))
}

/// Of one of these statements.
fn sequences(values: &[Json]) -> Result<Condition, &'static str> {
    let each = values.iter().map(|value| {
        let number = value.as_i64().ok_or(WHOLE_EXPECTED)?;
        Ok(Condition::sequences(number, number.saturating_add(1)))
    });
    Ok(Condition::Or(each.collect::<Result<_, &'static str>>()?))
}

/// The person was in one of these groups, or in one below it, at the time of the fact.
fn groups(sets: &Arc<GroupSets>, wanted: &HashSet<GroupId>) -> Condition {
    let found = sets.within(wanted);
    let actors = CodeSource::Column(ColumnId::code(CodeColumn::Actor));
    // By the actors first, so that blocks without any of them are not read.
    let of_actors = Condition::Codes { source: actors, codes: found.actors };
    if !found.depends_on_time {
        return of_actors;
    }
    let source = CodeSource::Groups(Arc::clone(sets));
    Condition::And(vec![of_actors, Condition::Codes { source, codes: found.sets }])
}

impl Condition {
    /// The field has one of these codes.
    pub(crate) fn of_codes(field: &CodeField, codes: CodeBits) -> Self {
        match (&field.source, &field.values) {
            // By the actors of the person, so that blocks without any of them are not read.
            (CodeSource::Mapped(source, table), Values::Person(_)) => {
                let actors = (0..).zip(&**table).filter(|(_, person)| codes.has(**person));
                let codes = actors.map(|(actor, _)| actor).collect();
                Self::Codes { source: (**source).clone(), codes }
            }
            (source, _) => Self::Codes { source: source.clone(), codes },
        }
    }

    /// Of statements with numbers from the first to before the second.
    pub(crate) const fn sequences(from: i64, to: i64) -> Self {
        Self::Ints { column: IntColumn::Sequence, from, to }
    }

    /// It never holds.
    pub(crate) const fn nothing() -> Self {
        Self::Or(Vec::new())
    }

    /// A source has a code other than 0.
    pub(crate) fn any_code(source: &CodeSource) -> Self {
        let nothing = Self::Codes { source: source.clone(), codes: [0].into_iter().collect() };
        Self::Not(Box::new(nothing))
    }

    /// A column has a number.
    pub(crate) const fn any_number(column: ColumnId) -> Self {
        Self::Numbers { column, from: f64::NEG_INFINITY, to: Bound::UpTo(f64::INFINITY) }
    }

    /// Bytes of memory of the codes that it tests.
    fn memory_bytes(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::memory_bytes).sum(),
            Self::Not(inner) => inner.memory_bytes(),
            Self::Codes { codes, .. } => codes.memory_bytes(),
            Self::Ints { .. } | Self::Numbers { .. } => 0,
        }
    }

    /// The times in a column from and before which all facts are that the condition holds for.
    pub(crate) fn time_bounds(&self, wanted: IntColumn) -> (i64, i64) {
        match self {
            Self::Ints { column, from, to } if *column == wanted => (*from, *to),
            Self::And(parts) => parts.iter().fold((i64::MIN, i64::MAX), |(from, to), part| {
                let (later, earlier) = part.time_bounds(wanted);
                (from.max(later), to.min(earlier))
            }),
            Self::Or(_)
            | Self::Not(_)
            | Self::Codes { .. }
            | Self::Ints { .. }
            | Self::Numbers { .. } => (i64::MIN, i64::MAX),
        }
    }

    /// The rows of the reader's block for which the condition holds.
    pub(crate) fn select(&self, reader: &mut BlockReader<'_>) -> io::Result<Selected> {
        match self {
            Self::And(parts) => parts.iter().try_fold(Selected::All, |selected, part| {
                let is_decided = selected == Selected::None;
                if is_decided { Ok(selected) } else { Ok(selected.and(part.select(reader)?)) }
            }),
            Self::Or(parts) => parts.iter().try_fold(Selected::None, |selected, part| {
                let is_decided = selected == Selected::All;
                if is_decided { Ok(selected) } else { Ok(selected.or(part.select(reader)?)) }
            }),
            Self::Not(inner) => Ok(inner.select(reader)?.inverted()),
            Self::Codes { source, codes } => select_codes(source, codes, reader),
            Self::Ints { column, from, to } => select_ints(*column, (*from, *to), reader),
            Self::Numbers { column, from, to } => select_numbers(*column, (*from, *to), reader),
        }
    }
}

fn select_ints(
    column: IntColumn,
    (from, to): (i64, i64),
    reader: &mut BlockReader<'_>,
) -> io::Result<Selected> {
    let (min, max) = reader.source().int_range(column);
    if (from, to) == (i64::MIN, i64::MAX) || from <= min && max < to {
        return Ok(Selected::All);
    }
    if max < from || to <= min {
        return Ok(Selected::None);
    }
    let values = reader.ints(column)?;
    Ok(Selected::of(Mask::test(&values, |value| from <= value && value < to)))
}

fn select_numbers(
    column: ColumnId,
    (from, to): (f64, Bound),
    reader: &mut BlockReader<'_>,
) -> io::Result<Selected> {
    if let Some((min, max)) = reader.source().number_range(column)
        && (min.is_nan() || max < from || !to.admits(min))
    {
        return Ok(Selected::None);
    }
    if let Some(Decimals { stored, scale }) = reader.decimals(column)? {
        let first = scale.first(|number| from <= number);
        let end = scale.first(|number| !to.admits(number));
        return Ok(Selected::of(Mask::test(&stored, |it| first <= it && it < end)));
    }
    let values = reader.numbers(column)?;
    Ok(Selected::of(Mask::test(&values, |number| from <= number && to.admits(number))))
}

fn select_codes(
    source: &CodeSource,
    codes: &CodeBits,
    reader: &mut BlockReader<'_>,
) -> io::Result<Selected> {
    let known = match source {
        CodeSource::Column(column) => reader.source().code_range(*column),
        CodeSource::Mapped(..) | CodeSource::Course(_) | CodeSource::Groups(_) => None,
    };
    if let Some((min, max)) = known {
        if !codes.meets(min, max) {
            return Ok(Selected::None);
        }
        if min == max {
            return Ok(Selected::All);
        }
    }
    let values = source.read(reader)?;
    Ok(Selected::of(match codes.single() {
        Some(single) => Mask::test(&values, |code| code == single),
        None => Mask::test(&values, |code| codes.has(code)),
    }))
}

impl Selected {
    fn of(mask: Mask) -> Self {
        if mask.is_empty() { Self::None } else { Self::Some(mask) }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::All, other) | (other, Self::All) => other,
            (Self::Some(mut mask), Self::Some(other)) => {
                mask.and(&other);
                Self::of(mask)
            }
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::None, other) | (other, Self::None) => other,
            (Self::Some(mut mask), Self::Some(other)) => {
                mask.or(&other);
                Self::of(mask)
            }
        }
    }

    fn inverted(self) -> Self {
        match self {
            Self::All => Self::None,
            Self::None => Self::All,
            Self::Some(mut mask) => {
                mask.invert();
                Self::of(mask)
            }
        }
    }
}
