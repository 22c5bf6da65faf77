//! `acta export`: every statement as JSON Lines.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_access::TenantId;
use acta_config::Config;
use acta_exchange::{Damaged, Export, ExportProgress, Exported};
use acta_storage::StoredStatement;
use anyhow::{Context, Result, bail};

use super::tenants::{SelectedTenants, TenantArgs, file_name};
use crate::command::verify;
use crate::exchange::{ExchangeStore, ExportRequest, left_out_text};
use crate::terminal::{StandardOutput, Unit, counted, progress_bar, say};
use crate::wire::{self, IfMissing, StoreArgs};

/// Arguments of `acta export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file to write; `-` or none for standard output. With --all-tenants, a directory that is
    /// missing or empty.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    place: StoreArgs,
    #[command(flatten)]
    of: TenantArgs,
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
    if arguments.of.all_tenants && named_file(arguments).is_none() {
        bail!("--all-tenants writes a file for each tenant: name a directory for them");
    }
    wire::block_on(async {
        let store = match ExchangeStore::reach(&loaded.config, IfMissing::Refuse).await {
            Err(error) if arguments.skip_damaged && wire::is_damage(&error) => {
                say(&format!("{error:#}"));
                return salvage(&loaded.config, arguments);
            }
            store => store?,
        };
        let outcome = write_all(&store, arguments).await;
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

type Output = Box<dyn Write + Send>;

/// Exports from the log only, for a store that cannot be opened.
fn salvage(config: &Config, arguments: &Arguments) -> Result<ExitCode> {
    if arguments.without_voided {
        bail!("voided statements cannot be left out, because the store cannot be opened");
    }
    let mut outputs = SalvageOutputs { arguments, outputs: BTreeMap::new() };
    if arguments.of.all_tenants {
        make_directory(directory_of(arguments)?)?;
    }
    let mut count = 0;
    let mut take = |tenant, statement: StoredStatement| {
        let Some(output) = outputs.of(tenant).map_err(io::Error::other)? else { return Ok(()) };
        count += 1;
        acta_exchange::write_statement(output, &statement.text)
    };
    let salvaged = wire::salvage(config, &mut take)?;
    outputs.outputs.values_mut().try_for_each(Write::flush)?;
    for finding in &salvaged.findings {
        say(&verify::as_text(finding));
    }
    say(&format!("{} exported from the log, including voided ones", counted(count, "statement")));
    Ok(ExitCode::from(1))
}

/// The outputs of statements whose tenants are known only when they are read.
struct SalvageOutputs<'a> {
    arguments: &'a Arguments,
    outputs: BTreeMap<TenantId, Output>,
}

impl SalvageOutputs<'_> {
    /// The output for a tenant; none if it was not selected.
    fn of(&mut self, tenant: TenantId) -> Result<Option<&mut Output>> {
        let TenantArgs { tenant: selected, all_tenants } = self.arguments.of;
        if selected.is_some_and(|selected| selected != tenant) {
            return Ok(None);
        }
        if !self.outputs.contains_key(&tenant) {
            if selected.is_none() && !all_tenants && !self.outputs.is_empty() {
                bail!(
                    "the store has several tenants: select one with --tenant ID, or all with \
                     --all-tenants"
                );
            }
            let created = if all_tenants {
                create(&directory_of(self.arguments)?.join(file_name(tenant)))
            } else {
                output(self.arguments)
            };
            self.outputs.insert(tenant, created?);
        }
        Ok(self.outputs.get_mut(&tenant))
    }
}

/// The file or directory that was named; none for standard output.
fn named_file(arguments: &Arguments) -> Option<&Path> {
    arguments.file.as_deref().filter(|file| file.as_os_str() != "-")
}

fn directory_of(arguments: &Arguments) -> Result<&Path> {
    named_file(arguments).context("--all-tenants requires a directory")
}

fn output(arguments: &Arguments) -> Result<Output> {
    match named_file(arguments) {
        Some(file) => create(file),
        None => Ok(Box::new(BufWriter::with_capacity(1 << 16, StandardOutput))),
    }
}

fn create(file: &Path) -> Result<Output> {
    let created = File::create(file);
    let created = created.with_context(|| format!("cannot create {}", file.display()))?;
    Ok(Box::new(BufWriter::with_capacity(1 << 20, created)))
}

/// Makes the directory for the files of all tenants. Files of another export would be taken for
/// files of this one.
fn make_directory(directory: &Path) -> Result<()> {
    let made = std::fs::create_dir_all(directory);
    made.with_context(|| format!("cannot create {}", directory.display()))?;
    let is_empty = directory.read_dir().map(|mut entries| entries.next().is_none());
    if !is_empty.with_context(|| format!("cannot read {}", directory.display()))? {
        bail!("{} is not empty: choose a directory that is empty or missing", directory.display());
    }
    Ok(())
}

/// Writes the selected tenants.
async fn write_all(store: &ExchangeStore, arguments: &Arguments) -> Result<Exported> {
    let mut total = Exported::default();
    match arguments.of.select_of(store.tenants().await?, "the store")? {
        SelectedTenants::One(tenant) => {
            total = write(store, tenant, arguments, output(arguments)?).await?;
        }
        SelectedTenants::All(tenants) => {
            let directory = directory_of(arguments)?;
            make_directory(directory)?;
            for tenant in tenants {
                let file = directory.join(file_name(tenant));
                let exported = write(store, tenant, arguments, create(&file)?).await;
                let exported = exported.with_context(|| format!("tenant {tenant}"))?;
                total.written += exported.written;
                total.left_out += exported.left_out;
            }
        }
    }
    Ok(total)
}

async fn write(
    store: &ExchangeStore,
    tenant: TenantId,
    arguments: &Arguments,
    mut output: Output,
) -> Result<Exported> {
    let store = match store {
        ExchangeStore::Opened(store) => store,
        ExchangeStore::Served(served) => {
            let request = ExportRequest {
                tenant,
                without_voided: arguments.without_voided,
                skip_damaged: arguments.skip_damaged,
            };
            return served.export(request, &mut *output);
        }
    };
    let total = store.storage.count_statements(tenant).await?;
    let bar = progress_bar(total, Unit::Statements);
    let export = Export {
        tenant,
        after: 0,
        leave_out_voided: arguments.without_voided,
        damaged: if arguments.skip_damaged { Damaged::LeaveOut } else { Damaged::Stop },
    };
    let mut watch = |now: ExportProgress| match now {
        ExportProgress::Reached(sequence) => bar.set_position(sequence),
        ExportProgress::LeftOut { sequence, place } => {
            bar.suspend(|| say(&left_out_text(tenant, sequence, &place)));
        }
    };
    let exported = acta_exchange::export(&*store.storage, export, &mut *output, &mut watch).await;
    bar.finish_and_clear();
    Ok(exported?)
}
