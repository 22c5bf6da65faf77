//! Tenants, credentials, persons, secrets and cursors.

use std::sync::Arc;

use acta_access::{Scope, Scopes, TenantId};
use acta_ambient::Timestamp;
use acta_storage::directory::{
    self, CredentialSecret, GroupId, GroupMembership, JoinedPerson, MembershipPeriod,
    PersonChanges, PersonGroup, PersonIdentifier, QuestionKind, Recorded, SavedQuestion,
};
use acta_storage::model::CredentialRecords as _;
use acta_storage::persons::PersonCache;
use acta_storage::{
    Change, Committed, Credential, Expected, Group, RecordKind, RecordWrite, Storage, Tenant,
};
use acta_xapi::{Ifi, Uuid};

use crate::EngineUnderTest;
use crate::fixture::{START, Stage};

/// A credential with this key.
pub fn credential(key: &str, tenant: TenantId, created_micros: i64) -> Credential {
    let created = Timestamp::from_unix_micros(START.unix_micros() + created_micros);
    let mac = [key.len().try_into().unwrap_or(0); 32];
    Credential {
        key: key.to_owned(),
        tenant,
        label: format!("Label of {key} – ünï"),
        secrets: vec![CredentialSecret { mac, created, expires: None }],
        scopes: [Scope::StatementsWrite, Scope::All].into_iter().collect(),
        restrictions: Arc::default(),
        authority: None,
        created,
        expires: None,
    }
}

/// Each new tenant gets a number that no other has.
pub async fn tenants_are_numbered_and_listed<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let before = storage.list_tenants().await.unwrap();
    let later = Timestamp::from_unix_micros(START.unix_micros() + 7);
    let south = storage.create_tenant("south – ünï", later).await.unwrap();
    let west = storage.create_tenant("west", later).await.unwrap();
    let all = storage.list_tenants().await.unwrap();
    assert!(all.is_sorted_by(|one, next| one.id < next.id), "{all:?}");
    assert_eq!(all.len(), before.len() + 2);
    assert!(before.iter().all(|tenant| all.contains(tenant)));
    assert!(before.iter().any(|tenant| tenant.id == stage.tenant && tenant.name == "north"));
    let found = all.iter().find(|tenant| tenant.id == south).unwrap();
    assert_eq!((found.name.as_str(), found.created), ("south – ünï", later));
    assert!(all.iter().any(|tenant| tenant.id == west && tenant.name == "west"));
}

/// A credential comes back as it was put in.
pub async fn a_credential_is_found_by_its_key<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    assert_eq!(storage.find_credential("key").await.unwrap(), None);
    let one = credential("key", stage.tenant, 123);
    assert!(storage.insert_credential(&one).await.unwrap());
    assert_eq!(storage.find_credential("key").await.unwrap(), Some(one));
    for other in ["Key", "ke", "key ", "", "%", "k_y"] {
        assert_eq!(storage.find_credential(other).await.unwrap(), None, "{other:?}");
    }
    let without_scopes =
        Credential { scopes: Scopes::default(), ..credential("none", stage.tenant, 0) };
    assert!(storage.insert_credential(&without_scopes).await.unwrap());
    assert_eq!(storage.find_credential("none").await.unwrap(), Some(without_scopes));
}

/// A key that is taken stays with its owner, in the whole store.
pub async fn a_credential_key_is_unique<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    let storage = stage.storage();
    let one = credential("key", stage.tenant, 0);
    assert!(storage.insert_credential(&one).await.unwrap());
    for rival in [one.clone(), credential("key", stage.tenant, 9), credential("key", other, 0)] {
        assert!(!storage.insert_credential(&rival).await.unwrap());
    }
    assert_eq!(storage.find_credential("key").await.unwrap(), Some(one.clone()));
    assert_eq!(storage.list_credentials(stage.tenant).await.unwrap(), [one]);
    assert_eq!(storage.list_credentials(other).await.unwrap(), []);
    let mut rivals = tokio::task::JoinSet::new();
    for number in 0..6 {
        let (storage, tenant) = (stage.storage(), stage.tenant);
        rivals.spawn(async move {
            storage.insert_credential(&credential("contested", tenant, number)).await.unwrap()
        });
    }
    let winners = rivals.join_all().await;
    assert_eq!(winners.into_iter().filter(|is_winner| *is_winner).count(), 1);
}

/// The credentials of a tenant, oldest first.
pub async fn credentials_are_listed_oldest_first<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    let storage = stage.storage();
    let (b, a, c) = (
        credential("b", stage.tenant, 3),
        credential("a", stage.tenant, 5),
        credential("c", stage.tenant, 1),
    );
    for one in [&b, &a, &c, &credential("d", other, 2)] {
        assert!(storage.insert_credential(one).await.unwrap());
    }
    assert_eq!(storage.list_credentials(stage.tenant).await.unwrap(), [c, b, a]);
    assert_eq!(storage.list_credentials(other).await.unwrap().len(), 1);
}

/// The first proposal of a secret wins for good.
pub async fn a_secret_is_created_once<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    assert_eq!(storage.get_or_create_secret("mac", [1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(storage.get_or_create_secret("mac", [2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(storage.get_or_create_secret("other", [3; 32]).await.unwrap(), [3; 32]);
    let mut rivals = tokio::task::JoinSet::new();
    for number in 10..20 {
        let storage = stage.storage();
        rivals.spawn(async move {
            storage.get_or_create_secret("contested", [number; 32]).await.unwrap()
        });
    }
    let answers = rivals.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(storage.get_or_create_secret("contested", [0; 32]).await.unwrap(), answers[0]);
}

/// A cursor holds what was last saved.
pub async fn a_cursor_returns_the_last_saved_value<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let (storage, tenant) = (stage.storage(), stage.tenant);
    let find = async |name: &str| storage.find_cursor(tenant, name).await.unwrap();
    assert_eq!(find("facts").await, None);
    for value in ["12", "13", "", "ünï 🚀", "12"] {
        storage.save_cursor(tenant, "facts", value).await.unwrap();
        assert_eq!(find("facts").await.as_deref(), Some(value));
    }
    storage.save_cursor(tenant, "Facts", "other").await.unwrap();
    assert_eq!(find("facts").await.as_deref(), Some("12"));
    assert_eq!(find("fact").await, None);
}

fn person(tenant: TenantId, number: u128, account: &str) -> JoinedPerson {
    let home_page = "https://lms.example".parse().unwrap();
    JoinedPerson {
        id: Uuid::from_u128(number),
        tenant,
        name: Some(format!("Name {number} – ünï")),
        identifiers: vec![Ifi::Account { home_page, name: account.into() }],
        attributes: [("unit".parse().unwrap(), "North".to_owned())].into(),
        memberships: Vec::new(),
        created: START,
    }
}

/// Writes persons with their identifiers, as one change.
async fn write_persons(storage: &dyn Storage, tenant: TenantId, persons: &[JoinedPerson]) {
    let id = Tenant::record_id_of(tenant);
    let found = directory::find::<PersonChanges>(storage, &id).await.unwrap();
    let mut changes =
        found.as_ref().map_or_else(|| PersonChanges::new(tenant), |found| found.value.clone());
    changes.add(persons.iter().map(|person| person.id));
    let head = match &found {
        Some(found) => found.write(&changes),
        None => changes.create(),
    };
    let mut writes = vec![head];
    for person in persons {
        writes.push(RecordWrite { expected: Expected::Anything, ..person.create() });
        for identifier in person.identifiers.clone() {
            let identifier = PersonIdentifier { tenant, identifier, person: person.id };
            writes.push(RecordWrite { expected: Expected::Anything, ..identifier.create() });
        }
    }
    let committed = storage.commit(&Change { writes, entries: Vec::new() }).await.unwrap();
    assert_eq!(committed, Committed::Done);
}

/// Every node sees the persons of a tenant as they are, whether it has missed few changes or many.
pub async fn persons_are_read_with_every_change<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let (storage, tenant) = (stage.storage(), stage.tenant);
    let other = storage.create_tenant("south", START).await.unwrap();
    let cache = PersonCache::new(Arc::<dyn Storage>::clone(&storage));
    assert!(cache.load(tenant).await.unwrap().is_empty());
    let first = [person(tenant, 2, "b"), person(tenant, 1, "a")];
    write_persons(&*storage, tenant, &first).await;
    write_persons(&*storage, other, &[person(other, 9, "a")]).await;
    let key = |person: &JoinedPerson| person.identifiers[0].to_key();
    let seen = cache.load(tenant).await.unwrap();
    assert_eq!((seen.len(), seen.find(&key(&first[1]))), (2, Some(first[1].id)));
    assert_eq!(seen.ids().collect::<Vec<_>>(), [first[1].id, first[0].id]);
    assert_eq!(cache.load(other).await.unwrap().find(&key(&first[1])), Some(Uuid::from_u128(9)));
    // One more, and one that has changed.
    let changed = JoinedPerson { name: None, ..first[0].clone() };
    write_persons(&*storage, tenant, &[person(tenant, 3, "c"), changed]).await;
    let seen = cache.load(tenant).await.unwrap();
    assert_eq!((seen.len(), seen.name(0).is_some(), seen.name(1)), (3, true, None));
    // More than are noted.
    let count = u128::try_from(PersonChanges::RECENT_MAX).unwrap() + 50;
    let many: Vec<JoinedPerson> =
        (10..10 + count).map(|number| person(tenant, number, &number.to_string())).collect();
    for some in many.chunks(60) {
        write_persons(&*storage, tenant, some).await;
    }
    let seen = cache.load(tenant).await.unwrap();
    assert_eq!(u128::from(seen.len()), 3 + count);
    let missing = many.iter().find(|person| seen.find(&key(person)) != Some(person.id));
    assert_eq!(missing, None);
    let fresh = PersonCache::new(Arc::<dyn Storage>::clone(&storage)).load(tenant).await.unwrap();
    assert!(fresh.ids().eq(seen.ids()));
    assert_eq!(fresh.memory_bytes(), seen.memory_bytes());
    // Those of others are dropped when there are too many, and read again when they are needed.
    let small = PersonCache::new(storage).with_bytes_max(seen.memory_bytes());
    for (asked, kept) in [(tenant, vec![tenant]), (other, vec![other]), (tenant, vec![tenant])] {
        assert!(!small.load(asked).await.unwrap().is_empty());
        assert_eq!(small.tenants(), kept);
    }
    small.forget(tenant);
    assert_eq!(small.tenants(), []);
}

fn group(tenant: TenantId, number: u128, parent: Option<u128>) -> PersonGroup {
    PersonGroup {
        id: Uuid::from_u128(number),
        tenant,
        name: format!("Group {number} – ünï"),
        kind: parent.map(|_| "class".to_owned()),
        parent: parent.map(Uuid::from_u128),
        created: START,
    }
}

/// Writes groups, and removes others, as one change.
async fn write_groups(
    storage: &dyn Storage,
    tenant: TenantId,
    (groups, removed): (&[PersonGroup], &[GroupId]),
) {
    let id = Tenant::record_id_of(tenant);
    let found = directory::find::<PersonChanges>(storage, &id).await.unwrap();
    let mut changes =
        found.as_ref().map_or_else(|| PersonChanges::new(tenant), |found| found.value.clone());
    changes.add_groups(groups.iter().map(|group| group.id).chain(removed.iter().copied()));
    let mut writes = vec![match &found {
        Some(found) => found.write(&changes),
        None => changes.create(),
    }];
    let put = |group: &PersonGroup| RecordWrite { expected: Expected::Anything, ..group.create() };
    writes.extend(groups.iter().map(put));
    writes.extend(removed.iter().map(|id| RecordWrite {
        kind: RecordKind::PersonGroup,
        id: PersonGroup::record_id_of(tenant, *id),
        expected: Expected::Anything,
        content: None,
    }));
    let committed = storage.commit(&Change { writes, entries: Vec::new() }).await.unwrap();
    assert_eq!(committed, Committed::Done);
}

/// Every node sees the groups of a tenant and who is in them as they are, whether it has missed few
/// changes or many.
pub async fn groups_are_read_with_every_change<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let (storage, tenant) = (stage.storage(), stage.tenant);
    let other = storage.create_tenant("south", START).await.unwrap();
    let cache = PersonCache::new(Arc::<dyn Storage>::clone(&storage));
    assert!(cache.load(tenant).await.unwrap().groups().is_empty());
    let first = [group(tenant, 5, None), group(tenant, 2, Some(5))];
    write_groups(&*storage, tenant, (&first, &[])).await;
    write_groups(&*storage, other, (&[group(other, 9, None)], &[])).await;
    let seen = cache.load(tenant).await.unwrap();
    assert!(!seen.is_empty());
    assert_eq!(
        seen.groups().iter().cloned().collect::<Vec<_>>(),
        [first[1].clone(), first[0].clone()]
    );
    assert_eq!(cache.load(other).await.unwrap().groups().len(), 1);
    // Somebody becomes a member, while the groups stay as they are.
    let until = "2027-01-01".parse().ok();
    let period = MembershipPeriod { from: "2026-09-01".parse().ok(), until };
    let memberships = vec![GroupMembership { group: first[1].id, period }];
    let ada = JoinedPerson { memberships: memberships.clone(), ..person(tenant, 1, "a") };
    write_persons(&*storage, tenant, std::slice::from_ref(&ada)).await;
    let seen = cache.load(tenant).await.unwrap();
    assert_eq!((seen.memberships_of(0), seen.groups().len()), (&memberships[..], 2));
    assert_eq!(seen.members(first[1].id, None, 9), [ada.id]);
    // One has moved, one is new, and one has gone.
    let moved = PersonGroup { parent: None, kind: None, ..first[1].clone() };
    let changed = [moved, group(tenant, 7, Some(2))];
    write_groups(&*storage, tenant, (&changed, &[first[0].id])).await;
    let seen = cache.load(tenant).await.unwrap();
    assert_eq!(seen.groups().iter().cloned().collect::<Vec<_>>(), changed);
    // More than are noted.
    let count = u128::try_from(PersonChanges::RECENT_MAX).unwrap() + 50;
    let many: Vec<PersonGroup> =
        (10..10 + count).map(|number| group(tenant, number, Some(7))).collect();
    for some in many.chunks(60) {
        write_groups(&*storage, tenant, (some, &[])).await;
    }
    let seen = cache.load(tenant).await.unwrap();
    let fresh = PersonCache::new(storage).load(tenant).await.unwrap();
    assert_eq!(u128::from(seen.groups().len()), 2 + count);
    assert!(fresh.groups().iter().eq(seen.groups().iter()));
    assert_eq!(fresh.memory_bytes(), seen.memory_bytes());
    assert_eq!(fresh.members(first[1].id, None, 9), [ada.id]);
}

/// Saved questions are those of a tenant and of an owner, and names are taken among the shared ones
/// of a tenant and among the others of an owner; those of dashboards apart.
pub async fn saved_questions_are_found_by_tenant_and_owner<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    let storage = stage.storage();
    let owner = Uuid::from_u128(77);
    let question = |number: u128, owner: Option<Uuid>, is_shared: bool| SavedQuestion {
        id: Uuid::from_u128(number),
        tenant: stage.tenant,
        name: "Häufig – ünï".to_owned(),
        description: "a\nb".to_owned(),
        owner,
        is_shared,
        kind: QuestionKind::Sql,
        question: r#"{"sql":"SELECT '\u0000' AS \"🚀\""}"#.to_owned(),
        created: START,
        changed: START,
    };
    let shared = question(1, Some(owner), true);
    let alone = question(2, Some(owner), false);
    let elsewhere = SavedQuestion { tenant: other, ..question(1, Some(owner), true) };
    let of_another = question(3, Some(Uuid::from_u128(78)), false);
    let dashboard = SavedQuestion {
        kind: QuestionKind::Dashboard,
        question: r#"{"tiles":[]}"#.to_owned(),
        ..question(6, Some(owner), true)
    };
    for saved in [&shared, &alone, &elsewhere, &of_another, &dashboard] {
        let change = Change { writes: vec![saved.create()], entries: Vec::new() };
        assert_eq!(storage.commit(&change).await.unwrap(), Committed::Done, "{saved:?}");
    }
    let second = SavedQuestion { id: Uuid::from_u128(7), owner: None, ..dashboard.clone() };
    for taken in [question(4, None, true), question(5, Some(owner), false), second] {
        let change = Change { writes: vec![taken.create()], entries: Vec::new() };
        assert_eq!(storage.commit(&change).await.unwrap(), Committed::NameTaken(0), "{taken:?}");
    }
    let of = async |group: Group| {
        let found = directory::list::<SavedQuestion>(&*storage, &group).await.unwrap();
        found.into_iter().map(|found| found.value).collect::<Vec<_>>()
    };
    let tenant = of(Group::OfTenant(stage.tenant)).await;
    assert_eq!(tenant, [shared.clone(), alone.clone(), of_another, dashboard.clone()]);
    assert_eq!(of(Group::OfTenant(other)).await, std::slice::from_ref(&elsewhere));
    assert_eq!(of(Group::OwnedBy(owner.to_string())).await, [shared, alone, dashboard, elsewhere]);
}
