//! The functions that statements may call, and those that SQLite lacks.

use std::collections::HashSet;
use std::mem::size_of;

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result, ffi};

use crate::heap::{self, Pause};
use crate::time_text;

/// The functions that may be called. Those are not among them that make long texts of nothing, tell
/// of the server, or write.
pub(crate) const PERMITTED: [&str; 81] = [
    "->",
    "->>",
    "abs",
    "avg",
    "ceil",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "floor",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "in_zone",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_object",
    "json_quote",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "lower",
    "ltrim",
    "max",
    "median",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "percentile",
    "pow",
    "quote",
    "random",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "timediff",
    "total",
    "trim",
    "typeof",
    "unicode",
    "unixepoch",
    "unlikely",
    "upper",
];

/// A function of a number.
type Numeric = fn(f64) -> f64;

/// Adds the functions that SQLite lacks, and those that would take too long in SQLite.
///
/// # Errors
///
/// Those of SQLite.
pub(crate) fn add(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, compute) in [
        ("ceil", f64::ceil as Numeric),
        ("floor", f64::floor),
        ("sqrt", f64::sqrt),
        ("ln", f64::ln),
    ] {
        let function = move |context: &Context<'_>| Ok(number(context, 0).map(compute));
        connection.create_scalar_function(name, 1, flags, function)?;
    }
    connection.create_scalar_function("pow", 2, flags, |context| {
        let (base, power) = (number(context, 0), number(context, 1));
        Ok(base.zip(power).map(|(base, power)| base.powf(power)))
    })?;
    connection.create_scalar_function("in_zone", 2, flags, |context| {
        let (time, zone) = (text(context, 0), text(context, 1));
        Ok(time.zip(zone).and_then(|(time, zone)| time_text::in_zone(&time, &zone)))
    })?;
    for (name, at_start, at_end) in
        [("trim", true, true), ("ltrim", true, false), ("rtrim", false, true)]
    {
        // SQLite compares each character of one text with all of the other.
        connection.create_scalar_function(name, 2, flags, move |context| {
            let (text, letters) = (text(context, 0), text(context, 1));
            let both = text.zip(letters);
            Ok(both.map(|(text, letters)| trimmed(&text, &letters, (at_start, at_end))))
        })?;
    }
    connection.create_aggregate_function("median", 1, flags, Percentile)?;
    connection.create_aggregate_function("percentile", 2, flags, Percentile)
}

/// A text without letters at its start and its end.
fn trimmed(text: &str, letters: &str, (at_start, at_end): (bool, bool)) -> String {
    // Few calls take long: most letters are in the table.
    let mut table = [false; 128];
    let mut others = HashSet::new();
    for letter in letters.chars() {
        match table.get_mut(letter as usize) {
            Some(is_there) => *is_there = true,
            None => {
                others.insert(letter);
            }
        }
    }
    let is_removed = |letter: char| {
        let is_there = table.get(letter as usize).copied();
        is_there.unwrap_or_else(|| others.contains(&letter))
    };
    let text = if at_start { text.trim_start_matches(is_removed) } else { text };
    let text = if at_end { text.trim_end_matches(is_removed) } else { text };
    text.to_owned()
}

/// An argument as a number; none if it is none.
fn number(context: &Context<'_>, place: usize) -> Option<f64> {
    let _pause = Pause::begin();
    match context.get_raw(place) {
        ValueRef::Integer(number) => Some(near(number)),
        ValueRef::Real(number) => Some(number),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "as SQLite does")]
const fn near(number: i64) -> f64 {
    number as f64
}

/// An argument as a text; none if it is nothing.
fn text(context: &Context<'_>, place: usize) -> Option<String> {
    let _pause = Pause::begin();
    match context.get_raw(place) {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            Some(String::from_utf8_lossy(text).into_owned())
        }
    }
}

/// The value below which a share of the numbers of a group is, between two of them in proportion.
struct Percentile;

/// The numbers of a group, and the share of them in percent.
struct Numbers {
    values: Vec<f64>,
    percent: f64,
}

/// Bytes of memory of numbers.
fn bytes_of(count: usize) -> i64 {
    i64::try_from(size_of::<f64>() * count).unwrap_or(i64::MAX)
}

impl Numbers {
    /// Adds a number.
    ///
    /// # Errors
    ///
    /// Without a text if the budget of the thread does not suffice.
    fn push(&mut self, number: f64) -> Result<()> {
        if self.values.len() == self.values.capacity() {
            let more = self.values.len().max(8);
            if !heap::charge(bytes_of(more)) {
                return Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_NOMEM), None));
            }
            self.values.reserve_exact(more);
        }
        self.values.push(number);
        Ok(())
    }

    fn percentile(&mut self) -> Option<f64> {
        let last = u32::try_from(self.values.len().checked_sub(1)?).ok()?;
        let place = self.percent / 100.0 * f64::from(last);
        let below = whole_of(place).min(last as usize);
        let (_, lower, above) = self.values.select_nth_unstable_by(below, f64::total_cmp);
        let lower = *lower;
        let upper = above.iter().copied().min_by(f64::total_cmp).unwrap_or(lower);
        Some(lower + (upper - lower) * place.fract())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is not negative and less than 2^32"
)]
const fn whole_of(place: f64) -> usize {
    place as usize
}

impl Drop for Numbers {
    fn drop(&mut self) {
        heap::charge(-bytes_of(self.values.capacity()));
    }
}

impl Aggregate<Numbers, Option<f64>> for Percentile {
    fn init(&self, _context: &mut Context<'_>) -> Result<Numbers> {
        Ok(Numbers { values: Vec::new(), percent: 50.0 })
    }

    fn step(&self, context: &mut Context<'_>, numbers: &mut Numbers) -> Result<()> {
        if context.len() == 2 {
            let percent = number(context, 1).filter(|percent| (0.0..=100.0).contains(percent));
            numbers.percent = percent.ok_or_else(|| {
                Error::UserFunctionError("percentile(X, P) takes a P from 0 to 100".into())
            })?;
        }
        number(context, 0).map_or(Ok(()), |number| numbers.push(number))
    }

    fn finalize(
        &self,
        _context: &mut Context<'_>,
        numbers: Option<Numbers>,
    ) -> Result<Option<f64>> {
        Ok(numbers.and_then(|mut numbers| numbers.percentile()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_give_what_they_say() {
        let connection = Connection::open_in_memory().unwrap();
        add(&connection).unwrap();
        let table = [
            ("SELECT median(value) FROM json_each('[4, 1, null, 3, 2]')", "2.5"),
            ("SELECT median(value) FROM json_each('[7]')", "7.0"),
            ("SELECT percentile(value, 90) FROM json_each('[0, 10]')", "9.0"),
            ("SELECT percentile(value, 100) FROM json_each('[3, 1, 2]')", "3.0"),
            ("SELECT coalesce(median(value), 'none') FROM json_each('[]')", "none"),
            ("SELECT ceil(1.2) || floor(1.8) || sqrt(9) || pow(2, 3)", "2.01.03.08.0"),
            ("SELECT trim('xxaxbxx', 'x') || ltrim('xa', 'yx') || rtrim('ax', 'x')", "axbaa"),
            ("SELECT trim('  a ') || ifnull(trim(NULL, 'x'), '-')", "a-"),
            ("SELECT in_zone('2026-01-01T00:00:00Z', 'Asia/Tokyo')", "2026-01-01T09:00:00.000000"),
        ];
        for (sql, expected) in table {
            let sql = format!("SELECT CAST(({sql}) AS TEXT)");
            let found: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(found, expected, "{sql}");
        }
        let refused = "SELECT percentile(value, 101) FROM json_each('[1]')";
        assert!(connection.query_row(refused, [], |row| row.get::<_, f64>(0)).is_err());
    }

    #[test]
    fn names_are_sorted_and_come_once() {
        assert!(PERMITTED.is_sorted_by(|one, other| one < other));
    }
}
