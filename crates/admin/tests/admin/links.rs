//! Links: each is used once, by whom it was made for.

use std::time::Duration;

use acta_access::{Role, TenantId};
use acta_admin::{AdminError, LinkPurpose, Requester};

use crate::house::{FROM, House, OTHER_PASSWORD, PASSWORD, at_once, refused};

#[tokio::test]
async fn of_two_concurrent_set_ups_one_succeeds() {
    let house = House::new().await;
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

#[tokio::test]
async fn a_failed_attempt_does_not_consume_the_link() {
    let house = House::new().await;
    let token = house.admin.begin_set_up().await.unwrap().unwrap();
    let email = "ada@example.org".parse().unwrap();
    for who in [House::who("", PASSWORD), House::who("Ada", "short")] {
        refused!(house.admin.set_up(token.expose(), &email, &who).await, AdminError::Faulty(_));
    }
    let who = House::who("Ada", PASSWORD);
    assert!(house.admin.set_up(token.expose(), &email, &who).await.is_ok());
}

#[tokio::test]
async fn an_invitation_is_for_one_person_once_and_for_a_while() {
    let house = House::new().await;
    let ada = house.ada().await;
    let token = house.invite(&ada, ("bob@example.org", Role::Analyst)).await.unwrap();
    let expected = LinkPurpose::Invitation {
        tenant: house.admin.read_tenant(&ada, TenantId::FIRST).await.unwrap().value.name,
        email: "bob@example.org".parse().unwrap(),
        role: Role::Analyst,
        has_account: false,
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

#[tokio::test]
async fn a_person_with_an_account_accepts_after_sign_in() {
    let house = House::new().await;
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

#[tokio::test]
async fn expired_invitations_do_not_hide_pending_ones() {
    let house = House::new().await;
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

#[tokio::test]
async fn a_reset_link_invalidates_earlier_ones_and_works_once() {
    let house = House::new().await;
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
