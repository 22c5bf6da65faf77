//! Links: each is used once, by whom it was made for.

use std::time::Duration;

use acta_access::{Principal, Role, TenantId};
use acta_admin::{
    AccountChanges, AdminError, CredentialChanges, CredentialId, Idempotency, Idempotent,
    LinkPurpose, NewCredential, Requester,
};
use acta_storage::Who;
use acta_storage::directory::Account;

use crate::engine::{Engine, on_every_engine};
use crate::house::{FROM, House, OTHER_PASSWORD, PASSWORD, at_once, refused};

const TENANT: TenantId = TenantId::FIRST;

on_every_engine! {
    of_two_concurrent_set_ups_one_succeeds
    a_failed_attempt_does_not_consume_the_link
    an_invitation_is_for_one_person_once_and_for_a_while
    a_person_with_an_account_accepts_after_sign_in
    expired_invitations_do_not_hide_pending_ones
    a_reset_link_invalidates_earlier_ones_and_works_once
    an_invitation_ends_with_the_right_of_its_creator
    an_invitation_gives_no_role_that_its_creator_may_not_give_any_more
    an_invitation_ends_with_the_credential_that_created_it
    a_reset_link_ends_with_the_right_of_its_creator
    a_reset_link_and_other_sessions_end_when_the_factors_of_an_account_change
    an_invitation_into_a_suspended_tenant_waits
    a_link_does_not_reveal_whether_there_is_an_account
}

fn account(requester: &Requester) -> &Account {
    requester.account().unwrap()
}

async fn of_two_concurrent_set_ups_one_succeeds(engine: Engine) {
    let house = House::new(engine).await;
    let first = house.admin.begin_set_up().await.unwrap().unwrap();
    let token = house.admin.begin_set_up().await.unwrap().unwrap();
    refused!(house.admin.read_link(first.expose()).await, AdminError::LinkVoid);
    let both = ["ada@example.org", "eve@example.org"].map(|email| {
        let (admin, token) = (house.admin.clone(), token.expose().to_owned());
        async move {
            let who = House::who("Somebody", PASSWORD);
            admin.set_up(&token, &email.parse().unwrap(), &who).await.is_ok()
        }
    });
    assert_eq!(at_once(both).await.iter().filter(|won| **won).count(), 1);
    assert!(house.admin.begin_set_up().await.unwrap().is_none(), "it is set up");
}

async fn a_failed_attempt_does_not_consume_the_link(engine: Engine) {
    let house = House::new(engine).await;
    let token = house.admin.begin_set_up().await.unwrap().unwrap();
    let email = "ada@example.org".parse().unwrap();
    for who in [House::who("", PASSWORD), House::who("Ada", "short")] {
        refused!(house.admin.set_up(token.expose(), &email, &who).await, AdminError::Faulty(_));
    }
    let who = House::who("Ada", PASSWORD);
    assert!(house.admin.set_up(token.expose(), &email, &who).await.is_ok());
}

async fn an_invitation_is_for_one_person_once_and_for_a_while(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let token = house.invite(&ada, ("bob@example.org", Role::Analyst)).await.unwrap();
    let expected = LinkPurpose::Invitation {
        tenant: house.admin.read_tenant(&ada, TenantId::FIRST).await.unwrap().value.name,
        email: "bob@example.org".parse().unwrap(),
        role: Role::Analyst,
    };
    assert_eq!(house.admin.read_link(&token).await.unwrap(), expected);
    refused!(house.admin.accept_as_known(&ada, &token).await, AdminError::LinkVoid);
    let who = House::who("Bob", OTHER_PASSWORD);
    house.admin.accept_as_new(&token, &who).await.unwrap();
    refused!(house.admin.accept_as_new(&token, &who).await, AdminError::LinkVoid);
    let token = house.invite(&ada, ("eve@example.org", Role::Viewer)).await.unwrap();
    house.clock.advance(Duration::from_hours(7 * 24));
    refused!(house.admin.accept_as_new(&token, &who).await, AdminError::LinkVoid);
    refused!(house.admin.read_link(&token).await, AdminError::LinkVoid);
}

async fn a_person_with_an_account_accepts_after_sign_in(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Viewer)).await;
    let id = bob.account().unwrap().id;
    let again = house.invite(&ada, ("bob@example.org", Role::Analyst)).await;
    refused!(again, AdminError::Conflict(_));
    house.admin.remove_member(&bob, TenantId::FIRST, id).await.unwrap();
    let token = house.invite(&ada, ("bob@example.org", Role::Analyst)).await.unwrap();
    let who = House::who("Bob", PASSWORD);
    refused!(house.admin.accept_as_new(&token, &who).await, AdminError::Conflict(_));
    house.admin.accept_as_known(&bob, &token).await.unwrap();
    let member = house.admin.read_member(&ada, TenantId::FIRST, id).await.unwrap();
    assert_eq!(member.membership.value.role, Role::Analyst);
    refused!(house.admin.accept_as_known(&bob, &token).await, AdminError::LinkVoid);
}

async fn expired_invitations_do_not_hide_pending_ones(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    for number in 0..4 {
        house.invite(&ada, (&format!("old{number}@example.org"), Role::Viewer)).await.unwrap();
    }
    house.clock.advance(Duration::from_hours(7 * 24));
    for number in 0..4 {
        house.invite(&ada, (&format!("new{number}@example.org"), Role::Viewer)).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = house.admin.list_invitations(&ada, TenantId::FIRST, after.as_deref(), 2);
        let page = page.await.unwrap();
        after = page.last().map(|ticket| ticket.id.clone());
        let is_last = page.len() < 2;
        seen.extend(page.into_iter().map(|ticket| ticket.id));
        if is_last {
            break;
        }
    }
    assert_eq!(seen.len(), 4);
}

async fn a_reset_link_invalidates_earlier_ones_and_works_once(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let id = ada.account().unwrap().id;
    let first = house.admin.reset_account(&ada, id).await.unwrap().token;
    let second = house.admin.reset_account(&ada, id).await.unwrap().token;
    refused!(
        house.admin.reset_password(first.expose(), OTHER_PASSWORD, FROM).await,
        AdminError::LinkVoid
    );
    house.admin.reset_password(second.expose(), OTHER_PASSWORD, FROM).await.unwrap();
    refused!(
        house.admin.reset_password(second.expose(), PASSWORD, FROM).await,
        AdminError::LinkVoid
    );
    let again = house.sign_in("ada@example.org", OTHER_PASSWORD, None).await.unwrap();
    let ada = Requester::of(again, FROM);
    let third = house.admin.reset_account(&ada, id).await.unwrap().token;
    house.clock.advance(Duration::from_hours(24));
    refused!(
        house.admin.reset_password(third.expose(), PASSWORD, FROM).await,
        AdminError::LinkVoid
    );
}

/// What takes the right to invite away from an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Nothing,
    Removed,
    RoleChanged,
    Disabled,
    AccountRemoved,
}

async fn lose(house: &House, ada: &Requester, host: &Requester, loss: Loss) {
    let id = account(host).id;
    match loss {
        Loss::Nothing => {}
        Loss::Removed => house.admin.remove_member(ada, TENANT, id).await.unwrap(),
        Loss::RoleChanged => {
            house.admin.change_role(ada, TENANT, id, Role::Viewer).await.unwrap();
        }
        Loss::Disabled => {
            let changes = AccountChanges { is_disabled: Some(true), ..AccountChanges::default() };
            house.admin.change_account(ada, id, changes, None).await.unwrap();
        }
        Loss::AccountRemoved => house.admin.remove_account(ada, id).await.unwrap(),
    }
}

async fn an_invitation_ends_with_the_right_of_its_creator(engine: Engine) {
    for loss in
        [Loss::Nothing, Loss::Removed, Loss::RoleChanged, Loss::Disabled, Loss::AccountRemoved]
    {
        let house = House::new(engine).await;
        let ada = house.ada().await;
        let host = house.comes(&ada, ("host@example.org", Role::Administrator)).await;
        let known = house.comes(&ada, ("known@example.org", Role::Viewer)).await;
        house.admin.remove_member(&ada, TENANT, account(&known).id).await.unwrap();
        let token = house.invite(&host, ("new@example.org", Role::Administrator)).await.unwrap();
        let other = house.invite(&host, ("known@example.org", Role::Analyst)).await.unwrap();
        lose(&house, &ada, &host, loss).await;
        let who = House::who("Somebody", OTHER_PASSWORD);
        let read = house.admin.read_link(&token).await;
        let as_new = house.admin.accept_as_new(&token, &who).await;
        let as_known = house.admin.accept_as_known(&known, &other).await;
        if loss == Loss::Nothing {
            assert!(read.is_ok() && as_new.is_ok() && as_known.is_ok(), "{as_new:?} {as_known:?}");
            continue;
        }
        refused!(read, AdminError::LinkVoid);
        refused!(as_new, AdminError::LinkVoid);
        refused!(as_known, AdminError::LinkVoid);
        let people = house.admin.list_people(&ada, TENANT, None, 10).await.unwrap();
        let came = |email: &str| people.iter().any(|one| one.account.email.as_str() == email);
        assert!(!came("new@example.org") && !came("known@example.org"), "{loss:?}");
    }
}

async fn an_invitation_gives_no_role_that_its_creator_may_not_give_any_more(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let host = house.comes(&ada, ("host@example.org", Role::Owner)).await;
    let owner = house.invite(&host, ("owner@example.org", Role::Owner)).await.unwrap();
    let viewer = house.invite(&host, ("viewer@example.org", Role::Viewer)).await.unwrap();
    let id = account(&host).id;
    house.admin.change_role(&ada, TENANT, id, Role::Administrator).await.unwrap();
    let who = House::who("Somebody", OTHER_PASSWORD);
    refused!(house.admin.accept_as_new(&owner, &who).await, AdminError::LinkVoid);
    house.admin.accept_as_new(&viewer, &who).await.unwrap();
}

async fn an_invitation_ends_with_the_credential_that_created_it(engine: Engine) {
    for is_removed in [true, false] {
        let house = House::new(engine).await;
        let ada = house.ada().await;
        let new = NewCredential {
            label: "people".to_owned(),
            scopes: "admin".parse().unwrap(),
            restrictions: acta_access::Restrictions::default(),
            authority: None,
            expires: None,
        };
        let once = Idempotency { key: None, encode: &|_| String::new() };
        let made = house.admin.create_credential(&ada, TENANT, new, once).await.unwrap();
        let Idempotent::Performed(made) = made else { panic!("it is the first time") };
        let key = made.credential.key.as_str();
        let principal = Principal::new(TENANT, key, made.credential.scopes);
        let machine = Requester::credential(principal, Who::Credential(key.to_owned()), FROM);
        let token = house.invite(&machine, ("a@example.org", Role::Viewer)).await.unwrap();
        let other = house.invite(&machine, ("b@example.org", Role::Viewer)).await.unwrap();
        let who = House::who("Somebody", OTHER_PASSWORD);
        house.admin.accept_as_new(&token, &who).await.unwrap();
        if is_removed {
            house.admin.remove_credential(&ada, TENANT, key).await.unwrap();
        } else {
            let scopes = Some("all".parse().unwrap());
            let changes = CredentialChanges { scopes, ..CredentialChanges::default() };
            let of = CredentialId { tenant: TENANT, key };
            house.admin.change_credential(&ada, of, changes, None).await.unwrap();
        }
        refused!(house.admin.accept_as_new(&other, &who).await, AdminError::LinkVoid);
    }
}

async fn a_reset_link_ends_with_the_right_of_its_creator(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let host = house.comes(&ada, ("host@example.org", Role::Viewer)).await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Viewer)).await;
    let changes = AccountChanges { is_operator: Some(true), ..AccountChanges::default() };
    house.admin.change_account(&ada, account(&host).id, changes, None).await.unwrap();
    let host = house.sign_in("host@example.org", OTHER_PASSWORD, None).await.unwrap();
    let host = Requester::of(host, FROM);
    let link = house.admin.reset_account(&host, account(&bob).id).await.unwrap().token;
    house.admin.read_link(link.expose()).await.unwrap();
    let changes = AccountChanges { is_operator: Some(false), ..AccountChanges::default() };
    house.admin.change_account(&ada, account(&host).id, changes, None).await.unwrap();
    refused!(house.admin.read_link(link.expose()).await, AdminError::LinkVoid);
    let reset = house.admin.reset_password(link.expose(), PASSWORD, FROM).await;
    refused!(reset, AdminError::LinkVoid);
    assert!(house.sign_in("bob@example.org", OTHER_PASSWORD, None).await.is_ok());
}

async fn a_reset_link_and_other_sessions_end_when_the_factors_of_an_account_change(engine: Engine) {
    for change in ["password", "disabled", "factor removed by an operator", "none"] {
        let house = House::new(engine).await;
        let ada = house.ada().await;
        let bob = house.comes(&ada, ("bob@example.org", Role::Viewer)).await;
        let id = account(&bob).id;
        let link = house.admin.reset_account(&ada, id).await.unwrap().token;
        match change {
            "password" => {
                house.admin.change_password(&bob, OTHER_PASSWORD, PASSWORD).await.unwrap();
            }
            "disabled" => {
                let is_disabled = Some(true);
                let changes = AccountChanges { is_disabled, ..AccountChanges::default() };
                house.admin.change_account(&ada, id, changes, None).await.unwrap();
            }
            "factor removed by an operator" => {
                house.admin.remove_factor_of(&ada, id).await.unwrap();
            }
            _ => {}
        }
        let reset = house.admin.reset_password(link.expose(), "new-otters-9-lamps-x", FROM).await;
        if change == "none" {
            reset.unwrap();
        } else {
            refused!(reset, AdminError::LinkVoid);
        }
    }
}

async fn an_invitation_into_a_suspended_tenant_waits(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let token = house.invite(&ada, ("new@example.org", Role::Viewer)).await.unwrap();
    let who = House::who("Somebody", OTHER_PASSWORD);
    house.admin.suspend_tenant(&ada, TENANT).await.unwrap();
    refused!(house.admin.accept_as_new(&token, &who).await, AdminError::LinkVoid);
    house.admin.resume_tenant(&ada, TENANT).await.unwrap();
    house.admin.accept_as_new(&token, &who).await.unwrap();
}

async fn a_link_does_not_reveal_whether_there_is_an_account(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let known = house.comes(&ada, ("known@example.org", Role::Viewer)).await;
    house.admin.remove_member(&ada, TENANT, account(&known).id).await.unwrap();
    let mut answers = Vec::new();
    for email in ["known@example.org", "unknown@example.org"] {
        let token = house.invite(&ada, (email, Role::Viewer)).await.unwrap();
        let read = format!("{:?}", house.admin.read_link(&token).await.unwrap());
        // What is not complete learns nothing either.
        let mut all = vec![read.replace(email, "")];
        for who in [House::who("", OTHER_PASSWORD), House::who("Somebody", "short")] {
            all.push(format!("{:?}", house.admin.accept_as_new(&token, &who).await));
        }
        answers.push(all);
    }
    assert_eq!(answers[0], answers[1]);
}
