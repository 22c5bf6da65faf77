//! `acta status`: release and engine of a store, served or not.

use std::path::Path;
use std::process::ExitCode;

use acta_config::Config;
use anyhow::Result;
use hyper::Method;
use serde_json::Value;

use crate::admin::{Admin, Table};
use crate::terminal::print;
use crate::wire::{self, IfMissing, StoreArgs};

/// Arguments of `acta status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: StoreArgs,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let loaded = wire::load(file, arguments.place.flags())?;
    let server = wire::block_on(read(&loaded.config))?;
    if arguments.json {
        print(&serde_json::to_string_pretty(&server)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = |name: &str| server[name].as_str().unwrap_or_default().to_owned();
    let mut table = Table::new(&["", ""]);
    for name in ["version", "engine"] {
        table.row([name.to_owned(), text(name)]);
    }
    for (name, member) in
        [("clock jump", "clock_jump_seconds"), ("stored ahead", "stored_ahead_seconds")]
    {
        if let Some(seconds) = server[member].as_i64().filter(|seconds| *seconds != 0) {
            table.row([name.to_owned(), format!("{seconds} s")]);
        }
    }
    table.lines().iter().skip(1).try_for_each(|line| print(line))?;
    Ok(ExitCode::SUCCESS)
}

async fn read(config: &Config) -> Result<Value> {
    let mut admin = Admin::reach(config, IfMissing::Refuse).await?;
    let read = admin.request(Method::GET, "/server", None).await;
    admin.close().await?;
    read
}
