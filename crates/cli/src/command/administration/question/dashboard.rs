//! `acta dashboard`: saved questions and key figures (KPIs), side by side.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::super::query::{plain, read_question};
use super::super::{query, sql};
use super::{LISTED_MAX, questions};
use crate::admin::{Address, Client, Common, FactsNeeded, OfTenant, Output, fields, table, whole};

/// Arguments of `acta dashboard`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists the dashboards of a tenant that are shared.
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Saves a dashboard for all who may ask questions about the tenant.
    Save(SaveArgs),
    /// Shows the tiles of a dashboard.
    Show(DashboardArg),
    /// Answers all tiles of a dashboard.
    Answer(DashboardArg),
    /// Removes a dashboard. The saved questions of its tiles stay.
    Remove(DashboardArg),
}

#[derive(Debug, clap::Args)]
struct SaveArgs {
    /// The name.
    name: String,
    /// A file with `tiles` as JSON, as the API takes them; the question of a tile can also be the
    /// name of a saved question. `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    of: OfTenant,
    /// What it is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// Replace the dashboard that has this name.
    #[arg(long)]
    replace: bool,
}

/// The dashboard.
#[derive(Debug, clap::Args)]
struct DashboardArg {
    /// The name or the id of the dashboard.
    dashboard: String,
    #[command(flatten)]
    of: OfTenant,
}

impl DashboardArg {
    /// Its path, or one below it.
    async fn address(&self, client: &mut Client, below: &[&str]) -> Result<Address> {
        let Some(id) = find(client, self.of, &self.dashboard).await? else {
            let wanted = &self.dashboard;
            bail!("there is no dashboard {wanted:?}: `acta dashboard list` shows them")
        };
        let below: Vec<&str> = [&*id].into_iter().chain(below.iter().copied()).collect();
        dashboards(client, self.of, &below).await
    }
}

/// The path of the dashboards of a tenant, or one below it.
async fn dashboards(client: &mut Client, of: OfTenant, below: &[&str]) -> Result<Address> {
    let tenant = client.tenant(of).await?;
    let segments = ["tenants", &tenant, "dashboards"];
    Ok(Address::of(segments.into_iter().chain(below.iter().copied())))
}

/// The id of the dashboard that has this name or this id.
async fn find(client: &mut Client, of: OfTenant, wanted: &str) -> Result<Option<String>> {
    let address = dashboards(client, of, &[]).await?;
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
        Act::Answer(_) => FactsNeeded::Current,
        Act::List { .. } | Act::Save(_) | Act::Show(_) | Act::Remove(_) => FactsNeeded::No,
    };
    Client::run_with_facts(file, &arguments.common, facts, async |client| {
        act(client, &arguments.act).await
    })
}

async fn act(client: &mut Client, act: &Act) -> Result<Output> {
    match act {
        Act::List { of } => {
            let address = dashboards(client, *of, &[]).await?;
            let found = client.list(&address, LISTED_MAX).await?;
            let lines = table(&found, &[("NAME", "/name"), ("CHANGED", "/changed"), ("ID", "/id")]);
            Ok(Output::new(whole(&found), lines))
        }
        Act::Save(arguments) => save(client, arguments).await,
        Act::Show(one) => {
            let address = one.address(client, &[]).await?;
            Ok(show(client.get(&address).await?))
        }
        Act::Answer(one) => {
            let address = one.address(client, &["answer"]).await?;
            let answer = client.post(&address, None).await?;
            let lines = answered(&answer);
            Ok(Output::new(answer, lines))
        }
        Act::Remove(one) => {
            let address = one.address(client, &[]).await?;
            client.delete(&address).await?;
            Ok(Output::done("the dashboard was removed"))
        }
    }
}

async fn save(client: &mut Client, arguments: &SaveArgs) -> Result<Output> {
    let SaveArgs { name, file, of, description, replace } = arguments;
    let mut tiles = read_question(file)?["tiles"].take();
    let address = questions(client, *of, &[]).await?;
    let known = client.list(&address, LISTED_MAX).await?;
    for tile in tiles.as_array_mut().into_iter().flatten() {
        let named = known.iter().find(|one| one["name"] == tile["question"]);
        if let Some(question) = named {
            tile["question"] = question["id"].clone();
        }
    }
    // Who works at the command line is no person, whose dashboards could be for it alone.
    let body = json!({ "name": name, "description": description, "shared": true, "tiles": tiles });
    if *replace && let Some(id) = find(client, *of, name).await? {
        let address = dashboards(client, *of, &[&id]).await?;
        return Ok(show(client.put(&address, &body).await?));
    }
    let address = dashboards(client, *of, &[]).await?;
    Ok(show(client.post(&address, Some(&body)).await?))
}

/// A dashboard for people.
fn show(dashboard: Value) -> Output {
    let members = dashboard.as_object().into_iter().flatten();
    let others = members.filter(|(name, _)| *name != "tiles");
    let others: Value = others.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut lines = fields(&others, &["id", "name", "description"]);
    lines.extend(format!("{:#}", dashboard["tiles"]).lines().map(str::to_owned));
    Output::new(dashboard, lines)
}

/// The tiles with their answers for people.
fn answered(answer: &Value) -> Vec<String> {
    let tiles = answer["tiles"].as_array().into_iter().flatten();
    let mut lines = Vec::new();
    for tile in tiles {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let title = tile["title"].as_str().or(tile["question"].as_str()).unwrap_or_default();
        lines.push(format!("# {title}"));
        lines.extend(tile_lines(tile));
    }
    lines
}

fn tile_lines(tile: &Value) -> Vec<String> {
    let (answer, kpi, problem) = (&tile["answer"], &tile["kpi"], &tile["problem"]);
    if let Some(detail) = problem["detail"].as_str() {
        return vec![detail.to_owned()];
    }
    if kpi.is_object() {
        return vec![kpi_line(kpi)];
    }
    match tile["kind"].as_str() {
        Some("query") => query::table(answer),
        Some("sql") => sql::table(answer),
        _ => format!("{answer:#}").lines().map(str::to_owned).collect(),
    }
}

/// Such as `812 learners, target 1000 not met, +22 since the period before`.
fn kpi_line(kpi: &Value) -> String {
    let value = &kpi["value"];
    let mut line = match (value.is_null(), kpi["is_withheld"].as_bool()) {
        (true, Some(true)) => "withheld".to_owned(),
        (true, _) => "no value".to_owned(),
        (false, _) => plain(value),
    };
    if let Some(unit) = kpi["unit"].as_str() {
        line = format!("{line} {unit}");
    }
    if !kpi["target"].is_null() {
        let is_met = match kpi["met"].as_bool() {
            Some(true) => " met",
            Some(false) => " not met",
            None => "",
        };
        line = format!("{line}, target {}{is_met}", plain(&kpi["target"]));
    }
    if let Some(change) = kpi["before"]["change"].as_f64() {
        let sign = if change < 0.0 { "" } else { "+" };
        let change = plain(&kpi["before"]["change"]);
        line = format!("{line}, {sign}{change} since the period before");
    }
    if let Some(owner) = kpi["owner"].as_str() {
        line = format!("{line} ({owner})");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tiles_of_a_dashboard_are_shown_under_their_titles() {
        let answer = json!({"tiles": [
            {"question": "a", "title": "Days", "kind": "query",
                "answer": {"columns": [{"name": "n", "kind": "measure"}], "rows": [[8]]}},
            {"question": "b", "title": "Learners", "kind": "query", "kpi": {"value": 812,
                "target": 1000, "met": false, "unit": "learners", "owner": "Training",
                "before": {"value": 790, "change": 22}}},
            {"question": "c", "title": null, "kind": null, "problem": {"detail": "removed"}},
        ]});
        let lines = answered(&answer);
        let kpi = "812 learners, target 1000 not met, +22 since the period before (Training)";
        assert_eq!(lines[0], "# Days");
        assert!(lines.contains(&kpi.to_owned()), "{lines:?}");
        assert_eq!(lines[lines.len() - 2..], ["# c", "removed"]);
        let withheld = json!({"value": null, "target": 5, "met": null, "is_withheld": true});
        assert_eq!(kpi_line(&withheld), "withheld, target 5");
    }

    #[test]
    fn a_dashboard_is_shown_with_its_tiles() {
        let dashboard = json!({"id": "a", "name": "Week", "tiles": [{"question": "b"}]});
        let lines = show(dashboard.clone()).lines;
        let from = lines.iter().position(|line| line == "[").expect("the tiles");
        let tiles: Value = serde_json::from_str(&lines[from..].join("\n")).unwrap();
        assert_eq!(tiles, dashboard["tiles"]);
    }
}
