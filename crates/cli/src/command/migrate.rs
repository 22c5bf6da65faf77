//! `acta migrate`: migrates the schema of the database.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use acta_ambient::{SystemClock, SystemEntropy};
use acta_config::Config;
use acta_storage_postgres::{Inspected, Migrated, Options, inspect, migrate, migrations};
use anyhow::{Result, bail};
use serde_json::json;

use crate::terminal::{counted, print, say};
use crate::wire::{self, database};

/// Arguments of `acta migrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The database of the store, such as `postgres://user@host/database`. Every user of this
    /// machine can see it in the list of processes. Put a URL with a password into a file, and name
    /// the file in `ACTA_STORAGE_URL_FILE`.
    #[arg(long, value_name = "URL")]
    storage: Option<String>,
    /// Only report pending migrations, and change nothing.
    #[arg(long)]
    check: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command. The exit code is 1 when `--check` finds pending migrations.
///
/// # Errors
///
/// When the database cannot be used, or its schema is newer than this release.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let loaded = wire::load(file, [("storage.url", arguments.storage.clone())])?;
    let options = options(&loaded.config)?;
    wire::block_on(async {
        if arguments.check {
            return report_pending(&inspect(&options).await?, arguments);
        }
        report(&migrate(&options).await?, arguments)?;
        Ok(ExitCode::SUCCESS)
    })
}

fn options(config: &Config) -> Result<Options> {
    let Some(found) = &config.database else {
        bail!(
            "there is nothing to migrate: storage.url is not set, so the store is in the directory \
             {}, and needs no migration",
            config.data.display()
        );
    };
    Ok(database::options(found, Arc::new(SystemClock::new()), Arc::new(SystemEntropy)))
}

fn known() -> i32 {
    migrations().last().map_or(0, |migration| migration.version)
}

fn report(migrated: &Migrated, arguments: &Arguments) -> Result<()> {
    let Migrated { before, now, names } = migrated;
    if arguments.json {
        let outcome = json!({ "before": before, "now": now, "done": names, "known": known() });
        return Ok(print(&outcome.to_string())?);
    }
    if names.is_empty() {
        say(&up_to_date(*now));
    } else {
        let names = names.join(", ");
        say(&format!("migrated the schema from version {before} to version {now}: {names}"));
    }
    Ok(())
}

fn up_to_date(version: i32) -> String {
    match known() {
        known if known < version => format!(
            "the schema has version {version}, from a newer release; this release is made for \
             version {known} and compatible with it"
        ),
        _ => format!("the schema has version {version} and is up to date"),
    }
}

fn report_pending(inspected: &Inspected, arguments: &Arguments) -> Result<ExitCode> {
    let Inspected { found, pending } = inspected;
    let names: Vec<_> = pending.iter().map(|migration| migration.name).collect();
    if arguments.json {
        print(&json!({ "now": found, "pending": names, "known": known() }).to_string())?;
    } else if names.is_empty() {
        say(&up_to_date(*found));
    } else {
        say(&format!(
            "the schema has version {found}; {} would migrate it to version {}: {}",
            counted(names.len() as u64, "migration"),
            known(),
            names.join(", ")
        ));
    }
    Ok(if names.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
