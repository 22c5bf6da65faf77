//! A tenant is removed from every file of a store.

#![expect(clippy::unwrap_used, reason = "a test says that it failed by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{ManualClock, SystemEntropy};
use acta_storage::{
    AttachmentStore, Batch, CursorStore, Directory, DocumentStore, Precondition, Purged,
    StatementStore, StorageError, StoredStatement, TenantPurge,
};
use acta_storage_embedded::{
    Backup, EmbeddedStorage, LostTables, Options, Restore, SystemDisk, Verified, VerifyOptions,
    verify,
};
use acta_storage_suite::attachments::stage_content;
use acta_storage_suite::documents::{document, state_key};
use acta_storage_suite::fixture::{Draft, START, activity_id, batch, id};
use acta_xapi::Sha2;
use bytes::Bytes;
use tempfile::TempDir;

/// The tenant that stays.
const KEPT: TenantId = TenantId::FIRST;

/// Stands in everything that the other tenant owns, and nowhere else.
const MARKER: &str = "zebra-crossing";

/// Statements of each tenant.
const COUNT: u32 = 600;

/// Where a store is, and where its copies are put.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn options(&self) -> Options {
        options(&self.data())
    }

    fn open(&self) -> Arc<EmbeddedStorage> {
        EmbeddedStorage::open(&self.options()).unwrap()
    }

    fn back_up(&self) {
        Backup {
            data: &self.data(),
            to: &self.0.path().join("backup"),
            disk: &SystemDisk,
            taken: START,
            program: "test",
            on_progress: &|_| {},
        }
        .run()
        .unwrap();
    }
}

fn options(directory: &Path) -> Options {
    Options {
        directory: directory.to_path_buf(),
        clock: Arc::new(ManualClock::new(START)),
        entropy: Arc::new(SystemEntropy),
        disk: Arc::new(SystemDisk),
        segment_bytes: 64 << 10,
        run_entries: 100,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 100,
        reserve_bytes: 0,
        on_progress: None,
    }
}

/// A statement in which `mark` stands in many places.
fn draft(number: u128, mark: &str) -> Draft {
    let name = format!("{mark} is the name of course {}", number % 7);
    let course = format!(
        r#"{{"id":"{}","definition":{{"name":{{"en":"{name}"}}}}}}"#,
        activity_id(&format!("{mark}-{}", number % 7)).as_str()
    );
    let actor = format!(r#"{{"name":"{mark} person","mbox":"mailto:{mark}@example.org"}}"#);
    Draft::new(number).actor(actor).object(course)
}

async fn append(storage: &EmbeddedStorage, tenant: TenantId, draft: &Draft) {
    storage.append(tenant, batch(&[draft])).await.unwrap();
}

/// Fills a store with two tenants whose statements take turns. Returns the one that will go.
async fn fill(storage: &EmbeddedStorage) -> TenantId {
    let gone = storage.create_tenant("other", START).await.unwrap();
    for number in 1..=u128::from(COUNT) {
        append(storage, KEPT, &draft(number, "kept")).await;
        append(storage, gone, &draft(1_000_000 + number, MARKER)).await;
    }
    let always = Precondition::default();
    for number in 0..60 {
        let long = format!("{MARKER} {number} ").repeat(1 + number * 7 % 90);
        let key = state_key(&format!("{MARKER}-{number}"), None);
        storage.replace_document(gone, &key, document(&long), &always).await.unwrap();
        let key = state_key(&format!("kept-{number}"), None);
        storage.replace_document(KEPT, &key, document("kept"), &always).await.unwrap();
        if number % 3 == 0 {
            // What is gone already leaves its bytes behind too.
            let key = state_key(&format!("{MARKER}-{number}"), None);
            storage.remove_document(gone, &key, &always).await.unwrap();
        }
    }
    storage.save_cursor(gone, MARKER, MARKER).await.unwrap();
    let content = Bytes::from(format!("content of {MARKER}").repeat(50));
    let sha2 = Sha2::sha256(&content);
    let staged = stage_content(storage, gone, &sha2, &content).await;
    let named = format!(
        r#""attachments":[{{"usageType":"http://example.org/file","display":{{"en":"file"}},"contentType":"text/plain","length":{},"sha2":"{}"}}]"#,
        content.len(),
        sha2.as_str()
    );
    let statements = vec![draft(1_000_000, MARKER).more(&named).build()];
    storage.append(gone, Batch { statements, attachments: vec![staged] }).await.unwrap();
    gone
}

/// All files below a directory, with their content.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// The files in which the marker stands, or the id of one of the marked statements: as bytes
/// in the order of the log or of SQLite, or as digits.
fn marked_files(directory: &Path) -> Vec<String> {
    let mut needles = vec![MARKER.as_bytes().to_vec()];
    for number in [1, 2, COUNT / 2, COUNT] {
        let id = id(1_000_000 + u128::from(number));
        needles.push(id.0.as_u128().to_be_bytes().to_vec());
        needles.push(id.to_string().into_bytes());
    }
    let has = |bytes: &[u8]| {
        needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle))
    };
    let marked = files(directory).into_iter().filter(|(_, bytes)| has(bytes));
    let name = |path: &Path| path.strip_prefix(directory).unwrap().display().to_string();
    marked.map(|(path, _)| name(&path)).collect()
}

fn verified(home: &Home) -> Verified {
    let scratch = TempDir::new().unwrap();
    let options = VerifyOptions {
        directory: home.data(),
        disk: Arc::new(SystemDisk),
        scratch: scratch.path().to_path_buf(),
        scratch_disk: Arc::new(SystemDisk),
        on_progress: None,
    };
    verify(&options).unwrap()
}

/// Checks that a store that is not open is whole, and has so many statements.
fn check_sound(home: &Home, count: u32) {
    let verified = verified(home);
    assert!(verified.findings.is_empty(), "{:#?}", verified.findings);
    assert_eq!(verified.statement_count, u64::from(count));
}

async fn feed(storage: &EmbeddedStorage, tenant: TenantId) -> Vec<StoredStatement> {
    storage.read_feed(tenant, 0, usize::MAX).await.unwrap()
}

/// The versions in the headers of the segments.
fn segment_revisions(home: &Home) -> Vec<u8> {
    let log = files(&home.data().join("log"));
    let is_segment = |path: &Path| path.extension().is_some_and(|it| it == "log");
    log.iter().filter(|(path, _)| is_segment(path)).map(|(_, bytes)| bytes[56]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_tenant_is_in_any_file() {
    let home = Home::new();
    let storage = home.open();
    let gone = fill(&storage).await;
    storage.close().unwrap();
    drop(storage);
    let before = marked_files(&home.data());
    for part in ["log/", "index/", "attachments/", "tables.sqlite"] {
        assert!(before.iter().any(|file| file.starts_with(part)), "no marker in {part}");
    }
    assert!(segment_revisions(&home).iter().all(|revision| *revision == 0));
    check_sound(&home, 2 * COUNT + 1);

    let storage = home.open();
    let expected = feed(&storage, KEPT).await;
    let purged = storage.purge_tenant(gone).await.unwrap();
    let expected_purged =
        Purged { statement_count: u64::from(COUNT) + 1, attachment_count: 1, document_count: 40 };
    assert_eq!(purged, expected_purged);
    assert_eq!(marked_files(&home.data()), Vec::<String>::new(), "while the store is open");
    assert_eq!(feed(&storage, KEPT).await, expected);
    storage.close().unwrap();
    drop(storage);
    assert_eq!(marked_files(&home.data()), Vec::<String>::new());
    check_sound(&home, COUNT);
    let revisions = segment_revisions(&home);
    assert!(revisions.contains(&1), "a rewritten segment has a revision: {revisions:?}");
    assert_eq!(revisions.last(), Some(&0), "what grows never was");
    let storage = home.open();
    assert_eq!(feed(&storage, KEPT).await, expected);
    assert_eq!(feed(&storage, gone).await, []);
}

/// The dictionary in the bytes of a segment.
fn dictionary_of(segment: &[u8]) -> Vec<u8> {
    let len = u32::from_le_bytes(segment[48..52].try_into().unwrap());
    segment[60..60 + len as usize].to_vec()
}

fn dictionaries(home: &Home) -> Vec<Vec<u8>> {
    let log = files(&home.data().join("log"));
    let segments = log.values().filter(|bytes| bytes.starts_with(b"ACTALOG"));
    segments.map(|segment| dictionary_of(segment)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dictionary_with_parts_of_the_tenant_is_replaced() {
    let home = Home::new();
    let storage = home.open();
    let gone = fill(&storage).await;
    let late = storage.create_tenant("late", START).await.unwrap();
    for number in 0..50 {
        append(&storage, late, &draft(2_000_000 + number, "giraffe")).await;
    }
    let has_marker =
        |bytes: &Vec<u8>| bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes());
    let before = dictionaries(&home);
    assert!(before.iter().any(has_marker), "the dictionary was made of the tenant's too");

    // One that came after the dictionary was made has no part in it.
    storage.purge_tenant(late).await.unwrap();
    let kept: Vec<_> = dictionaries(&home).into_iter().filter(|it| !it.is_empty()).collect();
    assert!(kept.iter().all(|dictionary| Some(dictionary) == before.last()), "it stays");

    storage.purge_tenant(gone).await.unwrap();
    let after = dictionaries(&home);
    assert!(!after.iter().any(has_marker));
    assert!(after.iter().any(|dictionary| !dictionary.is_empty()), "another one is made");
    for number in 1..100 {
        append(&storage, KEPT, &draft(u128::from(COUNT) + number, "kept")).await;
    }
    storage.close().unwrap();
    drop(storage);
    check_sound(&home, COUNT + 99);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dictionary_in_the_making_is_made_without_the_tenant() {
    let home = Home::new();
    let storage = home.open();
    let gone = storage.create_tenant("other", START).await.unwrap();
    for number in 1..=45 {
        append(&storage, KEPT, &draft(number, "kept")).await;
        append(&storage, gone, &draft(1_000_000 + number, MARKER)).await;
    }
    storage.purge_tenant(gone).await.unwrap();
    for number in 46..=300 {
        append(&storage, KEPT, &draft(number, "kept")).await;
    }
    storage.close().unwrap();
    drop(storage);
    assert_eq!(marked_files(&home.data()), Vec::<String>::new());
    let storage = home.open();
    for number in 301..=500 {
        append(&storage, KEPT, &draft(number, "kept")).await;
    }
    storage.close().unwrap();
    drop(storage);
    assert_eq!(marked_files(&home.data()), Vec::<String>::new());
    check_sound(&home, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_after_the_removal_has_nothing_of_the_tenant() {
    let home = Home::new();
    let storage = home.open();
    let gone = fill(&storage).await;
    home.back_up();
    let backup = home.0.path().join("backup");
    assert!(!marked_files(&backup).is_empty(), "it keeps what it has until the next one");
    storage.purge_tenant(gone).await.unwrap();
    append(&storage, KEPT, &draft(u128::from(COUNT) + 1, "kept")).await;
    home.back_up();
    assert_eq!(marked_files(&backup), Vec::<String>::new());
    // Nothing has changed: only the tables are copied.
    home.back_up();
    let expected = feed(&storage, KEPT).await;
    drop(storage);
    fs::remove_dir_all(home.data()).unwrap();
    let restore = Restore { from: &backup, disk: &SystemDisk, on_progress: &|_| {} };
    restore.run(&home.data()).unwrap();
    check_sound_but_for_index(&home, COUNT + 1);
    let storage = home.open();
    assert_eq!(feed(&storage, KEPT).await, expected);
    assert_eq!(feed(&storage, gone).await, []);
}

/// As [`check_sound`], of a store without an index yet.
fn check_sound_but_for_index(home: &Home, count: u32) {
    let verified = verified(home);
    assert!(verified.is_sound(), "{:#?}", verified.findings);
    assert_eq!(verified.statement_count, u64::from(count));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_with_gaps_is_reindexed() {
    let home = Home::new();
    let storage = home.open();
    let gone = fill(&storage).await;
    storage.purge_tenant(gone).await.unwrap();
    let expected = feed(&storage, KEPT).await;
    storage.close().unwrap();
    drop(storage);
    EmbeddedStorage::reindex(&home.options(), LostTables::Refuse).await.unwrap();
    check_sound(&home, COUNT);
    assert_eq!(marked_files(&home.data()), Vec::<String>::new());
    let storage = home.open();
    assert_eq!(feed(&storage, KEPT).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_tenant_may_not_write() {
    let home = Home::new();
    let storage = home.open();
    let gone = storage.create_tenant("other", START).await.unwrap();
    append(&storage, gone, &draft(1, MARKER)).await;
    let content = Bytes::from_static(MARKER.as_bytes());
    let sha2 = Sha2::sha256(&content);
    let staged = stage_content(&*storage, gone, &sha2, &content).await;
    storage.purge_tenant(gone).await.unwrap();
    let statements = vec![draft(2, MARKER).build()];
    let appended = storage.append(gone, Batch { statements, attachments: vec![staged] }).await;
    assert!(matches!(appended, Err(StorageError::Io { .. })), "{appended:?}");
    assert!(storage.stage_attachment(gone, sha2).await.is_err());
    assert!(storage.save_cursor(gone, "facts", MARKER).await.is_err());
    let (key, always) = (state_key("a", None), Precondition::default());
    let written = storage.replace_document(gone, &key, document(MARKER), &always).await;
    assert!(written.is_err());
    append(&storage, KEPT, &draft(3, "kept")).await;
    assert_eq!(marked_files(&home.data()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_an_interrupted_removal_are_reported_and_removed() {
    let home = Home::new();
    let storage = home.open();
    fill(&storage).await;
    let expected = feed(&storage, KEPT).await;
    storage.close().unwrap();
    drop(storage);
    let left = ["log/00000001.purged", "purging/run-0000000000-0000000100.idx"];
    fs::create_dir_all(home.data().join("purging")).unwrap();
    for file in left {
        fs::write(home.data().join(file), "half of it").unwrap();
    }
    let findings = verified(&home);
    assert!(findings.is_sound());
    assert!(findings.findings.iter().any(|it| it.file == left[0]), "{:?}", findings.findings);
    let storage = home.open();
    assert_eq!(feed(&storage, KEPT).await, expected);
    for file in left {
        assert!(!home.data().join(file).exists());
    }
}
