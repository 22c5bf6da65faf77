//! Rows that changed behind the store's back.

use acta_storage::directory::Recorded;
use acta_storage::model::CredentialRecords as _;
use acta_storage::{
    Advanced, AuditOutcome, AuditQuery, AuditStore, Change, Committed, EntityFact, EntityKind,
    FollowerName, FollowerStep, RecordContent, RecordKind, RecordStore, RecordWrite, StoreEffects,
    StoredTile, TilePlace, TileStore, Usage, UsageStore,
};
use acta_storage_suite::audit::sample_entry;
use acta_storage_suite::records;

use super::*;

/// A row in every table.
async fn fill_all(bench: &Bench) {
    write(bench, &state("a", None), "one").await;
    write(bench, &state("b", None), "two").await;
    write(bench, &state("removed", None), "three").await;
    let always = Precondition::default();
    bench.tables.remove_document(tenant(1), &state("removed", None), &always).await.unwrap();
    let named = RecordContent { name: Some("ada".into()), ..records::content("{}") };
    let writes = vec![
        credential("key", tenant(1), 5).create(),
        RecordWrite::create(RecordKind::Account, "a", named),
    ];
    let entries = vec![(Some(tenant(1)), sample_entry(1)), (Some(tenant(1)), sample_entry(2))];
    let committed = bench.tables.commit(&Change { writes, entries }).await.unwrap();
    assert_eq!(committed, Committed::Done);
    let usage = Usage { statement_count: 3, bytes: 500 };
    bench.tables.add_usage(tenant(1), 7, usage).await.unwrap();
    bench.tables.get_or_create_secret("a", [1; 32]).await.unwrap();
    bench.tables.save_cursor(tenant(1), "file", "12").await.unwrap();
    let place = TilePlace { level: 0, index: 7 };
    let tiles = vec![StoredTile { place, hashes: vec![1; 64] }];
    bench.tables.extend_tiles(tenant(1), 9, tiles).await.unwrap();
    let fact = |kind, subject: &str, text: &str| EntityFact {
        kind,
        subject: subject.into(),
        text: text.into(),
        sequence: 7,
        ordinal: 0,
    };
    let definition = r#"{"type":"http://example.org"}"#;
    let entity_facts = vec![
        fact(EntityKind::Activity, activity("course").as_str(), definition),
        fact(EntityKind::Person, &agent("ada").to_key(), "Ada"),
    ];
    let effects = StoreEffects { entity_facts };
    let step = FollowerStep { tenant: tenant(1), from: 0, to: 7, effects };
    let advanced = bench.tables.advance(FollowerName::ENTITIES, step).await.unwrap();
    assert_eq!(advanced, Advanced::Done);
}

/// An answer as text, or the place of damage.
type Answer = Result<String, String>;

fn answer_of<T: std::fmt::Debug>(answer: Result<T, StorageError>) -> Answer {
    match answer {
        Ok(answer) => Ok(format!("{answer:?}")),
        Err(StorageError::Corrupt { place }) => Err(place),
        Err(other) => panic!("{other:?}"),
    }
}

/// What all readers of rows answer.
async fn query_all(bench: &Bench) -> Vec<Answer> {
    let tables = &bench.tables;
    let mut answers = vec![
        answer_of(tables.find_document(tenant(1), &state("a", None)).await),
        answer_of(tables.find_document(tenant(1), &state("b", None)).await),
        answer_of(tables.list_documents(tenant(1), &states(None), None).await),
        answer_of(tables.list_tenants().await),
        answer_of(tables.find_credential("key").await),
        answer_of(tables.list_credentials(tenant(1)).await),
        answer_of(tables.get_or_create_secret("a", [9; 32]).await),
        answer_of(tables.find_cursor(tenant(1), "file").await),
        answer_of(tables.read_definitions(tenant(1), &[activity("course")]).await),
        answer_of(tables.read_person(tenant(1), &agent("ada")).await),
        answer_of(tables.read_positions()),
    ];
    answers.extend(query_administration(bench).await);
    let place = TilePlace { level: 0, index: 7 };
    answers.push(answer_of(tables.find_tiles(tenant(1), 9, &[place]).await));
    answers
}

async fn query_administration(bench: &Bench) -> [Answer; 5] {
    let tables = &bench.tables;
    let everything = AuditQuery::everything(9);
    // A damaged entry may have been one of these.
    let refused = AuditQuery { outcome: Some(AuditOutcome::Refused), ..everything.clone() };
    [
        answer_of(tables.list_audit(Some(tenant(1)), &everything).await),
        answer_of(tables.list_audit(Some(tenant(1)), &refused).await),
        answer_of(tables.audit_head(Some(tenant(1))).await),
        answer_of(tables.add_usage(tenant(1), 7, Usage::default()).await),
        answer_of(tables.find_record_by_name(RecordKind::Account, "ada").await),
    ]
}

#[tokio::test]
async fn a_row_that_changed_on_disk_is_named_and_not_given_out() {
    let table = [
        ("documents", "content_type = 'text/html'", &[0, 2][..]),
        ("documents", "etag = 'tag'", &[0, 2]),
        ("documents", "updated = updated + 1", &[0, 2]),
        ("documents", "content = x'00'", &[0]),
        ("documents", "checksum = checksum + 1", &[0, 2]),
        ("document_removals", "removed = removed + 1", &[2]),
        ("document_removals", "checksum = checksum + 1", &[2]),
        ("records", "body = '{\"name\":\"x\",\"created\":0}' WHERE kind = 'tenant'", &[3]),
        ("records", "version = 2 WHERE kind = 'credential'", &[4, 5]),
        ("records", "expires = 1 WHERE kind = 'credential'", &[4, 5]),
        ("records", "body = replace(body, 'Label', 'label') WHERE id = 'key'", &[4, 5]),
        ("records", "owner = 'bob' WHERE kind = 'account'", &[15]),
        ("records", "tenant_id = 1 WHERE kind = 'account'", &[15]),
        ("audit", "who = 'operator'", &[11, 12, 13]),
        ("audit", "detail = '{}' WHERE sequence = 1", &[11, 12]),
        ("audit", "outcome = 'refused' WHERE sequence = 2", &[11, 12, 13]),
        ("audit", "hash = zeroblob(32) WHERE sequence = 2", &[11, 12, 13]),
        ("usage", "statement_count = 4", &[14]),
        ("usage", "bytes = 0", &[14]),
        ("secrets", "value = zeroblob(32)", &[6]),
        ("cursors", "value = '13'", &[7]),
        ("definitions", "definition = '{}'", &[8]),
        ("person_names", "name = 'Adam'", &[9]),
        ("person_names", "ordinal = 3", &[9]),
        ("followers", "sequence = 6", &[8, 9, 10]),
        ("tiles", "hashes = zeroblob(64)", &[16]),
    ];
    for (name, change, hit) in table {
        let bench = Bench::new();
        fill_all(&bench).await;
        let before = query_all(&bench).await;
        let condition = if name == "documents" { "WHERE name = 'a'" } else { "" };
        let sql = format!("UPDATE {name} SET {change} {condition}");
        bench.connect().execute_batch(&sql).unwrap();
        check_answers(name, &sql, &before, &query_all(&bench).await, hit);
    }
}

/// The answers that were hit name the damage, and the others are as before.
fn check_answers(table: &str, change: &str, before: &[Answer], now: &[Answer], hit: &[usize]) {
    for (index, (now, before)) in now.iter().zip(before).enumerate() {
        if !hit.contains(&index) {
            assert_eq!(now, before, "{change}, answer {index}");
            continue;
        }
        let place = now.as_ref().unwrap_err();
        let expected = format!("tables.sqlite: table {table}, row ");
        assert!(place.starts_with(&expected), "{change}: {place}");
    }
}

#[tokio::test]
async fn a_damaged_tile_is_replaced_when_it_is_written_again() {
    for damage in ["hashes = zeroblob(64)", "hashes = zeroblob(128)", "checksum = 0"] {
        let bench = Bench::new();
        fill_all(&bench).await;
        bench.connect().execute_batch(&format!("UPDATE tiles SET {damage}")).unwrap();
        let place = TilePlace { level: 0, index: 7 };
        let tiles = vec![StoredTile { place, hashes: vec![1; 32] }];
        bench.tables.extend_tiles(tenant(1), 9, tiles).await.unwrap();
        let found = bench.tables.find_tiles(tenant(1), 9, &[place]).await.unwrap();
        assert_eq!(found, [Some(vec![1; 32])], "{damage}");
    }
}

#[tokio::test]
async fn a_damaged_row_refuses_its_own_writes_and_no_others() {
    let bench = Bench::new();
    fill_all(&bench).await;
    let damage = "UPDATE documents SET etag = 'tag' WHERE name = 'a'";
    bench.connect().execute_batch(damage).unwrap();
    let (key, none) = (state("a", None), Precondition::default());
    let wrote = bench.tables.replace_document(tenant(1), &key, document("x"), &none).await;
    assert!(matches!(wrote, Err(StorageError::Corrupt { .. })), "{wrote:?}");
    assert_eq!(write(&bench, &state("b", None), "three").await, DocumentWrite::Replaced);
    assert_eq!(text(&bench, tenant(1), &state("b", None)).await.as_deref(), Some("three"));
    // All documents of a place can be given up.
    assert_eq!(bench.tables.remove_documents(tenant(1), &states(None)).await.unwrap(), 2);
    assert_eq!(write(&bench, &state("a", None), "x").await, DocumentWrite::Created);
}

#[tokio::test]
async fn a_document_that_one_index_has_lost_is_not_taken_for_absent() {
    let bench = Bench::new();
    fill_all(&bench).await;
    // As if the place were another one's in the index that is read first.
    bench.connect().execute_batch("UPDATE documents SET kind = 'agent-profile'").unwrap();
    let found = bench.tables.find_document(tenant(1), &state("a", None)).await;
    assert!(matches!(found, Err(StorageError::Corrupt { .. })), "{found:?}");
    let listed = bench.tables.list_documents(tenant(1), &states(None), None).await;
    assert!(matches!(listed, Err(StorageError::Corrupt { .. })), "{listed:?}");
    let (key, none) = (state("a", None), Precondition::default());
    let wrote = bench.tables.replace_document(tenant(1), &key, document("new"), &none).await;
    assert!(matches!(wrote, Err(StorageError::Corrupt { .. })), "{wrote:?}");
    let removed = bench.tables.remove_documents(tenant(1), &states(None)).await;
    assert!(matches!(removed, Err(StorageError::Corrupt { .. })), "{removed:?}");
    assert_eq!(text(&bench, tenant(1), &state("c", None)).await, None);
}
