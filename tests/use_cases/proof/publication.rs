//! Who publishes a log for proofs, and what of it anybody may then read.

use acta_access::Role;
use acta_admin::{AdminError, Requester, TenantChanges};
use acta_exchange::RestoredStore;
use acta_merkle::TilePath;
use acta_proof::{LogChoice, LogState, ProveError};
use acta_xapi::Uuid;
use serde_json::Value;

use super::{Node, TENANT, entropy, epoch_of};
use crate::engine::{Engine, on_every_engine};
use crate::house::{House, refused};

on_every_engine! {
    a_log_is_public_while_its_tenant_publishes_it_and_is_active
    a_log_is_read_in_its_present_epoch_alone
}

/// The change that switches publication.
fn publishing(wanted: bool) -> TenantChanges {
    TenantChanges { publishes_proof_log: Some(wanted), ..TenantChanges::default() }
}

fn id_of(state: &LogState) -> Uuid {
    state.key.name().as_str().rsplit('/').nth(1).unwrap().parse().unwrap()
}

/// What the audit of the tenant says of the switch.
async fn audited(house: &House) -> Vec<Value> {
    let entries = house.entries(Some(TENANT)).await.into_iter();
    let changes = entries.filter(|entry| entry.content.act == "tenant.changed");
    changes.map(|entry| serde_json::from_str(&entry.content.detail).unwrap()).collect()
}

async fn a_log_is_public_while_its_tenant_publishes_it_and_is_active(engine: Engine) {
    let house = House::new(engine).await;
    let (admin, machine) = (&house.admin, Requester::machine());
    let ada = house.ada().await;
    let bob = house.comes(&ada, ("bob@example.org", Role::Administrator)).await;
    let eve = house.comes(&ada, ("eve@example.org", Role::Analyst)).await;
    let mut node = Node::start(&house.storage, 1).await;
    node.store(1..4).await;
    node.follow().await;
    let id = id_of(&node.state().await);
    assert_eq!(admin.find_published_log(id).await.unwrap(), None, "it is off until it is set");
    refused!(
        admin.change_tenant(&eve, TENANT, publishing(true), None).await,
        AdminError::Forbidden { .. }
    );
    assert_eq!(admin.find_published_log(id).await.unwrap(), None);
    for who in [&ada, &bob, &machine] {
        admin.change_tenant(who, TENANT, publishing(true), None).await.unwrap();
        assert_eq!(admin.find_published_log(id).await.unwrap(), Some(TENANT));
        let other = Uuid::from_u128(7);
        assert_eq!(admin.find_published_log(other).await.unwrap(), None);
        admin.change_tenant(who, TENANT, publishing(false), None).await.unwrap();
        assert_eq!(admin.find_published_log(id).await.unwrap(), None);
    }
    let audited = audited(&house).await;
    assert_eq!(audited.len(), 6, "{audited:?}");
    let is_about_it = |detail: &Value| detail.to_string().contains("publishes_proof_log");
    assert!(audited.iter().all(is_about_it), "{audited:?}");

    admin.change_tenant(&bob, TENANT, publishing(true), None).await.unwrap();
    admin.suspend_tenant(&machine, TENANT).await.unwrap();
    assert_eq!(admin.find_published_log(id).await.unwrap(), None, "it is suspended");
    admin.resume_tenant(&machine, TENANT).await.unwrap();
    assert_eq!(admin.find_published_log(id).await.unwrap(), Some(TENANT));
    admin.delete_tenant(&machine, TENANT).await.unwrap();
    assert_eq!(admin.find_published_log(id).await.unwrap(), None, "it is deleted");
}

async fn a_log_is_read_in_its_present_epoch_alone(engine: Engine) {
    let house = House::new(engine).await;
    let (admin, machine) = (&house.admin, Requester::machine());
    admin.change_tenant(&machine, TENANT, publishing(true), None).await.unwrap();
    let mut node = Node::start(&house.storage, 1).await;
    node.store(1..4).await;
    node.follow().await;
    let before = node.state().await;
    check_epoch(&node, epoch_of(&before), true).await;
    check_epoch(&node, epoch_of(&before) ^ 1, false).await;
    let restored = RestoredStore {
        storage: &*house.storage,
        replaced: None,
        clock: &*house.clock,
        entropy: &*entropy(3),
    };
    restored.end_access().await.unwrap();
    check_epoch(&node, epoch_of(&before), false).await;
    let mut node = Node::start(&house.storage, 7).await;
    node.follow().await;
    let after = node.state().await;
    assert_eq!(admin.find_published_log(id_of(&before)).await.unwrap(), Some(TENANT));
    assert_eq!(id_of(&before), id_of(&after), "it stays public under its new name");
    check_epoch(&node, epoch_of(&before), false).await;
    check_epoch(&node, epoch_of(&after), true).await;
}

/// Whether the log is in this epoch.
async fn check_epoch(node: &Node, epoch: u64, is_in_it: bool) {
    let log = LogChoice { tenant: TENANT, epoch: Some(epoch) };
    assert_eq!(node.proofs.state(log).await.unwrap().is_some(), is_in_it);
    for path in ["tile/0/000.p/3", "tile/entries/000.p/3"] {
        let path: TilePath = path.parse().unwrap();
        match node.proofs.read(log, path).await {
            Ok(_) => assert!(is_in_it),
            Err(ProveError::NotFound) => assert!(!is_in_it),
            Err(error) => panic!("{error}"),
        }
    }
}
