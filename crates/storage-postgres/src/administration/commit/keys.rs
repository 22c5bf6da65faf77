//! What must be locked and known before a change is decided.

use std::collections::BTreeSet;

use acta_storage::{Change, Expected, RecordKind, RecordWrite};
use tokio_postgres::types::ToSql;

use super::limits::Limits;
use crate::administration::audit::chain_of;
use crate::types::Id;

/// Pairs of a kind and an id or a name.
#[derive(Debug, Default)]
pub(super) struct Keys<'a> {
    pub(super) kinds: Vec<&'a str>,
    pub(super) keys: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    pub(super) fn push(&mut self, kind: RecordKind, key: &'a str) {
        self.kinds.push(kind.as_str());
        self.keys.push(key);
    }

    /// As parameters.
    pub(super) fn columns(&self) -> [&(dyn ToSql + Sync); 2] {
        [&self.kinds, &self.keys]
    }
}

/// What must be locked and known before a change is decided.
#[derive(Debug)]
pub(super) struct ChangeKeys<'a> {
    pub(super) change: &'a Change,
    /// The records that it writes.
    pub(super) places: Keys<'a>,
    /// The records that it creates if they do not exist, in the order of their keys.
    pub(super) made: Keys<'a>,
    /// The names in its writes.
    pub(super) names: Keys<'a>,
    /// What its limits count.
    pub(super) limits: Limits,
    /// The chains of its entries, in order.
    pub(super) chains: Vec<i32>,
    /// The chain and the id of its first entry, which exists if the change was already made.
    pub(super) first_entry: (Option<i32>, Option<Id>),
}

/// Whether the record is locked even if it does not exist.
pub(super) fn may_make(write: &RecordWrite) -> bool {
    match write.expected {
        Expected::Absent | Expected::AbsentWithin(_) => true,
        Expected::Version(_) => false,
        Expected::Anything => write.content.is_some(),
    }
}

impl<'a> ChangeKeys<'a> {
    pub(super) fn of(change: &'a Change) -> Self {
        let mut writes: Vec<&RecordWrite> = change.writes.iter().collect();
        writes.sort_by_key(|write| (write.kind.as_str(), write.id.as_str()));
        let (mut places, mut made, mut names) = <(Keys<'_>, Keys<'_>, Keys<'_>)>::default();
        for write in writes {
            places.push(write.kind, &write.id);
            if may_make(write) {
                made.push(write.kind, &write.id);
            }
            if let Some(name) = write.content.as_ref().and_then(|content| content.name.as_ref()) {
                names.push(write.kind, name);
            }
        }
        let chains: BTreeSet<i32> =
            change.entries.iter().map(|(tenant, _)| chain_of(*tenant)).collect();
        let first = change.entries.first();
        let first_entry = (
            first.map(|(tenant, _)| chain_of(*tenant)),
            first.map(|(_, entry)| Id(entry.id.as_u128())),
        );
        Self {
            change,
            places,
            made,
            names,
            limits: Limits::of(&change.writes),
            chains: chains.into_iter().collect(),
            first_entry,
        }
    }
}
