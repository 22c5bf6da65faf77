//! The table `facts`: a row for each statement that is not voided.

use std::cmp::Ordering;
use std::fmt::Write;
use std::io;
use std::sync::Arc;

use acta_facts::{
    COLUMNS, ColumnValues, ExtensionPlace, ExtensionValues, Table, TableCondition, TableExtension,
    TableReader, TableTest, TableType,
};
use serde_json::{Map, Value as Json};

use crate::SqlError;
use crate::heap;
use crate::plan::{
    Cell, Ended, Estimate, Kind, Op, Operand, Plan, Scan, Source, Step, Use, VALUES_MAX,
};
use crate::time_text::{self, TimeText};
use crate::watch::Watch;

/// The name of the table.
pub(crate) const NAME: &str = "facts";

/// The columns of extensions, behind those of all facts: JSON objects by IRI.
const EXTENSIONS: [(&str, ExtensionPlace); 2] = [
    ("context_extensions", ExtensionPlace::Context),
    ("result_extensions", ExtensionPlace::Result),
];

/// Whole numbers that are numbers too without a loss are smaller.
const EXACT_MAX: u64 = 1 << 53;

/// Facts at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) table: Arc<Table>,
    pub(crate) watch: Arc<Watch>,
}

/// Reads facts block by block.
pub(crate) struct FactScan {
    facts: Facts,
    plan: Plan,
    condition: TableCondition,
    /// The block after the one that is read.
    next_block: usize,
    /// The rows of the block, and which of them it is.
    rows: Vec<u32>,
    at: usize,
    row_number: i64,
    /// The columns that are needed, in this block.
    columns: Vec<Option<ColumnValues>>,
    extensions: [Vec<(TableExtension, ExtensionValues)>; EXTENSIONS.len()],
    /// How many bytes of these are counted as memory of the statement.
    charged: i64,
}

/// What the values of a column are in SQL.
const fn type_of(values: TableType) -> &'static str {
    match values {
        TableType::Whole | TableType::Flag => "INTEGER",
        TableType::Number => "REAL",
        TableType::Time | TableType::Text | TableType::Texts => "TEXT",
    }
}

impl Source for Facts {
    type Scan = FactScan;

    fn declaration(&self) -> String {
        let mut text = format!("CREATE TABLE {NAME}(");
        for column in &COLUMNS {
            // Writing to a String cannot fail.
            let _ = write!(text, "\"{}\" {}, ", column.name, type_of(column.values));
        }
        let names = EXTENSIONS.map(|(name, _)| format!("\"{name}\" TEXT"));
        text + &names.join(", ") + ")"
    }

    fn use_of(&self, step: Step, kind: Option<Kind>) -> Use {
        let Some(column) = COLUMNS.get(step.column) else { return Use::Nothing };
        if matches!(step.op, Op::Null | Op::NotNull) {
            return Use::Exact;
        }
        let is_equality = matches!(step.op, Op::Equal | Op::In);
        let (wanted, is_possible): (&[Kind], bool) = match column.values {
            TableType::Text => (&[Kind::Text], is_equality),
            TableType::Time => (&[Kind::Text], step.op != Op::In),
            TableType::Whole => (&[Kind::Whole], step.op != Op::In),
            TableType::Flag => (&[Kind::Whole], step.op == Op::Equal),
            TableType::Number => (&[Kind::Number], step.op != Op::In),
            TableType::Texts => (&[], false),
        };
        match kind {
            _ if !is_possible => Use::Nothing,
            Some(kind) if wanted.contains(&kind) => Use::Exact,
            Some(_) | None => Use::Narrow,
        }
    }

    fn estimate(&self, steps: &[Step]) -> Estimate {
        let all = self.table.len();
        let mut rows = all;
        for step in steps {
            rows /= match step.op {
                Op::Equal => 20,
                Op::In => 10,
                Op::Less | Op::AtMost | Op::More | Op::AtLeast => 4,
                Op::Null | Op::NotNull => 2,
            };
        }
        // Rows that are left out take little, but not nothing.
        let rows = u32::try_from(rows + 1).unwrap_or(u32::MAX);
        let skipped = f64::from(u32::try_from(all).unwrap_or(u32::MAX)) / 50.0;
        Estimate { cost: f64::from(rows) + skipped, rows: rows.into(), is_unique: false }
    }

    fn scan(&self) -> FactScan {
        FactScan {
            condition: self.table.condition(&[]),
            facts: self.clone(),
            plan: Plan::default(),
            next_block: 0,
            rows: Vec::new(),
            at: 0,
            row_number: 0,
            columns: Vec::new(),
            extensions: [Vec::new(), Vec::new()],
            charged: 0,
        }
    }
}

/// The test of a column by the values of a step; none if the table cannot tell. A test that no row
/// passes has no values.
fn test_of(step: Step, operands: &[Operand]) -> Option<TableTest> {
    let nothing = TableTest::Texts(Vec::new());
    let values = COLUMNS.get(step.column)?.values;
    match step.op {
        Op::Null => return Some(TableTest::Present(false)),
        Op::NotNull => return Some(TableTest::Present(true)),
        Op::In if VALUES_MAX < operands.len() => return None,
        Op::In => return texts_of(operands),
        Op::Equal | Op::Less | Op::AtMost | Op::More | Op::AtLeast => {}
    }
    let operand = operands.first()?;
    let found = match (values, operand) {
        (_, Operand::Null) => None,
        (TableType::Text, Operand::Text(_)) => return texts_of(operands),
        (TableType::Time, Operand::Text(text)) => times(step.op, text),
        (TableType::Whole, Operand::Whole(number)) => whole(step.op, *number),
        (TableType::Flag, Operand::Whole(number)) => {
            matches!(number, 0 | 1).then_some(TableTest::Flag(*number == 1))
        }
        (TableType::Number, Operand::Number(number)) => Some(numbers(step.op, *number)),
        (TableType::Number, Operand::Whole(number)) if number.unsigned_abs() < EXACT_MAX => {
            Some(numbers(step.op, exact(*number)))
        }
        _ => return None,
    };
    Some(found.unwrap_or(nothing))
}

/// The test whether the text is one of several; none if one of them is no text, which SQLite may
/// compare in other ways.
fn texts_of(operands: &[Operand]) -> Option<TableTest> {
    let mut texts = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand {
            Operand::Null => {}
            // No text of a fact has bytes that are no UTF-8.
            Operand::Text(text) => texts.extend(String::from_utf8(text.clone())),
            Operand::Whole(_) | Operand::Number(_) | Operand::Blob => return None,
        }
    }
    Some(TableTest::Texts(texts))
}

fn times(op: Op, text: &[u8]) -> Option<TableTest> {
    let (from, to) = match op {
        Op::Less => time_text::before(text),
        Op::AtMost => time_text::up_to(text),
        Op::More => time_text::after(text),
        Op::AtLeast => time_text::from(text),
        Op::Equal | Op::In | Op::Null | Op::NotNull => time_text::at(text),
    }?;
    Some(TableTest::Whole(from, to))
}

fn whole(op: Op, number: i64) -> Option<TableTest> {
    let (from, to) = match op {
        Op::Less => (i64::MIN, number.checked_sub(1)?),
        Op::AtMost => (i64::MIN, number),
        Op::More => (number.checked_add(1)?, i64::MAX),
        Op::AtLeast => (number, i64::MAX),
        Op::Equal | Op::In | Op::Null | Op::NotNull => (number, number),
    };
    Some(TableTest::Whole(from, to))
}

const fn numbers(op: Op, number: f64) -> TableTest {
    let (from, to) = match op {
        Op::Less => (f64::NEG_INFINITY, number.next_down()),
        Op::AtMost => (f64::NEG_INFINITY, number),
        Op::More => (number.next_up(), f64::INFINITY),
        Op::AtLeast => (number, f64::INFINITY),
        Op::Equal | Op::In | Op::Null | Op::NotNull => (number, number),
    };
    TableTest::Numbers(from, to)
}

#[expect(clippy::cast_precision_loss, reason = "it is smaller than 2^53")]
const fn exact(number: i64) -> f64 {
    number as f64
}

impl Drop for FactScan {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn bytes_of(values: &ColumnValues) -> usize {
    match values {
        ColumnValues::Whole(values) => size_of_val(&values[..]),
        ColumnValues::Numbers(values) => size_of_val(&values[..]),
        ColumnValues::Codes(values) => size_of_val(&values[..]),
    }
}

impl FactScan {
    /// Goes on to the next block that has a row.
    fn load(&mut self) -> Result<(), Ended> {
        self.at = 0;
        loop {
            if self.facts.watch.is_over() {
                self.facts.watch.note(SqlError::Stopped);
                return Err(Ended);
            }
            let table = Arc::clone(&self.facts.table);
            let Some(block) = table.blocks().get(self.next_block).copied() else {
                self.rows.clear();
                return Ok(());
            };
            self.next_block += 1;
            let mut reader = block.reader();
            self.load_columns(&table, &mut reader)?;
            if !self.rows.is_empty() {
                return Ok(());
            }
        }
    }

    /// Reads the rows of a block, and the columns that are needed if there are any. Each cursor of
    /// a statement has a block of its own, so they count as its memory.
    fn load_columns(&mut self, table: &Table, reader: &mut TableReader<'_>) -> Result<(), Ended> {
        self.give_back();
        self.rows = self.noted(reader.rows(&self.condition))?;
        if self.rows.is_empty() {
            return Ok(());
        }
        self.charge(size_of_val(&self.rows[..]))?;
        for column in 0..COLUMNS.len() {
            let mut values = None;
            if self.plan.needs(column) {
                let found = self.noted(reader.values(column))?;
                self.charge(bytes_of(&found))?;
                values = Some(found);
            }
            self.columns.push(values);
        }
        for (number, (_, place)) in EXTENSIONS.iter().enumerate() {
            if !self.plan.needs(COLUMNS.len() + number) {
                continue;
            }
            let wanted = table.extensions().into_iter().filter(|it| it.place == *place);
            let found = self.load_extensions(wanted, reader)?;
            if let Some(place) = self.extensions.get_mut(number) {
                *place = found;
            }
        }
        Ok(())
    }

    fn load_extensions(
        &mut self,
        wanted: impl Iterator<Item = TableExtension>,
        reader: &mut TableReader<'_>,
    ) -> Result<Vec<(TableExtension, ExtensionValues)>, Ended> {
        let mut found = Vec::new();
        for extension in wanted {
            let Some(values) = self.noted(reader.extension(&extension))? else { continue };
            self.charge(size_of_val(&values.texts[..]) + size_of_val(&values.numbers[..]))?;
            found.push((extension, values));
        }
        Ok(found)
    }

    /// Notes why facts cannot be read.
    fn noted<T>(&self, read: io::Result<T>) -> Result<T, Ended> {
        read.map_err(|error| {
            self.facts.watch.note(SqlError::Io(error));
            Ended
        })
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Ended> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if !heap::charge(bytes) {
            self.facts.watch.note(SqlError::beyond(heap::budget()));
            return Err(Ended);
        }
        self.charged += bytes;
        Ok(())
    }

    /// Drops what is read of the block.
    fn give_back(&mut self) {
        self.rows = Vec::new();
        self.columns.clear();
        self.extensions.iter_mut().for_each(Vec::clear);
        heap::charge(-std::mem::take(&mut self.charged));
    }

    /// The extensions of a row as JSON.
    fn extensions_of(&self, place: usize, row: usize) -> Option<String> {
        let mut object = Map::new();
        for (extension, values) in self.extensions.get(place)? {
            if let Some(value) = self.extension_value(values, row) {
                object.insert(extension.iri.clone(), value);
            }
        }
        (!object.is_empty()).then(|| Json::Object(object).to_string())
    }

    fn extension_value(&self, values: &ExtensionValues, row: usize) -> Option<Json> {
        let code = values.texts.get(row).copied().unwrap_or_default();
        if code == 0 {
            let number = values.numbers.get(row).copied();
            return number.filter(|number| !number.is_nan()).map(Json::from);
        }
        let mut found = None;
        self.facts.table.resolve_extension(&[code], |_, text| found = Some(text.into()));
        found
    }

    /// Passes the text or the list with a code to `put`.
    fn put_code(&self, column: usize, code: u32, put: &mut dyn FnMut(Cell<'_>)) {
        let table = &self.facts.table;
        let values = COLUMNS.get(column).map(|column| column.values);
        match values {
            _ if code == 0 => put(Cell::Null),
            Some(TableType::Flag) => put(Cell::Whole(i64::from(code == 2))),
            Some(TableType::Texts) => {
                let mut list = Vec::new();
                table.resolve(column, &table.list(code), |_, text| list.push(Json::from(text)));
                put(Cell::Text(&Json::from(list).to_string()));
            }
            Some(_) | None => table.resolve(column, &[code], |_, text| {
                put(if text.is_empty() { Cell::Null } else { Cell::Text(text) });
            }),
        }
    }
}

impl Scan for FactScan {
    fn begin(&mut self, plan: &Plan, operands: &[Vec<Operand>]) -> Result<(), Ended> {
        let tests = plan.steps.iter().zip(operands);
        let tests = tests.filter_map(|(step, operands)| {
            // No row passes a test that is not one of its column.
            Some((step.column, test_of(*step, operands)?))
        });
        let tests: Vec<_> = tests.collect();
        self.condition = self.facts.table.condition(&tests);
        self.plan = plan.clone();
        (self.next_block, self.row_number) = (0, 0);
        self.load()
    }

    fn advance(&mut self) -> Result<(), Ended> {
        self.at += 1;
        self.row_number += 1;
        match self.at.cmp(&self.rows.len()) {
            Ordering::Less => Ok(()),
            Ordering::Equal | Ordering::Greater => self.load(),
        }
    }

    fn is_over(&self) -> bool {
        self.rows.len() <= self.at
    }

    fn cell(&self, column: usize, put: &mut dyn FnMut(Cell<'_>)) {
        let Some(&row) = self.rows.get(self.at) else { return put(Cell::Null) };
        let row = row as usize;
        if let Some(place) = column.checked_sub(COLUMNS.len()) {
            let text = self.extensions_of(place, row);
            return put(text.as_deref().map_or(Cell::Null, Cell::Text));
        }
        match self.columns.get(column).and_then(Option::as_ref) {
            Some(ColumnValues::Whole(values)) => {
                let value = values.get(row).copied().unwrap_or_default();
                let is_time = COLUMNS.get(column).is_some_and(|it| it.values == TableType::Time);
                if is_time {
                    put(Cell::Text(TimeText::of(value).as_str()));
                } else {
                    put(Cell::Whole(value));
                }
            }
            Some(ColumnValues::Numbers(values)) => {
                let value = values.get(row).copied().filter(|number| !number.is_nan());
                put(value.map_or(Cell::Null, Cell::Number));
            }
            Some(ColumnValues::Codes(codes)) => {
                self.put_code(column, codes.get(row).copied().unwrap_or_default(), put);
            }
            None => put(Cell::Null),
        }
    }

    fn row_number(&self) -> i64 {
        self.row_number
    }
}
