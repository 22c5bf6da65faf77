//! `acta sql`: statements in SQL about the facts of a tenant.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::query::{csv_of, incomplete_note, plain, rows};
use crate::admin::{Address, Client, Common, FactsNeeded, OfTenant, Output, Table};

/// Arguments of `acta sql`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    of: OfTenant,
    /// One SELECT over the tables facts, persons, groups, members and activities; `-` for standard
    /// input.
    sql: String,
    /// The value of the parameter `:NAME` of the statement: a number, true, false, null, or else a
    /// text; can be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    parameters: Vec<Parameter>,
    /// Print comma-separated values.
    #[arg(long)]
    csv: bool,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
struct Parameter {
    name: String,
    value: Value,
}

impl std::str::FromStr for Parameter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
        let read = serde_json::from_str::<Value>(value).ok();
        let read = read.filter(|it| it.is_number() || it.is_boolean() || it.is_null());
        Ok(Self { name: name.to_owned(), value: read.unwrap_or_else(|| value.into()) })
    }
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
        let address = Address::of(["tenants", &tenant, "sql"]);
        let answer = client.post(&address, Some(&question)).await?;
        let lines = if arguments.csv { csv(&answer) } else { table(&answer) };
        Ok(Output::new(answer, lines))
    })
}

impl Arguments {
    fn question(&self) -> Result<Value> {
        let mut sql = self.sql.clone();
        if sql == "-" {
            sql.clear();
            std::io::stdin().read_to_string(&mut sql).context("cannot read the statement")?;
        }
        let mut question = json!({ "sql": sql });
        if !self.parameters.is_empty() {
            let parameters = self.parameters.iter().map(|it| (it.name.clone(), it.value.clone()));
            question["parameters"] = parameters.collect::<Map<_, _>>().into();
        }
        Ok(question)
    }
}

fn names(answer: &Value) -> Vec<&str> {
    answer["columns"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The rows as comma-separated values.
pub(super) fn csv(answer: &Value) -> Vec<String> {
    csv_of(&names(answer), answer)
}

/// The rows as a table for people.
pub(super) fn table(answer: &Value) -> Vec<String> {
    let heads: Vec<String> = names(answer).iter().map(|name| name.to_uppercase()).collect();
    let mut table = Table::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows(answer) {
        table.row(row.iter().map(plain));
    }
    let mut lines = table.lines();
    lines.extend(incomplete_note(answer));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_shown_in_both_forms() {
        let answer = json!({
            "columns": ["verb", "mean"],
            "rows": [["a,b", 0.25], [null, 3]],
            "sequence": 5,
            "is_rebuilding": true,
        });
        let note = "incomplete: the facts are being made, and go up to statement 5";
        assert_eq!(table(&answer), ["VERB  MEAN", "a,b   0.25", "-     3", note]);
        assert_eq!(csv_of(&names(&answer), &answer), ["verb,mean", "\"a,b\",0.25", ",3"]);
    }

    #[test]
    fn parameters_are_numbers_flags_nothing_or_texts() {
        let table = [
            ("a=1", json!(1)),
            ("a=0.5", json!(0.5)),
            ("a=true", json!(true)),
            ("a=null", json!(null)),
            ("a=2026-03-01", json!("2026-03-01")),
            ("a=b=c", json!("b=c")),
            ("a=\"1\"", json!("\"1\"")),
            ("a=", json!("")),
        ];
        for (text, value) in table {
            assert_eq!(text.parse(), Ok(Parameter { name: "a".to_owned(), value }), "{text}");
        }
        assert!("a".parse::<Parameter>().is_err());
    }
}
