//! A tenant that is removed leaves no row behind.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::{SystemClock, SystemEntropy};
use acta_followers::Followers;
use acta_storage::{
    Batch, Change, CursorStore, Directory, DocumentStore, Precondition, Purged, RecordStore,
    StatementStore, Storage, StoredTile, TenantPurge, TilePlace, TileStore, Usage, UsageStore,
};
use acta_storage_postgres::{Migrate, Options, PostgresStorage};
use acta_storage_suite::attachments::{bytes_of_length, stage_content};
use acta_storage_suite::audit::sample_entry;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{Draft, START, activity, agent};
use acta_test_postgres::Database;
use acta_xapi::Sha2;

use crate::partitions;

/// More than one statement of SQL deletes.
const MANY: u128 = 2_100;

/// Something in every table of tenants.
async fn fill(storage: &Arc<PostgresStorage>, tenant: TenantId) {
    let port: &dyn Storage = &**storage;
    let mut attachments = Vec::new();
    for len in [1_000, 300_000] {
        let content = bytes_of_length(len);
        attachments.push(stage_content(port, tenant, &Sha2::sha256(&content), &content).await);
    }
    let named = agent("ada").replace('}', r#","name":"Ada"}"#);
    let defined = activity("x").replace('}', r#","definition":{"name":{"en":"X"}}}"#);
    let mut statements =
        vec![Draft::new(1).actor(named).object(defined).build(), Draft::voiding(2, 1).build()];
    statements.extend((3..MANY).map(|number| Draft::new(number).build()));
    storage.append(tenant, Batch { statements, attachments }).await.unwrap();
    let always = Precondition::default();
    for name in ["a", "removed"] {
        let key = state_key(name, None);
        storage.replace_document(tenant, &key, document("one"), &always).await.unwrap();
    }
    storage.remove_document(tenant, &state_key("removed", None), &always).await.unwrap();
    storage.save_cursor(tenant, "facts", "12").await.unwrap();
    let place = TilePlace { level: 0, index: 0 };
    storage.extend_tiles(tenant, 7, vec![StoredTile { place, hashes: vec![1; 32] }]).await.unwrap();
    storage.add_usage(tenant, 1, Usage { statement_count: 1, bytes: 1 }).await.unwrap();
    let change = Change { writes: Vec::new(), entries: vec![(Some(tenant), sample_entry(1))] };
    storage.commit(&change).await.unwrap();
}

/// How many rows each table of tenants has of a tenant.
fn counts(database: &Database, tenant: TenantId) -> Vec<(String, u64)> {
    let tables = database.sql(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
         WHERE c.relnamespace = 'acta'::regnamespace AND c.relkind IN ('r', 'p') \
         AND NOT c.relispartition AND a.attname = 'tenant_id' \
         AND c.relname NOT IN ('tenants', 'credentials', 'records') ORDER BY 1",
    );
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM acta.{table} WHERE tenant_id = {tenant}");
        (table.to_owned(), database.sql(&sql).parse().unwrap())
    };
    tables.lines().map(count).collect()
}

/// Waits until the follower has read everything, and has nothing under way.
async fn until_followed(database: &Database) {
    let followed = format!("SELECT count(*) FROM acta.followers WHERE sequence = {}", MANY - 1);
    while database.sql(&followed) != "2" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn check(database: &Database, migrate: Migrate) {
    let clock = Arc::new(SystemClock::new());
    let options = Options::new(&database.url(), clock, Arc::new(SystemEntropy));
    let storage = PostgresStorage::open(&Options { migrate, ..options }).await.unwrap();
    let port: Arc<dyn Storage> = Arc::<PostgresStorage>::clone(&storage);
    let followers = Followers::start(&port, Followers::built_in());
    let mut tenants = Vec::new();
    for name in ["north", "south"] {
        let tenant = storage.create_tenant(name, START).await.unwrap();
        fill(&storage, tenant).await;
        tenants.push(tenant);
    }
    let (north, south) = (tenants[0], tenants[1]);
    until_followed(database).await;
    let before = counts(database, south);
    // Nothing of content is on its way.
    let is_filled = |(table, count): &(String, u64)| table == "contents" || 0 < *count;
    assert!(before.iter().all(is_filled), "the test fills every table: {before:?}");
    // Content that was begun and given up goes as well.
    database.sql(&format!(
        "INSERT INTO acta.contents (tenant_id, content_id, begun, is_object, is_doomed) \
         SELECT {north}, gen_random_uuid(), now() + interval '1 hour', false, false \
         FROM generate_series(1, 150)"
    ));
    let purged = storage.purge_tenant(north).await.unwrap();
    assert_eq!(u128::from(purged.statement_count), MANY - 1);
    let left = counts(database, north);
    assert!(left.iter().all(|(_, count)| *count == 0), "{left:?}");
    assert_eq!(counts(database, south), before, "another tenant lost something");
    assert_eq!(storage.purge_tenant(north).await.unwrap(), Purged::default());
    followers.stop().await;
    storage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_is_removed_leaves_no_row_behind() {
    check(&Database::fresh(), Migrate::AtStart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_removed_from_partitioned_tables_leaves_no_row_behind() {
    check(&partitions::database(), Migrate::Never).await;
}
