//! The newest entries, in memory until they are written as a run.

use std::collections::{BTreeMap, HashMap, hash_map};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use acta_access::TenantId;
use acta_storage::StorageError;
use roaring::RoaringBitmap;

use crate::reference::{Reference, id_hash};
use crate::run::Run;
use crate::run::bytes::len32;
use crate::run::dictionary::push_union;
use crate::run::directory::RunDirectory;
use crate::run::layout::{ID_WIDTH_ALONE, ID_WIDTH_SHARED, id_record};
use crate::run::rows::Row;
use crate::run::writer::RunWriter;

/// Hashes terms, which are hashes already: only spreads their bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TermHasher(u64);

impl Hasher for TermHasher {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// A map from terms or other good hashes.
pub(crate) type TermMap<V> = HashMap<u64, V, BuildHasherDefault<TermHasher>>;

/// Ascending positions, the first few without an allocation.
#[derive(Clone, Debug)]
enum Postings {
    Few { count: u8, positions: [u32; 3] },
    Many(Vec<u32>),
}

impl Postings {
    fn as_slice(&self) -> &[u32] {
        match self {
            Self::Few { count, positions } => &positions[..usize::from(*count)],
            Self::Many(positions) => positions,
        }
    }

    /// Adds a position unless it is the last one already; returns whether it did.
    fn push(&mut self, position: u32) -> bool {
        if self.as_slice().last() == Some(&position) {
            return false;
        }
        match self {
            Self::Few { count, positions } => {
                if let Some(free) = positions.get_mut(usize::from(*count)) {
                    *free = position;
                    *count += 1;
                } else {
                    let mut many = Vec::with_capacity(8);
                    many.extend_from_slice(positions);
                    many.push(position);
                    *self = Self::Many(many);
                }
            }
            Self::Many(positions) => positions.push(position),
        }
        true
    }
}

/// An entry in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TailRow {
    pub(crate) row: Row,
    /// None of one that was erased or removed.
    pub(crate) id: Option<u128>,
    pub(crate) tenant: TenantId,
}

/// What a part holds of one tenant.
#[derive(Debug)]
pub(crate) struct TailTenant {
    pub(crate) first_sequence: u64,
    pub(crate) positions: Vec<u32>,
}

impl TailTenant {
    /// The sequence of the tenant's entry at `position`.
    pub(crate) fn sequence(&self, position: u32) -> u64 {
        let rank = self.positions.partition_point(|other| *other < position);
        self.first_sequence + rank as u64
    }
}

/// Entries in memory, from a position on, and what they brought about.
#[derive(Debug, Default)]
pub(crate) struct PartData {
    first: u32,
    pub(crate) rows: Vec<TailRow>,
    ids: Ids,
    terms: TermMap<Postings>,
    pub(crate) tenants: BTreeMap<TenantId, TailTenant>,
    late: TermMap<Arc<RoaringBitmap>>,
    references: TermMap<Vec<Reference>>,
    reference_count: usize,
    voids: RoaringBitmap,
    posting_count: u64,
}

/// A part of the index in memory. The newest one grows; the others wait to be written.
#[derive(Debug)]
pub(crate) struct Part {
    /// The position of its first entry.
    pub(crate) first: u32,
    data: RwLock<PartData>,
}

/// From ids to positions. Holds hashes instead of ids, which the rows have.
#[derive(Debug, Default)]
struct Ids {
    hasher: RandomState,
    positions: TermMap<u32>,
    /// Positions of ids whose hash another id has taken.
    others: Vec<u32>,
}

impl Ids {
    fn hash(&self, tenant: TenantId, id: u128) -> u64 {
        self.hasher.hash_one((tenant, id))
    }

    fn insert(&mut self, tenant: TenantId, id: u128, position: u32) {
        match self.positions.entry(self.hash(tenant, id)) {
            hash_map::Entry::Occupied(_) => self.others.push(position),
            hash_map::Entry::Vacant(entry) => {
                entry.insert(position);
            }
        }
    }
}

impl PartData {
    /// Postings in it, late ones included.
    pub(crate) fn posting_count(&self) -> u64 {
        self.posting_count
    }

    /// Adds the entry at the next position.
    pub(crate) fn insert(
        &mut self,
        position: u32,
        row: TailRow,
        sequence: u64,
        terms: impl Iterator<Item = u64>,
    ) {
        self.rows.push(row);
        if let Some(id) = row.id {
            self.ids.insert(row.tenant, id, position);
        }
        self.tenants
            .entry(row.tenant)
            .or_insert_with(|| TailTenant { first_sequence: sequence, positions: Vec::new() })
            .positions
            .push(position);
        for term in terms {
            let is_new = match self.terms.entry(term) {
                hash_map::Entry::Occupied(entry) => entry.into_mut().push(position),
                hash_map::Entry::Vacant(entry) => {
                    entry.insert(Postings::Few { count: 1, positions: [position, 0, 0] });
                    true
                }
            };
            self.posting_count += u64::from(is_new);
        }
    }

    /// Notes that an entry refers to an id with this hash.
    pub(crate) fn insert_reference(&mut self, target_hash: u64, reference: Reference) {
        self.references.entry(target_hash).or_default().push(reference);
        self.reference_count += 1;
    }

    /// Notes that the entries at `positions` have these terms too.
    pub(crate) fn insert_late(&mut self, terms: &[u64], positions: &RoaringBitmap) {
        for term in terms {
            let list = Arc::make_mut(self.late.entry(*term).or_default());
            let before = list.len();
            *list |= positions;
            self.posting_count += list.len() - before;
        }
    }

    /// Notes that an entry is voided.
    pub(crate) fn insert_void(&mut self, position: u32) {
        self.voids.insert(position);
    }

    /// The position of the tenant's statement with this id.
    pub(crate) fn find(&self, tenant: TenantId, id: u128) -> Option<u32> {
        let is_it = |position: &u32| {
            let row = self.rows.get((position - self.first) as usize);
            row.is_some_and(|row| row.id == Some(id) && row.tenant == tenant)
        };
        let hash = self.ids.hash(tenant, id);
        let mut candidates = self.ids.positions.get(&hash).into_iter().chain(&self.ids.others);
        candidates.find(|position| is_it(position)).copied()
    }

    /// The entries that refer to an id with this hash.
    pub(crate) fn references(&self, target_hash: u64) -> &[Reference] {
        self.references.get(&target_hash).map_or(&[], Vec::as_slice)
    }

    /// The positions with this term.
    pub(crate) fn postings(&self, term: u64) -> &[u32] {
        self.terms.get(&term).map_or(&[], Postings::as_slice)
    }

    /// The late postings of a term.
    pub(crate) fn late(&self, term: u64) -> Option<&Arc<RoaringBitmap>> {
        self.late.get(&term)
    }

    /// The positions of a tenant.
    pub(crate) fn tenant_positions(&self, tenant: TenantId) -> &[u32] {
        self.tenants.get(&tenant).map_or(&[], |part| part.positions.as_slice())
    }
}

impl Part {
    /// An empty part from position `first` on.
    pub(crate) fn new(first: u32) -> Self {
        Self { first, data: RwLock::new(PartData { first, ..PartData::default() }) }
    }

    /// An empty part that follows `before`, with room for as much: growing a map moves all
    /// that is in it, and the insertion that happens to cause it would wait for that.
    pub(crate) fn after(before: &Self, first: u32) -> Self {
        let data = before.read();
        let mut next = PartData { first, ..PartData::default() };
        next.rows.reserve(data.rows.len());
        next.ids.positions.reserve(data.ids.positions.len());
        next.terms.reserve(data.terms.len());
        Self { first, data: RwLock::new(next) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, PartData> {
        self.data.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, PartData> {
        self.data.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries in it.
    pub(crate) fn len(&self) -> u32 {
        len32(self.read().rows.len())
    }

    /// Writes the part as a run. It must have an entry and grow no more.
    pub(crate) fn write_run(&self, run_directory: &RunDirectory) -> Result<Run, StorageError> {
        let data = self.read();
        let mut writer = RunWriter::create(run_directory, self.first, len32(data.rows.len()))?;
        writer.write_rows(&mut |rows, sink| {
            data.rows.iter().try_for_each(|row| rows.push(sink, row.row))
        })?;
        data.write_ids(&mut writer)?;
        data.write_terms(&mut writer)?;
        data.write_references(&mut writer)?;
        writer.write_voids(&data.voids)?;
        writer.write_tenants(&mut |tenants, sink| {
            for (tenant, part) in &data.tenants {
                part.positions.iter().try_for_each(|at| tenants.push(sink, *at))?;
                tenants.finish_tenant(sink, *tenant, part.first_sequence)?;
            }
            Ok(())
        })?;
        writer.finish(data.rows.last().map_or(i64::MIN, |last| last.row.stored_micros))
    }
}

impl PartData {
    fn write_ids(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        let with_position = self.rows.iter().zip(self.first..);
        let ids = with_position.filter_map(|(row, at)| Some((row.id?, row.tenant, at)));
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        let width = if self.tenants.len() == 1 { ID_WIDTH_ALONE } else { ID_WIDTH_SHARED };
        writer.write_ids(width, &mut |table, sink| {
            ids.iter().try_for_each(|(id, tenant, position)| {
                let owner = (width == ID_WIDTH_SHARED).then_some(*tenant);
                let record = id_record(*id, owner, *position);
                table.push(sink, &record[..width], id_hash(*tenant, *id))
            })
        })
    }

    fn write_terms(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        let mut late: Vec<_> = self.late.iter().collect();
        late.sort_unstable_by_key(|(term, _)| **term);
        let mut terms: Vec<u64> = self.terms.keys().copied().collect();
        terms.extend(late.iter().map(|(term, _)| **term));
        terms.sort_unstable();
        terms.dedup();
        writer.write_terms(&mut |dictionary, sink| {
            for term in &terms {
                let own = self.postings(*term);
                match self.late.get(term) {
                    None => own.iter().try_for_each(|at| dictionary.push(sink, *at))?,
                    Some(late) => push_union(dictionary, sink, own, late.range(self.first..))?,
                }
                dictionary.finish_term(sink, *term)?;
            }
            Ok(())
        })?;
        writer.write_late(&mut |dictionary, sink| {
            for (term, positions) in &late {
                positions.range(..self.first).try_for_each(|at| dictionary.push(sink, at))?;
                dictionary.finish_term(sink, **term)?;
            }
            Ok(())
        })
    }

    fn write_references(&self, writer: &mut RunWriter) -> Result<(), StorageError> {
        let mut records = Vec::with_capacity(self.reference_count);
        for (target_hash, references) in &self.references {
            records.extend(
                references.iter().map(|reference| (*target_hash, reference.encode(*target_hash))),
            );
        }
        records.sort_unstable_by_key(|(_, record)| *record);
        writer.write_references(records.len(), &mut |table, sink| {
            records.iter().try_for_each(|(hash, record)| table.push(sink, record, *hash))
        })
    }
}
