//! Activities and persons that several nodes tell of and ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acta_storage::{EntityStore, StatementStore};
use acta_storage_suite::fixture::{Draft, activity_id, agent, batch, mailbox};
use acta_test_postgres::{Cluster, Database, SHARED_SETTINGS};
use acta_xapi::{ParseLimits, merge_definitions, parse_statement};
use tokio::task::JoinSet;

use crate::nodes::{Node, TENANT, close, open, open_three, until};

/// Who has the lease while nobody follows.
const OTHER_NODE: &str = "00000000-0000-4000-8000-000000000001";

/// "Ada, who is called so, completed the activity, which is called so."
fn naming(number: u128, activity: &str, name: &str) -> Draft {
    let object = format!(
        r#"{{"id":"{}","definition":{{"name":{{"en":"{name}"}},"extensions":{{"http://example.org/{}":{number}}}}}}}"#,
        activity_id(activity).as_str(),
        number % 5,
    );
    let actor = agent(activity).replace('}', &format!(r#","name":"{name}"}}"#));
    Draft::new(number).object(object).actor(actor)
}

async fn append(node: &Node, drafts: &[Draft]) {
    let drafts: Vec<&Draft> = drafts.iter().collect();
    node.append(TENANT, batch(&drafts)).await.unwrap();
}

/// What all statements tell of an activity and of the person called like it.
async fn expected(node: &Node, activity: &str) -> (Option<String>, Vec<String>) {
    let (mut definition, mut names) = (None, Vec::<String>::new());
    for entry in node.read_feed(TENANT, 0, usize::MAX).await.unwrap() {
        let statement =
            parse_statement(entry.text.as_bytes(), entry.version, &ParseLimits::STORED).unwrap();
        for (id, told) in statement.definitions() {
            if *id == activity_id(activity) {
                definition = Some(merge_definitions(definition.as_deref(), told));
            }
        }
        for (ifi, name) in statement.named_actors() {
            if *ifi == mailbox(activity) {
                names.retain(|known| known != name);
                names.push(name.to_owned());
            }
        }
    }
    (definition, names)
}

async fn found(node: &Node, activity: &str) -> (Option<String>, Vec<String>) {
    let definition = node.find_definition(TENANT, &activity_id(activity)).await.unwrap();
    let names = node.find_person(TENANT, &mailbox(activity)).await.unwrap().names;
    (definition, names)
}

fn has_caught_up(database: &Database) -> bool {
    let sql = "SELECT count(*) FROM acta.counters c LEFT JOIN acta.followers f \
         ON f.tenant_id = c.tenant_id AND f.name = 'entities' \
         WHERE coalesce(f.sequence, 0) <> c.last_sequence";
    database.sql(sql) == "0"
}

/// Lets nobody follow.
fn take_lease(database: &Database) {
    database.sql(&format!(
        "INSERT INTO acta.leases VALUES ('entities', '{OTHER_NODE}', now() + interval '1 hour') \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires"
    ));
}

/// A node that cannot follow, because another process does.
async fn open_alone() -> (Database, Arc<Node>) {
    let database = Database::fresh();
    open(&database).await.close().await;
    take_lease(&database);
    let node = open(&database).await;
    (database, node)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_sees_what_another_node_has_just_acknowledged() {
    let (_database, nodes) = open_three().await;
    let (mut definition, mut names) = (None, Vec::new());
    for number in 1..=60 {
        let name = format!("Name {number}");
        let draft = naming(number, "course", &name);
        let index = usize::try_from(number).unwrap();
        append(&nodes[index % 3], std::slice::from_ref(&draft)).await;
        let told = draft.build();
        let (_, told) = told.statement.definitions()[0];
        definition = Some(merge_definitions(definition.as_deref(), told));
        names.push(name);
        let found = found(&nodes[(index + 1) % 3], "course").await;
        assert_eq!(found, (definition.clone(), names.clone()), "after {number}");
    }
    close(nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entities_are_complete_while_leadership_changes() {
    const WRITER_COUNT: u128 = 3;
    const BATCH_COUNT: u128 = 30;
    let (database, nodes) = open_three().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut usurper = JoinSet::new();
    usurper.spawn(steal_lease(database.url(), Arc::clone(&is_over), nodes.clone()));
    let mut writers = JoinSet::new();
    for writer in 0..WRITER_COUNT {
        let nodes = nodes.clone();
        writers.spawn(async move {
            let index = usize::try_from(writer).unwrap();
            let own = format!("own-{writer}");
            let mut names = Vec::new();
            for round in 0..BATCH_COUNT {
                let base = (writer * BATCH_COUNT + round) * 100;
                let name = format!("Name {}", round % 7);
                let drafts: Vec<Draft> = (1..=20)
                    .map(|number| naming(base + number, "shared", &format!("Name {number}")))
                    .chain([naming(base + 21, &own, &name)])
                    .collect();
                append(&nodes[index], &drafts).await;
                names.retain(|known| *known != name);
                names.push(name);
                let (_, found) = found(&nodes[(index + 1) % 3], &own).await;
                assert_eq!(found, names, "writer {writer}, round {round}");
            }
        });
    }
    writers.join_all().await;
    is_over.store(true, Ordering::SeqCst);
    assert_eq!(usurper.join_all().await, [true], "two nodes led at the same time at least once");
    until("the follower has caught up", || has_caught_up(&database)).await;
    for activity in ["shared", "own-0", "own-1", "own-2"] {
        let expected = expected(&nodes[0], activity).await;
        assert!(expected.0.is_some());
        assert_eq!(found(&nodes[1], activity).await, expected, "{activity}");
    }
    close(nodes).await;
}

/// Takes the lease away from its holder, again and again, so that one node leads while
/// another believes to. Returns whether that was seen.
async fn steal_lease(url: String, is_over: Arc<AtomicBool>, nodes: [Arc<Node>; 3]) -> bool {
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let mut has_seen_two = false;
    while !(is_over.load(Ordering::SeqCst) && has_seen_two) {
        client.batch_execute("DELETE FROM acta.leases").await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        has_seen_two |= 2 <= nodes.iter().filter(|node| node.leads()).count();
    }
    has_seen_two
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_does_the_work_of_a_missing_follower() {
    let (database, node) = open_alone().await;
    for round in 0..12 {
        let drafts: Vec<Draft> = (1..=500)
            .map(|number| naming(round * 500 + number, "course", &format!("Name {}", number % 9)))
            .collect();
        append(&node, &drafts).await;
    }
    assert_eq!(found(&node, "course").await, expected(&node, "course").await);
    let reached: u64 =
        database.sql("SELECT sequence FROM acta.followers").parse().unwrap_or_default();
    assert!((4_000..6_000).contains(&reached), "as much as needed: {reached}");
    assert!(!node.leads());
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_follower_writes_the_facts_that_a_read_adds() {
    let (database, node) = open_alone().await;
    let drafts: Vec<Draft> =
        (1..=300).map(|number| naming(number, "course", &format!("N{}", number % 4))).collect();
    append(&node, &drafts).await;
    let read = found(&node, "course").await;
    assert_eq!(database.sql("SELECT count(*) FROM acta.followers"), "0");
    database.sql("DELETE FROM acta.leases");
    until("the follower has caught up", || has_caught_up(&database)).await;
    assert_eq!(found(&node, "course").await, read);
    let names = "SELECT string_agg(convert_from(name, 'UTF8'), ',' \
         ORDER BY last_sequence, last_ordinal) FROM acta.person_names";
    assert_eq!(database.sql(names), read.1.join(","));
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_fact_is_not_written_again() {
    let database = Database::fresh();
    let node = open(&database).await;
    let same = |number| {
        let one = naming(1, "course", "Name");
        Draft { number, ..one }
    };
    append(&node, &[same(1)]).await;
    until("the follower has caught up", || has_caught_up(&database)).await;
    let written = "SELECT d.xmin, p.xmin FROM acta.definitions d, acta.person_names p";
    let before = database.sql(written);
    for number in 2..=5 {
        append(&node, &[same(number)]).await;
        until("the follower has caught up", || has_caught_up(&database)).await;
    }
    assert_eq!(database.sql(written), before);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unparsable_statement_adds_no_facts_and_stops_no_follower() {
    let (database, node) = open_alone().await;
    for number in 1..=3 {
        append(&node, &[naming(number, "course", &format!("Name {number}"))]).await;
    }
    database.sql("UPDATE acta.statements SET statement = '{}' WHERE sequence = 2");
    assert_eq!(found(&node, "course").await.1, ["Name 1", "Name 3"]);
    database.sql("DELETE FROM acta.leases");
    until("the follower has caught up", || has_caught_up(&database)).await;
    assert_eq!(found(&node, "course").await.1, ["Name 1", "Name 3"]);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_entities_are_rebuilt() {
    let database = Database::fresh();
    let node = open(&database).await;
    let drafts: Vec<Draft> =
        (1..=50).map(|number| naming(number, "course", &format!("N{}", number % 4))).collect();
    append(&node, &drafts).await;
    until("the follower has caught up", || has_caught_up(&database)).await;
    let before = found(&node, "course").await;
    database.sql(
        "BEGIN; DELETE FROM acta.followers; DELETE FROM acta.definitions; \
         DELETE FROM acta.person_names; COMMIT",
    );
    assert_eq!(found(&node, "course").await, before);
    until("the follower has caught up", || has_caught_up(&database)).await;
    assert_eq!(found(&node, "course").await, before);
    assert_eq!(database.sql("SELECT count(*) FROM acta.person_names"), "4");
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_follower_and_writers_do_not_wait_for_each_other() {
    let database = Database::fresh();
    let node = open(&database).await;
    append(&node, &[naming(1, "course", "One")]).await;
    until("the follower has caught up", || has_caught_up(&database)).await;
    let (mut client, connection) =
        tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let following = client.transaction().await.unwrap();
    following.batch_execute("SELECT FROM acta.followers FOR UPDATE").await.unwrap();
    append(&node, &[naming(2, "course", "Two")]).await;
    assert_eq!(found(&node, "course").await.1, ["One", "Two"]);
    following.rollback().await.unwrap();
    take_lease(&database);
    let appending = client.transaction().await.unwrap();
    appending.batch_execute("SELECT FROM acta.counters FOR UPDATE").await.unwrap();
    database.sql("DELETE FROM acta.leases");
    until("the follower has caught up", || has_caught_up(&database)).await;
    assert_eq!(found(&node, "course").await.1, ["One", "Two"]);
    appending.rollback().await.unwrap();
    node.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_follower_goes_on_after_the_database_was_away() {
    let mut cluster = Cluster::running(SHARED_SETTINGS);
    let database = Database::fresh_on(cluster.superuser());
    let node = open(&database).await;
    append(&node, &[naming(1, "course", "One")]).await;
    until("the follower has caught up", || has_caught_up(&database)).await;
    cluster.kill();
    until("the node has noticed", || !node.statistics().database.is_reachable).await;
    cluster.start();
    append(&node, &[naming(2, "course", "Two")]).await;
    until("the follower has caught up", || has_caught_up(&database)).await;
    assert_eq!(found(&node, "course").await.1, ["One", "Two"]);
    node.close().await;
}
