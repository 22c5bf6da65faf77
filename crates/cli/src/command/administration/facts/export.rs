//! `acta facts export`: facts as Parquet files in a directory or in object storage.

use std::io::{self, Write};

use acta_facts_export::{Manifest, Month};
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::target::{Target, sha256_of};
use crate::admin::{Address, Client, OfTenant, Output};
use crate::terminal::{Unit, counted, progress_bar};

/// Arguments of `acta facts export`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Arguments {
    /// The directory, or a bucket and a prefix in it as in `s3://bucket/prefix`, whose access key
    /// is in the configuration (`facts.export_*`). Only what is new or has changed is written.
    #[arg(value_name = "DIR|s3://…")]
    to: String,
    #[command(flatten)]
    of: OfTenant,
    /// All tenants, each in a directory of its own, such as `tenant-1`.
    #[arg(long, conflicts_with = "tenant")]
    all_tenants: bool,
    /// The first month, such as `2026-03`, by the time when it happened (UTC). Files of other
    /// months are removed.
    #[arg(long, value_name = "MONTH")]
    since: Option<Month>,
    /// The last month.
    #[arg(long, value_name = "MONTH")]
    until: Option<Month>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    files: usize,
    kept: usize,
    rows: u64,
}

/// Runs the command.
pub(super) async fn run(client: &mut Client, arguments: &Arguments) -> Result<Output> {
    let mut written = Written::default();
    let mut tenants = Vec::new();
    if arguments.all_tenants {
        let found = client.list(&Address::of(["tenants"]), usize::MAX).await?;
        tenants.extend(found.iter().map(|tenant| tenant["id"].to_string()));
    } else {
        tenants.push(client.tenant(arguments.of).await?);
    }
    for tenant in tenants {
        let folder = arguments.all_tenants.then(|| format!("tenant-{tenant}"));
        let target = Target::open(&client.config, &arguments.to, folder.as_deref())?;
        let one = export(client, &tenant, &target, arguments).await;
        let one = one.with_context(|| format!("tenant {tenant}"))?;
        written.files += one.files;
        written.kept += one.kept;
        written.rows += one.rows;
    }
    let Written { files, kept, rows } = written;
    let line = format!(
        "{} in {}: {files} written, {kept} as before",
        counted(rows, "fact"),
        counted((files + kept) as u64, "file")
    );
    let json = json!({ "rows": rows, "files_written": files, "files_kept": kept });
    Ok(Output::new(json, vec![line]))
}

async fn export(
    client: &mut Client,
    tenant: &str,
    target: &Target,
    arguments: &Arguments,
) -> Result<Written> {
    let path = ["tenants", tenant, "facts", "export"];
    let mut reports = Reports::default();
    client.download(&Address::of(path), &mut reports).await?;
    let mut manifest = reports.manifest()?;
    let is_wanted = |month: Month| {
        arguments.since.is_none_or(|since| since <= month)
            && arguments.until.is_none_or(|until| month <= until)
    };
    manifest.files.retain(|file| is_wanted(file.name.month()));
    manifest.rows = manifest.files.iter().map(|file| file.rows).sum();
    let before = target.manifest().await?.unwrap_or_default();
    let mut written = Written { rows: manifest.rows, ..Written::default() };
    let bar = progress_bar(manifest.files.iter().map(|file| file.bytes).sum(), Unit::Bytes);
    for file in &manifest.files {
        let is_same = before.find(file.name).is_some_and(|known| known.sha256 == file.sha256);
        if is_same && target.has(file) {
            written.kept += 1;
        } else {
            let name = file.name.to_string();
            let address = Address::of(path.into_iter().chain([name.as_str()]));
            let mut content = tempfile::NamedTempFile::new()?;
            client.download(&address, &mut content).await?;
            if sha256_of(content.path())? != file.sha256 {
                bail!("{} has changed during the export: repeat it", file.name);
            }
            target.put(&name, content.path()).await?;
            written.files += 1;
        }
        bar.inc(file.bytes);
    }
    bar.finish_and_clear();
    target.finish(manifest, &before).await?;
    Ok(written)
}

/// The lines of an export in progress.
#[derive(Default)]
struct Reports {
    line: Vec<u8>,
    bar: Option<ProgressBar>,
    manifest: Option<Manifest>,
}

impl Reports {
    fn read(&mut self, line: &[u8]) -> io::Result<()> {
        let mut report: Value = serde_json::from_slice(line)?;
        if let Some(total) = report["total"].as_u64() {
            let bar = self.bar.get_or_insert_with(|| progress_bar(total, Unit::Statements));
            bar.set_position(report["done"].as_u64().unwrap_or_default());
        } else {
            self.manifest = Some(serde_json::from_value(report["manifest"].take())?);
        }
        Ok(())
    }

    /// The manifest, which is in the last line.
    fn manifest(self) -> Result<Manifest> {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.manifest.context("the server could not export the facts: see its log")
    }
}

impl Write for Reports {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.line.extend_from_slice(&rest[..end]);
            let line = std::mem::take(&mut self.line);
            self.read(&line)?;
            rest = &rest[end + 1..];
        }
        self.line.extend_from_slice(rest);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
