//! A race that is lost although the tenant was locked.
//!
//! While a cluster moves a tenant to another machine, a lock there and one here exclude nothing. A
//! violated key of the statements shows that another node was faster.

use std::sync::Arc;
use std::time::Duration;

use acta_access::TenantId;
use acta_ambient::SystemClock;
use acta_storage::{StatementStore, StorageError};
use acta_storage_postgres::Migrate;
use acta_storage_suite::fixture::{Draft, batch};
use acta_test_postgres::Database;
use tokio::task::JoinSet;

use crate::{Node, partitions};

const TENANT: TenantId = TenantId::FIRST;

/// How often it is looked whether a session waits.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

async fn open((database, migrate): (Database, Migrate)) -> Node {
    Node::open(database, Arc::new(SystemClock::new()), migrate).await
}

/// Stores one statement. Returns how many were new.
async fn append(node: &Node, number: u128) -> Result<usize, StorageError> {
    let appended = node.storage.append(TENANT, batch(&[&Draft::new(number)])).await?;
    Ok(appended.new_count)
}

fn repeat_count(node: &Node) -> u64 {
    node.storage.statistics().database.repeat_count
}

/// From now on, the counter of the tenant names the sequence before the last one, as often as
/// `count` says.
fn forget_the_last(database: &Database, count: u32) {
    database.sql(&format!(
        "CREATE SEQUENCE forgotten; \
         CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF nextval('forgotten') <= {count} THEN \
         NEW.last_sequence := NEW.last_sequence - 1; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER forget BEFORE UPDATE ON acta.counters \
         FOR EACH ROW EXECUTE FUNCTION forget()"
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_whose_sequence_is_taken_gets_the_next() {
    for on in partitions::both() {
        let node = open(on).await;
        assert_eq!(append(&node, 1).await.unwrap(), 1);
        forget_the_last(&node.database, 2);
        assert_eq!(append(&node, 2).await.unwrap(), 1);
        assert_eq!(repeat_count(&node), 2, "the key was violated each time");
        let feed = node.storage.read_feed(TENANT, 0, usize::MAX).await.unwrap();
        let sequences: Vec<u64> = feed.iter().map(|one| one.sequence).collect();
        assert_eq!(sequences, [1, 2]);
        node.storage.close().await;
    }
}

/// A session that has stored the statements of the table `taken`, and has not committed them yet.
struct OtherNode {
    client: tokio_postgres::Client,
    _connection: JoinSet<Result<(), tokio_postgres::Error>>,
}

impl OtherNode {
    async fn store_taken(database: &Database) -> Self {
        let (client, connection) =
            tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
        let mut connections = JoinSet::new();
        connections.spawn(connection);
        let storing = "BEGIN; INSERT INTO acta.statements SELECT * FROM taken";
        client.batch_execute(storing).await.unwrap();
        Self { client, _connection: connections }
    }

    /// Commits once somebody waits for it.
    async fn commit_once_awaited(self, database: &Database) {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while database.sql(waiting) != "1" {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.client.batch_execute("COMMIT").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_another_node_stores_meanwhile_is_a_repeat() {
    for on in partitions::both() {
        let node = open(on).await;
        assert_eq!(append(&node, 1).await.unwrap(), 1);
        node.database.sql(
            "CREATE TABLE taken AS SELECT * FROM acta.statements; \
             UPDATE taken SET sequence = 5; DELETE FROM acta.statements; \
             UPDATE acta.counters SET last_sequence = 0",
        );
        let other = OtherNode::store_taken(&node.database).await;
        let committed = other.commit_once_awaited(&node.database);
        let (appended, ()) = tokio::join!(append(&node, 1), committed);
        assert_eq!(appended.unwrap(), 0, "it is stored already");
        assert_eq!(repeat_count(&node), 1);
        node.storage.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_violated_key_of_statements_is_a_lost_race() {
    // As a cluster names the keys of its shards.
    let table = [
        ("statements_pkey_102008", true),
        ("statements_tenant_id_id_key_102009", true),
        ("voids_pkey_102010", false),
    ];
    for (key, is_race) in table {
        let node = open((Database::fresh(), Migrate::AtStart)).await;
        node.database.sql(&format!(
            "CREATE SEQUENCE failures; \
             CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('failures') = 1 THEN RAISE unique_violation \
             USING MESSAGE = 'duplicate key', CONSTRAINT = '{key}'; END IF; \
             RETURN NULL; END $$; \
             CREATE TRIGGER fail AFTER INSERT ON acta.statements EXECUTE FUNCTION fail()"
        ));
        let answer = append(&node, 1).await;
        assert_eq!(answer.is_ok(), is_race, "{key}: {answer:?}");
        assert_eq!(repeat_count(&node), u64::from(is_race), "{key}");
        node.storage.close().await;
    }
}
