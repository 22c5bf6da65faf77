//! `acta audit`: who did what, when, from where.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_access::TenantId;
use acta_ambient::SystemClock;
use acta_storage::ChainHead;
use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::admin::{Address, Client, Common, Expiry, OfTenant, Output, fields, table, whole};
use crate::terminal::{StandardOutput, say};

/// Arguments of `acta audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Lists entries, newest first.
    List {
        #[command(flatten)]
        of: Chain,
        #[command(flatten)]
        filter: Box<Filter>,
        /// The maximum number of entries.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// Exports all matching entries, oldest first. The export is recorded in the audit.
    Export {
        /// The file to write; `-` or none for standard output.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        of: Chain,
        #[command(flatten)]
        filter: Box<Filter>,
        /// The format.
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
    },
    /// Verifies that no entry was changed, removed or inserted, and prints the hash of the last
    /// one. The exit code is 1 if the audit was changed.
    Verify {
        #[command(flatten)]
        of: Chain,
        /// The end of the audit as it was noted earlier: `SEQUENCE:HASH`, as in the log lines of
        /// the server. The exit code is also 1 if the audit no longer contains it.
        #[arg(long, value_name = "SEQUENCE:HASH")]
        head: Option<ChainHead>,
    },
}

/// Selects the audit.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Chain {
    /// The id of the tenant; can be omitted if there is only one.
    #[arg(long, value_name = "ID", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// The audit of the server: tenants, accounts, sign-in.
    #[arg(long)]
    server: bool,
}

/// Filters.
#[derive(Debug, clap::Args)]
struct Filter {
    /// Only entries from this date or time on; also a duration such as 7d for "7 days ago".
    #[arg(long, value_name = "DATE|7d")]
    since: Option<Expiry>,
    /// Only entries before this date or time; also a duration as above.
    #[arg(long, value_name = "DATE|7d")]
    until: Option<Expiry>,
    /// Only entries of this actor, as shown in the audit.
    #[arg(long)]
    who: Option<String>,
    /// Only entries of this act, such as `credential.created`.
    #[arg(long)]
    act: Option<String>,
    /// Only entries about this object, as shown in the audit.
    #[arg(long)]
    target: Option<String>,
    /// Only entries with this outcome, such as `refused`.
    #[arg(long)]
    outcome: Option<String>,
}

impl Filter {
    fn narrow(&self, address: Address) -> Address {
        let clock = SystemClock::new();
        let moment = |end: &Option<Expiry>| end.as_ref().map(|end| end.back(&clock));
        address
            .with("since", moment(&self.since).as_deref())
            .with("until", moment(&self.until).as_deref())
            .with("who", self.who.as_deref())
            .with("act", self.act.as_deref())
            .with("target", self.target.as_deref())
            .with("outcome", self.outcome.as_deref())
    }
}

/// The format of exported entries.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One JSON object per line.
    Jsonl,
    /// Comma-separated values, for spreadsheets.
    Csv,
}

impl Chain {
    async fn address(self, client: &mut Client, below: &[&str]) -> Result<Address> {
        if self.server {
            return Ok(Address::of(["audit"].into_iter().chain(below.iter().copied())));
        }
        let tenant = client.tenant(OfTenant { tenant: self.tenant }).await?;
        let segments = ["tenants", &tenant, "audit"];
        Ok(Address::of(segments.into_iter().chain(below.iter().copied())))
    }
}

/// Runs the command. The exit code is 1 when an audit was changed.
///
/// # Errors
///
/// When the store can neither be opened nor reached, or the file cannot be written.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    Client::run(file, &arguments.common, async |client| act(client, &arguments.act).await)
}

async fn act(client: &mut Client, act: &Act) -> Result<Output> {
    match act {
        Act::List { of, filter, limit } => {
            let address = of.address(client, &[]).await?;
            let entries = client.list(&filter.narrow(address), *limit).await?;
            let columns = [
                ("AT", "/at"),
                ("WHO", "/who"),
                ("FROM", "/from"),
                ("ACT", "/act"),
                ("TARGET", "/target"),
                ("OUTCOME", "/outcome"),
                ("DETAIL", "/detail"),
            ];
            let named = with_addresses(client, &entries).await?;
            let lines = table(&named, &columns);
            Ok(Output::new(whole(&entries), lines))
        }
        Act::Export { file, of, filter, format } => {
            let address = of.address(client, &["export"]).await?;
            let format = match format {
                Format::Jsonl => "jsonl",
                Format::Csv => "csv",
            };
            let address = filter.narrow(address.with("format", Some(format)));
            export(client, &address, file.as_deref()).await
        }
        Act::Verify { of, head } => {
            let head = head.map(|head| head.to_string());
            let address = of.address(client, &["verify"]).await?.with("head", head.as_deref());
            Ok(verified(client.get(&address).await?))
        }
    }
}

/// The prefix of the id of an account, in the members that name who acted and on what.
const ACCOUNT: &str = "account:";

/// The entries, with the e-mail addresses of the accounts that they name behind their ids.
async fn with_addresses(client: &mut Client, entries: &[Value]) -> Result<Vec<Value>> {
    const MEMBERS: [&str; 2] = ["who", "target"];

    let mut named = entries.to_vec();
    let mut members: Vec<&mut Value> = named
        .iter_mut()
        .filter_map(Value::as_object_mut)
        .flat_map(|entry| entry.iter_mut())
        .filter(|(name, _)| MEMBERS.contains(&name.as_str()))
        .map(|(_, value)| value)
        .filter(|value| value.as_str().is_some_and(|id| id.starts_with(ACCOUNT)))
        .collect();
    if members.is_empty() {
        return Ok(named);
    }
    let accounts = client.list(&Address::of(["accounts"]), usize::MAX).await?;
    let address_of = |id: &str| {
        let account = accounts.iter().find(|account| account["id"].as_str() == Some(id))?;
        account["email"].as_str()
    };
    for member in &mut members {
        let id = member.as_str().unwrap_or_default().to_owned();
        // An account that was removed has no address any more.
        if let Some(address) = id.strip_prefix(ACCOUNT).and_then(address_of) {
            **member = format!("{id} ({address})").into();
        }
    }
    Ok(named)
}

/// The result of a verification.
fn verified(found: Value) -> Output {
    let (is_intact, has_noted) = (found["broken_at"].is_null(), found["has_noted_head"].as_bool());
    let mut lines = fields(&found, &["broken_at", "has_noted_head"]);
    lines.push(if is_intact {
        "the audit is intact: every entry follows the previous one".to_owned()
    } else {
        "the audit was changed: an entry does not follow the previous one".to_owned()
    });
    lines.extend(has_noted.map(|has_noted| {
        if has_noted {
            "it contains the noted entry with the noted hash".to_owned()
        } else {
            "the audit was changed: it does not contain the noted entry with the noted hash"
                .to_owned()
        }
    }));
    let is_success = is_intact && has_noted != Some(false);
    Output { json: found, lines, is_success }
}

async fn export(client: &mut Client, address: &Address, file: Option<&Path>) -> Result<Output> {
    let Some(path) = file.filter(|file| file.as_os_str() != "-") else {
        client.download(address, &mut StandardOutput).await?;
        return Ok(Output::new(Value::Null, Vec::new()));
    };
    let created = File::create(path);
    let created = created.with_context(|| format!("cannot create {}", path.display()))?;
    let mut output = BufWriter::new(created);
    let written = client.download(address, &mut output).await;
    output.flush()?;
    written.with_context(|| format!("{} is not complete", path.display()))?;
    say(&format!("wrote the audit to {}", path.display()));
    Ok(Output::new(json!({}), Vec::new()))
}
