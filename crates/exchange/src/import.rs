//! Imports statements from files.

use std::collections::HashSet;
use std::io::{self, Read};

use acta_access::Principal;
use acta_service::{Sent, Service, ServiceError, Shape, TenantLimits, Upload, ValidatedStatements};
use acta_storage::{Storage, StorageError};
use acta_xapi::{
    Fault, Faults, IriRule, ParseLimits, Rule, Sha2, StatementId, Version, parse_statement,
};
use serde::{Deserialize, Serialize};

use crate::check::version_of_line;
use crate::reader::{InputText, StatementReader};

/// Statements that are stored together.
const BATCH_COUNT: usize = 500;

/// Bytes after which a batch is stored, however few statements it holds.
const BATCH_BYTES: usize = 8 << 20;

/// The parameters of an import.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    /// The use cases.
    pub service: &'a Service,
    /// The store in which progress is saved.
    pub storage: &'a dyn Storage,
    /// The principal that stores the statements and determines their authority.
    pub principal: &'a Principal,
    /// A name of the input, so that a repeated import continues where this one ended; `None`
    /// for input that cannot be read again, such as a pipe.
    pub name: Option<&'a str>,
    /// The version of all statements; `None` to use each statement's own `version`.
    pub version: Option<Version>,
    /// How much the tenant may store. What is stored is counted even without limits.
    pub limits: &'a TenantLimits,
    /// The principal that stores statements with old IRIs, which its authority marks; `None` to
    /// refuse them.
    pub old_iris: Option<&'a Principal>,
}

impl std::fmt::Debug for Import<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The result of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Imported {
    /// Lines that an earlier import of the same input has processed.
    pub skipped_lines: u64,
    /// Statements that are new.
    pub stored: u64,
    /// Statements with old IRIs, new or not.
    pub old_iris: u64,
    /// Statements that were already stored with equal content.
    pub repeated: u64,
    /// Statements whose id is already stored with different content.
    pub conflicting: u64,
    /// Lines that are not valid statements.
    pub faulty: u64,
}

/// Why one line was not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The line is not a valid statement.
    Faulty(Vec<Fault>),
    /// The id occurs with different content in the store or earlier in the input.
    Conflicting(StatementId),
    /// The content of an attachment cannot be imported from JSON Lines, and the statement has
    /// no `fileUrl` for it.
    AttachmentMissing(Sha2),
}

/// Receives the progress and the problems of an import.
pub trait Watch: Send {
    /// The number of processed bytes of the input.
    fn progress(&mut self, bytes: u64);

    /// What begins in this line, counted from 1, was not stored.
    fn problem(&mut self, line: u64, problem: Problem);
}

/// Why an import failed. What was stored until then stays stored, and a repeated import
/// continues after it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input cannot be read.
    #[error("cannot read the input")]
    Input(#[from] io::Error),
    /// The store refuses the statements, or has failed.
    #[error("cannot store statements")]
    Service(#[from] ServiceError),
    /// The progress cannot be read or saved, or the usage of the tenant cannot be saved.
    #[error("cannot read or save the progress")]
    Progress(#[from] StorageError),
}

/// Stores every valid statement of `input` that is not stored yet. The input is JSON Lines, an
/// array of statements, a page of results, or several of them.
///
/// The statements are stored in the order of the input, whatever their versions.
/// What cannot be stored is reported and skipped. The progress and the usage of the tenant are
/// saved after each batch. If the quota of the tenant is exhausted within a batch, the statements
/// that fit are stored before the import ends.
///
/// # Errors
///
/// [`ImportError`] if it cannot continue.
pub async fn import(
    import: Import<'_>,
    input: &mut (dyn Read + Send),
    watch: &mut dyn Watch,
) -> Result<Imported, ImportError> {
    let mut lines = StatementReader::new(input);
    let mut imported =
        Imported { skipped_lines: resume(import, &mut lines).await?, ..Imported::default() };
    watch.progress(lines.offset());
    let mut run = Run { import, imported: &mut imported, watch };
    loop {
        let batch = lines.read(BATCH_COUNT, BATCH_BYTES)?;
        if batch.is_empty() {
            return Ok(imported);
        }
        let stored = run.store(batch).await;
        import.service.quotas().flush().await?;
        stored?;
        run.watch.progress(lines.offset());
        save(import, &lines).await?;
    }
}

/// Skips what an earlier import has processed. Returns the number of lines.
async fn resume(import: Import<'_>, lines: &mut StatementReader<'_>) -> Result<u64, ImportError> {
    let Some(name) = import.name else { return Ok(0) };
    let saved = import.storage.find_cursor(import.principal.tenant, &cursor_name(name)).await?;
    let Some(saved) = saved else { return Ok(0) };
    let mut parts = saved.split(' ');
    let offset = parts.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let hash = parts.next().unwrap_or_default();
    Ok(lines.skip_if_unchanged(offset, hash)?)
}

async fn save(import: Import<'_>, lines: &StatementReader<'_>) -> Result<(), ImportError> {
    if let Some(name) = import.name {
        let value = format!("{} {}", lines.offset(), lines.hash().as_str());
        let tenant = import.principal.tenant;
        import.storage.save_cursor(tenant, &cursor_name(name), &value).await?;
    }
    Ok(())
}

fn cursor_name(input: &str) -> String {
    format!("import {input}")
}

struct Run<'a, 'w> {
    import: Import<'a>,
    imported: &'w mut Imported,
    watch: &'w mut dyn Watch,
}

/// A valid statement and its line.
struct InputLine {
    number: u64,
    text: Vec<u8>,
    id: Option<StatementId>,
    kind: Kind,
}

/// What statements that are validated together have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    version: Version,
    iris: IriRule,
}

impl Run<'_, '_> {
    /// Stores the valid ones of some lines, and reports the others.
    async fn store(&mut self, batch: Vec<InputText>) -> Result<(), ImportError> {
        let mut lines = Vec::with_capacity(batch.len());
        for InputText { line: number, text } in batch {
            let version = self.import.version.unwrap_or_else(|| version_of_line(&text));
            lines.extend(self.check(number, text, version));
        }
        while !lines.is_empty() {
            // An id that occurs twice goes into another batch: the store decides whether it is a
            // repetition or a conflict.
            let again = split_repeated(&mut lines);
            self.store_lines(lines).await?;
            lines = again;
        }
        Ok(())
    }

    /// The line, if it is a statement that can be stored; otherwise reports it.
    fn check(&mut self, number: u64, text: Vec<u8>, version: Version) -> Option<InputLine> {
        let mut iris = IriRule::Strict;
        let mut parsed = parse_statement(&text, version, &ParseLimits::default());
        if parsed.is_err() && self.import.old_iris.is_some() {
            iris = IriRule::Old;
            parsed = parse_statement(&text, version, &ParseLimits { iris, ..Default::default() });
        }
        let problem = match parsed {
            Err(Faults(faults)) => Problem::Faulty(faults),
            Ok(statement) => {
                let without = statement.attachments.iter().find(|one| one.file_url.is_none());
                match without {
                    None => {
                        let kind = Kind { version, iris };
                        return Some(InputLine { number, text, id: statement.id, kind });
                    }
                    Some(attachment) => Problem::AttachmentMissing(attachment.sha2.clone()),
                }
            }
        };
        self.imported.faulty += 1;
        self.watch.problem(number, problem);
        None
    }

    async fn store_lines(&mut self, mut lines: Vec<InputLine>) -> Result<(), ImportError> {
        while !lines.is_empty() {
            match self.try_store(&lines).await {
                Ok(new_count) => {
                    self.imported.old_iris += old_count(&lines);
                    self.imported.stored += new_count as u64;
                    self.imported.repeated += (lines.len() - new_count) as u64;
                    return Ok(());
                }
                Err(ServiceError::Conflict(ids)) => self.drop_conflicting(&mut lines, &ids)?,
                // Together they exceed a limit, although none may exceed it alone.
                Err(
                    ServiceError::Faulty(_)
                    | ServiceError::OverLimit { .. }
                    | ServiceError::OverQuota(_),
                ) if lines.len() > 1 => {
                    let rest = lines.split_off(lines.len() / 2);
                    Box::pin(self.store_lines(lines)).await?;
                    lines = rest;
                }
                Err(ServiceError::Faulty(Faults(faults))) => self.drop_faulty(&mut lines, &faults),
                Err(ServiceError::OverLimit { max, .. }) => {
                    let found = format!("more than {max} bytes");
                    self.drop_faulty(&mut lines, &[Fault::new("", Rule::Size, &found)]);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Stores lines together, in their order. Returns how many are new.
    async fn try_store(&self, lines: &[InputLine]) -> Result<usize, ServiceError> {
        let mut together: Option<ValidatedStatements> = None;
        let mut bytes = 0;
        let parts: Vec<_> = lines.chunk_by(|one, next| one.kind == next.kind).collect();
        for part in parts {
            let text = array_of(part);
            bytes += text.len();
            let validated = self.validate(text, part[0].kind).await?;
            match &mut together {
                Some(together) => together.append(validated),
                None => together = Some(validated),
            }
        }
        let Some(statements) = together else { return Ok(0) };
        let Import { service, limits, .. } = self.import;
        let upload = Upload { statements, attachments: Vec::new(), bytes, limits };
        Ok(service.store_statements(upload).await?.new_count)
    }

    /// Validates statements of one kind.
    async fn validate(
        &self,
        text: Vec<u8>,
        Kind { version, iris }: Kind,
    ) -> Result<ValidatedStatements, ServiceError> {
        let Import { service, principal, old_iris, .. } = self.import;
        let principal = match iris {
            IriRule::Strict => principal,
            IriRule::Old => old_iris.unwrap_or(principal),
        };
        let sent = Sent { text: text.into(), version, shape: Shape::Any, iris };
        service.prepare_statements(principal, sent).await
    }

    /// Reports the single line, which exceeds a limit of the store.
    fn drop_faulty(&mut self, lines: &mut Vec<InputLine>, faults: &[Fault]) {
        for line in lines.drain(..) {
            self.imported.faulty += 1;
            self.watch.problem(line.number, Problem::Faulty(faults.to_vec()));
        }
    }

    fn drop_conflicting(
        &mut self,
        lines: &mut Vec<InputLine>,
        ids: &[StatementId],
    ) -> Result<(), ImportError> {
        let taken: HashSet<_> = ids.iter().copied().collect();
        let before = lines.len();
        lines.retain(|line| {
            let Some(id) = line.id.filter(|id| taken.contains(id)) else { return true };
            self.imported.conflicting += 1;
            self.watch.problem(line.number, Problem::Conflicting(id));
            false
        });
        // A conflict about none of the lines would be reported forever.
        let is_smaller = lines.len() < before;
        if is_smaller { Ok(()) } else { Err(ServiceError::Conflict(ids.to_vec()).into()) }
    }
}

/// How many lines have old IRIs.
fn old_count(lines: &[InputLine]) -> u64 {
    lines.iter().filter(|line| line.kind.iris == IriRule::Old).count() as u64
}

/// The statements as one array.
fn array_of(lines: &[InputLine]) -> Vec<u8> {
    let texts: Vec<&[u8]> = lines.iter().map(|line| line.text.as_slice()).collect();
    let mut text = Vec::with_capacity(texts.iter().map(|text| text.len() + 1).sum::<usize>() + 2);
    text.push(b'[');
    text.extend(texts.join(&b','));
    text.push(b']');
    text
}

/// Removes and returns the lines whose id occurs earlier in `lines`.
fn split_repeated(lines: &mut Vec<InputLine>) -> Vec<InputLine> {
    let mut seen = HashSet::new();
    let is_repeated = |line: &mut InputLine| line.id.is_some_and(|id| !seen.insert(id));
    lines.extract_if(.., is_repeated).collect()
}

#[cfg(test)]
mod tests;
