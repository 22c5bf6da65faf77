//! `acta follower`: processes that derive data from the statement log.

use std::path::Path;
use std::process::ExitCode;

use acta_storage::FollowerName;
use anyhow::Result;
use clap::Subcommand;

use crate::admin::{Address, Client, Common, FactsNeeded, Output, fields, table, whole};

/// Arguments of `acta follower`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists all followers with the number of statements that each has not read yet.
    List,
    /// Pauses a follower on every node until it is resumed.
    Pause(Name),
    /// Resumes a paused follower.
    Resume(Name),
    /// Drops the derived data of a follower, and reads every statement again. Other servers of the
    /// same store keep their facts.
    Rebuild(Name),
}

/// The follower.
#[derive(Clone, Debug, clap::Args)]
struct Name {
    /// The name of the follower: `entities`, `facts` or `proof`.
    name: String,
}

impl Name {
    fn below(&self, act: &str) -> Address {
        Address::of(["followers", &self.name, act])
    }
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached, or facts cannot be made.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let common = &arguments.common;
    let config = common.config(file)?;
    // The facts of a store in a database are those of its servers.
    let has_facts = config.facts.enabled && config.database.is_none();
    let needed = if has_facts { FactsNeeded::AsTheyAre } else { FactsNeeded::No };
    Client::run_with_facts(file, common, needed, async |client| act(client, &arguments.act).await)
}

async fn act(client: &mut Client, act: &Act) -> Result<Output> {
    let follower = match act {
        Act::List => return list(client).await,
        Act::Pause(name) => client.post(&name.below("pause"), None).await?,
        Act::Resume(name) => client.post(&name.below("resume"), None).await?,
        Act::Rebuild(name) => {
            let follower = client.post(&name.below("rebuild"), None).await?;
            let is_facts = name.name == FollowerName::FACTS.as_str();
            // Nobody else makes them if no server has the store open.
            if is_facts && client.wait_for_facts().await? {
                return list(client).await;
            }
            follower
        }
    };
    let lines = fields(&follower, &["name", "is_paused", "lag"]);
    Ok(Output::new(follower, lines))
}

async fn list(client: &mut Client) -> Result<Output> {
    let followers = client.list(&Address::of(["followers"]), usize::MAX).await?;
    let columns = [
        ("NAME", "/name"),
        ("PAUSED", "/is_paused"),
        ("LAG", "/lag"),
        ("TENANTS BEHIND", "/tenants_behind"),
        ("ERROR", "/error"),
    ];
    let lines = table(&followers, &columns);
    Ok(Output::new(whole(&followers), lines))
}
