//! Facts: every statement as one row of columns, and questions answered from them.
//!
//! Facts are derived from the log by a follower on each node, and kept in files of that node: a
//! tenant's dictionaries of texts, its segments of sorted columns, and in memory the rows since the
//! last segment. They can be removed at any time and are made again. `docs/format/facts.md` draws
//! the files, `docs/guide/facts.md` explains the fields and how to ask.
//!
//! An answer is exact, sees the rows of one moment, and is bounded in memory and time by the
//! caller. Who may ask what is decided by the caller.

mod follow;
mod query;
mod rows;
mod store;
mod table;
mod tenant;

pub use acta_storage::directory::{CourseRule, TenantSettings};
pub use follow::{FactFollower, FactFollowerOptions};
pub use query::{
    Answer, Asked, Column, ColumnKind, ConditionRequest, DimensionField, DimensionRequest,
    FactPage, FactRows, MeasureRequest, OrderRequest, PAGE_ROWS_MAX, PageOrder, PageQuestion,
    QueryError, QueryLimits, Question, QuestionFault, RowColumn, RowsQuestion, Withheld,
};
pub use rows::batch::SourceStatement;
pub use store::{FactStatus, FactStore, Rows};
pub use table::relation::{Relation, RelationRows};
pub use table::select::{TableCondition, TableTest};
pub use table::{
    COLUMNS, ColumnValues, ExtensionPlace, ExtensionValues, Table, TableBlock, TableColumn,
    TableExtension, TableReader, TableType,
};
