//! `acta reindex`: rebuilds everything that is derived from the log.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_storage_embedded::LostTables;
use anyhow::Result;
use serde_json::json;

use crate::terminal::{counted, print, say};
use crate::wire;

/// The instructions for a store in a database.
const INSTEAD: &str = "rebuild indexes with the PostgreSQL command REINDEX";

/// Arguments of `acta reindex`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The directory of the store. No other process may have it open.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Create new tables if `tables.sqlite` is missing or empty. The documents and credentials in
    /// it are lost.
    #[arg(long)]
    new_tables: bool,
    /// Print the counts as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the store cannot be opened, or its log is damaged.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let config = wire::load_directory(file, arguments.data.as_ref(), INSTEAD)?;
    wire::directory::check_store(&config.data)?;
    let lost = if arguments.new_tables { LostTables::MakeEmpty } else { LostTables::Refuse };
    let reindexed = wire::block_on(wire::reindex(&config, lost))?;
    if arguments.json {
        let counts = json!({
            "statements": reindexed.statement_count,
            "runs": reindexed.run_count,
        });
        print(&counts.to_string())?;
    } else {
        let statements = counted(reindexed.statement_count, "statement");
        say(&format!("{statements} indexed in {}", counted(reindexed.run_count, "run")));
    }
    Ok(ExitCode::SUCCESS)
}
