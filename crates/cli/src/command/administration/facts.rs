//! `acta facts`: statements as columns, from which questions are answered.

mod export;
mod target;

use std::path::Path;
use std::process::ExitCode;

use acta_access::TenantId;
use anyhow::{Result, bail};
use clap::Subcommand;

use crate::admin::{Address, Client, Common, FactsNeeded, Output, fields, table, whole};

/// Arguments of `acta facts`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Shows how many facts of each tenant the server has, and how far they go.
    Status {
        /// Only of this tenant.
        #[arg(long, value_name = "ID")]
        tenant: Option<TenantId>,
    },
    /// Removes facts, and makes them again from the statements. Other servers of the same store
    /// keep theirs.
    Rebuild(Selected),
    /// Writes facts as Parquet files, one for each month, with a manifest.
    Export(export::Arguments),
}

/// One tenant or all.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(required = true)]
struct Selected {
    /// The facts of this tenant.
    #[arg(long, value_name = "ID")]
    tenant: Option<TenantId>,
    /// The facts of all tenants.
    #[arg(long)]
    all_tenants: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached, or facts cannot be made.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let act = async |client: &mut Client| match &arguments.act {
        Act::Status { tenant } => status(client, *tenant).await,
        Act::Rebuild(selected) => rebuild(client, selected.tenant).await,
        Act::Export(arguments) => export::run(client, arguments).await,
    };
    let is_export = matches!(arguments.act, Act::Export(_));
    let is_of_server = is_export || arguments.common.is_remote();
    if !is_of_server && arguments.common.config(file)?.database.is_some() {
        bail!(
            "each server of a store in a database has facts of its own: ask it as an operator, by \
             GET /api/v1/facts and POST /api/v1/facts/rebuild"
        );
    }
    let needed = if is_export { FactsNeeded::Current } else { FactsNeeded::AsTheyAre };
    Client::run_with_facts(file, &arguments.common, needed, act)
}

fn address_of(tenant: Option<TenantId>) -> Vec<String> {
    let facts = "facts".to_owned();
    tenant.map_or_else(
        || vec![facts.clone()],
        |tenant| vec!["tenants".to_owned(), tenant.to_string(), facts.clone()],
    )
}

async fn status(client: &mut Client, tenant: Option<TenantId>) -> Result<Output> {
    let address = address_of(tenant);
    let address = Address::of(address.iter().map(String::as_str));
    if tenant.is_some() {
        let status = client.get(&address).await?;
        let lines = fields(&status, &["facts", "sequence", "lag", "is_rebuilding"]);
        return Ok(Output::new(status, lines));
    }
    let statuses = client.list(&address, usize::MAX).await?;
    let columns = [
        ("TENANT", "/tenant"),
        ("FACTS", "/facts"),
        ("LAG", "/lag"),
        ("VOIDED", "/voided"),
        ("SEGMENTS", "/segments"),
        ("DISK BYTES", "/disk_bytes"),
        ("MEMORY BYTES", "/memory_bytes"),
        ("REBUILDING", "/is_rebuilding"),
        ("FULL", "/is_full"),
    ];
    let lines = table(&statuses, &columns);
    Ok(Output::new(whole(&statuses), lines))
}

async fn rebuild(client: &mut Client, tenant: Option<TenantId>) -> Result<Output> {
    let mut address = address_of(tenant);
    address.push("rebuild".to_owned());
    client.post(&Address::of(address.iter().map(String::as_str)), None).await?;
    Ok(Output::done(if client.wait_for_facts().await? {
        "the facts were made again"
    } else {
        "the facts are being made again; `acta facts status` shows how far they are"
    }))
}
