//! A store, its backup and what is restored from it, in one directory that vanishes.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acta_access::TenantId;
use acta_ambient::{ManualClock, SystemEntropy};
use acta_storage::{
    Batch, DocumentKey, DocumentStore, Etag, NewDocument, NewStatement, Precondition,
    StatementStore,
};
use acta_storage_embedded::{
    BackedUp, Backup, BackupError, Checked, Disk, EmbeddedStorage, OpenError, Options, Restore,
    Restored, SystemDisk,
};
use acta_storage_suite::attachments::{content_of, stage_content};
use acta_storage_suite::fixture::{Draft, START, activity_id};
use acta_xapi::Sha2;
use bytes::Bytes;
use tempfile::TempDir;

pub(crate) const TENANT: TenantId = TenantId::FIRST;

pub(crate) struct Bench(TempDir);

/// Statements with these numbers.
pub(crate) fn batch_of(numbers: Range<u128>) -> Vec<NewStatement> {
    numbers.map(|number| draft(number).build()).collect()
}

/// A statement that takes a few hundred bytes, however well it is packed.
fn draft(number: u128) -> Draft {
    let chance = |salt: u128| {
        (number * 64 + salt)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
            .rotate_right(64)
    };
    let pieces: Vec<String> = (0..16).map(|salt| format!("{:032x}", chance(salt))).collect();
    let response = pieces.concat();
    Draft::new(number).more(&format!(r#""result":{{"response":"{response}"}}"#))
}

fn content(number: u128) -> Bytes {
    Bytes::from(format!("content {number} ").repeat(3000))
}

fn document(count: u128) -> (DocumentKey, NewDocument) {
    let activity = activity_id("course");
    let activity = activity.as_str().parse().unwrap();
    let key = DocumentKey::ActivityProfile { activity, profile_id: "count".to_owned() };
    let content = Bytes::from(count.to_string());
    let etag = Etag("0".repeat(40));
    let content_type = "text/plain".to_owned();
    (key, NewDocument { etag, content_type, content, count_max: usize::MAX })
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub(crate) fn backup(&self) -> PathBuf {
        self.0.path().join("backup")
    }

    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn open(&self) -> Arc<EmbeddedStorage> {
        open_in(&self.data()).unwrap()
    }

    /// Stores a batch, with an attachment if there is a content.
    pub(crate) async fn append(
        &self,
        storage: &EmbeddedStorage,
        statements: Vec<NewStatement>,
        content: Option<Bytes>,
    ) {
        let mut attachments = Vec::new();
        if let Some(content) = content {
            attachments
                .push(stage_content(storage, TENANT, &Sha2::sha256(&content), &content).await);
        }
        storage.append(TENANT, Batch { statements, attachments }).await.unwrap();
    }

    /// Stores statements one by one, each tenth with an attachment, and writes a document.
    pub(crate) async fn fill(&self, storage: &EmbeddedStorage, numbers: Range<u128>) {
        for number in numbers.clone() {
            let content = (number % 10 == 0).then(|| content(number));
            self.append(storage, batch_of(number..number + 1), content).await;
        }
        let (key, document) = document(numbers.end);
        let any = Precondition::default();
        storage.replace_document(TENANT, &key, document, &any).await.unwrap();
    }

    pub(crate) fn back_up(&self) -> Result<BackedUp, BackupError> {
        self.back_up_on(&SystemDisk)
    }

    pub(crate) fn back_up_on(&self, disk: &dyn Disk) -> Result<BackedUp, BackupError> {
        let (data, to) = (self.data(), self.backup());
        let backup = Backup {
            data: &data,
            to: &to,
            disk,
            taken: START,
            program: "test",
            on_progress: &|progress| assert!(progress.done_bytes <= progress.total_bytes),
        };
        backup.run()
    }

    pub(crate) fn check(&self) -> Checked {
        let from = self.backup();
        Restore { from: &from, disk: &SystemDisk, on_progress: &|_| {} }.check().unwrap()
    }

    pub(crate) fn restore(&self, data: &Path) -> Result<Restored, BackupError> {
        self.restore_on(&SystemDisk, data)
    }

    pub(crate) fn restore_on(&self, disk: &dyn Disk, data: &Path) -> Result<Restored, BackupError> {
        let from = self.backup();
        Restore { from: &from, disk, on_progress: &|_| {} }.run(data)
    }

    /// Restores the backup elsewhere, and compares it with the first `count` statements of
    /// the store and everything else in it.
    pub(crate) async fn check_restored(&self, storage: &EmbeddedStorage, count: u64) {
        let checked = self.check();
        assert_eq!(checked.damaged, [""; 0].map(PathBuf::from));
        let place = self.scratch("restored");
        let restored = self.restore(&place).unwrap();
        assert_eq!(restored, checked.backup);
        assert_eq!(restored.statement_count, count);
        let copy = open_in(&place).unwrap();
        check_equal(&copy, storage, count).await;
        drop(copy);
        std::fs::remove_dir_all(place).unwrap();
    }

    /// Restores the backup elsewhere, and opens it.
    pub(crate) async fn check_restored_alone(&self, count: u64) {
        let place = self.scratch("restored");
        self.restore(&place).unwrap();
        let copy = open_in(&place).unwrap();
        assert_eq!(copy.read_feed(TENANT, 0, usize::MAX).await.unwrap().len() as u64, count);
        drop(copy);
        std::fs::remove_dir_all(place).unwrap();
    }

    /// The paths of attachments, below the data directory.
    pub(crate) fn attachments_of_data(&self) -> Vec<String> {
        let files = files_below(&self.data());
        files.into_iter().filter(|file| file.starts_with("attachments/")).collect()
    }

    /// How long an attachment is in the backup.
    pub(crate) fn attachment_bytes(&self, path: &str) -> u64 {
        std::fs::metadata(self.backup().join(path)).unwrap().len()
    }

    /// Keeps the backup as it is now, by hard links: a copy that later runs must not hurt.
    pub(crate) fn keep_backup(&self, name: &str) {
        for file in self.files_of_backup() {
            let target = self.scratch(name).join(&file);
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::hard_link(self.backup().join(file), target).unwrap();
        }
    }

    /// Makes a kept backup the one that is restored.
    pub(crate) fn go_back_to(&self, name: &str) {
        std::fs::remove_dir_all(self.backup()).unwrap();
        std::fs::rename(self.scratch(name), self.backup()).unwrap();
    }

    /// As when the disk of the data is gone.
    pub(crate) fn lose_the_store(&self) {
        std::fs::remove_dir_all(self.data()).unwrap();
    }

    /// A copy of the data directory, of a store that is closed.
    pub(crate) fn copy_of_data(&self) -> PathBuf {
        let copy = self.scratch("copy");
        copy_directory(&self.data(), &copy);
        copy
    }

    /// The segments of the log, in order.
    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.data().join("log")).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort_unstable();
        paths
    }

    pub(crate) fn names_in_backup(&self, directory: &str) -> Vec<String> {
        SystemDisk.list(&self.backup().join(directory)).unwrap()
    }

    /// Every file of the backup but the lock.
    pub(crate) fn files_of_backup(&self) -> Vec<String> {
        files_below(&self.backup()).into_iter().filter(|file| file != "lock").collect()
    }
}

fn files_below(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files.sort_unstable();
    files
}

pub(crate) fn open_in(directory: &Path) -> Result<Arc<EmbeddedStorage>, OpenError> {
    EmbeddedStorage::open(&Options {
        directory: directory.to_path_buf(),
        clock: Arc::new(ManualClock::new(START)),
        entropy: Arc::new(SystemEntropy),
        disk: Arc::new(SystemDisk),
        segment_bytes: 16 << 10,
        run_entries: 50,
        queue_bytes_max: Options::QUEUE_BYTES_MAX,
        queue_statements_max: Options::QUEUE_STATEMENTS_MAX,
        group_cost_max: Options::GROUP_COST_MAX,
        dictionary_samples: 0,
        reserve_bytes: 0,
        on_progress: None,
    })
}

/// Compares everything that two stores hold; of the second, the first `count` statements.
pub(crate) async fn check_equal(copy: &EmbeddedStorage, store: &EmbeddedStorage, count: u64) {
    assert_eq!(copy.count_statements(TENANT).await.unwrap(), count);
    let feed = copy.read_feed(TENANT, 0, usize::MAX).await.unwrap();
    let expected = store.read_feed(TENANT, 0, feed.len()).await.unwrap();
    assert_eq!(feed.len() as u64, count);
    assert!(feed == expected, "the statements are the same, byte for byte");
    for entry in &feed {
        let number = entry.id.0.as_u128() & 0xFFFF_FFFF_FFFF;
        if number.is_multiple_of(10) && entry.text.contains("result") {
            let sha2 = Sha2::sha256(&content(number));
            let found = content_of(copy, TENANT, &sha2).await;
            assert_eq!(found, content_of(store, TENANT, &sha2).await, "attachment of {number}");
        }
    }
    let (key, _) = document(0);
    let found = copy.find_document(TENANT, &key).await.unwrap();
    let expected = store.find_document(TENANT, &key).await.unwrap();
    assert_eq!(found.map(|found| found.content), expected.map(|found| found.content));
}

pub(crate) fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_directory(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}
