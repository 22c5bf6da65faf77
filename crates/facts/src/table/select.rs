//! Rows of a table whose columns pass tests.

use std::io;

use serde_json::Value as Json;

use super::{Table, TableField, TableReader};
use crate::query::field::{CodeField, CodeSource, Field};
use crate::query::{Bound, CodeBits, Condition, Rows, rows_that_count};
use crate::rows::fields::IntColumn;
use crate::tenant::Texts;

/// What the values of a column are tested for. Nothing passes but for [`TableTest::Present`].
#[derive(Clone, Debug, PartialEq)]
pub enum TableTest {
    /// The text is one of these.
    Texts(Vec<String>),
    /// Yes, or no.
    Flag(bool),
    /// The whole number or time is from the first to the last.
    Whole(i64, i64),
    /// The number is from the first to the last.
    Numbers(f64, f64),
    /// There is a value, or there is none.
    Present(bool),
}

/// Tests of columns, of which all have to be passed.
#[derive(Clone, Debug)]
pub struct TableCondition(Condition);

impl Table {
    /// The condition that columns, by their places in [`COLUMNS`](super::COLUMNS), pass a test
    /// each. No row passes a test that is not one of its column.
    pub fn condition(&self, columns: &[(usize, TableTest)]) -> TableCondition {
        let texts = self.facts.texts();
        let part = |(column, wanted): &(usize, TableTest)| {
            let field = self.fields.get(*column);
            field.map_or_else(Condition::nothing, |field| part(field, wanted, &texts))
        };
        TableCondition(Condition::And(columns.iter().map(part).collect()))
    }
}

impl TableReader<'_> {
    /// The rows that a condition holds for and whose statements are not voided.
    ///
    /// # Errors
    ///
    /// Of the files.
    pub fn rows(&mut self, condition: &TableCondition) -> io::Result<Vec<u32>> {
        Ok(match rows_that_count(&self.table.view, Some(&condition.0), &mut self.reader)? {
            Rows::All(count) => (0..).take(count).collect(),
            Rows::Some(rows) => rows,
        })
    }
}

fn part(field: &TableField, wanted: &TableTest, texts: &Texts) -> Condition {
    match (field, wanted) {
        (TableField::Of(Field::Code(field)), TableTest::Texts(those)) => {
            let codes = those.iter().filter_map(|text| code_of(field, texts, text)).collect();
            Condition::of_codes(field, codes)
        }
        (TableField::Of(Field::Code(field)), TableTest::Flag(is_true)) => {
            let mut codes = CodeBits::default();
            codes.insert(1 + u32::from(*is_true));
            Condition::of_codes(field, codes)
        }
        (TableField::Of(Field::Number(column)), TableTest::Numbers(from, to)) => {
            Condition::Numbers { column: *column, from: *from, to: Bound::UpTo(*to) }
        }
        (TableField::Of(Field::Time(column)), TableTest::Whole(from, to)) => {
            whole(*column, *from, *to)
        }
        (TableField::Sequence | TableField::Of(Field::Sequence), TableTest::Whole(from, to)) => {
            whole(IntColumn::Sequence, *from, *to)
        }
        (field, TableTest::Present(true)) => present(field),
        (field, TableTest::Present(false)) => Condition::Not(Box::new(present(field))),
        _ => Condition::nothing(),
    }
}

/// The code of a text; none if no row has it.
fn code_of(field: &CodeField, texts: &Texts, text: &str) -> Option<u32> {
    let code = field.values.find(texts, &Json::from(text)).ok().flatten()?;
    // A person is found by each of its identifiers, and a UUID in any case of letters.
    (field.values.value(texts, code).as_str() == Some(text)).then_some(code)
}

const fn whole(column: IntColumn, from: i64, to: i64) -> Condition {
    Condition::Ints { column, from, to: to.saturating_add(1) }
}

fn present(field: &TableField) -> Condition {
    match field {
        TableField::Of(Field::Code(field)) => Condition::any_code(&field.source),
        TableField::Of(Field::List(column)) => Condition::any_code(&CodeSource::Column(*column)),
        TableField::Of(Field::Number(column)) => Condition::any_number(*column),
        TableField::Of(
            Field::Time(_) | Field::Sequence | Field::Groups(_) | Field::Extension { .. },
        )
        | TableField::Sequence => Condition::And(Vec::new()),
    }
}
