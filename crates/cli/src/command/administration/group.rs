//! `acta group`: units, classes and cohorts of learners, and who is a member when.

mod member;
mod path;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::csv_files::{CsvImport, export};
use crate::admin::{Address, Clearable, Client, Common, OfTenant, Output, fields, table, whole};

/// Most groups of a tenant.
const GROUPS_MAX: usize = acta_storage::directory::PersonGroup::COUNT_MAX;

/// Arguments of `acta group`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists the groups of a tenant, those below a group behind it.
    List {
        #[command(flatten)]
        of: OfTenant,
        /// Only groups with this text in the name or the kind.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Creates a group.
    Create {
        #[command(flatten)]
        of: OfTenant,
        /// The name.
        #[arg(long, value_name = "TEXT")]
        name: String,
        /// What kind of group it is, such as unit, class or cohort.
        #[arg(long, value_name = "TEXT")]
        kind: Option<String>,
        /// The id of the group that it is below.
        #[arg(long, value_name = "ID")]
        parent: Option<String>,
    },
    /// Shows a group.
    Show(GroupArg),
    /// Changes a group. Options that are not given leave it unchanged.
    Change {
        #[command(flatten)]
        one: GroupArg,
        /// The name.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// The kind; `none` removes it.
        #[arg(long, value_name = "TEXT|none")]
        kind: Option<Clearable<String>>,
        /// The id of the group that it is below; `none` moves it to the top.
        #[arg(long, value_name = "ID|none")]
        parent: Option<Clearable<String>>,
    },
    /// Removes a group without groups below it. Its members are not removed.
    Remove(GroupArg),
    /// Lists, adds and removes members of a group.
    Member(member::Arguments),
    /// Imports groups and members as comma-separated values: nothing, if a row is faulty. An import
    /// that is repeated changes nothing.
    Import {
        /// The file; `-` for standard input. The first line names the columns: `group` (names from
        /// the top down, with `/` between them), `kind`, one of `person`, `mbox`, `mbox_sha1sum`,
        /// `openid` or `account.homePage` with `account.name`, and the dates `from` and `until`.
        file: PathBuf,
        #[command(flatten)]
        of: OfTenant,
        /// Only check the file, and say what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Exports all groups with their members as comma-separated values that an import takes.
    Export {
        /// The file to write; `-` or none for standard output.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        of: OfTenant,
    },
}

/// The group.
#[derive(Debug, clap::Args)]
struct GroupArg {
    /// The id of the group.
    group: String,
    #[command(flatten)]
    of: OfTenant,
}

impl GroupArg {
    async fn address(&self, client: &mut Client, below: &[&str]) -> Result<Address> {
        let below: Vec<&str> =
            [self.group.as_str()].into_iter().chain(below.iter().copied()).collect();
        groups(client, self.of, &below).await
    }
}

/// The path of the groups of a tenant, or one below it.
async fn groups(client: &mut Client, of: OfTenant, below: &[&str]) -> Result<Address> {
    let tenant = client.tenant(of).await?;
    let segments = ["tenants", &tenant, "groups"];
    Ok(Address::of(segments.into_iter().chain(below.iter().copied())))
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    Client::run(file, &arguments.common, async |client| act(client, &arguments.act).await)
}

async fn act(client: &mut Client, act: &Act) -> Result<Output> {
    match act {
        Act::List { of, search } => list(client, *of, search.as_deref()).await,
        Act::Create { of, name, kind, parent } => {
            let address = groups(client, *of, &[]).await?;
            let body = json!({ "name": name, "kind": kind, "parent": parent });
            Ok(one_group(client.post(&address, Some(&body)).await?))
        }
        Act::Show(one) => {
            let address = one.address(client, &[]).await?;
            Ok(one_group(client.get(&address).await?))
        }
        Act::Change { one, name, kind, parent } => {
            let body = changes(name.as_deref(), kind.as_ref(), parent.as_ref())?;
            let address = one.address(client, &[]).await?;
            Ok(one_group(client.patch(&address, &body.into()).await?))
        }
        Act::Remove(one) => {
            let address = one.address(client, &[]).await?;
            client.delete(&address).await?;
            Ok(Output::done("the group was removed"))
        }
        Act::Member(arguments) => member::run(client, arguments).await,
        Act::Import { file, of, dry_run } => import(client, file, *of, *dry_run).await,
        Act::Export { file, of } => {
            let address = groups(client, *of, &["export"]).await?;
            export(client, &address, (file.as_deref(), "groups")).await
        }
    }
}

async fn import(client: &mut Client, file: &Path, of: OfTenant, dry_run: bool) -> Result<Output> {
    let import = CsvImport {
        file,
        address: groups(client, of, &["import"]).await?,
        dry_run,
        counts: &["rows", "groups_created", "persons_created", "changed", "unchanged"],
        note: "groups and persons in several parts are counted as several",
    };
    import.run(client).await
}

/// The body of a change, which names what is to be changed.
fn changes(
    name: Option<&str>,
    kind: Option<&Clearable<String>>,
    parent: Option<&Clearable<String>>,
) -> Result<Map<String, Value>> {
    let mut body = Map::new();
    if let Some(name) = name {
        body.insert("name".to_owned(), name.into());
    }
    for (member, value) in [("kind", kind), ("parent", parent)] {
        if let Some(Clearable(value)) = value {
            body.insert(member.to_owned(), value.clone().into());
        }
    }
    if body.is_empty() {
        bail!("no change was given: add an option such as --name Physics");
    }
    Ok(body)
}

async fn list(client: &mut Client, of: OfTenant, search: Option<&str>) -> Result<Output> {
    let address = groups(client, of, &[]).await?;
    let all = client.list(&address, GROUPS_MAX).await?;
    let mut found = match search {
        Some(_) => client.list(&address.with("search", search), GROUPS_MAX).await?,
        None => all.clone(),
    };
    let json = whole(&found);
    let paths = path::of_groups(&all);
    for group in &mut found {
        let id = group["id"].as_str().unwrap_or_default().to_owned();
        group["path"] = paths.get(&id).cloned().unwrap_or_default().into();
    }
    found.sort_by(|one, other| one["path"].as_str().cmp(&other["path"].as_str()));
    let lines = table(&found, &[("GROUP", "/path"), ("KIND", "/kind"), ("ID", "/id")]);
    Ok(Output::new(json, lines))
}

fn one_group(group: Value) -> Output {
    let lines = fields(&group, &["id", "name", "kind", "parent"]);
    Output::new(group, lines)
}
