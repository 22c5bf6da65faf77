//! The statements of SQL whose query plans are tested.

use acta_access::TenantId;
use acta_storage::Group;

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
    let purged = purge::TABLES
        .into_iter()
        .filter(|table| !table.key.is_empty())
        .map(|table| (PURGED, purge::deletion(table, on)));
    fixed
        .into_iter()
        .map(|(name, sql)| (name, sql.to_owned()))
        .chain(listed)
        .chain(purged)
        .collect()
}
