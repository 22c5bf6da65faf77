//! The removal of a tenant, while other nodes act and after an interruption.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acta_access::TenantId;
use acta_admin::{Admin, Requester};
use acta_ambient::Timestamp;
use acta_storage::directory::TenantState;

use crate::world::{HOUR, World, never, new_credential, word};

/// The waiting period of a deleted tenant.
const WAIT: Duration = Duration::from_hours(7 * 24);

/// A store whose first tenant has a statement, was deleted, and is to be removed.
async fn due() -> World {
    let world = World::new().await;
    world.store("6690e6c9-3ef0-4ed3-8b37-7f3964730bee").await;
    world.admin.delete_tenant(&Requester::machine(), TenantId::FIRST).await.unwrap();
    world.clock.advance(WAIT);
    world
}

/// A node whose clock is 30 seconds behind: to it, the waiting period is not over.
fn behind(world: &World) -> Admin {
    let now = world.now().unix_micros() - 30_000_000;
    world.node_at(Timestamp::from_unix_micros(now))
}

async fn state(world: &World, tenant: TenantId) -> TenantState {
    world.tenant(tenant).await.unwrap().state
}

#[tokio::test]
async fn a_tenant_cannot_be_restored_once_its_removal_has_begun() {
    let world = due().await;
    let node = behind(&world);
    let (model, id) = (Arc::clone(&world.model), TenantId::FIRST);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    world.model.before_purge(async move {
        let machine = Requester::machine();
        let restored = word(&node.restore_tenant(&machine, id).await);
        let resumed = word(&node.resume_tenant(&machine, id).await);
        let new = new_credential("all");
        let created = word(&node.create_credential(&machine, id, new, never()).await);
        let deleted = node.delete_tenant(&machine, id).await.unwrap().value.state;
        let tenants = acta_storage::directory::Directory::list_tenants(&*model).await.unwrap();
        told.lock().unwrap().extend([restored, resumed, created]);
        for state in [deleted, tenants[0].state] {
            assert!(matches!(state, TenantState::Purging { .. }), "{state:?}");
        }
    });
    world.admin.run_maintenance().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["conflict"; 3]);
    assert!(matches!(state(&world, id).await, TenantState::Purged { .. }));
    assert_eq!(world.storage.count_statements(id).await.unwrap(), 0);
    assert!(world.storage.list_credentials(id).await.unwrap().is_empty());
    let acts: Vec<String> =
        world.audit(None).await.into_iter().map(|entry| entry.content.act.into()).collect();
    assert!(acts.ends_with(&["tenant.purge_started".into(), "tenant.purged".into()]), "{acts:?}");
}

#[tokio::test]
async fn nothing_is_removed_from_a_tenant_that_was_restored_before() {
    let world = due().await;
    let machine = Requester::machine();
    let issued =
        world.admin.create_credential(&machine, world.other, new_credential("all"), never()).await;
    assert_eq!(word(&issued), "done");
    // Both tenants are due, and a node with an earlier clock restores the second one while the
    // first one is being removed.
    world.admin.delete_tenant(&machine, world.other).await.unwrap();
    world.clock.advance(WAIT);
    let (node, other) = (behind(&world), world.other);
    world.model.before_purge(async move {
        let restored = node.restore_tenant(&Requester::machine(), other).await;
        assert_eq!(word(&restored), "done");
    });
    world.admin.run_maintenance().await.unwrap();
    assert!(matches!(state(&world, TenantId::FIRST).await, TenantState::Purged { .. }));
    assert_eq!(state(&world, other).await, TenantState::Active);
    assert_eq!(world.storage.list_credentials(other).await.unwrap().len(), 1);
    assert!(!world.audit(Some(other)).await.is_empty());
}

#[tokio::test]
async fn an_interrupted_removal_is_continued() {
    let world = due().await;
    world.model.before_purge(std::future::pending());
    tokio::select! {
        biased;
        ended = world.admin.run_maintenance() => panic!("{ended:?}"),
        () = std::future::ready(()) => {}
    }
    let begun = state(&world, TenantId::FIRST).await;
    assert!(matches!(begun, TenantState::Purging { .. }), "{begun:?}");
    assert_eq!(world.storage.count_statements(TenantId::FIRST).await.unwrap(), 1);
    // After the restart the clock is behind: that it is removed was settled.
    let now = world.now().unix_micros() - 3_600_000_000;
    let restarted = world.node_at(Timestamp::from_unix_micros(now));
    restarted.run_maintenance().await.unwrap();
    assert!(matches!(state(&world, TenantId::FIRST).await, TenantState::Purged { .. }));
    assert_eq!(world.storage.count_statements(TenantId::FIRST).await.unwrap(), 0);
    world.clock.advance(HOUR);
    let entries = world.audit(None).await.len();
    world.admin.run_maintenance().await.unwrap();
    assert_eq!(world.audit(None).await.len(), entries, "once");
}
