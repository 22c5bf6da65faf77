//! The index as a whole: opened, added to, queried and closed.

mod background;
mod insertion;
pub(crate) mod rebuild;
pub(crate) mod renewal;
pub(crate) mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;

use acta_access::TenantId;
use acta_statement_log::disk::Disk;
use acta_statement_log::entry::{IndexEntry, IndexEntryLog, IndexEntrySource, Location};
use acta_storage::StorageError;

use self::insertion::Insertion;
use self::state::{Shared, State, load_runs};
use crate::cursor::Candidates;
use crate::options::IndexOptions;
use crate::query::{Found, IndexQuery, SequencePlace};
use crate::resolve::Resolver;
use crate::run::Run;
use crate::run::directory::RunDirectory;
use crate::signals::Signals;
use crate::view::{RowCache, View};

/// Parts that may wait to be written before insertions wait too.
const FROZEN_MAX: usize = 2;

/// Sizes, for monitoring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexStatistics {
    /// Statements.
    pub entry_count: u64,
    /// Voided ones among them.
    pub voided_count: u64,
    /// Runs on disk.
    pub run_count: u64,
    /// Bytes of the runs on disk.
    pub run_bytes: u64,
    /// Statements that are not in a run yet.
    pub tail_entry_count: u64,
    /// Bytes of the runs' filters and fences in memory.
    pub memory_bytes: u64,
}

/// The index of the statement log.
///
/// One thread at a time inserts; any number reads, and none of them waits for the disk
/// because of an insertion.
#[derive(Debug)]
pub struct Index {
    shared: Arc<Shared>,
    run_directory: RunDirectory,
    options: IndexOptions,
    resolver: Mutex<Resolver>,
    threads: Vec<JoinHandle<()>>,
}

impl Index {
    /// Most statements a store can have.
    pub const POSITION_COUNT_MAX: u64 = u32::MAX as u64;

    /// Opens the index in `directory`, which is made if it is missing.
    ///
    /// Runs that are damaged, made with another fingerprint, or behind a gap are removed.
    /// The log must be replayed into it from [`Index::next_position`] on.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] if the directory cannot be read or cleaned.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        options: IndexOptions,
    ) -> Result<Self, StorageError> {
        let signals = Arc::new(Signals::default());
        let run_directory = RunDirectory {
            disk,
            path: directory.to_path_buf(),
            fingerprint: options.fingerprint,
            watcher: Some(Arc::clone(&signals)),
        };
        let runs = load_runs(&run_directory)?;
        let state = RwLock::new(State::of_runs(runs));
        let shared = Arc::new(Shared { state, signals, log: OnceLock::new() });
        let threads = background::start(&shared, &run_directory, &options)?;
        let resolver = Mutex::new(Resolver::default());
        Ok(Self { shared, run_directory, options, resolver, threads })
    }

    /// Whether a run turned out to be damaged since the index was opened, and was not
    /// rebuilt. Opening the index again drops it.
    pub fn is_damaged(&self) -> bool {
        self.shared.damaged_run().is_some()
    }

    /// From now on a run that turns out to be damaged is rebuilt from `log`.
    pub fn rebuild_from(&self, log: Arc<dyn IndexEntryLog>) {
        // A second log would be the same one.
        let _ = self.shared.log.set(log);
        self.shared.signals.notify();
    }

    /// The position of the entry that is to be inserted next.
    pub fn next_position(&self) -> u64 {
        self.shared.read().view.next.into()
    }

    /// The last sequence of a tenant, which is how many statements it has.
    #[cfg(test)]
    pub fn last_sequence(&self, tenant: TenantId) -> u64 {
        self.shared.read().last_sequences.get(&tenant).copied().unwrap_or_default()
    }

    /// The last sequence of every tenant that has statements.
    pub fn last_sequences(&self) -> HashMap<TenantId, u64> {
        self.shared.read().last_sequences.clone()
    }

    /// When the newest statement was stored, in microseconds since 1970.
    #[cfg(test)]
    pub fn last_stored_micros(&self) -> Option<i64> {
        self.shared.read().last_stored_micros
    }

    /// Where the newest statement's record is.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when the index cannot be read.
    pub fn last_location(&self) -> Result<Option<Location>, StorageError> {
        let view = self.view();
        let Some(last) = view.next.checked_sub(1) else { return Ok(None) };
        Ok(view.row(last)?.map(|row| row.location))
    }

    /// Waits until there is room in memory for further entries, as [`Index::insert`] does.
    ///
    /// Asked before the log is written, it keeps the two from drifting apart.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Io`]: older entries cannot be written,
    /// although it was tried once more. The next call tries again.
    pub fn wait_for_room(&self) -> Result<(), StorageError> {
        self.shared.wait_for_parts(FROZEN_MAX)
    }

    /// Adds the entries that come next, and lets readers see them all at once.
    ///
    /// They are in the log already. References are followed here, so entries that others
    /// refer to are loaded from `source`; those of `entries` must be there too.
    ///
    /// # Errors
    ///
    /// Nothing can be inserted from then on but by opening the index again, unless it is
    /// one of [`Index::wait_for_room`].
    pub fn insert<'e>(
        &self,
        entries: impl IntoIterator<Item = &'e IndexEntry>,
        source: &dyn IndexEntrySource,
    ) -> Result<(), StorageError> {
        self.wait_for_room()?;
        let mut resolver = self.resolver.lock().unwrap_or_else(PoisonError::into_inner);
        let mut insertion = Insertion::begin(&self.shared, &self.options)?;
        for entry in entries {
            insertion.insert(entry, &mut resolver, source)?;
        }
        insertion.publish();
        Ok(())
    }

    /// Finds a tenant's statement by its id.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when the index cannot be read.
    pub fn find(&self, tenant: TenantId, id: u128) -> Result<Option<Found>, StorageError> {
        let view = self.view();
        found(&view, tenant, view.find(tenant, id)?)
    }

    /// Finds a tenant's statements by their ids, in the order of `ids`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when the index cannot be read.
    pub fn find_many(
        &self,
        tenant: TenantId,
        ids: &[u128],
    ) -> Result<Vec<Option<Found>>, StorageError> {
        let view = self.view();
        let positions = view.find_many(tenant, ids)?;
        positions.into_iter().map(|position| found(&view, tenant, position)).collect()
    }

    /// Begins a query on the present state.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when the index cannot be read.
    pub fn query(&self, query: &IndexQuery) -> Result<Candidates, StorageError> {
        Candidates::new(self.view(), query)
    }

    /// Lists up to `count` statements of a tenant whose sequence is greater than
    /// `after_sequence`, in order, voided ones included.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when the index cannot be read.
    pub fn by_sequence(
        &self,
        tenant: TenantId,
        after_sequence: u64,
        count: usize,
    ) -> Result<Vec<SequencePlace>, StorageError> {
        let view = self.view();
        let first = after_sequence.saturating_add(1);
        let positions = view.positions_from(tenant, first, count)?;
        let mut rows = RowCache::default();
        let mut places = Vec::with_capacity(positions.len());
        for (sequence, position) in (first..).zip(positions) {
            let Some(row) = rows.row(&view, position)? else { break };
            places.push(SequencePlace {
                sequence,
                position: position.into(),
                location: row.location,
                stored_micros: row.stored_micros,
                is_voided: view.voided.contains(position),
                is_erased: row.is_erased,
            });
        }
        Ok(places)
    }

    /// Sizes, for monitoring.
    pub fn statistics(&self) -> IndexStatistics {
        let view = self.view();
        let sum = |size: fn(&Run) -> u64| view.runs.iter().map(|run| size(run)).sum::<u64>();
        IndexStatistics {
            entry_count: view.next.into(),
            voided_count: view.voided.len(),
            run_count: view.runs.len() as u64,
            run_bytes: sum(|run| run.file.len()),
            tail_entry_count: u64::from(view.next).saturating_sub(sum(|run| run.count.into())),
            memory_bytes: sum(|run| run.memory_bytes() as u64),
        }
    }

    /// Writes what is in memory, so that the next start has nothing to replay, and ends the
    /// threads. Without it, nothing is lost either.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Io`] if it cannot be written.
    #[cfg(test)]
    pub fn close(self) -> Result<(), StorageError> {
        self.flush()
    }

    /// Writes what is in memory as runs.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Io`] if it cannot be written.
    pub fn flush(&self) -> Result<(), StorageError> {
        self.freeze()?;
        self.shared.wait_for_parts(0)
    }

    /// Lets what is in memory be written as runs, and none of them have what comes later.
    ///
    /// # Errors
    ///
    /// [`StorageError::Halted`] if an earlier group was left half inserted.
    pub fn freeze(&self) -> Result<(), StorageError> {
        // Holding the writer's lock keeps a group that is being inserted in one piece.
        let _resolver = self.resolver.lock().unwrap_or_else(PoisonError::into_inner);
        Insertion::begin(&self.shared, &self.options)?.freeze();
        Ok(())
    }

    /// Waits until every merge that is due is done.
    #[cfg(test)]
    fn wait_for_merges(&self) {
        background::wait_for_merges(&self.shared, &self.options);
    }

    fn view(&self) -> View {
        self.shared.read().view.clone()
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.shared.signals.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!(directory = ?self.run_directory.path, "a thread of the index failed");
            }
        }
    }
}

/// What stands at the position of a statement that was looked for.
fn found(
    view: &View,
    tenant: TenantId,
    position: Option<u32>,
) -> Result<Option<Found>, StorageError> {
    let Some(position) = position else { return Ok(None) };
    let Some(row) = view.row(position)? else { return Ok(None) };
    Ok(Some(Found {
        position: position.into(),
        sequence: view.sequence(tenant, position)?,
        stored_micros: row.stored_micros,
        location: row.location,
        is_voided: view.voided.contains(position),
        is_voiding: row.is_voiding,
    }))
}
