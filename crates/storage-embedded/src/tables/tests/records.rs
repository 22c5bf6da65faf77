//! Records and the audit: what is noticed, and what does not happen.

use acta_storage::directory::Recorded;
use acta_storage::{
    AuditQuery, AuditStore, Change, Committed, RecordContent, RecordKind, RecordStore, RecordWrite,
};
use acta_storage_suite::audit::sample_entry;
use acta_storage_suite::records::{self, change};

use super::*;
use crate::tables::check::{TableSight, check_open};
use crate::tables::schema;

/// What a check comes upon, but for sound rows.
fn sights(connection: &Connection) -> Vec<TableSight> {
    schema::apply_pragmas(connection).unwrap();
    let mut sights = Vec::new();
    check_open(connection, &mut |sight| {
        if sight != TableSight::Row {
            sights.push(sight);
        }
    })
    .unwrap();
    sights
}

/// Changes the audit as somebody would who can write the file and computes checksums.
async fn check_forged(sql: &str, expected: &[&str]) {
    let bench = Bench::new();
    let chains = [None, Some(tenant(1)), Some(tenant(2))];
    let entries = chains
        .iter()
        .flat_map(|chain| (1..=5).map(|number| (*chain, sample_entry(number))))
        .collect();
    let change = Change { writes: Vec::new(), entries };
    assert_eq!(bench.tables.commit(&change).await.unwrap(), Committed::Done);
    let connection = bench.connect();
    assert_eq!(sights(&connection), []);
    connection.execute_batch(sql).unwrap();
    connection
        .execute_batch(
            "UPDATE audit SET checksum = acta_sum('audit', tenant_id, sequence, id, at, who, \
             origin, act, target, outcome, detail, hash)",
        )
        .unwrap();
    let expected: Vec<TableSight> = expected
        .iter()
        .map(|what| TableSight::Damaged { file: TABLES_NAME, what: (*what).into(), offset: None })
        .collect();
    assert_eq!(sights(&connection), expected, "{sql}");
}

#[tokio::test]
async fn a_forged_chain_is_noticed() {
    let table: [(&str, &[&str]); 7] = [
        (
            "UPDATE audit SET who = 'operator' WHERE tenant_id = 1 AND sequence = 3",
            &["the audit of tenant 1 is broken at entry 3"],
        ),
        (
            "DELETE FROM audit WHERE tenant_id = 2 AND sequence = 2",
            &["the audit of tenant 2 is broken at entry 3"],
        ),
        (
            "DELETE FROM audit WHERE tenant_id = 0 AND sequence = 1",
            &["the audit of the server is broken at entry 2"],
        ),
        (
            "UPDATE audit SET hash = zeroblob(32) WHERE tenant_id = 0 AND sequence = 4",
            &[
                "the audit of the server is broken at entry 4",
                "the audit of the server is broken at entry 5",
            ],
        ),
        (
            "DELETE FROM audit WHERE tenant_id = 1; \
             UPDATE audit SET tenant_id = 1 WHERE tenant_id = 2",
            &[
                "the audit of tenant 1 is broken at entry 1",
                "the audit of tenant 1 is broken at entry 2",
                "the audit of tenant 1 is broken at entry 3",
                "the audit of tenant 1 is broken at entry 4",
                "the audit of tenant 1 is broken at entry 5",
            ],
        ),
        ("UPDATE audit SET at = at WHERE tenant_id = 1", &[]),
        // A chain that ends early is a chain: only its head, kept elsewhere, shows it.
        ("DELETE FROM audit WHERE tenant_id = 1 AND sequence = 5", &[]),
    ];
    for (sql, expected) in table {
        check_forged(sql, expected).await;
    }
}

#[tokio::test]
async fn a_damaged_entry_is_reported_once() {
    let bench = Bench::new();
    let entries = (1..=3).map(|number| (None, sample_entry(number))).collect();
    bench.tables.commit(&Change { writes: Vec::new(), entries }).await.unwrap();
    let connection = bench.connect();
    connection.execute("UPDATE audit SET detail = '{}' WHERE sequence = 2", []).unwrap();
    let row = "0/2".to_owned();
    let expected = TableSight::DamagedRow { table: "audit", row, is_derived: false };
    assert_eq!(sights(&connection), [expected]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_does_not_happen_leaves_nothing_in_the_transaction_of_others() {
    let bench = Bench::new();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..200_u64 {
        let tables = Arc::clone(&bench.tables);
        writers.spawn(async move {
            // Of two, one comes too late for the second record, after it has made the first.
            let create = |kind, id| RecordWrite::create(kind, id, records::content("{}"));
            let own = create(RecordKind::Session, format!("{number:03}"));
            let shared = create(RecordKind::Ticket, (number / 2).to_string());
            let entries = vec![(None, sample_entry(number + 1))];
            tables.commit(&Change { writes: vec![own, shared], entries }).await.unwrap()
        });
    }
    let outcomes = writers.join_all().await;
    let done = outcomes.iter().filter(|outcome| **outcome == Committed::Done).count();
    let stale = outcomes.iter().filter(|outcome| **outcome == Committed::Stale(1)).count();
    assert_eq!((done, stale), (100, 100));
    let group = acta_storage::Group::Every;
    let made = bench.tables.list_records(RecordKind::Session, &group, None, 1000).await.unwrap();
    assert_eq!(made.len(), 100);
    let entries = bench.tables.list_audit(None, &AuditQuery::everything(1000)).await.unwrap();
    assert_eq!(entries.len(), 100);
    assert_eq!(sights(&bench.connect()), []);
}

#[tokio::test]
async fn two_records_of_one_change_do_not_share_a_name() {
    let bench = Bench::new();
    let create = |kind, id| {
        let named = RecordContent { name: Some("ada".into()), ..records::content("{}") };
        RecordWrite::create(kind, id, named)
    };
    let rivals = vec![create(RecordKind::Account, "1"), create(RecordKind::Account, "2")];
    let committed = bench.tables.commit(&change(rivals)).await.unwrap();
    assert_eq!(committed, Committed::NameTaken(1));
    assert_eq!(bench.tables.find_record(RecordKind::Account, "1").await.unwrap(), None);
    let others = vec![create(RecordKind::Account, "1"), create(RecordKind::Session, "2")];
    assert_eq!(bench.tables.commit(&change(others)).await.unwrap(), Committed::Done);
}

#[tokio::test]
async fn a_damaged_record_is_not_taken_for_an_expired_one() {
    let bench = Bench::new();
    let content = RecordContent { expires: Some(START), ..records::content("{}") };
    let create = |id| RecordWrite::create(RecordKind::Session, id, content.clone());
    let writes = vec![create("a"), create("b"), credential("key", tenant(1), 0).create()];
    bench.tables.commit(&change(writes)).await.unwrap();
    let damage = "UPDATE records SET expires = 1 WHERE id = 'key' OR id = 'a'";
    bench.connect().execute(damage, []).unwrap();
    let later = START.saturating_add(Duration::from_secs(1));
    assert_eq!(bench.tables.remove_expired(later, 100).await.unwrap(), 1);
    let left = bench.tables.find_record(RecordKind::Session, "a").await;
    assert!(matches!(left, Err(StorageError::Corrupt { .. })), "{left:?}");
    assert_eq!(bench.tables.find_record(RecordKind::Session, "b").await.unwrap(), None);
}

/// The plan of a question, as SQLite reports it.
fn plan(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut plan = String::new();
    while let Some(row) = rows.next().unwrap() {
        plan += &row.get::<_, String>("detail").unwrap();
    }
    plan
}

#[test]
fn groups_and_expired_records_are_found_by_their_indexes() {
    let bench = Bench::new();
    let list = "SELECT body FROM records WHERE kind = ?1 AND id > ?2";
    let order = "ORDER BY id LIMIT ?3";
    let table = [
        (format!("{list} AND ?4 IS NULL {order}"), "sqlite_autoindex_records_1 (kind=? AND id>?)"),
        (
            format!("{list} AND tenant_id = ?4 {order}"),
            "records_by_tenant (tenant_id=? AND kind=? AND id>?)",
        ),
        (
            format!("{list} AND owner = ?4 {order}"),
            "records_by_owner (kind=? AND owner=? AND id>?)",
        ),
        ("SELECT body FROM records WHERE kind = ?1 AND name = ?2".into(), "records_by_name"),
        (
            "SELECT rowid FROM records WHERE expires < ?1 ORDER BY expires LIMIT ?2".into(),
            "records_by_expiry (expires<?)",
        ),
    ];
    for (sql, expected) in table {
        let plan = plan(&bench.connect(), &sql);
        assert!(plan.contains(expected) && !plan.contains("TEMP"), "{sql}: {plan}");
    }
}
