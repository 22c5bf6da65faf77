//! People who come from an identity provider: each return once, and tenants keep an owner.

use std::time::Duration;

use acta_access::{Role, TenantId};
use acta_admin::{AdminError, NewcomerRule, Requester, SignedIn};
use acta_auth::oidc;
use acta_storage::AuditOutcome;
use acta_storage::directory::Identity;

use crate::engine::{Engine, on_every_engine};
use crate::house::{FROM, House, OTHER_PASSWORD, PASSWORD, at_once, refused};

const LIFETIME: Duration = Duration::from_mins(15);

on_every_engine! {
    a_return_from_the_provider_is_accepted_once
    returns_that_come_to_nothing_are_limited
    the_last_owner_of_a_tenant_keeps_the_role_that_claims_take_away
    of_two_owners_who_lose_the_role_at_the_same_time_one_keeps_it
    a_person_without_a_password_sets_one_right_after_signing_in
    an_identity_is_removed_by_its_owner_unless_it_is_the_only_way_to_sign_in
    an_operator_lists_and_removes_the_identities_of_an_account
}

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

async fn a_return_from_the_provider_is_accepted_once(engine: Engine) {
    let house = House::new(engine).await;
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

async fn returns_that_come_to_nothing_are_limited(engine: Engine) {
    let house = House::new(engine).await;
    for number in 0..100 {
        drop(house.admin.use_up_state(&number.to_string(), LIFETIME, FROM).await.unwrap());
    }
    let more = house.admin.use_up_state("more", LIFETIME, FROM).await.map(drop);
    refused!(more, AdminError::Delayed { .. });
    assert!(house.admin.use_up_state("more", LIFETIME, "192.0.2.99").await.is_ok());
}

async fn the_last_owner_of_a_tenant_keeps_the_role_that_claims_take_away(engine: Engine) {
    let house = House::new(engine).await;
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

async fn of_two_owners_who_lose_the_role_at_the_same_time_one_keeps_it(engine: Engine) {
    let house = House::new(engine).await;
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

async fn a_person_without_a_password_sets_one_right_after_signing_in(engine: Engine) {
    let house = House::new(engine).await;
    let grants = [(TenantId::FIRST, Role::Viewer)];
    let alice = Requester::of(sign_in(&house, &alice(&grants)).await.unwrap(), FROM);
    house.clock.advance(Duration::from_mins(15));
    let late = house.admin.change_password(&alice, "", PASSWORD).await;
    refused!(late, AdminError::Conflict(_));
    refused!(house.admin.begin_factor(&alice, "").await, AdminError::Conflict(_));
    let again = sign_in(&house, &person("alice", &grants)).await.unwrap();
    let alice = Requester::of(again, FROM);
    house.admin.begin_factor(&alice, "").await.unwrap();
    house.admin.change_password(&alice, "", PASSWORD).await.unwrap();
    house.sign_in("alice@example.org", PASSWORD, None).await.unwrap();
    // From now on it is asked for.
    let account = house.admin.change_password(&alice, "", OTHER_PASSWORD).await;
    refused!(account, AdminError::Faulty(_));
    house.admin.change_password(&alice, PASSWORD, OTHER_PASSWORD).await.unwrap();
}

async fn an_identity_is_removed_by_its_owner_unless_it_is_the_only_way_to_sign_in(engine: Engine) {
    let house = House::new(engine).await;
    let grants = [(TenantId::FIRST, Role::Viewer)];
    let entered = sign_in(&house, &alice(&grants)).await.unwrap();
    let other = Requester::of(sign_in(&house, &alice(&grants)).await.unwrap(), FROM);
    let alice = Requester::of(entered, FROM);
    let admin = &house.admin;
    let [identity] = &*admin.list_own_identities(&alice).await.unwrap() else { panic!("one") };
    assert_eq!(identity.subject, "alice");
    let id = Identity::record_id_of(&identity.issuer, &identity.subject);
    refused!(admin.remove_own_identity(&alice, &id, "").await, AdminError::Conflict(_));
    // One at another provider, and then also a password.
    let elsewhere = oidc::SignedIn { issuer: "https://b.example".into(), ..person("al", &grants) };
    admin.connect(&alice, &elsewhere).await.unwrap();
    admin.change_password(&alice, "", PASSWORD).await.unwrap();
    refused!(admin.remove_own_identity(&alice, &id, "wrong").await, AdminError::Faulty(_));
    refused!(admin.remove_own_identity(&alice, "0a", PASSWORD).await, AdminError::NotFound);
    admin.remove_own_identity(&alice, &id, PASSWORD).await.unwrap();
    refused!(sign_in(&house, &person("alice", &grants)).await, AdminError::Conflict(_));
    sign_in(&house, &elsewhere).await.unwrap();
    assert_eq!(admin.list_own_identities(&alice).await.unwrap().len(), 1);
    refused!(admin.remove_own_identity(&alice, &id, PASSWORD).await, AdminError::NotFound);
    assert_eq!(admin.list_sessions(&other).await.unwrap().len(), 2, "the other one has ended");
}

async fn an_operator_lists_and_removes_the_identities_of_an_account(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await.account().unwrap().id;
    let grants = [(TenantId::FIRST, Role::Viewer)];
    let entered = sign_in(&house, &alice(&grants)).await.unwrap();
    let (account, machine) = (entered.account.id, Requester::machine());
    let alice = Requester::of(entered, FROM);
    let admin = &house.admin;
    let id = Identity::record_id_of("https://id.example.org", "alice");
    refused!(admin.list_identities(&alice, account).await, AdminError::Forbidden { .. });
    refused!(admin.remove_identity(&alice, account, &id).await, AdminError::Forbidden { .. });
    assert_eq!(admin.list_identities(&machine, account).await.unwrap().len(), 1);
    refused!(admin.remove_identity(&machine, ada, &id).await, AdminError::NotFound);
    admin.remove_identity(&machine, account, &id).await.unwrap();
    assert!(admin.list_identities(&machine, account).await.unwrap().is_empty());
    assert!(admin.list_sessions(&alice).await.unwrap().is_empty());
    refused!(sign_in(&house, &person("alice", &grants)).await, AdminError::Conflict(_));
    let entries = house.entries(None).await;
    let removed = entries.iter().filter(|entry| entry.content.act == "account.disconnected");
    assert_eq!(removed.count(), 1);
}
