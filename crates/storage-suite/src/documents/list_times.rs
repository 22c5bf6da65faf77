//! The times of lists of documents: they never go back, whatever is removed.

use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::Timestamp;
use acta_storage::{
    DocumentKey, DocumentList, DocumentNames, Precondition, REMOVALS_MAX, Removal, RemovalScope,
};

use super::{EngineUnderTest, other_lists, state_key, states};
use crate::fixture::{START, Stage, activity_id, mailbox, uuid};

/// The times of a stage are in microseconds after the start.
fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(START.unix_micros() + micros)
}

fn profile_list(activity: &str) -> DocumentList {
    DocumentList::ActivityProfiles { activity: activity_id(activity) }
}

fn profile_key(activity: &str) -> DocumentKey {
    DocumentKey::ActivityProfile { activity: activity_id(activity), profile_id: "p".to_owned() }
}

impl<E: EngineUnderTest> Stage<E> {
    /// When a list last changed.
    async fn last_change(&self, list: &DocumentList) -> Option<i64> {
        self.last_change_of(self.tenant, list).await
    }

    async fn last_change_of(&self, tenant: TenantId, list: &DocumentList) -> Option<i64> {
        let names = self.storage().list_documents(tenant, list, None).await.unwrap();
        names.updated.map(|updated| updated.unix_micros() - START.unix_micros())
    }

    async fn names_since(&self, list: &DocumentList, since: Timestamp) -> DocumentNames {
        self.storage().list_documents(self.tenant, list, Some(since)).await.unwrap()
    }

    async fn remove(&self, key: &DocumentKey) {
        self.storage().remove_document(self.tenant, key, &Precondition::default()).await.unwrap();
    }

    async fn remove_all(&self, list: &DocumentList) {
        self.storage().remove_documents(self.tenant, list).await.unwrap();
    }

    async fn removals(&self) -> Vec<Removal> {
        let mut removals = self.storage().list_removals(self.tenant).await.unwrap();
        removals.sort();
        removals
    }
}

/// What is done to documents.
enum Act {
    Put(DocumentKey),
    Remove(DocumentKey),
    RemoveAll(DocumentList),
}

/// A list has the time of the last change of its documents: a write, or a removal of one or of all.
/// What removes nothing changes nothing.
pub async fn a_list_has_the_time_of_its_last_change<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let (all, one) = (states(None), states(Some(uuid(1))));
    let (registered, unregistered) = (state_key("a", Some(uuid(1))), state_key("b", None));
    assert_eq!(stage.last_change(&all).await, None);
    let acts = [
        (Act::Put(registered.clone()), [0, 0]),
        (Act::Put(unregistered.clone()), [10, 0]),
        (Act::Put(registered.clone()), [20, 20]),
        (Act::Remove(registered.clone()), [30, 30]),
        (Act::Remove(registered.clone()), [30, 30]),
        (Act::Remove(unregistered.clone()), [50, 30]),
        (Act::RemoveAll(all.clone()), [50, 30]),
        (Act::RemoveAll(one.clone()), [50, 30]),
        (Act::Put(registered.clone()), [80, 80]),
        (Act::RemoveAll(one.clone()), [90, 90]),
        (Act::Put(unregistered), [100, 90]),
        // Which registrations had documents is not told apart.
        (Act::RemoveAll(all.clone()), [110, 110]),
        (Act::Put(registered), [120, 120]),
    ];
    for (number, (act, expected)) in acts.into_iter().enumerate() {
        match act {
            Act::Put(key) => stage.put(&key).await,
            Act::Remove(key) => stage.remove(&key).await,
            Act::RemoveAll(list) => stage.remove_all(&list).await,
        }
        let changed = [stage.last_change(&all).await, stage.last_change(&one).await];
        assert_eq!(changed, expected.map(Some), "after act {number}");
        stage.clock.advance(Duration::from_micros(10));
    }
    // The last change was a write, and then a removal, before what is listed.
    let later = DocumentNames { names: Vec::new(), updated: Some(at(120)) };
    assert_eq!(stage.names_since(&all, at(120)).await, later);
    let last = DocumentNames { names: vec!["a".to_owned()], ..later };
    assert_eq!(stage.names_since(&all, at(119)).await, last);
    stage.remove_all(&all).await;
    stage = stage.reopen().await;
    let later = DocumentNames { names: Vec::new(), updated: Some(at(130)) };
    assert_eq!(stage.names_since(&all, at(1_000)).await, later);
}

/// A removal is told by the lists that may have had the document, and by no others.
pub async fn a_removal_does_not_change_the_times_of_other_lists<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let south = stage.create_tenant("south").await;
    stage.put_many().await;
    stage.clock.advance(Duration::from_micros(10));
    stage.remove(&state_key("a", Some(uuid(1)))).await;
    assert_eq!(stage.last_change(&states(Some(uuid(1)))).await, Some(10));
    assert_eq!(stage.last_change(&states(Some(uuid(2)))).await, Some(0));
    assert_eq!(stage.last_change(&states(Some(uuid(3)))).await, None);
    stage.remove_all(&states(None)).await;
    for (list, name) in other_lists() {
        assert_eq!(stage.last_change(&list).await, Some(0), "{name}");
    }
    stage.clock.advance(Duration::from_micros(10));
    for (number, (list, name)) in other_lists().into_iter().enumerate() {
        stage.remove_all(&list).await;
        for (index, (other, _)) in other_lists().iter().enumerate() {
            let expected = if index <= number { 20 } else { 0 };
            assert_eq!(stage.last_change(other).await, Some(expected), "after {name}");
        }
    }
    assert_eq!(stage.last_change(&states(Some(uuid(2)))).await, Some(10));
    assert_eq!(stage.last_change_of(south, &states(None)).await, None);
    assert_eq!(stage.storage().list_removals(south).await.unwrap(), []);
}

/// Not even if the clock was set back: a removal is not earlier than what it removes.
pub async fn the_time_of_a_list_does_not_follow_a_clock_that_goes_back<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let (list, key) = (states(Some(uuid(1))), state_key("a", Some(uuid(1))));
    stage.clock.set(at(100));
    stage.put(&key).await;
    stage.clock.set(at(40));
    stage.remove(&key).await;
    assert_eq!(stage.last_change(&list).await, Some(100));
    stage.put(&key).await;
    assert_eq!(stage.last_change(&list).await, Some(100));
    stage.clock.set(at(200));
    stage.put(&key).await;
    stage.clock.set(at(50));
    stage.remove_all(&list).await;
    assert_eq!(stage.last_change(&list).await, Some(200));
    stage.put(&key).await;
    stage.remove(&key).await;
    assert_eq!(stage.last_change(&list).await, Some(200));
}

/// However many places documents are removed from, few removals are remembered. The others leave
/// the time of the last one, for all lists.
pub async fn removals_are_bounded_and_no_time_goes_back<E: EngineUnderTest>() {
    let mut stage = Stage::<E>::open().await;
    let everything = RemovalScope::everything();
    // All but two of as many as are remembered, at places that nobody asks for.
    let known = (2..).take(REMOVALS_MAX - 2).map(|number: u64| {
        let mut place = [1; 32];
        place[..8].copy_from_slice(&number.to_be_bytes());
        Removal { scope: RemovalScope { place, registration: String::new() }, removed: at(-5) }
    });
    stage.storage().import_removals(stage.tenant, known.collect()).await.unwrap();
    for name in ["one", "two", "three", "four"] {
        stage.put(&profile_key(name)).await;
    }
    for (name, removed) in [("one", 10), ("two", 20)] {
        stage.clock.set(at(removed));
        stage.remove(&profile_key(name)).await;
        assert_eq!(stage.last_change(&profile_list(name)).await, Some(removed));
    }
    assert_eq!(stage.removals().await.len(), REMOVALS_MAX);
    assert_eq!(stage.last_change(&profile_list("one")).await, Some(10));
    assert_eq!(stage.last_change(&profile_list("never")).await, None);

    stage.clock.set(at(30));
    stage.remove(&profile_key("three")).await;
    assert_eq!(stage.removals().await, [Removal { scope: everything.clone(), removed: at(30) }]);
    for list in ["one", "two", "three", "four", "never"].map(profile_list) {
        assert_eq!(stage.last_change(&list).await, Some(30), "{list:?}");
    }
    stage.clock.set(at(40));
    stage.remove_all(&DocumentList::ActivityProfiles { activity: activity_id("four") }).await;
    stage = stage.reopen().await;
    assert_eq!(stage.last_change(&profile_list("four")).await, Some(40));
    assert_eq!(stage.last_change(&profile_list("three")).await, Some(30));
    let agents = DocumentList::AgentProfiles { agent: mailbox("ada") };
    assert_eq!(stage.last_change(&agents).await, Some(30));
    assert_eq!(stage.removals().await.len(), 2);
}
