//! A statement, its parameters, and how it is answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use acta_facts::Table;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Batch, Statement};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::answer::Writer;
use crate::heap::{self, HeapBudget, Pause};
use crate::watch::{Stop, Watch};
use crate::{SqlError, SqlFormat, SqlLimits, connection};

/// Bytes of a statement that the audit records, at most.
const AUDIT_BYTES_MAX: usize = 1_000;

/// A statement in SQL to the facts of a tenant.
///
/// `docs/guide/sql.md` explains the tables and the limits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlQuestion {
    /// The statement: one `SELECT`.
    pub sql: String,
    /// The values of its parameters; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<SqlParameters>,
    /// The form of the answer.
    #[serde(default)]
    pub format: SqlFormat,
}

impl SqlQuestion {
    /// What the audit records of the statement: its texts, quoted names and comments may name
    /// persons, so they are left out.
    pub fn without_texts(&self) -> String {
        let (mut kept, mut rest) = (String::new(), self.sql.as_str());
        while let Some(first) = rest.chars().next() {
            let behind = |start: usize, end: &str| {
                let found = rest.get(start..).and_then(|text| text.find(end));
                found.map_or(rest.len(), |place| start + place + end.len())
            };
            let length = match first {
                '\'' | '"' | '`' => {
                    kept.extend([first, '…', first]);
                    behind(1, &first.to_string())
                }
                '[' => {
                    kept.push_str("[…]");
                    behind(1, "]")
                }
                '-' if rest.starts_with("--") => behind(2, "\n"),
                '/' if rest.starts_with("/*") => behind(2, "*/"),
                letter => {
                    kept.push(letter);
                    letter.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        kept.truncate(kept.floor_char_boundary(AUDIT_BYTES_MAX));
        kept
    }
}

/// The values of parameters: texts, numbers, `true` and `false`, which are 1 and 0, or null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SqlParameters {
    /// Those of `?`, in their order.
    List(Vec<Json>),
    /// Those of `:name`, by their names.
    Named(BTreeMap<String, Json>),
}

/// The answer as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SqlAnswer {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows: a text, a number or null for each column.
    pub rows: Vec<Vec<Json>>,
    /// The number of the last statement among the facts.
    pub sequence: u64,
    /// Whether facts are being made, so that statements are missing that were stored long ago.
    pub is_rebuilding: bool,
}

/// Has SQLite respect the limits of questions. To be called before anything in the process uses
/// SQLite; without it, there are no answers if something did. Returns whether they are respected.
pub fn prepare() -> bool {
    heap::wrap()
}

/// Answers a question about facts, in the form that it asks for.
///
/// Takes as long as it takes or until `stop` says to give up, so it is not to be called on a thread
/// of the runtime.
///
/// # Errors
///
/// [`SqlError::Refused`] if the question has to be repaired, [`SqlError::TooLarge`] if it takes
/// more than the limits, [`SqlError::Stopped`] if it was stopped, [`SqlError::Io`] if facts cannot
/// be read, and [`SqlError::Unavailable`] if memory cannot be limited.
pub fn ask(
    table: Table,
    question: &SqlQuestion,
    limits: &SqlLimits,
    stop: Stop,
) -> Result<Vec<u8>, SqlError> {
    if !prepare() {
        return Err(SqlError::Unavailable);
    }
    if question.sql.contains('\0') {
        return Err(SqlError::Refused("a statement has no character U+0000".to_owned()));
    }
    let (table, watch) = (Arc::new(table), Arc::new(Watch::new(stop)));
    let _budget = HeapBudget::begin(limits.memory_bytes);
    // What the watch knows is the cause of what SQLite reports.
    answer(&table, question, limits, &watch).map_err(|error| watch.take().unwrap_or(error))
}

fn answer(
    table: &Arc<Table>,
    question: &SqlQuestion,
    limits: &SqlLimits,
    watch: &Arc<Watch>,
) -> Result<Vec<u8>, SqlError> {
    let failed = |error: rusqlite::Error| SqlError::of(&error, limits.memory_bytes);
    let connection = connection::open(table, watch).map_err(failed)?;
    let mut batch = Batch::new(&connection, &question.sql);
    let Some(mut statement) = batch.next().map_err(failed)? else {
        return Err(SqlError::Refused("there is no statement".to_owned()));
    };
    if batch.next().map_err(failed)?.is_some() {
        return Err(SqlError::Refused("there is more than one statement".to_owned()));
    }
    if !statement.readonly() || statement.column_count() == 0 {
        return Err(SqlError::Refused("only SELECT is possible here".to_owned()));
    }
    bind(&mut statement, question.parameters.as_ref(), failed)?;
    let count = statement.column_count();
    let mut writer = Writer::new(question.format, limits, statement.column_names());
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(failed)? {
        // Texts may still have to be copied.
        let _pause = Pause::begin();
        writer.row((0..count).map(|column| row.get_ref(column).unwrap_or(ValueRef::Null)))?;
    }
    Ok(writer.finish(table.sequence(), table.is_rebuilding()))
}

/// Sets the parameters of a statement, each of which needs a value.
fn bind(
    statement: &mut Statement<'_>,
    parameters: Option<&SqlParameters>,
    failed: impl Fn(rusqlite::Error) -> SqlError,
) -> Result<(), SqlError> {
    let count = statement.parameter_count();
    let mut used = 0;
    for place in 1..=count {
        let name = statement.parameter_name(place).map(str::to_owned);
        let value = match (parameters, &name) {
            (Some(SqlParameters::List(values)), _) => values.get(place - 1),
            (Some(SqlParameters::Named(values)), Some(name)) => {
                values.get(name.trim_start_matches([':', '@', '$', '?']))
            }
            (Some(SqlParameters::Named(_)) | None, _) => None,
        };
        let name = name.unwrap_or_else(|| format!("?{place}"));
        let value = value.ok_or_else(|| {
            SqlError::Refused(format!("the parameter {name} has no value in \"parameters\""))
        })?;
        let value = value_of(value).ok_or_else(|| {
            let text = format!("the parameter {name} is no text, number, true, false or null");
            SqlError::Refused(text)
        })?;
        statement.raw_bind_parameter(place, value).map_err(&failed)?;
        used += 1;
    }
    let given = parameters.map_or(0, |parameters| match parameters {
        SqlParameters::List(values) => values.len(),
        SqlParameters::Named(values) => values.len(),
    });
    if used < given {
        let text = format!("there are {given} parameters, but the statement has {used}");
        return Err(SqlError::Refused(text));
    }
    Ok(())
}

fn value_of(value: &Json) -> Option<ToSqlOutput<'_>> {
    Some(match value {
        Json::Null => ToSqlOutput::Owned(SqlValue::Null),
        Json::Bool(is_true) => ToSqlOutput::Owned(SqlValue::Integer((*is_true).into())),
        Json::Number(number) => ToSqlOutput::Owned(match number.as_i64() {
            Some(whole) => SqlValue::Integer(whole),
            None => SqlValue::Real(number.as_f64()?),
        }),
        Json::String(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Json::Array(_) | Json::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audit_has_no_texts() {
        let table = [
            ("SELECT 'Ada''s', x FROM facts", "SELECT '…''…', x FROM facts"),
            ("SELECT \"it's\", 1 -- Ada\nFROM /* 'Ada' */ facts", "SELECT \"…\", 1 FROM  facts"),
            ("SELECT 'Ada", "SELECT '…'"),
            ("SELECT [it's Ada], 'Ada' FROM facts", "SELECT […], '…' FROM facts"),
            ("SELECT 1 /*/ Ada", "SELECT 1 "),
            ("SELECT 1 - 2 / 3 --", "SELECT 1 - 2 / 3 "),
        ];
        for (sql, expected) in table {
            let sql = sql.to_owned();
            let question = SqlQuestion { sql, parameters: None, format: SqlFormat::Json };
            assert_eq!(question.without_texts(), expected);
        }
        let sql = "é".repeat(5_000);
        let question = SqlQuestion { sql, parameters: None, format: SqlFormat::Json };
        assert_eq!(question.without_texts().len(), AUDIT_BYTES_MAX);
    }
}
