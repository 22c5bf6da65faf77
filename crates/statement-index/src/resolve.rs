//! References between statements, followed when one of them arrives.
//!
//! An entry gets the shared terms of what it refers to, and of what that refers to, and so
//! on. If the target arrives later, the terms are added to the entries that refer to it,
//! and to those that refer to them. So a query finds all of them without a scan. The bounds
//! below keep one insertion short, whatever the statements look like: what lies beyond them
//! is not found through its references.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::entry::{IndexEntry, IndexEntrySource};
use acta_storage::{StatementQuery, StorageError};
use roaring::RoaringBitmap;

use crate::reference::{Reference, id_hash};
use crate::view::View;

/// Most terms that an entry inherits.
pub(crate) const INHERITED_MAX: usize = 4_096;

/// Most entries that get late postings by one arrival.
const REFERRERS_MAX: u64 = 65_536;

/// Most late postings by one arrival.
const LATE_POSTINGS_MAX: u64 = 1 << 20;

/// Most targets remembered.
const REMEMBERED_MAX: usize = 4_096;

/// What an entry brings about beyond its own terms.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Terms that it inherits.
    pub(crate) inherited: Vec<u64>,
    /// Older entries that refer to it, directly or not.
    pub(crate) referrers: RoaringBitmap,
    /// The position that becomes void.
    pub(crate) voided: Option<u32>,
}

/// What an entry passes on to those that refer to it. It never changes.
#[derive(Debug)]
struct Remembered {
    shared_terms: Box<[u64]>,
    target: Option<u128>,
}

/// Follows references, remembering the targets it saw last.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    remembered: HashMap<(TenantId, u128), Arc<Remembered>>,
}

impl Resolver {
    /// Finds what `entry`, which stands at `view.next`, brings about.
    pub(crate) fn resolve(
        &mut self,
        view: &View,
        entry: &IndexEntry,
        source: &dyn IndexEntrySource,
    ) -> Result<Effects, StorageError> {
        let mut effects = Effects::default();
        if let Some(target) = entry.target.filter(|_| entry.is_voiding) {
            effects.voided = find_voidable(view, entry.tenant, target)?;
        }
        // What was erased is found by nothing, and it is not known what refers to it.
        let Some(id) = entry.id else { return Ok(effects) };
        if entry.target.is_some() {
            effects.inherited = self.inherit(view, entry, source)?;
        }
        let direct = view.references(id_hash(entry.tenant, id))?;
        if direct.is_empty() {
            return Ok(effects);
        }
        if !entry.is_voiding && is_voided_by(&direct, view, entry, source)? {
            effects.voided = u32::try_from(entry.position).ok();
        }
        let term_count = (entry.shared_terms.len() + effects.inherited.len()).max(1) as u64;
        let count_max = REFERRERS_MAX.min(LATE_POSTINGS_MAX / term_count);
        effects.referrers = follow_back(view, direct, count_max)?;
        Ok(effects)
    }

    /// The shared terms along the chain that begins at the target of an entry.
    fn inherit(
        &mut self,
        view: &View,
        entry: &IndexEntry,
        source: &dyn IndexEntrySource,
    ) -> Result<Vec<u64>, StorageError> {
        let mut inherited = Vec::new();
        let mut seen: HashSet<u128> = entry.id.into_iter().collect();
        let mut next = entry.target;
        while let Some(id) =
            next.filter(|id| seen.len() <= StatementQuery::CHAIN_MAX && seen.insert(*id))
        {
            let Some(link) = self.remember(view, (entry.tenant, id), source)? else { break };
            inherited.extend_from_slice(&link.shared_terms);
            next = link.target;
        }
        inherited.sort_unstable();
        inherited.dedup();
        inherited.truncate(INHERITED_MAX);
        Ok(inherited)
    }

    fn remember(
        &mut self,
        view: &View,
        key: (TenantId, u128),
        source: &dyn IndexEntrySource,
    ) -> Result<Option<Arc<Remembered>>, StorageError> {
        if let Some(remembered) = self.remembered.get(&key) {
            return Ok(Some(Arc::clone(remembered)));
        }
        let Some(position) = view.find(key.0, key.1)? else { return Ok(None) };
        let Some(row) = view.row(position)? else { return Ok(None) };
        let Some(entry) = readable(source.load_entry(row.location))? else { return Ok(None) };
        let shared_terms = entry.shared_terms.iter().map(|term| term.0).collect();
        let remembered = Arc::new(Remembered { shared_terms, target: entry.target });
        if REMEMBERED_MAX <= self.remembered.len() {
            self.remembered.clear();
        }
        self.remembered.insert(key, Arc::clone(&remembered));
        Ok(Some(remembered))
    }
}

/// An entry of the log; none if its record is damaged.
///
/// What refers to a damaged statement is stored all the same and inherits nothing: the
/// statement is durable by now, and a read of the damaged one returns the error.
fn readable(loaded: Result<IndexEntry, StorageError>) -> Result<Option<IndexEntry>, StorageError> {
    match loaded {
        Err(StorageError::Corrupt { place }) => {
            tracing::error!(place, "a statement that another refers to is damaged");
            Ok(None)
        }
        loaded => loaded.map(Some),
    }
}

/// The position of a statement, if it is there and a voiding statement may void it.
fn find_voidable(view: &View, tenant: TenantId, id: u128) -> Result<Option<u32>, StorageError> {
    let Some(position) = view.find(tenant, id)? else { return Ok(None) };
    let row = view.row(position)?;
    Ok(row.filter(|row| !row.is_voiding).map(|_| position))
}

/// Whether one of the referrers is a voiding statement, erased or not, that names the
/// statement of an entry. Reads the log, because a hash does not decide.
fn is_voided_by(
    referrers: &[Reference],
    view: &View,
    entry: &IndexEntry,
    source: &dyn IndexEntrySource,
) -> Result<bool, StorageError> {
    for reference in referrers.iter().filter(|reference| reference.is_voiding) {
        let Some(row) = view.row(reference.position)? else { continue };
        // Of one that cannot be read, the hash alone says so.
        let names =
            |voiding: IndexEntry| voiding.tenant == entry.tenant && voiding.target == entry.id;
        if readable(source.load_entry(row.location))?.is_none_or(names) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The positions of up to `count_max` entries that lead to an arrival, the nearest first.
fn follow_back(
    view: &View,
    direct: Vec<Reference>,
    count_max: u64,
) -> Result<RoaringBitmap, StorageError> {
    let mut found = RoaringBitmap::new();
    let mut level = direct;
    for _ in 0..StatementQuery::CHAIN_MAX {
        let mut next = Vec::new();
        for reference in level {
            // What was erased passes nothing on and gets nothing.
            let Some(hash) = reference.hash else { continue };
            if reference.position == view.next || !found.insert(reference.position) {
                continue;
            }
            if count_max <= found.len() {
                tracing::warn!(
                    count = found.len(),
                    "more statements refer to one that arrived late than are followed"
                );
                return Ok(found);
            }
            next.extend(view.references(hash)?);
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    Ok(found)
}
