//! Records.

use std::time::Duration;

use acta_access::TenantId;
use acta_storage::{
    Change, Committed, CountLimit, Expected, Group, Record, RecordContent, RecordHolder,
    RecordKind, RecordWrite, Storage,
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

/// A limit counts the records of its kind and holder that have not expired, as they were before the
/// change.
pub async fn a_limit_counts_the_records_of_its_holder<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    let storage = stage.storage();
    let end = START.saturating_add(Duration::from_micros(1));
    let of = |tenant, owner: &str, expires| {
        let owner = Some(owner.to_owned());
        RecordContent { tenant: Some(tenant), owner, expires, ..content("{}") }
    };
    let create = |kind, id: &str, content| RecordWrite::create(kind, id, content);
    let before = vec![
        create(RecordKind::Ticket, "1", of(stage.tenant, "ada", None)),
        create(RecordKind::Ticket, "2", of(stage.tenant, "bob", Some(end))),
        create(RecordKind::Ticket, "3", of(other, "ada", None)),
        create(RecordKind::Ticket, "4", content("{}")),
        create(RecordKind::Session, "1", of(stage.tenant, "ada", None)),
    ];
    commit(&*storage, before).await;
    let (done, reached) = (Committed::Done, Committed::LimitReached(1));
    let table = [
        (RecordHolder::Tenant, 0, None, reached),
        (RecordHolder::Tenant, 1, None, reached),
        (RecordHolder::Tenant, 2, None, reached),
        (RecordHolder::Tenant, 3, None, done),
        (RecordHolder::Tenant, 2, Some(START), reached),
        (RecordHolder::Tenant, 2, Some(end), done),
        (RecordHolder::Tenant, 1, Some(end), reached),
        (RecordHolder::Owner, 2, None, reached),
        (RecordHolder::Owner, 3, None, done),
        (RecordHolder::Owner, 2, Some(end), reached),
    ];
    for (holder, count_max, unexpired_at, expected) in table {
        let limit = CountLimit { of: holder, count_max, unexpired_at };
        let new = create(RecordKind::Ticket, "new", of(stage.tenant, "ada", None)).within(limit);
        let beside = create(RecordKind::Session, "beside", content("{}"));
        let answer = storage.commit(&change(vec![beside, new])).await.unwrap();
        assert_eq!(answer, expected, "{limit:?}");
        for (kind, id) in [(RecordKind::Ticket, "new"), (RecordKind::Session, "beside")] {
            let found = storage.find_record(kind, id).await.unwrap();
            assert_eq!(found.is_some(), expected == done, "{limit:?}: {kind:?}");
            let write = create(kind, id, content("{}"));
            let remove = RecordWrite { expected: Expected::Anything, content: None, ..write };
            commit(&*storage, vec![remove]).await;
        }
    }
    // What is there is no new one; what is removed in the change counts.
    let limit = CountLimit { of: RecordHolder::Tenant, count_max: 2, unexpired_at: None };
    let again = create(RecordKind::Ticket, "1", of(stage.tenant, "ada", None)).within(limit);
    assert_eq!(storage.commit(&change(vec![again])).await.unwrap(), Committed::Stale(0));
    let one = find(&*storage, RecordKind::Ticket, "1").await;
    let new = create(RecordKind::Ticket, "new", of(stage.tenant, "ada", None)).within(limit);
    let exchange = change(vec![RecordWrite::remove(&one), new]);
    assert_eq!(storage.commit(&exchange).await.unwrap(), Committed::LimitReached(1));
    assert_eq!(find(&*storage, RecordKind::Ticket, "1").await, one);
}

/// Of concurrent changes with a limit, as many happen as it permits.
pub async fn concurrent_changes_keep_a_limit<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let limit = CountLimit { of: RecordHolder::Tenant, count_max: 5, unexpired_at: Some(START) };
    let mut rivals = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (storage, tenant) = (stage.storage(), Some(stage.tenant));
        rivals.spawn(async move {
            let content = RecordContent { tenant, ..content("{}") };
            let write = RecordWrite::create(RecordKind::Ticket, number.to_string(), content);
            storage.commit(&change(vec![write.within(limit)])).await.unwrap()
        });
    }
    let answers = rivals.join_all().await;
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!((count(Committed::Done), count(Committed::LimitReached(0))), (5, 7), "{answers:?}");
    let group = Group::OfTenant(stage.tenant);
    let found = stage.storage().list_records(RecordKind::Ticket, &group, None, 100).await.unwrap();
    assert_eq!(found.len(), 5);
}
