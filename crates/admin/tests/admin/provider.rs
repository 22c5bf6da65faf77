//! People who come from an identity provider: each return once, and tenants keep an owner.

use std::time::Duration;

use acta_access::{Role, TenantId};
use acta_admin::{AdminError, NewcomerRule, Requester, SignedIn};
use acta_auth::oidc;
use acta_storage::AuditOutcome;

use crate::house::{FROM, House, at_once, refused};

const LIFETIME: Duration = Duration::from_mins(15);

fn alice(grants: &[(TenantId, Role)]) -> oidc::SignedIn {
    person("alice", grants)
}

fn person(name: &str, grants: &[(TenantId, Role)]) -> oidc::SignedIn {
    oidc::SignedIn {
        issuer: "https://id.example.org".to_owned(),
        subject: name.to_owned(),
        email: Some(format!("{name}@example.org")),
        is_email_verified: true,
        name: None,
        grants: grants.to_vec(),
    }
}

async fn sign_in(house: &House, provided: &oidc::SignedIn) -> Result<SignedIn, AdminError> {
    house.admin.sign_in_provided(provided, FROM, NewcomerRule::CreateAccount).await
}

async fn roles(house: &House, who: &SignedIn) -> Vec<(TenantId, Role)> {
    let roles = house.admin.roles_of(who.account.id).await.unwrap();
    roles.into_iter().map(|role| (role.tenant, role.role)).collect()
}

#[tokio::test]
async fn a_return_from_the_provider_is_accepted_once() {
    let house = House::new().await;
    house.admin.use_up_state("a", LIFETIME, FROM).await.unwrap().succeed();
    refused!(house.admin.use_up_state("a", LIFETIME, FROM).await.map(drop), AdminError::Stale);
    house.admin.use_up_state("b", LIFETIME, FROM).await.unwrap().succeed();
    let both = [(); 8].map(|()| {
        let admin = house.admin.clone();
        async move { admin.use_up_state("c", LIFETIME, FROM).await.map(drop).is_ok() }
    });
    assert_eq!(at_once(both).await.iter().filter(|is_first| **is_first).count(), 1);
    // It is remembered for as long as it could be accepted.
    house.clock.advance(LIFETIME);
    house.admin.run_maintenance().await.unwrap();
    refused!(house.admin.use_up_state("a", LIFETIME, FROM).await.map(drop), AdminError::Stale);
    house.clock.advance(LIFETIME + Duration::from_secs(1));
    house.admin.run_maintenance().await.unwrap();
    assert!(house.admin.use_up_state("a", LIFETIME, FROM).await.is_ok());
}

#[tokio::test]
async fn returns_that_come_to_nothing_are_limited() {
    let house = House::new().await;
    for number in 0..100 {
        drop(house.admin.use_up_state(&number.to_string(), LIFETIME, FROM).await.unwrap());
    }
    let more = house.admin.use_up_state("more", LIFETIME, FROM).await.map(drop);
    refused!(more, AdminError::Delayed { .. });
    assert!(house.admin.use_up_state("more", LIFETIME, "192.0.2.99").await.is_ok());
}

#[tokio::test]
async fn the_last_owner_of_a_tenant_keeps_the_role_that_claims_take_away() {
    let house = House::new().await;
    let tenant = house.storage.create_tenant("north", house.start()).await.unwrap();
    let owner = [(tenant, Role::Owner)];
    let entered = sign_in(&house, &alice(&owner)).await.unwrap();
    for fewer in [&[][..], &[(tenant, Role::Viewer)]] {
        let again = sign_in(&house, &alice(fewer)).await.unwrap();
        assert_eq!(roles(&house, &again).await, owner, "{fewer:?}");
        let entries = house.entries(Some(tenant)).await;
        let refused = entries.iter().filter(|entry| {
            entry.content.outcome == AuditOutcome::Refused
                && entry.content.act.starts_with("person.")
        });
        assert_ne!(refused.count(), 0);
    }
    // With another owner, it goes.
    sign_in(&house, &person("bob", &owner)).await.unwrap();
    sign_in(&house, &alice(&[])).await.unwrap();
    assert_eq!(roles(&house, &entered).await, []);
}

#[tokio::test]
async fn of_two_owners_who_lose_the_role_at_the_same_time_one_keeps_it() {
    let house = House::new().await;
    let tenant = house.storage.create_tenant("north", house.start()).await.unwrap();
    let names = ["alice", "bob"];
    for name in names {
        sign_in(&house, &person(name, &[(tenant, Role::Owner)])).await.unwrap();
    }
    let both = names.map(|name| {
        let admin = house.admin.clone();
        async move {
            let provided = person(name, &[]);
            admin.sign_in_provided(&provided, FROM, NewcomerRule::Refuse).await.is_ok()
        }
    });
    assert_eq!(at_once(both).await, [true, true]);
    let people = house.admin.list_people(&Requester::machine(), tenant, None, 10).await.unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].membership.value.role, Role::Owner);
}
