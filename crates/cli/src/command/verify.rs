//! `acta verify`: reads a whole store and reports all damage.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{Clock, SystemClock};
use acta_storage_embedded::{Advice, Finding, LostStatement, Severity, Verified};
use anyhow::Result;
use serde_json::{Value, json};

use crate::exchange::ExchangeStore;
use crate::terminal::{counted, print, say};
use crate::wire::{self, IfMissing};

/// Most lost statements of a finding that are listed on a terminal.
const STATEMENTS_MAX: usize = 10;

/// The instructions for a store in a database.
const INSTEAD: &str = "check it with amcheck and pg_checksums";

/// Arguments of `acta verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The directory of the store. No other process may have it open. It may be a copy, or
    /// read-only.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Read the store while a server has it open, or a store in a database: all statements,
    /// documents, attachments, records and audit entries, and the logs for proofs, but not the
    /// index.
    #[arg(long)]
    online: bool,
    /// Print everything as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command. The exit code is 0 when the store is intact, and 1 when it is damaged.
///
/// # Errors
///
/// When the store cannot be read.
pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    if arguments.online {
        return verify_online(file, arguments);
    }
    let config = wire::load_directory(file, arguments.data.as_ref(), INSTEAD)?;
    wire::directory::check_store(&config.data)?;
    let clock = SystemClock::new();
    let verified = wire::verify(&config)?;
    let took = clock.elapsed();
    if arguments.json {
        print(&as_json(&verified, took).to_string())?;
    } else {
        for finding in &verified.findings {
            print(&as_text(finding))?;
        }
        say(&summary(&verified, took));
    }
    Ok(if verified.is_sound() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Reads the store through its engine, in this process or in the server that has it open.
fn verify_online(file: Option<&Path>, arguments: &Arguments) -> Result<ExitCode> {
    let data = arguments.data.as_ref().map(|data| data.display().to_string());
    let config = wire::load(file, [("data", data)])?.config;
    let mut places = Vec::new();
    let compared = wire::block_on(async {
        let store = ExchangeStore::reach(&config, IfMissing::Refuse).await?;
        let verified = store.verify(&mut |place| places.push(place)).await;
        store.close().await?;
        verified
    })?;
    let items = compared.items;
    if arguments.json {
        let outcome = json!({
            "sound": items.damaged == 0,
            "damaged": places,
            "statements": items.statements,
            "documents": items.documents,
            "attachments": items.attachments,
            "records": items.records,
            "audit_entries": items.audit_entries,
            "proof_logs": compared.proof_logs,
            "proved_statements": compared.proved_statements,
        });
        print(&outcome.to_string())?;
    } else {
        places.iter().try_for_each(|place| print(&format!("damaged  {place}")))?;
        let read = [
            counted(items.statements, "statement"),
            counted(items.documents, "document"),
            counted(items.attachments, "attachment"),
            counted(items.records, "record"),
        ];
        let entries = counted(items.audit_entries, "audit record");
        let mut read = format!("{}, {entries}", read.join(", "));
        if 0 < compared.proof_logs {
            let logs = counted(compared.proof_logs, "log");
            let proved = counted(compared.proved_statements, "statement");
            read = format!("{read}; {logs} for proofs with {proved} of them");
        }
        say(&match items.damaged {
            0 => format!("intact: {read}"),
            count => format!("damaged in {}: {read}", counted(count, "place")),
        });
    }
    Ok(if items.damaged == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn place_of(finding: &Finding) -> String {
    match finding.offset {
        Some(offset) => format!("{} at byte {offset}", finding.file),
        None => finding.file.clone(),
    }
}

/// A finding as text on several lines.
pub(crate) fn as_text(finding: &Finding) -> String {
    let place = place_of(finding);
    let what = &finding.what;
    if finding.severity == Severity::Note {
        return format!("note     {place}: {what}");
    }
    let mut lines = vec![format!("damaged  {place}: {what}")];
    lines.extend(finding.statements.iter().take(STATEMENTS_MAX).map(statement_line));
    if STATEMENTS_MAX < finding.statements.len() {
        let more = (finding.statements.len() - STATEMENTS_MAX) as u64;
        lines.push(format!("{} more", counted(more, "statement")));
    }
    lines.push(format!("{}.", finding.advice));
    lines.join("\n         ")
}

fn statement_line(lost: &LostStatement) -> String {
    let mut line = format!("lost: the statement at position {}", lost.position);
    if let (Some(tenant), Some(sequence)) = (lost.tenant, lost.sequence) {
        line = format!("{line}, tenant {tenant}, sequence {sequence}");
    }
    match lost.id {
        Some(id) => format!("{line}, id {id}"),
        None => line,
    }
}

fn summary(verified: &Verified, took: Duration) -> String {
    let read = [
        counted(verified.statement_count, "statement"),
        counted(verified.segment_count, "segment"),
        counted(verified.run_count, "run"),
        counted(verified.attachment_count, "attachment"),
        counted(verified.row_count, "row"),
    ];
    let [statements, segments, runs, attachments, rows] = read;
    let what = format!(
        "{statements} in {segments}, {runs} of the index, {attachments}, {rows} of the tables: \
         {} bytes read in {:.1} s",
        verified.bytes,
        took.as_secs_f64()
    );
    match verified.damage_count() as u64 {
        0 => format!("intact: {what}"),
        count => format!("damaged in {}: {what}", counted(count, "place")),
    }
}

fn as_json(verified: &Verified, took: Duration) -> Value {
    let statement = |lost: &LostStatement| {
        json!({
            "position": lost.position,
            "tenant": lost.tenant.map(TenantId::number),
            "sequence": lost.sequence,
            "id": lost.id.map(|id| id.to_string()),
        })
    };
    let finding = |finding: &Finding| {
        let severity = match finding.severity {
            Severity::Damage => "damage",
            Severity::Note => "note",
        };
        let advice: Advice = finding.advice;
        json!({
            "severity": severity,
            "file": finding.file,
            "offset": finding.offset,
            "what": finding.what,
            "advice": advice.as_str(),
            "statements": finding.statements.iter().map(statement).collect::<Vec<_>>(),
        })
    };
    json!({
        "sound": verified.is_sound(),
        "findings": verified.findings.iter().map(finding).collect::<Vec<_>>(),
        "statements": verified.statement_count,
        "segments": verified.segment_count,
        "runs": verified.run_count,
        "attachments": verified.attachment_count,
        "rows": verified.row_count,
        "bytes": verified.bytes,
        "seconds": took.as_secs_f64(),
    })
}
