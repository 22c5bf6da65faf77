//! Files of comma-separated values: imported in parts, all of which are first checked, each for
//! itself, and exported.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use acta_admin::{CsvPiece, split_csv};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::admin::{Address, Client, Output, fields};
use crate::terminal::{StandardOutput, say};

/// Rows and bytes of a request.
const ROWS_MAX: usize = 5_000;
const BYTES_MAX: usize = 2 << 20;

/// An import of a file.
pub(super) struct CsvImport<'a> {
    /// The file; `-` for standard input.
    pub(super) file: &'a Path,
    /// What the parts are sent to.
    pub(super) address: Address,
    /// Whether the file is only checked.
    pub(super) dry_run: bool,
    /// The names of the counts in responses, `rows` first.
    pub(super) counts: &'a [&'a str],
    /// What is to be said of a check of several parts.
    pub(super) note: &'a str,
}

impl CsvImport<'_> {
    /// Sends the file in parts, after all of them were checked.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and as the API refuses.
    pub(super) async fn run(&self, client: &mut Client) -> Result<Output> {
        let pieces = split_csv(&read(self.file)?, ROWS_MAX, BYTES_MAX);
        let mut counts = self.send(client, &pieces, true).await?;
        if !self.dry_run {
            counts = self.send(client, &pieces, false).await?;
        }
        let mut lines = fields(&counts, self.counts);
        if self.dry_run {
            lines.push("nothing was changed: this is what would be done".to_owned());
            if 1 < pieces.len() {
                let note = self.note;
                lines.push(format!(
                    "each part of {ROWS_MAX} rows was checked without those before it, so {note}"
                ));
            }
        }
        Ok(Output::new(counts, lines))
    }

    async fn send(&self, client: &mut Client, pieces: &[CsvPiece], is_dry: bool) -> Result<Value> {
        let dry_run = if is_dry { "true" } else { "false" };
        let act = if is_dry { "checked" } else { "imported" };
        let address = self.address.clone().with("dry_run", Some(dry_run));
        let all: usize = pieces.iter().map(|piece| piece.rows).sum();
        let zeros = self.counts.iter().map(|name| ((*name).to_owned(), json!(0)));
        let mut sums: Map<String, Value> = zeros.collect();
        for piece in pieces {
            let address =
                address.clone().with("lines_before", Some(&piece.lines_before.to_string()));
            let answer = client.post_csv(&address, piece.text.clone()).await;
            let before = sums["rows"].as_u64().filter(|rows| !is_dry && *rows != 0);
            let counts = match before {
                // What is in another part was not known when this one was checked.
                Some(rows) => answer.with_context(|| {
                    format!(
                        "{rows} of {all} rows are imported, and what follows is not; correct it \
                         and import the whole file again, which changes nothing for those"
                    )
                })?,
                None => answer?,
            };
            for (name, sum) in &mut sums {
                let count = counts[name].as_u64().unwrap_or_default();
                *sum = (sum.as_u64().unwrap_or_default() + count).into();
            }
            if 1 < pieces.len() {
                say(&format!("{act} {} of {all} rows", sums["rows"]));
            }
        }
        Ok(Value::Object(sums))
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    Ok(text)
}

/// Writes what the API exports to a file; `-` or none for standard output. `what` is in it.
///
/// # Errors
///
/// When the file cannot be written, and as the API refuses.
pub(super) async fn export(
    client: &mut Client,
    address: &Address,
    (file, what): (Option<&Path>, &str),
) -> Result<Output> {
    let Some(path) = file.filter(|file| file.as_os_str() != "-") else {
        client.download(address, &mut StandardOutput).await?;
        return Ok(Output::new(Value::Null, Vec::new()));
    };
    let created = File::create(path);
    let created = created.with_context(|| format!("cannot create {}", path.display()))?;
    let mut output = BufWriter::new(created);
    let written = client.download(address, &mut output).await;
    output.flush()?;
    written.with_context(|| format!("{} is not complete", path.display()))?;
    say(&format!("wrote the {what} to {}", path.display()));
    Ok(Output::new(json!({}), Vec::new()))
}
