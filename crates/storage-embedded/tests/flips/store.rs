//! A small store that has everything, in directories that cost no disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use acta_access::TenantId;
use acta_ambient::{Entropy, ManualClock};
use acta_storage::directory::Recorded;
use acta_storage::{
    Batch, Change, Committed, CursorStore, Directory, DocumentKey, DocumentStore, Etag,
    NewDocument, Precondition, RecordStore, SecretStore, StatementStore, Usage, UsageStore,
};
use acta_storage_embedded::{
    Disk, EmbeddedStorage, Options, ReadOnlyDisk, ScratchDisk, SystemDisk, Verified, VerifyOptions,
    verify,
};
use acta_storage_suite::attachments::{bytes_of_length, stage_content};
use acta_storage_suite::audit::sample_entry;
use acta_storage_suite::directory::credential;
use acta_storage_suite::fixture::{Draft, START, activity_id, mailbox, new_statement, uuid};
use acta_xapi::{Sha2, Version};
use bytes::Bytes;
use tempfile::TempDir;

/// The content of two attachments.
pub(crate) fn contents() -> [Bytes; 2] {
    [Bytes::from_static(b"a certificate"), bytes_of_length(300)]
}

/// How many statements the first tenant has; the second has a third of it.
pub(crate) const COUNT: u128 = 36;

/// Numbers that are the same in each run of the test.
#[derive(Debug, Default)]
struct SameEntropy(AtomicU64);

impl Entropy for SameEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            *byte = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0];
        }
    }
}

/// A directory in memory, where the system has such.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

pub(crate) fn options(directory: &Path) -> Options {
    Options {
        directory: directory.to_path_buf(),
        clock: Arc::new(ManualClock::new(START)),
        entropy: Arc::new(SameEntropy::default()),
        // Nothing here needs to survive a loss of power.
        disk: Arc::new(ScratchDisk),
        segment_bytes: 4000,
        run_entries: 6,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 0,
        reserve_bytes: 0,
        on_progress: None,
    }
}

/// Verifies the store in a directory.
pub(crate) fn verified(directory: &Path) -> Result<Verified, String> {
    let room = scratch();
    let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
    let options = VerifyOptions {
        directory: directory.to_path_buf(),
        disk: Arc::new(ReadOnlyDisk(disk)),
        scratch: room.path().to_path_buf(),
        scratch_disk: Arc::new(ScratchDisk),
        on_progress: None,
    };
    verify(&options).map_err(|error| error.to_string())
}

/// Statements of every kind: with definitions, names, contexts, groups; referring to ones
/// before and after them, in circles, to nothing; voiding before and after.
fn draft(number: u128) -> Draft {
    match number % 12 {
        1 => Draft::referring(number, number + 7),
        3 => Draft::referring(number, number.saturating_sub(2)),
        5 => Draft::voiding(number, number - 1),
        7 => Draft::voiding(number, number + 2),
        8 => Draft::new(number).context(&format!(
            r#"{{"registration":"{}","contextActivities":{{"parent":[{{"id":"http://example.org/activities/parent"}}]}}}}"#,
            uuid(number % 3)
        )),
        9 => Draft::new(number).actor(acta_storage_suite::fixture::group(&["ada", "bob"])),
        10 => Draft::new(number).object(format!(
            r#"{{"id":"http://example.org/activities/a{}","definition":{{"name":{{"en":"Activity {number}"}}}}}}"#,
            number % 4
        )),
        11 => Draft::new(number)
            .actor(r#"{"mbox":"mailto:ada@example.org","name":"Ada"}"#.replace("Ada", if number % 24 == 11 { "Ada L." } else { "Ada" })),
        _ => Draft::new(number).verb(if number.is_multiple_of(2) { "completed" } else { "tried" }),
    }
}

/// A statement with both attachments.
fn attached(number: u128) -> String {
    let attachments: Vec<String> = contents()
        .iter()
        .map(|content| {
            format!(
                r#"{{"usageType":"http://example.org/usage","display":{{"en":"it"}},"contentType":"text/plain","length":{},"sha2":"{}"}}"#,
                content.len(),
                Sha2::sha256(content).as_str()
            )
        })
        .collect();
    Draft::new(number).more(&format!(r#""attachments":[{}]"#, attachments.join(","))).text()
}

pub(crate) fn document_keys() -> Vec<DocumentKey> {
    let (activity, agent) = (activity_id("course"), mailbox("ada"));
    let state = |name: &str, registration| DocumentKey::State {
        activity: activity.clone(),
        agent: agent.clone(),
        registration,
        state_id: name.to_owned(),
    };
    vec![
        state("bookmark", None),
        state("progress", Some(uuid(1))),
        DocumentKey::ActivityProfile { activity: activity.clone(), profile_id: "about".into() },
        DocumentKey::AgentProfile { agent, profile_id: "likes".into() },
    ]
}

async fn append(storage: &EmbeddedStorage, tenant: TenantId, numbers: std::ops::Range<u128>) {
    for first in numbers.clone().step_by(5) {
        let batch = first..numbers.end.min(first + 5);
        let statements = batch.map(|number| draft(number).build()).collect();
        storage.append(tenant, Batch { statements, attachments: Vec::new() }).await.unwrap();
    }
}

/// Makes the store and closes it. Returns its second tenant.
pub(crate) async fn make(directory: &Path) -> TenantId {
    let plain = options(directory);
    let storage = EmbeddedStorage::open(&plain).unwrap();
    let other = storage.create_tenant("other", START).await.unwrap();
    append(&storage, TenantId::FIRST, 1..16).await;
    append(&storage, other, 1..7).await;
    fill_tables(&storage, other).await;
    storage.close().unwrap();
    drop(storage);
    let trained = Options { dictionary_samples: 24, segment_bytes: 44_000, ..plain };
    let storage = EmbeddedStorage::open(&trained).unwrap();
    append(&storage, TenantId::FIRST, 16..25).await;
    while storage.statistics().segment_count < 3 {
        // The dictionary is being trained; a repeated batch stores nothing.
        append(&storage, TenantId::FIRST, 24..25).await;
    }
    let mut attachments = Vec::new();
    for content in &contents() {
        let sha2 = Sha2::sha256(content);
        attachments.push(stage_content(&*storage, TenantId::FIRST, &sha2, content).await);
    }
    let statements = vec![new_statement(&attached(25), "client", Version::V2_0_0)];
    storage.append(TenantId::FIRST, Batch { statements, attachments }).await.unwrap();
    append(&storage, TenantId::FIRST, 26..COUNT + 1).await;
    append(&storage, other, 7..COUNT / 3 + 1).await;
    storage.close().unwrap();
    other
}

/// A document that is removed. Nothing else is in its list.
fn removed_key() -> DocumentKey {
    DocumentKey::AgentProfile { agent: mailbox("eve"), profile_id: "gone".into() }
}

async fn fill_tables(storage: &EmbeddedStorage, other: TenantId) {
    let (key, always) = (removed_key(), Precondition::default());
    let document = NewDocument {
        content: Bytes::from_static(b"gone"),
        content_type: "text/plain".into(),
        etag: Etag("0".repeat(40)),
        count_max: usize::MAX,
    };
    storage.replace_document(TenantId::FIRST, &key, document, &always).await.unwrap();
    storage.remove_document(TenantId::FIRST, &key, &always).await.unwrap();
    for (number, key) in document_keys().iter().enumerate() {
        for (tenant, content) in [
            (TenantId::FIRST, bytes_of_length(40 + 100 * number)),
            // Zeros on pages of their own, of which few need to be tried.
            (other, Bytes::from(vec![0; 10 + 3000 * number])),
        ] {
            let etag = Etag(Sha2::sha256(&content).as_str()[..40].to_owned());
            let content_type = "text/plain".into();
            let count_max = usize::MAX;
            let document = NewDocument { content, content_type, etag, count_max };
            let none = Precondition::default();
            storage.replace_document(tenant, key, document, &none).await.unwrap();
        }
    }
    for (tenant, key) in [(TenantId::FIRST, "one"), (other, "two")] {
        let writes = vec![credential(key, tenant, 0).create()];
        let entries = vec![
            (Some(tenant), sample_entry(1)),
            (None, sample_entry(2)),
            (Some(tenant), sample_entry(3)),
        ];
        let committed = storage.commit(&Change { writes, entries }).await.unwrap();
        assert_eq!(committed, Committed::Done);
        let usage = Usage { statement_count: 3, bytes: 500 };
        storage.add_usage(tenant, 7, usage).await.unwrap();
        storage.save_cursor(tenant, "file", "12").await.unwrap();
    }
    storage.get_or_create_secret("credential-mac", [3; 32]).await.unwrap();
}

/// All files of a store, by their path below the directory.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

pub(crate) fn read_files(root: &Path) -> Files {
    let (mut files, mut folders) = (Files::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_path_buf();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Makes the directory hold these files and no others.
pub(crate) fn write_files(root: &Path, files: &Files) {
    for path in read_files(root).keys().filter(|path| !files.contains_key(*path)) {
        fs::remove_file(root.join(path)).unwrap();
    }
    for (path, bytes) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
