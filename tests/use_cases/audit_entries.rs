//! What is told of people in the audit, and what is not.

use std::fmt::Write;

use acta_access::{Role, TenantId};
use acta_storage::AuditOutcome;

use crate::engine::{Engine, on_every_engine};
use crate::house::{FROM, House, OTHER_PASSWORD, PASSWORD};

on_every_engine! {
    every_act_is_recorded_in_the_right_audit
    nothing_secret_or_personal_is_in_the_audit_or_in_debug_output
}

/// What a chain tells: acts, in order.
async fn acts(house: &House, tenant: Option<TenantId>) -> Vec<String> {
    let entries = house.entries(tenant).await;
    entries.into_iter().map(|entry| entry.content.act.into_owned()).collect()
}

async fn every_act_is_recorded_in_the_right_audit(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Viewer)).await;
    let id = bob.account().unwrap().id;
    house.admin.change_role(&ada, TenantId::FIRST, id, Role::Analyst).await.unwrap();
    assert!(house.sign_in("bob@example.org", "wrong", None).await.is_err());
    assert!(house.sign_in("nobody@example.org", "wrong", None).await.is_err());
    let bob = house.sign_in("bob@example.org", OTHER_PASSWORD, None).await.unwrap();
    let bob = acta_admin::Requester::of(bob, FROM);
    assert!(house.admin.change_password(&bob, "wrong", PASSWORD).await.is_err());
    house.admin.change_password(&bob, OTHER_PASSWORD, PASSWORD).await.unwrap();
    house.admin.end_session(&bob, &bob.session().unwrap().id).await.unwrap();
    let tenant_target = acts(&house, Some(TenantId::FIRST)).await;
    for act in [
        "invitation.created",
        "person.added",
        "person.role-changed",
        "session.refused",
        "session.started",
        "account.password-refused",
        "account.password-changed",
        "session.ended",
    ] {
        assert!(tenant_target.iter().any(|told| told == act), "{act} is not in {tenant_target:?}");
    }
    let of_server = acts(&house, None).await;
    let refused = of_server.iter().filter(|act| *act == "session.refused").count();
    assert_eq!(refused, 2, "who is nobody is told of here alone: {of_server:?}");
    assert!(!of_server.iter().any(|act| act.starts_with("invitation.")), "{of_server:?}");
    let entries = house.entries(None).await;
    let told = entries.iter().find(|entry| entry.content.act == "session.refused").unwrap();
    assert_eq!((told.content.outcome, told.content.from.as_str()), (AuditOutcome::Refused, FROM));
}

async fn nothing_secret_or_personal_is_in_the_audit_or_in_debug_output(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let token = house.invite(&ada, ("bob@example.org", Role::Viewer)).await.unwrap();
    let who = House::who("Robert the Bruce", OTHER_PASSWORD);
    let bob = house.admin.accept_as_new(&token, &who).await.unwrap();
    let session = bob.token.expose().to_owned();
    let made = house.admin.reset_account(&ada, bob.account.id).await.unwrap();
    let debug = format!("{who:?} {bob:?} {made:?} {ada:?} {:?}", house.admin);
    let bob = acta_admin::Requester::of(bob, FROM);
    house.admin.rename_own(&bob, "Roberta").await.unwrap();
    let begun = house.admin.begin_factor(&bob, OTHER_PASSWORD).await.unwrap();
    let debug = format!("{debug} {begun:?}");
    assert!(house.sign_in("bob@example.org", "my secret guess", None).await.is_err());
    let mut audit = String::new();
    for tenant in [None, Some(TenantId::FIRST)] {
        for entry in house.entries(tenant).await {
            let told = entry.content;
            writeln!(audit, "{} {} {}", told.act, told.target, told.detail).unwrap();
        }
    }
    assert!(audit.contains("account.renamed"), "{audit}");
    let secrets = [
        "bob@example.org",
        "ada@example.org",
        "Robert the Bruce",
        "Roberta",
        PASSWORD,
        OTHER_PASSWORD,
        "my secret guess",
        &token,
        &session,
        made.token.expose(),
        begun.secret.expose(),
    ];
    for secret in secrets {
        assert!(!audit.contains(secret), "{secret} is in {audit}");
        assert!(!debug.contains(secret), "{secret} is in {debug}");
    }
}
