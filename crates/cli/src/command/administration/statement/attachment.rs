//! `acta statement attachment`: the attachments of a statement, and their content.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use acta_xapi::{Sha2, Sha2Hasher, Uuid};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::admin::{Address, Client, OfTenant, Output, table, whole};
use crate::terminal::StandardOutput;

/// Arguments of `acta statement attachment`.
#[derive(Debug, clap::Args)]
pub(super) struct Attachment {
    /// The id of the statement.
    #[arg(value_name = "ID")]
    statement: Uuid,
    /// The hash of the attachment whose content is wanted. Without it, the attachments are listed
    /// whose content is stored.
    #[arg(value_name = "SHA2", requires = "output")]
    sha2: Option<Sha2>,
    #[command(flatten)]
    of: OfTenant,
    /// The file to write, which must not exist; `-` for standard output, unless that is a terminal.
    #[arg(long, value_name = "FILE", requires = "sha2")]
    output: Option<PathBuf>,
}

impl Attachment {
    /// Lists the attachments, or writes the content of one.
    ///
    /// # Errors
    ///
    /// When the request fails or is refused, or the file exists or cannot be written.
    pub(super) async fn run(&self, client: &mut Client) -> Result<Output> {
        if let Some((sha2, output)) = self.sha2.as_ref().zip(self.output.as_deref()) {
            check(output)?;
            let below = self.address(client).await?;
            let address = Address::of(below.iter().map(String::as_str).chain([sha2.as_str()]));
            return write(client, &address, sha2, output).await;
        }
        let below = self.address(client).await?;
        let listed = client.get(&Address::of(below.iter().map(String::as_str))).await?;
        let items = listed["items"].as_array().cloned().unwrap_or_default();
        let columns =
            [("SHA-2", "/sha2"), ("NAME", "/name"), ("TYPE", "/content_type"), ("BYTES", "/bytes")];
        Ok(Output::new(whole(&items), table(&items, &columns)))
    }

    /// Where the attachments of the statement are.
    async fn address(&self, client: &mut Client) -> Result<[String; 5]> {
        let tenant = client.tenant(self.of).await?;
        let (tenants, statements) = ("tenants".to_owned(), "statements".to_owned());
        let id = self.statement.to_string();
        Ok([tenants, tenant, statements, id, "attachments".to_owned()])
    }
}

fn is_standard(output: &Path) -> bool {
    output.as_os_str() == "-"
}

/// Checks that the content can go there, before anything is read.
fn check(output: &Path) -> Result<()> {
    if is_standard(output) {
        if io::stdout().is_terminal() {
            bail!("content may control the terminal: name a file with --output, or use a pipe");
        }
    } else if output.symlink_metadata().is_ok() {
        bail!("{} exists and is not replaced", output.display());
    }
    Ok(())
}

async fn write(
    client: &mut Client,
    address: &Address,
    sha2: &Sha2,
    output: &Path,
) -> Result<Output> {
    if is_standard(output) {
        Checked::new(&mut StandardOutput, sha2).download(client, address, sha2).await?;
        return Ok(Output::new(Value::Null, Vec::new()));
    }
    // A file for the user alone, which has its name only when it is whole.
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let created = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")));
    let mut file = created.with_context(|| format!("cannot create {}", output.display()))?;
    let bytes = Checked::new(&mut file, sha2).download(client, address, sha2).await?;
    file.persist_noclobber(output)
        .with_context(|| format!("cannot create {}", output.display()))?;
    let line = format!("wrote {bytes} bytes to {}", output.display());
    let json = json!({ "file": output.display().to_string(), "bytes": bytes });
    Ok(Output::new(json, vec![line]))
}

/// Content on its way, which is counted and hashed.
struct Checked<'o> {
    output: &'o mut dyn Write,
    hasher: Sha2Hasher,
    bytes: u64,
}

impl<'o> Checked<'o> {
    fn new(output: &'o mut dyn Write, sha2: &Sha2) -> Self {
        Self { output, hasher: sha2.hasher(), bytes: 0 }
    }

    /// Downloads the content. Returns its size in bytes.
    async fn download(
        mut self,
        client: &mut Client,
        address: &Address,
        sha2: &Sha2,
    ) -> Result<u64> {
        client.download(address, &mut self).await?;
        if self.hasher.finish() != *sha2 {
            bail!("the content that was received has another hash");
        }
        Ok(self.bytes)
    }
}

impl Write for Checked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
