//! `acta person`: learners, and which identifiers are one person.

mod identifier;
mod import;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::csv_files::export;
use crate::admin::{
    Address, Clearable, Client, Common, OfTenant, Output, Switch, fields, table, whole,
};
use identifier::Attribute;
pub(super) use identifier::Identifier;

/// Arguments of `acta person`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists the persons of a tenant.
    List {
        #[command(flatten)]
        of: OfTenant,
        /// Only persons with this text in the name, an attribute or an identifier.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// The maximum number of persons.
        #[arg(long, value_name = "N", default_value_t = 1_000)]
        limit: usize,
    },
    /// Joins identifiers to a new person.
    Create {
        #[command(flatten)]
        of: OfTenant,
        #[command(flatten)]
        known: KnownArgs,
    },
    /// Shows a person.
    Show(PersonArg),
    /// Changes a person. Options that are not given leave it unchanged.
    Change {
        #[command(flatten)]
        one: PersonArg,
        /// The name; `none` removes it.
        #[arg(long, value_name = "TEXT|none")]
        name: Option<Clearable<String>>,
        /// An identifier: an e-mail address, or an agent as JSON; can be repeated. Replaces all
        /// identifiers.
        #[arg(long = "identifier", value_name = "ADDRESS|JSON")]
        identifiers: Vec<Identifier>,
        /// An attribute; without a value, it is removed; can be repeated.
        #[arg(long = "attribute", value_name = "NAME=[VALUE]")]
        attributes: Vec<Attribute>,
    },
    /// Joins persons into one, who has the identifiers of all. The others are removed.
    Join {
        #[command(flatten)]
        one: PersonArg,
        /// The ids of the others.
        #[arg(required = true)]
        others: Vec<String>,
    },
    /// Splits identifiers off a person, into a new person.
    Split {
        #[command(flatten)]
        one: PersonArg,
        #[command(flatten)]
        known: KnownArgs,
    },
    /// Removes a person: each of the identifiers is on its own again.
    Remove(PersonArg),
    /// Imports persons from comma-separated values: nothing, if a row is faulty. An import that is
    /// repeated changes nothing.
    Import(import::Arguments),
    /// Exports all persons as comma-separated values that an import takes.
    Export {
        /// The file to write; `-` or none for standard output.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Shows the rules by which identifiers are one without being listed, or sets them.
    Rules {
        #[command(flatten)]
        of: OfTenant,
        /// Home pages, separated by commas: accounts with the same name on them are one. Can be
        /// repeated, and replaces all; `none` removes them.
        #[arg(long, value_name = "IRI,IRI|none")]
        home_pages: Vec<Clearable<String>>,
        /// Whether a mailbox and its SHA-1 are one.
        #[arg(long, value_name = "on|off")]
        mailbox_sha1: Option<Switch>,
    },
}

/// The person.
#[derive(Debug, clap::Args)]
struct PersonArg {
    /// The id of the person.
    person: String,
    #[command(flatten)]
    of: OfTenant,
}

/// What is known of a new person.
#[derive(Debug, clap::Args)]
struct KnownArgs {
    /// The name.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// An identifier: an e-mail address, or an agent as JSON; can be repeated.
    #[arg(long = "identifier", value_name = "ADDRESS|JSON", required = true)]
    identifiers: Vec<Identifier>,
    /// An attribute; can be repeated.
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<Attribute>,
}

impl KnownArgs {
    fn body(&self) -> Value {
        let mut body = json!({
            "identifiers": self.identifiers.iter().map(Identifier::to_json).collect::<Value>(),
            "attributes": attributes(&self.attributes),
        });
        if let Some(name) = &self.name {
            body["name"] = name.as_str().into();
        }
        body
    }
}

fn attributes(attributes: &[Attribute]) -> Map<String, Value> {
    attributes.iter().map(|it| (it.name.clone(), it.value.clone().into())).collect()
}

impl PersonArg {
    async fn address(&self, client: &mut Client, below: &[&str]) -> Result<Address> {
        let tenant = client.tenant(self.of).await?;
        let segments = ["tenants", &tenant, "persons", &self.person];
        Ok(Address::of(segments.into_iter().chain(below.iter().copied())))
    }
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
        Act::List { of, search, limit } => list(client, *of, search.as_deref(), *limit).await,
        Act::Create { of, known } => {
            let address = persons(client, *of, &[]).await?;
            Ok(one_person(client.post(&address, Some(&known.body())).await?))
        }
        Act::Show(one) => {
            let address = one.address(client, &[]).await?;
            Ok(one_person(client.get(&address).await?))
        }
        Act::Change { one, name, identifiers, attributes } => {
            let body = changes(name.as_ref(), identifiers, attributes);
            change(client, one, body?.into()).await
        }
        Act::Join { one, others } => post(client, one, "join", &json!({ "persons": others })).await,
        Act::Split { one, known } => post(client, one, "split", &known.body()).await,
        Act::Remove(one) => remove(client, one).await,
        Act::Import(arguments) => import::run(client, arguments).await,
        Act::Export { file, of } => {
            let address = persons(client, *of, &["export"]).await?;
            export(client, &address, (file.as_deref(), "persons")).await
        }
        Act::Rules { of, home_pages, mailbox_sha1 } => {
            rules(client, *of, home_pages, mailbox_sha1.map(Switch::is_on)).await
        }
    }
}

/// Does something with a person.
async fn post(client: &mut Client, one: &PersonArg, act: &str, body: &Value) -> Result<Output> {
    let address = one.address(client, &[act]).await?;
    Ok(one_person(client.post(&address, Some(body)).await?))
}

async fn change(client: &mut Client, one: &PersonArg, body: Value) -> Result<Output> {
    let address = one.address(client, &[]).await?;
    Ok(one_person(client.patch(&address, &body).await?))
}

async fn remove(client: &mut Client, one: &PersonArg) -> Result<Output> {
    let address = one.address(client, &[]).await?;
    client.delete(&address).await?;
    Ok(Output::done("the person was removed"))
}

/// The body of a change, which names what is to be changed.
fn changes(
    name: Option<&Clearable<String>>,
    identifiers: &[Identifier],
    changed: &[Attribute],
) -> Result<Map<String, Value>> {
    let mut body = Map::new();
    if let Some(Clearable(name)) = name {
        body.insert("name".to_owned(), name.clone().into());
    }
    if !identifiers.is_empty() {
        let list = identifiers.iter().map(Identifier::to_json).collect();
        body.insert("identifiers".to_owned(), list);
    }
    if !changed.is_empty() {
        body.insert("attributes".to_owned(), attributes(changed).into());
    }
    if body.is_empty() {
        bail!("no change was given: add an option such as --attribute unit=North");
    }
    Ok(body)
}

/// Shows the rules of a tenant, changed if there is something to change.
async fn rules(
    client: &mut Client,
    of: OfTenant,
    home_pages: &[Clearable<String>],
    mailbox_sha1: Option<bool>,
) -> Result<Output> {
    let tenant = client.tenant(of).await?;
    let address = Address::of(["tenants", &tenant, "person-rules"]);
    let mut rules = client.get(&address).await?;
    if !home_pages.is_empty() {
        rules["home_pages"] = lists_of(home_pages);
    }
    if let Some(is_on) = mailbox_sha1 {
        rules["mailbox_sha1"] = is_on.into();
    }
    if !home_pages.is_empty() || mailbox_sha1.is_some() {
        rules = client.put(&address, &rules).await?;
    }
    let lines = fields(&rules, &["home_pages", "mailbox_sha1"]);
    Ok(Output::new(rules, lines))
}

/// The path of the persons of a tenant, or one below it.
async fn persons(client: &mut Client, of: OfTenant, below: &[&str]) -> Result<Address> {
    let tenant = client.tenant(of).await?;
    let segments = ["tenants", &tenant, "persons"];
    Ok(Address::of(segments.into_iter().chain(below.iter().copied())))
}

fn lists_of(home_pages: &[Clearable<String>]) -> Value {
    let lists = home_pages.iter().filter_map(|Clearable(pages)| pages.as_deref());
    lists.map(|pages| pages.split(',').map(str::trim).collect::<Value>()).collect()
}

async fn list(
    client: &mut Client,
    of: OfTenant,
    search: Option<&str>,
    limit: usize,
) -> Result<Output> {
    let address = persons(client, of, &[]).await?.with("search", search);
    let found = client.list(&address, limit).await?;
    let columns = [("ID", "/id"), ("NAME", "/name"), ("IDENTIFIERS", "/identifiers")];
    let lines = table(&found, &columns);
    Ok(Output::new(whole(&found), lines))
}

fn one_person(person: Value) -> Output {
    let lines = fields(&person, &["id", "name", "identifiers", "attributes"]);
    Output::new(person, lines)
}
