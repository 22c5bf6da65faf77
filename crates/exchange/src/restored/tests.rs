use std::sync::Arc;
use std::time::Duration;

use acta_access::{Role, Scopes};
use acta_ambient::{ManualClock, SeededEntropy};
use acta_storage::directory::{
    self, Account, AccountId, Credential, Membership, Session, Ticket, TicketPurpose, Versioned,
};
use acta_storage::model::{CredentialRecords as _, ModelStorage};
use acta_storage::{AuditQuery, AuditStore as _, Directory as _, RecordStore as _};
use acta_storage_suite::directory::credential;
use acta_storage_suite::fixture::START;

use super::*;

const NORTH: TenantId = TenantId::FIRST;

fn account_id(number: u128) -> AccountId {
    Uuid::from_u128(number)
}

fn account(number: u128) -> Account {
    Account {
        id: account_id(number),
        email: format!("person{number}@example.org").parse().unwrap(),
        display_name: "Somebody".to_owned(),
        password: None,
        second_factor: None,
        is_operator: false,
        is_disabled: false,
        created: START,
        password_changed: None,
        last_signed_in: None,
        created_for: None,
    }
}

fn member(number: u128, tenant: TenantId, role: Role) -> Membership {
    let account = account_id(number);
    Membership { tenant, account, role, groups: Vec::new(), created: START, is_provided: false }
}

/// The store when the backup was taken: two tenants, two credentials, two people, one session, and
/// one link.
async fn store() -> (ModelStorage, TenantId) {
    let storage = ModelStorage::new(Arc::new(ManualClock::new(START)));
    let south = storage.create_tenant("south", START).await.unwrap();
    for key in ["kept", "gone"] {
        assert!(storage.insert_credential(&credential(key, NORTH, 5)).await.unwrap());
    }
    let later = START.saturating_add(Duration::from_hours(1));
    let session = Session {
        id: "session".to_owned(),
        account: account_id(1),
        created: START,
        last_used: START,
        ends: later,
        expires: later,
        from: "local".to_owned(),
        is_strong: false,
    };
    let ticket = Ticket {
        id: "link".to_owned(),
        purpose: TicketPurpose::Reset { account: account_id(2) },
        by: Who::Operator,
        created: START,
        expires: later,
    };
    let writes = vec![
        account(1).create(),
        account(2).create(),
        member(1, NORTH, Role::Owner).create(),
        member(2, NORTH, Role::Administrator).create(),
        session.create(),
        ticket.create(),
    ];
    commit(&storage, writes).await;
    (storage, south)
}

async fn commit(storage: &ModelStorage, writes: Vec<RecordWrite>) {
    let change = Change { writes, entries: Vec::new() };
    assert_eq!(storage.commit(&change).await.unwrap(), Committed::Done);
}

async fn end_access(
    storage: &ModelStorage,
    replaced: Option<&ModelStorage>,
) -> Result<Ended, RestoredError> {
    let (clock, entropy) = (ManualClock::new(START), SeededEntropy::new(1));
    let replaced = replaced.map(|replaced| -> &dyn Storage { replaced });
    RestoredStore { storage, replaced, clock: &clock, entropy: &entropy }.end_access().await
}

async fn list<T: Recorded>(storage: &ModelStorage) -> Vec<T> {
    let all: Vec<Versioned<T>> = directory::list(storage, &Group::Every).await.unwrap();
    all.into_iter().map(|found| found.value).collect()
}

async fn audit(storage: &ModelStorage, tenant: Option<TenantId>) -> usize {
    let entries = storage.list_audit(tenant, &AuditQuery::everything(100)).await.unwrap();
    entries.iter().filter(|entry| entry.content.act == ACT).count()
}

#[tokio::test]
async fn sessions_and_links_end() {
    let (storage, _) = store().await;
    let ended = end_access(&storage, None).await.unwrap();
    let expected = Ended { session_count: 1, link_count: 1, ..Ended::default() };
    assert_eq!(ended, expected);
    assert_eq!(list::<Session>(&storage).await, []);
    assert_eq!(list::<Ticket>(&storage).await, []);
    assert_eq!(list::<Credential>(&storage).await.len(), 2);
    assert_eq!(list::<Account>(&storage).await.len(), 2);
    assert_eq!((audit(&storage, None).await, audit(&storage, Some(NORTH)).await), (1, 0));
    assert_eq!(end_access(&storage, None).await.unwrap(), Ended::default());
}

#[tokio::test]
async fn what_was_revoked_in_the_replaced_store_stays_revoked() {
    let (storage, south) = store().await;
    let replaced = storage.same_store();
    copy_records(&storage, &replaced).await;
    // Since the backup: a credential was removed and another one restricted, a person left and
    // another one came with the same address, and a tenant was suspended.
    let [gone, kept] = ["gone", "kept"];
    let found: Versioned<Credential> = directory::find(&replaced, gone).await.unwrap().unwrap();
    let other: Versioned<Credential> = directory::find(&replaced, kept).await.unwrap().unwrap();
    let scopes: Scopes = "statements/write".parse().unwrap();
    let restricted = Credential { scopes, ..other.value.clone() };
    commit(&replaced, vec![found.remove(), other.write(&restricted)]).await;
    let leaving: Versioned<Account> =
        directory::find(&replaced, &account_id(2).to_string()).await.unwrap().unwrap();
    let role = Membership::record_id_of(NORTH, account_id(2));
    let role: Versioned<Membership> = directory::find(&replaced, &role).await.unwrap().unwrap();
    commit(&replaced, vec![leaving.remove(), role.remove()]).await;
    let came = Account { email: account(2).email, ..account(3) };
    let west = replaced.create_tenant("west", START).await.unwrap();
    let roles = [member(3, NORTH, Role::Viewer), member(3, west, Role::Owner)];
    let writes = std::iter::once(came.create()).chain(roles.iter().map(Recorded::create));
    commit(&replaced, writes.collect()).await;
    let id = Tenant::record_id_of(south);
    let found: Versioned<Tenant> = directory::find(&replaced, &id).await.unwrap().unwrap();
    let suspended =
        Tenant { state: TenantState::Suspended { since: START }, ..found.value.clone() };
    commit(&replaced, vec![found.write(&suspended)]).await;

    let ended = end_access(&storage, Some(&replaced)).await.unwrap();
    assert_eq!(ended.credentials, [gone]);
    assert_eq!((ended.session_count, ended.link_count), (1, 1));
    assert_eq!((ended.removed_count, ended.changed_count), (3, 4));
    assert_eq!(list::<Credential>(&storage).await, [restricted]);
    assert_eq!(list::<Account>(&storage).await, [account(1), came]);
    let expected = [member(1, NORTH, Role::Owner), member(3, NORTH, Role::Viewer)];
    assert_eq!(list::<Membership>(&storage).await, expected, "the tenant west is not there");
    let found: Versioned<Tenant> = directory::find(&storage, &id).await.unwrap().unwrap();
    assert_eq!(found.value.state, suspended.state);
    for tenant in [None, Some(NORTH), Some(south)] {
        assert_eq!(audit(&storage, tenant).await, 1, "{tenant:?}");
    }
}

#[tokio::test]
async fn a_tenant_whose_data_was_removed_is_removed_again() {
    let (storage, south) = store().await;
    let replaced = storage.same_store();
    copy_records(&storage, &replaced).await;
    let id = Tenant::record_id_of(south);
    let found: Versioned<Tenant> = directory::find(&replaced, &id).await.unwrap().unwrap();
    let state = TenantState::Purged { since: START };
    commit(&replaced, vec![found.write(&Tenant { state, ..found.value.clone() })]).await;
    end_access(&storage, Some(&replaced)).await.unwrap();
    let found: Versioned<Tenant> = directory::find(&storage, &id).await.unwrap().unwrap();
    let expected = TenantState::Purging { since: START };
    assert_eq!(found.value.state, expected);
}

#[tokio::test]
async fn another_store_is_refused() {
    let (storage, _) = store().await;
    let (other, _) = store().await;
    let refused = end_access(&storage, Some(&other)).await;
    assert!(matches!(refused, Err(RestoredError::OtherStore)), "{refused:?}");
    assert_eq!(list::<Session>(&storage).await.len(), 1);
}

/// Makes the records of `to` those of `from`, as a copy of the store has them.
async fn copy_records(from: &ModelStorage, to: &ModelStorage) {
    use acta_storage::TransferTarget as _;

    for kind in RecordKind::EVERY {
        let records = from.list_records(kind, &Group::Every, None, 100).await.unwrap();
        to.import_records(records).await.unwrap();
    }
}
