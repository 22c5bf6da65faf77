//! The removal of a tenant, once it has begun.

use acta_access::{Restrictions, TenantId};
use acta_admin::{AdminError, Idempotency, NewCredential, Requester};
use acta_ambient::Clock;
use acta_storage::directory::{self, Tenant, TenantState, Versioned};
use acta_storage::{AuditEntry, Change, Committed, Group};

use crate::engine::{Engine, on_every_engine};
use crate::house::{House, refused};

const TENANT: TenantId = TenantId::FIRST;

on_every_engine! {
    a_removal_that_has_begun_is_never_taken_back_and_is_finished_once
}

fn new_credential() -> NewCredential {
    NewCredential {
        label: "LMS".to_owned(),
        scopes: "all".parse().unwrap(),
        restrictions: Restrictions::default(),
        authority: None,
        expires: None,
    }
}

/// A request that does not come again.
fn never<'a, T>() -> Idempotency<'a, T> {
    Idempotency { key: None, encode: &|_| String::new() }
}

async fn tenant(house: &House) -> Versioned<Tenant> {
    let all: Vec<Versioned<Tenant>> =
        directory::list(&*house.storage, &Group::Every).await.unwrap();
    all.into_iter().find(|tenant| tenant.value.id == TENANT).unwrap()
}

/// How often the audit of the server says that the tenant was removed.
async fn removals(house: &House) -> usize {
    let is_removal = |entry: &&AuditEntry| entry.content.act == "tenant.purged";
    house.entries(None).await.iter().filter(is_removal).count()
}

async fn a_removal_that_has_begun_is_never_taken_back_and_is_finished_once(engine: Engine) {
    let house = House::new(engine).await;
    house.ada().await;
    let (admin, machine) = (&house.admin, Requester::machine());
    admin.create_credential(&machine, TENANT, new_credential(), never()).await.unwrap();
    admin.delete_tenant(&machine, TENANT).await.unwrap();
    // As a node leaves it that ends in the middle.
    let found = tenant(&house).await;
    let purging =
        Tenant { state: TenantState::Purging { since: house.clock.now() }, ..found.value.clone() };
    let change = Change { writes: vec![found.write(&purging)], entries: Vec::new() };
    assert_eq!(house.storage.commit(&change).await.unwrap(), Committed::Done);
    refused!(admin.restore_tenant(&machine, TENANT).await, AdminError::Conflict(_));
    refused!(admin.resume_tenant(&machine, TENANT).await, AdminError::Conflict(_));
    let created = admin.create_credential(&machine, TENANT, new_credential(), never()).await;
    refused!(created, AdminError::Conflict(_));
    assert!(matches!(tenant(&house).await.value.state, TenantState::Purging { .. }));
    for _ in 0..2 {
        admin.run_maintenance().await.unwrap();
        assert!(matches!(tenant(&house).await.value.state, TenantState::Purged { .. }));
        assert_eq!(removals(&house).await, 1);
    }
    assert!(house.storage.list_credentials(TENANT).await.unwrap().is_empty());
}
