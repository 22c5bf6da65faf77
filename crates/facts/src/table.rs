//! The facts of a tenant as one table of named columns, for what reads all of them: exports and
//! SQL.
//!
//! A table is the rows of one moment; what is stored later does not show. Its rows come in blocks,
//! of which one column after the other is read. Rows of voided statements are in the blocks: see
//! [`TableReader::live_rows`].

pub(crate) mod relation;
pub(crate) mod select;

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use acta_storage::directory::CourseRule;
use acta_storage::persons::Persons;

use crate::query::field::{CodeField, Field, Known, Memo, Values};
use crate::query::reader::{BlockReader, BlockSource};
use crate::query::{Zone, blocks_of};
use crate::rows::fields::{ColumnId, Domain, IntColumn};
use crate::tenant::{PersonIndex, TenantFacts, View};

/// What values a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableType {
    /// Whole numbers, which every row has.
    Whole,
    /// Times in microseconds since 1970 in UTC, which every row has.
    Time,
    /// Numbers.
    Number,
    /// Yes or no: codes 2 and 1.
    Flag,
    /// Texts, by their codes.
    Text,
    /// Lists of texts, by their codes.
    Texts,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name: that of the field, with `_` for `.`.
    pub name: &'static str,
    /// What values it has.
    pub values: TableType,
    field: &'static str,
}

const fn column(name: &'static str, field: &'static str, values: TableType) -> TableColumn {
    TableColumn { name, values, field }
}

const SEQUENCE: &str = "sequence";

/// Every column but extensions, in the order in which tables show them.
pub const COLUMNS: [TableColumn; 36] = [
    column("sequence", SEQUENCE, TableType::Whole),
    column("timestamp", "timestamp", TableType::Time),
    column("stored", "stored", TableType::Time),
    column("actor", "actor", TableType::Text),
    column("actor_name", "actor.name", TableType::Text),
    column("person", "person", TableType::Text),
    column("person_name", "person.name", TableType::Text),
    column("verb", "verb", TableType::Text),
    column("verb_name", "verb.name", TableType::Text),
    column("object_kind", "object.kind", TableType::Text),
    column("object", "object", TableType::Text),
    column("object_name", "object.name", TableType::Text),
    column("object_type", "object.type", TableType::Text),
    column("object_interaction", "object.interaction", TableType::Text),
    column("course", "course", TableType::Text),
    column("course_name", "course.name", TableType::Text),
    column("parent", "parent", TableType::Texts),
    column("grouping", "grouping", TableType::Texts),
    column("category", "category", TableType::Texts),
    column("other", "other", TableType::Texts),
    column("registration", "registration", TableType::Text),
    column("session", "session", TableType::Text),
    column("platform", "platform", TableType::Text),
    column("language", "language", TableType::Text),
    column("authority", "authority", TableType::Text),
    column("source", "source", TableType::Text),
    column("success", "success", TableType::Flag),
    column("completion", "completion", TableType::Flag),
    column("response", "response", TableType::Text),
    column("score_scaled", "score.scaled", TableType::Number),
    column("score_raw", "score.raw", TableType::Number),
    column("score_min", "score.min", TableType::Number),
    column("score_max", "score.max", TableType::Number),
    column("credit", "credit", TableType::Number),
    column("duration", "duration", TableType::Number),
    column("version", "version", TableType::Text),
];

/// Where an extension stands in a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionPlace {
    /// In the context.
    Context,
    /// In the result.
    Result,
}

/// An extension that has columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableExtension {
    /// Where it stands.
    pub place: ExtensionPlace,
    /// Its IRI.
    pub iri: String,
    text: ColumnId,
    number: ColumnId,
}

/// The values of a column in a block.
#[derive(Clone, Debug)]
pub enum ColumnValues {
    /// Whole numbers or times.
    Whole(Rc<Vec<i64>>),
    /// Numbers; not a number where there is none.
    Numbers(Rc<Vec<f64>>),
    /// Codes of texts or lists, or 1 for no and 2 for yes; 0 where there is nothing.
    Codes(Rc<Vec<u32>>),
}

/// The values of an extension in a block.
#[derive(Clone, Debug)]
pub struct ExtensionValues {
    /// The codes of texts; 0 where there is none.
    pub texts: Rc<Vec<u32>>,
    /// Numbers; not a number where there is none.
    pub numbers: Rc<Vec<f64>>,
}

/// The facts of a tenant at one moment.
#[derive(Debug)]
pub struct Table {
    /// Whether rows are missing of statements that were stored long ago.
    pub(crate) is_rebuilding: bool,
    persons_version: u64,
    facts: Arc<TenantFacts>,
    view: Arc<View>,
    /// Which actors are which person; none if every actor is one.
    persons: Option<Arc<PersonIndex>>,
    fields: Vec<TableField>,
}

#[derive(Debug)]
enum TableField {
    Sequence,
    Of(Field),
}

impl Table {
    /// The facts as they are now, with courses by a rule.
    pub(crate) fn of(
        facts: &Arc<TenantFacts>,
        course: &CourseRule,
        persons: &Arc<Persons>,
    ) -> Self {
        // The rows first: the texts then have all of their codes.
        let view = facts.view();
        let index = facts.person_index(persons);
        let fields = {
            let (texts, memo) = (facts.texts(), Memo::new(usize::MAX));
            // No column depends on when days begin.
            let zone = &Zone::utc();
            let known = Known { texts: &texts, persons: index.as_ref(), course, zone, memo: &memo };
            let field = |column: &TableColumn| {
                let found = Field::find(column.field, known, "");
                found.map_or(TableField::Sequence, TableField::Of)
            };
            COLUMNS.iter().map(field).collect()
        };
        let (facts, persons_version) = (Arc::clone(facts), persons.version());
        Self { is_rebuilding: false, persons_version, facts, view, persons: index, fields }
    }

    /// Whether rows are missing of statements that were stored long ago, because the facts are
    /// being made.
    pub const fn is_rebuilding(&self) -> bool {
        self.is_rebuilding
    }

    /// The version of the persons whose identifiers are joined; 0 if there are none.
    pub const fn persons_version(&self) -> u64 {
        self.persons_version
    }

    /// The sequence of the last statement among the facts.
    pub fn sequence(&self) -> u64 {
        self.view.sequence
    }

    /// How many rows there are, those of voided statements included.
    pub fn len(&self) -> usize {
        self.view.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When it was stored, in microseconds since 1970.
    pub fn stored(&self) -> i64 {
        self.view.stored
    }

    /// The blocks in which the rows are.
    pub fn blocks(&self) -> Vec<TableBlock<'_>> {
        let sources = blocks_of(&self.view).into_iter();
        sources.map(|source| TableBlock { table: self, source }).collect()
    }

    /// The extensions that have columns.
    pub fn extensions(&self) -> Vec<TableExtension> {
        let texts = self.facts.texts();
        let places = texts.of(Domain::Extensions);
        let codes = (1..=places.len()).filter_map(|code| u16::try_from(code).ok());
        let extension = |code: u16| {
            let (place, iri) = places.text(code.into()).split_once(':')?;
            let place = match place {
                "context" => ExtensionPlace::Context,
                _ => ExtensionPlace::Result,
            };
            let (text, number) = (ColumnId::extension_text(code), ColumnId::extension_number(code));
            Some(TableExtension { place, iri: iri.to_owned(), text, number })
        };
        codes.filter_map(extension).collect()
    }

    /// Whether the texts of a column may change by later statements, as names do, or when persons
    /// are joined.
    pub fn is_derived(&self, column: usize) -> bool {
        if COLUMNS.get(column).is_some_and(|column| column.field == "person") {
            // Also as long as nobody is joined, so that only the rows count whose person changes.
            return true;
        }
        match self.fields.get(column) {
            Some(TableField::Of(Field::Code(field))) => field.is_derived(),
            Some(_) | None => false,
        }
    }

    /// Passes each of `codes` of a column of texts to `take`, with its text. While this runs, no
    /// facts are added: `take` is to be short.
    pub fn resolve(&self, column: usize, codes: &[u32], mut take: impl FnMut(u32, &str)) {
        let texts = self.facts.texts();
        match self.fields.get(column) {
            Some(TableField::Of(Field::Code(CodeField {
                values: Values::Text(domain), ..
            }))) => {
                for code in codes {
                    take(*code, texts.of(*domain).text(*code));
                }
            }
            Some(TableField::Of(Field::Code(field))) => {
                for code in codes {
                    let value = field.values.value(&texts, *code);
                    take(*code, value.as_str().unwrap_or_default());
                }
            }
            Some(TableField::Of(Field::List(_))) => {
                for code in codes {
                    take(*code, texts.of(Domain::Activities).text(*code));
                }
            }
            Some(_) | None => {}
        }
    }

    /// Passes each of `codes` of texts of extensions to `take`, with its text.
    pub fn resolve_extension(&self, codes: &[u32], mut take: impl FnMut(u32, &str)) {
        let texts = self.facts.texts();
        for code in codes {
            take(*code, texts.of(Domain::Texts).text(*code));
        }
    }

    /// The codes in a list, which are resolved as those of its column.
    pub fn list(&self, code: u32) -> Vec<u32> {
        self.facts.texts().list(code).collect()
    }
}

/// A block of rows.
#[derive(Clone, Copy, Debug)]
pub struct TableBlock<'t> {
    table: &'t Table,
    source: BlockSource<'t>,
}

impl<'t> TableBlock<'t> {
    /// The first and the last time of its rows.
    pub fn times(self) -> (i64, i64) {
        self.source.int_range(IntColumn::Timestamp)
    }

    /// The smallest and the largest sequence of its rows.
    pub fn sequences(self) -> (i64, i64) {
        self.source.int_range(IntColumn::Sequence)
    }

    /// Reads its columns, each when it is asked for.
    pub fn reader(self) -> TableReader<'t> {
        TableReader { table: self.table, reader: BlockReader::new(self.source) }
    }
}

/// Reads the columns of a block.
#[derive(Debug)]
pub struct TableReader<'t> {
    table: &'t Table,
    reader: BlockReader<'t>,
}

impl TableReader<'_> {
    /// The rows whose statements are not voided.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub fn live_rows(&mut self) -> io::Result<Vec<u32>> {
        let rows = (0..).take(self.reader.len());
        let voided = &self.table.view.voided;
        let (min, max) = self.reader.source().int_range(IntColumn::Sequence);
        let (min, max) = (min.cast_unsigned(), max.cast_unsigned());
        let before = min.checked_sub(1).map_or(0, |before| voided.rank(before));
        if voided.is_empty() || voided.rank(max) == before {
            return Ok(rows.collect());
        }
        let sequences = self.reader.ints(IntColumn::Sequence)?;
        let is_live = |sequence: &i64| !voided.contains(sequence.cast_unsigned());
        let rows = rows.zip(sequences.iter());
        Ok(rows.filter(|(_, sequence)| is_live(sequence)).map(|(row, _)| row).collect())
    }

    /// The values of a column.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub fn values(&mut self, column: usize) -> io::Result<ColumnValues> {
        let reader = &mut self.reader;
        Ok(match self.table.fields.get(column) {
            Some(TableField::Of(Field::Code(field))) => {
                ColumnValues::Codes(field.source.read(reader)?)
            }
            Some(TableField::Of(Field::List(column))) => {
                ColumnValues::Codes(reader.codes(*column)?)
            }
            Some(TableField::Of(Field::Number(column))) => {
                ColumnValues::Numbers(reader.numbers(*column)?)
            }
            Some(TableField::Of(Field::Time(column))) => ColumnValues::Whole(reader.ints(*column)?),
            Some(
                TableField::Of(Field::Extension { .. } | Field::Groups(_) | Field::Sequence)
                | TableField::Sequence,
            )
            | None => ColumnValues::Whole(reader.ints(IntColumn::Sequence)?),
        })
    }

    /// The values of an extension; none if no row of the block has it.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub fn extension(&mut self, extension: &TableExtension) -> io::Result<Option<ExtensionValues>> {
        let source = self.reader.source();
        let has_texts = source.code_range(extension.text) != Some((0, 0));
        let has_numbers =
            source.number_range(extension.number).is_none_or(|(min, _)| !min.is_nan());
        if !has_texts && !has_numbers {
            return Ok(None);
        }
        let (texts, numbers) =
            (self.reader.codes(extension.text)?, self.reader.numbers(extension.number)?);
        Ok(Some(ExtensionValues { texts, numbers }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::Texts;

    #[test]
    fn every_column_is_a_field_and_has_its_type() {
        let (texts, memo, course) =
            (Texts::default(), Memo::new(usize::MAX), CourseRule::default());
        let zone = Zone::utc();
        let known =
            Known { texts: &texts, persons: None, course: &course, zone: &zone, memo: &memo };
        for TableColumn { name, values, field } in COLUMNS {
            if field == SEQUENCE {
                continue;
            }
            let found = Field::find(field, known, "").unwrap();
            let expected = match found {
                Field::Code(CodeField { values: Values::Flag, .. }) => TableType::Flag,
                Field::Code(_) => TableType::Text,
                Field::List(_) => TableType::Texts,
                Field::Number(_) => TableType::Number,
                Field::Time(_) => TableType::Time,
                Field::Extension { .. } | Field::Groups(_) | Field::Sequence => {
                    panic!("{field}")
                }
            };
            assert_eq!(values, expected, "{name}");
            assert_eq!(name, field.replace('.', "_"));
        }
    }
}
