//! The view for people and tools: no statement breaks a query of it.

use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{ManualClock, SystemEntropy};
use acta_storage::{Directory, StatementStore};
use acta_storage_postgres::{Options, PostgresStorage};
use acta_storage_suite::fixture::{Draft, START, batch};
use acta_test_postgres::Database;

use crate::{Node, partitions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_has_every_statement_whatever_its_extensions_hold() {
    let database = Database::fresh();
    let clock = Arc::new(ManualClock::new(START));
    let options = Options::new(&database.url(), clock, Arc::new(SystemEntropy));
    let storage = PostgresStorage::open(&options).await.unwrap();
    // A value of an extension, and whether PostgreSQL can look into the statement.
    let table = [
        ("1", true),
        (r#"{"a":1,"a":2}"#, true),
        (r#""\ud83d\ude00""#, true),
        (r#""\uD83D\uDE00\ud83d\ude00""#, true),
        (r#""\u0000""#, false),
        (r#""\ud800""#, false),
        (r#""\uDFFF""#, false),
        (r#""\ud83d\ud83d\ude00""#, false),
        (r#""\ud83d\ude00\ude00""#, false),
        (r#"{"\ude00":"\ud83d"}"#, false),
    ];
    for (number, (value, _)) in (1..).zip(&table) {
        let result = format!(r#""result":{{"extensions":{{"urn:x:e":{value}}}}}"#);
        let draft = Draft::new(number).more(&result);
        storage.append(TenantId::FIRST, batch(&[&draft])).await.unwrap();
    }
    let columns = "verb IS NOT NULL AND statement -> 'result' IS NOT NULL AND text LIKE '{%'";
    let found =
        database.sql(&format!("SELECT {columns} FROM acta.statement_view ORDER BY sequence"));
    let expected = table.map(|(_, is_readable)| if is_readable { "t" } else { "f" });
    assert_eq!(found.lines().collect::<Vec<_>>(), expected);
    storage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_says_which_statements_of_a_tenant_are_voided() {
    for (database, migrate) in partitions::both() {
        let node = Node::open(database, Arc::new(ManualClock::new(START)), migrate).await;
        let other = node.storage.create_tenant("south", START).await.unwrap();
        let drafts = [
            Draft::new(1),
            Draft::new(2),
            Draft::voiding(3, 1),
            // A voiding statement cannot be voided.
            Draft::voiding(4, 3),
            // Its target comes later.
            Draft::voiding(5, 6),
            Draft::new(6),
        ];
        for draft in &drafts {
            node.storage.append(TenantId::FIRST, batch(&[draft])).await.unwrap();
        }
        node.storage.append(other, batch(&[&drafts[0]])).await.unwrap();
        let found = node.database.sql(
            "SELECT tenant_id, sequence, is_voided FROM acta.statement_view \
             ORDER BY tenant_id, sequence",
        );
        let expected = format!("1|1|t\n1|2|f\n1|3|f\n1|4|f\n1|5|f\n1|6|t\n{other}|1|f");
        assert_eq!(found, expected);
        node.storage.close().await;
    }
}
