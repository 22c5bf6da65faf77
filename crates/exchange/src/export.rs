//! Exports the statements of a tenant.

use std::io::{self, Write};

use acta_access::TenantId;
use acta_storage::{FeedEntry, Storage, StorageError};
use serde::{Deserialize, Serialize};

/// Statements of a page.
const PAGE_COUNT: usize = 1000;

/// What to export.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// The tenant of the statements.
    pub tenant: TenantId,
    /// Only statements after this sequence; 0 for all.
    pub after: u64,
    /// Whether voided statements are left out.
    pub leave_out_voided: bool,
    /// How to handle damaged statements.
    pub damaged: Damaged,
}

/// How to handle a statement that fails its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damaged {
    /// End the export with an error.
    Stop,
    /// Report it, leave it out, and continue.
    LeaveOut,
}

/// The progress of an export.
#[derive(Debug)]
pub enum ExportProgress {
    /// Everything up to this sequence was written or left out.
    Reached(u64),
    /// A damaged statement was left out.
    LeftOut {
        /// The sequence of the statement.
        sequence: u64,
        /// File and byte offset of the damage.
        place: String,
    },
}

/// The result of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exported {
    /// Statements that were written.
    pub written: u64,
    /// Damaged statements that were left out.
    pub left_out: u64,
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The statements cannot be read.
    #[error("cannot read the store")]
    Storage(#[from] StorageError),
    /// The statements cannot be written.
    #[error("cannot write the statements")]
    Output(#[from] io::Error),
}

/// Writes the statements in the order in which they were stored, one per line, complete and
/// with the sender's bytes. Reports progress to `watch`.
///
/// # Errors
///
/// [`ExportError`]; the output so far consists of complete lines, except perhaps the last.
pub async fn export(
    storage: &dyn Storage,
    export: Export,
    output: &mut (dyn Write + Send),
    watch: &mut (dyn FnMut(ExportProgress) + Send),
) -> Result<Exported, ExportError> {
    let mut exported = Exported::default();
    let mut after = export.after;
    loop {
        let page = match storage.read_feed(export.tenant, after, PAGE_COUNT).await {
            Err(StorageError::Corrupt { .. }) if export.damaged == Damaged::LeaveOut => {
                let page = read_one_by_one(storage, export.tenant, after, watch).await?;
                exported.left_out += page.left_out;
                after = page.until;
                page.entries
            }
            page => {
                let page = page?;
                let Some(last) = page.last() else { break };
                after = last.sequence;
                page
            }
        };
        for entry in page.iter().filter(|entry| !(export.leave_out_voided && entry.is_voided)) {
            write_statement(output, &entry.text)?;
            exported.written += 1;
        }
        watch(ExportProgress::Reached(after));
    }
    output.flush()?;
    Ok(exported)
}

/// The readable part of a page with damage.
struct PartialPage {
    entries: Vec<FeedEntry>,
    left_out: u64,
    /// The sequence up to which was read.
    until: u64,
}

async fn read_one_by_one(
    storage: &dyn Storage,
    tenant: TenantId,
    after: u64,
    watch: &mut (dyn FnMut(ExportProgress) + Send),
) -> Result<PartialPage, ExportError> {
    let until = storage.count_statements(tenant).await?.min(after + PAGE_COUNT as u64);
    let mut remains = PartialPage { entries: Vec::new(), left_out: 0, until };
    for sequence in after + 1..=until {
        match storage.read_feed(tenant, sequence - 1, 1).await {
            // An erased statement is skipped: the next one is returned.
            Ok(mut entries) => {
                entries.retain(|entry| entry.sequence == sequence);
                remains.entries.append(&mut entries);
            }
            Err(StorageError::Corrupt { place }) => {
                remains.left_out += 1;
                watch(ExportProgress::LeftOut { sequence, place });
            }
            Err(other) => return Err(other.into()),
        }
    }
    Ok(remains)
}

/// Writes a statement as one line.
///
/// # Errors
///
/// The error of `output`.
pub fn write_statement(output: &mut dyn Write, text: &str) -> io::Result<()> {
    // Line breaks can only be whitespace between tokens: JSON strings contain none.
    if text.contains(['\n', '\r']) {
        output.write_all(text.replace(['\n', '\r'], " ").as_bytes())?;
    } else {
        output.write_all(text.as_bytes())?;
    }
    output.write_all(b"\n")
}
