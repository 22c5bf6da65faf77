//! The index of the statement log: ids, terms, references, voids and places.
//!
//! Derived from the log and rebuilt from it when missing or damaged. The newest entries are
//! in memory; older ones in immutable runs on disk, as drawn in `docs/format/index.md`.
//! What it finds through references is a superset: see [`Candidate::has_target`].

mod background;
mod bytes;
mod check;
mod cursor;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod insertion;
mod merge;
mod rebuild;
mod renewal;
mod resolve;
mod run;
mod state;
mod tail;
#[cfg(test)]
mod tests;
mod view;

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hasher;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;

use acta_access::TenantId;
use acta_storage::{Order, StorageError, Term};
use siphasher::sip::SipHasher13;

use self::background::Signals;
pub(crate) use self::check::{RunCheck, RunSight};
pub(crate) use self::cursor::Candidates;
use self::insertion::Insertion;
pub(crate) use self::renewal::{RunsRenewed, drop_runs};
use self::resolve::Resolver;
use self::run::Run;
use self::run::writer::Home;
use self::state::{Shared, State, load_runs};
use self::view::{RowCache, View};
use crate::disk::Disk;

/// Where in the log a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Location {
    /// The segment's number.
    pub(crate) segment: u32,
    /// Byte offset of the record in the segment.
    pub(crate) offset: u32,
}

/// One statement as the index needs it.
#[derive(Clone, Debug)]
pub(crate) struct IndexEntry {
    /// Place among all statements of the store, from 0, without gaps: the order of commit.
    pub(crate) position: u64,
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// Place among the tenant's statements, from 1, without gaps.
    pub(crate) sequence: u64,
    /// The statement's id; none of one that was erased, or removed with its tenant.
    pub(crate) id: Option<u128>,
    /// When it was stored, in microseconds since 1970; never less than the one before.
    pub(crate) stored_micros: i64,
    /// Where its record is.
    pub(crate) location: Location,
    /// Terms that hold for this statement alone (authority).
    pub(crate) own_terms: Vec<Term>,
    /// Terms that also hold for statements that refer to this one.
    pub(crate) shared_terms: Vec<Term>,
    /// The statement that its object refers to.
    pub(crate) target: Option<u128>,
    /// Whether its verb voids the target.
    pub(crate) is_voiding: bool,
}

/// The owner, within the engine, of what was removed together with its tenant.
pub(crate) const TOMBSTONE: TenantId = match TenantId::new(u32::MAX) {
    Some(nobody) => nobody,
    None => TenantId::FIRST,
};

impl IndexEntry {
    /// What stands in the place of a statement that was removed with its tenant: it cannot be
    /// found by anything.
    pub(crate) const fn removed(position: u64, stored_micros: i64) -> Self {
        Self {
            position,
            tenant: TOMBSTONE,
            sequence: 0,
            id: None,
            stored_micros,
            location: Location { segment: 0, offset: 0 },
            own_terms: Vec::new(),
            shared_terms: Vec::new(),
            target: None,
            is_voiding: false,
        }
    }
}

/// What the index asks of the log: entries by place, for following references.
pub(crate) trait IndexEntrySource: Debug + Send + Sync {
    /// The entry whose record stands at `location`.
    fn load_entry(&self, location: Location) -> Result<IndexEntry, StorageError>;
}

/// The log in order, for making runs anew.
pub(crate) trait IndexEntryLog: IndexEntrySource {
    /// Gives the entries at these positions to `take`, in order.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`], or what `take` returns.
    fn read_entries(
        &self,
        positions: Range<u64>,
        take: &mut dyn FnMut(IndexEntry) -> Result<(), StorageError>,
    ) -> Result<(), StorageError>;
}

/// How the index is kept.
#[derive(Clone, Debug)]
pub(crate) struct IndexOptions {
    /// Entries in memory before they are written as a run.
    pub(crate) run_entries: u32,
    /// How many runs of a size are merged into one, at least 2.
    pub(crate) merge_fan_in: u32,
    /// Tells with which key and rules the terms were made. Runs made with another one are
    /// dropped and built again.
    pub(crate) fingerprint: u64,
}

impl IndexOptions {
    /// What a server uses.
    pub(crate) const fn new(fingerprint: u64) -> Self {
        Self { run_entries: 262_144, merge_fan_in: 4, fingerprint }
    }
}

/// Parts that may wait to be written before insertions wait too.
const FROZEN_MAX: usize = 2;

/// Postings in memory, for each entry of a full part, before it is written early.
const POSTINGS_A_ENTRY_MAX: u64 = 32;

/// What is known of a statement by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Place among all statements of the store.
    pub(crate) position: u64,
    /// Place among the tenant's statements.
    pub(crate) sequence: u64,
    /// When it was stored, in microseconds since 1970.
    pub(crate) stored_micros: i64,
    /// Where its record is.
    pub(crate) location: Location,
    /// Whether a voiding statement names it.
    pub(crate) is_voided: bool,
    /// Whether its verb voids its target.
    pub(crate) is_voiding: bool,
}

/// Which statements to look for.
#[derive(Clone, Debug)]
pub(crate) struct IndexQuery {
    /// Whose.
    pub(crate) tenant: TenantId,
    /// At least one term of each; every statement of the tenant if there is none.
    pub(crate) all_of: Vec<Vec<Term>>,
    /// Stored after this.
    pub(crate) since_micros_exclusive: Option<i64>,
    /// Stored at this or before.
    pub(crate) until_micros_inclusive: Option<i64>,
    /// Oldest or newest first.
    pub(crate) order: Order,
    /// Behind this position, in the direction of the order.
    pub(crate) after: Option<u64>,
}

/// A statement that may match a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Place among all statements of the store.
    pub(crate) position: u64,
    /// Where its record is.
    pub(crate) location: Location,
    /// When it was stored, in microseconds since 1970.
    pub(crate) stored_micros: i64,
    /// Whether it refers to a statement. If so, different terms may hold for different
    /// statements along the chain, so whether it matches must be checked. If not, it
    /// matches.
    pub(crate) has_target: bool,
}

/// A statement in the order of its tenant's sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SequencePlace {
    /// Place among the tenant's statements.
    pub(crate) sequence: u64,
    /// Place among all statements of the store.
    pub(crate) position: u64,
    /// Where its record is.
    pub(crate) location: Location,
    /// When it was stored, in microseconds since 1970.
    pub(crate) stored_micros: i64,
    /// Whether a voiding statement names it.
    pub(crate) is_voided: bool,
    /// Whether it was erased.
    pub(crate) is_erased: bool,
}

/// Sizes, for whoever watches the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IndexStatistics {
    /// Statements.
    pub(crate) entry_count: u64,
    /// Voided ones among them.
    pub(crate) voided_count: u64,
    /// Runs on disk.
    pub(crate) run_count: u64,
    /// Bytes of the runs on disk.
    pub(crate) run_bytes: u64,
    /// Statements that are not in a run yet.
    pub(crate) tail_entry_count: u64,
    /// Bytes of the runs' filters and fences in memory.
    pub(crate) memory_bytes: u64,
}

/// The positions that the run with this name covers; none if it is no run's name.
pub(crate) fn run_positions(name: &str) -> Option<Range<u64>> {
    let (first, count) = run::parse_name(name)?;
    Some(first.into()..u64::from(first) + u64::from(count))
}

/// Hashes a statement's id, for filters and references.
fn id_hash(tenant: TenantId, id: u128) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(&tenant.number().to_le_bytes());
    hasher.write(&id.to_le_bytes());
    hasher.finish()
}

/// An entry that refers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reference {
    position: u32,
    /// The hash of its own id; none of one that was erased.
    hash: Option<u64>,
    is_voiding: bool,
}

/// Flags of a reference record.
const REFERENCE_VOIDING: u8 = 1;
const REFERENCE_ERASED: u8 = 2;

impl Reference {
    fn encode(&self, target_hash: u64) -> [u8; run::REFERENCE_WIDTH] {
        let mut record = [0; run::REFERENCE_WIDTH];
        record[..8].copy_from_slice(&target_hash.to_be_bytes());
        record[8..12].copy_from_slice(&self.position.to_be_bytes());
        record[12..20].copy_from_slice(&self.hash.unwrap_or_default().to_be_bytes());
        record[20] = if self.is_voiding { REFERENCE_VOIDING } else { 0 }
            | if self.hash.is_none() { REFERENCE_ERASED } else { 0 };
        record
    }

    /// The target's hash and the reference; none if the record is too short.
    fn decode(record: &[u8]) -> Option<(u64, Self)> {
        let (target_hash, rest) = record.split_first_chunk::<8>()?;
        let (position, rest) = rest.split_first_chunk::<4>()?;
        let (hash, rest) = rest.split_first_chunk::<8>()?;
        let flags = *rest.first()?;
        let reference = Self {
            position: u32::from_be_bytes(*position),
            hash: (flags & REFERENCE_ERASED == 0).then_some(u64::from_be_bytes(*hash)),
            is_voiding: flags & REFERENCE_VOIDING != 0,
        };
        Some((u64::from_be_bytes(*target_hash), reference))
    }
}

/// The index of the statement log.
///
/// One thread at a time inserts; any number reads, and none of them waits for the disk
/// because of an insertion.
#[derive(Debug)]
pub(crate) struct Index {
    shared: Arc<Shared>,
    home: Home,
    options: IndexOptions,
    resolver: Mutex<Resolver>,
    threads: Vec<JoinHandle<()>>,
}

impl Index {
    /// Most statements a store can have.
    pub(crate) const POSITION_COUNT_MAX: u64 = u32::MAX as u64;

    /// Opens the index in `directory`, which is made if it is missing.
    ///
    /// Runs that are damaged, made with another fingerprint, or behind a gap are removed.
    /// The log must be replayed into it from [`Index::next_position`] on.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] if the directory cannot be read or cleaned.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        directory: &Path,
        options: IndexOptions,
    ) -> Result<Self, StorageError> {
        let signals = Arc::new(Signals::default());
        let home = Home {
            disk,
            directory: directory.to_path_buf(),
            fingerprint: options.fingerprint,
            watcher: Some(Arc::clone(&signals)),
        };
        let runs = load_runs(&home)?;
        let state = RwLock::new(State::of_runs(runs));
        let shared = Arc::new(Shared { state, signals, log: OnceLock::new() });
        let threads = background::start(&shared, &home, &options)?;
        let resolver = Mutex::new(Resolver::default());
        Ok(Self { shared, home, options, resolver, threads })
    }

    /// Whether a run turned out to be damaged since the index was opened, and was not made
    /// anew. Opening the index again drops it.
    pub(crate) fn is_damaged(&self) -> bool {
        self.shared.damaged_run().is_some()
    }

    /// From now on a run that turns out to be damaged is made anew from `log`.
    pub(crate) fn heal_from(&self, log: Arc<dyn IndexEntryLog>) {
        // A second log would be the same one.
        let _ = self.shared.log.set(log);
        self.shared.signals.notify();
    }

    /// The position of the entry that is to be inserted next.
    pub(crate) fn next_position(&self) -> u64 {
        self.shared.read().view.next.into()
    }

    /// The last sequence of a tenant, which is how many statements it has.
    #[cfg(test)]
    pub(crate) fn last_sequence(&self, tenant: TenantId) -> u64 {
        self.shared.read().last_sequences.get(&tenant).copied().unwrap_or_default()
    }

    /// The last sequence of every tenant that has statements.
    pub(crate) fn last_sequences(&self) -> HashMap<TenantId, u64> {
        self.shared.read().last_sequences.clone()
    }

    /// When the newest statement was stored, in microseconds since 1970.
    #[cfg(test)]
    pub(crate) fn last_stored_micros(&self) -> Option<i64> {
        self.shared.read().last_stored_micros
    }

    /// Where the newest statement's record is.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when the index cannot be read.
    pub(crate) fn last_location(&self) -> Result<Option<Location>, StorageError> {
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
    pub(crate) fn wait_for_room(&self) -> Result<(), StorageError> {
        self.shared.signals.wait_for_parts(&self.shared, FROZEN_MAX)
    }

    /// Adds the entries that come next, and lets readers see them all at once.
    ///
    /// They are in the log already. References are followed here, so `source` is asked for
    /// entries that others refer to; those of `entries` must be there too.
    ///
    /// # Errors
    ///
    /// Nothing can be inserted from then on but by opening the index anew, unless it is
    /// one of [`Index::wait_for_room`].
    pub(crate) fn insert<'e>(
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
    pub(crate) fn find(&self, tenant: TenantId, id: u128) -> Result<Option<Found>, StorageError> {
        let view = self.view();
        found(&view, tenant, view.find(tenant, id)?)
    }

    /// Finds a tenant's statements by their ids, in the order of `ids`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when the index cannot be read.
    pub(crate) fn find_many(
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
    pub(crate) fn query(&self, query: &IndexQuery) -> Result<Candidates, StorageError> {
        Candidates::new(self.view(), query)
    }

    /// Lists up to `count` statements of a tenant whose sequence is greater than
    /// `after_sequence`, in order, voided ones included.
    ///
    /// # Errors
    ///
    /// [`StorageError::Corrupt`] or [`StorageError::Io`] when the index cannot be read.
    pub(crate) fn by_sequence(
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

    /// Sizes, for whoever watches the store.
    pub(crate) fn statistics(&self) -> IndexStatistics {
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
    pub(crate) fn close(self) -> Result<(), StorageError> {
        self.flush()
    }

    /// Writes what is in memory as runs.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] or [`StorageError::Io`] if it cannot be written.
    pub(crate) fn flush(&self) -> Result<(), StorageError> {
        self.freeze()?;
        self.shared.signals.wait_for_parts(&self.shared, 0)
    }

    /// Lets what is in memory be written as runs, and none of them have what comes later.
    ///
    /// # Errors
    ///
    /// [`StorageError::Halted`] if an earlier group was left half inserted.
    pub(crate) fn freeze(&self) -> Result<(), StorageError> {
        // Holding the writer's lock keeps a group that is being inserted in one piece.
        let _resolver = self.resolver.lock().unwrap_or_else(PoisonError::into_inner);
        Insertion::begin(&self.shared, &self.options)?.freeze();
        Ok(())
    }

    /// Waits until every merge that is due is done.
    #[cfg(test)]
    fn settle(&self) {
        self.shared.signals.wait_for_merges(&self.shared, &self.options);
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
                tracing::error!(directory = ?self.home.directory, "a thread of the index failed");
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
