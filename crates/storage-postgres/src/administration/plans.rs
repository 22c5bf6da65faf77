//! The statements of SQL whose query plans are tested.

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{CountLimit, Group, RecordHolder};

use super::{audit, commit, purge, records, usage};
use crate::database::Placement;

/// The name of the statements that delete all rows of a tenant, some at a time.
pub(crate) const PURGED: &str = "rows of a tenant, purged";

/// Every statement of SQL about records, the audit and usage that reads a table.
pub(crate) fn statements(on: Placement) -> Vec<(&'static str, String)> {
    let fixed = [
        ("a record", records::FIND),
        ("a record by its name", records::FIND_BY_NAME),
        ("what has expired", records::REMOVE_EXPIRED),
        ("records, locked", commit::LOCK),
        ("who has names", commit::HOLDERS),
        ("records, written", commit::WRITE),
        ("records, removed", commit::REMOVE),
        ("the end of a chain, locked", audit::LOCK_HEAD),
        ("the end of a chain", audit::HEAD),
        ("whether it has an entry", audit::HAS_ENTRY),
        ("ends of chains, moved", audit::MOVE_HEADS),
        ("the audit, oldest first", audit::LIST_ASCENDING),
        ("the audit, newest first", audit::LIST_DESCENDING),
        ("usage", usage::FIND),
    ];
    let groups = [
        ("all records", Group::Every),
        ("records of a tenant", Group::OfTenant(TenantId::FIRST)),
        ("records with an owner", Group::OwnedBy(String::new())),
    ];
    let listed = groups.into_iter().flat_map(|(name, group)| {
        [None, Some("")].map(|after| (name, records::listing(&group, after)))
    });
    let counted = [
        ("records of a tenant, counted", Group::OfTenant(TenantId::FIRST), RecordHolder::Tenant),
        ("records with an owner, counted", Group::OwnedBy(String::new()), RecordHolder::Owner),
    ];
    let counted = counted.into_iter().flat_map(|(name, group, of)| {
        [None, Some(Timestamp::from_unix_micros(0))].map(|unexpired_at| {
            (name, commit::counting(&group, CountLimit { of, count_max: 1, unexpired_at }))
        })
    });
    let purged = purge::TABLES
        .into_iter()
        .filter(|table| !table.key.is_empty())
        .map(|table| (PURGED, purge::deletion(table, on)));
    fixed
        .into_iter()
        .map(|(name, sql)| (name, sql.to_owned()))
        .chain(listed)
        .chain(counted)
        .chain(purged)
        .collect()
}
