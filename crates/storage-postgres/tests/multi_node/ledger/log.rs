//! The log of a tenant, as nodes read it.

use crate::nodes::Node;
use acta_access::TenantId;
use acta_storage::{StatementStore, StoredStatement};
use acta_storage_suite::fixture::numbers;

/// The whole log as `node` reads it: without gaps, in order, no statement in it twice.
pub(crate) async fn read_log(node: &Node, tenant: TenantId) -> Vec<StoredStatement> {
    let log = node.read_feed(tenant, 0, usize::MAX).await.unwrap();
    let sequences: Vec<u64> = log.iter().map(|one| one.sequence).collect();
    let expected: Vec<u64> = (1..=log.len() as u64).collect();
    assert_eq!(sequences, expected, "sequences have gaps");
    assert!(
        log.is_sorted_by(|one, next| one.stored <= next.stored),
        "the order is not that of stored"
    );
    let mut ids = numbers(&log);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), log.len(), "a statement is there twice");
    log
}

/// The numbers of the statements of each batch, grouped by stored time.
pub(crate) fn batches_of(log: &[StoredStatement]) -> Vec<Vec<u128>> {
    log.chunk_by(|one, next| one.stored == next.stored).map(numbers).collect()
}
