//! One group of entries on its way into the index.

use std::collections::HashMap;
use std::sync::Arc;

use acta_access::TenantId;
use acta_statement_log::entry::{IndexEntry, IndexEntrySource};
use acta_storage::StorageError;

use super::state::Shared;
use crate::options::IndexOptions;
use crate::reference::{Reference, id_hash};
use crate::resolve::{Effects, Resolver};
use crate::run::rows::Row;
use crate::tail::{Part, PartData, TailRow};
use crate::view::View;

/// Postings in memory, for each entry of a full part, before it is written early.
const POSTINGS_A_ENTRY_MAX: u64 = 32;

/// Entries that are put into memory one by one, and then shown to readers at once.
#[derive(Debug)]
pub(crate) struct Insertion<'a> {
    shared: &'a Shared,
    options: &'a IndexOptions,
    /// What the writer sees: everything that was inserted, shown or not.
    view: View,
    part: Arc<Part>,
    voided: Vec<u32>,
    last_sequences: HashMap<TenantId, u64>,
    last_stored_micros: Option<i64>,
}

impl<'a> Insertion<'a> {
    /// Begins behind what is visible.
    ///
    /// # Errors
    ///
    /// [`StorageError::Halted`] if an earlier group was left half inserted.
    pub(crate) fn begin(
        shared: &'a Shared,
        options: &'a IndexOptions,
    ) -> Result<Self, StorageError> {
        let view = shared.read().view.clone();
        let part = newest(&view);
        if part.first + part.len() != view.next {
            return Err(StorageError::Halted);
        }
        Ok(Self {
            shared,
            options,
            view,
            part,
            voided: Vec::new(),
            last_sequences: HashMap::new(),
            last_stored_micros: None,
        })
    }

    /// Adds the next entry.
    pub(crate) fn insert(
        &mut self,
        entry: &IndexEntry,
        resolver: &mut Resolver,
        source: &dyn IndexEntrySource,
    ) -> Result<(), StorageError> {
        let Ok(position) = u32::try_from(entry.position) else { return Err(StorageError::Full) };
        assert_eq!(position, self.view.next, "entries are inserted in the order of the log");
        let effects = resolver.resolve(&self.view, entry, source)?;
        let part = Arc::clone(&self.part);
        let mut data = part.write();
        put(&mut data, position, entry, &effects);
        let is_full = is_full(self.options.run_entries, &data);
        drop(data);
        self.voided.extend(effects.voided);
        self.last_sequences.insert(entry.tenant, entry.sequence);
        self.last_stored_micros = Some(entry.stored_micros);
        self.view.next = position.checked_add(1).ok_or(StorageError::Full)?;
        if is_full {
            self.freeze();
        }
        Ok(())
    }

    /// Ends the newest part, if it has entries, and begins another.
    pub(crate) fn freeze(&mut self) {
        if self.part.read().rows.is_empty() {
            return;
        }
        self.part = Arc::new(Part::after(&self.part, self.view.next));
        let mut state = self.shared.write();
        state.view.parts.push(Arc::clone(&self.part));
        // Parts may have become runs in the meantime.
        self.view.runs = Arc::clone(&state.view.runs);
        self.view.parts.clone_from(&state.view.parts);
        drop(state);
        self.shared.signals.notify_part();
    }

    /// Lets readers see everything that was inserted.
    pub(crate) fn publish(self) {
        let mut state = self.shared.write();
        state.view.next = self.view.next;
        if !self.voided.is_empty() {
            Arc::make_mut(&mut state.view.voided).extend(self.voided);
        }
        state.last_sequences.extend(self.last_sequences);
        state.last_stored_micros = self.last_stored_micros.or(state.last_stored_micros);
    }
}

/// Whether a part is to be written as a run.
pub(crate) fn is_full(run_entries: u32, data: &PartData) -> bool {
    let entries_max = run_entries as usize;
    let postings_max = (entries_max as u64).saturating_mul(POSTINGS_A_ENTRY_MAX);
    entries_max <= data.rows.len() || postings_max <= data.posting_count()
}

fn newest(view: &View) -> Arc<Part> {
    view.parts.last().map_or_else(|| Arc::new(Part::new(view.next)), Arc::clone)
}

/// Puts an entry and what it brings about into a part.
pub(crate) fn put(data: &mut PartData, position: u32, entry: &IndexEntry, effects: &Effects) {
    let row = Row {
        stored_micros: entry.stored_micros,
        location: entry.location,
        is_voiding: entry.is_voiding,
        has_target: entry.target.is_some(),
        is_erased: entry.id.is_none(),
    };
    let IndexEntry { id, tenant, sequence, .. } = *entry;
    let own = entry.own_terms.iter().chain(&entry.shared_terms).map(|term| term.0);
    let terms = own.chain(effects.inherited.iter().copied());
    data.insert(position, TailRow { row, id, tenant }, sequence, terms);
    // What is erased inherits nothing and passes nothing on, but voids what it voided.
    if let Some(target) = entry.target.filter(|_| id.is_some() || entry.is_voiding) {
        let (hash, is_voiding) = (id.map(|id| id_hash(tenant, id)), entry.is_voiding);
        let reference = Reference { position, hash, is_voiding };
        data.insert_reference(id_hash(tenant, target), reference);
    }
    if !effects.referrers.is_empty() {
        let shared = entry.shared_terms.iter().map(|term| term.0);
        let mut passed_on: Vec<u64> = shared.chain(effects.inherited.iter().copied()).collect();
        passed_on.sort_unstable();
        passed_on.dedup();
        data.insert_late(&passed_on, &effects.referrers);
    }
    if let Some(voided) = effects.voided {
        data.insert_void(voided);
    }
}
