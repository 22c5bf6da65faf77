//! `acta query`: questions about the statements of a tenant.

pub(super) mod question;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::admin::{Address, Client, Common, FactsNeeded, OfTenant, Output, Table};
use question::{Dimension, Measure, Order, Test};

/// Arguments of `acta query`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    of: OfTenant,
    /// A file with the question as JSON, as the API takes it; `-` for standard input. Options are
    /// then not used.
    #[arg(
        id = "question",
        value_name = "FILE",
        conflicts_with_all = ["measures", "by", "conditions", "order"]
    )]
    file: Option<PathBuf>,
    /// What is computed, such as `count`, `distinct:person`, `mean:credit` or
    /// `percentile:duration:90`, with a name of its own as in `learners=distinct:person`; can be
    /// repeated [default: count].
    #[arg(long = "measure", value_name = "MEASURE")]
    measures: Vec<Measure>,
    /// What the rows are, such as `verb`, `timestamp:day`, `credit:0.1`, `group`, or groups of a
    /// kind (`group:unit`) or on a level (`group:1`, the top); can be repeated.
    #[arg(long, value_name = "FIELD")]
    by: Vec<Dimension>,
    /// Which statements count, such as `success=true`, `verb!=IRI`, `credit>=0.5`,
    /// `timestamp<2026-07-01` or `object.name~fire`; all that are given must hold.
    #[arg(long = "where", value_name = "TEST")]
    conditions: Vec<Test>,
    /// The measure or dimension that the rows are sorted by; with `-` before it, the largest first;
    /// can be repeated.
    #[arg(long, value_name = "[-]NAME", allow_hyphen_values = true)]
    order: Vec<Order>,
    /// The maximum number of rows.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Also computes the measures of all statements together.
    #[arg(long)]
    totals: bool,
    /// The time zone of days, weeks and other periods [default: UTC].
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Print comma-separated values.
    #[arg(long)]
    csv: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    Client::run_with_facts(file, &arguments.common, FactsNeeded::Current, async |client| {
        let question = arguments.question()?;
        let tenant = client.tenant(arguments.of).await?;
        let address = Address::of(["tenants", &tenant, "query"]);
        let answer = client.post(&address, Some(&question)).await?;
        let lines = if arguments.csv { csv(&answer) } else { table(&answer) };
        Ok(Output::new(answer, lines))
    })
}

impl Arguments {
    fn question(&self) -> Result<Value> {
        if let Some(file) = &self.file {
            return read_question(file);
        }
        Ok(question::write(&question::Parts {
            measures: &self.measures,
            dimensions: &self.by,
            tests: &self.conditions,
            order: &self.order,
            limit: self.limit,
            has_totals: self.totals,
            zone: self.zone.as_deref(),
        }))
    }
}

/// Reads a file with a question; `-` is standard input.
///
/// # Errors
///
/// When it cannot be read, or is no JSON object.
pub(super) fn read_question(file: &Path) -> Result<Value> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("cannot read the question")?;
    } else {
        text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
    }
    let question: Value = serde_json::from_str(&text).context("the question is not JSON")?;
    if question.is_object() { Ok(question) } else { bail!("the question is not a JSON object") }
}

fn names(answer: &Value) -> Vec<&str> {
    let columns = answer["columns"].as_array().into_iter().flatten();
    columns.filter_map(|column| column["name"].as_str()).collect()
}

/// The rows of an answer.
pub(super) fn rows(answer: &Value) -> impl Iterator<Item = &Vec<Value>> {
    answer["rows"].as_array().into_iter().flatten().filter_map(Value::as_array)
}

/// The rows as a table for people: names in place of ids, where they are known.
pub(super) fn table(answer: &Value) -> Vec<String> {
    let names = names(answer);
    let heads: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
    let mut table = Table::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    let incomplete: Vec<u64> =
        answer["incomplete"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    for (number, row) in (0..).zip(rows(answer)) {
        let cells = row.iter().zip(&names).map(|(cell, name)| {
            let label = cell.as_str().and_then(|id| answer["labels"][name][id].as_str());
            label.map_or_else(|| plain(cell), str::to_owned)
        });
        let mut cells: Vec<String> = cells.collect();
        if incomplete.contains(&number)
            && let Some(first) = cells.first_mut()
        {
            first.push('*');
        }
        table.row(cells);
    }
    if let Some(totals) = answer["totals"].as_array() {
        let blanks = names.len().saturating_sub(totals.len());
        let mut cells = vec![String::new(); blanks];
        if let Some(first) = cells.first_mut() {
            "all".clone_into(first);
        }
        cells.extend(totals.iter().map(plain));
        table.row(cells);
    }
    let mut lines = table.lines();
    if !incomplete.is_empty() {
        lines.push("* not a whole period".to_owned());
    }
    let (shown, groups) = (rows(answer).count(), answer["group_count"].as_u64().unwrap_or(0));
    if (shown as u64) < groups {
        lines.push(format!("{shown} of {groups} rows; --limit shows more"));
    }
    lines.extend(withheld(answer));
    lines.extend(incomplete_note(answer));
    lines
}

/// That statements are missing in an answer, if they are.
pub(super) fn incomplete_note(answer: &Value) -> Option<String> {
    let last = &answer["sequence"];
    let is_rebuilding = answer["is_rebuilding"] == true;
    is_rebuilding
        .then(|| format!("incomplete: the facts are being made, and go up to statement {last}"))
}

/// What an answer withholds, if anything.
fn withheld(answer: &Value) -> Option<String> {
    let smallest = answer["withheld"]["smallest_group"].as_u64()?;
    Some(format!("some figures are withheld, since they are about fewer than {smallest} learners"))
}

/// A value for people.
pub(super) fn plain(cell: &Value) -> String {
    match cell {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            let rounded = format!("{:.4}", number.as_f64().unwrap_or_default());
            rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => cell.to_string(),
    }
}

/// Comma-separated values.
pub(super) fn csv(answer: &Value) -> Vec<String> {
    csv_of(&names(answer), answer)
}

/// The names of columns and the rows of an answer as comma-separated values.
///
/// Spec: RFC 4180.
pub(super) fn csv_of(names: &[&str], answer: &Value) -> Vec<String> {
    let quoted = |text: &str| {
        let is_plain = !text.contains([',', '"', '\n', '\r']);
        if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
    };
    let exact = |cell: &Value| match cell {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => cell.to_string(),
    };
    let head = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(",");
    let rows = rows(answer).map(|row| row.iter().map(exact).collect::<Vec<_>>().join(","));
    std::iter::once(head).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer() -> Value {
        json!({
            "columns": [{"name": "verb", "kind": "dimension"}, {"name": "mean", "kind": "measure"}],
            "rows": [["http://v/1", 0.5], ["a,\"b\"", null]],
            "labels": {"verb": {"http://v/1": "passed"}},
            "incomplete": [1],
            "totals": [0.123_456],
            "group_count": 3,
        })
    }

    #[test]
    fn an_answer_is_shown_as_a_table() {
        let lines = [
            "VERB    MEAN",
            "passed  0.5",
            "a,\"b\"*  -",
            "all     0.1235",
            "* not a whole period",
            "2 of 3 rows; --limit shows more",
        ];
        assert_eq!(table(&answer()), lines);
    }

    #[test]
    fn an_answer_is_written_as_comma_separated_values() {
        assert_eq!(csv(&answer()), ["verb,mean", "http://v/1,0.5", "\"a,\"\"b\"\"\","]);
    }
}
