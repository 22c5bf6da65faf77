//! Roles: who gives which, and who cannot go.

use acta_access::{Role, TenantId};
use acta_admin::{AccountChanges, AdminError, Requester};

use crate::engine::{Engine, on_every_engine};
use crate::house::{House, at_once, refused};

const TENANT: TenantId = TenantId::FIRST;

on_every_engine! {
    roles_are_given_and_taken_only_as_permitted
    the_last_owner_and_the_last_operator_stay
    of_two_concurrent_removals_one_owner_stays
    an_owner_whose_account_is_disabled_does_not_keep_a_tenant
    of_two_owners_who_are_disabled_at_the_same_time_one_stays
}

fn id(requester: &Requester) -> acta_storage::directory::AccountId {
    requester.account().unwrap().id
}

async fn roles_are_given_and_taken_only_as_permitted(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let runner = house.comes(&ada, ("runner@example.org", Role::Administrator)).await;
    let viewer = house.comes(&runner, ("viewer@example.org", Role::Viewer)).await;
    refused!(
        house.invite(&runner, ("x@example.org", Role::Owner)).await,
        AdminError::Forbidden { .. }
    );
    for role in [Role::Viewer, Role::Owner] {
        let invited = house.invite(&viewer, ("x@example.org", role)).await;
        refused!(invited, AdminError::Forbidden { .. });
    }
    let admin = &house.admin;
    for (requester, of, role) in [
        (&runner, id(&viewer), Role::Owner),
        (&runner, id(&ada), Role::Viewer),
        (&runner, id(&runner), Role::Owner),
        (&viewer, id(&viewer), Role::Analyst),
    ] {
        let changed = admin.change_role(requester, TENANT, of, role).await;
        refused!(changed, AdminError::Forbidden { .. });
    }
    refused!(admin.remove_member(&runner, TENANT, id(&ada)).await, AdminError::Forbidden { .. });
    admin.change_role(&runner, TENANT, id(&viewer), Role::Auditor).await.unwrap();
    admin.change_role(&ada, TENANT, id(&viewer), Role::Owner).await.unwrap();
    for refused in [
        admin.list_accounts(&runner, None, 1).await.err(),
        admin.remove_account(&runner, id(&viewer)).await.err(),
        admin.reset_account(&runner, id(&viewer)).await.err(),
        admin.remove_factor_of(&runner, id(&viewer)).await.err(),
    ] {
        assert!(matches!(refused, Some(AdminError::Forbidden { .. })), "{refused:?}");
    }
}

async fn the_last_owner_and_the_last_operator_stay(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let admin = &house.admin;
    let own = id(&ada);
    refused!(admin.remove_member(&ada, TENANT, own).await, AdminError::Conflict(_));
    refused!(admin.change_role(&ada, TENANT, own, Role::Viewer).await, AdminError::Conflict(_));
    refused!(admin.remove_account(&ada, own).await, AdminError::Conflict(_));
    for changes in [
        AccountChanges { is_operator: Some(false), ..AccountChanges::default() },
        AccountChanges { is_disabled: Some(true), ..AccountChanges::default() },
    ] {
        let changed = admin.change_account(&ada, own, changes, None).await;
        refused!(changed, AdminError::Conflict(_));
    }
    let stale = AccountChanges { is_operator: Some(true), ..AccountChanges::default() };
    let changed = admin.change_account(&ada, own, stale, Some(&[77])).await;
    refused!(changed, AdminError::Stale);
}

async fn of_two_concurrent_removals_one_owner_stays(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Owner)).await;
    let both = [ada.clone(), bob.clone()].map(|requester| {
        let admin = house.admin.clone();
        async move { admin.remove_member(&requester, TENANT, id(&requester)).await.is_ok() }
    });
    assert_eq!(at_once(both).await.iter().filter(|gone| **gone).count(), 1);

    // Both are operators, and neither is an owner of anything that the other one is not.
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Owner)).await;
    let changes = AccountChanges { is_operator: Some(true), ..AccountChanges::default() };
    house.admin.change_account(&ada, id(&bob), changes, None).await.unwrap();
    let both =
        [id(&ada), id(&bob)].map(|leaving| {
            let admin = house.admin.clone();
            let changes = AccountChanges { is_disabled: Some(true), ..AccountChanges::default() };
            async move {
                admin.change_account(&Requester::machine(), leaving, changes, None).await.is_ok()
            }
        });
    assert_eq!(at_once(both).await.iter().filter(|gone| **gone).count(), 1);
}

fn disabled() -> AccountChanges {
    AccountChanges { is_disabled: Some(true), ..AccountChanges::default() }
}

async fn an_owner_whose_account_is_disabled_does_not_keep_a_tenant(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let (admin, machine) = (&house.admin, Requester::machine());
    let bob = house.comes(&ada, ("bob@example.org", Role::Owner)).await;
    admin.change_account(&machine, id(&bob), disabled(), None).await.unwrap();
    // Bob cannot sign in, so Ada is the last one.
    refused!(admin.remove_member(&ada, TENANT, id(&ada)).await, AdminError::Conflict(_));
    let carol = house.comes(&ada, ("carol@example.org", Role::Owner)).await;
    admin.change_role(&machine, TENANT, id(&ada), Role::Viewer).await.unwrap();
    // And now Carol, who is no operator.
    refused!(
        admin.change_account(&machine, id(&carol), disabled(), None).await,
        AdminError::Conflict(_)
    );
    refused!(admin.remove_account(&machine, id(&carol)).await, AdminError::Conflict(_));
    let enabled = AccountChanges { is_disabled: Some(false), ..AccountChanges::default() };
    admin.change_account(&machine, id(&bob), enabled, None).await.unwrap();
    admin.change_account(&machine, id(&carol), disabled(), None).await.unwrap();
}

async fn of_two_owners_who_are_disabled_at_the_same_time_one_stays(engine: Engine) {
    let house = House::new(engine).await;
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Owner)).await;
    let carol = house.comes(&ada, ("carol@example.org", Role::Owner)).await;
    house.admin.remove_member(&ada, TENANT, id(&ada)).await.unwrap();
    let both = [id(&bob), id(&carol)].map(|leaving| {
        let admin = house.admin.clone();
        async move {
            admin.change_account(&Requester::machine(), leaving, disabled(), None).await.is_ok()
        }
    });
    assert_eq!(at_once(both).await.iter().filter(|gone| **gone).count(), 1);
}
