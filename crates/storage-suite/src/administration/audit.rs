//! The audit.

use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{
    AuditEntry, AuditOutcome, AuditQuery, ChainHead, Change, Committed, NewAuditEntry, Order,
    RecordKind, RecordWrite, Storage, Who, first_broken_link,
};
use acta_xapi::Uuid;

use super::records::{content, find};
use crate::EngineUnderTest;
use crate::fixture::{START, Stage};

/// An entry with this number.
pub fn sample_entry(number: u64) -> NewAuditEntry {
    NewAuditEntry {
        id: Uuid::from_u128(u128::from(number)),
        at: START.saturating_add(Duration::from_millis(number)),
        who: Who::Credential("key".into()),
        from: "2001:db8::1".into(),
        act: "credential.created".into(),
        target: format!("credential:{number} – ünï"),
        outcome: AuditOutcome::Done,
        detail: r#"{"label": "\u0000 1.50"}"#.into(),
    }
}

async fn append_entries(
    storage: &dyn Storage,
    tenant: Option<TenantId>,
    entries: Vec<NewAuditEntry>,
) {
    let entries = entries.into_iter().map(|entry| (tenant, entry)).collect();
    let change = Change { writes: Vec::new(), entries };
    assert_eq!(storage.commit(&change).await.unwrap(), Committed::Done);
}

async fn chain(storage: &dyn Storage, tenant: Option<TenantId>) -> Vec<AuditEntry> {
    storage.list_audit(tenant, &AuditQuery::everything(10_000)).await.unwrap()
}

/// Checks that a chain is whole, and returns its length.
async fn check_chain(storage: &dyn Storage, tenant: Option<TenantId>) -> usize {
    let entries = chain(storage, tenant).await;
    assert_eq!(first_broken_link(ChainHead::EMPTY, tenant, &entries), None);
    let head = entries.last().map_or(ChainHead::EMPTY, ChainHead::from);
    assert_eq!(storage.audit_head(tenant).await.unwrap(), head);
    entries.len()
}

/// An entry exists if, and only if, its change has happened.
pub async fn an_audit_entry_is_committed_with_its_change<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let tenant = Some(stage.tenant);
    let create = || RecordWrite::create(RecordKind::Ticket, "a", content("{}"));
    let change =
        |number| Change { writes: vec![create()], entries: vec![(tenant, sample_entry(number))] };
    assert_eq!(storage.commit(&change(1)).await.unwrap(), Committed::Done);
    assert_eq!(storage.commit(&change(2)).await.unwrap(), Committed::Stale(0));
    find(&*storage, RecordKind::Ticket, "a").await;
    let entries = chain(&*storage, tenant).await;
    assert_eq!(entries, [ChainHead::EMPTY.follow(tenant, sample_entry(1))]);
    assert_eq!(storage.audit_head(tenant).await.unwrap(), ChainHead::from(&entries[0]));
}

/// Tenants and the server have separate chains, also if one change has entries in all of them.
pub async fn each_tenant_has_its_own_chain<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let (north, south) = (Some(stage.tenant), Some(stage.create_tenant("south").await));
    for tenant in [None, north, south] {
        assert_eq!(storage.audit_head(tenant).await.unwrap(), ChainHead::EMPTY);
    }
    let entries = vec![
        (north, sample_entry(1)),
        (None, sample_entry(2)),
        (south, sample_entry(3)),
        (north, sample_entry(4)),
    ];
    let change = Change { writes: Vec::new(), entries };
    assert_eq!(storage.commit(&change).await.unwrap(), Committed::Done);
    for (tenant, numbers) in [(None, vec![2]), (north, vec![1, 4]), (south, vec![3])] {
        let found: Vec<NewAuditEntry> =
            chain(&*storage, tenant).await.into_iter().map(|entry| entry.content).collect();
        assert_eq!(found, numbers.into_iter().map(sample_entry).collect::<Vec<_>>());
        check_chain(&*storage, tenant).await;
    }
}

/// Entries of concurrent changes form one chain.
pub async fn entries_of_many_writers_make_one_chain<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..30 {
        let (storage, tenant) = (stage.storage(), Some(stage.tenant));
        writers.spawn(async move {
            append_entries(&*storage, tenant, vec![sample_entry(number)]).await;
        });
    }
    writers.join_all().await;
    assert_eq!(check_chain(&*stage.storage(), Some(stage.tenant)).await, 30);
}

/// Filters match fields of entries, and all must match.
pub async fn entries_are_found_by_their_fields<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let tenant = Some(stage.tenant);
    let removed = NewAuditEntry { act: "credential.removed".into(), ..sample_entry(2) };
    let renamed =
        NewAuditEntry { act: "tenant.renamed".into(), who: Who::Operator, ..sample_entry(3) };
    let refused = NewAuditEntry {
        outcome: AuditOutcome::Refused,
        target: "tenant:1".into(),
        ..sample_entry(4)
    };
    let odd = NewAuditEntry { act: "credential_x".into(), ..sample_entry(5) };
    append_entries(&*storage, tenant, vec![sample_entry(1), removed, renamed, refused, odd]).await;
    let at = |number| Some(sample_entry(number).at);
    let all = AuditQuery::everything(100);
    let table: [(AuditQuery, &[u64]); 11] = [
        (all.clone(), &[1, 2, 3, 4, 5]),
        (AuditQuery { since: at(3), ..all.clone() }, &[3, 4, 5]),
        (AuditQuery { until: at(3), ..all.clone() }, &[1, 2]),
        (AuditQuery { who: Some(Who::Operator), ..all.clone() }, &[3]),
        (AuditQuery { who: Some(Who::Anonymous), ..all.clone() }, &[]),
        (AuditQuery { act: Some("credential.created".into()), ..all.clone() }, &[1, 4]),
        (AuditQuery { act: Some("credential.".into()), ..all.clone() }, &[1, 2, 4]),
        (AuditQuery { act: Some("credential".into()), ..all.clone() }, &[]),
        (AuditQuery { target: Some("tenant:1".into()), ..all.clone() }, &[4]),
        (AuditQuery { outcome: Some(AuditOutcome::Refused), ..all.clone() }, &[4]),
        (AuditQuery { act: Some("credential.".into()), since: at(2), until: at(4), ..all }, &[2]),
    ];
    for (query, expected) in table {
        let found = storage.list_audit(tenant, &query).await.unwrap();
        let found: Vec<u64> = found.iter().map(|entry| entry.sequence).collect();
        assert_eq!(found, expected, "{query:?}");
    }
}

/// Pages of any size make up the chain, from either end.
pub async fn entries_are_read_in_pages_both_ways<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let tenant = Some(stage.tenant);
    append_entries(&*storage, tenant, (1..=23).map(sample_entry).collect()).await;
    for (order, page) in [(Order::Ascending, 5), (Order::Descending, 5), (Order::Descending, 1)] {
        let mut query = AuditQuery { order, count_max: page, ..AuditQuery::everything(0) };
        let mut found: Vec<u64> = Vec::new();
        loop {
            let entries = storage.list_audit(tenant, &query).await.unwrap();
            assert!(entries.len() <= page);
            let Some(last) = entries.last() else { break };
            query.after = Some(last.sequence);
            found.extend(entries.iter().map(|entry| entry.sequence));
        }
        let mut expected: Vec<u64> = (1..=23).collect();
        if order == Order::Descending {
            expected.reverse();
        }
        assert_eq!(found, expected, "{order:?} by {page}");
    }
}

/// A copy of a chain is the same chain, and goes on; one with a gap is refused.
pub async fn a_chain_is_imported_unchanged<E: EngineUnderTest>() {
    let (from, to) = (Stage::<E>::open().await, Stage::<E>::open().await);
    let tenant = Some(from.tenant);
    append_entries(&*from.storage(), tenant, (1..=7).map(sample_entry).collect()).await;
    let entries = chain(&*from.storage(), tenant).await;
    let storage = to.storage();
    assert!(storage.import_audit(tenant, entries[1..].to_vec()).await.is_err());
    storage.import_audit(tenant, entries[..3].to_vec()).await.unwrap();
    let mut torn = entries[3..].to_vec();
    torn.remove(1);
    assert!(storage.import_audit(tenant, torn).await.is_err());
    assert_eq!(check_chain(&*storage, tenant).await, 3);
    storage.import_audit(tenant, entries[3..].to_vec()).await.unwrap();
    assert_eq!(chain(&*storage, tenant).await, entries);
    append_entries(&*storage, tenant, vec![sample_entry(8)]).await;
    assert_eq!(check_chain(&*storage, tenant).await, 8);
}
