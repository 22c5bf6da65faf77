//! `acta config`: the effective configuration, and where each value comes from.

use std::path::Path;
use std::process::ExitCode;

use acta_config::{Environment, load};
use anyhow::Result;
use clap::Subcommand;

use crate::terminal::{print, say};

/// Arguments of `acta config`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Prints every key with its value and the source of the value.
    Show {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Checks that all keys are known and all values are valid.
    Check,
}

/// Runs the command.
///
/// # Errors
///
/// When the configuration is not valid: the first value that must be corrected.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let loaded = load(file, &Environment::of_process(), &[])?;
    match arguments.what {
        What::Check => say("the configuration is valid"),
        What::Show { json: true } => {
            let settings = loaded.settings.iter().map(|setting| {
                let value = serde_json::json!({
                    "value": setting.value.as_ref().map(|_| setting.shown()),
                    "origin": setting.origin.to_string(),
                });
                (setting.key.name.to_owned(), value)
            });
            let object: serde_json::Map<_, _> = settings.collect();
            print(&serde_json::to_string_pretty(&object)?)?;
        }
        What::Show { json: false } => {
            let width = loaded.settings.iter().map(|one| one.key.name.len()).max().unwrap_or(0);
            for setting in &loaded.settings {
                let (name, value) = (setting.key.name, setting.shown());
                print(&format!("{name:width$}  {value:24} {}", setting.origin))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
