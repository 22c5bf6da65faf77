//! Rows as text: JSON or comma-separated values, within limits.

use std::io::Write;

use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{SqlError, SqlLimits};

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SqlFormat {
    /// A JSON object.
    #[default]
    Json,
    /// Comma-separated values with a line for the names of the columns.
    Csv,
}

/// Writes rows.
#[derive(Debug)]
pub(crate) struct Writer<'l> {
    format: SqlFormat,
    limits: &'l SqlLimits,
    bytes: Vec<u8>,
    row_count: usize,
    is_first_cell: bool,
}

impl<'l> Writer<'l> {
    /// Begins with the names of the columns.
    pub(crate) fn new<'n>(
        format: SqlFormat,
        limits: &'l SqlLimits,
        columns: impl Iterator<Item = &'n str>,
    ) -> Self {
        let bytes = Vec::new();
        let mut writer = Self { format, limits, bytes, row_count: 0, is_first_cell: true };
        if format == SqlFormat::Json {
            writer.bytes.extend(br#"{"columns":["#);
        }
        columns.for_each(|name| writer.cell(ValueRef::Text(name.as_bytes())));
        writer.bytes.extend(match format {
            SqlFormat::Json => &br#"],"rows":["#[..],
            SqlFormat::Csv => b"\r\n",
        });
        writer
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// [`SqlError::TooLarge`] if there are too many, or they are too long.
    pub(crate) fn row<'v>(
        &mut self,
        values: impl Iterator<Item = ValueRef<'v>>,
    ) -> Result<(), SqlError> {
        if self.row_count == self.limits.rows_max {
            let text = format!("more than {} rows: add a LIMIT, or group", self.row_count);
            return Err(SqlError::TooLarge(text));
        }
        if self.format == SqlFormat::Json {
            self.bytes.extend(if self.row_count == 0 { &b"["[..] } else { b",[" });
        }
        self.is_first_cell = true;
        values.for_each(|value| self.cell(value));
        self.bytes.extend(match self.format {
            SqlFormat::Json => &b"]"[..],
            SqlFormat::Csv => b"\r\n",
        });
        self.row_count += 1;
        if self.limits.answer_bytes_max < self.bytes.len() {
            let most = self.limits.answer_bytes_max;
            let text = format!("the rows are longer than {most} bytes: select fewer of them");
            return Err(SqlError::TooLarge(text));
        }
        Ok(())
    }

    /// The whole answer.
    pub(crate) fn finish(mut self, sequence: u64, is_rebuilding: bool) -> Vec<u8> {
        if self.format == SqlFormat::Json {
            let end = format!(r#"],"sequence":{sequence},"is_rebuilding":{is_rebuilding}}}"#);
            self.bytes.extend(end.as_bytes());
        }
        self.bytes
    }

    fn cell(&mut self, value: ValueRef<'_>) {
        if !std::mem::replace(&mut self.is_first_cell, false) {
            self.bytes.push(b',');
        }
        // Writing to a Vec cannot fail.
        let _ = match (self.format, value) {
            (SqlFormat::Json, ValueRef::Null) => write!(self.bytes, "null"),
            (SqlFormat::Csv, ValueRef::Null) => Ok(()),
            (_, ValueRef::Integer(number)) => write!(self.bytes, "{number}"),
            (SqlFormat::Json, ValueRef::Real(number)) => {
                write!(self.bytes, "{}", serde_json::Value::from(number))
            }
            (SqlFormat::Csv, ValueRef::Real(number)) => write!(self.bytes, "{number}"),
            (_, ValueRef::Text(text)) => {
                self.text(&String::from_utf8_lossy(text));
                Ok(())
            }
            (_, ValueRef::Blob(blob)) => {
                let mut digits = String::with_capacity(2 * blob.len());
                for byte in blob {
                    let nibbles = [byte >> 4, byte & 15].map(|it| char::from_digit(it.into(), 16));
                    digits.extend(nibbles.into_iter().flatten());
                }
                self.text(&digits);
                Ok(())
            }
        };
    }

    /// Spec: RFC 8259, 7; RFC 4180, 2.
    fn text(&mut self, text: &str) {
        match self.format {
            SqlFormat::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                self.bytes.extend(quoted.as_bytes());
            }
            SqlFormat::Csv if text.contains([',', '"', '\n', '\r']) => {
                self.bytes.push(b'"');
                self.bytes.extend(text.replace('"', "\"\"").as_bytes());
                self.bytes.push(b'"');
            }
            SqlFormat::Csv => self.bytes.extend(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: SqlLimits = SqlLimits { memory_bytes: 0, rows_max: 2, answer_bytes_max: 90 };

    fn written(format: SqlFormat) -> String {
        let mut writer = Writer::new(format, &LIMITS, ["a,b", "c"].into_iter());
        let values = [ValueRef::Text("é\"\n".as_bytes()), ValueRef::Null];
        writer.row(values.into_iter()).unwrap();
        writer.row([ValueRef::Integer(-1), ValueRef::Real(0.5)].into_iter()).unwrap();
        String::from_utf8(writer.finish(7, false)).unwrap()
    }

    #[test]
    fn rows_are_written_in_both_forms() {
        let json = serde_json::from_str::<serde_json::Value>(&written(SqlFormat::Json)).unwrap();
        let expected = serde_json::json!({
            "columns": ["a,b", "c"],
            "rows": [["é\"\n", null], [-1, 0.5]],
            "sequence": 7,
            "is_rebuilding": false,
        });
        assert_eq!(json, expected);
        assert_eq!(written(SqlFormat::Csv), "\"a,b\",c\r\n\"é\"\"\n\",\r\n-1,0.5\r\n");
    }

    #[test]
    fn more_than_the_limits_is_refused() {
        let mut writer = Writer::new(SqlFormat::Csv, &LIMITS, ["a"].into_iter());
        let one = || [ValueRef::Integer(1)].into_iter();
        assert!(writer.row(one()).is_ok() && writer.row(one()).is_ok());
        let refused = writer.row(one()).unwrap_err().to_string();
        assert_eq!(refused, "more than 2 rows: add a LIMIT, or group");
        let mut writer = Writer::new(SqlFormat::Csv, &LIMITS, ["a"].into_iter());
        let long = "x".repeat(100);
        let refused = writer.row([ValueRef::Text(long.as_bytes())].into_iter()).unwrap_err();
        assert_eq!(refused.to_string(), "the rows are longer than 90 bytes: select fewer of them");
    }
}
