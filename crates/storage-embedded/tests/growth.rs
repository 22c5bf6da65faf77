//! A store that grows: its dictionary, its segments, and many writers at once.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::path::Path;
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{ManualClock, SystemEntropy};
use acta_storage::{Batch, EntityStore, StatementStore};
use acta_storage_embedded::{EmbeddedStorage, LostTables, OpenError, Options, SystemDisk};
use acta_storage_suite::fixture::{Draft, START};
use tempfile::TempDir;
use tokio::task::JoinSet;

const TENANT: TenantId = TenantId::FIRST;

fn options(directory: &Path) -> Options {
    Options {
        directory: directory.to_path_buf(),
        clock: Arc::new(ManualClock::new(START)),
        entropy: Arc::new(SystemEntropy),
        disk: Arc::new(SystemDisk),
        segment_bytes: Options::SEGMENT_BYTES,
        run_entries: 500,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 0,
        reserve_bytes: 0,
        on_progress: None,
    }
}

/// Statements that have much in common, and something of their own.
fn draft(number: u128) -> Draft {
    let choices = " one choice of many, and another one".repeat(6);
    let definition = format!(
        r#"{{"type":"http://adlnet.gov/expapi/activities/question","name":{{"en":"Question {}"}},"description":{{"en":"Which of these is right?{choices}"}}}}"#,
        number % 17,
    );
    let object = format!(
        r#"{{"id":"https://example.org/questions/{}","definition":{definition}}}"#,
        number % 17
    );
    let response = number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let outcome = format!(r#""result":{{"response":"{response:032x}","success":true}}"#);
    Draft::new(number).object(object).more(&outcome)
}

async fn append(storage: &EmbeddedStorage, numbers: std::ops::Range<u128>) {
    let statements = numbers.map(|number| draft(number).build()).collect();
    storage.append(TENANT, Batch { statements, attachments: Vec::new() }).await.unwrap();
}

async fn append_each(storage: Arc<EmbeddedStorage>, numbers: std::ops::Range<u128>) {
    for number in numbers {
        append(&storage, number..number + 1).await;
    }
}

async fn check_texts(storage: &EmbeddedStorage, count: u64) {
    let feed = storage.read_feed(TENANT, 0, usize::MAX).await.unwrap();
    assert_eq!(feed.len() as u64, count);
    for (number, statement) in (1..).zip(feed) {
        assert_eq!(statement.text, draft(number).complete(statement.stored));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dictionary_of_the_stores_own_makes_later_statements_smaller() {
    let directory = TempDir::new().unwrap();
    let open = || {
        let options = Options { dictionary_samples: 300, ..options(directory.path()) };
        EmbeddedStorage::open(&options).unwrap()
    };
    // The samples are those of both runs.
    let storage = open();
    append(&storage, 1..201).await;
    let before = storage.statistics();
    assert_eq!(before.segment_count, 1);
    drop(storage);
    let storage = open();
    append(&storage, 201..301).await;
    let mut next = 301;
    while storage.statistics().segment_count < 2 {
        append(&storage, next..next + 1).await;
        next += 1;
    }
    // Its segment begins with it, so only what follows counts.
    let trained = storage.statistics();
    append(&storage, next..next + 200).await;
    let after = storage.statistics().log_bytes - trained.log_bytes;
    assert!(after * 10 < before.log_bytes * 8, "{after} bytes, {} before", before.log_bytes);
    next += 200;
    check_texts(&storage, u64::try_from(next - 1).unwrap()).await;
    drop(storage);
    // It is there from the first write on after a restart, and not trained again.
    let storage = open();
    let reopened = storage.statistics();
    append(&storage, next..next + 200).await;
    let again = storage.statistics().log_bytes - reopened.log_bytes;
    assert!(again * 10 < before.log_bytes * 8, "{again} bytes, {} before", before.log_bytes);
    assert_eq!(storage.statistics().segment_count, 2);
    check_texts(&storage, u64::try_from(next + 199).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_an_end_without_closing() {
    let directory = TempDir::new().unwrap();
    let options = Options { segment_bytes: 16 << 10, ..options(directory.path()) };
    let mut count = 0;
    for _ in 0..4 {
        let storage = EmbeddedStorage::open(&options).unwrap();
        assert_eq!(storage.count_statements(TENANT).await.unwrap(), count);
        let mut writers = JoinSet::new();
        for writer in 0..8_u128 {
            let storage = Arc::clone(&storage);
            let first = u128::from(count) + 1 + writer * 20;
            writers.spawn(append_each(storage, first..first + 20));
        }
        writers.join_all().await;
        count += 160;
        assert!(storage.statistics().segment_count > 3);
    }
    let storage = EmbeddedStorage::open(&options).unwrap();
    let feed = storage.read_feed(TENANT, 0, usize::MAX).await.unwrap();
    assert!((1..=count).eq(feed.iter().map(|statement| statement.sequence)));
    assert!(feed.is_sorted_by_key(|statement| statement.stored));
    let mut numbers = acta_storage_suite::fixture::numbers(&feed);
    numbers.sort_unstable();
    assert!((1..=u128::from(count)).eq(numbers));
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_extracted_again_after_the_tables_were_lost() {
    let directory = TempDir::new().unwrap();
    let options = Options { segment_bytes: 16 << 10, ..options(directory.path()) };
    let storage = EmbeddedStorage::open(&options).unwrap();
    for first in (1..400).step_by(50) {
        append(&storage, first..first + 50).await;
    }
    let activity = "https://example.org/questions/3".parse().unwrap();
    let known = storage.find_definition(TENANT, &activity).await.unwrap();
    assert!(known.as_ref().is_some_and(|definition| definition.contains("Question 3")));
    drop(storage);
    for name in ["tables.sqlite", "tables.sqlite-wal", "tables.sqlite-shm"] {
        let _ = std::fs::remove_file(directory.path().join(name));
    }
    // Documents and credentials are gone, which must not go unnoticed.
    let refused = EmbeddedStorage::open(&options);
    assert!(matches!(refused, Err(OpenError::NoTables { .. })), "{refused:?}");
    std::fs::write(directory.path().join("tables.sqlite"), b"").unwrap();
    let refused = EmbeddedStorage::reindex(&options, LostTables::Refuse).await;
    assert!(matches!(refused, Err(OpenError::NoTables { .. })), "{refused:?}");
    let reindexed = EmbeddedStorage::reindex(&options, LostTables::MakeEmpty).await.unwrap();
    assert_eq!(reindexed.statement_count, 400);
    let storage = EmbeddedStorage::open(&options).unwrap();
    assert_eq!(storage.find_definition(TENANT, &activity).await.unwrap(), known);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_index_is_made_again() {
    let directory = TempDir::new().unwrap();
    let options = options(directory.path());
    let storage = EmbeddedStorage::open(&options).unwrap();
    append(&storage, 1..1201).await;
    storage.close().unwrap();
    drop(storage);
    std::fs::remove_dir_all(directory.path().join("index")).unwrap();
    let storage = EmbeddedStorage::open(&options).unwrap();
    check_texts(&storage, 1200).await;
    let page = acta_storage_suite::fixture::everything();
    let page = acta_storage::StatementQuery { count_max: 2000, ..page };
    assert_eq!(storage.query_statements(TENANT, &page).await.unwrap().statements.len(), 1200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_to_a_damaged_statement_is_stored() {
    let directory = TempDir::new().unwrap();
    let open = || EmbeddedStorage::open(&options(directory.path())).unwrap();
    let storage = open();
    append_each(Arc::clone(&storage), 1..21).await;
    storage.close().unwrap();
    drop(storage);
    // A byte in the record of statement 3.
    let path = directory.path().join("log/00000001.log");
    let mut bytes = std::fs::read(&path).unwrap();
    let id = acta_storage_suite::fixture::uuid(3).as_u128().to_be_bytes();
    let at = bytes.windows(16).position(|window| window == id).unwrap();
    bytes[at + 70] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let storage = open();
    let reference =
        Batch { statements: vec![Draft::referring(40, 3).build()], attachments: vec![] };
    storage.append(TENANT, reference).await.unwrap();
    append(&storage, 50..51).await;
    drop(storage);
    let storage = open();
    for number in [40, 50] {
        let found = storage.find_statement(TENANT, acta_storage_suite::fixture::id(number)).await;
        assert!(found.unwrap().is_some(), "statement {number}");
    }
    let damaged = storage.find_statement(TENANT, acta_storage_suite::fixture::id(3)).await;
    assert!(matches!(damaged, Err(acta_storage::StorageError::Corrupt { .. })), "{damaged:?}");
}
