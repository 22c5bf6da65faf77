//! What a change writes, as columns.

use acta_ambient::Timestamp;
use acta_storage::{RecordContent, RecordKind};
use tokio_postgres::types::ToSql;

use super::decision::Locked;
use super::keys::{ChangeKeys, Keys};
use super::limits::Limits;
use crate::administration::audit::{self, AuditRows};
use crate::administration::tenants::{COUNTER, NEVER, number_of};

pub(crate) const WRITE: &str = "UPDATE acta.records AS r SET version = r.version + 1, \
     tenant_id = w.tenant_id, owner = w.owner, name = w.name, expires = w.expires, \
     body = w.body \
     FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::bigint[], \
     $7::text[]) AS w(kind, id, tenant_id, owner, name, expires, body) \
     WHERE r.kind = w.kind AND r.id = w.id";

pub(crate) const REMOVE: &str = "DELETE FROM acta.records AS r \
     USING unnest($1::text[], $2::text[]) AS w(kind, id) \
     WHERE r.kind = w.kind AND r.id = w.id";

/// The rows that a change writes, as columns.
#[derive(Debug, Default)]
pub(super) struct RecordRows<'a> {
    /// Whose rows are removed again.
    limits: Option<&'a Limits>,
    written: Keys<'a>,
    tenants: Vec<Option<i32>>,
    owners: Vec<Option<&'a str>>,
    names: Vec<Option<&'a str>>,
    expires: Vec<Option<i64>>,
    bodies: Vec<&'a str>,
    removed: Keys<'a>,
    /// Tenants that need a row of `counters`.
    new_tenants: Vec<i32>,
    entries: AuditRows,
}

/// A statement of SQL and its parameters.
type Step<'a> = (&'static str, Vec<&'a (dyn ToSql + Sync)>);

impl<'a> RecordRows<'a> {
    /// The rows that a change writes, given what was locked.
    pub(super) fn of(asked: &'a ChangeKeys<'a>, locked: Locked) -> Self {
        let change = asked.change;
        let limits = Some(&asked.limits).filter(|limits| !limits.is_empty());
        let mut rows = Self { limits, ..Self::default() };
        for write in &change.writes {
            let is_new = locked.find(write).is_none();
            match &write.content {
                Some(content) => rows.write(write.kind, &write.id, content, is_new),
                None => rows.removed.push(write.kind, &write.id),
            }
        }
        rows.entries = AuditRows::following(locked.heads, &change.entries);
        rows
    }

    /// Adds a record.
    pub(super) fn write(
        &mut self,
        kind: RecordKind,
        id: &'a str,
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

    /// The statements of SQL to execute, in order.
    pub(super) fn steps(&self) -> Vec<Step<'_>> {
        let [kinds, ids] = self.written.columns();
        let written: Vec<&(dyn ToSql + Sync)> =
            vec![kinds, ids, &self.tenants, &self.owners, &self.names, &self.expires, &self.bodies];
        let mut steps: Vec<Step<'_>> = Vec::new();
        if let Some(limits) = self.limits {
            steps.push((REMOVE, limits.columns().to_vec()));
        }
        if !self.removed.keys.is_empty() {
            steps.push((REMOVE, self.removed.columns().to_vec()));
        }
        if !self.written.keys.is_empty() {
            steps.push((WRITE, written));
        }
        // One by one: they may be on different machines of a cluster.
        steps.extend(
            self.new_tenants.iter().map(|tenant| -> Step<'_> { (COUNTER, vec![tenant, &NEVER]) }),
        );
        if !self.entries.is_empty() {
            steps.push((audit::INSERT, self.entries.columns()));
            steps.push((audit::MOVE_HEADS, self.entries.heads()));
        }
        steps
    }
}
