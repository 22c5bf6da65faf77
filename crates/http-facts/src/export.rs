//! Exports of facts: one at a time of a tenant, given up when nobody waits.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use acta_access::TenantId;
use acta_admin::AnswerPermit;
use acta_facts::FactStore;
use acta_facts_export::{
    ExportError, ExportFile, ExportProgress, Exporting, FileName, Manifest, export, find_manifest,
};
use acta_http::problem::Problem;
use acta_storage::persons::Persons;
use acta_storage::{Share, spawn_low_priority};
use tokio::sync::{OwnedMutexGuard, mpsc};

/// Reports that may wait for a client that reads slowly; others are left out.
const WAITING_MAX: usize = 16;

/// How often a file is looked for that is just being replaced.
const OPEN_TRIES: u32 = 20;

/// How long to wait in between.
const OPEN_DELAY: std::time::Duration = std::time::Duration::from_millis(25);

/// When to ask again for a file that is being replaced all the time.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(5);

/// What comes of an export.
#[derive(Debug)]
pub enum ExportReport {
    /// How far it is.
    Progress(ExportProgress),
    /// It is done.
    Done(Manifest),
}

/// The turn of an export. Nobody else exports the facts of the tenant as long as it is held.
#[derive(Debug)]
pub struct ExportTurn {
    pub(super) _alone: OwnedMutexGuard<()>,
    pub(super) _turn: Share,
}

/// The tenants whose facts are being exported.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exports(Arc<Mutex<HashMap<TenantId, Arc<tokio::sync::Mutex<()>>>>>);

impl Exports {
    /// Waits until no export of a tenant is in progress. None begins while the result is held.
    pub(super) async fn begin(&self, tenant: TenantId) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(tenant).or_default())
        };
        lock.lock_owned().await
    }
}

/// Begins to bring the exported files of a tenant up to date, and holds `held` meanwhile. It is
/// given up when the receiver is dropped; if the receiver ends without [`ExportReport::Done`], it
/// has failed.
///
/// # Errors
///
/// 500 if it cannot begin.
pub(crate) fn start(
    store: Arc<FactStore>,
    (permit, persons): (AnswerPermit, Arc<Persons>),
    held: ExportTurn,
) -> Result<mpsc::Receiver<ExportReport>, Problem> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let begun = spawn_low_priority(move || {
        let _held = held;
        let stop = || sender.is_closed();
        // A report that finds no room is left out: another one follows.
        let mut watch = |now| drop(sender.try_send(ExportReport::Progress(now)));
        let AnswerPermit { tenant, settings, .. } = permit;
        let table = store.table(tenant, &settings.course, &persons);
        let folder = store.export_folder(tenant);
        if table.is_rebuilding() {
            // What is missing would be taken for removed.
            tracing::warn!("facts are not exported, because they are being made");
            return;
        }
        match export(&table, &folder, Exporting::new(&stop, &mut watch)) {
            Ok(manifest) => drop(sender.blocking_send(ExportReport::Done(manifest))),
            Err(ExportError::Stopped) => {}
            Err(ExportError::Io(error)) => tracing::error!(%error, "facts cannot be exported"),
        }
    });
    match begun {
        Ok(_) => Ok(receiver),
        Err(error) => {
            tracing::error!(%error, "a thread cannot be started");
            Err(Problem::internal())
        }
    }
}

/// Opens an exported file; none if there is none with this name.
///
/// # Errors
///
/// 500 if it cannot be read, 503 if it is being replaced all the time.
pub(crate) async fn open_exported(
    folder: &Path,
    name: FileName,
) -> Result<Option<(ExportFile, File)>, Problem> {
    for _ in 0..OPEN_TRIES {
        let folder = folder.to_owned();
        let opened = acta_storage::spawn_blocking(move || open(&folder, name)).await;
        match opened.map_err(io::Error::other).flatten() {
            Ok(Opened::There(file, opened)) => return Ok(Some((file, opened))),
            Ok(Opened::Missing) => return Ok(None),
            Ok(Opened::Changing) => tokio::time::sleep(OPEN_DELAY).await,
            Err(error) => {
                tracing::error!(%error, "an exported file cannot be read");
                return Err(Problem::internal());
            }
        }
    }
    let detail = "the file is being replaced: try again";
    let mut problem = Problem::new(hyper::StatusCode::SERVICE_UNAVAILABLE, "file-changing", detail);
    problem.retry_after = Some(RETRY_AFTER);
    Err(problem)
}

enum Opened {
    There(ExportFile, File),
    Missing,
    /// It is not the file that the manifest names, which is replaced after it.
    Changing,
}

fn open(folder: &Path, name: FileName) -> io::Result<Opened> {
    let manifest = find_manifest(folder)?;
    let Some(file) = manifest.as_ref().and_then(|manifest| manifest.find(name)) else {
        return Ok(Opened::Missing);
    };
    let opened = match File::open(folder.join(name.to_string())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Opened::Changing),
        opened => opened?,
    };
    let is_whole = opened.metadata()?.len() == file.bytes;
    // The manifest is as before: the file has not been replaced in between.
    let is_same = find_manifest(folder)? == manifest;
    Ok(if is_whole && is_same { Opened::There(file.clone(), opened) } else { Opened::Changing })
}
