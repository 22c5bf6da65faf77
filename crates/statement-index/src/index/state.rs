//! What is visible, and how runs take the place of what they are made of.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use acta_access::TenantId;
use acta_statement_log::entry::IndexEntryLog;
use acta_storage::StorageError;
use roaring::RoaringBitmap;

use crate::options::IndexOptions;
use crate::run::directory::{RunDirectory, remove_if_there};
use crate::run::layout::parse_name;
use crate::run::{Run, merge};
use crate::signals::Signals;
use crate::tail::Part;
use crate::view::View;

/// What readers, the writer and the threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) state: RwLock<State>,
    pub(crate) signals: Arc<Signals>,
    /// What a damaged run is rebuilt from.
    pub(crate) log: OnceLock<Arc<dyn IndexEntryLog>>,
}

/// What is visible.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) view: View,
    /// The last sequence of each tenant.
    pub(crate) last_sequences: HashMap<TenantId, u64>,
    pub(crate) last_stored_micros: Option<i64>,
}

impl Shared {
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn frozen_count(&self) -> usize {
        self.read().view.parts.len() - 1
    }

    /// Waits until at most `count_max` parts wait to be written.
    ///
    /// # Errors
    ///
    /// Why they could not be written, although it was tried once more.
    pub(crate) fn wait_for_parts(&self, count_max: usize) -> Result<(), StorageError> {
        self.signals.wait_for(&|| count_max < self.frozen_count())
    }

    /// Waits until everything before `position` is in runs.
    ///
    /// # Errors
    ///
    /// Why it could not be written, although it was tried once more.
    pub(crate) fn wait_for_runs(&self, position: u64) -> Result<(), StorageError> {
        let waiting = || {
            let state = self.read();
            let parts = state.view.parts.iter();
            parts.filter(|part| u64::from(part.first) < position).count()
        };
        self.signals.wait_for(&|| 0 < waiting())
    }

    /// The part that is to be written next.
    pub(crate) fn oldest_frozen(&self) -> Option<Arc<Part>> {
        match &self.read().view.parts[..] {
            [oldest, _, ..] => Some(Arc::clone(oldest)),
            _ => None,
        }
    }

    /// Lets readers see a run in the place of the part that was written.
    pub(crate) fn replace_part(&self, part: &Arc<Part>, run: Run) {
        let mut state = self.write();
        debug_assert!(state.view.parts.first().is_some_and(|oldest| Arc::ptr_eq(oldest, part)));
        Arc::make_mut(&mut state.view.runs).push(Arc::new(run));
        let replaced = state.view.parts.remove(0);
        // Freeing a part takes a while, and is done without the lock.
        drop(state);
        drop(replaced);
    }

    /// Lets readers see other runs in the place of those with the same entries.
    pub(crate) fn replace_runs(&self, replaced: &[Arc<Run>], by: Vec<Arc<Run>>) {
        let Some(first) = replaced.first().map(|run| run.first) else { return };
        let mut state = self.write();
        let runs = Arc::make_mut(&mut state.view.runs);
        let start = runs.partition_point(|other| other.first < first);
        runs.splice(start..start + replaced.len(), by);
    }

    /// The first run that turned out to be damaged, and those before it.
    pub(crate) fn damaged_run(&self) -> Option<(Arc<Run>, Vec<Arc<Run>>)> {
        let runs = Arc::clone(&self.read().view.runs);
        let at = runs.iter().position(|run| run.file.is_damaged())?;
        Some((Arc::clone(&runs[at]), runs[..at].to_vec()))
    }

    /// The runs that should be merged next.
    pub(crate) fn next_merge(&self, options: &IndexOptions) -> Option<Vec<Arc<Run>>> {
        let runs = Arc::clone(&self.read().view.runs);
        let counts: Vec<u32> = runs.iter().map(|run| run.count).collect();
        let range = merge::choose(&counts, options.run_entries, options.merge_fan_in)?;
        Some(runs[range].to_vec())
    }
}

impl State {
    /// What a set of runs that follow each other says.
    pub(crate) fn of_runs(runs: Vec<Arc<Run>>) -> Self {
        let next = runs.last().map_or(0, |run| run.end());
        let mut voided = RoaringBitmap::new();
        let mut last_sequences = HashMap::new();
        for run in &runs {
            voided |= &run.voids;
            for part in &run.tenants {
                let last = part.first_sequence + u64::from(part.positions.count()) - 1;
                last_sequences.insert(part.tenant, last);
            }
        }
        let last_stored_micros = runs.last().map(|run| run.last_stored_micros);
        let view = View {
            runs: Arc::new(runs),
            parts: vec![Arc::new(Part::new(next))],
            next,
            voided: Arc::new(voided),
        };
        Self { view, last_sequences, last_stored_micros }
    }
}

/// Opens the runs that cover positions from 0 on, and removes all other files.
pub(crate) fn load_runs(run_directory: &RunDirectory) -> Result<Vec<Arc<Run>>, StorageError> {
    let io = |source| StorageError::Io { act: "opening the index", source };
    run_directory.disk.create_directory(&run_directory.path).map_err(io)?;
    let names = run_directory.disk.list(&run_directory.path).map_err(io)?;
    let mut runs: Vec<Arc<Run>> = Vec::new();
    let mut next = 0;
    // Names sort by first position, then by count: the longest run comes last.
    while let Some(run) = names
        .iter()
        .rev()
        .filter(|name| parse_name(name).is_some_and(|(first, _)| first == next))
        .find_map(|name| open_run(run_directory, name).transpose())
    {
        let run = run?;
        next = run.end();
        runs.push(Arc::new(run));
    }
    let mut is_any_removed = false;
    for name in &names {
        if !runs.iter().any(|run| run.file.name() == name) {
            remove_if_there(run_directory.disk.as_ref(), &run_directory.path.join(name))?;
            is_any_removed = true;
        }
    }
    if is_any_removed {
        run_directory.disk.sync_directory(&run_directory.path).map_err(io)?;
    }
    Ok(runs)
}

/// Opens a run; none if it is not sound.
fn open_run(run_directory: &RunDirectory, name: &str) -> Result<Option<Run>, StorageError> {
    match Run::open(run_directory, name) {
        Ok(run) => Ok(Some(run)),
        Err(StorageError::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
