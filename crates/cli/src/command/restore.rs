//! `acta restore`: restores a store from a backup, or checks a backup.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_config::Config;
use acta_storage_embedded::{BackupError, Restore, Restored, SystemDisk};
use anyhow::{Context, Result, bail};
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::terminal::{CopyBar, counted, print, say};
use crate::wire::{self, IfMissing, Store};

/// The instructions for a store in a database.
const INSTEAD: &str = "restore it with pg_restore or from its WAL archive";

/// Arguments of `acta restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The directory with the backup.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The directory of the store: missing or empty.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only read the backup and check every file. Nothing is written.
    #[arg(long, conflicts_with = "data")]
    check: bool,
    /// Print the counts as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command. The exit code is 0 when everything is intact, and 1 when the backup has
/// damaged data.
///
/// # Errors
///
/// When there is no restored store for a reason other than damage.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let bar = CopyBar::new();
    let restore = Restore {
        from: &arguments.from,
        disk: &SystemDisk,
        on_progress: &|progress| bar.show(progress),
    };
    let outcome = if arguments.check {
        restore.check().map(|checked| {
            let damaged = checked.damaged.iter().map(|path| path.display().to_string()).collect();
            (checked.backup, damaged)
        })
    } else {
        let config = wire::load_directory(file, arguments.data.as_ref(), INSTEAD)?;
        let data = &config.data;
        let restored = restore.run(data).map(|restored| (restored, Vec::new()));
        if let Ok((restored, _)) = &restored {
            bar.finish();
            open(&config, restored).with_context(|| {
                format!("{} was restored, but cannot be opened", data.display())
            })?;
        }
        restored
    };
    bar.finish();
    match outcome {
        Ok((backup, damaged)) => report(&backup, &damaged, arguments),
        Err(BackupError::Damaged { place }) => {
            if arguments.json {
                print(&json!({ "damaged": [place] }).to_string())?;
            }
            say(&format!("damaged: {place}"));
            Ok(ExitCode::from(1))
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens the store, which checks all statements and builds the index, and closes it.
fn open(config: &Config, restored: &Restored) -> Result<()> {
    wire::block_on(async {
        let store = Store::open(config, IfMissing::Refuse).await?;
        let mut found = 0;
        for tenant in store.storage.list_tenants().await? {
            found += store.storage.count_statements(tenant.id).await?;
        }
        store.close().await?;
        if found != restored.statement_count {
            bail!("it has {found} statements instead of {}", restored.statement_count);
        }
        Ok(())
    })
}

fn report(backup: &Restored, damaged: &[String], arguments: &Arguments) -> Result<ExitCode> {
    let is_whole = damaged.is_empty();
    if arguments.json {
        print(&counts(backup, damaged).to_string())?;
    } else if is_whole {
        say(&format!(
            "{} backup {} of {}: {}, {}, {} in {}",
            if arguments.check { "checked" } else { "restored" },
            backup.number,
            backup.taken,
            counted(backup.statement_count, "statement"),
            counted(backup.attachment_count, "attachment"),
            HumanBytes(backup.bytes),
            counted(backup.file_count, "file"),
        ));
    }
    for place in damaged {
        say(&format!("damaged: {place}"));
    }
    for place in &backup.missing {
        say(&format!("was damaged when the backup was taken: {place}"));
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn counts(backup: &Restored, damaged: &[String]) -> Value {
    json!({
        "number": backup.number,
        "taken": backup.taken,
        "statements": backup.statement_count,
        "attachments": backup.attachment_count,
        "files": backup.file_count,
        "bytes": backup.bytes,
        "damaged": damaged,
        "missing": backup.missing,
    })
}
