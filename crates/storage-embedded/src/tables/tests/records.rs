//! Records and the audit: what an older file becomes, and what does not happen.

use acta_storage::directory::{CredentialSecret, Recorded};
use acta_storage::{
    AuditQuery, AuditStore, Change, Committed, Credential, RecordContent, RecordKind, RecordStore,
    RecordWrite,
};
use acta_storage_suite::auditing::told;
use acta_storage_suite::recording::{self, change};

use super::*;
use crate::tables::check::{TableSight, check_open};
use crate::tables::schema;

/// A file of the release before records, with these rows.
fn older(rows: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    let old = Connection::open(directory.path().join(FILE_NAME)).unwrap();
    schema::settle(&old).unwrap();
    old.execute_batch(include_str!("../migrations/0001_first.sql")).unwrap();
    old.execute_batch(include_str!("../migrations/0002_checksums.sql")).unwrap();
    old.execute_batch(rows).unwrap();
    old.execute_batch(
        "UPDATE tenants SET checksum = acta_sum('tenants', tenant_id, name, created);
         UPDATE credentials SET checksum =
             acta_sum('credentials', tenant_id, key, label, secret_mac, scopes, created);
         PRAGMA application_id = 0x61637461; PRAGMA user_version = 2;",
    )
    .unwrap();
    directory
}

fn open(directory: TempDir) -> Bench {
    Bench::open(directory, Arc::new(ManualClock::new(START)))
}

/// What a check comes upon, but for sound rows.
fn sights(connection: &Connection) -> Vec<TableSight> {
    schema::settle(connection).unwrap();
    let mut sights = Vec::new();
    check_open(connection, &mut |sight| {
        if sight != TableSight::Row {
            sights.push(sight);
        }
    })
    .unwrap();
    sights
}

/// Texts that JSON writes in a way of its own, and others.
const TEXTS: [&str; 6] = ["plain", "", "it's \"quoted\" \\ /", "ünï 🚀", "a\nb\t\u{1}\u{7f}", "{}"];

#[tokio::test]
async fn tenants_and_credentials_of_an_older_file_become_records() {
    let directory = older("");
    let old = Connection::open(directory.path().join(FILE_NAME)).unwrap();
    schema::settle(&old).unwrap();
    let (mut tenants, mut credentials) = (Vec::new(), Vec::new());
    for (index, text) in TEXTS.into_iter().enumerate() {
        let number = u32::try_from(index).unwrap() * 3 + 1;
        let created = -5 + i64::from(number);
        let sql = "INSERT INTO tenants VALUES (?1, ?2, ?3, acta_sum('tenants', ?1, ?2, ?3))";
        old.execute(sql, rusqlite::params![number, text, created]).unwrap();
        let created = Moment::from_unix_micros(created);
        tenants.push(Tenant::new(tenant(number), text, created));
        let mac: [u8; 32] = std::array::from_fn(|place| u8::try_from(place * 8 + index).unwrap());
        let secrets = vec![CredentialSecret { mac, created, expires: None }];
        let scopes = ["", "all", "state statements/write"][index % 3].parse().unwrap();
        let plain = credential(&format!("key {text}"), tenant(number), 0);
        let written = Credential { label: text.to_owned(), secrets, scopes, created, ..plain };
        let sql = "INSERT INTO credentials VALUES (?1, ?2, ?3, ?4, ?5, ?6, \
             acta_sum('credentials', ?1, ?2, ?3, ?4, ?5, ?6))";
        let Credential { key, label, scopes, .. } = &written;
        let scopes = scopes.to_string();
        let columns = rusqlite::params![number, key, label, mac, scopes, created.unix_micros()];
        old.execute(sql, columns).unwrap();
        credentials.push(written);
    }
    // The tenant with the greatest number is gone.
    old.execute("INSERT INTO tenants VALUES (40, 'gone', 0, 0)", []).unwrap();
    old.execute("DELETE FROM tenants WHERE tenant_id = 40", []).unwrap();
    drop(old);

    let bench = open(directory);
    assert_eq!(bench.tables.list_tenants().await.unwrap(), tenants);
    for written in credentials {
        let found = bench.tables.find_credential(&written.key).await.unwrap();
        assert_eq!(found.as_ref(), Some(&written));
        assert_eq!(bench.tables.list_credentials(written.tenant).await.unwrap(), [written]);
    }
    assert_eq!(bench.tables.create_tenant("next", START).await.unwrap(), tenant(41));
    assert_eq!(sights(&bench.connect()), []);
    let bench = bench.reopen();
    assert_eq!(bench.tables.create_tenant("after", START).await.unwrap(), tenant(42));
}

#[tokio::test]
async fn a_row_that_was_damaged_before_is_damaged_as_a_record() {
    let directory = older(
        "INSERT INTO tenants (name, created) VALUES ('one', 1), ('two', 1);
         INSERT INTO credentials VALUES (1, 'a', 'label', zeroblob(32), 'all', 2, 0);
         INSERT INTO credentials VALUES (1, 'b', 'label', zeroblob(32), 'all', 2, 0);",
    );
    let old = Connection::open(directory.path().join(FILE_NAME)).unwrap();
    assert_eq!(sights(&old), []);
    old.execute_batch(
        "UPDATE tenants SET name = 'other' WHERE tenant_id = 2;
         UPDATE credentials SET scopes = 'all/read' WHERE key = 'a';",
    )
    .unwrap();
    drop(old);
    let bench = open(directory);
    let damaged = |row: &str| TableSight::DamagedRow {
        table: "records",
        row: row.to_owned(),
        is_derived: false,
    };
    let expected = [damaged("tenant 0000000002"), damaged("credential a")];
    assert_eq!(sights(&bench.connect()), expected);
    let found = bench.tables.find_credential("a").await;
    assert!(matches!(found, Err(StorageError::Corrupt { .. })), "{found:?}");
    assert!(bench.tables.find_credential("b").await.unwrap().is_some());
}

#[tokio::test]
async fn tables_of_an_older_release_are_checked_as_they_are() {
    let directory = older(
        "INSERT INTO tenants (name, created) VALUES ('one', 1);
         INSERT INTO credentials VALUES (1, 'a', 'label', zeroblob(32), 'all', 2, 0);",
    );
    let old = Connection::open(directory.path().join(FILE_NAME)).unwrap();
    assert_eq!(sights(&old), []);
    old.execute("UPDATE credentials SET label = 'other'", []).unwrap();
    let row = "1".to_owned();
    let expected = TableSight::DamagedRow { table: "credentials", row, is_derived: false };
    assert_eq!(sights(&old), [expected]);
}

/// Changes the audit as somebody would who can write the file and computes checksums.
async fn check_forged(sql: &str, expected: &[&str]) {
    let bench = Bench::new();
    let chains = [None, Some(tenant(1)), Some(tenant(2))];
    let entries =
        chains.iter().flat_map(|chain| (1..=5).map(|number| (*chain, told(number)))).collect();
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
        .map(|what| TableSight::Damaged { file: FILE_NAME, what: (*what).into(), offset: None })
        .collect();
    assert_eq!(sights(&connection), expected, "{sql}");
}

#[tokio::test]
async fn a_chain_that_somebody_has_forged_is_noticed() {
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
        // A chain that ends early is a chain: only its head, kept elsewhere, tells.
        ("DELETE FROM audit WHERE tenant_id = 1 AND sequence = 5", &[]),
    ];
    for (sql, expected) in table {
        check_forged(sql, expected).await;
    }
}

#[tokio::test]
async fn an_entry_that_was_damaged_is_told_once() {
    let bench = Bench::new();
    let entries = (1..=3).map(|number| (None, told(number))).collect();
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
            let create = |kind, id| RecordWrite::create(kind, id, recording::content("{}"));
            let own = create(RecordKind::Session, format!("{number:03}"));
            let shared = create(RecordKind::Ticket, (number / 2).to_string());
            let entries = vec![(None, told(number + 1))];
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
    let told = bench.tables.list_audit(None, &AuditQuery::everything(1000)).await.unwrap();
    assert_eq!(told.len(), 100);
    assert_eq!(sights(&bench.connect()), []);
}

#[tokio::test]
async fn two_records_of_one_change_do_not_share_a_name() {
    let bench = Bench::new();
    let create = |kind, id| {
        let named = RecordContent { name: Some("ada".into()), ..recording::content("{}") };
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
    let content = RecordContent { expires: Some(START), ..recording::content("{}") };
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

/// The plan of a question, as SQLite tells it.
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
