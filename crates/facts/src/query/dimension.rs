//! Dimensions: what the rows of an answer are, as codes.

use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

use acta_storage::directory::PersonGroup;
use serde_json::Value as Json;

use super::condition::{Condition, Selected};
use super::fault::QuestionFault;
use super::field::{CodeField, CodeSource, Field, GroupChoice, GroupSets, Known, Lists, Values};
use super::reader::{BlockReader, BlockSource, Decimals};
use super::request::DimensionField;
use super::rows::Rows;
use super::time::{Offsets, Period, Span, Zone};
use crate::rows::fields::{ColumnId, Domain, IntColumn};
use crate::tenant::Texts;

/// Bands of numbers lie within this many widths of zero.
const BANDS_MAX: f64 = 1_000_000_000.0;
/// The code of the band that begins at 0.
const BAND_OF_ZERO: f64 = 2_000_000_000.0;

/// A dimension that has been understood. Its codes are 0 for nothing.
#[derive(Clone, Debug)]
pub(crate) struct Dimension {
    pub(crate) name: String,
    pub(crate) kind: DimensionKind,
}

#[derive(Clone, Debug)]
pub(crate) enum DimensionKind {
    Code(CodeField),
    /// Several values for each row.
    List {
        /// The number of the list of a row.
        source: CodeSource,
        lists: Arc<Lists>,
        values: Values,
        of: ListOf,
    },
    Time {
        column: IntColumn,
        period: Period,
        offsets: Offsets,
        base: i64,
        count: u32,
    },
    /// Codes are those of bands less `base`, of which there are so many.
    Band {
        column: ColumnId,
        width: f64,
        base: u32,
        count: usize,
    },
    /// Whether a condition holds: 2 if it does, and 1 if not.
    Test(Condition),
}

/// What the lists of a dimension are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListOf {
    /// The activities of a column.
    Activities(ColumnId),
    /// The groups of the person.
    Groups(GroupChoice),
}

/// The codes of the rows that count.
pub(crate) enum DimensionCodes {
    /// One for each row.
    Single(Vec<u32>),
    /// Any number for each row; none means nothing.
    Several(Vec<u32>),
}

/// What is needed to understand dimensions.
pub(crate) struct DimensionReader<'t> {
    pub(crate) known: Known<'t>,
    pub(crate) zone: &'t Zone,
    /// The first and the last time of the rows, for each column of times.
    pub(crate) times: &'t dyn Fn(IntColumn) -> (i64, i64),
    /// The smallest and the largest number of a column.
    pub(crate) numbers: &'t dyn Fn(ColumnId) -> (f64, f64),
}

impl DimensionReader<'_> {
    pub(crate) fn read(
        &self,
        request: DimensionField,
        place: &str,
    ) -> Result<Dimension, QuestionFault> {
        let field = Field::find(&request.field, self.known, &format!("{place}/field"))?;
        let fault =
            |member: &str, text: &str| QuestionFault::new(format!("{place}/{member}"), text);
        let choice = GroupChoice { kind: request.kind.clone(), level: request.level };
        if !matches!(field, Field::Groups(_)) && choice != GroupChoice::default() {
            let member = if request.kind.is_some() { "kind" } else { "level" };
            return Err(fault(member, "only a group has a kind and a level"));
        }
        if request.level.is_some_and(|level| !(1..=PersonGroup::LEVELS_MAX).contains(&level)) {
            let text = format!("expected a level from 1 to {}", PersonGroup::LEVELS_MAX);
            return Err(fault("level", &text));
        }
        let kind = match (field, &request.by, request.width) {
            (Field::Time(column), Some(by), None) => {
                let period = Period::find(by).ok_or_else(|| {
                    fault(
                        "by",
                        "expected hour, day, week, month, quarter, year, weekday or hour_of_day",
                    )
                })?;
                self.time(column, period)
            }
            (Field::Time(_), _, _) => {
                return Err(fault("by", "a time needs a period, such as \"day\""));
            }
            (Field::Sequence, _, _) => return Err(fault("field", "the number is only tested")),
            (_, Some(_), _) => return Err(fault("by", "only a time has periods")),
            (
                Field::Number(column) | Field::Extension { number: column, .. },
                None,
                Some(width),
            ) => {
                if !(width.is_finite() && 0.0 < width) {
                    return Err(fault("width", "expected a number greater than 0"));
                }
                let (min, max) = (self.numbers)(column);
                let base = band(min, width).saturating_sub(1);
                let count = (band(max, width) - base) as usize + 1;
                DimensionKind::Band { column, width, base, count }
            }
            (Field::Number(_), None, None) => {
                return Err(fault("width", "a number needs the width of its bands"));
            }
            (_, None, Some(_)) => return Err(fault("width", "only a number has bands")),
            (Field::Code(field) | Field::Extension { text: field, .. }, None, None) => {
                DimensionKind::Code(field)
            }
            (Field::List(column), None, None) => {
                let lists = self.known.memo.lists(self.known.texts, place)?;
                let (source, values) =
                    (CodeSource::Column(column), Values::Text(Domain::Activities));
                DimensionKind::List { source, lists, values, of: ListOf::Activities(column) }
            }
            (Field::Groups(sets), None, None) => self.groups(sets, choice, place)?,
        };
        let name = request.name.unwrap_or_else(|| match request.by {
            Some(by) if request.field == "timestamp" => by,
            Some(by) => format!("{} by {by}", request.field),
            None => request.field,
        });
        Ok(Dimension { name, kind })
    }

    fn groups(
        &self,
        sets: Option<Arc<GroupSets>>,
        choice: GroupChoice,
        place: &str,
    ) -> Result<DimensionKind, QuestionFault> {
        let Some(sets) = sets else {
            // There is nothing to choose from, and every fact has nothing.
            let source = CodeSource::Column(ColumnId::extension_text(0));
            return Ok(DimensionKind::Code(CodeField {
                source,
                values: Values::Text(Domain::Texts),
            }));
        };
        let memo = self.known.memo;
        let lists = memo.make_lists(|bytes_max| sets.lists(&choice, bytes_max), place)?;
        let values = Values::Group(Arc::clone(sets.index()));
        let source = CodeSource::Groups(sets);
        Ok(DimensionKind::List { source, lists, values, of: ListOf::Groups(choice) })
    }

    fn time(&self, column: IntColumn, period: Period) -> DimensionKind {
        let (first, last) = (self.times)(column);
        let offsets = self.zone.offsets(first, last);
        if period.recurs() {
            return DimensionKind::Time { column, period, offsets, base: 0, count: 25 };
        }
        let numbers = [first, last].map(|time| period.number(offsets.local(time)));
        // A zone whose clocks are set back may have an hour before the first one.
        let base = numbers.iter().min().copied().unwrap_or_default() - 2;
        let end = numbers.iter().max().copied().unwrap_or_default() + 2;
        let count = u32::try_from(end - base).unwrap_or(u32::MAX);
        DimensionKind::Time { column, period, offsets, base, count }
    }
}

impl Dimension {
    /// The codes of some rows of the reader's block.
    pub(crate) fn codes(
        &self,
        reader: &mut BlockReader<'_>,
        rows: &Rows,
    ) -> io::Result<DimensionCodes> {
        Ok(match &self.kind {
            DimensionKind::Code(field) => {
                DimensionCodes::Single(rows.choose(&field.source.read(reader)?))
            }
            DimensionKind::List { source, .. } => {
                DimensionCodes::Several(rows.choose(&source.read(reader)?))
            }
            DimensionKind::Time { column, period, offsets, base, .. } => {
                let (first, last) = reader.source().int_range(*column);
                let span = offsets.span(first, *period);
                if last < span.to {
                    let code = time_code(span.number - base);
                    return Ok(DimensionCodes::Single(vec![code; rows.len()]));
                }
                // Rows on disk are in the order of their timestamps, and so are those of a choice.
                let is_sorted = matches!(reader.source(), BlockSource::Disk(..))
                    && *column == IntColumn::Timestamp;
                let times = reader.ints(*column)?;
                let span = |time| offsets.span(time, *period);
                let codes = match rows {
                    Rows::All(_) => period_codes(&times, is_sorted, span, *base),
                    Rows::Some(_) => period_codes(&rows.choose(&times), is_sorted, span, *base),
                };
                DimensionCodes::Single(codes)
            }
            DimensionKind::Band { column, width, base, .. } => {
                let decimals = reader.decimals(*column)?;
                let table = |it: Decimals| {
                    Some((it.table(|number| band(number, *width).saturating_sub(*base))?, it))
                };
                if let Some((table, decimals)) = decimals.and_then(table) {
                    let stored = rows.choose(&decimals.stored).into_iter();
                    let codes = stored.map(|stored| table[stored as usize]);
                    return Ok(DimensionCodes::Single(codes.collect()));
                }
                let numbers = rows.choose(&reader.numbers(*column)?);
                let code = |number| band(number, *width).saturating_sub(*base);
                DimensionCodes::Single(numbers.into_iter().map(code).collect())
            }
            DimensionKind::Test(condition) => {
                let selected = condition.select(reader)?;
                let code = |row: u32| match &selected {
                    Selected::All => 2,
                    Selected::None => 1,
                    Selected::Some(mask) => 1 + u32::from(mask.has(row)),
                };
                DimensionCodes::Single(match rows {
                    Rows::All(count) => (0..).take(*count).map(code).collect(),
                    Rows::Some(rows) => rows.iter().map(|row| code(*row)).collect(),
                })
            }
        })
    }

    /// Whether a condition holds.
    pub(crate) const fn test(condition: Condition) -> Self {
        Self { name: String::new(), kind: DimensionKind::Test(condition) }
    }

    /// What its lists are, if each row has one.
    pub(crate) const fn list(&self) -> Option<&ListOf> {
        match &self.kind {
            DimensionKind::List { of, .. } => Some(of),
            DimensionKind::Code(_)
            | DimensionKind::Time { .. }
            | DimensionKind::Band { .. }
            | DimensionKind::Test(_) => None,
        }
    }

    /// The codes of a list; one that is nothing if there are none.
    pub(crate) fn list_or_nothing(&self, code: u32) -> &[u32] {
        let list: &[u32] = match &self.kind {
            DimensionKind::List { lists, .. } => lists.list(code),
            DimensionKind::Code(_)
            | DimensionKind::Time { .. }
            | DimensionKind::Band { .. }
            | DimensionKind::Test(_) => &[],
        };
        if list.is_empty() { &[0] } else { list }
    }

    /// How many codes there may be.
    pub(crate) fn domain_len(&self, texts: &Texts) -> usize {
        match &self.kind {
            DimensionKind::Code(field) => field.values.domain_len(texts),
            DimensionKind::List { values, .. } => values.domain_len(texts),
            DimensionKind::Time { count, .. } => *count as usize + 1,
            DimensionKind::Band { count, .. } => *count,
            DimensionKind::Test(_) => 3,
        }
    }

    /// The value of a code as it is written in answers.
    pub(crate) fn value(&self, texts: &Texts, code: u32) -> Json {
        match &self.kind {
            _ if code == 0 => Json::Null,
            DimensionKind::Code(field) => field.values.value(texts, code),
            DimensionKind::List { values, .. } => values.value(texts, code),
            DimensionKind::Time { period, .. } => {
                self.period(code).map_or(Json::Null, |number| period.text(number))
            }
            DimensionKind::Band { width, base, .. } => {
                // Numbers such as 0.1 are no binary fractions: 3 times 0.1 is written as 0.3.
                let start = (f64::from(code) + f64::from(*base) - BAND_OF_ZERO) * width;
                ((start * 1e9).round() / 1e9).into()
            }
            DimensionKind::Test(_) => (code == 2).into(),
        }
    }

    /// The order of what two codes stand for. Nothing comes last, but first among times and bands.
    pub(crate) fn compare(&self, texts: &Texts, one: u32, other: u32) -> Ordering {
        match &self.kind {
            DimensionKind::Code(field) => field.values.compare(texts, one, other),
            DimensionKind::List { values, .. } => values.compare(texts, one, other),
            DimensionKind::Time { .. } | DimensionKind::Band { .. } | DimensionKind::Test(_) => {
                one.cmp(&other)
            }
        }
    }

    /// The name of what a code stands for.
    pub(crate) fn label(&self, texts: &Texts, code: u32) -> Option<String> {
        match &self.kind {
            DimensionKind::Code(field) => field.values.label(texts, code).map(str::to_owned),
            DimensionKind::List { values, .. } => values.label(texts, code).map(str::to_owned),
            DimensionKind::Time { .. } | DimensionKind::Band { .. } | DimensionKind::Test(_) => {
                None
            }
        }
    }

    /// Whether it is a period in time.
    pub(crate) const fn is_period(&self) -> bool {
        matches!(&self.kind, DimensionKind::Time { period, .. } if !period.recurs())
    }

    /// The number of the period that a code stands for, if it is one in time.
    pub(crate) fn period(&self, code: u32) -> Option<i64> {
        match &self.kind {
            DimensionKind::Time { base, .. } if code != 0 => Some(base + i64::from(code) - 1),
            DimensionKind::Code(_)
            | DimensionKind::List { .. }
            | DimensionKind::Time { .. }
            | DimensionKind::Band { .. }
            | DimensionKind::Test(_) => None,
        }
    }
}

/// The codes of the periods of times, most of which are in the same one as the time before.
fn period_codes(times: &[i64], is_sorted: bool, span: impl Fn(i64) -> Span, base: i64) -> Vec<u32> {
    let mut codes = Vec::with_capacity(times.len());
    while let Some(first) = times.get(codes.len()) {
        let Span { from, to, number } = span(*first);
        let rest = &times[codes.len()..];
        let count = if is_sorted {
            rest.partition_point(|time| *time < to)
        } else {
            rest.iter().take_while(|time| (from..to).contains(*time)).count()
        };
        codes.resize(codes.len() + count.max(1), time_code(number - base));
    }
    codes
}

/// Codes of periods begin with 1.
fn time_code(number: i64) -> u32 {
    u32::try_from(number + 1).unwrap_or_default()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between one and three thousand million"
)]
fn band(number: f64, width: f64) -> u32 {
    if number.is_nan() {
        return 0;
    }
    // The end of a division may lie below the whole number that is meant, by less than this.
    let band = (number / width + 1e-9).floor();
    (band.clamp(-BANDS_MAX, BANDS_MAX) + BAND_OF_ZERO) as u32
}
