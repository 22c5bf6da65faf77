//! `acta person import`.

use std::path::PathBuf;

use anyhow::Result;

use super::persons;
use crate::admin::{Client, OfTenant, Output};
use crate::command::administration::csv_files::CsvImport;

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
    let address = persons(client, arguments.of, &["import"]).await?;
    let join = if arguments.join { "true" } else { "false" };
    let import = CsvImport {
        file: &arguments.file,
        address: address.with("join", Some(join)),
        dry_run: arguments.dry_run,
        counts: &["rows", "created", "changed", "unchanged", "joined"],
        note: "rows of one person in several parts are counted as several",
    };
    import.run(client).await
}
