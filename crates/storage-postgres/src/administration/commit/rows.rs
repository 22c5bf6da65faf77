//! What a change asks for and writes, as columns.

use std::collections::BTreeSet;

use acta_ambient::Timestamp;
use acta_storage::{Change, Expected, RecordContent, RecordKind, RecordWrite};
use tokio_postgres::types::ToSql;

use super::decision::Locked;
use super::{REMOVE, WRITE};
use crate::administration::audit::{self, AuditRows, chain_of};
use crate::administration::tenants::{COUNTERS, NEVER, number_of};
use crate::types::Id;

/// Kinds, and an id or a name of each.
#[derive(Debug, Default)]
pub(super) struct Keys<'a> {
    kinds: Vec<&'a str>,
    keys: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    fn push(&mut self, kind: RecordKind, key: &'a str) {
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
    /// Those of them that it makes if they are not there, in the order of their keys.
    pub(super) made: Keys<'a>,
    /// The names that it gives.
    pub(super) names: Keys<'a>,
    /// The chains that it tells, in order.
    pub(super) chains: Vec<i32>,
    /// Where the change would be told first, if it was made already.
    pub(super) first_entry: (Option<i32>, Option<Id>),
}

/// Whether the record is locked even if it is not there.
pub(super) fn may_make(write: &RecordWrite) -> bool {
    match write.expected {
        Expected::Absent => true,
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
            first.map(|(_, told)| Id(told.id.as_u128())),
        );
        Self { change, places, made, names, chains: chains.into_iter().collect(), first_entry }
    }
}

/// What is written.
#[derive(Debug, Default)]
pub(super) struct RecordRows<'a> {
    written: Keys<'a>,
    tenants: Vec<Option<i32>>,
    owners: Vec<Option<&'a str>>,
    names: Vec<Option<&'a str>>,
    expires: Vec<Option<i64>>,
    bodies: Vec<&'a str>,
    removed: Keys<'a>,
    /// Tenants that need a row that their statements are counted in.
    new_tenants: Vec<i32>,
    entries: AuditRows,
}

/// A statement of SQL and its parameters.
type Step<'a> = (&'static str, Vec<&'a (dyn ToSql + Sync)>);

impl<'a> RecordRows<'a> {
    /// Everything that `change` writes where `locked` was found.
    pub(super) fn of(change: &'a Change, locked: Locked) -> Self {
        let mut rows = Self::default();
        for write in &change.writes {
            let is_new = locked.find(write).is_none();
            match &write.content {
                Some(content) => rows.write((write.kind, &write.id), content, is_new),
                None => rows.removed.push(write.kind, &write.id),
            }
        }
        rows.entries = AuditRows::following(locked.heads, &change.entries);
        rows
    }

    /// Records as they are, versions apart.
    pub(super) fn write(
        &mut self,
        (kind, id): (RecordKind, &'a str),
        content: &'a RecordContent,
        is_new: bool,
    ) {
        let tenant = number_of(content);
        self.written.push(kind, id);
        self.tenants.push(tenant);
        self.owners.push(content.owner.as_deref());
        self.names.push(content.name.as_deref());
        self.expires.push(content.expires.map(Timestamp::unix_micros));
        self.bodies.push(&content.body);
        if kind == RecordKind::Tenant && is_new {
            self.new_tenants.extend(tenant);
        }
    }

    /// What is executed, in order.
    pub(super) fn steps(&self) -> Vec<Step<'_>> {
        let [kinds, ids] = self.written.columns();
        let written: Vec<&(dyn ToSql + Sync)> =
            vec![kinds, ids, &self.tenants, &self.owners, &self.names, &self.expires, &self.bodies];
        let steps: [(bool, Step<'_>); 5] = [
            (self.removed.keys.is_empty(), (REMOVE, self.removed.columns().to_vec())),
            (self.written.keys.is_empty(), (WRITE, written)),
            (self.new_tenants.is_empty(), (COUNTERS, vec![&self.new_tenants, &NEVER])),
            (self.entries.is_empty(), (audit::INSERT, self.entries.columns())),
            (self.entries.is_empty(), (audit::MOVE_HEADS, self.entries.heads())),
        ];
        steps.into_iter().filter(|(is_empty, _)| !is_empty).map(|(_, step)| step).collect()
    }
}
