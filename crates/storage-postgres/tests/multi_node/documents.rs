//! Documents that several nodes write at once.

use std::sync::Arc;
use std::time::Duration;

use acta_storage::{
    DocumentKey, DocumentList, DocumentStore, DocumentWrite, EtagMatch, NewDocument, Precondition,
    REMOVALS_MAX, Removal, RemovalScope, StorageError, TransferTarget,
};
use acta_storage_postgres::Options;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{START, activity_id, mailbox};
use acta_test_postgres::Database;
use tokio::task::JoinSet;

use crate::nodes::{Node, TENANT, close, open, open_three, options};

fn if_absent() -> Precondition {
    Precondition { if_match: None, if_none_match: Some(EtagMatch::Any) }
}

/// The states of Ada in the course, of every registration.
fn states() -> DocumentList {
    let (activity, agent) = (activity_id("course"), mailbox("ada"));
    DocumentList::States { activity, agent, registration: None }
}

/// A profile of the course: all of them are in one place.
fn profile(name: &str) -> DocumentKey {
    DocumentKey::ActivityProfile { activity: activity_id("course"), profile_id: name.to_owned() }
}

fn profiles() -> DocumentList {
    DocumentList::ActivityProfiles { activity: activity_id("course") }
}

async fn write(
    node: &Node,
    key: &DocumentKey,
    content: &str,
    precondition: &Precondition,
) -> Result<DocumentWrite, StorageError> {
    node.replace_document(TENANT, key, document(content), precondition).await
}

/// Every place counts exactly the documents that it has.
#[track_caller]
fn assert_counted(database: &Database) {
    let sql = "SELECT count(*) FROM acta.document_places p FULL JOIN \
         (SELECT tenant_id, place, registration, count(*) AS is FROM acta.documents \
         GROUP BY tenant_id, place, registration) d USING (tenant_id, place, registration) \
         WHERE document_count IS DISTINCT FROM d.is";
    assert_eq!(database.sql(sql), "0", "places that count wrongly");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_creators_wins() {
    let (database, nodes) = open_three().await;
    for round in 0..10 {
        let key = state_key(&format!("round {round}"), None);
        let mut creators = JoinSet::new();
        for creator in 0..9 {
            let (node, key) = (Arc::clone(&nodes[creator % 3]), key.clone());
            creators.spawn(async move {
                let content = format!("by {creator}");
                (write(&node, &key, &content, &if_absent()).await, content)
            });
        }
        let mut winners = Vec::new();
        for (answer, content) in creators.join_all().await {
            match answer {
                Ok(DocumentWrite::Created) => winners.push(content),
                Err(StorageError::PreconditionFailed) => {}
                other => panic!("unexpected: {other:?}"),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        for node in &nodes {
            let found = node.find_document(TENANT, &key).await.unwrap().unwrap();
            assert_eq!(found.content, winners[0]);
        }
    }
    assert_counted(&database);
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_unconditional_writer_creates_and_none_fails() {
    let (database, nodes) = open_three().await;
    for round in 0..10 {
        let key = state_key(&format!("round {round}"), None);
        let mut writers = JoinSet::new();
        for writer in 0..9 {
            let (node, key) = (Arc::clone(&nodes[writer % 3]), key.clone());
            let always = Precondition::default();
            writers
                .spawn(async move { write(&node, &key, &format!("by {writer}"), &always).await });
        }
        let answers: Vec<_> = writers.join_all().await.into_iter().map(Result::unwrap).collect();
        let created = answers.iter().filter(|answer| **answer == DocumentWrite::Created);
        assert_eq!(created.count(), 1, "round {round}: {answers:?}");
    }
    assert_counted(&database);
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_update_is_lost_between_nodes() {
    const UPDATE_COUNT: u64 = 25;
    let (database, nodes) = open_three().await;
    let key = state_key("tally", None);
    write(&nodes[0], &key, "0", &if_absent()).await.unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..6 {
        let (node, key) = (Arc::clone(&nodes[writer % 3]), key.clone());
        writers.spawn(async move {
            let mut done = 0;
            while done < UPDATE_COUNT {
                let current = node.find_document(TENANT, &key).await.unwrap().unwrap();
                let tally: u64 = std::str::from_utf8(&current.content).unwrap().parse().unwrap();
                let if_match = Some(EtagMatch::OneOf(vec![current.etag]));
                let precondition = Precondition { if_match, if_none_match: None };
                match write(&node, &key, &(tally + 1).to_string(), &precondition).await {
                    Ok(DocumentWrite::Replaced) => done += 1,
                    Err(StorageError::PreconditionFailed) => {}
                    other => panic!("unexpected: {other:?}"),
                }
            }
        });
    }
    writers.join_all().await;
    let tally = nodes[1].find_document(TENANT, &key).await.unwrap().unwrap().content;
    assert_eq!(tally, (6 * UPDATE_COUNT).to_string());
    assert_counted(&database);
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_respect_the_document_limit_of_a_place() {
    const COUNT_MAX: usize = 5;
    let (database, nodes) = open_three().await;
    for round in 0..5 {
        let mut creators = JoinSet::new();
        for creator in 0..15 {
            let node = Arc::clone(&nodes[creator % 3]);
            creators.spawn(async move {
                let new = NewDocument { count_max: COUNT_MAX, ..document("content") };
                let key = profile(&format!("profile {creator}"));
                node.replace_document(TENANT, &key, new, &Precondition::default()).await
            });
        }
        let mut created = 0;
        for answer in creators.join_all().await {
            match answer {
                Ok(DocumentWrite::Created) => created += 1,
                Err(StorageError::TooMany { count_max: COUNT_MAX }) => {}
                other => panic!("unexpected: {other:?}"),
            }
        }
        assert_eq!(created, COUNT_MAX, "round {round}");
        let names = nodes[0].list_documents(TENANT, &profiles(), None).await.unwrap();
        assert_eq!(names.names.len(), COUNT_MAX, "round {round}");
        assert_counted(&database);
        let removed = nodes[2].remove_documents(TENANT, &profiles()).await.unwrap();
        assert_eq!(removed, 5, "round {round}");
    }
    assert_eq!(database.sql("SELECT count(*) FROM acta.document_places"), "0");
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn document_counts_are_correct_under_concurrent_writes() {
    let (database, nodes) = open_three().await;
    let mut actors = JoinSet::new();
    for actor in 0..9_u128 {
        let node = Arc::clone(&nodes[usize::try_from(actor % 3).unwrap()]);
        actors.spawn(async move {
            let always = Precondition::default();
            for act in 0..40 {
                let number = actor * 31 + act * 7;
                let registration = Some(acta_storage_suite::fixture::uuid(number % 2));
                let key = state_key(&format!("state {}", number % 3), registration);
                match number % 5 {
                    0 if act % 4 == 0 => {
                        node.remove_documents(TENANT, &states()).await.unwrap();
                    }
                    0 | 1 => {
                        node.remove_document(TENANT, &key, &always).await.unwrap();
                    }
                    _ => {
                        write(&node, &key, "content", &always).await.unwrap();
                    }
                }
            }
        });
    }
    actors.join_all().await;
    assert_counted(&database);
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_transaction_removes_many_large_documents() {
    const COUNT: u64 = 9;
    let database = Database::fresh();
    let node = open(&database).await;
    for number in 0..COUNT {
        let key = profile(&format!("profile {number}"));
        write(&node, &key, "content", &Precondition::default()).await.unwrap();
    }
    // What is removed, and in which transaction; but one document cannot be removed.
    database.sql(
        "UPDATE acta.documents SET content = convert_to(repeat('a', 20 << 20), 'UTF8'); \
         CREATE TABLE removed (tx bigint, bytes bigint); \
         CREATE FUNCTION note_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF OLD.name = 'profile 3' THEN RETURN NULL; END IF; \
         INSERT INTO removed VALUES (txid_current(), octet_length(OLD.content)); RETURN OLD; \
         END $$; CREATE TRIGGER noting BEFORE DELETE ON acta.documents \
         FOR EACH ROW EXECUTE FUNCTION note_removed()",
    );
    assert_eq!(node.remove_documents(TENANT, &profiles()).await.unwrap(), COUNT - 1);
    assert_counted(&database);
    database.sql("DROP TRIGGER noting ON acta.documents");
    assert_eq!(node.remove_documents(TENANT, &profiles()).await.unwrap(), 1);
    assert_eq!(database.sql("SELECT count(*) FROM acta.document_places"), "0");
    let mebibytes = database.sql(
        "SELECT max(sum) >> 20 FROM \
         (SELECT sum(bytes)::bigint FROM removed GROUP BY tx) AS of_each",
    );
    assert_eq!(mebibytes, "60");
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_act_leaves_no_partial_change() {
    let database = Database::fresh();
    // A session that comes next gets the very connection.
    let one = Options { connections_max: 1, ..options(&database) };
    let node = Node::open(&one).await;
    let other = open(&database).await;
    for round in 0..60 {
        let key = profile(&format!("given up {round}"));
        let precondition = if_absent();
        let given_up = write(&node, &key, "content", &precondition);
        let wait = Duration::from_micros(40 * round);
        let answer = tokio::time::timeout(wait, given_up).await;
        if let Ok(answer) = answer {
            answer.unwrap();
        }
        let kept = profile(&format!("kept {round}"));
        let write = write(&node, &kept, "content", &Precondition::default()).await.unwrap();
        assert_eq!(write, DocumentWrite::Created);
        assert!(other.find_document(TENANT, &kept).await.unwrap().is_some(), "round {round}");
    }
    assert_counted(&database);
    node.close().await;
    other.close().await;
}

/// Writes documents at places of its own and removes them. No time of a list goes back.
async fn write_and_remove(node: Arc<Node>, actor: usize) {
    let always = Precondition::default();
    for round in 0..20 {
        let activity = activity_id(&format!("{actor}-{round}"));
        let list = DocumentList::ActivityProfiles { activity: activity.clone() };
        let key = DocumentKey::ActivityProfile { activity, profile_id: "p".to_owned() };
        write(&node, &key, "content", &always).await.unwrap();
        let written = node.find_document(TENANT, &key).await.unwrap().unwrap().updated;
        let removed = node.remove_document(TENANT, &key, &always).await.unwrap();
        assert_eq!(removed, DocumentWrite::Replaced);
        let listed = node.list_documents(TENANT, &list, None).await.unwrap();
        assert_eq!(listed.names, [""; 0]);
        assert!(Some(written) <= listed.updated, "{written} {listed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_remember_few_removals_and_no_time_goes_back() {
    let (database, nodes) = open_three().await;
    let known = (1_u64..).take(REMOVALS_MAX).map(|number| {
        let mut place = [1; 32];
        place[..8].copy_from_slice(&number.to_be_bytes());
        Removal { scope: RemovalScope { place, registration: String::new() }, removed: START }
    });
    nodes[0].import_removals(TENANT, known.collect()).await.unwrap();
    let mut actors = JoinSet::new();
    for actor in 0..9 {
        actors.spawn(write_and_remove(Arc::clone(&nodes[actor % 3]), actor));
    }
    actors.join_all().await;
    let known = format!("SELECT count(*) FROM acta.document_removals WHERE removed = '{START}'");
    assert_eq!(database.sql(&known), "0", "they were forgotten");
    assert_counted(&database);
    close(nodes).await;
}
