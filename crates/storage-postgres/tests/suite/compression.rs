//! How PostgreSQL compresses what is long.

use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::ManualClock;
use acta_storage::{
    Advanced, EntityFact, EntityKind, Feed, FollowerName, FollowerStep, StatementStore,
    StoreEffects,
};
use acta_storage_postgres::Migrate;
use acta_storage_suite::fixture::{Draft, START, activity_id, batch};
use acta_test_postgres::Database;

use crate::Node;

/// A step of the follower that stores the definition of an activity.
fn defining(definition: &str) -> FollowerStep {
    let fact = EntityFact {
        kind: EntityKind::Activity,
        subject: activity_id("course").as_str().into(),
        text: definition.into(),
        sequence: 1,
        ordinal: 0,
    };
    let effects = StoreEffects { entity_facts: vec![fact] };
    FollowerStep { tenant: TenantId::FIRST, from: 0, to: 1, effects }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_statements_and_definitions_are_compressed_by_the_fast_method() {
    let clock = Arc::new(ManualClock::new(START));
    let node = Node::open(Database::fresh(), clock, Migrate::AtStart).await;
    let description = "Learners describe what they have seen. ".repeat(250);
    let definition = format!(r#"{{"description":{{"en":"{description}"}}}}"#);
    let id = activity_id("course");
    let object = format!(r#"{{"id":"{}","definition":{definition}}}"#, id.as_str());
    let draft = Draft::new(1).object(object);
    node.storage.append(TenantId::FIRST, batch(&[&draft])).await.unwrap();
    let advanced = node.storage.advance(FollowerName::ENTITIES, defining(&definition)).await;
    assert_eq!(advanced.unwrap(), Advanced::Done);
    let methods = "SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'";
    let method = if node.database.sql(methods).contains("lz4") { "lz4" } else { "pglz" };
    for (table, column) in [("statements", "statement"), ("definitions", "definition")] {
        let used = format!("SELECT pg_column_compression({column}) FROM acta.{table}");
        assert_eq!(node.database.sql(&used), method, "{table}");
    }
    node.storage.close().await;
}
