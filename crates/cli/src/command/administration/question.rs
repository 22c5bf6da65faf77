//! `acta question`: questions that are saved under a name.

pub(crate) mod dashboard;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::query::read_question;
use super::{query, sql};
use crate::admin::{Address, Client, Common, FactsNeeded, OfTenant, Output, fields, table, whole};

/// Saved questions or dashboards that are listed, at most.
const LISTED_MAX: usize = 100_000;

/// Arguments of `acta question`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists the saved questions of a tenant that are shared.
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Saves a question for all who may ask questions about the tenant. It is asked once, and saved
    /// only if there is an answer.
    Save(SaveArgs),
    /// Shows a saved question.
    Show(QuestionArg),
    /// Answers a saved question.
    Run {
        #[command(flatten)]
        one: QuestionArg,
        /// Print comma-separated values; not for analyses.
        #[arg(long)]
        csv: bool,
    },
    /// Removes a saved question.
    Remove(QuestionArg),
}

#[derive(Debug, clap::Args)]
struct SaveArgs {
    /// The name.
    name: String,
    /// A file with the question as JSON, as the API takes it; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    of: OfTenant,
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// The file has one SELECT, as `acta sql` takes it.
    #[arg(long)]
    sql: bool,
    /// The file is what this analysis is asked with, such as `courses`.
    #[arg(long, value_name = "NAME", conflicts_with = "sql")]
    analysis: Option<String>,
    /// Replace the saved question that has this name.
    #[arg(long)]
    replace: bool,
}

/// The saved question.
#[derive(Debug, clap::Args)]
struct QuestionArg {
    /// The name or the id of the saved question.
    question: String,
    #[command(flatten)]
    of: OfTenant,
}

impl QuestionArg {
    /// Its path, or one below it.
    async fn address(&self, client: &mut Client, below: &[&str]) -> Result<Address> {
        let Some(id) = find(client, self.of, &self.question).await? else {
            bail!("there is no saved question {:?}: `acta question list` shows them", self.question)
        };
        let below: Vec<&str> = [&*id].into_iter().chain(below.iter().copied()).collect();
        questions(client, self.of, &below).await
    }
}

/// The path of the saved questions of a tenant, or one below it.
async fn questions(client: &mut Client, of: OfTenant, below: &[&str]) -> Result<Address> {
    let tenant = client.tenant(of).await?;
    let segments = ["tenants", &tenant, "questions"];
    Ok(Address::of(segments.into_iter().chain(below.iter().copied())))
}

/// The id of the question that has this name or this id.
async fn find(client: &mut Client, of: OfTenant, wanted: &str) -> Result<Option<String>> {
    let address = questions(client, of, &[]).await?;
    let all = client.list(&address, LISTED_MAX).await?;
    let is_wanted = |one: &&Value| one["name"] == wanted || one["id"] == wanted;
    Ok(all.iter().find(is_wanted).and_then(|one| one["id"].as_str()).map(str::to_owned))
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let facts = match &arguments.act {
        Act::Run { .. } => FactsNeeded::Current,
        Act::Save(_) => FactsNeeded::AsTheyAre,
        Act::List { .. } | Act::Show(_) | Act::Remove(_) => FactsNeeded::No,
    };
    Client::run_with_facts(file, &arguments.common, facts, async |client| {
        act(client, &arguments.act).await
    })
}

async fn act(client: &mut Client, act: &Act) -> Result<Output> {
    match act {
        Act::List { of } => {
            let address = questions(client, *of, &[]).await?;
            let found = client.list(&address, LISTED_MAX).await?;
            let columns =
                [("NAME", "/name"), ("KIND", "/kind"), ("CHANGED", "/changed"), ("ID", "/id")];
            let lines = table(&found, &columns);
            Ok(Output::new(whole(&found), lines))
        }
        Act::Save(arguments) => save(client, arguments).await,
        Act::Show(one) => {
            let address = one.address(client, &[]).await?;
            Ok(show(client.get(&address).await?))
        }
        Act::Run { one, csv } => answer(client, one, *csv).await,
        Act::Remove(one) => {
            let address = one.address(client, &[]).await?;
            client.delete(&address).await?;
            Ok(Output::done("the saved question was removed"))
        }
    }
}

async fn save(client: &mut Client, arguments: &SaveArgs) -> Result<Output> {
    let SaveArgs { name, of, description, replace, .. } = arguments;
    // Who works at the command line is no person, whose questions could be for it alone.
    let mut body = json!({ "name": name, "description": description, "shared": true });
    let (member, question) = arguments.question()?;
    body[member] = question;
    if *replace && let Some(id) = find(client, *of, name).await? {
        let address = questions(client, *of, &[&id]).await?;
        return Ok(show(client.put(&address, &body).await?));
    }
    let address = questions(client, *of, &[]).await?;
    Ok(show(client.post(&address, Some(&body)).await?))
}

impl SaveArgs {
    /// The member that the question is in, and the question.
    fn question(&self) -> Result<(&'static str, Value)> {
        if self.sql {
            return Ok(("sql", json!({ "sql": text_of(&self.file)? })));
        }
        let question = read_question(&self.file)?;
        Ok(match &self.analysis {
            Some(name) => ("analysis", json!({ "name": name, "request": question })),
            None => ("query", question),
        })
    }
}

/// The text of a file; `-` is standard input.
fn text_of(file: &Path) -> Result<String> {
    if file != Path::new("-") {
        return std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read the statement")?;
    Ok(text)
}

async fn answer(client: &mut Client, one: &QuestionArg, csv: bool) -> Result<Output> {
    let address = one.address(client, &[]).await?;
    let kind = client.get(&address).await?["kind"].as_str().unwrap_or_default().to_owned();
    let address = one.address(client, &["answer"]).await?;
    let answer = client.post(&address, None).await?;
    let lines = match (&*kind, csv) {
        ("query", false) => query::table(&answer),
        ("query", true) => query::csv(&answer),
        ("sql", false) => sql::table(&answer),
        ("sql", true) => sql::csv(&answer),
        (_, true) => bail!("there are no comma-separated values of an analysis: use --json"),
        (_, false) => pretty(&answer),
    };
    Ok(Output::new(answer, lines))
}

/// A saved question for people.
fn show(question: Value) -> Output {
    let mut lines = Vec::new();
    if let Some(members) = question.as_object() {
        let is_asked = |name: &str| ["query", "sql", "analysis"].contains(&name);
        let (asked, others): (Vec<_>, Vec<_>) =
            members.iter().partition(|(name, _)| is_asked(name));
        let others: Value =
            others.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        lines = fields(&others, &["id", "name", "description", "kind"]);
        lines.extend(asked.into_iter().flat_map(|(_, question)| pretty(question)));
    }
    Output::new(question, lines)
}

/// A value as JSON with line breaks.
fn pretty(value: &Value) -> Vec<String> {
    format!("{value:#}").lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_question_is_shown_with_what_it_asks() {
        let question = json!({"id": "a", "name": "Days", "kind": "query", "shared": true,
            "query": {"measures": [{"measure": "count"}]}});
        let lines = show(question.clone()).lines;
        assert!(lines.iter().any(|line| line.contains("Days")), "{lines:?}");
        let from = lines.iter().position(|line| line == "{").expect("what it asks");
        let asked: Value = serde_json::from_str(&lines[from..].join("\n")).unwrap();
        assert_eq!(asked, question["query"]);
    }
}
