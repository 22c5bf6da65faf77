//! `acta check`: validates statements without a store.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use acta_exchange::Checked;
use acta_xapi::{Fault, Version};
use anyhow::{Context, Result, bail};

use super::tenants::{TenantArgs, files_in};
use crate::terminal::{counted, print, say};

/// Arguments of `acta check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Files with a statement, an array of statements, a page of results, or JSON Lines, also
    /// compressed with gzip; `-` or none for standard input. A directory contains a file for each
    /// tenant, as `acta export --all-tenants` writes it.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    of: TenantArgs,
    /// The xAPI version to check against; by default the version of each statement.
    #[arg(long, value_name = "1.0.3|2.0.0", value_parser = parse_version)]
    xapi_version: Option<Version>,
    /// Print each fault as a JSON object on its own line.
    #[arg(long)]
    json: bool,
}

/// Parses a version.
pub(crate) fn parse_version(text: &str) -> Result<Version> {
    text.parse().context("expected 1.0.3 or 2.0.0")
}

/// Runs the command. The exit code is 0 when everything is valid, and 1 otherwise.
///
/// # Errors
///
/// When a file cannot be read.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut total = Checked::default();
    let standard_input = [PathBuf::from("-")];
    let files = if arguments.files.is_empty() { &standard_input[..] } else { &arguments.files };
    for file in &inputs(files, arguments.of)? {
        let checked = check_file(file, arguments)?;
        total.statements += checked.statements;
        total.faulty += checked.faulty;
    }
    let statements = counted(total.statements, "statement");
    if total.faulty == 0 {
        say(&format!("{statements} valid"));
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("{} of {statements} not valid", total.faulty));
    Ok(ExitCode::from(1))
}

/// The files to read, those in directories included.
fn inputs(files: &[PathBuf], of: TenantArgs) -> Result<Vec<PathBuf>> {
    let mut inputs = Vec::new();
    for file in files {
        if file.is_dir() {
            inputs.extend(files_in(file, of)?.into_values());
        } else if of.all_tenants || of.tenant.is_some() {
            bail!(
                "--tenant and --all-tenants select files of a directory, which {} is not",
                file.display()
            );
        } else {
            inputs.push(file.clone());
        }
    }
    Ok(inputs)
}

fn check_file(file: &PathBuf, arguments: &Arguments) -> Result<Checked> {
    let (name, input): (String, Box<dyn BufRead + Send>) = if file.as_os_str() == "-" {
        ("stdin".to_owned(), Box::new(BufReader::new(std::io::stdin())))
    } else {
        let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
        (file.display().to_string(), Box::new(BufReader::new(opened)))
    };
    let unreadable = || format!("cannot read {name}");
    let mut input = acta_exchange::decompress(input).with_context(unreadable)?;
    let mut outcome = Ok(());
    let mut report = |line: u64, fault: &Fault| {
        if outcome.is_err() {
            return;
        }
        let text =
            if arguments.json { as_json(&name, line, fault) } else { as_text(&name, line, fault) };
        outcome = print(&text);
    };
    let checked = acta_exchange::check(&mut input, arguments.xapi_version, &mut report)
        .with_context(unreadable)?;
    outcome?;
    Ok(checked)
}

fn as_text(file: &str, line: u64, fault: &Fault) -> String {
    format!("{file}:{line}: {fault}")
}

fn as_json(file: &str, line: u64, fault: &Fault) -> String {
    serde_json::json!({
        "file": file,
        "line": line,
        "pointer": fault.pointer,
        "rule": fault.rule.id(),
        "section": fault.rule.section(),
        "message": fault.rule.text(),
        "found": fault.found,
    })
    .to_string()
}
