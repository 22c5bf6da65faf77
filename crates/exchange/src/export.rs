//! Writes every statement of a tenant.

use std::io::{self, Write};

use acta_access::TenantId;
use acta_storage::{Storage, StorageError};

/// Statements that are read at a time.
const PAGE_COUNT: usize = 1000;

/// What to export.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// Whose statements.
    pub tenant: TenantId,
    /// Only those behind this place in the tenant's log; 0 for all.
    pub after: u64,
    /// Whether statements that have been voided are left out.
    pub leave_out_voided: bool,
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The statements cannot be read.
    #[error("cannot read the store")]
    Storage(#[from] StorageError),
    /// The statements cannot be written out.
    #[error("cannot write the statements")]
    Output(#[from] io::Error),
}

/// Writes the statements in the order in which they were stored, one a line, complete and
/// with the sender's bytes. Calls `progress` with the place reached. Returns how many were
/// written.
///
/// # Errors
///
/// [`ExportError`]; what was written until then is whole lines, but for the last.
pub async fn export(
    storage: &dyn Storage,
    export: Export,
    output: &mut (dyn Write + Send),
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, ExportError> {
    let (mut after, mut count) = (export.after, 0);
    loop {
        let page = storage.read_feed(export.tenant, after, PAGE_COUNT).await?;
        let Some(last) = page.last() else { break };
        after = last.sequence;
        for entry in page.iter().filter(|entry| !(export.leave_out_voided && entry.is_voided)) {
            write_line(output, &entry.text)?;
            count += 1;
        }
        progress(after);
    }
    output.flush()?;
    Ok(count)
}

/// Line breaks inside a statement are blanks between its tokens: JSON permits none in strings.
fn write_line(output: &mut dyn Write, text: &str) -> io::Result<()> {
    if text.contains(['\n', '\r']) {
        output.write_all(text.replace(['\n', '\r'], " ").as_bytes())?;
    } else {
        output.write_all(text.as_bytes())?;
    }
    output.write_all(b"\n")
}
