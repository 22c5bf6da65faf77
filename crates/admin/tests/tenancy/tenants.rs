//! Tenants: made once, changed as they were read, and removed after a while.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use acta_access::TenantId;
use acta_admin::{
    AdminError, CredentialId, Idempotency, Idempotent, LimitChanges, NewJoinedPerson,
    NewPersonGroup, RequestKey, Requester, TenantChanges,
};
use acta_storage::directory::{TenantLimits, TenantState};
use acta_storage::{Group, RecordKind};
use acta_xapi::{Ifi, StatementId, Uuid};

use crate::permissions::new_token;
use crate::world::{HOUR, World, never, now, word};

fn renamed(name: &str) -> TenantChanges {
    TenantChanges { name: Some(name.to_owned()), ..TenantChanges::default() }
}

fn key(request: u8) -> RequestKey {
    RequestKey { id: "a-key".to_owned(), request: [request; 32] }
}

#[tokio::test]
async fn a_name_is_short_and_visible() {
    let world = World::new().await;
    let machine = Requester::machine();
    let (longest, longer) = ("\u{e4}".repeat(200), "x".repeat(201));
    let table = [
        ("School", "done"),
        (longest.as_str(), "done"),
        (longer.as_str(), "faulty"),
        ("", "faulty"),
        ("  ", "faulty"),
        ("a\nb", "faulty"),
        ("a\0", "faulty"),
    ];
    for (name, expected) in table {
        let made = world.admin.create_tenant(&machine, name, TenantLimits::NONE, never()).await;
        assert_eq!(word(&made), expected, "{name:?}");
        let changed = world.admin.change_tenant(&machine, world.other, renamed(name), None).await;
        assert_eq!(word(&changed), expected, "{name:?}");
    }
}

#[tokio::test]
async fn limits_are_changed_one_by_one() {
    let world = World::new().await;
    let machine = Requester::machine();
    let (seven, nine) = (NonZeroU32::new(7), NonZeroU64::new(9));
    let four = NonZeroU64::new(4).unwrap().try_into().unwrap();
    let table = [
        (
            LimitChanges { requests_per_second: Some(seven), ..LimitChanges::default() },
            TenantLimits { requests_per_second: seven, ..TenantLimits::NONE },
        ),
        (
            LimitChanges { bytes_per_day: Some(nine), ..LimitChanges::default() },
            TenantLimits { requests_per_second: seven, bytes_per_day: nine, ..TenantLimits::NONE },
        ),
        (
            LimitChanges {
                requests_per_second: Some(None),
                statements_per_day: Some(nine),
                ..LimitChanges::default()
            },
            TenantLimits { bytes_per_day: nine, statements_per_day: nine, ..TenantLimits::NONE },
        ),
        (
            LimitChanges { weight: Some(four), ..LimitChanges::default() },
            TenantLimits {
                bytes_per_day: nine,
                statements_per_day: nine,
                weight: four,
                ..TenantLimits::NONE
            },
        ),
    ];
    for (limits, expected) in table {
        let changes = TenantChanges { limits, ..TenantChanges::default() };
        let changed = world.admin.change_tenant(&machine, world.other, changes, None).await;
        assert_eq!(changed.unwrap().value.limits, expected);
    }
}

#[tokio::test]
async fn only_the_version_that_was_read_is_changed() {
    let world = World::new().await;
    let machine = Requester::machine();
    let read = world.admin.read_tenant(&machine, world.other).await.unwrap().record.version;
    let change = async |name: &str, expected: Option<&[u64]>| {
        world.admin.change_tenant(&machine, world.other, renamed(name), expected).await
    };
    let changed = change("one", Some(&[read])).await.unwrap();
    assert_ne!(changed.record.version, read);
    assert_eq!(word(&change("two", Some(&[read])).await), "stale");
    assert_eq!(word(&change("two", Some(&[])).await), "stale");
    let entries = world.audit(Some(world.other)).await.len();
    let same = change("one", Some(&[read, changed.record.version])).await.unwrap();
    assert_eq!(same.record.version, changed.record.version);
    assert_eq!(world.audit(Some(world.other)).await.len(), entries, "nothing was changed");
    assert_eq!(change("three", None).await.unwrap().value.name, "three");
}

#[tokio::test]
async fn a_repeated_request_creates_one_tenant() {
    let world = World::new().await;
    let machine = Requester::machine();
    let (first, other) = (key(1), key(2));
    let encode = |tenant: &acta_storage::directory::Tenant| format!("made {}", tenant.id);
    let make = async |key| {
        let once = Idempotency { key: Some(key), encode: &encode };
        world.admin.create_tenant(&machine, "x", TenantLimits::NONE, once).await
    };
    let made = now(make(&first).await.unwrap());
    let again = make(&first).await.unwrap();
    assert_eq!(again, Idempotent::Replayed(format!("made {}", made.id)));
    assert_eq!(word(&make(&other).await), "reused");
    let count = world.storage.list_tenants().await.unwrap().len();
    assert_eq!(count, 3, "the first, the other and the one that was made");
    // After a day the key is free.
    world.clock.advance(24 * HOUR);
    assert!(matches!(make(&other).await, Ok(Idempotent::Performed(_))));
}

#[tokio::test]
async fn concurrent_repeated_requests_create_one_resource() {
    let world = World::new().await;
    let admin = &world.admin;
    let encode = |tenant: &acta_storage::directory::Tenant| tenant.id.to_string();
    let same = key(1);
    let make = |key| async move {
        let once = Idempotency { key, encode: &encode };
        admin.create_tenant(&Requester::machine(), "x", TenantLimits::NONE, once).await.unwrap()
    };
    let (one, two, three) = tokio::join!(make(Some(&same)), make(Some(&same)), make(Some(&same)));
    let fresh =
        [&one, &two, &three].into_iter().filter(|made| matches!(made, Idempotent::Performed(_)));
    assert_eq!(fresh.count(), 1);
    let (one, two) = tokio::join!(make(None), make(None));
    assert_ne!(now(one).id, now(two).id);
}

#[tokio::test]
async fn a_deleted_tenant_is_closed_and_can_be_restored() {
    let world = World::new().await;
    let owner = world.requester("owner").await;
    let issued = world.credential("all").await;
    let (key, secret) = (issued.credential.key.as_str(), issued.secret.expose());
    let of = CredentialId { tenant: TenantId::FIRST, key };
    let token = world.admin.issue_token(&Requester::machine(), of, new_token()).await.unwrap();
    assert!(world.lets_in(key, secret).await && world.presents(token.basic.expose()).await);
    let deleted = world.admin.delete_tenant(&owner, TenantId::FIRST).await.unwrap();
    let TenantState::Deleted { since, purge, .. } = deleted.value.state else {
        panic!("{deleted:?}")
    };
    assert_eq!(purge, since.saturating_add(7 * 24 * HOUR));
    assert!(!world.lets_in(key, secret).await, "at once");
    assert!(!world.presents(token.basic.expose()).await, "and tokens in its place");
    // Asked again, it does not wait longer.
    world.clock.advance(HOUR);
    let again = world.admin.delete_tenant(&owner, TenantId::FIRST).await.unwrap();
    assert_eq!(again.value.state, deleted.value.state);
    world.clock.advance(6 * 24 * HOUR);
    world.admin.run_maintenance().await.unwrap();
    let restored = world.admin.restore_tenant(&owner, TenantId::FIRST).await.unwrap();
    assert_eq!(restored.value.state, TenantState::Active);
    assert!(world.lets_in(key, secret).await, "and it lets in again");
    let twice = world.admin.restore_tenant(&owner, TenantId::FIRST).await;
    assert_eq!(word(&twice), "conflict");
}

#[tokio::test]
async fn the_data_of_a_deleted_tenant_is_removed() {
    let world = World::new().await;
    let (owner, machine) = (world.requester("owner").await, Requester::machine());
    let issued = world.credential("all").await;
    let (key, secret) = (issued.credential.key.as_str(), issued.secret.expose());
    world.store("6690e6c9-3ef0-4ed3-8b37-7f3964730bee").await;
    let ada = "mailto:ada@example.org".parse().unwrap();
    let person = NewJoinedPerson { identifiers: vec![Ifi::Mbox(ada)], ..Default::default() };
    world.admin.create_person(&machine, TenantId::FIRST, person, never()).await.unwrap();
    let group = NewPersonGroup { name: "Science".to_owned(), ..Default::default() };
    world.admin.create_group(&machine, TenantId::FIRST, group, never()).await.unwrap();
    assert_eq!(world.admin.persons().tenants(), [TenantId::FIRST]);
    let deleted = world.admin.delete_tenant(&owner, TenantId::FIRST).await.unwrap();
    let TenantState::Deleted { purge, .. } = deleted.value.state else { panic!("{deleted:?}") };
    // A moment before, everything is there.
    let left = u64::try_from(purge.unix_micros() - world.now().unix_micros() - 1).unwrap();
    world.clock.advance(Duration::from_micros(left));
    world.admin.run_maintenance().await.unwrap();
    assert_eq!(world.storage.count_statements(TenantId::FIRST).await.unwrap(), 1);
    let chain = world.audit(Some(TenantId::FIRST)).await;
    world.clock.advance(Duration::from_micros(1));
    // From now on somebody may be at it, so nobody takes it back.
    assert_eq!(word(&world.admin.restore_tenant(&owner, TenantId::FIRST).await), "conflict");
    world.admin.run_maintenance().await.unwrap();
    assert_eq!(world.storage.count_statements(TenantId::FIRST).await.unwrap(), 0);
    assert!(world.storage.list_credentials(TenantId::FIRST).await.unwrap().is_empty());
    assert!(world.audit(Some(TenantId::FIRST)).await.is_empty());
    assert_eq!(world.admin.persons().tenants(), [], "nor in memory");
    for kind in RecordKind::EVERY {
        let of_tenant = Group::OfTenant(TenantId::FIRST);
        let left = world.storage.list_records(kind, &of_tenant, None, 9).await.unwrap();
        assert!(left.iter().all(|record| record.kind == RecordKind::Tenant), "{left:?}");
    }
    assert!(!world.lets_in(key, secret).await);
    let purged = world.tenant(TenantId::FIRST).await.unwrap();
    assert!(matches!(purged.state, TenantState::Purged { .. }) && purged.name.is_empty());
    for requester in [&owner, &machine] {
        assert_eq!(word(&world.admin.read_tenant(requester, TenantId::FIRST).await), "hidden");
        assert_eq!(word(&world.admin.restore_tenant(requester, TenantId::FIRST).await), "hidden");
        let listed = world.admin.list_tenants(requester, None, 10).await.unwrap();
        assert!(listed.iter().all(|kept| kept.value.id != TenantId::FIRST));
    }
    // The audit of the server tells what was removed, by the end of its chain.
    let server = world.audit(None).await;
    let last = &server.last().unwrap().content;
    assert_eq!(last.act, "tenant.purged");
    assert!(last.detail.contains(&chain.last().unwrap().hash.to_string()), "{}", last.detail);
    world.admin.run_maintenance().await.unwrap();
    assert_eq!(world.audit(None).await.len(), server.len(), "once");
    let made = world.admin.create_tenant(&machine, "x", TenantLimits::NONE, never()).await;
    assert_eq!(now(made.unwrap()).id.number(), 3, "no number is given twice");
}

#[tokio::test]
async fn restoring_a_deletion_does_not_end_a_suspension() {
    let world = World::new().await;
    let (owner, operator) = (world.requester("owner").await, world.requester("operator").await);
    let suspended = world.admin.suspend_tenant(&operator, TenantId::FIRST).await.unwrap();
    world.admin.delete_tenant(&operator, TenantId::FIRST).await.unwrap();
    let restored = world.admin.restore_tenant(&owner, TenantId::FIRST).await.unwrap();
    assert_eq!(restored.value.state, suspended.value.state);
    assert_eq!(word(&world.admin.resume_tenant(&owner, TenantId::FIRST).await), "refused");
    let resumed = world.admin.resume_tenant(&operator, TenantId::FIRST).await.unwrap();
    assert_eq!(resumed.value.state, TenantState::Active);
}

#[tokio::test]
async fn a_resumed_tenant_continues_unchanged() {
    let world = World::new().await;
    let machine = Requester::machine();
    let issued = world.credential("all").await;
    let (key, secret) = (issued.credential.key.as_str(), issued.secret.expose());
    assert!(world.lets_in(key, secret).await);
    world.admin.suspend_tenant(&machine, TenantId::FIRST).await.unwrap();
    assert!(!world.lets_in(key, secret).await);
    // People look no more at statements, but still at who may do what.
    let (analyst, auditor) = (world.requester("analyst").await, world.requester("auditor").await);
    let id = StatementId(Uuid::from_u128(1));
    let read = world.admin.read_statement(&analyst, TenantId::FIRST, id).await;
    assert!(matches!(read, Err(AdminError::Conflict(_))), "{read:?}");
    assert!(world.admin.list_people(&auditor, TenantId::FIRST, None, 10).await.is_ok());
    let entries = world.audit(Some(TenantId::FIRST)).await.len();
    world.admin.suspend_tenant(&machine, TenantId::FIRST).await.unwrap();
    assert_eq!(world.audit(Some(TenantId::FIRST)).await.len(), entries, "it is told once");
    world.admin.resume_tenant(&machine, TenantId::FIRST).await.unwrap();
    assert!(world.lets_in(key, secret).await);
    world.admin.delete_tenant(&machine, TenantId::FIRST).await.unwrap();
    for result in [
        world.admin.suspend_tenant(&machine, TenantId::FIRST).await,
        world.admin.resume_tenant(&machine, TenantId::FIRST).await,
    ] {
        assert_eq!(word(&result), "conflict");
    }
}
