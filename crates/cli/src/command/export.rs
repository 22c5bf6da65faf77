//! `acta export`: every statement as JSON Lines.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_access::TenantId;
use acta_exchange::Export;
use anyhow::{Context, Result};

use crate::terminal::{Unit, counted, progress_bar, say};
use crate::wire::{self, Store};

/// Arguments of `acta export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file to write; `-` or none for standard output.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The directory of the store.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Leave out statements that have been voided.
    #[arg(long)]
    without_voided: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the store cannot be read or the file cannot be written.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let loaded = wire::load(file, [("data", wire::path_text(arguments.data.as_ref()))])?;
    wire::block_on(async {
        let store = Store::open_existing(&loaded.config)?;
        let outcome = write(&store, arguments).await;
        store.close().await?;
        let count = outcome?;
        say(&format!("{} exported", counted(count, "statement")));
        Ok(ExitCode::SUCCESS)
    })
}

async fn write(store: &Store, arguments: &Arguments) -> Result<u64> {
    let mut output: Box<dyn Write + Send> = match &arguments.file {
        Some(file) if file.as_os_str() != "-" => {
            let created = File::create(file);
            let created = created.with_context(|| format!("cannot make {}", file.display()))?;
            Box::new(BufWriter::with_capacity(1 << 20, created))
        }
        _ => Box::new(BufWriter::with_capacity(1 << 16, std::io::stdout())),
    };
    let total = store.storage.count_statements(TenantId::FIRST);
    let bar = progress_bar(total, Unit::Statements);
    let export =
        Export { tenant: TenantId::FIRST, after: 0, leave_out_voided: arguments.without_voided };
    let mut progress = |place| bar.set_position(place);
    let count = acta_exchange::export(&*store.storage, export, &mut *output, &mut progress).await;
    bar.finish_and_clear();
    Ok(count?)
}
