//! The client of the exchange of statements.

use std::io::{self, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread;

use acta_access::TenantId;
use acta_config::Config;
use acta_exchange::{Exported, Imported};
use acta_storage_embedded::reach_exchange;
use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::frames::{FrameKind, read_frame};
use super::work::Compared;
use crate::admin;
use crate::terminal::say;

/// A store that a server has open.
#[derive(Clone, Debug)]
pub(crate) struct ServedStore {
    directory: PathBuf,
}

/// What is imported, beside its content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImportRequest<'a> {
    pub(crate) tenant: TenantId,
    /// As that of [`acta_exchange::Import`].
    pub(crate) name: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    pub(crate) ignores_quota: bool,
    pub(crate) keeps_old_iris: bool,
    /// The name of the file, for messages.
    pub(crate) file: &'a str,
}

/// What is exported.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportRequest {
    pub(crate) tenant: TenantId,
    pub(crate) without_voided: bool,
    pub(crate) skip_damaged: bool,
}

/// The progress of an import.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ImportProgress<'a> {
    /// As many bytes have been processed.
    Bytes(u64),
    /// What was not stored, and why.
    Problem(&'a str),
}

impl ServedStore {
    /// The configured store, if a server has it open; none otherwise, and for a store in a
    /// database, which every process can open.
    ///
    /// # Errors
    ///
    /// When there is a server that does not accept this user.
    pub(crate) fn find(config: &Config) -> Result<Option<Self>> {
        let stream = admin::reach_server(config, reach_exchange)?;
        Ok(stream.map(|_stream| Self { directory: config.data.clone() }))
    }

    /// As [`super::ExchangeStore::tenants`].
    pub(crate) fn tenants(&self) -> Result<Vec<TenantId>> {
        let stream = self.ask(&json!({ "act": "tenants" }))?;
        let numbers: Vec<u32> = receive(stream, |_, _| Ok(()))?;
        Ok(numbers.into_iter().filter_map(TenantId::new).collect())
    }

    /// Writes the statements of a tenant to `output`.
    ///
    /// # Errors
    ///
    /// What the server reports; or what writing reports.
    pub(crate) fn export(
        &self,
        request: ExportRequest,
        output: &mut (dyn Write + Send),
    ) -> Result<Exported> {
        let stream = self.ask(&json!({
            "act": "export",
            "tenant": request.tenant.number(),
            "without_voided": request.without_voided,
            "skip_damaged": request.skip_damaged,
        }))?;
        let exported = receive(stream, |kind, content| {
            match kind {
                FrameKind::Data => output.write_all(content)?,
                FrameKind::Message => say(&String::from_utf8_lossy(content)),
                FrameKind::Progress | FrameKind::End | FrameKind::Failure => {}
            }
            Ok(())
        })?;
        output.flush()?;
        Ok(exported)
    }

    /// As [`super::ExchangeStore::verify`].
    pub(crate) fn verify(&self, report: &mut dyn FnMut(String)) -> Result<Compared> {
        let stream = self.ask(&json!({ "act": "verify" }))?;
        receive(stream, |kind, content| {
            if kind == FrameKind::Message {
                report(String::from_utf8_lossy(content).into_owned());
            }
            Ok(())
        })
    }

    /// Has the server store what `input` contains.
    ///
    /// # Errors
    ///
    /// What the server reports; or what reading the input reports.
    pub(crate) fn import(
        &self,
        request: ImportRequest<'_>,
        mut input: Box<dyn Read + Send>,
        mut show: impl FnMut(ImportProgress<'_>),
    ) -> Result<Imported> {
        let stream = self.ask(&json!({
            "act": "import",
            "tenant": request.tenant.number(),
            "name": request.name,
            "version": request.version,
            "ignore_quota": request.ignores_quota,
            "keep_old_iris": request.keeps_old_iris,
            "file": request.file,
        }))?;
        let mut sending = stream.try_clone()?;
        let sender = thread::spawn(move || {
            let sent = copy(&mut *input, &mut sending);
            // Also after an error: the server must not wait.
            let _ = sending.shutdown(Shutdown::Write);
            sent
        });
        let imported = receive(stream, |kind, content| {
            match (kind, content.first_chunk()) {
                (FrameKind::Progress, Some(bytes)) => {
                    show(ImportProgress::Bytes(u64::from_le_bytes(*bytes)));
                }
                (FrameKind::Message, _) => {
                    show(ImportProgress::Problem(&String::from_utf8_lossy(content)));
                }
                _ => {}
            }
            Ok(())
        })?;
        let sent = sender.join().map_err(|_panic| anyhow!("the input could not be sent"))?;
        sent.context("cannot read the input")?;
        Ok(imported)
    }

    /// Connects and sends the line of a request.
    fn ask(&self, request: &Value) -> Result<UnixStream> {
        let mut stream = reach_exchange(&self.directory).context("cannot connect to the server")?;
        let sent = stream.write_all(format!("{request}\n").as_bytes());
        sent.context("the server closed the connection")?;
        Ok(stream)
    }
}

/// Copies everything. An output that is closed is no error: its reader says why.
fn copy(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if output.write_all(&buffer[..count]).is_err() {
            return Ok(());
        }
    }
}

/// Reads an answer to its end, and gives `take` what comes before the result.
fn receive<T: DeserializeOwned>(
    stream: UnixStream,
    mut take: impl FnMut(FrameKind, &[u8]) -> Result<()>,
) -> Result<T> {
    let mut input = BufReader::with_capacity(1 << 16, stream);
    loop {
        let (kind, content) = read_frame(&mut input).context("the server closed the connection")?;
        match kind {
            FrameKind::Failure => bail!("{}", String::from_utf8_lossy(&content)),
            FrameKind::End => return Ok(serde_json::from_slice(&content)?),
            FrameKind::Data | FrameKind::Message | FrameKind::Progress => take(kind, &content)?,
        }
    }
}
