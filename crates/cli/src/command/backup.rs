//! `acta backup`: a copy of the store, also while it is served.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_ambient::{Clock, SystemClock};
use acta_storage_embedded::{BackedUp, Backup, BackupError, LastBackup, SystemDisk};
use anyhow::{Context, Result, bail};
use indicatif::HumanBytes;

use crate::terminal::{CopyBar, counted, print, say};
use crate::wire;

/// The instructions for a store in a database.
const INSTEAD: &str = "back it up with pg_dump or by WAL archiving";

/// Arguments of `acta backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The directory for the backup: missing, empty, or with the previous backup. With a previous
    /// backup, only new data is copied.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The directory of the store.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print the counts as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command. The exit code is 0 when everything was backed up, and 1 when the store has
/// damaged data.
///
/// # Errors
///
/// When there is no new backup for a reason other than damage.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let config = wire::load_directory(file, arguments.data.as_ref(), INSTEAD)?;
    let data = &config.data;
    wire::directory::check_store(data)?;
    check_places(data, &arguments.to)?;
    let bar = CopyBar::new();
    let taken = SystemClock::new().now();
    let backup = Backup {
        data,
        to: &arguments.to,
        disk: &SystemDisk,
        taken,
        program: env!("CARGO_PKG_VERSION"),
        on_progress: &|progress| bar.show(progress),
    };
    let outcome = backup.run();
    bar.finish();
    if let Some(exposed) = wire::exposed_directory(&arguments.to)? {
        say(&format!("warning: {exposed}"));
    }
    match outcome {
        Ok(done) => {
            let to = arguments.to.canonicalize().unwrap_or_else(|_| arguments.to.clone());
            let noted = LastBackup { taken, to }.note(data);
            if let Err(error) = noted {
                say(&format!("warning: the backup is not noted in {}: {error}", data.display()));
            }
            report(&done, arguments)
        }
        Err(BackupError::Damaged { place }) => {
            if arguments.json {
                print(&serde_json::json!({ "damaged": [place] }).to_string())?;
            }
            say(&format!("damaged: {place}"));
            say("no new backup was made; a previous backup is unchanged");
            Ok(ExitCode::from(1))
        }
        Err(error) => Err(error).context("no new backup was made; a previous backup is unchanged"),
    }
}

/// A backup inside the data directory would be lost together with it.
fn check_places(data: &Path, to: &Path) -> Result<()> {
    let Ok(data) = data.canonicalize() else {
        bail!("there is no store in {}", data.display());
    };
    let there = to.ancestors().find_map(|above| {
        // The parent of a relative path of one name is the empty path.
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        above.canonicalize().ok()
    });
    if there.is_some_and(|there| there.starts_with(&data)) {
        bail!("{} is inside the data directory: choose another directory", to.display());
    }
    Ok(())
}

fn report(done: &BackedUp, arguments: &Arguments) -> Result<ExitCode> {
    if arguments.json {
        let counts = serde_json::json!({
            "number": done.number,
            "statements": done.statement_count,
            "attachments": done.attachment_count,
            "files": done.file_count,
            "bytes": done.bytes,
            "copied_files": done.copied_file_count,
            "copied_bytes": done.copied_bytes,
            "damaged": done.damaged,
        });
        print(&counts.to_string())?;
    } else {
        say(&format!(
            "backup {} in {}: {}, {}, {} in {}; {} in {} written now",
            done.number,
            arguments.to.display(),
            counted(done.statement_count, "statement"),
            counted(done.attachment_count, "attachment"),
            HumanBytes(done.bytes),
            counted(done.file_count, "file"),
            HumanBytes(done.copied_bytes),
            counted(done.copied_file_count, "file"),
        ));
    }
    for place in &done.damaged {
        say(&format!(
            "damaged, and not in the backup unless an earlier backup contained it: \
                      {place}"
        ));
    }
    Ok(if done.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
