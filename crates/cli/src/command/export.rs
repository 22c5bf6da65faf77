//! `acta export`: every statement as JSON Lines.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_access::TenantId;
use acta_config::Config;
use acta_exchange::{Damaged, Export, ExportProgress, Exported};
use acta_storage::StoredStatement;
use anyhow::{Context, Result, bail};

use super::verify;
use crate::terminal::{Unit, counted, progress_bar, say};
use crate::wire::{self, IfMissing, Store, StoreArgs};

/// Arguments of `acta export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file to write; `-` or none for standard output.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    place: StoreArgs,
    /// Leave out voided statements.
    #[arg(long)]
    without_voided: bool,
    /// Leave out damaged statements, and report each one. Without this option, the export stops at
    /// the first one.
    #[arg(long)]
    skip_damaged: bool,
}

/// Runs the command. The exit code is 1 when damaged statements were left out.
///
/// # Errors
///
/// When the store cannot be read or the file cannot be written.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let loaded = wire::load(file, arguments.place.flags())?;
    wire::block_on(async {
        let store = match Store::open(&loaded.config, IfMissing::Refuse).await {
            Err(error) if arguments.skip_damaged && wire::is_damage(&error) => {
                say(&format!("{error:#}"));
                return salvage(&loaded.config, arguments);
            }
            store => store?,
        };
        store.check_whole().await?;
        let outcome = write(&store, arguments).await;
        store.close().await?;
        let exported = outcome?;
        let written = format!("{} exported", counted(exported.written, "statement"));
        if exported.left_out == 0 {
            say(&written);
            return Ok(ExitCode::SUCCESS);
        }
        say(&format!("{written}, {} damaged and left out", exported.left_out));
        Ok(ExitCode::from(1))
    })
}

/// Exports from the log only, for a store that cannot be opened.
fn salvage(config: &Config, arguments: &Arguments) -> Result<ExitCode> {
    if arguments.without_voided {
        bail!("voided statements cannot be left out, because the store cannot be opened");
    }
    let mut output = output(arguments)?;
    let mut count = 0;
    let mut take = |tenant, statement: StoredStatement| {
        if tenant != TenantId::FIRST {
            return Ok(());
        }
        count += 1;
        acta_exchange::write_statement(&mut output, &statement.text)
    };
    let salvaged = wire::salvage(config, &mut take)?;
    output.flush()?;
    for finding in &salvaged.findings {
        say(&verify::as_text(finding));
    }
    say(&format!("{} exported from the log, including voided ones", counted(count, "statement")));
    Ok(ExitCode::from(1))
}

fn output(arguments: &Arguments) -> Result<Box<dyn Write + Send>> {
    Ok(match &arguments.file {
        Some(file) if file.as_os_str() != "-" => {
            let created = File::create(file);
            let created = created.with_context(|| format!("cannot create {}", file.display()))?;
            Box::new(BufWriter::with_capacity(1 << 20, created))
        }
        _ => Box::new(BufWriter::with_capacity(1 << 16, std::io::stdout())),
    })
}

async fn write(store: &Store, arguments: &Arguments) -> Result<Exported> {
    let mut output = output(arguments)?;
    let total = store.storage.count_statements(TenantId::FIRST).await?;
    let bar = progress_bar(total, Unit::Statements);
    let export = Export {
        tenant: TenantId::FIRST,
        after: 0,
        leave_out_voided: arguments.without_voided,
        damaged: if arguments.skip_damaged { Damaged::LeaveOut } else { Damaged::Stop },
    };
    let mut watch = |now: ExportProgress| match now {
        ExportProgress::Reached(sequence) => bar.set_position(sequence),
        ExportProgress::LeftOut { sequence, place } => {
            bar.suspend(|| say(&format!("statement {sequence} is damaged: {place}")));
        }
    };
    let exported = acta_exchange::export(&*store.storage, export, &mut *output, &mut watch).await;
    bar.finish_and_clear();
    Ok(exported?)
}
