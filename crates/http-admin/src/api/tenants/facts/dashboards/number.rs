//! The one number in the answer to a question.

use serde::Deserialize;
use serde_json::{Number, Value};

/// The answer to a question, or to a statement in SQL.
#[derive(Debug, Deserialize)]
pub(super) struct Table {
    /// Names, or columns with names.
    columns: Vec<Value>,
    rows: Vec<Vec<Value>>,
    #[serde(default)]
    withheld: Option<Value>,
    /// Whether facts are being made.
    #[serde(default)]
    pub(super) is_rebuilding: bool,
}

impl Table {
    /// The number in the only row: none if it has no value or is withheld.
    ///
    /// # Errors
    ///
    /// Why there is not one number, for people.
    pub(super) fn number(&self, column: Option<&str>) -> Result<Option<Number>, String> {
        let index = self.column(column)?;
        let row = match &*self.rows {
            [row] => row,
            [] if self.is_withheld() => return Ok(None),
            rows => return Err(format!("the answer has {} rows, not one", rows.len())),
        };
        match row.get(index) {
            Some(Value::Number(number)) => Ok(Some(number.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err("the value is no number".to_owned()),
        }
    }

    /// Whether something is withheld, since it is about too few learners.
    pub(super) const fn is_withheld(&self) -> bool {
        self.withheld.is_some()
    }

    /// The number of a column, from 0.
    fn column(&self, wanted: Option<&str>) -> Result<usize, String> {
        let Some(wanted) = wanted else {
            return match self.columns.len() {
                1 => Ok(0),
                count => Err(format!("the answer has {count} columns: name one as `column`")),
            };
        };
        let is_wanted =
            |column: &Value| column.as_str().or(column["name"].as_str()) == Some(wanted);
        let found = self.columns.iter().position(is_wanted);
        found.ok_or_else(|| format!("the answer has no column {wanted:?}"))
    }
}

/// The difference of two numbers: a whole one of whole ones.
pub(super) fn difference(now: &Number, before: &Number) -> Option<Number> {
    let whole = now.as_i64().zip(before.as_i64());
    match whole.and_then(|(now, before)| now.checked_sub(before)) {
        Some(change) => Some(change.into()),
        None => Number::from_f64(now.as_f64()? - before.as_f64()?),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(table: &Value, column: Option<&str>, expected: Result<Value, &str>) {
        let read: Table = serde_json::from_value(table.clone()).unwrap();
        let number = read.number(column);
        match expected {
            Ok(value) => assert_eq!(json!(number.unwrap()), value, "{table}"),
            Err(text) => assert!(number.as_ref().unwrap_err().contains(text), "{number:?}"),
        }
    }

    #[test]
    fn an_answer_gives_the_number_of_its_column() {
        let one = json!({"columns": [{"name": "n", "kind": "measure"}], "rows": [[8]]});
        let two = json!({"columns": ["a", "b"], "rows": [[1, 0.25]]});
        check(&one, None, Ok(json!(8)));
        check(&one, Some("n"), Ok(json!(8)));
        check(&one, Some("m"), Err("no column \"m\""));
        check(&two, Some("b"), Ok(json!(0.25)));
        check(&two, None, Err("2 columns"));
        check(&json!({"columns": ["a"], "rows": [[null]]}), None, Ok(Value::Null));
        check(&json!({"columns": ["a"], "rows": [["8"]]}), None, Err("no number"));
        check(&json!({"columns": ["a"], "rows": [[1], [2]]}), None, Err("2 rows"));
        check(&json!({"columns": ["a"], "rows": []}), None, Err("0 rows"));
        check(&json!({"columns": ["a"], "rows": [], "withheld": {}}), None, Ok(Value::Null));
    }

    #[test]
    fn a_difference_of_whole_numbers_is_whole() {
        let table = [
            (json!(5), json!(8), json!(-3)),
            (json!(0.5), json!(0.25), json!(0.25)),
            (json!(2), json!(0.5), json!(1.5)),
            (json!(i64::MIN), json!(1), json!(-9_223_372_036_854_775_809.0)),
        ];
        for (now, before, expected) in table {
            let number = |value: &Value| value.as_number().cloned().unwrap();
            let found = difference(&number(&now), &number(&before));
            assert_eq!(json!(found), expected, "{now} - {before}");
        }
    }
}
