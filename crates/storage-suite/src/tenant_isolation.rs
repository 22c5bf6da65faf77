//! What belongs to one tenant is never seen by another.

use acta_access::TenantId;
use acta_storage::{Batch, DocumentList, DocumentWrite, Precondition, StatementQuery};
use acta_xapi::Sha2;
use bytes::Bytes;

use super::EngineUnderTest;
use super::attachments::{content_of, stage_content};
use super::documents::{document, state_key};
use super::fixture::{
    Draft, Stage, activity_id, agent, batch, everything, id, mailbox, numbers, verb,
};

pub mod purge;

/// A stage and a second tenant of its store.
async fn open_two<E: EngineUnderTest>() -> (Stage<E>, TenantId) {
    let stage = Stage::<E>::open().await;
    let other = stage.create_tenant("south").await;
    (stage, other)
}

/// The same id may be used for different content, and each finds its own.
pub async fn tenants_may_use_the_same_id<E: EngineUnderTest>() {
    let (stage, other) = open_two::<E>().await;
    let storage = stage.storage();
    stage.append(&[&Draft::new(1).verb("passed"), &Draft::new(2)]).await;
    let failed = Draft::new(1).verb("failed");
    assert_eq!(storage.append(other, batch(&[&failed])).await.unwrap().new_count, 1);
    let theirs = storage.find_statement(other, id(1)).await.unwrap().unwrap();
    assert!(theirs.text.contains("verbs/failed"));
    assert_eq!(theirs.sequence, 1, "each tenant counts for itself");
    assert!(stage.find(1).await.text.contains("verbs/passed"));
    assert_eq!(storage.find_statement(other, id(2)).await.unwrap(), None);
}

/// Queries, feeds and counts stay within the tenant.
pub async fn queries_feeds_and_counts_are_separate_by_tenant<E: EngineUnderTest>() {
    let (stage, other) = open_two::<E>().await;
    let storage = stage.storage();
    for number in 1..=10 {
        let tenant = if number % 2 == 0 { other } else { stage.tenant };
        storage.append(tenant, batch(&[&Draft::new(number)])).await.unwrap();
    }
    let table = [(stage.tenant, [1, 3, 5, 7, 9]), (other, [2, 4, 6, 8, 10])];
    for (tenant, expected) in table {
        let feed = storage.read_feed(tenant, 0, 100).await.unwrap();
        assert_eq!(numbers(&feed), expected);
        let sequences: Vec<u64> = feed.iter().map(|entry| entry.sequence).collect();
        assert_eq!(sequences, [1, 2, 3, 4, 5]);
        assert_eq!(storage.count_statements(tenant).await.unwrap(), 5);
        let ascending = StatementQuery { order: acta_storage::Order::Ascending, ..everything() };
        let by_verb = StatementQuery { verb: Some(verb("completed")), ..ascending.clone() };
        for query in [ascending, by_verb] {
            let page = storage.query_statements(tenant, &query).await.unwrap();
            assert_eq!(numbers(&page.statements), expected);
            let first = StatementQuery { count_max: 2, ..query.clone() };
            let first = storage.query_statements(tenant, &first).await.unwrap();
            let rest = StatementQuery { after: first.next, ..query };
            let rest = storage.query_statements(tenant, &rest).await.unwrap();
            assert_eq!(numbers(&rest.statements), expected[2..]);
        }
    }
}

/// A tenant that has stored nothing finds nothing.
pub async fn a_new_tenant_is_empty<E: EngineUnderTest>() {
    let stage = Stage::<E>::open().await;
    stage.append(&[&Draft::new(1)]).await;
    let storage = stage.storage();
    let other = stage.create_tenant("south").await;
    assert_eq!(storage.count_statements(other).await.unwrap(), 0);
    assert_eq!(storage.read_feed(other, 0, 10).await.unwrap(), []);
    assert_eq!(storage.query_statements(other, &everything()).await.unwrap().statements, []);
    assert_eq!(
        storage.consistent_through(other).await.unwrap(),
        storage.consistent_through(stage.tenant).await.unwrap(),
        "it is now for every tenant"
    );
}

/// Voiding and references do not cross from one tenant to another.
pub async fn voiding_and_references_stay_within_a_tenant<E: EngineUnderTest>() {
    let (stage, other) = open_two::<E>().await;
    let storage = stage.storage();
    stage.append(&[&Draft::new(1).verb("passed")]).await;
    let theirs = [Draft::voiding(2, 1), Draft::referring(3, 1)];
    storage.append(other, batch(&theirs.each_ref())).await.unwrap();
    assert!(!stage.find(1).await.is_voided);
    let passed = StatementQuery { verb: Some(verb("passed")), ..everything() };
    assert_eq!(stage.numbers(&passed).await, [1]);
    let page = storage.query_statements(other, &passed).await.unwrap();
    assert_eq!(numbers(&page.statements), []);
    // Once they have such a statement themselves, it is theirs that is voided.
    storage.append(other, batch(&[&Draft::new(1).verb("passed")])).await.unwrap();
    assert!(storage.find_statement(other, id(1)).await.unwrap().unwrap().is_voided);
    assert!(!stage.find(1).await.is_voided);
    let page = storage.query_statements(other, &passed).await.unwrap();
    assert_eq!(numbers(&page.statements), [3, 2]);
}

/// A hash finds no content of another tenant.
pub async fn attachments_are_separate_by_tenant<E: EngineUnderTest>() {
    let (stage, other) = open_two::<E>().await;
    let storage = stage.storage();
    let content = Bytes::from_static(b"only for the north");
    let sha2 = Sha2::sha256(&content);
    let staged = stage_content(&*storage, stage.tenant, &sha2, &content).await;
    let statements = vec![Draft::new(1).build()];
    storage.append(stage.tenant, Batch { statements, attachments: vec![staged] }).await.unwrap();
    assert_eq!(content_of(&*storage, stage.tenant, &sha2).await, Some(content.clone()));
    assert_eq!(content_of(&*storage, other, &sha2).await, None);
    let staged = stage_content(&*storage, other, &sha2, &content).await;
    let statements = vec![Draft::new(1).build()];
    storage.append(other, Batch { statements, attachments: vec![staged] }).await.unwrap();
    assert_eq!(content_of(&*storage, other, &sha2).await, Some(content));
}

/// Documents of the same name are different documents.
pub async fn documents_are_separate_by_tenant<E: EngineUnderTest>() {
    let (stage, other) = open_two::<E>().await;
    let storage = stage.storage();
    let key = state_key("bookmark", None);
    let always = Precondition::default();
    let write = async |tenant, content: &str| {
        storage.replace_document(tenant, &key, document(content), &always).await.unwrap()
    };
    assert_eq!(write(stage.tenant, "north").await, DocumentWrite::Created);
    assert_eq!(storage.find_document(other, &key).await.unwrap(), None);
    let list = DocumentList::States {
        activity: activity_id("course"),
        agent: mailbox("ada"),
        registration: None,
    };
    assert_eq!(
        storage.list_documents(other, &list, None).await.unwrap().names,
        Vec::<String>::new()
    );
    assert_eq!(write(other, "south").await, DocumentWrite::Created);
    assert_eq!(storage.remove_documents(other, &list).await.unwrap(), 1);
    let found = storage.find_document(stage.tenant, &key).await.unwrap().unwrap();
    assert_eq!(found.content, "north");
    let gone = storage.remove_document(other, &key, &always).await.unwrap();
    assert_eq!(gone, DocumentWrite::Nothing);
    assert!(storage.find_document(stage.tenant, &key).await.unwrap().is_some());
}

/// Facts about activities and persons are visible to their tenant only.
pub async fn definitions_and_persons_are_separate_by_tenant<E: EngineUnderTest>() {
    let (stage, other) = open_two::<E>().await;
    let storage = stage.storage();
    let named = agent("ada").replace('}', r#","name":"Ada"}"#);
    let defined = format!(
        r#"{{"id":"{}","definition":{{"name":{{"en":"Course"}}}}}}"#,
        activity_id("course").as_str()
    );
    stage.append(&[&Draft::new(1).actor(named).object(defined)]).await;
    let course = activity_id("course");
    let ada = mailbox("ada");
    assert!(storage.find_definition(stage.tenant, &course).await.unwrap().is_some());
    assert_eq!(storage.find_definition(other, &course).await.unwrap(), None);
    assert_eq!(storage.find_person(stage.tenant, &ada).await.unwrap().names, ["Ada"]);
    assert_eq!(storage.find_person(other, &ada).await.unwrap().names, Vec::<String>::new());
}

/// Cursors of the same name are different cursors.
pub async fn cursors_are_separate_by_tenant<E: EngineUnderTest>() {
    let (stage, other) = open_two::<E>().await;
    let storage = stage.storage();
    storage.save_cursor(stage.tenant, "facts", "12").await.unwrap();
    assert_eq!(storage.find_cursor(other, "facts").await.unwrap(), None);
    storage.save_cursor(other, "facts", "7").await.unwrap();
    let found = storage.find_cursor(stage.tenant, "facts").await.unwrap();
    assert_eq!(found.as_deref(), Some("12"));
}

/// Conflicts are found within a tenant only.
pub async fn conflicts_are_found_within_a_tenant<E: EngineUnderTest>() {
    let (stage, other) = open_two::<E>().await;
    let storage = stage.storage();
    stage.append(&[&Draft::new(1)]).await;
    storage.append(other, batch(&[&Draft::new(1).verb("failed")])).await.unwrap();
    assert_eq!(stage.append(&[&Draft::new(1)]).await.new_count, 0);
    assert!(stage.try_append(&[&Draft::new(1).verb("failed")]).await.is_err());
    let refused = storage.append(other, batch(&[&Draft::new(1)])).await;
    assert!(refused.is_err());
    assert_eq!(storage.count_statements(stage.tenant).await.unwrap(), 1);
    assert_eq!(storage.count_statements(other).await.unwrap(), 1);
}
