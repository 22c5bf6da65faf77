//! The view for people and tools: no statement breaks a query of it.

use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{ManualClock, SystemEntropy};
use acta_storage::StatementStore;
use acta_storage_postgres::{Options, PostgresStorage};
use acta_storage_suite::fixture::{Draft, START, batch};
use acta_test_postgres::Database;

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
