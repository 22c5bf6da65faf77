//! Records.

use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{
    Change, Committed, Expected, Group, Record, RecordContent, RecordKind, RecordWrite, Storage,
};

use crate::EngineUnderTest;
use crate::fixture::{START, Stage};

/// What a record holds that is only text.
pub fn content(body: &str) -> RecordContent {
    RecordContent { tenant: None, owner: None, name: None, expires: None, body: body.to_owned() }
}

/// A change of nothing but records.
pub fn change(writes: Vec<RecordWrite>) -> Change {
    Change { writes, entries: Vec::new() }
}

/// Makes a change that must happen.
pub async fn commit(storage: &dyn Storage, writes: Vec<RecordWrite>) {
    assert_eq!(storage.commit(&change(writes)).await.unwrap(), Committed::Done);
}

/// The record, which must be there.
pub async fn find(storage: &dyn Storage, kind: RecordKind, id: &str) -> Record {
    let found = storage.find_record(kind, id).await.unwrap();
    found.unwrap_or_else(|| panic!("{kind:?} {id} is missing"))
}

/// Every field comes back, and versions count from 1.
pub async fn a_record_is_returned_as_it_was_written<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let full = RecordContent {
        tenant: Some(stage.tenant),
        owner: Some("owner – ünï".into()),
        name: Some("name – ünï".into()),
        expires: Some(START.saturating_add(Duration::from_micros(1))),
        body: r#"{"a": "\u0000 🚀","b":[1.50]}"#.into(),
    };
    for kind in RecordKind::EVERY {
        assert_eq!(storage.find_record(kind, "id – ünï").await.unwrap(), None);
        commit(&*storage, vec![RecordWrite::create(kind, "id – ünï", full.clone())]).await;
        let found = find(&*storage, kind, "id – ünï").await;
        assert_eq!((found.kind, found.id.as_str(), found.version), (kind, "id – ünï", 1));
        assert_eq!(found.content, full);
        let named = storage.find_record_by_name(kind, "name – ünï").await.unwrap();
        assert_eq!(named, Some(found.clone()));
        for other in ["id", "ID – ÜNÏ", "id – ünï ", "", "name – ünï", "%"] {
            assert_eq!(storage.find_record(kind, other).await.unwrap(), None, "{other:?}");
        }
        assert_eq!(storage.find_record_by_name(kind, "id – ünï").await.unwrap(), None);
        commit(&*storage, vec![RecordWrite::replace(&found, content("{}"))]).await;
        let replaced = find(&*storage, kind, "id – ünï").await;
        assert_eq!((replaced.version, replaced.content.clone()), (2, content("{}")));
        assert_eq!(storage.find_record_by_name(kind, "name – ünï").await.unwrap(), None);
        commit(&*storage, vec![RecordWrite::remove(&replaced)]).await;
        assert_eq!(storage.find_record(kind, "id – ünï").await.unwrap(), None);
    }
}

/// What is not as expected stays as it is.
pub async fn a_write_checks_the_expected_version<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let write = |expected, content: Option<&str>| {
        let content = content.map(self::content);
        RecordWrite { kind: RecordKind::Ticket, id: "a".into(), expected, content }
    };
    let table = [
        (write(Expected::Version(1), Some("1")), Committed::Stale(0), None),
        (write(Expected::Version(0), Some("1")), Committed::Stale(0), None),
        (write(Expected::Version(1), None), Committed::Stale(0), None),
        (write(Expected::Absent, None), Committed::Done, None),
        (write(Expected::Anything, None), Committed::Done, None),
        (write(Expected::Absent, Some("1")), Committed::Done, Some((1, "1"))),
        (write(Expected::Absent, Some("2")), Committed::Stale(0), Some((1, "1"))),
        (write(Expected::Version(2), Some("2")), Committed::Stale(0), Some((1, "1"))),
        (write(Expected::Version(1), Some("2")), Committed::Done, Some((2, "2"))),
        (write(Expected::Version(1), Some("3")), Committed::Stale(0), Some((2, "2"))),
        (write(Expected::Anything, Some("4")), Committed::Done, Some((3, "4"))),
        (write(Expected::Version(2), None), Committed::Stale(0), Some((3, "4"))),
        (write(Expected::Version(3), None), Committed::Done, None),
        (write(Expected::Anything, Some("5")), Committed::Done, Some((1, "5"))),
        (write(Expected::Anything, None), Committed::Done, None),
    ];
    for (index, (write, expected, left)) in table.into_iter().enumerate() {
        assert_eq!(storage.commit(&change(vec![write])).await.unwrap(), expected, "row {index}");
        let found = storage.find_record(RecordKind::Ticket, "a").await.unwrap();
        let found = found.as_ref().map(|found| (found.version, found.content.body.as_str()));
        assert_eq!(found, left, "row {index}");
    }
}

/// Of two records of a kind, one may have a name; of different kinds, both.
pub async fn a_name_is_unique_within_a_kind<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let named = |name: &str| RecordContent { name: Some(name.into()), ..content("{}") };
    let create = |kind, id: &str, name| RecordWrite::create(kind, id, named(name));
    commit(&*storage, vec![create(RecordKind::Account, "1", "ada")]).await;
    commit(&*storage, vec![create(RecordKind::Session, "1", "ada")]).await;
    commit(&*storage, vec![create(RecordKind::Account, "2", "bob")]).await;
    let other = RecordWrite::create(RecordKind::Ticket, "other", content("{}"));
    let rival = change(vec![other, create(RecordKind::Account, "3", "ada")]);
    assert_eq!(storage.commit(&rival).await.unwrap(), Committed::NameTaken(1));
    assert_eq!(storage.find_record(RecordKind::Ticket, "other").await.unwrap(), None);
    assert_eq!(storage.find_record(RecordKind::Account, "3").await.unwrap(), None);
    let bob = find(&*storage, RecordKind::Account, "2").await;
    let renamed = change(vec![RecordWrite::replace(&bob, named("ada"))]);
    assert_eq!(storage.commit(&renamed).await.unwrap(), Committed::NameTaken(0));
    assert_eq!(find(&*storage, RecordKind::Account, "2").await, bob);
    // The same name again, another one, and one that has become free.
    let ada = find(&*storage, RecordKind::Account, "1").await;
    commit(&*storage, vec![RecordWrite::replace(&ada, named("ada"))]).await;
    let ada = find(&*storage, RecordKind::Account, "1").await;
    commit(&*storage, vec![RecordWrite::replace(&ada, named("ada lovelace"))]).await;
    commit(&*storage, vec![RecordWrite::replace(&bob, named("ada"))]).await;
    let found = storage.find_record_by_name(RecordKind::Account, "ada").await.unwrap().unwrap();
    assert_eq!(found.id, "2");
    // Nobody needs a name.
    for id in ["4", "5"] {
        let nameless = RecordWrite::create(RecordKind::Account, id, content("{}"));
        commit(&*storage, vec![nameless]).await;
    }
}

/// If one write of a change is not as expected, none happens.
pub async fn a_change_is_atomic<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let create = |id: &str| RecordWrite::create(RecordKind::Session, id, content("{}"));
    commit(&*storage, vec![create("1"), create("2"), create("3")]).await;
    let one = find(&*storage, RecordKind::Session, "1").await;
    let writes = vec![
        RecordWrite::remove(&one),
        RecordWrite::replace(&find(&*storage, RecordKind::Session, "2").await, content("[]")),
        create("4"),
        create("3"),
    ];
    assert_eq!(storage.commit(&change(writes)).await.unwrap(), Committed::Stale(3));
    assert_eq!(find(&*storage, RecordKind::Session, "1").await, one);
    assert_eq!(find(&*storage, RecordKind::Session, "2").await.content, content("{}"));
    assert_eq!(storage.find_record(RecordKind::Session, "4").await.unwrap(), None);
    let many = (10..200).map(|number| create(&number.to_string())).collect();
    commit(&*storage, many).await;
    let all = storage.list_records(RecordKind::Session, &Group::Every, None, 500).await.unwrap();
    assert_eq!(all.len(), 193);
    assert_eq!(storage.commit(&change(Vec::new())).await.unwrap(), Committed::Done);
}

/// Adds one to the record, however often another one is faster.
async fn count_up(storage: &dyn Storage) {
    loop {
        let found = find(storage, RecordKind::Counter, "n").await;
        let number: u32 = found.content.body.parse().unwrap();
        let next = content(&(number + 1).to_string());
        let add = change(vec![RecordWrite::replace(&found, next)]);
        if storage.commit(&add).await.unwrap() == Committed::Done {
            return;
        }
    }
}

/// Of concurrent changes of the same version, one succeeds; no change is lost.
pub async fn one_of_many_concurrent_changes_succeeds<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let zero = RecordWrite::create(RecordKind::Counter, "n", content("0"));
    commit(&*stage.storage(), vec![zero]).await;
    let mut rivals = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let storage = stage.storage();
        rivals.spawn(async move {
            for _ in 0..5 {
                count_up(&*storage).await;
            }
        });
    }
    rivals.join_all().await;
    let found = find(&*stage.storage(), RecordKind::Counter, "n").await;
    assert_eq!((found.content.body.as_str(), found.version), ("30", 31));
}

async fn ids(storage: &dyn Storage, group: &Group, page: usize) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    loop {
        let after = ids.last().cloned();
        let found = storage
            .list_records(RecordKind::Membership, group, after.as_deref(), page)
            .await
            .unwrap();
        if found.is_empty() {
            return ids;
        }
        assert!(found.len() <= page);
        ids.extend(found.into_iter().map(|record| record.id));
    }
}

/// Pages of any size make up a group, in the order of the bytes of ids.
pub async fn records_are_listed_by_group_in_pages<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    let storage = stage.storage();
    let table: [(&str, Option<TenantId>, Option<&str>); 7] = [
        ("b", Some(stage.tenant), Some("ada")),
        ("B", Some(other), Some("ada")),
        ("a", Some(stage.tenant), Some("bob")),
        ("ä", Some(stage.tenant), None),
        ("_", None, Some("ada")),
        ("10", None, None),
        ("9", Some(other), None),
    ];
    for (id, tenant, owner) in table {
        let content =
            RecordContent { tenant, owner: owner.map(str::to_owned), ..self::content("{}") };
        commit(&*storage, vec![RecordWrite::create(RecordKind::Membership, id, content)]).await;
    }
    commit(&*storage, vec![RecordWrite::create(RecordKind::Session, "c", content("{}"))]).await;
    let groups: [(Group, &[&str]); 6] = [
        (Group::Every, &["10", "9", "B", "_", "a", "b", "ä"]),
        (Group::OfTenant(stage.tenant), &["a", "b", "ä"]),
        (Group::OfTenant(other), &["9", "B"]),
        (Group::OfTenant(TenantId::new(4_000_000_000).unwrap()), &[]),
        (Group::OwnedBy("ada".into()), &["B", "_", "b"]),
        (Group::OwnedBy("Ada".into()), &[]),
    ];
    for (group, expected) in groups {
        for page in [1, 2, 3, 100] {
            assert_eq!(ids(&*storage, &group, page).await, expected, "{group:?} by {page}");
        }
    }
}

/// What has expired is removed, a part at a time, and nothing else.
pub async fn expired_records_are_removed<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let storage = stage.storage();
    let at = |micros| START.saturating_add(Duration::from_micros(micros));
    for micros in 0..10 {
        let content = RecordContent { expires: Some(at(micros)), ..content("{}") };
        let create = RecordWrite::create(RecordKind::Session, micros.to_string(), content);
        commit(&*storage, vec![create]).await;
    }
    commit(&*storage, vec![RecordWrite::create(RecordKind::Session, "ever", content("{}"))]).await;
    assert_eq!(storage.remove_expired(START, 100).await.unwrap(), 0);
    assert_eq!(storage.remove_expired(at(5), 2).await.unwrap(), 2);
    assert_eq!(storage.remove_expired(at(5), 100).await.unwrap(), 3);
    assert_eq!(storage.remove_expired(at(5), 100).await.unwrap(), 0);
    let left = storage.list_records(RecordKind::Session, &Group::Every, None, 100).await.unwrap();
    let left: Vec<&str> = left.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(left, ["5", "6", "7", "8", "9", "ever"]);
}
