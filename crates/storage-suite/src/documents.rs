//! State and profile documents: their preconditions, their names, their removal.

pub mod list_times;

use std::time::Duration;

use acta_ambient::Timestamp;
use acta_storage::{
    Document, DocumentKey, DocumentList, DocumentWrite, Etag, EtagMatch, NewDocument, Precondition,
    StorageError,
};
use acta_xapi::Uuid;
use bytes::Bytes;

use super::EngineUnderTest;
use super::fixture::{START, Stage, account, activity_id, iri, mailbox, uuid};

/// A text document whose tag is made from its content.
pub fn document(content: &str) -> NewDocument {
    NewDocument {
        content: Bytes::copy_from_slice(content.as_bytes()),
        content_type: "text/plain".to_owned(),
        etag: tag(content),
        count_max: usize::MAX,
    }
}

/// A tag as the SHA-1 of `content` looks: different for different contents.
pub fn tag(content: &str) -> Etag {
    Etag(acta_xapi::Sha2::sha256(content.as_bytes()).as_str()[..40].to_owned())
}

/// The state of Ada in the course.
pub fn state_key(state_id: &str, registration: Option<Uuid>) -> DocumentKey {
    DocumentKey::State {
        activity: activity_id("course"),
        agent: mailbox("ada"),
        registration,
        state_id: state_id.to_owned(),
    }
}

/// Only if the document is `content`.
fn if_match(content: &str) -> Precondition {
    let if_match = Some(EtagMatch::OneOf(vec![tag("never"), tag(content)]));
    Precondition { if_match, if_none_match: None }
}

/// Only if there is no document.
fn if_absent() -> Precondition {
    Precondition { if_match: None, if_none_match: Some(EtagMatch::Any) }
}

impl<E: EngineUnderTest> Stage<E> {
    async fn document(&self, key: &DocumentKey) -> Option<Document> {
        self.storage().find_document(self.tenant, key).await.unwrap()
    }

    async fn write(&self, key: &DocumentKey, content: &str) -> DocumentWrite {
        self.try_write(key, content, &Precondition::default()).await.unwrap()
    }

    async fn try_write(
        &self,
        key: &DocumentKey,
        content: &str,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        self.storage().replace_document(self.tenant, key, document(content), precondition).await
    }

    async fn try_remove(
        &self,
        key: &DocumentKey,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        self.storage().remove_document(self.tenant, key, precondition).await
    }

    async fn act(
        &self,
        is_removal: bool,
        key: &DocumentKey,
        precondition: &Precondition,
    ) -> Result<DocumentWrite, StorageError> {
        if is_removal {
            return self.try_remove(key, precondition).await;
        }
        self.try_write(key, "new", precondition).await
    }
}

/// Keys that differ in one part only.
fn distinct_keys() -> Vec<DocumentKey> {
    let state = |activity, agent, registration, state_id: &str| DocumentKey::State {
        activity: activity_id(activity),
        agent,
        registration,
        state_id: state_id.to_owned(),
    };
    let activity_profile = |activity, profile_id: &str| DocumentKey::ActivityProfile {
        activity: activity_id(activity),
        profile_id: profile_id.to_owned(),
    };
    let agent_profile = |agent, profile_id: &str| DocumentKey::AgentProfile {
        agent,
        profile_id: profile_id.to_owned(),
    };
    vec![
        state("course", mailbox("ada"), None, "x"),
        state("course", mailbox("ada"), None, "X"),
        state("course", mailbox("ada"), None, "x "),
        state("course", mailbox("ada"), None, ""),
        state("course", mailbox("ada"), None, "ünï/🚀?&#'\"\\%_"),
        state("course", mailbox("ada"), Some(uuid(1)), "x"),
        state("course", mailbox("ada"), Some(uuid(2)), "x"),
        state("course", mailbox("bob"), None, "x"),
        state("course", account("ada"), None, "x"),
        state("course", acta_xapi::Ifi::OpenId(iri("http://example.org/ada")), None, "x"),
        state("other", mailbox("ada"), None, "x"),
        activity_profile("course", "x"),
        activity_profile("course", "X"),
        activity_profile("other", "x"),
        agent_profile(mailbox("ada"), "x"),
        agent_profile(mailbox("ada"), "X"),
        agent_profile(mailbox("bob"), "x"),
        agent_profile(account("ada"), "x"),
    ]
}

/// Any bytes and any type are returned, with the tag and the time.
pub async fn a_document_is_returned_as_it_was_sent<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let key = state_key("bookmark", None);
    assert_eq!(stage.document(&key).await, None);
    let contents = [
        Bytes::new(),
        Bytes::from_static(&[0, 255, 128, 10, 0]),
        super::attachments::bytes_of_length(2_000_000),
    ];
    for (content, content_type) in contents.into_iter().zip(["", "image/png", "x/y; z=\"ü\""]) {
        stage.wait_micros(1_500);
        let new = NewDocument {
            content: content.clone(),
            content_type: content_type.to_owned(),
            etag: tag(content_type),
            count_max: usize::MAX,
        };
        let always = Precondition::default();
        let storage = stage.storage();
        storage.replace_document(stage.tenant, &key, new, &always).await.unwrap();
        let found = stage.document(&key).await.unwrap();
        assert_eq!(found.content, content);
        assert_eq!(found.content_type, content_type);
        assert_eq!(found.etag, tag(content_type));
        let now = acta_ambient::Clock::now(&*stage.clock);
        assert_eq!(found.updated.floor_to_millis(), now.floor_to_millis());
    }
}

/// No two keys that differ mean the same document.
pub async fn keys_that_differ_are_different_documents<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let keys = distinct_keys();
    for (index, key) in keys.iter().enumerate() {
        let write = stage.write(key, &format!("document {index}")).await;
        assert_eq!(write, DocumentWrite::Created, "{key:?}");
    }
    for (index, key) in keys.iter().enumerate() {
        let found = stage.document(key).await.unwrap();
        assert_eq!(found.content, format!("document {index}"), "{key:?}");
    }
    for (index, key) in keys.iter().enumerate() {
        let removed = stage.try_remove(key, &Precondition::default()).await.unwrap();
        assert_eq!(removed, DocumentWrite::Replaced, "{key:?}");
        assert_eq!(stage.document(key).await, None);
        for other in &keys[index + 1..] {
            assert!(stage.document(other).await.is_some(), "{key:?} took {other:?} away");
        }
    }
}

/// A write says whether there was a document before.
pub async fn a_write_reports_what_it_did<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let key = state_key("bookmark", None);
    let always = Precondition::default();
    assert_eq!(stage.try_remove(&key, &always).await.unwrap(), DocumentWrite::Nothing);
    assert_eq!(stage.write(&key, "one").await, DocumentWrite::Created);
    assert_eq!(stage.write(&key, "two").await, DocumentWrite::Replaced);
    assert_eq!(stage.write(&key, "two").await, DocumentWrite::Replaced);
    assert_eq!(stage.document(&key).await.unwrap().content, "two");
    assert_eq!(stage.try_remove(&key, &always).await.unwrap(), DocumentWrite::Replaced);
    assert_eq!(stage.try_remove(&key, &always).await.unwrap(), DocumentWrite::Nothing);
    assert_eq!(stage.document(&key).await, None);
    assert_eq!(stage.write(&key, "three").await, DocumentWrite::Created);
}

/// Every precondition, on a document that is there and on one that is not.
pub async fn a_write_checks_its_precondition<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let any = Some(EtagMatch::Any);
    let one = |contents: &[&str]| {
        Some(EtagMatch::OneOf(contents.iter().map(|content| tag(content)).collect()))
    };
    let condition = |if_match, if_none_match| Precondition { if_match, if_none_match };
    // The precondition, whether it holds on "current", whether it holds on nothing.
    let table = [
        (condition(None, None), true, true),
        (condition(any.clone(), None), true, false),
        (condition(one(&["current"]), None), true, false),
        (condition(one(&["other"]), None), false, false),
        (condition(one(&["other", "current"]), None), true, false),
        (condition(one(&[]), None), false, false),
        (condition(None, any.clone()), false, true),
        (condition(None, one(&["current"])), false, true),
        (condition(None, one(&["other"])), true, true),
        (condition(None, one(&["other", "current"])), false, true),
        (condition(any.clone(), one(&["current"])), false, false),
        (condition(one(&["current"]), one(&["other"])), true, false),
        (condition(one(&["current"]), any), false, false),
    ];
    for (index, (precondition, holds_on_current, holds_on_nothing)) in table.iter().enumerate() {
        for is_removal in [false, true] {
            let key = state_key(&format!("row {index} {is_removal}"), None);
            let act = async || stage.act(is_removal, &key, precondition).await;
            let on_nothing = act().await;
            check(&on_nothing, *holds_on_nothing, precondition);
            stage.write(&key, "current").await;
            let before = stage.document(&key).await;
            let on_current = act().await;
            check(&on_current, *holds_on_current, precondition);
            if !holds_on_current {
                assert_eq!(stage.document(&key).await, before, "a refused write changed it");
            }
        }
    }
}

#[track_caller]
fn check(answer: &Result<DocumentWrite, StorageError>, holds: bool, precondition: &Precondition) {
    match answer {
        Ok(_) => assert!(holds, "accepted: {precondition:?}"),
        Err(StorageError::PreconditionFailed) => assert!(!holds, "refused: {precondition:?}"),
        Err(error) => panic!("{error} for {precondition:?}"),
    }
}

/// Of concurrent writers with the same precondition, one succeeds in every round.
pub async fn one_of_many_writers_with_a_precondition_wins<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let key = state_key("bookmark", None);
    let mut current: Option<String> = None;
    for round in 0..8 {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..6 {
            let (storage, tenant, key) = (stage.storage(), stage.tenant, key.clone());
            let precondition = current.as_deref().map_or_else(if_absent, if_match);
            writers.spawn(async move {
                let content = format!("round {round} writer {writer}");
                let new = document(&content);
                let answer = storage.replace_document(tenant, &key, new, &precondition).await;
                (content, answer)
            });
        }
        let mut winners = Vec::new();
        for (content, answer) in writers.join_all().await {
            match answer {
                Ok(_) => winners.push(content),
                Err(StorageError::PreconditionFailed) => {}
                Err(error) => panic!("unexpected: {error}"),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        assert_eq!(stage.document(&key).await.unwrap().content, winners[0]);
        current = winners.pop();
    }
}

/// Writers that read, change and write with a precondition never lose an update.
pub async fn concurrent_updates_are_never_lost<E: EngineUnderTest>() {
    const WRITER_COUNT: usize = 4;
    const UPDATE_COUNT: usize = 6;
    let stage = Stage::<E>::open().await;
    let key = state_key("tally", None);
    stage.write(&key, "").await;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..WRITER_COUNT {
        let (storage, tenant, key) = (stage.storage(), stage.tenant, key.clone());
        writers.spawn(async move {
            let mut done = 0;
            while done < UPDATE_COUNT {
                let current = storage.find_document(tenant, &key).await.unwrap().unwrap();
                let text = std::str::from_utf8(&current.content).unwrap();
                let new = document(&format!("{text}{writer}.{done} "));
                let if_match = Some(EtagMatch::OneOf(vec![current.etag.clone()]));
                let precondition = Precondition { if_match, if_none_match: None };
                match storage.replace_document(tenant, &key, new, &precondition).await {
                    Ok(_) => done += 1,
                    Err(StorageError::PreconditionFailed) => tokio::task::yield_now().await,
                    Err(error) => panic!("unexpected: {error}"),
                }
            }
        });
    }
    writers.join_all().await;
    let content = stage.document(&key).await.unwrap().content;
    let text = std::str::from_utf8(&content).unwrap();
    let mut updates: Vec<&str> = text.split_whitespace().collect();
    updates.sort_unstable();
    updates.dedup();
    assert_eq!(updates.len(), WRITER_COUNT * UPDATE_COUNT, "{text}");
}

/// The time of a document is that of its last write.
pub async fn a_document_returns_the_time_of_its_last_write<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let key = state_key("bookmark", None);
    stage.write(&key, "one").await;
    let first = stage.document(&key).await.unwrap().updated;
    stage.wait_micros(10_000_000);
    assert_eq!(stage.document(&key).await.unwrap().updated, first, "reading changed it");
    assert!(stage.try_write(&key, "two", &if_absent()).await.is_err());
    assert_eq!(stage.document(&key).await.unwrap().updated, first, "a refused write changed it");
    stage.write(&key, "one").await;
    let second = stage.document(&key).await.unwrap().updated;
    assert!(first < second && START <= first, "{first} {second}");
    assert!(second <= Timestamp::from_unix_micros(START.unix_micros() + 10_001_000));
}

/// The states of Ada in the course.
fn states(registration: Option<Uuid>) -> DocumentList {
    DocumentList::States { activity: activity_id("course"), agent: mailbox("ada"), registration }
}

impl<E: EngineUnderTest> Stage<E> {
    async fn put(&self, key: &DocumentKey) {
        let always = Precondition::default();
        let new = document("content");
        self.storage().replace_document(self.tenant, key, new, &always).await.unwrap();
    }

    async fn list(&self, list: &DocumentList) -> Vec<String> {
        self.storage().list_documents(self.tenant, list, None).await.unwrap().names
    }

    async fn list_since(&self, list: &DocumentList, micros: i64) -> Vec<String> {
        let since = Timestamp::from_unix_micros(START.unix_micros() + micros);
        self.storage().list_documents(self.tenant, list, Some(since)).await.unwrap().names
    }

    /// States with and without registrations, and documents of other places.
    async fn put_many(&self) {
        for (name, registration) in [
            ("b", None),
            ("a", Some(uuid(1))),
            ("c", Some(uuid(1))),
            ("c", Some(uuid(2))),
            ("b", Some(uuid(2))),
        ] {
            self.put(&state_key(name, registration)).await;
        }
        let others = [
            DocumentKey::State {
                activity: activity_id("course"),
                agent: mailbox("bob"),
                registration: None,
                state_id: "of-bob".to_owned(),
            },
            DocumentKey::State {
                activity: activity_id("other"),
                agent: mailbox("ada"),
                registration: None,
                state_id: "of-other".to_owned(),
            },
            DocumentKey::ActivityProfile {
                activity: activity_id("course"),
                profile_id: "of-course".to_owned(),
            },
            DocumentKey::AgentProfile { agent: mailbox("ada"), profile_id: "of-ada".to_owned() },
            DocumentKey::AgentProfile { agent: account("ada"), profile_id: "account".to_owned() },
        ];
        for key in &others {
            self.put(key).await;
        }
    }
}

/// The lists of the documents of other places, after [`Stage::put_many`].
fn other_lists() -> [(DocumentList, &'static str); 5] {
    let of = |activity: &str, agent: &str| DocumentList::States {
        activity: activity_id(activity),
        agent: mailbox(agent),
        registration: None,
    };
    [
        (of("course", "bob"), "of-bob"),
        (of("other", "ada"), "of-other"),
        (DocumentList::ActivityProfiles { activity: activity_id("course") }, "of-course"),
        (DocumentList::AgentProfiles { agent: mailbox("ada") }, "of-ada"),
        (DocumentList::AgentProfiles { agent: account("ada") }, "account"),
    ]
}

/// Names are sorted, each once, of the place asked for only.
pub async fn names_are_listed_by_place<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    assert_eq!(stage.list(&states(None)).await, Vec::<String>::new());
    stage.put_many().await;
    assert_eq!(stage.list(&states(None)).await, ["a", "b", "c"], "of every registration");
    assert_eq!(stage.list(&states(Some(uuid(1)))).await, ["a", "c"]);
    assert_eq!(stage.list(&states(Some(uuid(2)))).await, ["b", "c"]);
    assert_eq!(stage.list(&states(Some(uuid(3)))).await, Vec::<String>::new());
    for (list, name) in other_lists() {
        assert_eq!(stage.list(&list).await, [name]);
    }
}

/// Sorted as text is: by its bytes, whatever was written first.
pub async fn names_are_sorted<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    for name in ["ü", "b", "B", "a10", "a9", "", "🚀", "Z"] {
        stage.put(&state_key(name, None)).await;
    }
    assert_eq!(stage.list(&states(None)).await, ["", "B", "Z", "a10", "a9", "b", "ü", "🚀"]);
}

/// Only what was written after `since`, to the microsecond.
pub async fn names_are_listed_since_a_timestamp<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    for name in ["first", "second", "third"] {
        stage.put(&state_key(name, Some(uuid(1)))).await;
        stage.clock.advance(Duration::from_micros(10));
    }
    let list = states(None);
    assert_eq!(stage.list_since(&list, -1).await, ["first", "second", "third"]);
    assert_eq!(stage.list_since(&list, 0).await, ["second", "third"]);
    assert_eq!(stage.list_since(&list, 9).await, ["second", "third"]);
    assert_eq!(stage.list_since(&list, 10).await, ["third"]);
    assert_eq!(stage.list_since(&list, 20).await, Vec::<String>::new());
    // Written again, it is new again.
    stage.put(&state_key("first", Some(uuid(1)))).await;
    assert_eq!(stage.list_since(&list, 20).await, ["first"]);
    assert_eq!(stage.list_since(&states(Some(uuid(1))), 20).await, ["first"]);
    assert_eq!(stage.list_since(&states(Some(uuid(2))), 20).await, Vec::<String>::new());
    for (key, list) in [
        (
            DocumentKey::ActivityProfile { activity: activity_id("x"), profile_id: "p".to_owned() },
            DocumentList::ActivityProfiles { activity: activity_id("x") },
        ),
        (
            DocumentKey::AgentProfile { agent: mailbox("x"), profile_id: "p".to_owned() },
            DocumentList::AgentProfiles { agent: mailbox("x") },
        ),
    ] {
        stage.put(&key).await;
        assert_eq!(stage.list_since(&list, 29).await, ["p"]);
        assert_eq!(stage.list_since(&list, 30).await, Vec::<String>::new());
    }
}

/// All documents of a place are removed at once, and none of another.
pub async fn all_documents_of_a_place_are_removed_at_once<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.put_many().await;
    let remove = async |list: &DocumentList| {
        stage.storage().remove_documents(stage.tenant, list).await.unwrap()
    };
    assert_eq!(remove(&states(Some(uuid(3)))).await, 0);
    assert_eq!(remove(&states(Some(uuid(1)))).await, 2);
    assert_eq!(stage.list(&states(None)).await, ["b", "c"]);
    assert_eq!(remove(&states(None)).await, 3);
    assert_eq!(stage.list(&states(None)).await, Vec::<String>::new());
    assert_eq!(remove(&states(None)).await, 0);
    for (list, name) in other_lists() {
        assert_eq!(stage.list(&list).await, [name], "a place beside was cleared too");
        assert_eq!(remove(&list).await, 1);
        assert_eq!(stage.list(&list).await, Vec::<String>::new());
    }
}

/// A full place accepts no further document, but existing ones can be replaced, and other
/// places are not affected.
pub async fn a_place_refuses_documents_over_its_limit<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    let always = Precondition::default();
    let write = async |key: &DocumentKey, content: &str| {
        let new = NewDocument { count_max: 2, ..document(content) };
        stage.storage().replace_document(stage.tenant, key, new, &always).await
    };
    let profile = |name: &str| DocumentKey::ActivityProfile {
        activity: activity_id("x"),
        profile_id: name.to_owned(),
    };
    let of_agent =
        |name: &str| DocumentKey::AgentProfile { agent: mailbox("x"), profile_id: name.to_owned() };
    let places: [&dyn Fn(&str) -> DocumentKey; 4] = [
        &|name| state_key(name, None),
        &|name| state_key(name, Some(uuid(1))),
        &profile,
        &of_agent,
    ];
    for key_of in places {
        assert_eq!(write(&key_of("a"), "1").await.unwrap(), DocumentWrite::Created);
        assert_eq!(write(&key_of("b"), "1").await.unwrap(), DocumentWrite::Created);
        let refused = write(&key_of("c"), "1").await;
        assert!(matches!(refused, Err(StorageError::TooMany { count_max: 2 })), "{refused:?}");
        assert_eq!(stage.document(&key_of("c")).await, None);
        assert_eq!(write(&key_of("b"), "2").await.unwrap(), DocumentWrite::Replaced);
        stage.storage().remove_document(stage.tenant, &key_of("a"), &always).await.unwrap();
        assert_eq!(write(&key_of("c"), "1").await.unwrap(), DocumentWrite::Created);
    }
}
