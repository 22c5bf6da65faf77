//! `acta proof`: proofs that statements are unchanged.

mod verify;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acta_xapi::Uuid;
use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::json;

use crate::admin::{Address, Client, Common, OfTenant, Output};

/// Arguments of `acta proof`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Prints the key that verifies the checkpoints and proofs of a tenant.
    Key(OfTenant),
    /// Prints the last checkpoint of a tenant: a signed note.
    Checkpoint(OfTenant),
    /// Writes the proof of a statement, and the bytes that it is about, into two files. They
    /// contain what the statement says.
    Statement(Statement),
    /// Lets anybody read the log of a tenant without a credential: its checkpoint and its tiles, at
    /// the address that is its name.
    Publish(OfTenant),
    /// Lets only those read the log of a tenant who may read its statements or its usage.
    Unpublish(OfTenant),
    /// Verifies the proof of a statement, without a store and without a network. The exit code is 1
    /// if it proves nothing.
    Verify(verify::Arguments),
}

/// The statement to be proved.
#[derive(Clone, Debug, clap::Args)]
struct Statement {
    /// The id of the statement.
    id: Uuid,
    #[command(flatten)]
    of: OfTenant,
    /// The directory for the files, whose names are the id with `.tlog-proof` and `.preimage`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
}

/// Runs the command.
///
/// # Errors
///
/// When the store can neither be opened nor reached, or a file cannot be read or written.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let common = &arguments.common;
    match &arguments.act {
        Act::Key(of) => Client::run(file, common, async |client| key(client, *of).await),
        Act::Checkpoint(of) => {
            Client::run(file, common, async |client| checkpoint(client, *of).await)
        }
        Act::Statement(statement) => {
            Client::run(file, common, async |client| prove(client, statement).await)
        }
        Act::Publish(of) => {
            Client::run(file, common, async |client| publish(client, *of, Audience::Anybody).await)
        }
        Act::Unpublish(of) => {
            Client::run(file, common, async |client| publish(client, *of, Audience::Tenant).await)
        }
        Act::Verify(arguments) => verify::run(arguments, common.is_json()),
    }
}

async fn key(client: &mut Client, of: OfTenant) -> Result<Output> {
    let tenant = client.tenant(of).await?;
    let log = client.get(&Address::of(["tenants", &tenant, "proof"])).await?;
    let key = log["key"].as_str().context("the server sent no key")?.to_owned();
    Ok(Output::new(log, vec![key]))
}

async fn checkpoint(client: &mut Client, of: OfTenant) -> Result<Output> {
    let tenant = client.tenant(of).await?;
    let mut note = Vec::new();
    client.download(&Address::of(["tenants", &tenant, "proof", "checkpoint"]), &mut note).await?;
    let note = String::from_utf8(note).context("the checkpoint is not UTF-8")?;
    let lines = note.lines().map(str::to_owned).collect();
    Ok(Output::new(json!({ "checkpoint": note }), lines))
}

/// Who may read a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Anybody,
    Tenant,
}

async fn publish(client: &mut Client, of: OfTenant, audience: Audience) -> Result<Output> {
    let tenant = client.tenant(of).await?;
    let change = json!({ "publishes_proof_log": audience == Audience::Anybody });
    let shown = client.patch(&Address::of(["tenants", &tenant]), &change).await?;
    let line = match audience {
        Audience::Anybody => format!("anybody can read the log of tenant {tenant}"),
        Audience::Tenant => format!("the log of tenant {tenant} is not public"),
    };
    Ok(Output::new(shown, vec![line]))
}

async fn prove(client: &mut Client, statement: &Statement) -> Result<Output> {
    let tenant = client.tenant(statement.of).await?;
    let id = statement.id.to_string();
    let proof = ["tenants", &tenant, "statements", &id, "proof"];
    let preimage = ["tenants", &tenant, "statements", &id, "proof", "preimage"];
    let (mut file, mut about) = (Vec::new(), Vec::new());
    client.download(&Address::of(proof), &mut file).await?;
    client.download(&Address::of(preimage), &mut about).await?;
    let file = write(statement, "tlog-proof", &file)?;
    let about = write(statement, verify::PREIMAGE, &about)?;
    let lines = vec![format!("wrote {file} and {about}")];
    Ok(Output::new(json!({ "proof": file, "preimage": about }), lines))
}

/// Writes a file for the user alone. Returns its path.
fn write(statement: &Statement, ending: &str, bytes: &[u8]) -> Result<String> {
    let path = statement.output.join(format!("{}.{ending}", statement.id));
    let written = acta_files::replace(&path).and_then(|mut file| file.write_all(bytes));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.display().to_string())
}
