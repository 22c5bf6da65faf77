//! `acta person import`: a file in parts, all of which are first checked, each for itself.

use std::io::Read;
use std::path::PathBuf;

use acta_admin::{CsvPiece, split_csv};
use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::persons;
use crate::admin::{Client, OfTenant, Output, fields};
use crate::terminal::say;

/// Rows and bytes of a request.
const ROWS_MAX: usize = 5_000;
const BYTES_MAX: usize = 2 << 20;

/// Arguments of `acta person import`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file; `-` for standard input. The first line names the columns: `name`, `mbox`,
    /// `mbox_sha1sum`, `openid`, `account.homePage`, `account.name`, and attributes.
    file: PathBuf,
    #[command(flatten)]
    of: OfTenant,
    /// Only check the file, and say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Join persons whose identifiers are in one row; otherwise that is a fault.
    #[arg(long)]
    join: bool,
}

/// Sends the file in parts, after all of them were checked.
///
/// # Errors
///
/// When the file cannot be read, and as the API refuses.
pub(super) async fn run(client: &mut Client, arguments: &Arguments) -> Result<Output> {
    let pieces = split_csv(&read(arguments)?, ROWS_MAX, BYTES_MAX);
    let mut counts = send(client, arguments, &pieces, true).await?;
    if !arguments.dry_run {
        counts = send(client, arguments, &pieces, false).await?;
    }
    let mut lines = fields(&counts, &["rows", "created", "changed", "unchanged", "joined"]);
    if arguments.dry_run {
        lines.push("nothing was changed: this is what would be done".to_owned());
        if 1 < pieces.len() {
            lines.push(format!(
                "each part of {ROWS_MAX} rows was checked without those before it, so rows of one \
                 person in several parts are counted as several"
            ));
        }
    }
    Ok(Output::new(counts, lines))
}

fn read(arguments: &Arguments) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    if arguments.file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read(&arguments.file)
            .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    }
    Ok(text)
}

async fn send(
    client: &mut Client,
    arguments: &Arguments,
    pieces: &[CsvPiece],
    is_dry: bool,
) -> Result<Value> {
    let address = persons(client, arguments.of, &["import"]).await?;
    let address = address.with("dry_run", Some(if is_dry { "true" } else { "false" }));
    let address = address.with("join", Some(if arguments.join { "true" } else { "false" }));
    let all: usize = pieces.iter().map(|piece| piece.rows).sum();
    let mut sums = json!({ "rows": 0, "created": 0, "changed": 0, "unchanged": 0, "joined": 0 });
    for piece in pieces {
        let address = address.clone().with("lines_before", Some(&piece.lines_before.to_string()));
        let answer = client.post_csv(&address, piece.text.clone()).await;
        let before = sums["rows"].as_u64().filter(|rows| !is_dry && *rows != 0);
        let counts = match before {
            // What is in another part was not known when this one was checked.
            Some(rows) => answer.with_context(|| {
                format!(
                    "{rows} of {all} rows are imported, and what follows is not; correct it and \
                     import the whole file again, which changes nothing for those"
                )
            })?,
            None => answer?,
        };
        for (name, sum) in sums.as_object_mut().into_iter().flatten() {
            let count = counts[name].as_u64().unwrap_or_default();
            *sum = (sum.as_u64().unwrap_or_default() + count).into();
        }
        if 1 < pieces.len() {
            let act = if is_dry { "checked" } else { "imported" };
            say(&format!("{act} {} of {all} rows", sums["rows"]));
        }
    }
    Ok(sums)
}
