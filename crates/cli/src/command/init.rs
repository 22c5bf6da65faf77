//! `acta init`: creates an empty store.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use acta_ambient::{SystemClock, SystemEntropy};
use acta_config::{Config, Migrate};
use acta_storage_embedded::DirectoryContent;
use anyhow::Result;

use crate::terminal::say;
use crate::wire::{self, IfMissing, Store, StoreArgs, database};

/// Arguments of `acta init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: StoreArgs,
}

/// Runs the command. The exit code is 1 when there is a store already, which is not changed.
///
/// # Errors
///
/// When the store cannot be created.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let mut config = wire::load(file, arguments.place.flags())?.config;
    if let Some(database) = &mut config.database {
        database.migrate = Migrate::AtStart;
    }
    wire::block_on(async {
        let place = place_of(&config);
        if is_there(&config).await? {
            say(&format!("there is already a store in {place}"));
            return Ok(ExitCode::from(1));
        }
        Store::open(&config, IfMissing::Make).await?.close().await?;
        say(&format!("created an empty store in {place}; `acta serve` shows its first credential"));
        Ok(ExitCode::SUCCESS)
    })
}

/// The name of the place of the store.
fn place_of(config: &Config) -> String {
    match &config.database {
        Some(_) => "the database".to_owned(),
        None => config.data.display().to_string(),
    }
}

async fn is_there(config: &Config) -> Result<bool> {
    let Some(found) = &config.database else {
        return Ok(wire::directory::content_of(&config.data)? == DirectoryContent::Store);
    };
    let options = database::options(found, Arc::new(SystemClock::new()), Arc::new(SystemEntropy));
    database::has_store(&options).await
}
