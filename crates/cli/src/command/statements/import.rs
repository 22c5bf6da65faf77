//! `acta import`: statements from files.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_access::TenantId;
use acta_exchange::{Imported, Problem, Watch};
use acta_xapi::Version;
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;

use super::check::parse_version;
use super::tenants::{SelectedTenants, TenantArgs, files_in};
use crate::exchange::{
    ExchangeStore, ImportProgress, ImportRequest, Importing, import, problem_text,
};
use crate::terminal::{Unit, counted, print, progress_bar, say};
use crate::wire::{self, IfMissing, ServerFacts, StoreArgs};

/// Arguments of `acta import`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command")]
pub(crate) struct Arguments {
    /// Files with one statement per line, arrays of statements, or pages of results, also
    /// compressed with gzip; `-` or none for standard input. A directory contains a file for each
    /// tenant, as `acta export --all-tenants` writes it.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    place: StoreArgs,
    #[command(flatten)]
    of: TenantArgs,
    /// The xAPI version of the statements; by default the version of each statement.
    #[arg(long, value_name = "1.0.3|2.0.0", value_parser = parse_version)]
    xapi_version: Option<Version>,
    /// Read files from their start, even if an earlier import has already read them.
    #[arg(long)]
    again: bool,
    /// Store more than the tenant may store a day. What is imported counts all the same.
    #[arg(long)]
    ignore_quota: bool,
    /// Keep statements whose IRIs have characters that must be percent-encoded, such as blanks,
    /// `|` and `[`, as other stores have accepted them. The authority of such statements has the
    /// account name `import-old-iris`.
    #[arg(long)]
    keep_old_iris: bool,
    /// Print the counts as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command. The exit code is 0 when every statement was stored or already exists, and 1
/// when some were refused.
///
/// # Errors
///
/// When a file cannot be read or the store fails.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let loaded = wire::load(file, arguments.place.flags())?;
    wire::block_on(async {
        let mut store = ExchangeStore::reach(&loaded.config, IfMissing::RefuseOrMigrate).await?;
        if let ExchangeStore::Opened(store) = &mut store {
            store.follow(&ServerFacts::default());
        }
        let outcome = import_all(&store, arguments).await;
        store.close().await?;
        let total = outcome?;
        report(&total, arguments)?;
        let is_whole = total.conflicting == 0 && total.faulty == 0;
        Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
    })
}

async fn import_all(store: &ExchangeStore, arguments: &Arguments) -> Result<Imported> {
    let mut total = Imported::default();
    for (tenant, file) in inputs(store, arguments).await? {
        let imported = import_file(store, tenant, &file, arguments).await;
        let imported = imported.with_context(|| format!("{}: import stopped", file.display()))?;
        total.skipped_lines += imported.skipped_lines;
        total.stored += imported.stored;
        total.repeated += imported.repeated;
        total.conflicting += imported.conflicting;
        total.old_iris += imported.old_iris;
        total.faulty += imported.faulty;
    }
    Ok(total)
}

/// The files to read, each with the tenant that gets its statements.
async fn inputs(store: &ExchangeStore, arguments: &Arguments) -> Result<Vec<(TenantId, PathBuf)>> {
    let standard_input = [PathBuf::from("-")];
    let files = if arguments.files.is_empty() { &standard_input[..] } else { &arguments.files };
    let present = store.tenants().await?;
    let mut inputs = Vec::new();
    for file in files {
        if file.is_dir() {
            inputs.extend(files_in(file, arguments.of)?);
            continue;
        }
        match arguments.of.select_of(present.clone(), "the store")? {
            SelectedTenants::One(tenant) => inputs.push((tenant, file.clone())),
            SelectedTenants::All(_) => bail!(
                "--all-tenants reads a directory with a file for each tenant, which {} is not",
                file.display()
            ),
        }
    }
    if let Some((tenant, file)) = inputs.iter().find(|(tenant, _)| !present.contains(tenant)) {
        bail!("there is no tenant {tenant} in the store: {}", file.display());
    }
    Ok(inputs)
}

async fn import_file(
    store: &ExchangeStore,
    tenant: TenantId,
    file: &Path,
    arguments: &Arguments,
) -> Result<Imported> {
    let (name, size, input) = open(file)?;
    let mut input = acta_exchange::decompress(input)?;
    let name = if arguments.again { None } else { name };
    let shown = file.display().to_string();
    let bar = progress_bar(size, Unit::Bytes);
    let imported = match store {
        ExchangeStore::Opened(store) => {
            let importing = Importing {
                storage: &*store.storage,
                service: &store.service,
                tenant,
                name: name.as_deref(),
                version: arguments.xapi_version,
                ignores_quota: arguments.ignore_quota,
                keeps_old_iris: arguments.keep_old_iris,
            };
            let mut display = Display { file: shown, bar: bar.clone() };
            import(&importing, &mut *input, &mut display).await
        }
        ExchangeStore::Served(served) => {
            let request = ImportRequest {
                tenant,
                name: name.as_deref(),
                version: arguments.xapi_version.map(Version::as_str),
                ignores_quota: arguments.ignore_quota,
                keeps_old_iris: arguments.keep_old_iris,
                file: &shown,
            };
            served.import(request, input, |now| match now {
                ImportProgress::Bytes(bytes) => bar.set_position(bytes),
                ImportProgress::Problem(text) => bar.suspend(|| say(text)),
            })
        }
    };
    bar.finish_and_clear();
    imported
}

type Input = Box<dyn BufRead + Send>;

/// The name under which progress is saved, the size, and the content.
fn open(file: &Path) -> Result<(Option<String>, u64, Input)> {
    if file.as_os_str() == "-" {
        if std::io::stdin().is_terminal() {
            say("reading statements from the terminal, one per line; end with Ctrl-D");
        }
        return Ok((None, 0, Box::new(BufReader::new(std::io::stdin()))));
    }
    let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let size = opened.metadata()?.len();
    let name = file.canonicalize()?.display().to_string();
    Ok((Some(name), size, Box::new(BufReader::with_capacity(1 << 20, opened))))
}

/// Shows progress and problems.
struct Display {
    file: String,
    bar: ProgressBar,
}

impl Watch for Display {
    fn progress(&mut self, bytes: u64) {
        self.bar.set_position(bytes);
    }

    fn problem(&mut self, line: u64, problem: Problem) {
        let text = problem_text(&format!("{}:{line}", self.file), problem);
        self.bar.suspend(|| say(&text));
    }
}

fn report(total: &Imported, arguments: &Arguments) -> Result<()> {
    if arguments.json {
        let counts = serde_json::json!({
            "stored": total.stored,
            "old_iris": total.old_iris,
            "repeated": total.repeated,
            "conflicting": total.conflicting,
            "faulty": total.faulty,
            "skipped_lines": total.skipped_lines,
        });
        return Ok(print(&counts.to_string())?);
    }
    let mut parts = vec![format!("{} stored", counted(total.stored, "statement"))];
    let others = [
        (total.repeated, "already stored"),
        (total.old_iris, "with old IRIs"),
        (total.conflicting, "in conflict with stored content"),
        (total.faulty, "not valid"),
    ];
    let others = others.iter().filter(|(count, _)| *count > 0);
    parts.extend(others.map(|(count, what)| format!("{count} {what}")));
    say(&parts.join(", "));
    if total.skipped_lines > 0 {
        let lines = counted(total.skipped_lines, "line");
        say(&format!("continued after {lines} of an earlier import; --again reads the whole file"));
    }
    Ok(())
}
