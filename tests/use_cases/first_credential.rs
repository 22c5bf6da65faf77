//! The first credential of a new store.

use acta_access::{Scope, Scopes, TenantId};
use acta_admin::{FirstCredentialError, Requester};
use acta_auth::{Secret, SeedError};
use acta_storage::directory::Credential;

use crate::engine::{Engine, on_every_engine};
use crate::house::House;

on_every_engine! {
    an_empty_store_gets_one_credential_with_all_scopes
    a_removed_first_credential_is_not_replaced
    a_seed_is_stored_and_not_shown
}

async fn credentials(house: &House) -> Vec<Credential> {
    house.storage.list_credentials(TenantId::FIRST).await.unwrap()
}

async fn remove_all(house: &House) {
    let requester = Requester::machine();
    for Credential { key, .. } in credentials(house).await {
        house.admin.remove_credential(&requester, TenantId::FIRST, &key).await.unwrap();
    }
}

async fn an_empty_store_gets_one_credential_with_all_scopes(engine: Engine) {
    let house = House::new(engine).await;
    let (key, _) = house.admin.create_first_credential(None).await.unwrap().unwrap();
    let made = credentials(&house).await;
    assert_eq!((made.len(), &made[0].key), (1, &key));
    assert_eq!(made[0].scopes, Scopes::from_iter([Scope::All]));
    assert!(house.admin.create_first_credential(None).await.unwrap().is_none());
    assert_eq!(credentials(&house).await.len(), 1);
}

async fn a_removed_first_credential_is_not_replaced(engine: Engine) {
    let house = House::new(engine).await;
    let secret = Secret::new("secret");
    let seed = ("key", &secret);
    house.admin.create_first_credential(None).await.unwrap();
    remove_all(&house).await;
    assert!(house.admin.create_first_credential(None).await.unwrap().is_none());
    assert!(house.admin.create_first_credential(Some(seed)).await.unwrap().is_none());
    assert_eq!(credentials(&house).await, []);
}

async fn a_seed_is_stored_and_not_shown(engine: Engine) {
    let house = House::new(engine).await;
    let secret = Secret::new("secret");
    let unusable = ("a:b", &secret);
    let refused = house.admin.create_first_credential(Some(unusable)).await;
    assert!(matches!(refused, Err(FirstCredentialError::Seed(SeedError::UnusableKey))));
    let seed = ("key", &secret);
    assert!(house.admin.create_first_credential(Some(seed)).await.unwrap().is_none());
    let stored = credentials(&house).await;
    assert_eq!((stored.len(), stored[0].key.as_str()), (1, "key"));
}
