//! What SQLite leaves to a table: tests of its columns.

use rusqlite::types::ValueRef;
use rusqlite::vtab::IndexConstraintOp;

/// Most values of one `IN` by which a table narrows.
pub(crate) const VALUES_MAX: usize = 5_000;

/// How a column is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    /// Equal to one of several.
    In,
    Less,
    AtMost,
    More,
    AtLeast,
    Null,
    NotNull,
}

impl Op {
    /// That of a constraint, if tables can test it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "others are left to SQLite")]
    pub(crate) fn of(operator: &IndexConstraintOp) -> Option<Self> {
        Some(match operator {
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ => Self::Equal,
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LT => Self::Less,
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LE => Self::AtMost,
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GT => Self::More,
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GE => Self::AtLeast,
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_ISNULL => Self::Null,
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_ISNOTNULL => Self::NotNull,
            _ => return None,
        })
    }
}

/// The type of a value that is known before a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Whole,
    Number,
    Other,
}

impl Kind {
    pub(crate) const fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Text(_) => Self::Text,
            ValueRef::Integer(_) => Self::Whole,
            ValueRef::Real(_) => Self::Number,
            ValueRef::Null | ValueRef::Blob(_) => Self::Other,
        }
    }
}

/// What a table does with a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nothing.
    Nothing,
    /// It may leave out rows that do not pass; SQLite tests those that it gives.
    Narrow,
    /// It gives those rows alone that pass.
    Exact,
}

/// A test of a column, whose values come later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) column: usize,
    pub(crate) op: Op,
}

/// How a table is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// The columns that are needed, a bit each; the last bit stands for all beyond it too.
    pub(crate) columns: u64,
}

impl Plan {
    /// Whether a column is needed.
    pub(crate) const fn needs(&self, column: usize) -> bool {
        let bit = if column < 63 { column } else { 63 };
        self.columns >> bit & 1 == 1
    }
}

/// A value that a column is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Null,
    Whole(i64),
    Number(f64),
    Text(Vec<u8>),
    Blob,
}

impl From<ValueRef<'_>> for Operand {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Whole(number),
            ValueRef::Real(number) => Self::Number(number),
            ValueRef::Text(text) => Self::Text(text.to_vec()),
            ValueRef::Blob(_) => Self::Blob,
        }
    }
}

/// How much reading a table takes, and how many rows it gives, about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Estimate {
    pub(crate) cost: f64,
    pub(crate) rows: i64,
    /// Whether there is at most one row.
    pub(crate) is_unique: bool,
}

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'c> {
    Null,
    Whole(i64),
    Number(f64),
    Text(&'c str),
}

/// Reading has ended early: the watch knows why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// What a table of SQLite is made of.
pub(crate) trait Source: Clone + Send + Sync + 'static {
    type Scan: Scan;

    /// The statement that declares its columns.
    fn declaration(&self) -> String;

    /// What it does with a test of a column by a value of which the type may be known.
    fn use_of(&self, step: Step, kind: Option<Kind>) -> Use;

    /// What reading takes that passes some tests.
    fn estimate(&self, steps: &[Step]) -> Estimate;

    /// Reads it, when it is told where to begin.
    fn scan(&self) -> Self::Scan;
}

/// Reads the rows of a table one after the other.
pub(crate) trait Scan {
    /// Begins with the first row that passes the tests of a plan by values, several for
    /// [`Op::In`].
    fn begin(&mut self, plan: &Plan, operands: &[Vec<Operand>]) -> Result<(), Ended>;

    /// Goes on to the next row.
    fn advance(&mut self) -> Result<(), Ended>;

    /// Whether there are no more rows.
    fn is_over(&self) -> bool;

    /// Passes the value of a column of the row to `put`.
    fn cell(&self, column: usize, put: &mut dyn FnMut(Cell<'_>));

    /// The number of the row.
    fn row_number(&self) -> i64;
}
