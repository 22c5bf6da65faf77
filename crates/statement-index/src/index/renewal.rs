//! Runs rebuilt because the log was rewritten: locations and entries have changed.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_statement_log::disk::Disk;
use acta_statement_log::entry::IndexEntryLog;
use acta_storage::StorageError;

use super::Index;
use super::rebuild::{self, RebuildTarget};
use crate::run::Run;
use crate::run::directory::{RunDirectory, remove_if_there};
use crate::run::layout::{parse_name, run_positions};

/// Which runs a renewal rebuilds.
#[derive(Clone, Debug)]
pub struct RenewalScope {
    /// The positions whose entries have changed.
    pub stretches: Vec<Range<u64>>,
    /// The renewal ends here: what has later entries stays.
    pub end: u64,
}

/// Runs that are to take the place of others.
#[derive(Debug)]
pub struct RunsRenewed {
    /// All runs up to where the renewal ends, as they are now.
    replaced: Vec<Arc<Run>>,
    /// All runs that are to be in their place.
    by: Vec<RunChange>,
    /// Where the new ones are for now.
    directory: PathBuf,
}

#[derive(Debug)]
enum RunChange {
    /// It stays as it is.
    Same(Arc<Run>),
    /// It is new, and has this name.
    New(String),
}

/// Keeps runs as they are until it is dropped.
#[derive(Debug)]
pub struct RunsHeld<'a>(&'a Index);

impl Drop for RunsHeld<'_> {
    fn drop(&mut self) {
        self.0.shared.signals.release_runs();
    }
}

impl Index {
    /// Lets no run be merged or rebuilt while the answer is kept. Waits for a merge under
    /// way.
    pub fn hold_runs(&self) -> RunsHeld<'_> {
        self.shared.signals.hold_runs();
        RunsHeld(self)
    }

    /// Waits until all entries before `position` are in runs, of which none has later ones:
    /// [`Index::freeze`] was called there.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Io`] if they cannot be written.
    pub fn wait_for_runs(&self, position: u64) -> Result<(), StorageError> {
        self.shared.wait_for_runs(position)
    }

    /// Rebuilds the runs of `scope` whose entries have changed, from another log,
    /// in a directory of their own. None if `is_stopped` said so in between.
    ///
    /// To be called while runs are held.
    ///
    /// # Errors
    ///
    /// As for an insertion; [`StorageError::Corrupt`] or [`StorageError::Io`] of the log.
    pub fn renew_runs(
        &self,
        directory: &Path,
        scope: &RenewalScope,
        log: &dyn IndexEntryLog,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<RunsRenewed>, StorageError> {
        let run_directory = RunDirectory {
            path: directory.to_path_buf(),
            watcher: None,
            ..self.run_directory.clone()
        };
        let mut replaced = self.view().runs.to_vec();
        replaced.retain(|run| u64::from(run.end()) <= scope.end);
        let (mut runs, mut by): (Vec<Arc<Run>>, _) = (Vec::new(), Vec::new());
        for run in &replaced {
            let is_changed = |stretch: &Range<u64>| {
                u64::from(run.first) < stretch.end && stretch.start < u64::from(run.end())
            };
            if !scope.stretches.iter().any(is_changed) {
                runs.push(Arc::clone(run));
                by.push(RunChange::Same(Arc::clone(run)));
                continue;
            }
            let target = RebuildTarget {
                run_directory: &run_directory,
                run_entries: self.options.run_entries,
            };
            let made = rebuild::rebuild(run, runs.clone(), target, log, is_stopped)?;
            let Some(made) = made else { return Ok(None) };
            by.extend(made.iter().map(|run| RunChange::New(run.file.name().to_owned())));
            runs.extend(made);
        }
        Ok(Some(RunsRenewed { replaced, by, directory: directory.to_path_buf() }))
    }

    /// Brings the new runs to their places and removes the others, durably. Readers see the
    /// former ones until the answer is called.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`]: it is unknown which files are there; all that were made before are
    /// to be removed at the next start.
    pub fn place_runs(
        &self,
        renewed: RunsRenewed,
    ) -> Result<impl FnOnce() + use<'_>, StorageError> {
        let failed = |source| StorageError::Io { act: "placing runs of the index", source };
        let (disk, directory) =
            (self.run_directory.disk.as_ref(), self.run_directory.path.as_path());
        for kept in &renewed.by {
            if let RunChange::New(name) = kept {
                disk.rename(&renewed.directory.join(name), &directory.join(name))
                    .map_err(failed)?;
            }
        }
        let mut runs = Vec::new();
        for kept in renewed.by {
            runs.push(match kept {
                RunChange::Same(run) => run,
                RunChange::New(name) => Arc::new(Run::open(&self.run_directory, &name)?),
            });
        }
        let end = runs.last().map_or(0, |run| run.end());
        // Also parts of merges, and damaged ones that were set aside.
        for name in disk.list(directory).map_err(failed)? {
            let is_used = runs.iter().any(|run| run.file.name() == name);
            if !is_used && first_in(&name).is_none_or(|first| first < end) {
                remove_if_there(disk, &directory.join(name))?;
            }
        }
        disk.sync_directory(directory).map_err(failed)?;
        let replaced = renewed.replaced;
        Ok(move || self.shared.replace_runs(&replaced, runs))
    }
}

/// The first position of the run that a file holds, held or was to hold.
fn first_in(name: &str) -> Option<u32> {
    let stem = Path::new(name).with_extension("");
    let candidates = [name, stem.to_str()?];
    candidates.into_iter().find_map(parse_name).map(|(first, _)| first)
}

/// Removes the files of runs in `directory` that have entries behind `from`, and what was not
/// finished. For a store that is not open.
///
/// # Errors
///
/// [`StorageError::Io`].
pub fn drop_runs(disk: &dyn Disk, directory: &Path, from: u64) -> Result<(), StorageError> {
    let failed = |source| StorageError::Io { act: "dropping runs of the index", source };
    disk.create_directory(directory).map_err(failed)?;
    for name in disk.list(directory).map_err(failed)? {
        if run_positions(&name).is_none_or(|positions| from < positions.end) {
            remove_if_there(disk, &directory.join(name))?;
        }
    }
    disk.sync_directory(directory).map_err(failed)
}
