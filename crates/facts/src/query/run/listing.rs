//! Rows: the facts themselves, in the order in which they happened, for analyses that follow what
//! each learner did.

use std::collections::HashMap;
use std::io;

use super::{Asked, blocks_of, rows_that_count};
use crate::query::condition::{Condition, ConditionReader};
use crate::query::fault::{QueryError, QuestionFault};
use crate::query::field::{CodeField, Field, Known, Values};
use crate::query::reader::BlockReader;
use crate::query::request::ConditionRequest;
use crate::query::rows::Rows;
use crate::rows::fields::{ColumnId, Domain, IntColumn};
use crate::tenant::{Texts, View};

/// Most fields of one question.
const FIELDS_MAX: usize = 32;
/// Bytes of memory of each row beside those of its values: its time, its sequence, its place.
const ROW_BYTES: usize = 24;
/// Bytes of memory of each value, at most, until rows are sorted: its own and that of its copy.
const VALUE_BYTES: usize = 16;

/// Which rows are wanted, and which of their fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowsQuestion {
    /// The names of the fields. Of a field with several activities, the first one is given; of an
    /// extension, its text.
    pub fields: Vec<String>,
    /// Which facts count; absent for all.
    pub filter: Option<ConditionRequest>,
    /// The time zone of dates in the condition; that of the tenant if absent.
    pub zone: Option<String>,
}

/// Rows, in the order of `timestamp`, and of the log where that is equal.
#[derive(Clone, Debug, PartialEq)]
pub struct FactRows {
    /// The columns, in the order in which the fields were asked for.
    pub columns: Vec<RowColumn>,
    /// How many rows there are.
    pub count: usize,
    /// The sequence of the last statement of the tenant that is among the facts.
    pub sequence: u64,
    /// Whether facts are being made, so that rows are missing of statements that were stored long
    /// ago.
    pub is_rebuilding: bool,
}

/// The values of one field.
#[derive(Clone, Debug, PartialEq)]
pub enum RowColumn {
    /// For each row the place of its text in `texts`; the first place stands for nothing.
    Texts {
        /// A place for each row.
        places: Vec<u32>,
        /// The different texts.
        texts: Vec<String>,
    },
    /// Yes, no or nothing.
    Flags(Vec<Option<bool>>),
    /// Numbers; not a number stands for nothing.
    Numbers(Vec<f64>),
    /// Microseconds since 1970.
    Times(Vec<i64>),
}

/// A question for rows that has been understood.
#[derive(Debug)]
pub(crate) struct RowsPlan {
    columns: Vec<Source>,
    pub(crate) condition: Option<Condition>,
}

#[derive(Debug)]
enum Source {
    Code(CodeField),
    /// The first of several activities.
    List(ColumnId),
    Number(ColumnId),
    Time(IntColumn),
}

/// Values as they stand in the blocks.
#[derive(Debug)]
enum ListedValues {
    Codes(Vec<u32>),
    Numbers(Vec<f64>),
    Times(Vec<i64>),
}

/// Rows that were found, in no order.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The time and the sequence of each row.
    pub(super) keys: Vec<(i64, i64)>,
    columns: Vec<ListedValues>,
}

impl RowsPlan {
    /// Understands a question.
    pub(crate) fn of(question: &RowsQuestion, known: Known<'_>) -> Result<Self, QuestionFault> {
        if FIELDS_MAX < question.fields.len() {
            return Err(QuestionFault::new("/fields", format!("at most {FIELDS_MAX} fields")));
        }
        let mut conditions = ConditionReader::new(known, known.zone);
        let filter = question.filter.as_ref();
        let condition = filter.map(|it| conditions.read(it, "/where", 0)).transpose()?;
        let fields = question.fields.iter().enumerate();
        let source = |(index, name): (usize, &String)| {
            let place = format!("/fields/{index}");
            Ok(match Field::find(name, known, &place)? {
                Field::Groups(_) | Field::Sequence => {
                    let text = "rows are listed without groups and numbers of statements";
                    return Err(QuestionFault::new(place, text));
                }
                Field::Code(field) | Field::Extension { text: field, .. } => Source::Code(field),
                Field::List(column) => Source::List(column),
                Field::Number(column) => Source::Number(column),
                Field::Time(column) => Source::Time(column),
            })
        };
        let columns = fields.map(source).collect::<Result<_, QuestionFault>>()?;
        Ok(Self { columns, condition })
    }

    /// Collects the rows that count.
    pub(crate) fn gather(&self, view: &View, asked: Asked<'_>) -> Result<Found, QueryError> {
        let mut found = self.nothing();
        let row_bytes = self.row_bytes();
        let mut reader: Option<BlockReader<'_>> = None;
        for block in blocks_of(view) {
            if (asked.stop)() {
                return Err(QueryError::Stopped);
            }
            let reader = reader.get_or_insert_with(|| BlockReader::new(block));
            reader.turn_to(block);
            let rows = rows_that_count(view, self.condition.as_ref(), reader)?;
            let limit = asked.limits.memory_bytes;
            if limit / row_bytes < found.keys.len() + rows.len() {
                return Err(QueryError::TooLarge(limit));
            }
            self.add(reader, &rows, &mut found)?;
        }
        Ok(found)
    }

    /// No rows yet.
    pub(super) fn nothing(&self) -> Found {
        Found { keys: Vec::new(), columns: self.columns.iter().map(Source::nothing).collect() }
    }

    /// Bytes of memory of a row, at most.
    pub(super) const fn row_bytes(&self) -> usize {
        ROW_BYTES + VALUE_BYTES * self.columns.len()
    }

    /// Adds rows of the reader's block.
    pub(super) fn add(
        &self,
        reader: &mut BlockReader<'_>,
        rows: &Rows,
        found: &mut Found,
    ) -> io::Result<()> {
        if rows.len() == 0 {
            return Ok(());
        }
        let times = rows.choose(&reader.ints(IntColumn::Timestamp)?);
        let sequences = rows.choose(&reader.ints(IntColumn::Sequence)?);
        found.keys.extend(times.into_iter().zip(sequences));
        for (source, column) in self.columns.iter().zip(&mut found.columns) {
            match (source, column) {
                (Source::Code(field), ListedValues::Codes(all)) => {
                    all.extend(rows.choose(&field.source.read(reader)?));
                }
                (Source::List(column), ListedValues::Codes(all)) => {
                    all.extend(rows.choose(&reader.codes(*column)?));
                }
                (Source::Number(column), ListedValues::Numbers(all)) => {
                    all.extend(rows.choose(&reader.numbers(*column)?));
                }
                (Source::Time(column), ListedValues::Times(all)) => {
                    all.extend(rows.choose(&reader.ints(*column)?));
                }
                (
                    Source::Code(_) | Source::List(_) | Source::Number(_) | Source::Time(_),
                    ListedValues::Codes(_) | ListedValues::Numbers(_) | ListedValues::Times(_),
                ) => {}
            }
        }
        Ok(())
    }

    /// Sorts the rows, and writes their texts in place of codes.
    pub(crate) fn write(&self, texts: &Texts, found: Found, sequence: u64) -> FactRows {
        let mut order: Vec<u32> = (0..).take(found.keys.len()).collect();
        order.sort_unstable_by_key(|row| found.keys[*row as usize]);
        self.write_in(&order, texts, found, sequence)
    }

    /// Puts the rows into an order, and writes their texts in place of codes.
    pub(super) fn write_in(
        &self,
        order: &[u32],
        texts: &Texts,
        found: Found,
        sequence: u64,
    ) -> FactRows {
        let Found { keys, columns } = found;
        let written = self.columns.iter().zip(columns).map(|(source, column)| match column {
            ListedValues::Codes(codes) => source.texts(texts, &chosen(&codes, order)),
            ListedValues::Numbers(numbers) => RowColumn::Numbers(chosen(&numbers, order)),
            ListedValues::Times(times) => RowColumn::Times(chosen(&times, order)),
        });
        let (columns, count) = (written.collect(), keys.len());
        FactRows { columns, count, sequence, is_rebuilding: false }
    }
}

fn chosen<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|row| values[*row as usize]).collect()
}

impl Source {
    const fn nothing(&self) -> ListedValues {
        match self {
            Self::Code(_) | Self::List(_) => ListedValues::Codes(Vec::new()),
            Self::Number(_) => ListedValues::Numbers(Vec::new()),
            Self::Time(_) => ListedValues::Times(Vec::new()),
        }
    }

    fn texts(&self, texts: &Texts, codes: &[u32]) -> RowColumn {
        let values = match self {
            Self::Code(field) => field.values.clone(),
            Self::List(_) | Self::Number(_) | Self::Time(_) => Values::Text(Domain::Activities),
        };
        if matches!(values, Values::Flag) {
            let flag = |code: &u32| values.value(texts, *code).as_bool();
            return RowColumn::Flags(codes.iter().map(flag).collect());
        }
        let code_of = |code: u32| match self {
            Self::List(_) => texts.list(code).next().unwrap_or_default(),
            Self::Code(_) | Self::Number(_) | Self::Time(_) => code,
        };
        let mut found = vec![String::new()];
        let mut known: HashMap<u32, u32> = HashMap::from([(0, 0)]);
        let places = codes.iter().map(|code| {
            let code = code_of(*code);
            *known.entry(code).or_insert_with(|| {
                let value = values.value(texts, code);
                found.push(value.as_str().unwrap_or_default().to_owned());
                u32::try_from(found.len() - 1).unwrap_or_default()
            })
        });
        let places = places.collect();
        RowColumn::Texts { places, texts: found }
    }
}
