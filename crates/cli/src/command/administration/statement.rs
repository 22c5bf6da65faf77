//! `acta statement`: statements as people read and void them.

mod attachment;
mod events;
mod list;
mod void;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use crate::admin::{Address, Client, Common, FactsNeeded, OfTenant, Output};
use crate::terminal::{StandardOutput, say};
use attachment::Attachment;
use events::EventPrinter;
use list::List;
use void::Void;

/// Arguments of `acta statement`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists statements that meet conditions, as `acta query` takes them, a page at a time.
    List(Box<List>),
    /// Prints statements as they are stored, until it is stopped. With --json, one entry of the API
    /// on each line. A store in a directory must be served.
    Tail {
        #[command(flatten)]
        of: OfTenant,
        #[command(flatten)]
        filter: Box<Filter>,
        /// Begin with the statement after the one with this number; 0 for the first statement
        /// [default: the next statement that is stored].
        #[arg(long, value_name = "NUMBER")]
        after: Option<u64>,
    },
    /// Lists the attachments of a statement whose content is stored, or writes the content of one
    /// into a file. Content is whatever the client sent: open it only if you trust that.
    Attachment(Attachment),
    /// Voids a statement: stores a voiding statement with a reason. The statement stays, and is in
    /// no list and no figure any more. This cannot be undone.
    Void(Void),
}

/// Filters of xAPI.
#[derive(Debug, clap::Args)]
struct Filter {
    /// Only statements about this agent: `mailto:` and an address, or the JSON of an agent.
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Only statements with this verb.
    #[arg(long, value_name = "IRI")]
    verb: Option<String>,
    /// Only statements with this activity as object.
    #[arg(long, value_name = "IRI")]
    activity: Option<String>,
    /// Only statements with this registration.
    #[arg(long, value_name = "UUID")]
    registration: Option<String>,
    /// Also statements with the agent anywhere else in them.
    #[arg(long)]
    related_agents: bool,
    /// Also statements with the activity anywhere else in them.
    #[arg(long)]
    related_activities: bool,
    /// The languages of names, best first.
    #[arg(long, value_name = "LANGUAGES")]
    language: Option<String>,
}

impl Filter {
    fn narrow(&self, address: Address) -> Address {
        let agent = self.agent.as_deref().map(|agent| {
            if agent.starts_with("mailto:") {
                json!({ "mbox": agent }).to_string()
            } else {
                agent.to_owned()
            }
        });
        let flag = |is_set: bool| is_set.then_some("true");
        address
            .with("agent", agent.as_deref())
            .with("verb", self.verb.as_deref())
            .with("activity", self.activity.as_deref())
            .with("registration", self.registration.as_deref())
            .with("related_agents", flag(self.related_agents))
            .with("related_activities", flag(self.related_activities))
            .with("language", self.language.as_deref())
    }
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let is_json = arguments.common.is_json();
    let facts = match &arguments.act {
        Act::List(_) => FactsNeeded::Current,
        Act::Tail { .. } | Act::Attachment(_) | Act::Void(_) => FactsNeeded::No,
    };
    Client::run_with_facts(file, &arguments.common, facts, async |client| match &arguments.act {
        Act::List(list) => list.run(client).await,
        Act::Tail { of, filter, after } => {
            let tenant = client.tenant(*of).await?;
            let after = after.map(|after| after.to_string());
            let address = Address::of(["tenants", &tenant, "stream", "statements"]);
            let address = filter.narrow(address).with("after", after.as_deref());
            tail(client, &address, is_json).await
        }
        Act::Attachment(attachment) => attachment.run(client).await,
        Act::Void(void) => void.run(client).await,
    })
}

async fn tail(client: &mut Client, address: &Address, is_json: bool) -> Result<Output> {
    if !client.is_served() && client.config.database.is_none() {
        bail!("nothing is stored while the store is not served: start `acta serve` first");
    }
    let mut printer = EventPrinter::new(StandardOutput, is_json);
    client.download(address, &mut printer).await?;
    let is_success = match printer.end() {
        Some("stopping") => {
            say("the server stops");
            true
        }
        reason => {
            say(&format!("the stream ended: {}", reason.unwrap_or("no reason given")));
            false
        }
    };
    Ok(Output { json: Value::Null, lines: Vec::new(), is_success })
}
