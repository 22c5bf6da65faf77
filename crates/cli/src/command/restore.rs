//! `acta restore`: restores a store from a backup, checks a backup, or completes a store that was
//! restored in another way.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_config::Config;
use acta_exchange::{Ended, RestoredStore};
use acta_storage_embedded::{BackupError, Restore, Restored, SystemDisk};
use anyhow::{Context, Result, bail};
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::terminal::{CopyBar, counted, print, say};
use crate::wire::{self, Engine, IfMissing, Store};

/// The instructions for a store in a database.
const INSTEAD: &str = "restore it with pg_restore or from its WAL archive";

/// Arguments of `acta restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The directory with the backup.
    #[arg(long, value_name = "DIR", required_unless_present = "finish")]
    from: Option<PathBuf>,
    /// The directory of the store: missing or empty.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Only read the backup and check every file. Nothing is written.
    #[arg(long, conflicts_with = "data")]
    check: bool,
    /// The store that the restored one replaces, if it can still be read: its directory, its URL,
    /// or `storage.url` for the configured database. Credentials, accounts, roles and the states
    /// of tenants are taken from it, so that what was revoked after the backup stays revoked.
    #[arg(long, value_name = "STORE", conflicts_with = "check")]
    access_from: Option<String>,
    /// Only end the sessions and links of a store that was restored in another way, such as a
    /// database. The store is that of `--data`, or the configured one. It must not be in use.
    #[arg(long, conflicts_with_all = ["from", "check"])]
    finish: bool,
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
    let Some(from) = arguments.from.as_ref().filter(|_| !arguments.finish) else {
        return finish(file, arguments);
    };
    let bar = CopyBar::new();
    let restore = Restore { from, disk: &SystemDisk, on_progress: &|progress| bar.show(progress) };
    let outcome = if arguments.check {
        restore.check().map(|checked| {
            let damaged = checked.damaged.iter().map(|path| path.display().to_string()).collect();
            (checked.backup, damaged, Ended::default())
        })
    } else {
        let config = wire::load_directory(file, arguments.data.as_ref(), INSTEAD)?;
        let data = &config.data;
        match restore.run(data) {
            Ok(restored) => {
                bar.finish();
                let replaced = arguments.access_from.as_deref();
                let ended = complete(file, &config, (replaced, Some(&restored)));
                let ended = ended.with_context(|| {
                    format!(
                        "{} was restored, but not completed: before you use it, run `acta restore \
                         --finish` on it",
                        data.display()
                    )
                })?;
                Ok((restored, Vec::new(), ended))
            }
            Err(error) => Err(error),
        }
    };
    bar.finish();
    match outcome {
        Ok((backup, damaged, ended)) => report(&backup, &damaged, &ended, arguments),
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

/// Completes a store that was restored in another way.
fn finish(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let data = arguments.data.as_ref().map(|data| data.display().to_string());
    let config = wire::load(file, [("data", data)])?.config;
    let ended = complete(file, &config, (arguments.access_from.as_deref(), None))?;
    if arguments.json {
        print(&ended_counts(&ended).to_string())?;
    } else {
        report_ended(&ended);
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the store, which checks all statements and builds the index, ends sessions and links, and
/// closes it.
fn complete(
    file: Option<&Path>,
    config: &Config,
    (replaced, restored): (Option<&str>, Option<&Restored>),
) -> Result<Ended> {
    wire::block_on(async {
        let store = Store::open(config, IfMissing::Refuse).await?;
        let mut found = 0;
        for tenant in store.storage.list_tenants().await? {
            found += store.storage.count_statements(tenant.id).await?;
        }
        let replaced = match replaced {
            Some(address) => {
                let opened = wire::open_side(file, address, IfMissing::Refuse).await;
                Some(opened.context("the store that is replaced")?)
            }
            None => None,
        };
        let current = replaced.as_ref().map(Engine::storage);
        let restored_store = RestoredStore {
            storage: &*store.storage,
            replaced: current.as_deref(),
            clock: &*store.clock,
            entropy: &*store.entropy,
        };
        let ended = restored_store.end_access().await;
        drop(current);
        if let Some(replaced) = replaced {
            replaced.close().await?;
        }
        store.close().await?;
        if let Some(restored) = restored.filter(|restored| restored.statement_count != found) {
            bail!("it has {found} statements instead of {}", restored.statement_count);
        }
        Ok(ended?)
    })
}

fn report_ended(ended: &Ended) {
    say(&format!(
        "ended {} and {}",
        counted(ended.session_count, "session"),
        counted(ended.link_count, "link")
    ));
    if 0 < ended.removed_count + ended.changed_count {
        say(&format!(
            "took credentials, accounts, roles and tenants from the replaced store: {} removed, {} \
             changed",
            ended.removed_count, ended.changed_count
        ));
    }
    for key in &ended.credentials {
        say(&format!("removed the credential {key}"));
    }
}

fn ended_counts(ended: &Ended) -> Value {
    json!({
        "sessions": ended.session_count,
        "links": ended.link_count,
        "removed": ended.removed_count,
        "changed": ended.changed_count,
        "credentials": ended.credentials,
    })
}

fn report(
    backup: &Restored,
    damaged: &[String],
    ended: &Ended,
    arguments: &Arguments,
) -> Result<ExitCode> {
    let is_whole = damaged.is_empty();
    if arguments.json {
        let mut counts = counts(backup, damaged);
        if !arguments.check {
            counts["ended"] = ended_counts(ended);
        }
        print(&counts.to_string())?;
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
        if !arguments.check {
            report_ended(ended);
        }
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
